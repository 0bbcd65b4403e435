//! Players as they come to the server: their Steam tickets, their requests, and the contents of responses.

use std::{sync::LazyLock, time::Duration};

use mmcos_core::{
    admin::{self, DeskConfig},
    calendar::Date,
    engine::{Limits, SETTLING},
    game::Life,
    seam::{ConnId, Wall},
    wire::steam::{AppId, SIGNATURE_LEN, SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};
use mmcos_game::{
    BuiltIn, IdentityPolicy, Mmcos, Settings,
    catalogue::Catalogue,
    ids::MatchId,
    session_token::{LIFETIME, SessionKey},
};

use super::rig::{Rig, START, status};

pub(crate) const LOGIN: &str = "MMCOS-Account/AccountService.svc/Login";
pub(crate) const UPDATE_TITLE: &str = "MMCOS-Account/AccountService.svc/UpdateAccountTitle";
pub(crate) const ENTER: &str = "MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2";
pub(crate) const CANCEL: &str = "MMCOS-Matchmaking/MatchmakingService.svc/CancelMatchmaking";
pub(crate) const REGISTER: &str = "MMCOS-Matchmaking/MatchmakingService.svc/RegisterActiveGameWithPlayers";
pub(crate) const ADD_POINTS: &str = "MMCOS-GameProgression/GameProgressionService.svc/AddPoints";
pub(crate) const GET_ELITE: &str = "MMCOS-Leaderboard/LeaderboardService.svc/GetElite";
pub(crate) const GET_FRIENDS: &str = "MMCOS-Leaderboard/LeaderboardService.svc/GetFriends";

const KEY: [u8; 32] = [0x5E; 32];
static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::official().expect("it is tested elsewhere"));

/// Settings that trust every Steam ticket.
pub(crate) fn trusting() -> Settings {
    Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().expect("they are tested elsewhere") }
}

/// Everything that a game is started with: its settings, built-in values, and life.
#[derive(Clone)]
pub(crate) struct Hosted {
    pub(crate) settings: Settings,
    pub(crate) built_in: BuiltIn,
    pub(crate) life: Life,
}

impl From<Settings> for Hosted {
    fn from(settings: Settings) -> Self {
        let desk = DeskConfig { admin: Some(admin::Config::default()), ..DeskConfig::default() };
        let built_in = BuiltIn { first_match: MatchId(1), ..BuiltIn::with_catalogue(CATALOGUE.clone()) };
        Self { settings, built_in, life: Life { key: KEY, desk, ..Life::default() } }
    }
}

impl Hosted {
    pub(crate) fn with_admin(mut self, admin: admin::Config) -> Self {
        self.life.desk.admin = Some(admin);
        self
    }
}

/// Creates a game in a life of its own.
pub(crate) fn game(hosted: impl Into<Hosted>, life: u8) -> Mmcos {
    let Hosted { settings, built_in, life: shared } = hosted.into();
    Mmcos::with_built_in(&settings, built_in, &Life { seed: [life; 32], ..shared })
}

pub(crate) fn session_key() -> SessionKey {
    SessionKey::new(&KEY, LIFETIME)
}

pub(crate) fn rig(hosted: impl Into<Hosted>) -> Rig<Mmcos> {
    Rig::new(game(hosted, 3), Limits::default())
}

/// Creates a server without stored records.
pub(crate) fn server() -> Rig<Mmcos> {
    rig(trusting())
}

/// Returns a server in the place of this one, with all that it recorded, which has run for as long as its clock takes
/// to settle. Its race keys are different.
pub(crate) fn restarted(rig: &Rig<Mmcos>, config: impl Into<Hosted>, now: Wall) -> Rig<Mmcos> {
    let start = Wall::from_millis(now.as_millis() - i64::try_from(SETTLING.as_millis()).expect("minutes"));
    let mut next = just_restarted(rig, config, start);
    next.pass(SETTLING);
    next
}

/// Returns the same server as [`restarted`], just started.
pub(crate) fn just_restarted(rig: &Rig<Mmcos>, config: impl Into<Hosted>, now: Wall) -> Rig<Mmcos> {
    let mut next = Rig::new(game(config, 4), Limits::default());
    for record in &rig.records {
        next.server.restore(record.clone()).expect("what was recorded fits");
    }
    next.records.clone_from(&rig.records);
    next.set_wall(now);
    next
}

/// Returns a Steam ticket of this player, issued now for this game, to be signed.
pub(crate) fn ticket(steam_id: u64) -> TicketBuilder {
    let issued = UnixSeconds(u32::try_from(START).expect("before 2106"));
    TicketBuilder::new(SteamId::new(steam_id), AppId(535_850), issued)
}

/// Returns a `PlatformID` without a signature.
pub(crate) fn platform_id(steam_id: u64) -> String {
    encode_platform_id(&ticket(steam_id).build(|_| [0; SIGNATURE_LEN]).expect("a short ticket"))
}

pub(crate) fn post(service: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /MMCOS/{service} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) fn login_request(platform_id: &str, name: &str) -> Vec<u8> {
    let name = escaped(name);
    post(
        LOGIN,
        &format!(
            "<Login><ProtocolVersion>1</ProtocolVersion><PlatformType>Steam</PlatformType>\
             <PlatformID>{platform_id}</PlatformID><DisplayName>{name}</DisplayName>\
             <DefaultTitle>lng_player_title_default</DefaultTitle><ExtraSeason>38</ExtraSeason></Login>"
        ),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Logs in and returns the response.
pub(crate) fn login_answer(rig: &mut Rig<Mmcos>, steam_id: u64, name: &str) -> String {
    rig.request(&login_request(&platform_id(steam_id), name))
}

/// Logs in and returns the session token.
pub(crate) fn login(rig: &mut Rig<Mmcos>, steam_id: u64, name: &str) -> String {
    let answer = login_answer(rig, steam_id, name);
    assert_eq!(status(&answer), "200", "{answer}");
    text(&answer, "SessionToken").to_owned()
}

/// Matches against AI and sends this result.
pub(crate) fn race(rig: &mut Rig<Mmcos>, token: &str, points: i32) -> String {
    let search = Search { ignore: true, ..Search::race(token, 7) };
    let conn = search.begin(rig);
    rig.pass(Duration::from_mins(2));
    let race_key = text(&rig.read(conn), "RaceKey").to_owned();
    rig.leave(conn);
    add_points(rig, token, &race_key, points)
}

pub(crate) fn add_points(rig: &mut Rig<Mmcos>, token: &str, race_key: &str, points: i32) -> String {
    rig.request(&post(
        ADD_POINTS,
        &format!(
            "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>{race_key}</RaceKey>\
             <Points>{points}</Points><Level>3</Level><Prestige>1</Prestige></AddPoints>"
        ),
    ))
}

pub(crate) fn get_elite(rig: &mut Rig<Mmcos>, token: &str) -> String {
    rig.request(&post(
        GET_ELITE,
        &format!(
            "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank>\
             <NumResults>100</NumResults></GetElite>"
        ),
    ))
}

/// Chooses a title, as the game does.
pub(crate) fn update_title(rig: &mut Rig<Mmcos>, token: &str, title: &str) -> String {
    rig.request(&post(
        UPDATE_TITLE,
        &format!(
            "<UpdateAccountTitle><SessionToken>{token}</SessionToken><Title>{title}</Title></UpdateAccountTitle>"
        ),
    ))
}

/// Base of lobby ids: the number of a lobby is added, for an id as Steam issues them.
pub(crate) const LOBBIES: u64 = 109_775_241_000_000_000;

/// Returns the numbers of the lobbies in the elements with this name.
pub(crate) fn lobbies(answer: &str, name: &str) -> Vec<u64> {
    texts(answer, name).into_iter().map(|id| id.parse::<u64>().unwrap() - LOBBIES).collect()
}

/// Sends `RegisterActiveGameWithPlayers`, by a player who lists these.
pub(crate) fn register(rig: &mut Rig<Mmcos>, token: &str, race_key: &str, listed: &[u64]) {
    let listed: Vec<String> = listed.iter().map(u64::to_string).collect();
    let answer = rig.request(&post(
        REGISTER,
        &format!(
            "<RegisterActiveGameWithPlayers><SessionToken>{token}</SessionToken><RaceKey>{race_key}</RaceKey>\
             <PlatformIDs>{}</PlatformIDs></RegisterActiveGameWithPlayers>",
            listed.join(",")
        ),
    ));
    assert_eq!(status(&answer), "200", "{answer}");
}

/// A search, as the game sends it.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) token: &'a str,
    pub(crate) lobby: u64,
    pub(crate) game_type: &'a str,
    pub(crate) rule_set: &'a str,
    pub(crate) ignore: bool,
    pub(crate) size: u8,
}

impl<'a> Search<'a> {
    pub(crate) fn race(token: &'a str, lobby: u64) -> Self {
        Self { token, lobby, game_type: "QuickRace", rule_set: "Race", ignore: false, size: 1 }
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let Self { token, lobby, game_type, rule_set, ignore, size } = self;
        let (party, lobby) = (LOBBIES + lobby + 1_000, LOBBIES + lobby);
        post(
            ENTER,
            &format!(
                "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>{party}</GroupLobbyId>\
                 <GameLobbyId>{lobby}</GameLobbyId><NetworkVersion>1</NetworkVersion>\
                 <GameType>{game_type}</GameType><GroupSize>{size}</GroupSize><SkillLevel>5</SkillLevel>\
                 <RuleSet>{rule_set}</RuleSet><Ranking>NotRanked</Ranking>\
                 <IgnoreMinimumMatchRequirements>{ignore}</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
            ),
        )
    }

    /// Begins the search on a connection of its own.
    pub(crate) fn begin(&self, rig: &mut Rig<Mmcos>) -> ConnId {
        let conn = rig.open();
        rig.send(conn, &self.request());
        conn
    }
}

/// Returns the text of the first element with this name.
pub(crate) fn text<'a>(answer: &'a str, name: &str) -> &'a str {
    texts(answer, name).first().copied().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// Returns an hour of a day.
pub(crate) fn on(year: u16, month: u8, day: u8, hour: i64) -> Wall {
    Wall::from_secs(Date { year, month, day }.start().as_secs() + hour * 3_600)
}

/// Returns the texts of all elements with this name.
pub(crate) fn texts<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = answer.split(&open).skip(1).filter_map(|rest| rest.split_once(&close));
    found.map(|(text, _)| text).collect()
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
