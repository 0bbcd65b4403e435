//! Requests, as the game writes them (captures 02, 04, 06, 08).

use std::fmt::{Display, Write as _};

use mmcos_core::{
    mmcos::{
        identity::APP,
        ids::{Points, RaceKey},
    },
    wire::steam::{SIGNATURE_LEN, SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};

use super::Mode;

const ACCOUNT: &str = "MMCOS/MMCOS-Account/AccountService.svc/Login";
const ENTER: &str = "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2";
const CANCEL: &str = "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/CancelMatchmaking";
const REGISTER: &str = "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/RegisterActiveGameWithPlayers";
const ADD_POINTS: &str = "MMCOS/MMCOS-GameProgression/GameProgressionService.svc/AddPoints";

/// `Login`, with a ticket that nobody signed.
pub fn login(steam_id: SteamId, issued: UnixSeconds) -> Vec<u8> {
    let fields: [(&str, &dyn Display); 6] = [
        ("ProtocolVersion", &1),
        ("PlatformType", &"Steam"),
        ("PlatformID", &platform_id(steam_id, issued)),
        ("DisplayName", &format_args!("Player {steam_id}")),
        ("DefaultTitle", &"lng_player_title_default"),
        ("ExtraSeason", &45),
    ];
    post(ACCOUNT, document("Login", &fields).as_bytes())
}

/// A `PlatformID`, with a ticket that nobody signed.
///
/// # Panics
/// Never: the ticket is a short one.
pub fn platform_id(steam_id: SteamId, issued: UnixSeconds) -> String {
    let ticket = TicketBuilder::new(steam_id, APP, issued).build(|_| [0; SIGNATURE_LEN]);
    encode_platform_id(&ticket.expect("a short ticket can be written"))
}

/// What `EnterMatchmaking2` asks for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Who asks.
    pub session_token: &'a str,
    /// The lobby of the party.
    pub group_lobby: u64,
    /// The lobby of this attempt.
    pub game_lobby: u64,
    /// What is searched for.
    pub mode: Mode,
    /// Players in the party.
    pub size: u8,
    /// Content with AI.
    pub ignore_minimum: bool,
}

/// `EnterMatchmaking2`.
pub fn enter_matchmaking(search: &Search<'_>) -> Vec<u8> {
    let fields: [(&str, &dyn Display); 10] = [
        ("SessionToken", &search.session_token),
        ("GroupLobbyId", &search.group_lobby),
        ("GameLobbyId", &search.game_lobby),
        ("NetworkVersion", &1),
        ("GameType", &search.mode.game_type()),
        ("GroupSize", &search.size),
        ("SkillLevel", &263_127_040),
        ("RuleSet", &search.mode.rule_set.name()),
        ("Ranking", &"NotRanked"),
        ("IgnoreMinimumMatchRequirements", &search.ignore_minimum),
    ];
    enter_matchmaking_with(document("EnterMatchmaking2", &fields).as_bytes())
}

/// `EnterMatchmaking2` with any body.
pub fn enter_matchmaking_with(body: &[u8]) -> Vec<u8> {
    post(ENTER, body)
}

/// `CancelMatchmaking`.
pub fn cancel_matchmaking(session_token: &str) -> Vec<u8> {
    post(CANCEL, document("CancelMatchmaking", &[("SessionToken", &session_token)]).as_bytes())
}

/// `RegisterActiveGameWithPlayers`.
pub fn register_active_game(
    session_token: &str,
    race_key: RaceKey,
    mode: Mode,
    steam_id: SteamId,
) -> Vec<u8> {
    let fields: [(&str, &dyn Display); 12] = [
        ("SessionToken", &session_token),
        ("RaceKey", &race_key),
        ("HostPlatformID", &"x"),
        ("GameLobbyId", &"x"),
        ("NetworkVersion", &1),
        ("GameType", &"x"),
        ("RuleSet", &mode.rule_set.name()),
        ("Ranking", &if mode.ranked { "Ranked" } else { "NotRanked" }),
        ("Team1Size", &0),
        ("Team2Size", &0),
        ("SecondsItTookToMatchmake", &0),
        ("PlatformIDs", &steam_id),
    ];
    post(REGISTER, document("RegisterActiveGameWithPlayers", &fields).as_bytes())
}

/// `AddPoints`.
pub fn add_points(session_token: &str, race_key: RaceKey, change: Points) -> Vec<u8> {
    let fields: [(&str, &dyn Display); 5] = [
        ("SessionToken", &session_token),
        ("RaceKey", &race_key),
        ("Points", &change.0),
        ("Level", &34),
        ("Prestige", &8),
    ];
    post(ADD_POINTS, document("AddPoints", &fields).as_bytes())
}

fn document(root: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut text = format!("<{root}>\r\n");
    for (name, value) in fields {
        write!(text, "  <{name}>{value}</{name}>\r\n").expect("a string takes all");
    }
    text + &format!("</{root}>")
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    post_with(path, "content-type: application/xml\r\n", body)
}

/// A `POST` with more fields, each of them a line.
pub(super) fn post_with(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: mmcos.codemasters.com\r\nUser-Agent: UnityPlayer/5.4.5p1 \
         (http://unity3d.com)\r\nAccept: */*\r\nAccept-Encoding: identity\r\nContent-Length: {}\r\n\
         X-Unity-Version: 5.4.5p1\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
