//! Dates of the proleptic Gregorian calendar, UTC: just what seasons and `Date` fields need.

#![expect(clippy::arithmetic_side_effects, reason = "years are held to 0 to 9999 and months to 1 to 12")]

use crate::seam::Wall;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// The year, e.g. 2023.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, 1 to 31.
    pub day: u8,
}

impl Day {
    /// The day that a moment lies in. Moments are held to the years 0 to 9999, which four digits can write.
    pub fn of(wall: Wall) -> Self {
        // Days since 0000-03-01: years that start in March end with their leap day.
        let days = wall.as_secs().div_euclid(DAY).clamp(-719_528, 2_932_896).saturating_add(719_468);
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let leaps = of_era / 1_460 - of_era / 36_524 + of_era / 146_096;
        let year_of_era = (of_era - leaps) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = i32::try_from(year_of_era + era * 400).unwrap_or(0) + i32::from(month <= 2);
        Self { year, month: u8::try_from(month).unwrap_or(1), day: u8::try_from(day).unwrap_or(1) }
    }

    /// The first moment of the day.
    pub fn start(self) -> Wall {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = (month + 9) % 12;
        let of_year = (153 * from_march + 2) / 5 + day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        Wall::from_secs((era * 146_097 + of_era - 719_468) * DAY)
    }

    /// The day of the week, 0 for Monday.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        u8::try_from((self.start().as_secs().div_euclid(DAY) + 3).rem_euclid(7)).unwrap_or(0)
    }
}

/// A moment as XML writes it, e.g. `2023-09-16T00:00:00Z`: the form of all dates of the protocol (capture 02).
///
/// ```
/// use mmcos_core::{calendar::Timestamp, seam::Wall};
/// assert_eq!(Timestamp::at(Wall::from_secs(1_694_822_400)).as_str(), "2023-09-16T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    text: [u8; 20],
}

impl Timestamp {
    /// The second that `wall` lies in.
    pub fn at(wall: Wall) -> Self {
        let mut text = *b"0000-00-00T00:00:00Z";
        let day = Day::of(wall);
        let [hour, minute, second] = time_of_day(wall);
        write_decimal(&mut text, 0, 4, day.year.into());
        for (at, value) in [(5, day.month), (8, day.day), (11, hour), (14, minute), (17, second)] {
            write_decimal(&mut text, at, 2, value.into());
        }
        Self { text }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// Hour, minute and second.
pub(crate) fn time_of_day(wall: Wall) -> [u8; 3] {
    let second = wall.as_secs().rem_euclid(DAY);
    [second / 3600, second / 60 % 60, second % 60].map(|part| u8::try_from(part).unwrap_or(0))
}

/// Writes the last `digits` decimal digits of `value` from `at` on.
pub(crate) fn write_decimal(text: &mut [u8], at: usize, digits: usize, mut value: i64) {
    let place = text.get_mut(at..at.saturating_add(digits)).unwrap_or_default();
    for digit in place.iter_mut().rev() {
        *digit = b'0'.saturating_add(u8::try_from(value.rem_euclid(10)).unwrap_or(0));
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_two_centuries_follows_the_one_before() {
        let mut last = Day { year: 1899, month: 12, day: 31 };
        let mut start = Day { year: 1900, month: 1, day: 1 }.start();
        for _ in 0..73_414 {
            let day = Day::of(start);
            assert_eq!(day.start(), start);
            assert!(day > last, "{last:?} {day:?}");
            assert_eq!(Day::of(Wall::from_secs(start.as_secs() + DAY - 1)), day);
            let same_month = (day.year, day.month, day.day) == (last.year, last.month, last.day + 1);
            assert!(same_month || day.day == 1 && last.day >= 28);
            last = day;
            start = Wall::from_secs(start.as_secs() + DAY);
        }
        assert_eq!(last, Day { year: 2100, month: 12, day: 31 });
    }

    #[test]
    fn known_dates() {
        for (secs, text, weekday) in [
            (0, "1970-01-01T00:00:00Z", 3),
            (951_868_799, "2000-02-29T23:59:59Z", 1),
            (1_694_882_402, "2023-09-16T16:40:02Z", 5),
            (4_107_542_400, "2100-03-01T00:00:00Z", 0),
        ] {
            let wall = Wall::from_secs(secs);
            assert_eq!((Timestamp::at(wall).as_str(), Day::of(wall).weekday()), (text, weekday));
        }
    }

    #[test]
    fn times_beyond_four_digits_are_held_to_them() {
        assert_eq!(Day::of(Wall::from_millis(i64::MAX)), Day { year: 9999, month: 12, day: 31 });
        assert_eq!(Day::of(Wall::from_millis(i64::MIN)), Day { year: 0, month: 1, day: 1 });
    }
}
