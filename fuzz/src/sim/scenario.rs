use std::{fmt, time::Duration};

use mmcos_core::seam::Wall;
use mmcos_game::{
    matchmaker::{self, Folding},
    special_events::Plan,
};

use super::{
    faults::{Fault, Faults, Rates},
    nights,
};
use crate::random::Random;

/// A simulated scenario: all that happens follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// Seed of all draws.
    pub seed: u64,
    /// Number of players.
    pub players: u32,
    /// Simulated time, in days; afterwards faults end, and all players leave.
    pub days: f64,
    /// Average number of visits of each player per day.
    pub sessions: f64,
    /// Allowed faults; the seed decides which of them occur, and how often.
    pub faults: Faults,
    /// True if every byte arrives by itself, which should change nothing.
    pub byte_by_byte: bool,
}

impl Scenario {
    /// Returns a short scenario in which much happens: a dozen players that do little else, for two hours and a half.
    pub const fn short(seed: u64) -> Self {
        Self { seed, players: 12, days: 0.1, sessions: 60.0, faults: Faults::ALL, byte_by_byte: false }
    }

    /// Returns a season of many players, each of which comes once a day.
    pub const fn long(seed: u64) -> Self {
        Self { players: 1000, days: 45.0, sessions: 1.0, ..Self::short(seed) }
    }

    pub(super) fn time(&self) -> Duration {
        Duration::from_secs_f64(self.days * 86_400.0)
    }

    pub(super) fn draw(&self) -> Drawn {
        let mut random = Random::new(self.seed, u64::MAX);
        let mut rates = Rates::NONE;
        let (natural, by_hand) = Fault::ALL.split_at(Fault::Operator as usize);
        rates.draw(&mut random, self.faults, natural);
        // The first of January and of March 2024 begin seasons: often one falls into the time.
        let season = 1_704_067_200.0 + 60.0 * 86_400.0 * f64::from(random.choose(&[(0_u8, 0.5), (1, 0.5)]));
        let before = random.between(-1.0, 1.0) * self.days * 86_400.0;
        #[allow(clippy::cast_possible_truncation, reason = "seconds of this century")]
        let starts = Wall::from_secs((season - before) as i64);
        let matchmaker = matchmaker_config(&mut random);
        let events = if random.uniform() < 0.7 { Plan::Weekly } else { Plan::Off };
        // Last, so that the presence of an operator changes nothing else.
        rates.draw(&mut random, self.faults, by_hand);
        let (nights, starts) = nights::draw(self).unwrap_or(("", starts));
        Drawn { rates, starts, matchmaker, events, nights }
    }
}

/// Draws that follow from a scenario before anything happens.
pub(super) struct Drawn {
    pub(super) rates: Rates,
    pub(super) starts: Wall,
    pub(super) matchmaker: matchmaker::Config,
    pub(super) events: Plan,
    /// Race nights, as the setting has them.
    pub(super) nights: &'static str,
}

/// Draws a configuration, mostly that of a public server.
fn matchmaker_config(random: &mut Random) -> matchmaker::Config {
    let folding = [(Folding::Exact, 0.6), (Folding::RuleSet, 0.2), (Folding::AnyUnranked, 0.2)];
    matchmaker::Config {
        folding: random.choose(&folding),
        gather: Duration::from_secs(random.choose(&[(5, 0.7), (0, 0.2), (9, 0.1)])),
        ai_hold: Duration::from_secs(random.choose(&[(0, 0.6), (20, 0.4)])),
        ai: random.uniform() < 0.9,
        ..matchmaker::Config::default()
    }
}

/// The options that make `simulate` run it.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, players, days, sessions, faults, byte_by_byte } = self;
        write!(f, "--seed {seed} --players {players} --days {days} --sessions {sessions} --faults {faults}")?;
        if *byte_by_byte { f.write_str(" --byte-by-byte") } else { Ok(()) }
    }
}
