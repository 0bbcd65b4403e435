use std::{collections::BTreeMap, time::Duration};

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
