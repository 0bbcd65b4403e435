//! What there is to see, as it is written in JSON. Numbers of Steam accounts are texts: a browser's numbers end at 2⁵³.
//! Moments are in seconds since 1970, so that a view stays the same while nothing happens.

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::Serialize;

use super::Access;
use crate::seam::Wall;

/// What everybody may know.
#[derive(Clone, Debug, Serialize)]
pub struct Status<'a> {
    /// The server's version.
    pub version: &'static str,
    /// Whether nobody can log in for now.
    pub maintenance: bool,
    /// The message of the day.
    pub message: Option<&'a str>,
    /// Players online.
    pub players: u32,
    /// Players who search, by mode.
    pub searching: Vec<Searching>,
    /// Matches under way.
    pub matches: u32,
    /// The reason why this machine's clock is not believed at the moment, if it is not: `mmcos doctor` reads it here.
    pub clock_trouble: Option<String>,
}

/// How many search for a mode.
#[derive(Clone, Debug, Serialize)]
pub struct Searching {
    /// The mode, for people.
    pub mode: String,
    /// How many players.
    pub players: u32,
}

/// All that the dashboard shows of this moment.
#[derive(Clone, Debug, Serialize)]
pub struct State<'a> {
    /// How the server does.
    pub server: Health<'a>,
    /// Who plays.
    pub players: Online<'a>,
    /// Who searches.
    pub searches: Searches<'a>,
    /// Who races.
    pub matches: Matches<'a>,
    /// What came of races, the latest first.
    pub results: Vec<ResultRow<'a>>,
    /// The best.
    pub leaderboard: Vec<LeaderboardRow<'a>>,
    /// The season.
    pub season: Season,
    /// The event that is on, or the next.
    pub event: Option<Event<'a>>,
}

/// How the server does.
#[derive(Clone, Debug, Serialize)]
pub struct Health<'a> {
    /// Its version.
    pub version: &'static str,
    /// Since when it runs.
    pub started: i64,
    /// Whether nobody can log in for now.
    pub maintenance: bool,
    /// The message of the day.
    pub message: Option<&'a str>,
    /// Whether tickets are verified: if not, anybody can be anybody.
    pub verifies_tickets: bool,
    /// Connections open.
    pub connections: usize,
    /// The reason why changes cannot be saved at the moment, if they cannot.
    pub storage_trouble: Option<String>,
    /// The reason why this machine's clock is not believed at the moment, if it is not.
    pub clock_trouble: Option<String>,
    /// How long the disk took for the last change that was to be kept, in milliseconds.
    pub last_commit_millis: Option<f64>,
    /// Bans that hold.
    pub bans: usize,
}

/// Somebody, by name.
#[derive(Clone, Debug, Serialize)]
pub struct Who<'a> {
    /// The account on this server.
    pub user_id: u32,
    /// The account with Steam.
    pub steam_id: String,
    /// The name, as the player chose it: any text.
    pub name: &'a str,
}

/// Who plays.
#[derive(Clone, Debug, Serialize)]
pub struct Online<'a> {
    /// How many are online.
    pub online: u32,
    /// How many ever were.
    pub known: usize,
    /// Those online who were heard of last, in the order in which they first came: it does not change while they play.
    pub list: Vec<PlayerRow<'a>>,
}

/// A player.
#[derive(Clone, Debug, Serialize)]
pub struct PlayerRow<'a> {
    /// Who.
    #[serde(flatten)]
    pub who: Who<'a>,
    /// Points of the season.
    pub points: i32,
    /// The division, from 0.
    pub division: u8,
    /// The level, as the game says.
    pub level: u16,
    /// Games that counted.
    pub games: u32,
    /// When last heard of.
    pub seen: i64,
    /// What the player does: `menu`, `searching`, `racing`, `away`.
    pub does: &'static str,
    /// Whether the player is banned.
    pub banned: bool,
}

/// Who searches.
#[derive(Clone, Debug, Serialize)]
pub struct Searches<'a> {
    /// How many players, parties included.
    pub players: u32,
    /// How many searches.
    pub searches: usize,
    /// How many modes are searched for.
    pub different_modes: usize,
    /// Some of the modes, those with the most players first.
    pub modes: Vec<ModeRow>,
    /// Some of the searches, the longest first.
    pub list: Vec<SearchRow<'a>>,
}

/// All who search for the same.
#[derive(Clone, Debug, Serialize)]
pub struct ModeRow {
    /// The mode, for people.
    pub mode: String,
    /// The network version of the game; players of different versions do not meet.
    pub version: u32,
    /// How many players.
    pub players: u32,
    /// How many searches.
    pub searches: u32,
    /// Since when the longest goes on.
    pub since: i64,
    /// Why they still wait.
    pub why: String,
}

/// A search.
#[derive(Clone, Debug, Serialize)]
pub struct SearchRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub who: Who<'a>,
    /// What for.
    pub mode: String,
    /// The network version of the game.
    pub version: u32,
    /// Whether it ends with AI when nobody is found.
    pub accepts_ai: bool,
    /// Players of the party.
    pub party: u8,
    /// Since when.
    pub since: i64,
    /// Why it still goes on.
    pub why: String,
}

/// Who races.
#[derive(Clone, Debug, Serialize)]
pub struct Matches<'a> {
    /// How many matches are under way.
    pub running: usize,
    /// How many were made since the server started.
    pub made: u64,
    /// Some of them, the latest first.
    pub list: Vec<MatchRow<'a>>,
}

/// A match.
#[derive(Clone, Debug, Serialize)]
pub struct MatchRow<'a> {
    /// Its number.
    pub session: String,
    /// What is raced.
    pub mode: String,
    /// How far it has come: `made`, `racing`, `scored`.
    pub state: &'static str,
    /// Since when.
    pub since: i64,
    /// Players, parties included.
    pub seats: u16,
    /// Who searched, for their parties; the host first.
    pub players: Vec<Who<'a>>,
}

/// What a race brought a player.
#[derive(Clone, Debug, Serialize)]
pub struct ResultRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub who: Who<'a>,
    /// When it came.
    pub at: i64,
    /// The number of the match.
    pub session: String,
    /// What was raced.
    pub mode: String,
    /// The change as counted.
    pub change: i32,
    /// What the game claimed.
    pub claimed: i32,
    /// The points after it.
    pub points: i32,
}

/// A place of the leaderboard.
#[derive(Clone, Debug, Serialize)]
pub struct LeaderboardRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub who: Who<'a>,
    /// The points.
    pub points: i32,
    /// The division, from 0.
    pub division: u8,
}

/// The season.
#[derive(Clone, Debug, Serialize)]
pub struct Season {
    /// Its number.
    pub id: i32,
    /// Whether points count for it.
    pub active: bool,
    /// When it began.
    pub starts: i64,
    /// When it ends.
    pub ends: i64,
    /// When the next begins.
    pub next: i64,
    /// The number that the calendar has for it, if it begins only later: it began while the clock was ahead.
    pub renumber_to: Option<i32>,
}

/// An event.
#[derive(Clone, Debug, Serialize)]
pub struct Event<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether it is on.
    pub on: bool,
    /// When it begins.
    pub starts: i64,
    /// When it ends.
    pub ends: i64,
}

/// A ban.
#[derive(Clone, Debug, Serialize)]
pub struct Ban<'a> {
    /// Whom it keeps out: an account with Steam, or a range of addresses.
    pub subject: String,
    /// The name of the player, if one is known.
    pub name: Option<&'a str>,
    /// From when on.
    pub since: i64,
    /// Until when; for good if there is no end.
    pub until: Option<i64>,
    /// Whether it holds now.
    pub holds: bool,
    /// Why, as the player reads it.
    pub reason: &'a str,
    /// What operators should know besides.
    pub note: &'a str,
}

/// Something that can be set while the server runs.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name, as in the configuration.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What it must be: `text`, `truth`, `seconds`.
    pub kind: &'static str,
    /// What holds now.
    pub value: String,
    /// What the configuration says.
    pub configured: String,
    /// Whether it was set here, so that the configuration does not count.
    pub set: bool,
}

/// What the sender of a request has proved.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// `public` or `operator`.
    pub access: &'static str,
    /// The server's clock.
    pub now: i64,
}

impl Session {
    /// The view of this access at this moment.
    pub const fn new(access: Access, now: Wall) -> Self {
        let access = match access {
            Access::Public => "public",
            Access::Operator(_) => "operator",
        };
        Self { access, now: now.as_secs() }
    }
}

/// A one-time link.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// Its path on this server.
    pub path: String,
    /// Seconds until it expires.
    pub seconds: u64,
}

/// The charts.
#[derive(Clone, Debug, Serialize)]
pub struct Charts<'a> {
    /// The last hour.
    pub hour: &'a super::history::Chart,
    /// The last day.
    pub day: &'a super::history::Chart,
}
