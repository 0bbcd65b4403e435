//! Durations of searches on this server, as every response states them; and the rate at which searches begin in a
//! bucket, from which follows whether one more human is worth the wait.

use core::{fmt, time::Duration};

use mmcos_core::seam::Monotonic;

use super::MAX_PLAYERS;

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

/// Time constant of the decay, in seconds. Matches last 4 to 7 minutes, so that players come back within this time.
const MEMORY_SECONDS: f64 = 600.0;

/// Time for which a client searches before it turns to AI, in seconds: three polls of 25.1 s and the gaps between
/// (capture 06).
const PATIENCE_SECONDS: f64 = 78.0;

/// Share of the estimate that players who already have company rely on. Right after arrivals, when the question comes
/// up, the estimate is too high; relying on all of it makes waits longer, and no more players meet (simulated).
const CAUTION: f64 = 0.6;

/// Arrivals per second, each counted with a weight that decays with its age.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    level: f64,
    at: Monotonic,
}

impl Rate {
    pub(super) const fn new(now: Monotonic) -> Self {
        Self { level: 0.0, at: now }
    }

    /// Notes that a search began.
    pub(super) fn note(&mut self, now: Monotonic) {
        // With this weight, a steady stream of arrivals settles at its true rate.
        *self = Self { level: self.at(now) + 1.0 / MEMORY_SECONDS, at: now };
    }

    /// Returns the arrivals per second at `now`.
    pub(super) fn at(&self, now: Monotonic) -> f64 {
        // `libm` gives the same result on every platform, so that a replay decides alike.
        self.level * libm::exp(-now.since(self.at).as_secs_f64() / MEMORY_SECONDS)
    }

    /// Returns the time at which the rate falls to `level`, if no player comes.
    pub(super) fn falls_to(&self, level: f64) -> Monotonic {
        // Also for an infinite level, for which the logarithm below would yield a time that never comes.
        if self.level <= level {
            return self.at;
        }
        let seconds = MEMORY_SECONDS * libm::log(self.level / level);
        self.at.after(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// For each number of humans, the arrival rate at which a match of that many begins to wait for one more.
///
/// A match of k humans is worth V(k) seconds of waiting to each of them: V(1) = 0, V(2) is configured, and each
/// doubling adds 35 % of V(2). Waiting costs k seconds a second. One arrival gives the k waiting players k·(V(k+1) −
/// V(k)). It gives the newcomer V(k+1) instead of what the newcomer would find if the others had left: V(2) with the
/// probability p = 1 − exp(−78λ) that another player comes in time, less the wait for that player, p/λ. So waiting
/// pays while λ·(k·(V(k+1) − V(k)) + V(k+1) − V(2)·p) + p > k. The left side grows with λ (the slope of λ·p never
/// exceeds 1.14, and k·(V(k+1) − V(k)) + V(k+1) is at least 1.2·V(2)), so the inequality holds above one rate for each
/// k.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    /// For k = 1, 2, …; arrivals per second.
    least_rates: [f64; MAX_PLAYERS as usize],
}

impl Worth {
    pub(super) fn new(pair_worth_seconds: u32) -> Self {
        let mut least_rates = [f64::INFINITY; MAX_PLAYERS as usize];
        for (humans, rate) in (1_u32..).zip(&mut least_rates) {
            let reliance = if humans == 1 { 1.0 } else { CAUTION };
            *rate = least_rate(f64::from(humans), f64::from(pair_worth_seconds)) / reliance;
        }
        Self { least_rates }
    }

    /// Returns the lowest arrival rate at which `humans` players wait for one more.
    pub(super) fn least_rate(&self, humans: u8) -> f64 {
        let place = usize::from(humans.saturating_sub(1));
        self.least_rates.get(place).copied().unwrap_or(f64::INFINITY)
    }
}

/// Returns V(k).
fn worth(humans: f64, pair: f64) -> f64 {
    if humans < 2.0 { 0.0 } else { pair * (1.0 + 0.35 * libm::log2(humans / 2.0)) }
}

/// Returns the rate at which the two sides of the inequality of [`Worth`] are equal, by bisection.
fn least_rate(humans: f64, pair: f64) -> f64 {
    let (here, more) = (worth(humans, pair), worth(humans + 1.0, pair));
    let pays = |rate: f64| {
        let p = 1.0 - libm::exp(-PATIENCE_SECONDS * rate);
        rate * (humans * (more - here) + more - pair * p) + p > humans
    };
    // Bisection finds the only solution, since the left side grows with the rate.
    let (mut low, mut high) = (0.0, 100.0);
    // With `pair-worth-seconds` 0, no rate is worth the wait.
    if !pays(high) {
        return f64::INFINITY;
    }
    // 64 halvings of this range exhaust the precision of an `f64`.
    for _ in 0..64 {
        let middle = low + (high - low) / 2.0;
        if pays(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
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

    fn seconds(seconds: u64) -> Monotonic {
        Monotonic::default().after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_rate_rises_with_arrivals_and_decays() {
        let mut rate = Rate::new(seconds(0));
        (0..600).for_each(|second| rate.note(seconds(second * 10)));
        assert!((rate.at(seconds(5_990)) - 0.1).abs() < 0.002);
        assert!((rate.at(seconds(6_590)) - 0.1 * libm::exp(-1.0)).abs() < 0.001);
        let when = rate.falls_to(0.05);
        assert!((rate.at(when) - 0.05).abs() < 1e-9);
        assert_eq!(rate.falls_to(1.0), seconds(5_990));
    }

    #[test]
    fn waiting_pays_just_above_the_least_rate() {
        let theta = |k: f64, rate: f64| {
            let p = 1.0 - libm::exp(-78.0 * rate);
            let alternative = 120.0 * p - p / rate;
            k / (k * (worth(k + 1.0, 120.0) - worth(k, 120.0)) + worth(k + 1.0, 120.0) - alternative)
        };
        for k in 1..12_u8 {
            let rate = least_rate(f64::from(k), 120.0);
            assert!(rate * 1.001 > theta(f64::from(k), rate * 1.001));
            assert!(rate * 0.999 < theta(f64::from(k), rate * 0.999));
        }
    }

    #[test]
    fn a_worthless_race_is_never_waited_for() {
        let worth = Worth::new(0);
        assert!((1..12).all(|humans| worth.least_rate(humans).is_infinite()));
    }
}
