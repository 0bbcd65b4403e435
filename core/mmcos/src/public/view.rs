//! The JSON of the public API. It is described at `/api/v1/openapi.json` from these types and comments.

use alloc::{string::String, vec::Vec};

use mmcos_core::{calendar::UtcText, seam::Wall};
use schemars::JsonSchema;
use serde::Serialize;

/// Public status of the server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Status<'a> {
    /// Version of the server.
    pub(crate) version: &'static str,
    /// True while the server is closed for maintenance: new logins are refused.
    pub(crate) maintenance: bool,
    /// Message of the day.
    pub(crate) message: Option<alloc::borrow::Cow<'a, str>>,
    /// Number of players online.
    pub(crate) players: u32,
    /// Names of players online, at most 50; only if the operator has made them public.
    pub(crate) names: Option<Vec<&'a str>>,
    /// Searching players by mode: at most 50 modes, those with the most players first.
    pub(crate) searching: Vec<Searching>,
    /// Number of matches under way.
    pub(crate) matches: u32,
    /// Current season.
    pub(crate) season: Season,
    /// Name of the mode of the day in the game's menu.
    pub(crate) mode_of_the_day: Option<&'static str>,
    /// Race night that is on, or the next one.
    pub(crate) night: Option<RaceNight>,
    /// Special event that is on, or the next one.
    pub(crate) event: Option<Event>,
    /// Reason why the server's clock is in doubt at the moment, if it is.
    pub(crate) clock_trouble: Option<String>,
}

/// Players that search for a mode.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Searching {
    /// Name of the mode.
    pub(crate) mode: String,
    /// Number of players.
    pub(crate) players: u32,
    /// Start of the longest search, in seconds since 1970.
    pub(crate) since: i64,
}

/// Season. Times are in seconds since 1970.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Season {
    /// Number of the season.
    pub(crate) id: i32,
    /// True while the season is active: before `ends`.
    pub(crate) active: bool,
    /// End of the season.
    pub(crate) ends: i64,
    /// Start of the next season.
    pub(crate) next: i64,
}

/// Race night. Times are in seconds since 1970.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RaceNight {
    /// True while the night is on.
    pub(crate) on: bool,
    /// Start of the night.
    pub(crate) starts: i64,
    /// End of the night.
    pub(crate) ends: i64,
}

/// Special event. Times are in seconds since 1970.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Event {
    /// Name of the event.
    pub(crate) name: &'static str,
    /// True while the event is on.
    pub(crate) on: bool,
    /// Start of the event.
    pub(crate) starts: i64,
    /// End of the event.
    pub(crate) ends: i64,
}

/// A part of the leaderboard.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Leaderboard<'a> {
    /// Number of all players.
    pub(crate) players: u32,
    /// The first rank that was asked for, from 1.
    pub(crate) start: u32,
    /// Places, best first.
    pub(crate) rows: Vec<Place<'a>>,
}

/// Place in a leaderboard.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Place<'a> {
    /// Rank, from 1.
    pub(crate) rank: u32,
    /// Number of the account on this server; `null` if the player is private.
    pub(crate) user_id: Option<u32>,
    /// Name as the player chose it: any text.
    pub(crate) name: &'a str,
    /// Points of the season.
    pub(crate) points: i32,
    /// Division, from 0.
    pub(crate) division: u8,
}

/// Player.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PlayerPage<'a> {
    /// Number of the account on this server.
    pub(crate) user_id: u32,
    /// Name as the player chose it: any text.
    pub(crate) name: &'a str,
    /// Rank in this season, from 1.
    pub(crate) rank: u32,
    /// Points of this season.
    pub(crate) points: i32,
    /// Division, from 0.
    pub(crate) division: u8,
    /// Level, as the game reports it.
    pub(crate) level: u16,
    /// Number of times that the player began again from level 0, as the game reports it.
    pub(crate) prestige: u16,
    /// Number of matches that counted.
    pub(crate) matches: u32,
    /// Day of the first login, UTC.
    pub(crate) since: String,
    /// Recent results, at most 20, the latest first.
    pub(crate) results: Vec<Result<'a>>,
    /// Places at the end of past seasons, among the first 100 of each.
    pub(crate) seasons: Vec<PastPlace>,
}

/// Result of a match.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Result<'a> {
    /// Day of the match, UTC.
    pub(crate) day: String,
    /// Name of the mode.
    pub(crate) mode: &'a str,
    /// Change of the points.
    pub(crate) change: i32,
    /// Points after the match.
    pub(crate) points: i32,
}

/// Place at the end of a season.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PastPlace {
    /// Number of the season.
    pub(crate) season: i32,
    /// Rank, from 1.
    pub(crate) rank: u32,
    /// Points.
    pub(crate) points: i32,
    /// Division, from 0.
    pub(crate) division: u8,
}

/// Season that has ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PastSeason {
    /// Number of the season.
    pub(crate) season: i32,
    /// Number of places that are kept, at most 100.
    pub(crate) places: usize,
}

/// Standings at the end of a season.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FinalStandings<'a> {
    /// Number of the season.
    pub(crate) season: i32,
    /// The first 100 places, best first.
    pub(crate) rows: Vec<Place<'a>>,
}

/// Returns the day of a moment, such as `2026-11-27`, UTC.
pub(crate) fn day(moment: Wall) -> String {
    UtcText::from(moment).as_str().split('T').next().unwrap_or_default().into()
}
