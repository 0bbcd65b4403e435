//! Random draws that are the same on every machine.

use std::f64::consts::TAU;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A source of draws. Two streams of one seed are independent, so that one player's actions never change another
/// player.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// A stream of a seed.
    ///
    /// ```
    /// use mmcos_fuzz::random::Random;
    /// let draw = |stream| Random::new(7, stream).uniform();
    /// assert!(draw(1) == draw(1) && draw(1) != draw(2));
    /// ```
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// Returns 32 bytes to seed something else with.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// Draws from 0 to 1, without 1.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    /// Draws from `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Draws one of these, each with its weight; the last if the weights do not add up to 1.
    ///
    /// # Panics
    /// If there are none.
    pub fn choose<T: Copy>(&mut self, weighted: &[(T, f64)]) -> T {
        let mut rest = self.uniform();
        let hit = weighted.iter().find(|(_, weight)| {
            rest -= weight;
            rest < 0.0
        });
        hit.or(weighted.last()).expect("there is something to choose").0
    }

    /// Draws the time to the next of random events, `rate` of them in a unit of time.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -libm::log(1.0 - self.uniform()) / rate
    }

    /// Draws from a normal distribution.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        mean + deviation * radius * libm::cos(TAU * self.uniform())
    }

    /// Draws from a lognormal distribution: half of the draws are below `median`, `sigma` is the deviation of the
    /// logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(self.normal(0.0, sigma))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(draws: impl Iterator<Item = f64>) -> f64 {
        draws.take(20_000).sum::<f64>() / 20_000.0
    }

    #[test]
    fn the_means_are_those_of_the_distributions() {
        let mut random = Random::new(1, 0);
        let near = |value: f64, expected: f64| assert!((value / expected - 1.0).abs() < 0.03, "{value}");
        near(mean(std::iter::repeat_with(|| random.uniform())), 0.5);
        near(mean(std::iter::repeat_with(|| random.exponential(0.1))), 10.0);
        near(mean(std::iter::repeat_with(|| random.normal(1500.0, 300.0))), 1500.0);
        near(mean(std::iter::repeat_with(|| (random.normal(0.0, 3.0)).powi(2))), 9.0);
        near(mean(std::iter::repeat_with(|| random.lognormal(16.0, 0.6))), 16.0 * libm::exp(0.18));
        near(mean(std::iter::repeat_with(|| random.choose(&[(1.0, 0.25), (5.0, 0.75)]))), 4.0);
    }
}
