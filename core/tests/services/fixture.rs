//! The format of fixtures: a scene between the game and the server as text, line by line.
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | a remark |
//! | `config KEY VALUE` | how the host runs the server: see `configure` in `scene.rs` |
//! | `given NAME STEAMID` | this player has logged in; `{{NAME}}` is the session token |
//! | `client NAME` | what follows is about this connection, which is opened at its first mention |
//! | `> …` | a line that the client sends |
//! | `< …` | a line that it must then read, nothing before it |
//! | `>x …`, `<x …` | the same as bytes: pairs of hex digits, text between quotation marks, blanks between |
//! | `held` | the client has been sent nothing more |
//! | `wait 24.5s` | time passes |
//!
//! An empty line ends a message. In a message an empty line of its own ends the head, whose lines end in CRLF. The
//! lines of a body that is sent have CRLF between them. Those of a body that is read are indented as you please:
//! blanks at their start and line ends do not count, `\n` stands for a line end. Where an answer says
//! `Connection: close` the connection must be closed, elsewhere it must not.
//!
//! `{{length}}` is the length of the body, in both directions. `{{…}}` stands for anything. Another `{{name}}` takes
//! the value that it finds at its first mention in an answer and stands for it from there on. `{{ticket STEAMID}}` is
//! a `PlatformID` with an unsigned ticket, `{{forged NAME}}` a session token for the account of a player under a key
//! that is not the server's.

use std::time::Duration;

pub(crate) enum Step {
    Config { key: String, value: String },
    Given { name: String, steam_id: u64 },
    Client(String),
    Send(Message),
    Read(Message),
    Held,
    Wait(Duration),
}

#[derive(Default)]
pub(crate) struct Message {
    pub(crate) head: Vec<Piece>,
    pub(crate) body: Vec<Piece>,
}

#[derive(Clone)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Length,
    Anything,
    Value(String),
}

/// The steps of a fixture, in order. A line that is not understood is the fixture's mistake.
pub(crate) fn parse(text: &str) -> Vec<Step> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let blocks = lines.chunk_by(|one, next| marker(one).is_some() && marker(one) == marker(next));
    let parsed = blocks.filter_map(|block| match marker(block[0]) {
        Some(marker) => Some(message(marker, block)),
        None if block[0].is_empty() => None,
        None => Some(order(block[0])),
    });
    parsed.collect()
}

fn marker(line: &str) -> Option<char> {
    line.chars().next().filter(|first| ['>', '<'].contains(first))
}

fn order(line: &str) -> Step {
    let (verb, object) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = object.splitn(2, ' ').collect();
    match (verb, &words[..]) {
        ("config", [key, value]) => Step::Config { key: (*key).into(), value: (*value).into() },
        ("given", [name, id]) => Step::Given { name: (*name).into(), steam_id: id.parse().expect(line) },
        ("client", _) => Step::Client(object.into()),
        ("held", _) => Step::Held,
        ("wait", [time]) => {
            let seconds = time.strip_suffix('s').expect(line).parse().expect(line);
            Step::Wait(Duration::from_secs_f64(seconds))
        }
        _ => panic!("{line:?} is no line of a fixture"),
    }
}

fn message(marker: char, block: &[&str]) -> Step {
    let mut message = Message::default();
    let mut lines = block.iter().map(|line| &line[1..]);
    for line in lines.by_ref() {
        message.head.extend(pieces(line.trim_start()));
        message.head.push(Piece::Bytes(b"\r\n".into()));
        if line.is_empty() {
            break;
        }
    }
    let sent = marker == '>';
    for (number, line) in lines.enumerate() {
        if let Some(bytes) = line.strip_prefix("x ") {
            message.body.push(Piece::Bytes(unquote(bytes)));
            continue;
        }
        let line = line.strip_prefix(' ').unwrap_or(line);
        if sent && number > 0 {
            message.body.push(Piece::Bytes(b"\r\n".into()));
        }
        message.body.extend(pieces(if sent { line } else { line.trim_start() }));
    }
    if sent { Step::Send(message) } else { Step::Read(message) }
}

fn pieces(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        pieces.extend(literal(before));
        pieces.push(match name {
            "length" => Piece::Length,
            "…" => Piece::Anything,
            name => Piece::Value(name.into()),
        });
        rest = after;
    }
    pieces.extend(literal(rest));
    pieces
}

fn literal(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Bytes(text.replace("\\n", "\n").into_bytes()))
}

/// The bytes of `"vdic" 02000000`.
fn unquote(text: &str) -> Vec<u8> {
    let bytes = text.split('"').enumerate().flat_map(|(at, part)| match at % 2 {
        1 => part.as_bytes().to_vec(),
        _ => part.split_whitespace().flat_map(hex).collect(),
    });
    bytes.collect()
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("pairs of hex digits")).collect()
}
