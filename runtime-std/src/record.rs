//! `--record FILE`: writes a [trace](mmcos_core::trace) of what happens, in which nothing lets anybody in.
//!
//! Of what clients send, the trace shows what the core reads and serves to players, and nothing else; the game's
//! [`Redactor`] says what that is. Addresses are numbered in the order of their coming, those in `X-Forwarded-For` too, but
//! for loopback and trusted proxies. What stands in for secrets does so in both directions, so the trace replays to the very
//! bytes that were sent. There is no dashboard meanwhile.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mmcos_core::Server;
use mmcos_core::game::Game;
use mmcos_core::seam::{Bytes, ConnId, Effect, Input, Now};
use mmcos_core::service::LogEvent;
use mmcos_core::trace::redact::{Addresses, Redactor, Requests};
use mmcos_core::trace::{EffectLine, InputLine, Start};
use mmcos_core::wire::http::Limits;

use crate::data_dir::private_file;
use crate::driver::Witness;
use crate::secret;

/// Writes a trace, line by line, without secrets.
pub struct Recorder<G: Game> {
    path: PathBuf,
    /// `None` after an error.
    file: Option<File>,
    redactor: G::Redactor,
    addresses: Addresses,
    limits: Limits,
    /// What of a connection's bytes is not yet known to be no secret.
    requests: BTreeMap<ConnId, Requests>,
}

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be made.
    #[error(
        "cannot record to {}: {source}; a recording is never written over: move it away or give another name",
        path.display()
    )]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are no random numbers for keys.
    #[error("cannot record: this system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl<G: Game> fmt::Debug for Recorder<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<G: Game> Recorder<G> {
    /// Makes the file, and writes what a server starts from: this seed and configuration, and what is in this game.
    pub fn create(path: &Path, start: &Start<G>, game: &G) -> Result<Self, RecordError> {
        let failed = |source| RecordError::File { path: path.to_owned(), source };
        let redactor = G::Redactor::new(start, secret::random()?);
        let records = game.rows().filter(|record| redactor.shows_record(record)).collect();
        let start = Start { records, ..redactor.start(start) };
        let mut file = private_file(path).map_err(failed)?;
        file.write_all(format!("{start}\n").as_bytes()).map_err(failed)?;
        log::warn!(
            "recording to {}: it holds what players do and what they are called, but no secrets",
            path.display()
        );
        let addresses = Addresses::except(&start.limits.trusted_proxies);
        let (limits, requests) = (start.limits.http, BTreeMap::new());
        Ok(Self { path: path.to_owned(), file: Some(file), redactor, addresses, limits, requests })
    }

    fn write(&mut self, line: impl fmt::Display) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            log::error!("the recording {} ends here: {error}", self.path.display());
            self.file = None;
        }
    }
}

impl<G: Game> Witness<Server<G>> for Recorder<G> {
    fn input(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Opened { conn, peer, tls } => {
                self.requests.insert(conn, Requests::default());
                let peer = self.addresses.stand_in(peer);
                self.write(InputLine { now, input: Input::Opened { conn, peer, tls } });
            }
            Input::Received { conn, bytes } => {
                let Self { requests, redactor, addresses, limits, .. } = self;
                let shown = requests.get_mut(&conn);
                let shown = shown.map(|requests| requests.pass::<G>(bytes, limits, redactor, addresses));
                let bytes = &shown.unwrap_or_default();
                self.write(InputLine { now, input: Input::Received { conn, bytes } });
            }
            Input::Closed { conn } | Input::Stalled { conn } => {
                self.requests.remove(&conn);
                self.write(InputLine { now, input });
            }
            Input::Ended { .. }
            | Input::Tick
            | Input::Committed { .. }
            | Input::Storage(_)
            | Input::Shutdown { .. } => {
                self.write(InputLine { now, input });
            }
        }
    }

    fn effect(&mut self, effect: &Effect<'_, G::Record, LogEvent<G::Event>>) {
        let line = match effect {
            Effect::Send { conn, bytes } => {
                let shown = self.redactor.sent(bytes);
                let shown: Effect<'_, G::Record, LogEvent<G::Event>> =
                    Effect::Send { conn: *conn, bytes: Bytes::Borrowed(&shown) };
                EffectLine::of(&shown)
            }
            Effect::Persist(record) if !self.redactor.shows_record(record) => None,
            Effect::Close { conn, .. } => {
                self.requests.remove(conn);
                EffectLine::of(effect)
            }
            Effect::Persist(_) | Effect::Log(_) => EffectLine::of(effect),
        };
        if let Some(line) = line {
            self.write(line);
        }
    }
}
