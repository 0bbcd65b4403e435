//! Dates of the Gregorian calendar in UTC, as far as seasons, events and `Date` fields need them.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "days and milliseconds of years of 16 bits fit an i64 many times"
)]

use core::fmt;

use crate::seam::Wall;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// Days from 0000-01-01 to 1970-01-01.
const EPOCH_DAY: i64 = days_before_year(1970);
/// Last day whose year has four digits.
const LAST_DAY: i64 = days_before_year(10_000) - 1;

/// A day of the proleptic Gregorian calendar. Those made from a [`Wall`] are of the years 0 to 9999.
///
/// ```
/// use mmcos_core::calendar::{Date, UtcText};
/// use mmcos_core::seam::Wall;
/// let date = Date::of(Wall::from_secs(1_694_882_852));
/// assert_eq!(date, Date { year: 2023, month: 9, day: 16 });
/// assert_eq!(UtcText::from(date.start()).as_str(), "2023-09-16T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Astronomical year: 0 is 1 BC.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// Returns the day of a moment, or the nearest day of the years 0 to 9999.
    pub fn of(moment: Wall) -> Self {
        let day = day_of(moment);
        // This is never too low, and too high by less than a year in 1,460.
        let mut year = day / 365;
        while days_before_year(year) > day {
            year -= 1;
        }
        let (mut month, mut rest) = (1, day - days_before_year(year));
        while rest >= days_of_month(year, month) {
            rest -= days_of_month(year, month);
            month += 1;
        }
        Self {
            year: u16::try_from(year).unwrap_or_default(),
            month,
            day: u8::try_from(rest + 1).unwrap_or_default(),
        }
    }

    /// Parses a day as [`UtcText`] writes it, `2023-09-16`. Returns `None` if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let [year, month, day] = [4, 2, 2].map(|length| parts.next().filter(|part| is_number(part, length)));
        let date = Self { year: year?.parse().ok()?, month: month?.parse().ok()?, day: day?.parse().ok()? };
        let exists = (1..=12).contains(&date.month) && Self::of(date.start()) == date;
        Some(date).filter(|_| exists && parts.next().is_none())
    }

    /// Returns the first moment of the day, 00:00Z.
    pub fn start(self) -> Wall {
        let year = i64::from(self.year);
        let in_year: i64 = (1..self.month).map(|month| days_of_month(year, month)).sum();
        let day = days_before_year(year) + in_year + i64::from(self.day) - 1;
        Wall::from_millis((day - EPOCH_DAY) * MILLIS_PER_DAY)
    }
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the day of the week of a moment, from 0 for Monday.
pub fn weekday(moment: Wall) -> usize {
    // 0000-01-01 was a Saturday.
    usize::try_from((day_of(moment) + 5) % 7).unwrap_or_default()
}

/// Returns hour, minute and second of a moment, two digits each.
pub(crate) fn time_of_day(moment: Wall) -> [[u8; 2]; 3] {
    let second_of_day = moment.as_secs().rem_euclid(86_400);
    [second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60].map(digits)
}

/// Returns the days since 0000-01-01, limited to the years 0 to 9999.
const fn day_of(moment: Wall) -> i64 {
    let day = moment.as_millis().div_euclid(MILLIS_PER_DAY) + EPOCH_DAY;
    if day < 0 {
        0
    } else if day > LAST_DAY {
        LAST_DAY
    } else {
        day
    }
}

/// Returns the days from 0000-01-01 to the first day of this year. Every fourth year is a leap year, except every
/// hundredth, except every four hundredth; the year 0 is all three.
const fn days_before_year(year: i64) -> i64 {
    year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}

const fn days_of_month(year: i64, month: u8) -> i64 {
    match month {
        2 => days_before_year(year + 1) - days_before_year(year) - 337,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A moment in the format of the official server, `2023-09-16T00:00:00Z`, without allocation. Milliseconds are left
/// out; a moment outside the years 0 to 9999 has the nearest date within them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UtcText([u8; 20]);

impl UtcText {
    /// Returns the text, 20 characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<Wall> for UtcText {
    fn from(moment: Wall) -> Self {
        let date = Date::of(moment);
        let [y0, y1, y2, y3] = digits(i64::from(date.year));
        let [m0, m1] = digits(date.month.into());
        let [d0, d1] = digits(date.day.into());
        let [[hour0, hour1], [min0, min1], [sec0, sec1]] = time_of_day(moment);
        Self([
            y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', hour0, hour1, b':', min0, min1, b':', sec0,
            sec1, b'Z',
        ])
    }
}

impl fmt::Display for UtcText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UtcText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the last `N` decimal digits of a number that is not negative.
pub(crate) fn digits<const N: usize>(mut number: i64) -> [u8; N] {
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        let table = [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (1_694_882_852, "2023-09-16T16:47:32Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (2_147_483_647, "2038-01-19T03:14:07Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ];
        for (secs, text) in table {
            assert_eq!(UtcText::from(Wall::from_secs(secs)).to_string(), text);
        }
    }

    #[test]
    fn texts_that_are_no_day() {
        for text in [
            "",
            "2023",
            "2023-09",
            "2023-9-16",
            "23-09-16",
            "2023-09-16T",
            "2023-09-16-01",
            "2023-13-01",
            "2023-00-01",
            "2023-02-29",
            "2023-04-31",
            "2023-01-00",
            "2023-01-99",
            "2023-99-99",
            "2023-+9-16",
            " 2023-09-16",
            "+123-01-01",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_outside_of_the_calendar_are_kept_to_it() {
        assert_eq!(Date::of(Wall::from_millis(i64::MIN)), Date { year: 0, month: 1, day: 1 });
        assert_eq!(Date::of(Wall::from_millis(i64::MAX)), Date { year: 9999, month: 12, day: 31 });
    }

    #[test]
    fn every_day_follows_the_one_before_from_2017_to_2100() {
        let mut start = Date { year: 2017, month: 1, day: 1 }.start();
        let mut days = 0;
        while Date::of(start).year <= 2100 {
            let (date, next_start) = (Date::of(start), Wall::from_millis(start.as_millis() + MILLIS_PER_DAY));
            let next = Date::of(next_start);
            assert_eq!(date.start(), start);
            assert_eq!(Date::of(Wall::from_millis(next_start.as_millis() - 1)), date);
            assert!(next.day == date.day + 1 || (next.day == 1 && date.day >= 28), "{date:?} then {next:?}");
            (start, days) = (next_start, days + 1);
        }
        // 84 years; 2100 is not a leap year.
        assert_eq!(days, 84 * 365 + 20);
    }

    proptest! {
        #[test]
        fn a_day_holds_its_moment(secs in -62_167_219_200..253_402_300_800_i64) {
            let start = Date::of(Wall::from_secs(secs)).start().as_secs();
            prop_assert!((start..start + 86_400).contains(&secs));
        }

        #[test]
        fn a_day_is_read_as_it_is_written(secs in -62_167_219_200..253_402_300_800_i64) {
            let moment = Wall::from_secs(secs);
            let text = UtcText::from(moment);
            let day = text.as_str().split('T').next().unwrap();
            prop_assert_eq!(Date::parse(day), Some(Date::of(moment)));
        }

        #[test]
        fn texts_sort_as_their_moments(a in 0..253_402_300_800_i64, b in 0..253_402_300_800_i64) {
            let [first, second] = [a, b].map(|secs| UtcText::from(Wall::from_secs(secs)));
            prop_assert_eq!(first.as_str().cmp(second.as_str()), a.cmp(&b));
        }
    }
}
