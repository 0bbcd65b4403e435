//! Durations of searches on this server, as every response states them.

use core::fmt;
use core::time::Duration;

/// Tenths of a second, written as decimal seconds: `82.8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenths(pub u32);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// A moving average over about 16 searches, in milliseconds; 30 s before the first (our choice).
#[derive(Clone, Copy, Debug)]
struct Average(u32);

impl Average {
    const START: Self = Self(30_000);

    fn note(&mut self, wait: Duration) {
        let sum = u128::from(self.0).saturating_mul(15).saturating_add(wait.as_millis());
        self.0 = u32::try_from(sum / 16).unwrap_or(u32::MAX);
    }

    const fn tenths(self) -> Tenths {
        Tenths(self.0 / 100)
    }
}

/// Upper bounds of the classes of waits, in seconds.
pub const WAIT_BOUNDS: [u16; 10] = [1, 2, 5, 10, 20, 30, 45, 60, 90, 120];

/// Numbers of searches by duration, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitCounts {
    /// For each of [`WAIT_BOUNDS`], the searches that were longer than the bound before and not longer than this one.
    pub up_to: [u64; WAIT_BOUNDS.len()],
    /// Searches longer than all bounds.
    pub longer: u64,
    /// Sum of all durations, in milliseconds.
    pub millis: u64,
}

impl WaitCounts {
    /// Returns the number of searches.
    pub fn count(&self) -> u64 {
        self.up_to.iter().fold(self.longer, |sum, count| sum.saturating_add(*count))
    }

    fn note(&mut self, wait: Duration) {
        let place = WAIT_BOUNDS.iter().position(|bound| wait <= Duration::from_secs(u64::from(*bound)));
        let count = place.and_then(|place| self.up_to.get_mut(place)).unwrap_or(&mut self.longer);
        *count = count.saturating_add(1);
        self.millis = self.millis.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }
}

/// The averages in a response: from the first poll of a search until it ended in a match, with humans or with AI.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    ranked: Average,
    not_ranked: Average,
    with_humans: WaitCounts,
    with_ai: WaitCounts,
}

impl Waits {
    pub(super) const fn new() -> Self {
        const NONE: WaitCounts = WaitCounts { up_to: [0; WAIT_BOUNDS.len()], longer: 0, millis: 0 };
        Self { ranked: Average::START, not_ranked: Average::START, with_humans: NONE, with_ai: NONE }
    }

    pub(super) fn note(&mut self, ranked: bool, with_humans: bool, wait: Duration) {
        // Each response states the averages; the counts are for `/metrics`.
        if ranked {
            self.ranked.note(wait);
        } else {
            self.not_ranked.note(wait);
        }
        if with_humans { self.with_humans.note(wait) } else { self.with_ai.note(wait) }
    }

    /// Returns the durations of searches that ended in a match with other players.
    pub const fn with_humans(&self) -> &WaitCounts {
        &self.with_humans
    }

    /// Returns the durations of searches that ended in a match with AI alone.
    pub const fn with_ai(&self) -> &WaitCounts {
        &self.with_ai
    }

    /// Returns `AverageWaitTimeRanked`.
    pub const fn ranked(&self) -> Tenths {
        self.ranked.tenths()
    }

    /// Returns `AverageWaitTimeNonRanked`.
    pub const fn not_ranked(&self) -> Tenths {
        self.not_ranked.tenths()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn averages_start_at_thirty_seconds_and_follow() {
        let mut waits = Waits::new();
        assert_eq!(waits.ranked().to_string(), "30.0");
        (0..200).for_each(|_| waits.note(true, false, Duration::from_millis(82_800)));
        assert!((820..=828).contains(&waits.ranked().0));
        assert_eq!(waits.not_ranked(), Tenths(300));
    }

    #[test]
    fn waits_are_counted_by_length() {
        let mut waits = Waits::new();
        for millis in [1000, 1001, 120_000, 120_001] {
            waits.note(false, true, Duration::from_millis(millis));
        }
        let counts = waits.with_humans();
        assert_eq!((counts.up_to, counts.longer), ([1, 1, 0, 0, 0, 0, 0, 0, 0, 1], 1));
        assert_eq!((counts.count(), counts.millis, waits.with_ai().count()), (4, 242_002, 0));
    }
}
