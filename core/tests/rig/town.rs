//! A server that some players have logged in to, and what they ask of it.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use mmcos_core::{
    engine::Limits,
    mmcos::{
        Config, IdentityPolicy, Mmcos, catalogue::Catalogue, identity::APP, ids::UserId, session::Session,
        session::SessionKey,
    },
    seam::{ConnId, Wall},
    wire::steam::{SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};

use super::{Rig, START, status};

const SERVICES: &str = "/MMCOS/MMCOS-";

/// A server that Bob and Cid have logged in to.
pub struct Town {
    pub rig: Rig<Mmcos>,
    clients: BTreeMap<&'static str, ConnId>,
    pub tokens: BTreeMap<&'static str, String>,
    pub race_key: String,
}

pub fn steam_id(name: &str) -> SteamId {
    let number = name.bytes().next().map_or(0, |first| u64::from(first - b'a'));
    SteamId::new(76_561_198_000_000_001 + number)
}

pub fn ticket(name: &str) -> String {
    let issued = UnixSeconds(u32::try_from(START).unwrap());
    encode_platform_id(&TicketBuilder::new(steam_id(name), APP, issued).build(|_| [0; 128]).unwrap())
}

pub fn config() -> Config {
    static OFFICIAL: LazyLock<Config> = LazyLock::new(|| Config::new(Catalogue::official().unwrap()));
    Config { identity: IdentityPolicy::Trust, ..OFFICIAL.clone() }
}

/// The text between the first `<name>` and the tag behind it.
pub fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, after) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    after.split('<').next().unwrap()
}

pub fn post(service: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {SERVICES}{service} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

impl Town {
    pub fn new(config: Config) -> Self {
        let rig = Rig::new(Mmcos::new(config, [5; 32]), Limits::default());
        let mut town =
            Self { rig, clients: BTreeMap::new(), tokens: BTreeMap::new(), race_key: String::new() };
        for name in ["bob", "cid"] {
            town.login(name);
        }
        let answer = town.search("bob", "QuickRace", "Race", true);
        town.race_key = element(&answer, "RaceKey").to_owned();
        town
    }

    pub fn client(&mut self, name: &'static str) -> ConnId {
        let rig = &mut self.rig;
        *self.clients.entry(name).or_insert_with(|| rig.open())
    }

    pub fn ask(&mut self, name: &'static str, request: &[u8]) -> String {
        let conn = self.client(name);
        self.rig.send(conn, request);
        self.rig.read(conn)
    }

    pub fn login(&mut self, name: &'static str) -> String {
        let (first, rest) = name.split_at(1);
        let (id, display) = (ticket(name), first.to_uppercase() + rest);
        let body =
            format!("<Login><PlatformID>{id}</PlatformID><DisplayName>{display}</DisplayName></Login>");
        let answer = self.ask(name, &post("Account/AccountService.svc/Login", &body));
        self.tokens.insert(name, element(&answer, "SessionToken").to_owned());
        answer
    }

    /// Logs in by a new connection: the old one has timed out.
    pub fn fresh_login(&mut self, name: &'static str) -> String {
        self.clients.remove(name);
        self.login(name)
    }

    /// What the player has read since.
    pub fn heard(&mut self, name: &'static str) -> String {
        let conn = self.client(name);
        self.rig.read(conn)
    }

    pub fn search(&mut self, name: &'static str, game_type: &str, rule_set: &str, ai: bool) -> String {
        let (token, number) = (&self.tokens[name], steam_id(name).get() % 1000);
        let body = format!(
            "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>{number}</GroupLobbyId>\
             <GameLobbyId>10{number}</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>{game_type}</GameType>\
             <GroupSize>1</GroupSize><RuleSet>{rule_set}</RuleSet>\
             <IgnoreMinimumMatchRequirements>{ai}</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
        );
        self.ask(name, &post("Matchmaking/MatchmakingService.svc/EnterMatchmaking2", &body))
    }

    pub fn score(&mut self, name: &'static str, points: i32) -> String {
        self.search(name, "RankedBattle", "Battle", true);
        let answer = self.search(name, "RankedBattle", "Battle", true);
        let (token, key) = (&self.tokens[name], element(&answer, "RaceKey"));
        let body = format!(
            "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>{key}</RaceKey><Points>{points}</Points>\
             <Level>7</Level><Prestige>1</Prestige></AddPoints>"
        );
        self.ask(name, &post("GameProgression/GameProgressionService.svc/AddPoints", &body))
    }

    pub fn elite(&mut self, name: &'static str) -> String {
        let token = &self.tokens[name];
        let body = format!(
            "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank><NumResults>100</NumResults></GetElite>"
        );
        self.ask(name, &post("Leaderboard/LeaderboardService.svc/GetElite", &body))
    }

    pub fn title(&mut self, name: &'static str, title: &str) {
        let token = &self.tokens[name];
        let body = format!(
            "<UpdateAccountTitle><SessionToken>{token}</SessionToken><Title>{title}</Title></UpdateAccountTitle>"
        );
        assert_eq!(
            status(&self.ask(name, &post("Account/AccountService.svc/UpdateAccountTitle", &body))),
            "200"
        );
    }

    /// The text with all that stands in braces filled in, but for `{length}`.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.replace("{race key}", &self.race_key);
        let old = SessionKey::new(&[0; 32], Duration::from_hours(1));
        for (name, token) in &self.tokens {
            let issued = Wall::from_secs(START - 7 * 24 * 60 * 60);
            let session = Session { user: UserId(1), steam_id: steam_id(name), issued };
            text = text.replace(&format!("{{token {name}}}"), token);
            text = text.replace(&format!("{{old token {name}}}"), &old.issue(&session));
        }
        for name in ["ann", "bob", "cid"] {
            text = text.replace(&format!("{{ticket {name}}}"), &ticket(name));
        }
        text
    }
}
