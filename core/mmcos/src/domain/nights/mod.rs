//! Race nights: times of the week at which players agree to come, by the clocks of a time zone.

mod text;
mod zone;

use alloc::vec::Vec;
use core::ops::Range;

pub(crate) use self::text::weekday_of;
pub use self::zone::Zone;
use mmcos_core::{
    calendar::{Date, weekday},
    seam::Wall,
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Maximum number of nights in a week. (Our choice.)
pub const MAX_NIGHTS: usize = 14;

/// Days within which each weekly night comes at least once, and may still be on: two weeks, since clocks may skip one,
/// and a day before.
const DAYS: Range<i64> = -1..15;

/// The nights of a week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nights(Vec<Weekly>);

/// A night that comes each week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// Day of the week on which it begins, from 0 for Monday.
    pub weekday: usize,
    /// Begin, in minutes after midnight.
    pub from: u16,
    /// End, in minutes after midnight: of the next day, unless it is later than the begin.
    pub to: u16,
    /// The zone whose clocks count.
    pub zone: Zone,
}

/// One night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// Begin.
    pub starts: Wall,
    /// End: the first moment after it.
    pub ends: Wall,
    /// The weekly night that this is one of.
    pub weekly: Weekly,
}

impl Nights {
    /// Returns true if there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the night that is on; the one that ends last, if they overlap.
    pub fn at(&self, now: Wall) -> Option<Night> {
        self.around(now)
            .filter(|night| (night.starts..night.ends).contains(&now))
            .max_by_key(|night| night.ends)
    }

    /// Returns the next night that begins after `now`.
    pub fn next(&self, now: Wall) -> Option<Night> {
        self.around(now).filter(|night| night.starts > now).min_by_key(|night| night.starts)
    }

    /// Returns the nights of the days around `now`. Leaves out a night whose time clocks skip.
    fn around(&self, now: Wall) -> impl Iterator<Item = Night> {
        self.0.iter().flat_map(move |weekly| {
            let today = weekly.zone.day(now).start();
            let days = DAYS.map(move |days| later(today, days));
            let nights = days.filter(|day| weekday(*day) == weekly.weekday).map(|day| weekly.of(day));
            nights.filter(|night| night.starts < night.ends)
        })
    }
}

impl Weekly {
    /// Returns the night that begins on this day.
    fn of(&self, day: Wall) -> Night {
        let last = if self.to > self.from { day } else { later(day, 1) };
        let moment = |day: Wall, minutes: u16| self.zone.moment(Date::of(day), minutes.into());
        Night { starts: moment(day, self.from), ends: moment(last, self.to), weekly: *self }
    }
}

fn later(day: Wall, days: i64) -> Wall {
    Wall::from_millis(day.as_millis().saturating_add(days.saturating_mul(DAY_MILLIS)))
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;
    use mmcos_core::{calendar::UtcText, settings::Value as _};

    fn nights(text: &str) -> Nights {
        Nights::parse(text).unwrap()
    }

    fn starts(nights: &Nights, from: &str, count: usize) -> Vec<alloc::string::String> {
        let mut now = Date::parse(from).unwrap().start();
        let mut starts = vec![];
        while starts.len() < count {
            let next = nights.next(now).unwrap();
            starts.push(UtcText::from(next.starts).to_string());
            now = next.starts;
        }
        starts
    }

    #[test]
    fn a_night_in_berlin_is_at_the_same_local_time_in_summer_and_winter() {
        let fridays = nights("fri 20:00-22:00 Europe/Berlin");
        assert_eq!(
            starts(&fridays, "2026-03-20", 3),
            ["2026-03-20T19:00:00Z", "2026-03-27T19:00:00Z", "2026-04-03T18:00:00Z"]
        );
        assert_eq!(
            starts(&fridays, "2026-10-16", 3),
            ["2026-10-16T18:00:00Z", "2026-10-23T18:00:00Z", "2026-10-30T19:00:00Z"]
        );
    }

    #[test]
    fn a_night_over_the_change_is_an_hour_shorter_or_longer() {
        let night = nights("sat 23:00-04:00 Europe/Berlin");
        let hours = |day: &str| {
            let next = night.next(Date::parse(day).unwrap().start()).unwrap();
            (next.ends.as_millis() - next.starts.as_millis()) / 3_600_000
        };
        assert_eq!([hours("2026-03-21"), hours("2026-03-28"), hours("2026-10-24")], [5, 4, 6]);
    }

    #[test]
    fn a_night_whose_time_clocks_skip_is_left_out() {
        let early = nights("sun 02:30-03:30 Europe/Berlin");
        assert_eq!(starts(&early, "2026-03-23", 2), ["2026-04-05T00:30:00Z", "2026-04-12T00:30:00Z"]);
    }

    #[test]
    fn a_night_is_on_from_its_begin_to_its_end() {
        let night = nights("sun 23:30-00:30 America/New_York");
        let next = night.next(Date::parse("2026-06-01").unwrap().start()).unwrap();
        assert_eq!(UtcText::from(next.starts).as_str(), "2026-06-01T03:30:00Z");
        let at = |millis: i64| Wall::from_millis(next.starts.as_millis() + millis);
        assert_eq!(
            [-1, 0, 3_599_999, 3_600_000].map(|millis| night.at(at(millis)).is_some()),
            [false, true, true, false]
        );
    }

    proptest! {
        /// At any moment, a night that is on has begun and not ended; the next begins within two weeks.
        #[test]
        fn nights_come_each_week(
            secs in 0_i64..4_000_000_000,
            minutes in (0_u16..1440, 0_u16..1440),
            day in 0_usize..7,
        ) {
            let (from, to) = minutes;
            let weekly = |zone| Weekly { weekday: day, from, to, zone: Zone::named(zone).unwrap() };
            for zone in ["Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Gaza", "Etc/UTC"] {
                let nights = Nights(vec![weekly(zone)]);
                let now = Wall::from_secs(secs);
                if let Some(night) = nights.at(now) {
                    prop_assert!(night.starts <= now && now < night.ends);
                }
                let next = nights.next(now).unwrap();
                prop_assert!(next.starts > now && next.ends > next.starts);
                prop_assert!(next.starts <= later(now, 15));
            }
        }
    }
}
