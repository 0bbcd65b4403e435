//! The rate at which searches begin in a bucket, and the rate at which one more human is worth the wait.

use core::time::Duration;

use super::config::MAX_PLAYERS;
use mmcos_core::seam::Monotonic;

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

/// The rates from which on matches of so many humans wait for one more.
///
/// A match of k humans is worth V(k) seconds of waiting to each of them: V(1) = 0, V(2) is configured, and each
/// doubling adds 35 % of V(2). Waiting costs k seconds a second. One arrival gives the k waiting players k·(V(k+1) −
/// V(k)), and gives the newcomer V(k+1) instead of what they would find had the others left: V(2) with the
/// probability p = 1 − exp(−78λ) that another player comes in time, less the wait for it, p/λ. So waiting pays while
/// λ·(k·(V(k+1) − V(k)) + V(k+1) − V(2)·p) + p > k. The left side grows with λ (the slope of λ·p never exceeds 1.14,
/// and k·(V(k+1) − V(k)) + V(k+1) is at least 1.2·V(2)), so there is one rate from which on it holds, found here once
/// for each k.
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

    /// Returns the rate from which on `humans` players wait for one more.
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
    use super::*;

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
