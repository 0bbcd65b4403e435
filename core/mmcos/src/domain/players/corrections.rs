//! Corrections by operators: changed points, deleted players.

use alloc::{collections::BTreeMap, string::String};

use mmcos_core::seam::Wall;

use crate::{
    divisions::Standing,
    ids::{Points, UserId},
};

/// Number of changes of points that are kept in memory. The store keeps all.
pub const MOST_ADJUSTMENTS: usize = 1000;

/// A player that was deleted. The number says nothing of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeletedPlayer {
    /// Number of the account.
    pub user_id: UserId,
    /// Time of the deletion.
    pub at: Wall,
}

/// A change of a player's points by an operator.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Adjustment {
    /// Time of the change.
    pub at: Wall,
    /// The player.
    pub user: UserId,
    /// Name of the operator.
    pub operator: String,
    /// The change, as the operator wrote it. Points do not fall below zero.
    pub change: Points,
    /// The standing before.
    pub before: Standing,
    /// The standing after.
    pub after: Standing,
    /// The reason.
    pub reason: String,
}

/// The latest changes of points.
#[derive(Clone, Debug, Default)]
pub struct Adjustments(BTreeMap<(Wall, UserId), Adjustment>);

impl Adjustments {
    /// Returns all of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Adjustment> {
        self.0.values()
    }

    /// Adds a change. Two of a player at the same moment get different times.
    pub fn add(&mut self, mut adjustment: Adjustment) -> &Adjustment {
        while self.0.contains_key(&(adjustment.at, adjustment.user)) {
            adjustment.at = Wall::from_millis(adjustment.at.as_millis().saturating_add(1));
        }
        if self.0.len() >= MOST_ADJUSTMENTS {
            self.0.pop_first();
        }
        self.0.entry((adjustment.at, adjustment.user)).or_insert(adjustment)
    }

    /// Restores a change.
    pub fn put(&mut self, adjustment: Adjustment) {
        self.0.insert((adjustment.at, adjustment.user), adjustment);
    }

    /// Removes the changes of a player.
    pub fn forget(&mut self, user: UserId) {
        self.0.retain(|(_, owner), _| *owner != user);
    }
}
