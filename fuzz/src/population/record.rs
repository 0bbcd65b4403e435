use std::{collections::BTreeMap, time::Duration};

use crate::referee::Breach;

/// What a population went through, its first tenth left out (of the first days at most four hours), while the population grew.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Every search that came to its end.
    pub searches: Vec<SearchRecord>,
    /// Every race in which humans met.
    pub races: Vec<RaceRecord>,
    /// Rules that were broken, and how often; in all of the time.
    pub breaches: BTreeMap<Breach, u32>,
}

/// One search of one group.
#[derive(Clone, Copy, Debug)]
pub struct SearchRecord {
    /// Whether it ended with humans of another group.
    pub met: bool,
    /// From its beginning to its end.
    pub wait: Duration,
    /// Players in the race that followed.
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
