use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::{catalogue::Catalogue, events, ids::SessionId, matchmaker};
use mmcos_core::{
    admin::{self, Addresses, VisitorPage},
    engine::Rate,
    wire::{egonet, steam::PublicKey, xml},
};

/// How a host wants the game to be served.
#[derive(Clone, Debug)]
pub struct Config {
    /// Message of the day, shown in the game's menu.
    pub message: Option<String>,
    /// Whether the server is closed for a while: nobody logs in, who is in plays on.
    pub maintenance: bool,
    /// Whom to let in.
    pub identity: IdentityPolicy,
    /// What session tokens are made with. Keep it, and sessions outlive a restart.
    pub session_key: [u8; 32],
    /// How long a session holds.
    pub session_lifetime: Duration,
    /// What keys of races against AI are made with, so that they are recognised after a restart. Who knows it gains
    /// nothing that is not to be had by asking.
    pub race_secret: [u8; 32],
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
    /// Who may see and order what, on the dashboard and by the API; `None`: there is neither, and no metrics.
    pub admin: Option<admin::Config>,
    /// Texts for everybody, such as the instructions for players at `/`.
    pub pages: Vec<VisitorPage>,
    /// Which address those texts name.
    pub addresses: Addresses,
    /// Playlists, divisions, prizes, scoring.
    pub catalogue: Catalogue,
}

/// Whom to let in.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum IdentityPolicy {
    /// Who brings a ticket that Steam signed with this key, for this game, not expired.
    Verify(PublicKey),
    /// Who brings anything of the shape of a ticket. For a LAN of friends, and for tests.
    Trust,
}

impl Config {
    /// The official server's ways, with this catalogue; a session key of zeros, to be replaced by a secret.
    pub fn new(catalogue: Catalogue) -> Self {
        Self {
            message: None,
            maintenance: false,
            identity: IdentityPolicy::Verify(PublicKey::steam()),
            session_key: [0; 32],
            session_lifetime: Duration::from_hours(7 * 24),
            race_secret: [0; 32],
            shortest_race: Duration::from_secs(30),
            requests: Rate { per_second: 50, burst: 500 },
            xml: xml::Limits::default(),
            egonet: egonet::Limits::default(),
            search_seconds: 70,
            matchmaker: matchmaker::Config::default(),
            first_session: SessionId(1),
            season_rows: 2_000,
            events: events::Plan::default(),
            admin: Some(admin::Config::default()),
            pages: Vec::new(),
            addresses: Addresses::default(),
            catalogue,
        }
    }
}
