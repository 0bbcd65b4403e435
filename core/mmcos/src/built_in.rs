use core::time::Duration;

use crate::{catalogue::Catalogue, ids::MatchId, session_token};

/// Values that no operator sets. Tests have others.
#[derive(Clone, Debug)]
pub struct BuiltIn {
    /// Playlists, divisions, prizes, scoring.
    pub catalogue: Catalogue,
    /// Time for which a player session is valid.
    pub session_lifetime: Duration,
    /// The number of the first match in an empty store; later ones follow the last that is stored.
    pub first_match: MatchId,
}

impl BuiltIn {
    /// Returns the values of a server for players.
    ///
    /// # Errors
    /// The catalogue is damaged.
    pub fn official() -> Result<Self, toml::de::Error> {
        Ok(Self::with_catalogue(Catalogue::official()?))
    }

    /// Returns the same with another catalogue.
    pub const fn with_catalogue(catalogue: Catalogue) -> Self {
        // The official server had reached match 8.9 million in the end (captures of 2023-11), and a game may well read a
        // signed number of 32 bits.
        let first_match = MatchId(10_000_000);
        Self { catalogue, session_lifetime: session_token::LIFETIME, first_match }
    }
}
