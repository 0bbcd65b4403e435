//! What there is to see, as it is written in JSON. Numbers of Steam accounts are texts: a browser's numbers end at 2⁵³.
//! Moments are in seconds since 1970, so that a view stays the same while nothing happens.
#![expect(clippy::struct_field_names, reason = "they are the names in the JSON")]

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::Serialize;

use mmcos_core::admin::{Access, Chart};
use mmcos_core::seam::Wall;

/// What everybody may know.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Status<'a> {
    /// The server's version.
    pub(super) version: &'static str,
    /// Whether nobody can log in for now.
    pub(super) maintenance: bool,
    /// The message of the day.
    pub(super) message: Option<&'a str>,
    /// Players online.
    pub(super) players: u32,
    /// Players who search, by mode.
    pub(super) searching: Vec<Searching>,
    /// Matches under way.
    pub(super) matches: u32,
    /// The reason why this machine's clock is not believed at the moment, if it is not: `mmcos doctor` reads it here.
    pub(super) clock_trouble: Option<String>,
}

/// How many search for a mode.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Searching {
    /// The mode, for people.
    pub(super) mode: String,
    /// How many players.
    pub(super) players: u32,
}

/// All that the dashboard shows of this moment.
#[derive(Clone, Debug, Serialize)]
pub(super) struct State<'a> {
    /// How the server does.
    pub(super) server: Health<'a>,
    /// Who plays.
    pub(super) players: Online<'a>,
    /// Who searches.
    pub(super) searches: Searches<'a>,
    /// Who races.
    pub(super) matches: Matches<'a>,
    /// What came of races, the latest first.
    pub(super) results: Vec<ResultRow<'a>>,
    /// The best.
    pub(super) leaderboard: Vec<LeaderboardRow<'a>>,
    /// The season.
    pub(super) season: Season,
    /// The event that is on, or the next.
    pub(super) event: Option<Event<'a>>,
}

/// How the server does.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Health<'a> {
    /// Its version.
    pub(super) version: &'static str,
    /// Since when it runs.
    pub(super) started: i64,
    /// Whether nobody can log in for now.
    pub(super) maintenance: bool,
    /// The message of the day.
    pub(super) message: Option<&'a str>,
    /// Whether tickets are verified: if not, anybody can be anybody.
    pub(super) verifies_tickets: bool,
    /// Connections open.
    pub(super) connections: usize,
    /// The reason why changes cannot be saved at the moment, if they cannot.
    pub(super) storage_trouble: Option<String>,
    /// The reason why this machine's clock is not believed at the moment, if it is not.
    pub(super) clock_trouble: Option<String>,
    /// How long the disk took for the last change that was to be kept, in milliseconds.
    pub(super) last_commit_millis: Option<f64>,
    /// Bans that hold.
    pub(super) bans: usize,
}

/// Somebody, by name.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Who<'a> {
    /// The account on this server.
    pub(super) user_id: u32,
    /// The account with Steam.
    pub(super) steam_id: String,
    /// The name, as the player chose it: any text.
    pub(super) name: &'a str,
}

/// Who plays.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Online<'a> {
    /// How many are online.
    pub(super) online: u32,
    /// How many ever were.
    pub(super) known: usize,
    /// Those online who were heard of last, in the order in which they first came: it does not change while they play.
    pub(super) list: Vec<PlayerRow<'a>>,
}

/// A player.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlayerRow<'a> {
    /// Who.
    #[serde(flatten)]
    pub(super) who: Who<'a>,
    /// Points of the season.
    pub(super) points: i32,
    /// The division, from 0.
    pub(super) division: u8,
    /// The level, as the game says.
    pub(super) level: u16,
    /// Games that counted.
    pub(super) games: u32,
    /// When last heard of.
    pub(super) seen: i64,
    /// What the player does: `menu`, `searching`, `racing`, `away`.
    pub(super) does: &'static str,
    /// Whether the player is banned.
    pub(super) banned: bool,
}

/// Who searches.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Searches<'a> {
    /// How many players, parties included.
    pub(super) players: u32,
    /// How many searches.
    pub(super) searches: usize,
    /// How many modes are searched for.
    pub(super) different_modes: usize,
    /// Some of the modes, those with the most players first.
    pub(super) modes: Vec<ModeRow>,
    /// Some of the searches, the longest first.
    pub(super) list: Vec<SearchRow<'a>>,
}

/// All who search for the same.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ModeRow {
    /// The mode, for people.
    pub(super) mode: String,
    /// The network version of the game; players of different versions do not meet.
    pub(super) version: u32,
    /// How many players.
    pub(super) players: u32,
    /// How many searches.
    pub(super) searches: u32,
    /// Since when the longest goes on.
    pub(super) since: i64,
    /// Why they still wait.
    pub(super) why: String,
}

/// A search.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SearchRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub(super) who: Who<'a>,
    /// What for.
    pub(super) mode: String,
    /// The network version of the game.
    pub(super) version: u32,
    /// Whether it ends with AI when nobody is found.
    pub(super) accepts_ai: bool,
    /// Players of the party.
    pub(super) party: u8,
    /// Since when.
    pub(super) since: i64,
    /// Why it still goes on.
    pub(super) why: String,
}

/// Who races.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Matches<'a> {
    /// How many matches are under way.
    pub(super) running: usize,
    /// How many were made since the server started.
    pub(super) made: u64,
    /// Some of them, the latest first.
    pub(super) list: Vec<MatchRow<'a>>,
}

/// A match.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MatchRow<'a> {
    /// Its number.
    pub(super) session: String,
    /// What is raced.
    pub(super) mode: String,
    /// How far it has come: `made`, `racing`, `scored`.
    pub(super) state: &'static str,
    /// Since when.
    pub(super) since: i64,
    /// Players, parties included.
    pub(super) seats: u16,
    /// Who searched, for their parties; the host first.
    pub(super) players: Vec<Who<'a>>,
}

/// What a race brought a player.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ResultRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub(super) who: Who<'a>,
    /// When it came.
    pub(super) at: i64,
    /// The number of the match.
    pub(super) session: String,
    /// What was raced.
    pub(super) mode: String,
    /// The change as counted.
    pub(super) change: i32,
    /// What the game claimed.
    pub(super) claimed: i32,
    /// The points after it.
    pub(super) points: i32,
}

/// A place of the leaderboard.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LeaderboardRow<'a> {
    /// Whose.
    #[serde(flatten)]
    pub(super) who: Who<'a>,
    /// The points.
    pub(super) points: i32,
    /// The division, from 0.
    pub(super) division: u8,
}

/// The season.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Season {
    /// Its number.
    pub(super) id: i32,
    /// Whether points count for it.
    pub(super) active: bool,
    /// When it began.
    pub(super) starts: i64,
    /// When it ends.
    pub(super) ends: i64,
    /// When the next begins.
    pub(super) next: i64,
    /// The number that the calendar has for it, if it begins only later: it began while the clock was ahead.
    pub(super) renumber_to: Option<i32>,
}

/// An event.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// Whether it is on.
    pub(super) on: bool,
    /// When it begins.
    pub(super) starts: i64,
    /// When it ends.
    pub(super) ends: i64,
}

/// A ban.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ban<'a> {
    /// Whom it keeps out: an account with Steam, or a range of addresses.
    pub(super) subject: String,
    /// The name of the player, if one is known.
    pub(super) name: Option<&'a str>,
    /// From when on.
    pub(super) since: i64,
    /// Until when; for good if there is no end.
    pub(super) until: Option<i64>,
    /// Whether it holds now.
    pub(super) holds: bool,
    /// Why, as the player reads it.
    pub(super) reason: &'a str,
    /// What operators should know besides.
    pub(super) note: &'a str,
}

/// What the sender of a request has proved.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Session {
    /// `public` or `operator`.
    pub(super) access: &'static str,
    /// The server's clock.
    pub(super) now: i64,
}

impl Session {
    /// The view of this access at this moment.
    pub(super) const fn new(access: Access, now: Wall) -> Self {
        let access = match access {
            Access::Public => "public",
            Access::Operator(_) => "operator",
        };
        Self { access, now: now.as_secs() }
    }
}

/// A one-time link.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Link {
    /// Its path on this server.
    pub(super) path: String,
    /// Seconds until it expires.
    pub(super) seconds: u64,
}

/// The charts.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Charts<'a> {
    /// The last hour.
    pub(super) hour: &'a Chart,
    /// The last day.
    pub(super) day: &'a Chart,
}
