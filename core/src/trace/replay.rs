use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};
use core::iter::{Enumerate, Peekable};
use core::str::Lines;

use serde::de::DeserializeOwned;

use super::{EffectLine, FORMAT, Start, StartError, read, start::Line};
use crate::{OutboxOf, Server, game::Game, seam::Effect};

/// Totals of a replay. All its effects were the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of bytes sent.
    pub sent: usize,
}

/// The reason why a trace does not replay. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Not a line of a trace.
    #[error("line {line}: expected {expected}, found {found:?}")]
    Malformed {
        /// Number of the line.
        line: usize,
        /// Description of the expected line.
        expected: String,
        /// Beginning of the line.
        found: String,
    },
    /// A trace in a format that this version does not read.
    #[error(
        "this trace begins with {found:?}; this program reads \"{FORMAT} …\". Replay it with the version of the \
         server that recorded it: `--version` says which it is"
    )]
    OtherFormat {
        /// The first line.
        found: String,
    },
    /// A trace of another game.
    #[error(
        "this is a trace of \"{found}\", but this program replays traces of \"{expected}\": use that game's program"
    )]
    OtherGame {
        /// The game of the trace.
        found: String,
        /// The game of this program.
        expected: &'static str,
    },
    /// The server cannot be started from the trace.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The effects differ from the recorded ones.
    #[error(
        "line {line}: the effects differ from the recorded ones\n  input:    {input}\n  recorded: {recorded}\n  \
         replayed: {replayed}"
    )]
    Differs {
        /// Line of the recorded effect, or where it should be.
        line: usize,
        /// The input that caused the effects.
        input: String,
        /// The effect that was recorded.
        recorded: String,
        /// The effect of the replay.
        replayed: String,
    },
}

/// Replays a trace of a game and compares effect by effect.
///
/// # Errors
/// [`ReplayError`] for the first line that differs or is malformed.
pub fn replay<G: Game>(trace: &str) -> Result<Replayed, ReplayError> {
    let mut lines = trace.lines().enumerate().peekable();
    let start = start::<G>(&mut lines)?;
    let mut replay = Replay { server: start.server()?, out: OutboxOf::<G>::new(), done: Replayed::default() };
    while let Some(input) = lines.next() {
        replay.step(input, &mut lines)?;
    }
    Ok(replay.done)
}

type Trace<'t> = Peekable<Enumerate<Lines<'t>>>;

fn start<G: Game>(lines: &mut Trace<'_>) -> Result<Start<G>, ReplayError> {
    let first = lines.next().unwrap_or_default();
    let Some(game) = first.1.strip_prefix(FORMAT).and_then(|rest| rest.strip_prefix(' ')) else {
        return Err(if first.1.starts_with("mmcos-trace ") {
            ReplayError::OtherFormat { found: beginning(first.1) }
        } else {
            malformed(first, FORMAT)
        });
    };
    if game != G::INFO.name {
        return Err(ReplayError::OtherGame { found: beginning(game), expected: G::INFO.name });
    }
    let line = lines.next().unwrap_or_default();
    let json = line.1.strip_prefix("start ").ok_or_else(|| malformed(line, "start"))?;
    let mut start = parsed::<Line<G::Settings>>(line, json)?.start::<G>();
    while let Some(line) = lines.next_if(|(_, line)| line.starts_with("record ")) {
        start.records.push(parsed(line, line.1.trim_start_matches("record "))?);
    }
    Ok(start)
}

fn parsed<T: DeserializeOwned>(line: (usize, &str), json: &str) -> Result<T, ReplayError> {
    serde_json::from_str(json).map_err(|error| malformed(line, &error.to_string()))
}

fn malformed((number, found): (usize, &str), expected: &str) -> ReplayError {
    ReplayError::Malformed {
        line: number.saturating_add(1),
        expected: expected.to_owned(),
        found: beginning(found),
    }
}

fn beginning(line: &str) -> String {
    line.chars().take(100).collect()
}

struct Replay<G: Game> {
    server: Server<G>,
    out: OutboxOf<G>,
    done: Replayed,
}

impl<G: Game> Replay<G> {
    /// Passes the input of this line to the server, and compares its effects with the lines after it.
    fn step(&mut self, line: (usize, &str), lines: &mut Trace<'_>) -> Result<(), ReplayError> {
        let (now, input) = read::input(line.1).ok_or_else(|| malformed(line, "an input"))?;
        self.server.handle(now, input.input(), &mut self.out);
        let mut recorded: Vec<(usize, &str)> = Vec::new();
        while let Some(effect) = lines.next_if(|(_, line)| line.starts_with(' ')) {
            recorded.push(effect);
        }
        let mut expected = recorded.into_iter();
        let differs = |at: Option<(usize, &str)>, replayed: &str| ReplayError::Differs {
            line: at.map_or(line.0, |(number, _)| number).saturating_add(1),
            input: line.1.to_owned(),
            recorded: at.map_or("nothing", |(_, effect)| effect.trim_start()).to_owned(),
            replayed: replayed.trim_start().to_owned(),
        };
        for effect in self.out.drain() {
            if let Effect::Send { bytes, .. } = &effect {
                self.done.sent = self.done.sent.saturating_add(bytes.len());
            }
            let Some(replayed) = EffectLine::of(&effect) else { continue };
            let recorded = expected.next();
            if recorded.map(|(_, effect)| effect) != Some(replayed.as_str()) {
                return Err(differs(recorded, replayed.as_str()));
            }
        }
        self.done.inputs = self.done.inputs.saturating_add(1);
        expected.next().map_or(Ok(()), |left| Err(differs(Some(left), "nothing")))
    }
}
