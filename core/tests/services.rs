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

use std::{fs, path::Path, time::Duration};

use rig::town::{Town, config};

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
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { panic!("half a byte: {digits}") };
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(|pair| byte(pair)).collect()
}

/// Whether a text is the expected one, in which `{any}` stands for any.
fn matches(expected: &str, got: &str) -> bool {
    let Some((start, varying)) = expected.split_once("{any}") else { return expected == got };
    let (middle, end) = varying.rsplit_once("{any}").unwrap_or(("", varying));
    let Some(mut rest) = got.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) else {
        return false;
    };
    for part in middle.split("{any}") {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
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
    let expected = bytes(&fixture.answer).escape_ascii().to_string();
    let whole = play(&fixture, |_| Vec::new(), b"");
    let got = whole.escape_ascii().to_string();
    assert!(matches(&expected, &got), "{name}: expected\n{expected}\ngot\n{got}");
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
