//! `--record FILE`: writes a [trace](mmcos_core::trace) of what happens, in which nothing lets anybody in.
//!
//! Of what clients send, the trace shows what the core reads and serves to players, and nothing else: see `request`. Session
//! tokens are issued anew, under a key that stands in the trace and is this recording's alone. Of Steam tickets the secrets
//! and addresses are blanked, and what Steam had signed is signed by a key that is thrown away. `EgoNet`'s tickets are
//! blanked. Addresses are numbered in the order of their coming, those in `X-Forwarded-For` too, but for loopback and
//! trusted proxies; bans of addresses are left out. Of what this server sends, tokens are replaced alike, so the trace
//! replays to the very bytes that were sent. There is no dashboard meanwhile. Names and `SteamID`s stay: they are the game.

mod addresses;
mod request;
mod secrets;
mod ticket;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mmcos_core::Server;
use mmcos_core::game::{Game as _, Life};
use mmcos_core::seam::{Bytes, ConnId, Effect, Input, Now};
use mmcos_core::service::LogEvent;
use mmcos_core::trace::{EffectLine, InputLine, Start};
use mmcos_core::wire::http::Limits;
use mmcos_game::moderation::Subject;
use mmcos_game::{Event, Mmcos, Record, Settings};

use request::Requests;
use secrets::Secrets;

use crate::data_dir::private_file;
use crate::driver::Witness;

/// Writes a trace, line by line, without secrets.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// `None` after an error.
    file: Option<File>,
    secrets: Secrets,
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
    /// There is no key to sign tickets with.
    #[error("cannot record: no key for its tickets can be made: {0}")]
    Key(#[from] rsa::Error),
}

impl Recorder {
    /// Makes the file, and writes what a server starts from: this seed and configuration, and what is in this game.
    pub fn create(path: &Path, start: &Start<Mmcos>, game: &Mmcos) -> Result<Self, RecordError> {
        let failed = |source| RecordError::File { path: path.to_owned(), source };
        let secrets = Secrets::new(start)?;
        let start = Start::<Mmcos> {
            life: Life { key: secrets.session_key(), ..start.life.clone() },
            settings: Settings { identity: secrets.identity(), ..start.settings.clone() },
            limits: start.limits.clone(),
            records: game.rows().filter(has_no_address).collect(),
        };
        let mut file = private_file(path).map_err(failed)?;
        file.write_all(format!("{start}\n").as_bytes()).map_err(failed)?;
        log::warn!("recording to {}: it holds players' names and SteamIDs, but no secrets", path.display());
        let (limits, requests) = (start.limits.http, BTreeMap::new());
        Ok(Self { path: path.to_owned(), file: Some(file), secrets, limits, requests })
    }

    fn write(&mut self, line: impl std::fmt::Display) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            log::error!("the recording {} ends here: {error}", self.path.display());
            self.file = None;
        }
    }
}

impl Witness<Server<Mmcos>> for Recorder {
    fn input(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Opened { conn, peer, tls } => {
                self.requests.insert(conn, Requests::default());
                let peer = self.secrets.addresses.stand_in(peer);
                self.write(InputLine { now, input: Input::Opened { conn, peer, tls } });
            }
            Input::Received { conn, bytes } => {
                let requests = self.requests.get_mut(&conn);
                let shown = requests.map(|requests| requests.pass(bytes, &self.limits, &mut self.secrets));
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

    fn effect(&mut self, effect: &Effect<'_, Record, LogEvent<Event>>) {
        let line = match effect {
            Effect::Send { conn, bytes } => {
                let shown = request::shown_answer(bytes, &self.secrets);
                let shown: Effect<'_, Record, Event> =
                    Effect::Send { conn: *conn, bytes: Bytes::Borrowed(&shown) };
                EffectLine::of(&shown)
            }
            Effect::Persist(record) if !has_no_address(record) => None,
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

fn has_no_address(record: &Record) -> bool {
    match record {
        Record::Ban(ban) => matches!(ban.subject, Subject::Account(_)),
        Record::Unban(subject) => matches!(subject, Subject::Account(_)),
        Record::Player(_)
        | Record::Race(_)
        | Record::RaceForgotten(_)
        | Record::Result(_)
        | Record::Setting { .. }
        | Record::SeasonStarted(_)
        | Record::EventByHand(_) => true,
    }
}
