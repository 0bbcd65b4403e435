use alloc::{format, string::String, vec::Vec};

use serde::{
    Deserialize,
    de::{Deserializer, Error},
};

use crate::ids::Points;

/// One value for each of divisions 0 to 10: the game knows eleven, though only seven have a band.
pub type ByDivision<T> = [T; 11];

/// The tables by division.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divisions {
    /// Of divisions 0 to 6 (Elite); `min_points` ascend.
    #[serde(deserialize_with = "bands")]
    pub bands: [DivisionBand; 7],
    /// The prize at the end of a season, as the game reads it, e.g. `Boxes:3:`.
    pub season_prizes: ByDivision<String>,
    /// True where points may be lost. (`GENERIC_AllowLosingPoints` of capture 02.)
    pub losing_allowed: ByDivision<bool>,
    /// True where a streak of wins earns points. (`GENERIC_AllowStreaks` of capture 02, the meaning inferred from the
    /// name.)
    pub streaks_allowed: ByDivision<bool>,
    /// Points for playing a match to its end.
    pub completed_match: CompletedMatch<ByDivision<i32>>,
}

/// The points that make a division. (`DivisionBands` of capture 02.)
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivisionBand {
    /// Points at which the division is reached.
    pub min_points: Points,
    /// Points below which it is lost; 0 where it is never lost.
    pub relegation_min_points: Points,
    /// Points with which the next season starts.
    pub bonus_points: Points,
    /// The prize for reaching it, as the game reads it, e.g. `Boxes:1:`.
    pub promotion_prize: String,
}

/// Points for playing a match to its end, by mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedMatch<T> {
    /// Race.
    pub solo: T,
    /// Elimination.
    pub elimination: T,
    /// Battle.
    pub team: T,
}

impl Divisions {
    /// Returns the band of a division, if it has one: 0 to 6.
    pub fn band(&self, division: u8) -> Option<&DivisionBand> {
        self.bands.get(usize::from(division))
    }

    /// Returns true if points may be lost in this division; false if the division does not exist.
    pub fn losing_allowed(&self, division: u8) -> bool {
        at(&self.losing_allowed, division)
    }

    /// Returns the points for playing a match of this division to its end; 0 in a division that does not exist.
    pub fn completed_match(&self, division: u8) -> CompletedMatch<i32> {
        let CompletedMatch { solo, elimination, team } = &self.completed_match;
        CompletedMatch {
            solo: at(solo, division),
            elimination: at(elimination, division),
            team: at(team, division),
        }
    }
}

fn at<T: Copy + Default>(table: &ByDivision<T>, division: u8) -> T {
    table.get(usize::from(division)).copied().unwrap_or_default()
}

fn bands<'de, D: Deserializer<'de>>(input: D) -> Result<[DivisionBand; 7], D::Error> {
    let bands = <[DivisionBand; 7]>::deserialize(input)?;
    if !bands.is_sorted_by(|lower, upper| lower.min_points < upper.min_points) {
        return Err(D::Error::custom(
            "expected ascending values of min_points, each greater than the one before",
        ));
    }
    match bands.iter().find(|band| band.relegation_min_points > band.min_points) {
        Some(DivisionBand { min_points, relegation_min_points, .. }) => Err(D::Error::custom(format!(
            "expected relegation_min_points of at most min_points {}, found {}",
            min_points.0, relegation_min_points.0
        ))),
        None => Ok(bands),
    }
}

/// Rewards for places in the leaderboard at the end of a season.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranks {
    /// The best places first: `min_rank` ascends.
    #[serde(deserialize_with = "rewards")]
    pub rewards: Vec<RankReward>,
}

/// Reward for a range of places. (`RankBonus` and `RankPrizes` of capture 02.)
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankReward {
    /// The last place, counted from 1, that earns the reward. (Inferred: the smallest number has the best prize.)
    pub min_rank: u32,
    /// Additional points with which the next season starts.
    pub bonus_points: Points,
    /// The prize as the game reads it, e.g. `Boxes:4:`.
    pub prize: String,
}

impl Ranks {
    /// Returns the reward for a rank; ranks count from 0, as everywhere in the protocol.
    pub fn reward(&self, rank: u32) -> Option<&RankReward> {
        self.rewards.iter().find(|reward| rank < reward.min_rank)
    }
}

fn rewards<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<RankReward>, D::Error> {
    let rewards = Vec::<RankReward>::deserialize(input)?;
    if rewards.is_sorted_by(|better, worse| better.min_rank < worse.min_rank) {
        Ok(rewards)
    } else {
        Err(D::Error::custom("expected ascending values of min_rank, each greater than the one before"))
    }
}
