use core::time::Duration;

use crate::{
    catalogue::{Catalogue, CatalogueError},
    ids::SessionId,
    session_token,
};

/// Values that are the same for every operator. Tests have other terms.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Playlists, divisions, prizes, scoring.
    pub catalogue: Catalogue,
    /// Time for which a player session is valid.
    pub session_lifetime: Duration,
    /// The number of the first match in an empty store; later ones follow the last that is stored.
    pub first_session: SessionId,
}

impl Terms {
    /// Returns the terms of a server for players.
    ///
    /// # Errors
    /// The catalogue is damaged.
    pub fn official() -> Result<Self, CatalogueError> {
        Ok(Self::with_catalogue(Catalogue::official()?))
    }

    /// Returns the same with another catalogue.
    pub const fn with_catalogue(catalogue: Catalogue) -> Self {
        // The official server had reached match 8.9 million in the end (captures of 2023-11), and a game may well read a
        // signed number of 32 bits.
        let first_session = SessionId(10_000_000);
        Self { catalogue, session_lifetime: session_token::LIFETIME, first_session }
    }
}
