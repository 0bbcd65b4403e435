//! Views: the JSON of responses. Its description at `/api/v1/openapi.json` comes from these types and comments, which
//! operators read there. Numbers of Steam accounts are strings: a browser's numbers end at 2⁵³. Times are in seconds
//! since 1970, so that a view stays the same while nothing happens.
#![expect(clippy::struct_field_names, reason = "they are the names in the JSON")]

mod audit;
mod checklist;
mod lists;
mod log;
mod matchmaking;
mod page;
mod player;
mod state;

use alloc::{borrow::Cow, string::String, vec::Vec};

use schemars::JsonSchema;
use serde::Serialize;

use mmcos_core::admin::{Access, Caller, Chart, Role};
use mmcos_core::seam::Wall;

use crate::public::view::RaceNight;
pub(super) use audit::AuditRow;
pub(super) use checklist::Check;
pub(super) use log::LogRow;
pub(in crate::operator) use matchmaking::at;
pub(crate) use matchmaking::under_way;
pub(super) use page::{PARAMETERS, Page, QueryError};
pub(super) use player::PlayerDetails;
pub(crate) use state::searching;

/// State of this moment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct State<'a> {
    /// Health of the server.
    pub(super) server: Health<'a>,
    /// Players online.
    pub(super) players: Online,
    /// Searches for a match.
    pub(super) searches: Searches<'a>,
    /// Matches under way.
    pub(super) matches: Matches<'a>,
    /// Current season.
    pub(super) season: Season,
    /// Special event that is on, or the next one.
    pub(super) event: Option<Event<'a>>,
    /// Name of the mode of the day in the game's menu.
    pub(super) mode_of_the_day: Option<&'static str>,
    /// Race night that is on, or the next one.
    pub(super) night: Option<RaceNight>,
    /// Preset that suits the number of players seen so far, with figures; none before people have played for some hours.
    pub(super) advice: Option<String>,
}

/// Health of the server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Health<'a> {
    /// Version of the server.
    pub(super) version: &'static str,
    /// Time of its start.
    pub(super) started: i64,
    /// True while the server is closed for maintenance: new logins are refused.
    pub(super) maintenance: bool,
    /// Message of the day.
    pub(super) message: Option<Cow<'a, str>>,
    /// True if Steam tickets are verified. If false, anyone can impersonate any player.
    pub(super) verifies_tickets: bool,
    /// Open connections.
    pub(super) connections: usize,
    /// Reason why changes cannot be saved at the moment, if they cannot.
    pub(super) storage_trouble: Option<String>,
    /// Reason why the server's clock is in doubt at the moment, if it is. Until it is trusted again, no season begins.
    pub(super) clock_trouble: Option<String>,
    /// Duration of the last commit to the disk, in milliseconds.
    pub(super) last_commit_millis: Option<f64>,
    /// Number of active bans.
    pub(super) bans: usize,
}

/// Identity of a player.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Identity<'a> {
    /// Number of the account on this server.
    pub(super) user_id: u32,
    /// SteamID64.
    pub(super) steam_id: String,
    /// Name as the player chose it: any text.
    pub(super) name: &'a str,
}

/// Numbers of players.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Online {
    /// Number of players online.
    pub(super) online: u32,
    /// Number of players that have ever logged in.
    pub(super) known: usize,
}

/// Player.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PlayerRow<'a> {
    #[serde(flatten)]
    pub(super) identity: Identity<'a>,
    /// Rank in this season, from 1.
    pub(super) rank: u32,
    /// Points of this season.
    pub(super) points: i32,
    /// Division, from 0.
    pub(super) division: u8,
    /// Level, as the game reports it.
    pub(super) level: u16,
    /// Number of matches that counted.
    pub(super) games: u32,
    /// Time of the last request.
    pub(super) seen: i64,
    /// Current activity.
    pub(super) does: Activity,
    /// True if the player is banned.
    pub(super) banned: bool,
}

/// Activity of a player.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Activity {
    /// Online, neither searching nor racing.
    Menu,
    /// Searching for a match.
    Searching,
    /// In a match.
    Racing,
    /// Offline.
    Away,
}

/// Searches for a match.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Searches<'a> {
    /// Number of players, parties included.
    pub(super) players: u32,
    /// Number of searches.
    pub(super) searches: usize,
    /// Number of modes, counted by version of the game.
    pub(super) different_modes: usize,
    /// At most 50 modes, those with the most players first.
    pub(super) modes: Vec<ModeRow>,
    /// At most 50 searches, the longest first.
    pub(super) list: Vec<SearchRow<'a>>,
    /// Number of pairs of players that are kept apart, since they twice could not race together.
    pub(super) pairs_apart: usize,
    /// At most 50 of them, the latest first.
    pub(super) apart: Vec<ApartRow<'a>>,
}

/// Two players that are kept apart.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ApartRow<'a> {
    /// Player.
    pub(super) one: Identity<'a>,
    /// Player that this one does not meet.
    pub(super) other: Identity<'a>,
    /// Time from which they may meet again.
    pub(super) until: i64,
}

/// Searches for the same mode.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ModeRow {
    /// Name of the mode.
    pub(super) mode: String,
    /// Network version of the game. Players of different versions do not meet.
    pub(super) version: u32,
    /// Number of players.
    pub(super) players: u32,
    /// Number of searches.
    pub(super) searches: u32,
    /// Start of the longest search.
    pub(super) since: i64,
    /// Reason why the players still wait.
    pub(super) why: String,
}

/// Search of a player or a party.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SearchRow<'a> {
    #[serde(flatten)]
    pub(super) identity: Identity<'a>,
    /// Name of the mode.
    pub(super) mode: String,
    /// Network version of the game. Players of different versions do not meet.
    pub(super) version: u32,
    /// True if the search ends with AI opponents when no player is found.
    pub(super) accepts_ai: bool,
    /// Number of players in the party.
    pub(super) party: u8,
    /// Start of the search.
    pub(super) since: i64,
    /// Reason why the search still goes on.
    pub(super) why: String,
}

/// Matches under way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Matches<'a> {
    /// Number of matches under way.
    pub(super) running: usize,
    /// Number of matches since the server started.
    pub(super) made: u64,
    /// At most 50, the latest first.
    pub(super) list: Vec<MatchRow<'a>>,
}

/// Match.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct MatchRow<'a> {
    /// Number of the match.
    pub(super) session: String,
    /// Name of the mode.
    pub(super) mode: String,
    /// Progress of the match.
    pub(super) state: MatchState,
    /// Time at which it was made.
    pub(super) since: i64,
    /// Number of players, parties included.
    pub(super) seats: u16,
    /// Players that searched, each for a party; the host first.
    pub(super) players: Vec<Identity<'a>>,
}

/// Progress of a match.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum MatchState {
    /// The match is made, and its players have been notified.
    Made,
    /// A player reported the start of the race.
    Racing,
    /// A player reported points.
    Scored,
    /// All players reported points, went on, or were not heard of for too long.
    Ended,
}

/// Result that a player reported.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ResultRow<'a> {
    #[serde(flatten)]
    pub(super) identity: Identity<'a>,
    /// Time of the report.
    pub(super) at: i64,
    /// Number of the match.
    pub(super) session: String,
    /// Name of the mode.
    pub(super) mode: String,
    /// Change of the points, as counted.
    pub(super) change: i32,
    /// Change of the points, as the game reported it.
    pub(super) claimed: i32,
    /// Points after the match.
    pub(super) points: i32,
}

/// Season.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Season {
    /// Number of the season.
    pub(super) id: i32,
    /// True while the season is active: before `ends`.
    pub(super) active: bool,
    /// Start of the season.
    pub(super) starts: i64,
    /// End of the season.
    pub(super) ends: i64,
    /// Start of the next season.
    pub(super) next: i64,
    /// Number that the calendar has for this season, if by the current clock it begins only later: it began while the
    /// clock was ahead. `POST /api/v1/season/start` with this number sets it; points stay.
    pub(super) renumber_to: Option<i32>,
    /// Number of the season before, if this one was begun early less than a day ago. `POST /api/v1/season/undo` with
    /// this number continues it, with the points from before.
    pub(super) undo_to: Option<i32>,
}

/// Special event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Event<'a> {
    /// Name of the event.
    pub(super) name: Cow<'a, str>,
    /// True while the event is on.
    pub(super) on: bool,
    /// Start of the event.
    pub(super) starts: i64,
    /// End of the event.
    pub(super) ends: i64,
}

/// Ban of a player or of addresses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Ban<'a> {
    /// Banned account (a SteamID64) or range of addresses.
    pub(super) subject: String,
    /// Name of the player, if known.
    pub(super) name: Option<&'a str>,
    /// Start of the ban.
    pub(super) since: i64,
    /// End of the ban. A permanent ban has none.
    pub(super) until: Option<i64>,
    /// True while the ban is active.
    pub(super) holds: bool,
    /// Reason, which the player reads.
    pub(super) reason: &'a str,
    /// Note for operators.
    pub(super) note: &'a str,
}

/// Access of the request's sender.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Session<'a> {
    /// Level of access.
    pub(super) access: AccessLevel,
    /// Name of the operator; `operator` stands for the host's password.
    pub(super) name: Option<&'a str>,
    /// Role of the operator.
    pub(super) role: Option<Role>,
    /// Time by the server's clock.
    pub(super) now: i64,
}

/// Level of access.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AccessLevel {
    /// Public status only.
    Public,
    /// As the role permits.
    Operator,
}

impl<'a> Session<'a> {
    /// Returns the view of this access.
    pub(super) fn new(access: &'a Access, now: Wall) -> Self {
        let now = now.as_secs();
        match access {
            Access::Public => Self { access: AccessLevel::Public, name: None, role: None, now },
            Access::Operator(Caller { name, role, .. }) => {
                Self { access: AccessLevel::Operator, name: Some(name), role: Some(*role), now }
            }
        }
    }
}

/// Named operator: a person or a program.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct OperatorRow<'a> {
    /// Name.
    pub(super) name: &'a str,
    /// Permissions.
    pub(super) role: Role,
    /// Time at which the operator was added.
    pub(super) made: i64,
    /// End of the access, if it has one.
    pub(super) until: Option<i64>,
    /// True while the access has not ended.
    pub(super) holds: bool,
}

/// Password of a named operator.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct NewPassword {
    /// The password, for the dashboard and as a bearer token. Shown this once. An operator that was there before keeps
    /// the old one, and there is none here.
    pub(super) password: Option<String>,
}

/// Admin session: a browser that is logged in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SessionRow {
    /// Number of the session.
    pub(super) number: u64,
    /// Name of the operator; `operator` stands for the host's password.
    pub(super) name: String,
    /// Address at the login.
    pub(super) address: String,
    /// Time of the login.
    pub(super) since: i64,
    /// True for the session of this request.
    pub(super) own: bool,
}

/// One-time link that logs a browser in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Link {
    /// Path on this server.
    pub(super) path: String,
    /// Seconds until it expires.
    pub(super) seconds: u64,
}

/// Charts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Charts {
    /// Last hour, by minutes.
    pub(super) hour: Chart,
    /// Last day, by quarters of an hour.
    pub(super) day: Chart,
    /// Last week, by hours; the last step is the current hour.
    pub(super) week: Chart,
}
