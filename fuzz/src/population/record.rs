use std::{collections::BTreeMap, time::Duration};

use super::Settings;
use crate::referee::Breach;

/// The record of a population, without its first tenth (of the first days at most four hours), in which the
/// population grew.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// All ended searches.
    pub tickets: Vec<TicketRecord>,
    /// All races of several groups.
    pub races: Vec<RaceRecord>,
    /// Broken rules, with their number, over the whole time.
    pub breaches: BTreeMap<Breach, u32>,
    /// Seconds that all players together were there, up to the end of the simulated time.
    pub player_seconds: f64,
    /// Simulated time that is recorded, in seconds.
    pub seconds: f64,
}

impl Record {
    /// Notes that a group came.
    pub(super) fn came(&mut self, now: Duration, size: u8, settings: &Settings) {
        self.player_seconds += seconds_left(now, settings) * f64::from(size);
        self.seconds = seconds_left(Duration::ZERO, settings);
    }

    /// Notes that a group left.
    pub(super) fn left(&mut self, now: Duration, size: u8, settings: &Settings) {
        self.player_seconds -= seconds_left(now, settings) * f64::from(size);
    }
}

/// Returns the seconds that are recorded after this time.
fn seconds_left(now: Duration, settings: &Settings) -> f64 {
    settings.time.saturating_sub(now.max(settings.warm_up())).as_secs_f64()
}

/// One search of one group.
#[derive(Clone, Copy, Debug)]
pub struct TicketRecord {
    /// True if it ended with players of another group.
    pub met: bool,
    /// Its duration.
    pub wait: Duration,
    /// Players of the race that followed.
    pub humans: u8,
}

/// One race of several groups.
#[derive(Clone, Copy, Debug)]
pub struct RaceRecord {
    /// The standard deviation of the groups' points.
    pub spread: f64,
    /// In Battle: the differences of the teams in players, and in mean points.
    pub teams: Option<(f64, f64)>,
}
