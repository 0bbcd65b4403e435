use alloc::{string::String, vec::Vec};
use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::{
    Server,
    engine::Limits,
    game::{Game, Life, Unfit},
};

/// Initial state of a server. As text it is the beginning of a trace.
pub struct Start<G: Game> {
    /// Key and seed of the server. The [desk](crate::admin::Desk) is not written: a server that replays a trace has
    /// no dashboard and no pages.
    pub life: Life,
    /// Limits of clients.
    pub limits: Limits,
    /// Settings of the game.
    pub settings: G::Settings,
    /// Durable records, in the order in which to restore them: for example [`Game::rows`].
    pub records: Vec<G::Record>,
}

/// The reason why a server cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A setting does not fit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The records contradict each other.
    #[error("the records contradict each other: {0}")]
    Restore(String),
}

impl<G: Game> Start<G> {
    /// Creates the server, and restores the records.
    pub fn server(&self) -> Result<Server<G>, StartError> {
        let game = G::new(&self.settings, &self.life)?;
        let mut server = Server::new(game, self.limits.clone(), self.life.seed);
        for record in &self.records {
            let restored = server.restore(record.clone());
            restored.map_err(|error| StartError::Restore(alloc::format!("{error}")))?;
        }
        Ok(server)
    }
}

impl<G: Game> Clone for Start<G> {
    fn clone(&self) -> Self {
        Self {
            life: self.life.clone(),
            limits: self.limits.clone(),
            settings: self.settings.clone(),
            records: self.records.clone(),
        }
    }
}

impl<G: Game> fmt::Debug for Start<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<G: Game> fmt::Display for Start<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { life: Life { key, seed, is_recorded, has_webhook, desk: _ }, limits, settings, records } =
            self;
        let line = Line {
            seed: Bytes(*seed),
            key: Bytes(*key),
            is_recorded: *is_recorded,
            has_webhook: *has_webhook,
            limits: limits.clone(),
            settings: settings.clone(),
        };
        let json = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        write!(f, "{FORMAT} {}\nstart {json}", G::INFO.name)?;
        for record in records {
            write!(f, "\nrecord {}", serde_json::to_string(record).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// The line `start`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<S> {
    seed: Bytes,
    key: Bytes,
    is_recorded: bool,
    #[serde(default)]
    has_webhook: bool,
    limits: Limits,
    settings: S,
}

impl<S> Line<S> {
    /// Returns the contents of the line, without the records that follow it.
    pub(super) fn start<G: Game<Settings = S>>(self) -> Start<G> {
        let Self { seed: Bytes(seed), key: Bytes(key), is_recorded, has_webhook, limits, settings } = self;
        let life = Life { key, seed, is_recorded, has_webhook, ..Life::default() };
        Start { life, limits, settings, records: Vec::new() }
    }
}

/// 32 bytes, as base64.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Bytes([u8; 32]);

impl From<Bytes> for String {
    fn from(Bytes(bytes): Bytes) -> Self {
        STANDARD.encode(bytes)
    }
}

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = STANDARD.decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| alloc::format!("{text:?} is not the base64 of 32 bytes"))
    }
}
