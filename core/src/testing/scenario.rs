use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::time::Duration;

use super::message::{Message, Piece, message};

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
/// `{{length}}` is the length of the body, in both directions. `{{…}}` stands for anything up to the text after it. Any
/// other `{{name}}` takes the value that it finds at its first mention in a response and stands for that value from
/// there on, unless [`TestGame::value`] knows it.
///
/// A value can have a [`Rule`]: `{{… number}}`, `{{name: number}}`. `{{not name}}` is the opposite of a boolean.
/// `{{6 more}}` stands for six more elements like the one before, with the names of its children; `{{more}}` for any
/// number of them. In a line of bytes, `??` is any byte.
///
/// [`Rule`]: super::Rule
/// [`TestGame::service`]: super::TestGame::service
/// [`TestGame::given`]: super::TestGame::given
/// [`TestGame::value`]: super::TestGame::value
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    steps: Vec<(usize, Step)>,
}

/// A line of a fixture, or the lines of a message.
#[derive(Clone, Debug)]
pub enum Step {
    /// `config KEY VALUE`
    Config {
        /// Name of the setting.
        key: String,
        /// Its value.
        value: String,
    },
    /// `given NAME ARGUMENT`
    Given {
        /// Name of the precondition.
        name: String,
        /// The rest of the line.
        argument: String,
    },
    /// `client NAME`
    Client(String),
    /// `> …`
    Send(Message),
    /// `< …`
    Read(Message),
    /// `held`
    Held,
    /// `wait 24.5s`
    Wait(Duration),
    /// `uncommitted`
    Uncommitted,
    /// `commit`
    Commit,
    /// `crash`
    Crash,
}

impl Scenario {
    /// Returns a scenario without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a fixture. Panics at a line without a meaning.
    pub fn parse(text: &str) -> Self {
        let lines: Vec<(usize, &str)> =
            (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')).collect();
        let blocks =
            lines.chunk_by(|(_, one), (_, next)| marker(one).is_some() && marker(one) == marker(next));
        let parsed = blocks.filter_map(|block| match block[0] {
            (_, "") => None,
            (number, line) => {
                Some((number, marker(line).map_or_else(|| step(line), |marker| message(marker, block))))
            }
        });
        Self { steps: parsed.collect() }
    }

    /// Returns the steps, each with the number of its first line (0 for one that was not parsed).
    pub fn steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().map(|(line, step)| (*line, step))
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
        self.then(message('>', &lines.map(|line| (0, line)).collect::<Vec<_>>()))
    }

    /// Expects a response with this status and body, whatever its other fields.
    #[must_use]
    pub fn responds(self, status: u16, body: &str) -> Self {
        let start = Piece::Bytes(format!("HTTP/1.1 {status} ").into());
        let head = [start, Piece::Anything(None), Piece::Bytes(b"\r\n\r\n".into())].map(|piece| (0, piece));
        let body = Vec::from([(0, Piece::Bytes(body.into()))]);
        self.then(Step::Read(Message { head: head.into(), body }))
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
        self.steps.push((0, step));
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
