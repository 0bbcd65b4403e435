//! Time zones of the IANA database, by the rules that hold today. (A few zones have exceptions in some years, such as
//! Morocco's Ramadan; they are not in the rules.)

use mmcos_core::{
    calendar::{Date, weekday},
    seam::Wall,
};

const DAY_MINUTES: i64 = 24 * 60;
const MINUTE: i64 = 60_000;

/// Every zone: a line for each set of rules, with the names of the zones that have it.
static ZONES: &str = include_str!("../../../data/zones.txt");

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    /// Minutes east of Greenwich.
    standard: i64,
    summer: Option<Summer>,
}

/// Daylight saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summer {
    /// Minutes east of Greenwich.
    offset: i64,
    begins: Rule,
    ends: Rule,
}

/// A moment of a year, such as the last Sunday of March at 02:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    month: u8,
    /// The first to the fourth, or the last (5).
    week: u8,
    /// From 0 for Monday.
    weekday: usize,
    /// Minutes after midnight, by the clock before the change; they can be negative, or more than a day.
    minutes: i64,
}

impl Rule {
    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            month: words.next()?.parse().ok()?,
            week: words.next()?.parse().ok()?,
            weekday: words.next()?.parse().ok()?,
            minutes: words.next()?.parse().ok()?,
        })
    }

    /// Returns the moment in this year, in minutes since 1970, by the local clock.
    fn in_year(self, year: u16) -> i64 {
        let first = minutes(Date { year, month: self.month, day: 1 }.start());
        let ahead = self
            .weekday
            .wrapping_add(7)
            .wrapping_sub(weekday(wall(first)))
            .checked_rem(7)
            .unwrap_or_default();
        let days = |week: u8| {
            i64::try_from(ahead)
                .unwrap_or_default()
                .saturating_add(i64::from(week.saturating_sub(1)).saturating_mul(7))
        };
        let at = |week| first.saturating_add(days(week).saturating_mul(DAY_MINUTES));
        // A month has four or five of each day.
        let weeks = [self.week, 4];
        let fits = |week: &u8| Date::of(wall(at(*week))).month == self.month;
        weeks.into_iter().find(fits).map_or(first, at).saturating_add(self.minutes)
    }
}

impl Zone {
    /// Returns the zone of this name, such as `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        ZONES.lines().find_map(|line| {
            let (rules, names) = line.split_once(": ")?;
            let name = names.split(' ').find(|known| *known == name)?;
            let mut words = rules.split(' ');
            let standard = words.next()?.parse().ok()?;
            let summer = words.next().map(|offset| {
                Some(Summer {
                    offset: offset.parse().ok()?,
                    begins: Rule::parse(&mut words)?,
                    ends: Rule::parse(&mut words)?,
                })
            });
            Some(Self { name, standard, summer: summer.flatten() })
        })
    }

    /// Returns the name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the minutes east of Greenwich at a moment.
    fn offset(&self, moment: i64) -> i64 {
        let Some(Summer { offset, begins, ends }) = self.summer else { return self.standard };
        let year = Date::of(wall(moment.saturating_add(self.standard))).year;
        let begins = begins.in_year(year).saturating_sub(self.standard);
        let ends = ends.in_year(year).saturating_sub(offset);
        // In the south, summer begins in one year and ends in the next.
        let is_summer =
            if begins < ends { (begins..ends).contains(&moment) } else { !(ends..begins).contains(&moment) };
        if is_summer { offset } else { self.standard }
    }

    /// Returns the moment at which clocks of this zone show a time of `day`. If they show it twice, it is the first
    /// time; if they skip it, it is as much later as they skip.
    pub(super) fn moment(&self, day: Date, after_midnight: i64) -> Wall {
        let local = minutes(day.start()).saturating_add(after_midnight);
        let other = self.summer.map_or(self.standard, |summer| summer.offset);
        let (earlier, later) = (self.standard.max(other), self.standard.min(other));
        let first = local.saturating_sub(earlier);
        wall(if self.offset(first) == earlier { first } else { local.saturating_sub(later) })
    }

    /// Returns the day in this zone.
    pub(super) fn day(&self, now: Wall) -> Date {
        let now = minutes(now);
        Date::of(wall(now.saturating_add(self.offset(now))))
    }
}

const fn minutes(moment: Wall) -> i64 {
    moment.as_millis().div_euclid(MINUTE)
}

const fn wall(minutes: i64) -> Wall {
    Wall::from_millis(minutes.saturating_mul(MINUTE))
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};

    use super::*;
    use mmcos_core::calendar::UtcText;

    fn utc(zone: &str, day: &str, hour: i64, minute: i64) -> String {
        let zone = Zone::named(zone).unwrap();
        UtcText::from(zone.moment(Date::parse(day).unwrap(), hour.saturating_mul(60).saturating_add(minute)))
            .to_string()
    }

    #[test]
    fn every_line_is_a_zone() {
        let names = ZONES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(": ").nth(1).unwrap().split(' '));
        for name in names {
            let zone = Zone::named(name).unwrap();
            assert_eq!(zone.name(), name);
            assert!(zone.standard.abs() <= 14 * 60);
        }
        assert_eq!(Zone::named("Europe/Bielefeld"), None);
        assert_eq!(Zone::named(""), None);
    }

    /// Taken from `zdump -v` of the database itself.
    #[test]
    fn clocks_change_when_the_database_says() {
        for (zone, day, hour, minute, moment) in [
            ("Europe/Berlin", "2026-03-28", 20, 0, "2026-03-28T19:00:00Z"),
            ("Europe/Berlin", "2026-03-29", 1, 59, "2026-03-29T00:59:00Z"),
            // 02:30 does not exist: an hour later it is 03:30 in summer.
            ("Europe/Berlin", "2026-03-29", 2, 30, "2026-03-29T01:30:00Z"),
            ("Europe/Berlin", "2026-03-29", 20, 0, "2026-03-29T18:00:00Z"),
            ("Europe/Berlin", "2026-10-24", 20, 0, "2026-10-24T18:00:00Z"),
            // 02:30 comes twice.
            ("Europe/Berlin", "2026-10-25", 2, 30, "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-10-25", 20, 0, "2026-10-25T19:00:00Z"),
            ("Europe/Dublin", "2026-12-01", 20, 0, "2026-12-01T20:00:00Z"),
            ("Europe/Dublin", "2026-07-01", 20, 0, "2026-07-01T19:00:00Z"),
            ("America/New_York", "2026-03-08", 20, 0, "2026-03-09T00:00:00Z"),
            ("America/New_York", "2026-03-07", 20, 0, "2026-03-08T01:00:00Z"),
            ("Australia/Lord_Howe", "2026-07-01", 20, 0, "2026-07-01T09:30:00Z"),
            ("Australia/Lord_Howe", "2026-12-31", 20, 0, "2026-12-31T09:00:00Z"),
            ("Pacific/Auckland", "2026-01-01", 0, 30, "2025-12-31T11:30:00Z"),
            ("America/Nuuk", "2026-03-28", 23, 30, "2026-03-29T01:30:00Z"),
            ("Asia/Kolkata", "2026-06-01", 12, 0, "2026-06-01T06:30:00Z"),
            ("Etc/UTC", "2026-06-01", 12, 0, "2026-06-01T12:00:00Z"),
        ] {
            assert_eq!(utc(zone, day, hour, minute), moment, "{zone} {day} {hour}:{minute}");
        }
    }
}
