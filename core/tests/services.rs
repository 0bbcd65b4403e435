//! Every service through the seam, from the readable exchanges in `fixtures/`.
//!
//! A fixture is a comment, a request and the answer to it:
//!
//! ```text
//! # What it shows.
//! >>> ann            who asks: the requests of one name come by one connection
//! POST /path HTTP/1.1
//! Content-Length: {length}
//!
//! <Body/>            lines end in CRLF on the wire; a line `hex …` is bytes
//! --- wait 24.4      time that passes without an answer
//! <<<
//! HTTP/1.1 200 OK
//!
//! <Answer>{any}</Answer>
//! ```
//!
//! In requests `{ticket NAME}` is a ticket of that player, `{token NAME}` its session token, `{old token NAME}` one
//! that has expired, `{race key}` that of a match it was given, `{length}` the length of the body. In answers `{any}` is
//! anything. Bob and Cid have logged in, as accounts 1 and 2; Ann has not.
//!
//! Each is asked whole, byte by byte, split at every position, and with another request behind it.

#![cfg(test)]

mod rig;

use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock, time::Duration};

use mmcos_core::{
    engine::Limits,
    mmcos::{
        Config, IdentityPolicy, Mmcos, catalogue::Catalogue, identity::APP, ids::UserId, session::Session,
        session::SessionKey,
    },
    seam::{ConnId, Wall},
    wire::steam::{SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};
use rig::{Rig, START};

const SERVICES: &str = "/MMCOS/MMCOS-";

/// A server that Bob and Cid have logged in to.
struct Town {
    rig: Rig<Mmcos>,
    clients: BTreeMap<&'static str, ConnId>,
    tokens: BTreeMap<&'static str, String>,
    race_key: String,
}

fn steam_id(name: &str) -> SteamId {
    let number = name.bytes().next().map_or(0, |first| u64::from(first - b'a'));
    SteamId::new(76_561_198_000_000_001 + number)
}

fn ticket(name: &str) -> String {
    let issued = UnixSeconds(u32::try_from(START).unwrap());
    encode_platform_id(&TicketBuilder::new(steam_id(name), APP, issued).build(|_| [0; 128]).unwrap())
}

fn config() -> Config {
    static OFFICIAL: LazyLock<Config> = LazyLock::new(|| Config::new(Catalogue::official().unwrap()));
    Config { identity: IdentityPolicy::Trust, ..OFFICIAL.clone() }
}

/// The text between the first `<name>` and the tag behind it.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, after) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    after.split('<').next().unwrap()
}

fn post(service: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {SERVICES}{service} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

impl Town {
    fn new(config: Config) -> Self {
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

    fn client(&mut self, name: &'static str) -> ConnId {
        let rig = &mut self.rig;
        *self.clients.entry(name).or_insert_with(|| rig.open())
    }

    fn ask(&mut self, name: &'static str, request: &[u8]) -> String {
        let conn = self.client(name);
        self.rig.send(conn, request);
        self.rig.read(conn)
    }

    fn login(&mut self, name: &'static str) -> String {
        let (first, rest) = name.split_at(1);
        let (id, display) = (ticket(name), first.to_uppercase() + rest);
        let body =
            format!("<Login><PlatformID>{id}</PlatformID><DisplayName>{display}</DisplayName></Login>");
        let answer = self.ask(name, &post("Account/AccountService.svc/Login", &body));
        self.tokens.insert(name, element(&answer, "SessionToken").to_owned());
        answer
    }

    fn search(&mut self, name: &'static str, game_type: &str, rule_set: &str, ai: bool) -> String {
        let (token, number) = (&self.tokens[name], steam_id(name).get() % 1000);
        let body = format!(
            "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>{number}</GroupLobbyId>\
             <GameLobbyId>10{number}</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>{game_type}</GameType>\
             <GroupSize>1</GroupSize><RuleSet>{rule_set}</RuleSet>\
             <IgnoreMinimumMatchRequirements>{ai}</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
        );
        self.ask(name, &post("Matchmaking/MatchmakingService.svc/EnterMatchmaking2", &body))
    }

    fn score(&mut self, name: &'static str, points: i32) -> String {
        self.search(name, "RankedBattle", "Battle", true);
        let answer = self.search(name, "RankedBattle", "Battle", true);
        let (token, key) = (&self.tokens[name], element(&answer, "RaceKey"));
        let body = format!(
            "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>{key}</RaceKey><Points>{points}</Points>\
             <Level>7</Level><Prestige>1</Prestige></AddPoints>"
        );
        self.ask(name, &post("GameProgression/GameProgressionService.svc/AddPoints", &body))
    }

    fn elite(&mut self, name: &'static str) -> String {
        let token = &self.tokens[name];
        let body = format!(
            "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank><NumResults>100</NumResults></GetElite>"
        );
        self.ask(name, &post("Leaderboard/LeaderboardService.svc/GetElite", &body))
    }

    fn title(&mut self, name: &'static str, title: &str) {
        let token = &self.tokens[name];
        let body = format!(
            "<UpdateAccountTitle><SessionToken>{token}</SessionToken><Title>{title}</Title></UpdateAccountTitle>"
        );
        assert_eq!(
            rig::status(&self.ask(name, &post("Account/AccountService.svc/UpdateAccountTitle", &body))),
            "200"
        );
    }

    /// The text with all that stands in braces filled in, but for `{length}`.
    fn fill(&self, text: &str) -> String {
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

struct Fixture {
    who: &'static str,
    request: String,
    waits: Vec<f64>,
    answer: String,
}

fn parse(text: &str) -> Fixture {
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).peekable();
    let who = match lines.next() {
        Some(">>> ann") => "ann",
        Some(">>> bob") => "bob",
        Some(">>> cid") => "cid",
        other => panic!("{other:?}"),
    };
    let mut fixture = Fixture { who, request: String::new(), waits: Vec::new(), answer: String::new() };
    let mut in_answer = false;
    for line in lines {
        if let Some(seconds) = line.strip_prefix("--- wait ") {
            fixture.waits.push(seconds.parse().unwrap());
        } else if line == "<<<" {
            in_answer = true;
        } else {
            let side = if in_answer { &mut fixture.answer } else { &mut fixture.request };
            side.push_str(line);
            side.push('\n');
        }
    }
    fixture
}

/// The bytes of a message: lines end in CRLF, a body's last line in nothing, `hex …` lines are bytes.
fn bytes(message: &str) -> Vec<u8> {
    let (head, body) = message.split_once("\n\n").unwrap_or((message.trim_end(), ""));
    let body = match body.strip_prefix("hex ") {
        Some(digits) => unhex(digits.trim_end()),
        None => body.trim_end().replace('\n', "\r\n").into_bytes(),
    };
    let head = head.replace("{length}", &body.len().to_string()).replace('\n', "\r\n");
    [head.as_bytes(), b"\r\n\r\n", &body].concat()
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Whether the bytes are the expected ones, in which `{any}` stands for any.
fn matches(expected: &[u8], got: &[u8]) -> bool {
    let mut parts = expected.split_str(b"{any}");
    let Some(mut rest) = parts.next().and_then(|first| got.strip_prefix(first)) else { return false };
    let parts: Vec<&[u8]> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.windows(part.len().max(1)).position(|window| window.starts_with(part)) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

trait SplitStr {
    fn split_str<'a>(&'a self, by: &'a [u8]) -> impl Iterator<Item = &'a [u8]>;
}

impl SplitStr for [u8] {
    fn split_str<'a>(&'a self, by: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            let whole = rest?;
            match whole.windows(by.len()).position(|window| window == by) {
                Some(at) => {
                    rest = Some(&whole[at + by.len()..]);
                    Some(&whole[..at])
                }
                None => rest.take(),
            }
        })
    }
}

/// What the client reads when the request comes in these pieces.
fn play(fixture: &Fixture, cuts: impl Fn(&[u8]) -> Vec<usize>, behind: &[u8]) -> Vec<u8> {
    let mut town = Town::new(config());
    let request = [bytes(&town.fill(&fixture.request)).as_slice(), behind].concat();
    let conn = town.client(fixture.who);
    let mut from = 0;
    for to in cuts(&request).into_iter().chain([request.len()]) {
        town.rig.send(conn, &request[from..to]);
        from = to;
    }
    for seconds in &fixture.waits {
        assert_eq!(town.rig.read(conn), "", "an answer came too early");
        town.rig.pass(Duration::from_secs_f64(*seconds));
    }
    town.rig.read_bytes(conn)
}

const NEXT: &[u8] = b"GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: x\r\n\r\n";

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).with_extension("http");
    let fixture = parse(&fs::read_to_string(path).unwrap());
    let expected = bytes(&fixture.answer);
    let whole = play(&fixture, |_| Vec::new(), b"");
    assert!(
        matches(&expected, &whole),
        "{name}: expected\n{}\ngot\n{}",
        expected.escape_ascii(),
        whole.escape_ascii()
    );
    let bytewise = play(&fixture, |request| (1..request.len()).collect(), b"");
    assert_eq!(bytewise, whole, "{name} byte by byte");
    let length = bytes(&Town::new(config()).fill(&fixture.request)).len();
    for at in 1..length {
        assert_eq!(play(&fixture, |_| vec![at], b""), whole, "{name} split at {at}");
    }
    let pipelined = play(&fixture, |_| Vec::new(), NEXT);
    let rest = pipelined.strip_prefix(whole.as_slice()).unwrap_or_else(|| panic!("{name} pipelined"));
    assert!(rest.starts_with(b"HTTP/1.1 200 OK") && rest.ends_with(b"\r\n\r\nLive"), "{name} pipelined");
}

macro_rules! fixtures {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn every_file_is_played() {
            let listed = [$(concat!(stringify!($name), ".http")),*];
            let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")).unwrap();
            for file in files {
                let name = file.unwrap().file_name();
                assert!(listed.iter().any(|listed| *name == **listed), "{name:?} is not listed");
            }
        }
    };
}

fixtures! {
    add_points add_points_bad_key cancel egonet_analytics egonet_cut egonet_login egonet_unknown get_elite
    get_elite_beyond get_elite_rank get_friends login login_incomplete login_not_a_ticket login_without_prefix
    malformed_xml name_only_debug_message name_only_get_games name_only_register_server not_found redirect redirect_1
    redirect_2 register_game search_ai search_ai_battle search_held search_held_battle search_refused server_status
    server_status_head session_expired session_malformed update_title update_title_refused wrong_method
}
