use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::time::Duration;

/// A scene between clients and a game, as text (a fixture, `.http`) or as a chain of calls.
///
/// A fixture is read line by line:
///
/// | line | meaning |
/// |---|---|
/// | `# …` | a comment |
/// | `config KEY VALUE` | a setting, for [`TestGame::service`] |
/// | `given NAME …` | a precondition that [`TestGame::given`] makes true, such as a login; `{{NAME}}` is its result |
/// | `client NAME` | the following lines are about this connection, which is opened at its first mention |
/// | `> …` | a line that the client sends |
/// | `< …` | a line that it must then read, nothing before it |
/// | `>x …`, `<x …` | the same as bytes: pairs of hex digits, text between quotation marks, blanks between |
/// | `held` | nothing more was sent to the client |
/// | `wait 24.5s` | time passes |
/// | `uncommitted` | records, and everything sent after them, wait from here on |
/// | `commit` | all records become durable |
/// | `crash` | the process is killed, and another starts with the committed records; all connections are lost |
///
/// An empty line ends a message. In a message an empty line of its own ends the head, whose lines end in CRLF. The
/// lines of a body that is sent have CRLF between them. The lines of a body that is read may be indented: blanks at
/// their start and line ends do not count, `\n` stands for a line end. If a response says `Connection: close`, the
/// connection must be closed; otherwise it must stay open.
///
/// `{{length}}` is the length of the body, in both directions. `{{…}}` stands for anything in a line up to the text
/// after it. Any other `{{name}}` takes the value that it finds at its first mention in a response and stands for
/// that value from there on, unless [`TestGame::value`] knows it.
///
/// [`TestGame::service`]: super::TestGame::service
/// [`TestGame::given`]: super::TestGame::given
/// [`TestGame::value`]: super::TestGame::value
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Config { key: String, value: String },
    Given { name: String, argument: String },
    Client(String),
    Send(Message),
    Read(Message),
    Held,
    Wait(Duration),
    Uncommitted,
    Commit,
    Crash,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) head: Vec<Piece>,
    pub(super) body: Vec<Piece>,
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Length,
    Anything,
    Value(String),
}

impl Scenario {
    /// Returns a scenario without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a fixture. Panics at a line without a meaning.
    pub fn parse(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let blocks = lines.chunk_by(|one, next| marker(one).is_some() && marker(one) == marker(next));
        let parsed = blocks.filter_map(|block| match marker(block[0]) {
            Some(marker) => Some(message(marker, block)),
            None if block[0].is_empty() => None,
            None => Some(step(block[0])),
        });
        Self { steps: parsed.collect() }
    }

    /// Adds the step of a line: `config …`, `given …`.
    #[must_use]
    pub fn line(self, line: &str) -> Self {
        self.then(step(line))
    }

    /// Continues with this client, which is connected at its first mention.
    #[must_use]
    pub fn client(self, name: &str) -> Self {
        self.then(Step::Client(name.to_owned()))
    }

    /// Sends a request: lines of a head, an empty line, a body, as after `>` in a fixture.
    #[must_use]
    pub fn sends(self, request: &str) -> Self {
        let lines: Vec<String> =
            request.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
        let ended = lines.iter().any(|line| line == ">");
        let lines = lines.iter().map(String::as_str).chain((!ended).then_some(">"));
        self.then(message('>', &lines.collect::<Vec<_>>()))
    }

    /// Expects a response with this status and body, whatever its other fields.
    #[must_use]
    pub fn responds(self, status: u16, body: &str) -> Self {
        let start = Piece::Bytes(format!("HTTP/1.1 {status} ").into());
        let head = Vec::from([start, Piece::Anything, Piece::Bytes(b"\r\n\r\n".into())]);
        self.then(Step::Read(Message { head, body: Vec::from([Piece::Bytes(body.into())]) }))
    }

    /// Expects that nothing more was sent to the client.
    #[must_use]
    pub fn held(self) -> Self {
        self.then(Step::Held)
    }

    /// Advances time.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.then(Step::Wait(time))
    }

    /// Holds records, and everything sent after them, from here on.
    #[must_use]
    pub fn uncommitted(self) -> Self {
        self.then(Step::Uncommitted)
    }

    /// Makes all records durable.
    #[must_use]
    pub fn commit(self) -> Self {
        self.then(Step::Commit)
    }

    /// Kills the process, and starts another with the committed records. All connections are lost.
    #[must_use]
    pub fn crash(self) -> Self {
        self.then(Step::Crash)
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

fn marker(line: &str) -> Option<char> {
    line.chars().next().filter(|first| ['>', '<'].contains(first))
}

fn step(line: &str) -> Step {
    let (verb, object) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = object.splitn(2, ' ').collect();
    match (verb, &words[..]) {
        ("config", [key, value]) => Step::Config { key: (*key).into(), value: (*value).into() },
        ("given", [name, argument @ ..]) => Step::Given {
            name: (*name).into(),
            argument: argument.first().copied().unwrap_or_default().into(),
        },
        ("client", _) => Step::Client(object.into()),
        ("held", _) => Step::Held,
        ("uncommitted", _) => Step::Uncommitted,
        ("commit", _) => Step::Commit,
        ("crash", _) => Step::Crash,
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

/// Returns the bytes of a text such as `"vdic" 02000000`.
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
