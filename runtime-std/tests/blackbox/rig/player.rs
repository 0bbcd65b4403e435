//! A player as the game makes one: logs in, searches, and learns its match.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mmcos_core::wire::steam::{AppId, SteamId, TicketBuilder, UnixSeconds, encode_platform_id};

use super::{
    client::{Answer, Client, element, post},
    tls,
};

pub(crate) const ENTER: &str = "/MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2";
const LOGIN: &str = "/MMCOS/MMCOS-Account/AccountService.svc/Login";

pub(crate) const RACE: Mode = Mode { version: 1, game_type: "QuickRace", rule_set: "Race" };
pub(crate) const ELIMINATION: Mode =
    Mode { version: 1, game_type: "QuickElimination", rule_set: "Elimination" };
pub(crate) const BATTLE: Mode = Mode { version: 1, game_type: "RankedBattle", rule_set: "Battle" };

/// Mode that a player searches for.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    /// Players of different versions of the game do not meet.
    pub(crate) version: u32,
    pub(crate) game_type: &'static str,
    pub(crate) rule_set: &'static str,
}

pub(crate) fn steam_id(number: u32) -> u64 {
    76_561_202_255_230_000 + u64::from(number)
}

/// Returns a login with a Steam ticket that Steam did not sign.
pub(crate) fn login(number: u32) -> Vec<u8> {
    login_that_knows(number, 57)
}

/// Returns a login of a game that was last told of this season.
pub(crate) fn login_that_knows(number: u32, season: i64) -> Vec<u8> {
    login_with(number, &format!("Player {number}"), season)
}

fn login_with(number: u32, name: &str, season: i64) -> Vec<u8> {
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let issued = UnixSeconds(u32::try_from(now).unwrap());
    let ticket = TicketBuilder::new(SteamId::new(steam_id(number)), AppId(535_850), issued);
    let platform_id = encode_platform_id(&ticket.build(|_| [0; 128]).unwrap());
    let body = format!(
        "<Login>\r\n  <ProtocolVersion>1</ProtocolVersion>\r\n  <PlatformType>Steam</PlatformType>\r\n  \
         <PlatformID>{platform_id}</PlatformID>\r\n  <DisplayName>{name}</DisplayName>\r\n  \
         <DefaultTitle>lng_player_title_box_001</DefaultTitle>\r\n  <ExtraSeason>{season}</ExtraSeason>\r\n</Login>"
    );
    post(LOGIN, &body)
}

/// Returns a request with a session to a method of a service.
pub(crate) fn request(token: &str, service: &str, name: &str, fields: &str) -> Vec<u8> {
    let path = format!("/MMCOS/MMCOS-{service}/{service}Service.svc/{name}");
    post(&path, &format!("<{name}><SessionToken>{token}</SessionToken>{fields}</{name}>"))
}

/// A player, with a connection that sends one request at a time.
pub(crate) struct Player {
    number: u32,
    pub(crate) client: Client,
    pub(crate) token: String,
    /// Time for which the login response lets the game search before it accepts AI.
    pub(crate) search_time: Duration,
    /// Number of searches so far.
    searches: u32,
}

impl Player {
    /// Logs in over TLS.
    pub(crate) fn new(https: SocketAddr, number: u32) -> Self {
        Self::with(Client::tls(https, &tls::modern()), number)
    }

    /// Logs in on this connection.
    pub(crate) fn with(client: Client, number: u32) -> Self {
        Self::named(client, number, &format!("Player {number}"))
    }

    /// Logs in with this name.
    pub(crate) fn named(mut client: Client, number: u32, name: &str) -> Self {
        let answer = client.ask(&login_with(number, name, 57)).ok();
        let (_, timeout) = answer.text().rsplit_once("Config_MatchmakingTimeout_Soft").unwrap();
        let search_time = Duration::from_secs(element(timeout, "Value").parse().unwrap());
        let token = answer.element("SessionToken").to_owned();
        Self { number, client, token, search_time, searches: 0 }
    }

    /// Returns the lobby of its party.
    pub(crate) fn group(&self) -> u64 {
        LOBBIES + 1_000_000 + u64::from(self.number)
    }

    /// Returns the lobby of its latest search.
    pub(crate) fn lobby(&self) -> u64 {
        LOBBIES + u64::from(self.number) * 1000 + u64::from(self.searches)
    }

    pub(crate) fn search(&mut self, mode: Mode) {
        self.search_as(mode, 1, false);
    }

    /// Searches with this number of players in its party. `ignore` accepts AI.
    pub(crate) fn search_as(&mut self, mode: Mode, size: u8, ignore: bool) {
        self.searches += 1;
        let Mode { version, game_type, rule_set } = mode;
        let (token, group, lobby) = (&self.token, self.group(), self.lobby());
        let body = format!(
            "<EnterMatchmaking2>\r\n  <SessionToken>{token}</SessionToken>\r\n  <GroupLobbyId>{group}</GroupLobbyId>\r\n  \
             <GameLobbyId>{lobby}</GameLobbyId>\r\n  <NetworkVersion>{version}</NetworkVersion>\r\n  \
             <GameType>{game_type}</GameType>\r\n  <GroupSize>{size}</GroupSize>\r\n  <SkillLevel>1</SkillLevel>\r\n  \
             <RuleSet>{rule_set}</RuleSet>\r\n  <Ranking>NotRanked</Ranking>\r\n  \
             <IgnoreMinimumMatchRequirements>{ignore}</IgnoreMinimumMatchRequirements>\r\n</EnterMatchmaking2>"
        );
        self.client.send(&post(ENTER, &body));
    }

    /// Sends the result of a match.
    #[allow(dead_code, reason = "the tests of the dashboard alone have somebody score")]
    pub(crate) fn score(&mut self, race_key: &str, points: i32) {
        self.send_score(race_key, points);
        self.client.answer().ok();
    }

    /// Sends the result of a match, and does not wait for the response.
    pub(crate) fn send_score(&mut self, race_key: &str, points: i32) {
        let fields = format!(
            "<RaceKey>{race_key}</RaceKey><Points>{points}</Points><Level>3</Level><Prestige>0</Prestige>"
        );
        self.client.send(&request(&self.token, "GameProgression", "AddPoints", &fields));
    }

    /// Cancels its search, on a separate connection.
    pub(crate) fn cancel(&self, http: SocketAddr) {
        Client::plain(http).ask(&request(&self.token, "Matchmaking", "CancelMatchmaking", "")).ok();
    }
}

/// The place of a group in a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) game_lobby: u64,
    pub(crate) party_lobby: u64,
    pub(crate) size: u8,
    pub(crate) is_host: bool,
    pub(crate) team: u8,
}

/// The response to a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) race_key: String,
    pub(crate) session: u64,
    pub(crate) groups: Vec<Group>,
}

/// Offset between a lobby's number and its id, as Steam issues ids.
pub(crate) const LOBBIES: u64 = 109_775_241_000_000_000;

impl Match {
    fn read(answer: &Answer) -> Self {
        let groups = answer.text().split("<MatchmakingGroup>").skip(1).map(|group| {
            let part = Answer { body: group.as_bytes().to_vec(), ..answer.clone() };
            Group {
                game_lobby: part.element("GameLobbyId").parse().unwrap(),
                party_lobby: part.element("GroupLobbyId").parse().unwrap(),
                size: part.element("GroupSize").parse().unwrap(),
                is_host: part.element("IsHost").parse().unwrap(),
                team: part.element("Team").parse().unwrap(),
            }
        });
        let groups = groups.collect();
        let race_key = answer.element("RaceKey").to_owned();
        Self { race_key, session: answer.element("SessionId").parse().unwrap(), groups }
    }
}

/// Starts a search of every player.
pub(crate) fn search(players: &mut [Player], mode: Mode) {
    for player in players {
        player.search(mode);
    }
}

/// Asserts that all players get the same match, with themselves alone and one host. Returns that match.
pub(crate) fn meet(players: &mut [Player]) -> Match {
    let answers: Vec<Answer> = players.iter_mut().map(|player| player.client.answer()).collect();
    met(players, answers)
}

/// Does the same with their responses, in any order.
pub(crate) fn met(players: &[Player], answers: Vec<Answer>) -> Match {
    let results: Vec<Match> = answers.into_iter().map(|answer| Match::read(&answer.ok())).collect();
    let first = &results[0];
    assert!(results.iter().all(|result| result == first), "{results:?}");
    assert!(first.race_key.len() == 16 && first.session > 0, "{first:?}");
    assert_eq!(first.groups.iter().filter(|group| group.is_host).count(), 1, "{first:?}");
    let mut told: Vec<_> = first.groups.iter().map(|group| (group.party_lobby, group.game_lobby)).collect();
    let mut there: Vec<_> = players.iter().map(|player| (player.group(), player.lobby())).collect();
    told.sort_unstable();
    there.sort_unstable();
    assert_eq!(told, there);
    first.clone()
}

/// Asserts that the player gets a match with itself alone.
pub(crate) fn stays_alone(player: &mut Player) -> Match {
    meet(std::slice::from_mut(player))
}
