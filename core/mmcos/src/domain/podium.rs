//! The first places of a season that has ended.

use alloc::vec::Vec;

use crate::{
    divisions::Division,
    ids::{Points, UserId},
    players::Name,
    seasons::SeasonId,
};

/// Number of places that are kept of a season for the public pages. The store keeps all final standings.
pub(crate) const PLACES: u32 = 100;

/// The first places at the end of a season.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Podium {
    /// The season.
    pub season: SeasonId,
    /// The places, best first.
    pub places: Vec<PodiumPlace>,
}

/// A place at the end of a season, with the name that the player had then.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PodiumPlace {
    /// The account.
    pub user: UserId,
    /// Name at the end of the season.
    pub name: Name,
    /// Points at the end of the season.
    pub points: Points,
    /// Division at the end of the season.
    pub division: Division,
}

impl Podium {
    /// Removes the name of a player, and keeps the place. Returns true if the player is in it.
    pub(crate) fn forget(&mut self, user: UserId) -> bool {
        let place = self.places.iter_mut().find(|place| place.user == user);
        place.map(|place| place.name = Name::new("deleted player")).is_some()
    }

    /// Returns the place of this player, with its rank from 1.
    pub fn of(&self, user: UserId) -> Option<(u32, &PodiumPlace)> {
        (1..).zip(&self.places).find(|(_, place)| place.user == user)
    }
}
