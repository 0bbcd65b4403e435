//! Matches, and how they end.

use super::{record::RaceRecord, scoring::Result};
use crate::client::{MatchmakingResult, Mode, RuleSet};

/// A current race.
#[derive(Clone, Debug)]
pub(super) struct Race {
    pub(super) mode: Mode,
    pub(super) entrants: Vec<Entrant>,
}

/// A group in a race.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrant {
    pub(super) player: usize,
    pub(super) team: u8,
    pub(super) size: u8,
    /// Points before the race.
    pub(super) points: i32,
}

impl Race {
    /// Adds a player that has read this response.
    pub(super) fn enter(
        &mut self,
        player: usize,
        game_lobby: u64,
        points: i32,
        response: &MatchmakingResult,
    ) {
        if let Some(group) = response.groups.iter().find(|group| group.game_lobby == game_lobby) {
            self.entrants.push(Entrant { player, team: group.team, size: group.size, points });
        }
    }

    /// Returns the results of the entrants, by their performances.
    pub(super) fn results(&self, performances: &[f64]) -> Vec<Result> {
        if self.mode.rule_set == RuleSet::Battle {
            let mean = |team| {
                let of_team =
                    self.entrants.iter().zip(performances).filter(|(entrant, _)| entrant.team == team);
                weighted_mean(of_team.map(|(entrant, performance)| (entrant.size, *performance)))
            };
            let winner = if mean(1) > mean(2) { 1 } else { 2 };
            let result = |entrant: &Entrant| if entrant.team == winner { Result::Win } else { Result::Loss };
            return self.entrants.iter().map(result).collect();
        }
        let ahead = |own: &f64| performances.iter().filter(|other| other.total_cmp(own).is_gt()).count();
        let groups = performances.len();
        let result = |own| Result::Position { position: ahead(own) + 1, groups };
        performances.iter().map(result).collect()
    }

    /// Returns the record of this race.
    pub(super) fn record(&self) -> RaceRecord {
        let points: Vec<f64> = self.entrants.iter().map(|entrant| f64::from(entrant.points)).collect();
        let teams = (self.mode.rule_set == RuleSet::Battle).then(|| {
            let of = |team| self.entrants.iter().filter(move |entrant| entrant.team == team);
            let players = |team| of(team).map(|entrant| entrant.size).sum::<u8>();
            let mean =
                |team| weighted_mean(of(team).map(|entrant| (entrant.size, f64::from(entrant.points))));
            (f64::from(players(1).abs_diff(players(2))), (mean(1) - mean(2)).abs())
        });
        RaceRecord { spread: deviation(&points), teams }
    }
}

fn weighted_mean(values: impl Iterator<Item = (u8, f64)>) -> f64 {
    let (weight, sum) = values.fold((0.0, 0.0), |(weight, sum), (size, value)| {
        (weight + f64::from(size), sum + value * f64::from(size))
    });
    sum / weight
}

fn deviation(values: &[f64]) -> f64 {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        sum / count
    };
    let middle = mean(&mut values.iter().copied());
    libm::sqrt(mean(&mut values.iter().map(|value| (value - middle) * (value - middle))))
}
