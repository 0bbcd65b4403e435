//! Scores that the game computes from a result, with the tables of its login response.

use mmcos_game::{catalogue::Catalogue, ids::Points};

use crate::client::RuleSet;

/// Returns the points of a race for a position (from 1) among `groups`, or for a team's victory or defeat.
pub(super) fn points(catalogue: &Catalogue, rule_set: RuleSet, division: u8, result: Result) -> Points {
    let completed = catalogue.divisions.completed_match(division);
    let scoring = &catalogue.scoring;
    let (completed, value) = match (rule_set, result) {
        (RuleSet::Race, Result::Position { position, groups }) => {
            (completed.solo, scoring.solo.points.results.value(position, groups))
        }
        (RuleSet::Elimination, Result::Position { position, groups }) => {
            (completed.elimination, scoring.elimination.points.results.value(position, groups))
        }
        (_, Result::Win) => (completed.team, Some(scoring.team.points.results.win)),
        (_, Result::Loss) => (completed.team, Some(scoring.team.points.results.loss)),
        (RuleSet::Battle, Result::Position { .. }) => (completed.team, None),
    };
    let change = completed + value.unwrap_or(0);
    Points(if catalogue.divisions.losing_allowed(division) { change } else { change.max(0) })
}

/// The result of a race for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result {
    Position { position: usize, groups: usize },
    Win,
    Loss,
}
