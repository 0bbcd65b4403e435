use alloc::{format, string::String, vec::Vec};

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Values of results. The game computes the points itself, from these values. (`ScoringConstants` of capture 02; the
/// effect of a value in the game is inferred from its name.)
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// For all modes.
    pub generic: Generic,
    /// Race, 2 to 12 players.
    pub solo: PositionScoring<12>,
    /// Elimination, 2 to 6 players.
    pub elimination: PositionScoring<6>,
    /// Battle.
    pub team: TeamScoring,
}

/// Values of no mode.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generic {
    /// Seconds. The time that the game keeps is another: `Config_MatchmakingTimeout_Hard`.
    pub matchmaking_timeout_hard: i32,
    /// Number of wins that make a streak.
    pub win_streak_count: i32,
    /// Experience for a player's first match.
    pub first_play_xp: i32,
    /// The upper ends of the game's four buckets of points.
    pub bucket_max: [i32; 4],
    /// The same for skill points.
    pub skill_points: GenericSkillPoints,
}

/// Values of no mode that concern skill points.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericSkillPoints {
    /// Number of wins that make a streak.
    pub streak_count: i32,
    /// The upper ends of the game's four buckets of skill points.
    pub bucket_max: [i32; 4],
}

/// A mode in which each player plays alone, up to `MAX` players.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionScoring<const MAX: usize> {
    /// Season points.
    pub points: Scores<PositionTable<MAX>>,
    /// Skill points.
    pub skill_points: Scores<PositionTable<MAX>>,
    /// Experience.
    pub xp: Experience<PositionTable<MAX>>,
    /// The last position that counts for a streak.
    pub streak_position: i32,
    /// Skill of underdogs, in percent of the others' skill, at most.
    pub underdog_percentage: i32,
    /// Skill of the overpowered, in percent of the others' skill, at least.
    pub overpowered_percentage: i32,
}

/// A mode of two teams.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamScoring {
    /// Season points.
    pub points: Scores<WinLoss>,
    /// Skill points.
    pub skill_points: Scores<WinLoss>,
    /// Experience.
    pub xp: Experience<WinLoss>,
    /// Skill of underdogs, in percent of the others' skill, at most.
    pub underdog_percentage: i32,
}

/// Points for results, and additions to them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores<R> {
    /// Points for the result alone.
    pub results: R,
    /// Addition for a streak of wins.
    pub streak: i32,
    /// Addition for winning against better players.
    pub underdog: i32,
    /// Addition (negative) for being much better than the others.
    pub overpowered: i32,
}

/// Experience for results.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experience<R> {
    /// Experience for the result alone.
    pub results: R,
    /// Addition for each second of play.
    pub per_second: i32,
}

/// A value for each position, for 2 players, for 3, and so on up to `MAX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionTable<const MAX: usize>(Vec<Vec<i32>>);

/// A value for the winning team, and one for the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinLoss {
    /// For the winners.
    pub win: i32,
    /// For the losers.
    pub loss: i32,
}

/// Names of results that the game knows, with their values, in the game's order.
pub(super) trait Results {
    fn named(&self) -> Vec<(String, i32)>;
}

impl<const MAX: usize> Results for PositionTable<MAX> {
    fn named(&self) -> Vec<(String, i32)> {
        let row = |row: &Vec<i32>| {
            let players = row.len();
            let name = move |position| format!("Pos{position}_OutOf{players}");
            (1..=players).map(name).zip(row.clone()).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(row).collect()
    }
}

impl Results for WinLoss {
    fn named(&self) -> Vec<(String, i32)> {
        [("Win".into(), self.win), ("Loss".into(), self.loss)].into()
    }
}

/// Returns the most points that one result can bring.
pub(super) fn best(scores: &Scores<impl Results>) -> i32 {
    let result = values(&scores.results).max().unwrap_or(0);
    result.saturating_add(scores.streak.max(0)).saturating_add(scores.underdog.max(0))
}

/// Returns the fewest points that one result can bring.
pub(super) fn worst(scores: &Scores<impl Results>) -> i32 {
    values(&scores.results).min().unwrap_or(0).saturating_add(scores.overpowered.min(0))
}

fn values(results: &impl Results) -> impl Iterator<Item = i32> {
    results.named().into_iter().map(|(_, value)| value)
}

impl<const MAX: usize> PositionTable<MAX> {
    /// Returns the value of a position, counted from 1, among this many players.
    pub fn value(&self, position: usize, players: usize) -> Option<i32> {
        self.0.get(players.checked_sub(2)?)?.get(position.checked_sub(1)?).copied()
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for PositionTable<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let rows = Vec::<Vec<i32>>::deserialize(input)?;
        let expected = MAX.saturating_sub(1);
        if rows.len() != expected {
            let found = rows.len();
            let text =
                format!("expected {expected} rows (one for each number of players from 2), found {found}");
            return Err(D::Error::custom(text));
        }
        match (2..).zip(&rows).find(|(players, row)| row.len() != *players) {
            Some((players, row)) => {
                let found = row.len();
                let text =
                    format!("expected {players} values in the row for {players} players, found {found}");
                Err(D::Error::custom(text))
            }
            None => Ok(Self(rows)),
        }
    }
}
