use alloc::string::String;

use thiserror::Error;

use super::EventName;

/// Reason why a text is not a catalogue. The message names line and column, shows the line, and says what was
/// expected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// Not TOML, a key missing or unknown, a value of the wrong type or size, or one that breaks a rule.
    #[error("the catalogue is not valid: {0}")]
    Invalid(#[from] toml::de::Error),
}

/// A rule that types alone do not express. It reaches the caller as part of a [`CatalogueError`], with its place.
#[derive(Debug, Error)]
pub(super) enum BrokenRule {
    #[error("expected {expected} rows (one for each number of players from 2), found {found}")]
    Rows { expected: usize, found: usize },
    #[error("expected {players} values in the row for {players} players, found {found}")]
    Row { players: usize, found: usize },
    #[error("expected ascending values of {0}, each greater than the one before")]
    NotAscending(&'static str),
    #[error("expected relegation_min_points of at most min_points {min_points}, found {found}")]
    Relegation { min_points: i32, found: i32 },
    #[error("expected every playlist to have an id of its own, found {0} twice (15 is the events')")]
    RepeatedPlaylist(u32),
    #[error("expected a playlist for each of the 13 events, found none for {0}")]
    MissingEvent(EventName),
    #[error("expected the name of {kind}, found \"{found}\", which is not defined")]
    Undefined { kind: &'static str, found: String },
}
