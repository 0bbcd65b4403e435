//! Reports on populations, one line each.

use std::{fmt, fmt::Write as _, time::Duration};

use crate::{
    population::{self, Record, Settings, Steering},
    referee::Breach,
};

/// The plan of a report: a number of searches for each population and seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Settings of the server.
    pub server: mmcos_game::Settings,
    /// Players online on average, for each population.
    pub online: Vec<u32>,
    /// Players that let themselves be steered.
    pub steering: Steering,
    /// Minimum time between two calls to friends that were not answered.
    pub quiet: Duration,
    /// Seeds of the runs, all of the same length.
    pub seeds: Vec<u64>,
    /// About how many searches each run has.
    pub tickets: u32,
}

/// Returns the report: a table in Markdown, the same for the same plan, byte for byte.
pub fn report(plan: &Plan) -> String {
    let mut text = String::new();
    text.push_str("| online | searches | met a human | humans | wait p50 | wait p95 | spread | teams: players | teams: points | alone beside open | other breaches | before AI | there |\n");
    text.push_str("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for online in &plan.online {
        let row = Row::of(&plan.run(*online));
        writeln!(text, "| {online} {row}").unwrap_or_default();
    }
    text
}

impl Plan {
    /// Runs every seed for one population.
    pub fn run(&self, online: u32) -> Vec<Record> {
        let settings = Settings {
            server: self.server.clone(),
            online,
            steering: self.steering,
            quiet: self.quiet,
            time: self.time(online),
        };
        self.seeds.iter().map(|seed| population::run(&settings, *seed)).collect()
    }

    /// Returns the time in which so many players search so often: every group about once in 400 s.
    fn time(&self, online: u32) -> Duration {
        let groups = f64::from(online.max(1)) / 1.21;
        let seconds = f64::from(self.tickets) * 400.0 / groups;
        Duration::from_secs_f64(seconds)
    }
}

/// The figures of one population.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of searches.
    pub tickets: usize,
    /// Share of searches that met a human, in percent.
    pub met: f64,
    /// Of those: players in the race that followed, on average.
    pub humans: f64,
    /// Of those: median of the wait, in seconds.
    pub wait_p50: f64,
    /// Of those: 95th percentile of the wait, in seconds.
    pub wait_p95: f64,
    /// The standard deviation of the points in a match, on average.
    pub spread: f64,
    /// Difference of the teams of a Battle in players, on average.
    pub team_players: f64,
    /// Difference of the teams' mean points, on average.
    pub team_points: f64,
    /// Polls with a response alone beside an open one that they could have met.
    pub alone_beside_open: u32,
    /// All other broken rules.
    pub other_breaches: u32,
    /// The longest wait of a search that ended with AI, in seconds.
    pub before_ai: f64,
    /// Mean number of players online. Called friends come on top of the number that the plan wants.
    pub there: f64,
}

impl Row {
    /// Sums up several runs.
    pub fn of(records: &[Record]) -> Self {
        let all = || records.iter().flat_map(|record| &record.tickets);
        let met = || all().filter(|search| search.met);
        let races = || records.iter().flat_map(|record| &record.races);
        let teams = || races().filter_map(|race| race.teams);
        let mut waits: Vec<Duration> = met().map(|search| search.wait).collect();
        waits.sort_unstable();
        let breaches = |alone: bool| {
            let all = records.iter().flat_map(|record| &record.breaches);
            all.filter(|(breach, _)| (**breach == Breach::AloneBesideOpen) == alone)
                .map(|(_, count)| *count)
                .sum()
        };
        Self {
            tickets: all().count(),
            met: mean(all().map(|search| if search.met { 100.0 } else { 0.0 })),
            humans: mean(met().map(|search| f64::from(search.humans))),
            wait_p50: percentile(&waits, 50),
            wait_p95: percentile(&waits, 95),
            spread: mean(races().map(|race| race.spread)),
            team_players: mean(teams().map(|(players, _)| players)),
            team_points: mean(teams().map(|(_, points)| points)),
            alone_beside_open: breaches(true),
            other_breaches: breaches(false),
            before_ai: all()
                .filter(|search| !search.met)
                .map(|search| search.wait.as_secs_f64())
                .fold(0.0, f64::max),
            there: records.iter().map(|record| record.player_seconds).sum::<f64>()
                / records.iter().map(|record| record.seconds).sum::<f64>(),
        }
    }
}

/// The cells of a row of the table, without the first.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {:.1} % | {:.2} ", self.tickets, self.met, self.humans)?;
        write!(f, "| {:.1} s | {:.1} s | {:.0} ", self.wait_p50, self.wait_p95, self.spread)?;
        write!(f, "| {:.2} | {:.0} ", self.team_players, self.team_points)?;
        write!(f, "| {} | {} ", self.alone_beside_open, self.other_breaches)?;
        write!(f, "| {:.0} s | {:.1} |", self.before_ai, self.there)
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted.get(sorted.len() * percent / 100).map_or(0.0, Duration::as_secs_f64)
}
