use crate::{
    calendar::{Day, time_of_day, write_decimal},
    seam::Wall,
};

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A `Date` field's value, e.g. `Sat, 18 Nov 2023 19:45:20 GMT` (RFC 9110, section 5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    text: [u8; 29],
}

impl Date {
    /// The second that `wall` lies in.
    pub fn at(wall: Wall) -> Self {
        let mut text = *b"Mon, 00 Jan 0000 00:00:00 GMT";
        let day = Day::of(wall);
        let [hour, minute, second] = time_of_day(wall);
        write_name(&mut text, 0, WEEKDAYS.get(usize::from(day.weekday())));
        write_name(&mut text, 8, MONTHS.get(usize::from(day.month).saturating_sub(1)));
        write_decimal(&mut text, 12, 4, day.year.into());
        for (at, value) in [(5, day.day), (17, hour), (20, minute), (23, second)] {
            write_decimal(&mut text, at, 2, value.into());
        }
        Self { text }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text).unwrap_or_default()
    }
}

fn write_name(text: &mut [u8], at: usize, name: Option<&&[u8; 3]>) {
    if let (Some(place), Some(name)) = (text.get_mut(at..at.saturating_add(3)), name) {
        place.copy_from_slice(*name);
    }
}
