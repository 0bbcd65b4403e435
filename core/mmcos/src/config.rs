use alloc::string::String;
use core::time::Duration;

use super::{events, ids::SessionId, matchmaker};
use mmcos_core::{
    engine::Rate,
    wire::{egonet, steam::PublicKey, xml},
};
use serde::{Deserialize, Serialize};

/// How a host wants the game to be served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Message of the day, shown in the game's menu.
    pub message: Option<String>,
    /// Whether the server is closed for a while: nobody logs in, who is in plays on.
    pub maintenance: bool,
    /// Whom to let in.
    pub identity: IdentityPolicy,
    /// How long a session holds.
    pub session_lifetime: Duration,
    /// What keys of races against AI are made with. `None`: a secret that follows from the server's key, so that they are
    /// recognised after a restart. A recorded run has one of its own, since it stands in the trace.
    pub race_secret: Option<[u8; 32]>,
    /// How long after its key a race against AI has a result at the earliest.
    pub shortest_race: Duration,
    /// How often one account may ask for something. Its login is not counted: what is costly about that is to find out
    /// whose it is.
    pub requests: Rate,
    /// How large and deep XML may be.
    pub xml: xml::Limits,
    /// How large and deep `EgoNet` values may be.
    pub egonet: egonet::Limits,
    /// How long the game searches for humans before it asks to start with AI, in seconds; officially 70.
    pub search_seconds: u32,
    /// Who meets whom, and how long they wait for it.
    pub matchmaker: matchmaker::Config,
    /// The number of the first match; later than any before, for a server that was restarted.
    pub first_session: SessionId,
    /// Maximum number of players' rows that one commit brings into a new season.
    pub season_rows: usize,
    /// When events run.
    pub events: events::Plan,
}

/// Whom to let in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IdentityPolicy {
    /// Who brings a ticket that Steam signed with this key, for this game, not expired.
    Verify(PublicKey),
    /// Who brings anything of the shape of a ticket. For a LAN of friends, and for tests.
    Trust,
}

impl Default for Config {
    /// The official server's ways.
    fn default() -> Self {
        Self {
            message: None,
            maintenance: false,
            identity: IdentityPolicy::Verify(PublicKey::steam()),
            session_lifetime: Duration::from_hours(7 * 24),
            race_secret: None,
            shortest_race: Duration::from_secs(30),
            requests: Rate { per_second: 50, burst: 500 },
            xml: xml::Limits::default(),
            egonet: egonet::Limits::default(),
            search_seconds: 70,
            matchmaker: matchmaker::Config::default(),
            first_session: SessionId(1),
            season_rows: 2_000,
            events: events::Plan::default(),
        }
    }
}
