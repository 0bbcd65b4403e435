use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::error::BrokenRule;
use crate::ids::Points;

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
        Err(D::Error::custom(BrokenRule::NotAscending("min_rank")))
    }
}
