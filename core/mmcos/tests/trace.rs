//! A run is written down as a trace and played again.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test: a panic is its failure")]

#[path = "../../tests/signing/mod.rs"]
mod signing;

use std::{fmt::Write as _, time::Duration};

use mmcos_core::{
    OutboxOf, Server,
    engine::Limits,
    seam::{ConnId, Effect, Input, Monotonic, Now, Storage, StorageTrouble, Wall},
    wire::steam::{AppId, SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};
use mmcos_game::{
    Config, IdentityPolicy, Mmcos,
    catalogue::Catalogue,
    trace::{EffectLine, InputLine, ReplayError, Start, replay},
};

/// 2023-11-18 19:45:20 UTC.
const START: u32 = 1_700_336_720;

/// A server that writes down what it does.
struct Recorded {
    server: Server<Mmcos>,
    trace: String,
    millis: u32,
    opened: u64,
}

impl Recorded {
    fn new(start: &Start) -> Self {
        Self { server: start.server().unwrap(), trace: format!("{start}\n"), millis: 0, opened: 0 }
    }

    /// What is sent.
    fn input(&mut self, input: Input<'_>) -> String {
        let wall = Wall::from_millis(i64::from(START) * 1000 + i64::from(self.millis));
        let monotonic = Monotonic::default().after(Duration::from_millis(self.millis.into()));
        let now = Now { monotonic, wall };
        writeln!(self.trace, "{}", InputLine { now, input }).unwrap();
        let mut out = OutboxOf::<Mmcos>::new();
        self.server.handle(now, input, &mut out);
        let mut sent = Vec::new();
        for effect in out.drain() {
            if let Some(line) = EffectLine::of(&effect) {
                writeln!(self.trace, "{line}").unwrap();
            }
            if let Effect::Send { bytes, .. } = effect {
                sent.extend_from_slice(&bytes);
            }
        }
        String::from_utf8(sent).unwrap()
    }

    /// What a new client is sent at once.
    fn ask(&mut self, request: &str) -> String {
        self.opened += 1;
        let conn = ConnId(self.opened);
        let peer = ([127, 0, 0, 1], 50_000).into();
        self.input(Input::Opened { conn, peer, tls: false });
        self.input(Input::Received { conn, bytes: request.as_bytes() })
    }

    fn login(&mut self, steam_id: u64) -> String {
        let ticket = TicketBuilder::new(SteamId::new(steam_id), AppId(535_850), UnixSeconds(START));
        let platform_id = encode_platform_id(&ticket.build(signing::sign).unwrap());
        let answer = self.ask(&post(
            "/MMCOS-Account/AccountService.svc/Login",
            &format!("<Login><PlatformID>{platform_id}</PlatformID><DisplayName>Ä</DisplayName></Login>"),
        ));
        let (_, rest) = answer.split_once("<SessionToken>").unwrap_or_else(|| panic!("{answer}"));
        rest.split_once('<').unwrap().0.to_owned()
    }

    /// A search of a player in lobbies of its own: two parties in one lobby would never meet.
    fn search(&mut self, player: u64, token: &str) -> String {
        let lobby = 109_775_241_000_000_000 + player * 10;
        let game_lobby = lobby + 1;
        self.ask(&post(
            "/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2",
            &format!(
                "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>{lobby}</GroupLobbyId>\
                 <GameLobbyId>{game_lobby}</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>QuickRace</GameType>\
                 <GroupSize>1</GroupSize><SkillLevel>1</SkillLevel><RuleSet>Race</RuleSet><Ranking>NotRanked</Ranking>\
                 <IgnoreMinimumMatchRequirements>false</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
            ),
        ))
    }

    fn pass(&mut self, millis: u32) -> String {
        self.millis += millis;
        self.input(Input::Tick)
    }
}

fn post(path: &str, body: &str) -> String {
    format!("POST /MMCOS{path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Two players log in, meet, and go; then the server stops.
fn an_evening(start: &Start) -> Recorded {
    let mut run = Recorded::new(start);
    let tokens = [1, 2].map(|player| run.login(76_561_202_255_230_000 + player));
    for (player, token) in (1..).zip(&tokens) {
        assert_eq!(run.search(player, token), "", "held");
        run.pass(700);
    }
    assert_eq!(run.pass(24_000).matches("<RaceKey>").count(), 2, "they meet");
    run.input(Input::Closed { conn: ConnId(1) });
    for storage in [Storage::Delayed(StorageTrouble::Locked), Storage::Unavailable(StorageTrouble::ReadOnly)]
    {
        run.input(Input::Storage(storage));
    }
    assert!(run.search(1, &tokens[0]).contains(" 503 "));
    run.input(Input::Storage(Storage::Available));
    run.ask("GET /ä HTTP/1.1\r\n\r\n");
    run.input(Input::Shutdown { grace: Duration::from_millis(4_500) });
    run
}

fn start() -> Start {
    let identity = IdentityPolicy::Verify(signing::public_key());
    let config = Config { identity, ..Config::new(Catalogue::official().unwrap()) };
    Start { seed: [7; 32], limits: Limits::default(), config, records: Vec::new() }
}

#[test]
fn a_run_replays_to_the_same_bytes_also_one_that_continues_another() {
    assert_eq!(start().server().unwrap().service().snapshot().next(), None, "nothing was kept before");
    let first = an_evening(&start());
    let done = replay(&first.trace).unwrap();
    assert!(done.sent > 100_000 && done.inputs == 20, "{done:?}");
    let records: Vec<_> = first.server.service().snapshot().collect();
    assert!(records.len() > 3, "{records:?}");
    let second = an_evening(&Start { records, seed: [8; 32], ..start() });
    assert_eq!(replay(&second.trace).unwrap().inputs, done.inputs);
}

#[test]
fn a_trace_is_readable() {
    let trace = an_evening(&start()).trace;
    assert!(trace.starts_with("mmcos-trace 2\nstart {\"seed\":\"BwcHBw"), "{trace}");
    assert!(trace.contains("\n0.000000000 1700336720000 opened 1 plain 127.0.0.1:50000\n"));
    assert!(trace.contains("\n0.700000000 1700336720700 received 4 POST /MMCOS/MMCOS-Matchmaking/"));
    assert!(trace.contains("\n25.400000000 1700336745400 tick\n  persist {\"Race\":{\"session\":1,"));
    assert!(trace.contains("\n  send 1 HTTP/1.1 200 OK\\r\\n"));
    assert!(trace.contains(" bytes, SHA-256 "));
    assert!(trace.contains("\n25.400000000 1700336745400 shutdown 4.500000000\n"));
    assert!(trace.lines().all(|line| line.len() < 3_000));
}

#[test]
fn a_trace_of_version_1_replays() {
    let trace = an_evening(&start()).trace;
    // It had the number of a listener there.
    let old = trace.replacen("mmcos-trace 2", "mmcos-trace 1", 1).replace(" plain 127.", " 0 127.");
    assert!(old.contains(" opened 1 0 127.0.0.1:50000\n") && !old.contains(" plain 127."));
    assert_eq!(replay(&old).unwrap(), replay(&trace).unwrap());
    let later = old.replacen("mmcos-trace 1", "mmcos-trace 3", 1);
    let error = replay(&later).unwrap_err().to_string();
    assert_eq!(error, "line 1: expected mmcos-trace 2, found \"mmcos-trace 3\"");
}

#[test]
fn every_line_that_is_left_out_or_changed_is_noticed() {
    let trace = an_evening(&start()).trace;
    let lines: Vec<&str> = trace.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with(' ')) {
        let without = [&lines[..at], &lines[at + 1..]].concat().join("\n");
        assert!(matches!(replay(&without), Err(ReplayError::Differs { .. })), "{line}");
        let mut changed = lines.clone();
        let other = format!("{}~", &line[..line.len() - 1]);
        changed[at] = &other;
        let Err(ReplayError::Differs { line: found, recorded, .. }) = replay(&changed.join("\n")) else {
            panic!("{line}")
        };
        assert_eq!((found, recorded.as_str()), (at + 1, other.trim_start()));
    }
    let another_seed = trace.replacen("BwcHBw", "BwcHBg", 1);
    assert!(matches!(replay(&another_seed), Err(ReplayError::Differs { .. })));
}

#[test]
fn what_is_no_trace_is_an_error_that_names_the_line() {
    let message = |trace: &str| replay(trace).unwrap_err().to_string();
    assert!(message("").starts_with("line 1: expected mmcos-trace 2"));
    assert!(message("mmcos-trace 2\nbegin").starts_with("line 2: expected start"));
    let head = start().to_string();
    for line in [
        "x",
        "1.5 0 tick",
        "0.000000000 0 opened 1 tls here",
        "0.000000000 0 opened 1 ssl 127.0.0.1:1",
        "0.000000000 0 received 1 \\y",
    ] {
        assert!(message(&format!("{head}\n{line}")).starts_with("line 3: expected an input"), "{line}");
    }
    assert!(message(&format!("{head}\nrecord {{}}")).starts_with("line 3: "));
}
