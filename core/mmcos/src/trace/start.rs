use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::FIRST_LINE;
use crate::{
    Config, IdentityPolicy, Mmcos, Record, catalogue::Catalogue, events, ids::SessionId, matchmaker,
    players::RestoreError,
};
use mmcos_core::{
    Server,
    admin::Addresses,
    engine::{Limits, Rate},
    wire::{egonet, xml},
};

/// What a server starts from. As text it is the beginning of a trace.
#[derive(Clone, Debug)]
pub struct Start {
    /// All of its randomness.
    pub seed: [u8; 32],
    /// What it allows.
    pub limits: Limits,
    /// How it serves the game. The catalogue is not written: it must be the official one. Nor is what concerns the
    /// operator, or what is not the game's: a server whose trace is to be played again has no dashboard and no pages.
    pub config: Config,
    /// What was kept before, in the order in which to restore it: for example
    /// [`Mmcos::snapshot`](crate::Mmcos::snapshot).
    pub records: Vec<Record>,
}

impl Start {
    /// The server.
    ///
    /// # Errors
    /// The records contradict each other.
    pub fn server(&self) -> Result<Server<Mmcos>, RestoreError> {
        let game = Mmcos::new(self.config.clone(), self.seed);
        let mut server = Server::new(game, self.limits.clone(), self.seed);
        for record in &self.records {
            server.restore(record.clone())?;
        }
        Ok(server)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = serde_json::to_string(&Settings::of(self)).map_err(|_| fmt::Error)?;
        write!(f, "{FIRST_LINE}\nstart {settings}")?;
        for record in &self.records {
            write!(f, "\nrecord {}", serde_json::to_string(record).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// The line `start`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    seed: String,
    session_key: String,
    limits: Limits,
    message: Option<String>,
    maintenance: bool,
    identity: IdentityPolicy,
    session_lifetime: Duration,
    race_secret: String,
    shortest_race: Duration,
    requests: Rate,
    xml: xml::Limits,
    egonet: egonet::Limits,
    search_seconds: u32,
    matchmaker: matchmaker::Config,
    first_session: SessionId,
    season_rows: usize,
    events: events::Plan,
}

impl Settings {
    fn of(start: &Start) -> Self {
        let Config {
            message,
            maintenance,
            identity,
            session_key,
            session_lifetime,
            race_secret,
            shortest_race,
            requests,
            xml,
            egonet,
            search_seconds,
            matchmaker,
            first_session,
            season_rows,
            events,
            admin: _,
            pages: _,
            addresses: _,
            catalogue: _,
        } = start.config.clone();
        Self {
            seed: STANDARD.encode(start.seed),
            session_key: STANDARD.encode(session_key),
            limits: start.limits.clone(),
            message,
            maintenance,
            identity,
            session_lifetime,
            race_secret: STANDARD.encode(race_secret),
            shortest_race,
            requests,
            xml,
            egonet,
            search_seconds,
            matchmaker,
            first_session,
            season_rows,
            events,
        }
    }

    pub(super) fn start(self) -> Result<Start, String> {
        let config = Config {
            message: self.message,
            maintenance: self.maintenance,
            identity: self.identity,
            session_key: bytes(&self.session_key)?,
            session_lifetime: self.session_lifetime,
            race_secret: bytes(&self.race_secret)?,
            shortest_race: self.shortest_race,
            requests: self.requests,
            xml: self.xml,
            egonet: self.egonet,
            search_seconds: self.search_seconds,
            matchmaker: self.matchmaker,
            first_session: self.first_session,
            season_rows: self.season_rows,
            events: self.events,
            admin: None,
            pages: Vec::new(),
            addresses: Addresses::default(),
            catalogue: Catalogue::official().map_err(|error| error.to_string())?,
        };
        Ok(Start { seed: bytes(&self.seed)?, limits: self.limits, config, records: Vec::new() })
    }
}

fn bytes(base64: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(base64).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| alloc::format!("{base64:?} is not the base64 of 32 bytes"))
}
