use crate::{
    calendar::{self, digits, time_of_day, weekday},
    seam::Wall,
};

const WEEKDAYS: [[u8; 3]; 7] = [*b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun"];
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

/// A value of the field `Date`, such as `Sat, 18 Nov 2023 19:45:20 GMT` (RFC 9110, section 5.6.7).
///
/// ```
/// use mmcos_core::{seam::Wall, wire::http::Date};
/// assert_eq!(Date::at(Wall::from_secs(951_782_400)).as_str(), "Tue, 29 Feb 2000 00:00:00 GMT");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date([u8; 29]);

impl Date {
    /// Returns the date of the second that contains `wall`.
    pub fn at(wall: Wall) -> Self {
        let date = calendar::Date::of(wall);
        // Weekday and month are always in their tables: the defaults are never used.
        let [w0, w1, w2] = WEEKDAYS.get(weekday(wall)).copied().unwrap_or_default();
        let [m0, m1, m2] = MONTHS.get(usize::from(date.month).saturating_sub(1)).copied().unwrap_or_default();
        let [d0, d1] = digits(date.day.into());
        let [y0, y1, y2, y3] = digits(date.year.into());
        let [[hour0, hour1], [min0, min1], [sec0, sec1]] = time_of_day(wall);
        Self([
            w0, w1, w2, b',', b' ', d0, d1, b' ', m0, m1, m2, b' ', y0, y1, y2, y3, b' ', hour0, hour1, b':',
            min0, min1, b':', sec0, sec1, b' ', b'G', b'M', b'T',
        ])
    }

    /// Returns the text, 29 characters.
    pub fn as_str(&self) -> &str {
        // Always ASCII.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}
