//! Requests, as the game writes them (captures 02, 04, 06, 08 to 13).

use mmcos_core::{
    wire::egonet,
    wire::steam::{SIGNATURE_LEN, SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};
use mmcos_game::{
    identity::APP,
    ids::{Points, RaceKey},
};

use super::{Mode, services::SERVICES};

/// The first request of all, for the addresses of the servers.
pub fn redirect() -> Vec<u8> {
    get("ecdn.codemasters.com", "/redirect_steam_submission3.txt")
}

/// `ServerStatus`.
pub fn server_status() -> Vec<u8> {
    get("mmcos.codemasters.com", "/MMCOS/MMCOS-ServerStatus/ServerStatus.xml")
}

/// `Login`, with an unsigned ticket.
pub fn login(steam_id: SteamId, issued: UnixSeconds) -> Vec<u8> {
    let ticket = platform_id(steam_id, issued);
    let mut name = name(steam_id);
    if steam_id.get() % 4 == 1 {
        // A character that reverses text, a control character, and half of an emoji.
        name.push_str("\u{202e}&#x7;&#xD83D;");
    }
    let fields = [
        ("ProtocolVersion", Value::Number(1)),
        ("PlatformType", Value::Text("Steam")),
        ("PlatformID", Value::Text(&ticket)),
        ("DisplayName", Value::Text(&name)),
        ("DefaultTitle", Value::Text("lng_player_title_default")),
        ("ExtraSeason", Value::Number(45)),
    ];
    service_request("Login", &fields)
}

/// A `PlatformID` with an unsigned ticket.
///
/// # Panics
/// Never: the ticket is a short one.
pub fn platform_id(steam_id: SteamId, issued: UnixSeconds) -> String {
    let ticket = TicketBuilder::new(steam_id, APP, issued).build(|_| [0; SIGNATURE_LEN]);
    encode_platform_id(&ticket.expect("a short ticket can be written"))
}

fn name(steam_id: SteamId) -> String {
    format!("Player {steam_id}")
}

/// `LoginService.Login` of `EgoNet`, with an unreadable ticket.
///
/// # Panics
/// Never: the value is a small one.
pub fn egonet_login(steam_id: SteamId) -> Vec<u8> {
    let login = egonet::Dict::new().dstr("Name", name(steam_id)).blob("SteamTicket", vec![7; 200]);
    let mut body = Vec::new();
    egonet::encode(&login.into(), &mut body).expect("a small value can be written");
    let head = format!(
        "POST /MicroMachines/STEAM/1.0/ HTTP/1.1\r\nHost: prod.egonet.codemasters.com\r\n\
         content-type: application/egonet-stream\r\nX-EgoNet-Function: LoginService.Login\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// `UpdateAccountTitle`, to one of the game's boxes of titles.
pub fn update_account_title(session_token: &str, title: u8) -> Vec<u8> {
    let title = format!("lng_player_title_box_{title:03}");
    let fields = [("SessionToken", Value::Text(session_token)), ("Title", Value::Text(&title))];
    service_request("UpdateAccountTitle", &fields)
}

/// `GetElite`, a page of a hundred.
pub fn get_elite(session_token: &str, start: u32) -> Vec<u8> {
    let fields = [
        ("SessionToken", Value::Text(session_token)),
        ("StartRank", Value::Number(start.into())),
        ("NumResults", Value::Number(100)),
    ];
    service_request("GetElite", &fields)
}

/// `GetEliteRank`.
pub fn get_elite_rank(session_token: &str) -> Vec<u8> {
    service_request("GetEliteRank", &[("SessionToken", Value::Text(session_token))])
}

/// `GetFriends`.
pub fn get_friends(session_token: &str, ids: &[SteamId]) -> Vec<u8> {
    let mut entries = String::new();
    for id in ids {
        let id = id.to_string();
        entries.extend(["<PlatformIdEntry><PlatformId>", &id, "</PlatformId></PlatformIdEntry>"]);
    }
    let fields = [
        ("SessionToken", Value::Text(session_token)),
        ("PlatformIds", Value::Text(&entries)),
        ("MaxEntries", Value::Number(100)),
    ];
    service_request("GetFriends", &fields)
}

/// The content of an `EnterMatchmaking2` request.
#[derive(Clone, Copy, Debug)]
pub struct EnterMatchmaking<'a> {
    /// The player's session token.
    pub session_token: &'a str,
    /// The lobby of the party.
    pub group_lobby: u64,
    /// The lobby of this attempt.
    pub game_lobby: u64,
    /// The mode.
    pub mode: Mode,
    /// Players in the party.
    pub size: u8,
    /// True if the player accepts AI.
    pub ignore_minimum: bool,
}

/// `EnterMatchmaking2`.
pub fn enter_matchmaking(poll: &EnterMatchmaking<'_>) -> Vec<u8> {
    let fields = [
        ("SessionToken", Value::Text(poll.session_token)),
        ("GroupLobbyId", Value::Number(poll.group_lobby.cast_signed())),
        ("GameLobbyId", Value::Number(poll.game_lobby.cast_signed())),
        ("NetworkVersion", Value::Number(1)),
        ("GameType", Value::Text(poll.mode.game_type())),
        ("GroupSize", Value::Number(poll.size.into())),
        ("SkillLevel", Value::Number(263_127_040)),
        ("RuleSet", Value::Text(poll.mode.rule_set.name())),
        ("Ranking", Value::Text("NotRanked")),
        ("IgnoreMinimumMatchRequirements", Value::Text(if poll.ignore_minimum { "true" } else { "false" })),
    ];
    service_request("EnterMatchmaking2", &fields)
}

/// `CancelMatchmaking`.
pub fn cancel_matchmaking(session_token: &str) -> Vec<u8> {
    service_request("CancelMatchmaking", &[("SessionToken", Value::Text(session_token))])
}

/// `RegisterActiveGameWithPlayers`, of a race of these players.
pub fn register_active_game(
    session_token: &str,
    race_key: RaceKey,
    mode: Mode,
    players: &[SteamId],
) -> Vec<u8> {
    let key = race_key.to_string();
    let listed = players.iter().map(SteamId::to_string).collect::<Vec<_>>().join(",");
    let fields = [
        ("SessionToken", Value::Text(session_token)),
        ("RaceKey", Value::Text(&key)),
        ("HostPlatformID", Value::Text("x")),
        ("GameLobbyId", Value::Text("x")),
        ("NetworkVersion", Value::Number(1)),
        ("GameType", Value::Text("x")),
        ("RuleSet", Value::Text(mode.rule_set.name())),
        ("Ranking", Value::Text(if mode.ranked { "Ranked" } else { "NotRanked" })),
        ("Team1Size", Value::Number(0)),
        ("Team2Size", Value::Number(0)),
        ("SecondsItTookToMatchmake", Value::Number(0)),
        ("PlatformIDs", Value::Text(&listed)),
    ];
    service_request("RegisterActiveGameWithPlayers", &fields)
}

/// `AddPoints`.
pub fn add_points(session_token: &str, race_key: RaceKey, change: Points) -> Vec<u8> {
    let key = race_key.to_string();
    let fields = [
        ("SessionToken", Value::Text(session_token)),
        ("RaceKey", Value::Text(&key)),
        ("Points", Value::Number(change.0.into())),
        ("Level", Value::Number(34)),
        ("Prestige", Value::Number(8)),
    ];
    service_request("AddPoints", &fields)
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

fn document(root: &str, fields: &[(&str, Value<'_>)]) -> Vec<u8> {
    let mut text = Vec::with_capacity(1024);
    let mut put = |pieces: &[&str]| pieces.iter().for_each(|piece| text.extend_from_slice(piece.as_bytes()));
    put(&["<", root, ">\r\n"]);
    for (name, value) in fields {
        put(&["  <", name, ">"]);
        match value {
            Value::Text(value) => put(&[value]),
            Value::Number(value) => put(&[itoa::Buffer::new().format(*value)]),
        }
        put(&["</", name, ">\r\n"]);
    }
    put(&["</", root, ">"]);
    text
}

/// Returns a request to this service with these fields.
fn service_request(service: &str, fields: &[(&str, Value<'_>)]) -> Vec<u8> {
    post(path(service), &document(service, fields))
}

pub(crate) fn path(name: &str) -> &'static str {
    SERVICES.iter().find(|service| service.name == name).map_or("", |service| service.path)
}

fn get(host: &str, path: &str) -> Vec<u8> {
    ["GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\n", UNITY, "\r\n"].concat().into_bytes()
}

/// Fields that Unity sends in every request.
const UNITY: &str = "User-Agent: UnityPlayer/5.4.5p1 (http://unity3d.com)\r\nAccept: */*\r\n\
    Accept-Encoding: identity\r\nX-Unity-Version: 5.4.5p1\r\n";

pub(crate) fn post(path: &str, body: &[u8]) -> Vec<u8> {
    post_with(path, "content-type: application/xml\r\n", body)
}

/// Returns a `POST` request with more fields, each of them a line.
pub(super) fn post_with(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let mut length = itoa::Buffer::new();
    let head =
        ["POST /", path, " HTTP/1.1\r\nHost: mmcos.codemasters.com\r\n", UNITY, fields, "Content-Length: "];
    let mut request = Vec::with_capacity(512 + body.len());
    for piece in head.into_iter().chain([length.format(body.len()), "\r\n\r\n"]) {
        request.extend_from_slice(piece.as_bytes());
    }
    request.extend_from_slice(body);
    request
}
