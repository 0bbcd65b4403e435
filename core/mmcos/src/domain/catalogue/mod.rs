//! The game's configuration as data: playlists, divisions, prizes, scoring. The game receives it at login.
//!
//! The official values are in `data/catalogue.toml` of this package, read off the official server's response to Login
//! (capture 02). An operator may serve other values: a text of the same form.

mod constants;
mod divisions;
mod events;
mod playlists;
mod render;
mod scoring;

use core::ops::RangeInclusive;

pub use divisions::{ByDivision, CompletedMatch, DivisionBand, Divisions, RankReward, Ranks};
pub use events::{Event, EventName, UnknownEvent};
pub use playlists::{Mutator, Playlist, PlaylistType, Playlists};
pub use render::{DlcSkins, Schedule, render_game_configuration};
pub use scoring::{
    Experience, Generic, GenericSkillPoints, PositionScoring, PositionTable, Scores, Scoring, TeamScoring,
    WinLoss,
};
use scoring::{best, worst};
use serde::Deserialize;

use crate::ids::Points;

/// The official catalogue as text, to be printed for an operator that wants to change it.
pub const OFFICIAL: &str = include_str!("../../../data/catalogue.toml");

/// The game's configuration, except for what changes with time: dates, and the event that runs. That is a
/// [`Schedule`].
///
/// ```
/// use mmcos_game::catalogue::Catalogue;
/// let catalogue = Catalogue::official()?;
/// assert_eq!(catalogue.divisions.band(6).map(|elite| elite.min_points.0), Some(3000));
/// assert_eq!(catalogue.playlists.iter().count(), 8);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Playlists, both permanent and of events.
    pub playlists: Playlists,
    /// Divisions 0 to 6 (Elite): their bounds, prizes and rules.
    pub divisions: Divisions,
    /// Rewards for places in the leaderboard.
    pub ranks: Ranks,
    /// Points for results.
    pub scoring: Scoring,
    /// Skin packs that are for sale.
    pub dlc_skins: DlcSkins,
}

impl Catalogue {
    /// Parses the official server's values. (A test proves that it never fails.)
    pub fn official() -> Result<Self, toml::de::Error> {
        Self::parse(OFFICIAL)
    }

    /// Parses a catalogue in the form of [`OFFICIAL`]: every key present, none unknown, tables of their full size,
    /// ids unique, thresholds ascending. The error names the line.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Returns the range of point changes that one game can honestly bring in a division, whatever its mode.
    ///
    /// At best the best result, a streak, an underdog's bonus and the points for playing to the end; at worst the worst
    /// result of an overpowered player who left early, or nothing where no points are lost.
    /// (Capture 02 has the values; that they add up like this is inferred.) In a division that does not exist
    /// nothing is lost. A streak counts in every division: the bounds rather let a point too many pass.
    pub fn honest_changes(&self, division: u8) -> RangeInclusive<Points> {
        let Scoring { solo, elimination, team, .. } = &self.scoring;
        let completed = self.divisions.completed_match(division);
        let most = [
            best(&solo.points).saturating_add(completed.solo),
            best(&elimination.points).saturating_add(completed.elimination),
            best(&team.points).saturating_add(completed.team),
        ];
        let least = [worst(&solo.points), worst(&elimination.points), worst(&team.points)];
        let lowest =
            if self.divisions.losing_allowed(division) { least.into_iter().fold(0, i32::min) } else { 0 };
        Points(lowest)..=Points(most.into_iter().fold(0, i32::max))
    }
}

#[cfg(test)]
mod tests;
