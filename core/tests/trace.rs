//! Tests that a run is recorded as a trace and replays, whatever the game.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test: a panic is its failure")]

#[path = "../examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

use std::time::Duration;

use mmcos_core::{
    engine::Limits,
    game::{Game as _, Life, Unfit},
    link::ProxyHeaderError,
    seam::{ConnId, Input, ListenerKind, Monotonic, Now, Storage, StorageTrouble, Wall},
    testing::Recording,
    trace::{self, ReplayError, Replayed, Start, StartError},
};
use toy_game::{Duel, Settings};

fn start(patience: u32) -> Start<Duel> {
    let life = Life { key: [1; 32], seed: [7; 32], ..Life::default() };
    Start { life, limits: Limits::default(), settings: Settings { patience }, records: Vec::new() }
}

fn replay(trace: &str) -> Result<Replayed, ReplayError> {
    trace::replay::<Duel>(trace)
}

/// Ann waits in vain, bob wins twice, all other kinds of inputs follow, and the server stops.
fn an_evening(start: &Start<Duel>) -> Recording<Duel> {
    let mut run = Recording::new(start).unwrap();
    let mut input = |seconds: u32, input: Input<'_>| {
        let monotonic = Monotonic::default().after(Duration::from_secs(seconds.into()));
        let wall = Wall::from_secs(1_700_336_720 + i64::from(seconds));
        String::from_utf8(run.input(Now { monotonic, wall }, input)).unwrap()
    };
    for conn in [1, 2, 3].map(ConnId) {
        input(0, Input::Opened { conn, peer: ([127, 0, 0, 1], 4000).into(), listener: ListenerKind::Plain });
    }
    let (conn, client) = (ConnId(2), ([203, 0, 113, 7], 4000).into());
    input(0, Input::Proxied { conn, client: Ok(client) });
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: duel\r\n\r\n");
    let waits = input(1, Input::Received { conn: ConnId(1), bytes: get("/duel?ann").as_bytes() });
    assert_eq!(waits, "");
    input(2, Input::Storage(Storage::Delayed(StorageTrouble::Locked)));
    input(2, Input::Storage(Storage::Unavailable(StorageTrouble::ReadOnly)));
    input(3, Input::Storage(Storage::Available));
    let won = get("/won?bob").repeat(2);
    assert!(input(4, Input::Received { conn: ConnId(2), bytes: won.as_bytes() }).ends_with('\n'));
    input(5, Input::Committed { took: Duration::from_millis(2) });
    assert!(input(1 + start.settings.patience, Input::Tick).ends_with("nobody came\n"));
    let long = get(&format!("/{}\\\u{1}ä", "x".repeat(100)));
    input(60, Input::Received { conn: ConnId(2), bytes: long.as_bytes() });
    input(61, Input::Ended { conn: ConnId(2) });
    input(62, Input::Stalled { conn: ConnId(3) });
    input(63, Input::Closed { conn: ConnId(3) });
    input(63, Input::Opened { conn: ConnId(4), peer: client, listener: ListenerKind::Admin });
    input(63, Input::Proxied { conn: ConnId(4), client: Err(ProxyHeaderError) });
    input(64, Input::Shutdown { grace: Duration::from_millis(4_500) });
    run
}

#[test]
fn a_run_replays_to_the_same_bytes_also_one_that_continues_another() {
    let first = an_evening(&start(10));
    assert_eq!(replay(&first.trace).unwrap().inputs, 18);
    let records: Vec<_> = first.server.service().rows().collect();
    assert_eq!(records.len(), 1, "{records:?}");
    let second = an_evening(&Start { records, ..start(20) });
    assert!(
        second.trace.contains("\nrecord {\"Victories\":{\"name\":\"bob\",\"count\":2}}\n"),
        "{}",
        second.trace
    );
    assert!(
        second.trace.contains("persist {\"Victories\":{\"name\":\"bob\",\"count\":4}}\n"),
        "{}",
        second.trace
    );
    assert_eq!(replay(&second.trace).unwrap().inputs, 18);
}

#[test]
fn it_begins_with_the_version_of_the_format_the_game_and_what_it_started_from() {
    let trace = an_evening(&start(10)).trace;
    let mut lines = trace.lines();
    assert_eq!(lines.next(), Some("mmcos-trace 3 duel"));
    let start = lines.next().unwrap();
    assert!(start.starts_with("start {\"seed\":\"BwcHBwcH") && start.contains("\"key\":\"AQEBAQ"), "{start}");
    assert!(start.ends_with("\"settings\":{\"patience\":10}}"), "{start}");
    assert_eq!(lines.next(), Some("0.000000000 1700336720000 opened 1 plain 127.0.0.1:4000"));
}

#[test]
fn every_line_that_is_left_out_or_changed_is_noticed() {
    let trace = an_evening(&start(10)).trace;
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
    let impatient = trace.replacen("\"patience\":10", "\"patience\":5", 1);
    assert!(matches!(replay(&impatient), Err(ReplayError::Differs { .. })));
}

#[test]
fn what_is_no_trace_is_an_error_that_names_the_line() {
    let message = |trace: &str| replay(trace).unwrap_err().to_string();
    assert!(message("").starts_with("line 1: expected mmcos-trace 3"));
    assert!(message("mmcos-trace 3 duel\nbegin").starts_with("line 2: expected start"));
    let head = start(10).to_string();
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

#[test]
fn a_trace_of_another_form_or_another_game_says_what_to_do() {
    let trace = an_evening(&start(10)).trace;
    let old = trace.replacen("mmcos-trace 3 duel", "mmcos-trace 1", 1);
    let Err(refused @ ReplayError::OtherFormat { .. }) = replay(&old) else { panic!("{old}") };
    let refused = refused.to_string();
    assert!(refused.contains("\"mmcos-trace 1\"") && refused.contains("--version"), "{refused}");
    let newer = trace.replacen("mmcos-trace 3 duel", "mmcos-trace 30 duel", 1);
    assert!(matches!(replay(&newer), Err(ReplayError::OtherFormat { .. })));
    let other = trace.replacen("mmcos-trace 3 duel", "mmcos-trace 3 chess", 1);
    let refused = replay(&other).unwrap_err().to_string();
    assert!(refused.contains("\"chess\"") && refused.contains("\"duel\""), "{refused}");
}

#[test]
fn a_setting_that_does_not_fit_is_named() {
    let unfit = StartError::Unfit(Unfit::new("patience", "must be at least 1 second, or nobody ever meets"));
    assert_eq!(start(0).server().map(drop), Err(unfit.clone()));
    let trace = an_evening(&start(10)).trace.replacen("\"patience\":10", "\"patience\":0", 1);
    assert_eq!(replay(&trace), Err(ReplayError::Start(unfit)));
}
