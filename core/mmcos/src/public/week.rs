//! Hours of the week at which people play, as counts without names.

use alloc::{boxed::Box, vec, vec::Vec};

use mmcos_core::seam::Wall;

const HOURS: u8 = 168;
const HOUR: i64 = 60 * 60 * 1000;
const MINUTE: i64 = 60 * 1000;
/// 1970-01-05, a Monday, in hours since 1970-01-01.
const FIRST_MONDAY: i64 = 4 * 24;
/// Number of weeks of an hour at which its counts are halved, so that old weeks fade.
const HALVED_AFTER_WEEKS: u16 = 16;

/// Players online at an hour of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hour {
    /// Hour of the week, 0 to 167, from Monday, 00:00 UTC.
    pub hour: u8,
    /// Weeks that are counted, since the first with a player at this hour.
    pub weeks: u16,
    /// Sum of the most players online at a time, of each of these weeks.
    pub players: u32,
}

impl Hour {
    /// Returns the mean number of players, in tenths.
    pub(crate) fn tenths(self) -> u32 {
        self.players.saturating_mul(10).checked_div(self.weeks.into()).unwrap_or(0)
    }
}

/// Players online at each hour of the week.
#[derive(Debug)]
pub(crate) struct Week {
    hours: Box<[Hour]>,
    /// The current hour since 1970, with the most players seen in it; `None` before the first request.
    current: Option<(i64, u32)>,
    /// The minute of the last count.
    minute: i64,
}

impl Default for Week {
    fn default() -> Self {
        let hours = (0..HOURS).map(|hour| Hour { hour, ..Hour::default() }).collect();
        Self { hours, current: None, minute: i64::MIN }
    }
}

impl Week {
    /// Restores an hour.
    pub(crate) fn put(&mut self, hour: Hour) {
        if let Some(place) = self.hours.get_mut(usize::from(hour.hour)) {
            *place = hour;
        }
    }

    /// Returns all hours that were ever counted.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Hour> {
        self.hours.iter().copied().filter(|hour| hour.weeks > 0)
    }

    /// Follows the clock. Returns the hours that have ended since the last call and whose counts have changed.
    pub(super) fn pass(&mut self, now: Wall, online: impl Fn() -> u32) -> Vec<Hour> {
        let (minute, hour) = (now.as_millis().div_euclid(MINUTE), now.as_millis().div_euclid(HOUR));
        if minute == self.minute {
            return Vec::new();
        }
        self.minute = minute;
        let players = online();
        match &mut self.current {
            Some((current, most)) if *current == hour => {
                *most = players.max(*most);
                Vec::new()
            }
            Some((ended, most)) if *ended < hour => {
                let (ended, most) = (*ended, *most);
                self.current = Some((hour, players));
                // Without a request in an hour, no player was online. After a longer time, the clock may have jumped.
                let idle = ended.saturating_add(1)..hour.min(ended.saturating_add(i64::from(HOURS)));
                core::iter::once((ended, most))
                    .chain(idle.map(|hour| (hour, 0)))
                    .filter_map(|(hour, most)| self.count(hour, most))
                    .collect()
            }
            // The first call, or a clock that was set back.
            _ => {
                self.current = Some((hour, players));
                vec![]
            }
        }
    }

    fn count(&mut self, hour: i64, players: u32) -> Option<Hour> {
        let of_week = hour.saturating_sub(FIRST_MONDAY).rem_euclid(i64::from(HOURS));
        let place = self.hours.get_mut(usize::try_from(of_week).ok()?)?;
        // An hour at which no player was ever online is not worth a row.
        if place.weeks == 0 && players == 0 {
            return None;
        }
        if place.weeks >= HALVED_AFTER_WEEKS {
            (place.weeks, place.players) = (place.weeks / 2, place.players / 2);
        }
        place.weeks = place.weeks.saturating_add(1);
        place.players = place.players.saturating_add(players);
        Some(*place)
    }

    /// Returns the mean number of players at each hour, in tenths, from Monday, 00:00 UTC.
    pub(super) fn means(&self) -> Vec<u32> {
        self.hours.iter().copied().map(Hour::tenths).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23, a Monday, 00:00 UTC, and hours later.
    fn at(hours: i64, minutes: i64) -> Wall {
        let passed = hours.saturating_mul(HOUR).saturating_add(minutes.saturating_mul(MINUTE));
        Wall::from_millis(passed.saturating_add(1_795_392_000_000))
    }

    #[test]
    fn an_hour_counts_the_most_players_at_a_time() {
        let mut week = Week::default();
        assert!(week.pass(at(20, 0), || 2).is_empty());
        assert!(week.pass(at(20, 30), || 5).is_empty());
        assert!(week.pass(at(20, 59), || 1).is_empty());
        assert_eq!(week.pass(at(21, 0), || 1), [Hour { hour: 20, weeks: 1, players: 5 }]);
        // The next two hours pass without a request. Nobody ever played at 22 o'clock.
        assert_eq!(week.pass(at(23, 5), || 1), [Hour { hour: 21, weeks: 1, players: 1 }]);
        assert_eq!(week.means()[20..24], [50, 10, 0, 0]);
    }

    #[test]
    fn a_week_without_players_counts_as_well() {
        let mut week = Week::default();
        week.pass(at(20, 0), || 4);
        week.pass(at(21, 0), || 0);
        let passed = week.pass(at(21 + 168, 0), || 0);
        assert_eq!(passed, [Hour { hour: 20, weeks: 2, players: 4 }]);
        assert_eq!(week.means()[20], 20);
    }

    #[test]
    fn old_weeks_fade() {
        let mut week = Week::default();
        for number in 0..100 {
            week.pass(at(168 * number, 0), || if number < 50 { 40 } else { 2 });
            week.pass(at(168 * number + 1, 0), || 0);
        }
        assert!((20..=25).contains(&week.means()[0]), "{:?}", week.means()[0]);
    }

    #[test]
    fn a_jump_of_the_clock_counts_no_hour() {
        let mut week = Week::default();
        week.pass(at(20, 0), || 4);
        assert!(week.pass(at(10, 0), || 4).is_empty());
        let years = week.pass(at(10 + 24 * 365 * 20, 0), || 4);
        assert_eq!(years, [Hour { hour: 10, weeks: 1, players: 4 }]);
    }
}
