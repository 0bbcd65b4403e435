//! How long searches take on this server, as every answer tells.

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

/// The averages of the answer: from the first poll of a search until it ended in a race, with humans or with AI.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    ranked: Average,
    not_ranked: Average,
}

impl Waits {
    pub(super) const fn new() -> Self {
        Self { ranked: Average::START, not_ranked: Average::START }
    }

    pub(super) fn note(&mut self, ranked: bool, wait: Duration) {
        if ranked { self.ranked.note(wait) } else { self.not_ranked.note(wait) }
    }

    /// `AverageWaitTimeRanked`.
    pub const fn ranked(&self) -> Tenths {
        self.ranked.tenths()
    }

    /// `AverageWaitTimeNonRanked`.
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
        (0..200).for_each(|_| waits.note(true, Duration::from_millis(82_800)));
        assert!((820..=828).contains(&waits.ranked().0));
        assert_eq!(waits.not_ranked(), Tenths(300));
    }
}
