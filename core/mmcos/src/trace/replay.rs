use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};
use core::iter::{Enumerate, Peekable};
use core::str::Lines;

use super::{EffectLine, FIRST_LINE, FIRST_LINE_OF_1, Start, read, start::Settings};
use crate::{Mmcos, players::RestoreError};
use mmcos_core::{OutboxOf, Server, seam::Effect};

/// What was played again, all of it with the same effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Inputs.
    pub inputs: usize,
    /// Bytes sent.
    pub sent: usize,
}

/// Why a trace is not the run that it tells of. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Not a line of a trace.
    #[error("line {line}: expected {expected}, found {found:?}")]
    Malformed {
        /// Where.
        line: usize,
        /// What should be there.
        expected: String,
        /// The beginning of what is.
        found: String,
    },
    /// The records contradict each other.
    #[error("the records do not fit together: {0}")]
    Restore(#[from] RestoreError),
    /// The server does something else than it did then.
    #[error(
        "line {line}: other effects than were recorded\n  input:    {input}\n  recorded: {recorded}\n  replayed: {replayed}"
    )]
    Differs {
        /// Where the recorded effect is, or should be.
        line: usize,
        /// The input whose effects they are.
        input: String,
        /// The effect that was recorded.
        recorded: String,
        /// The effect now.
        replayed: String,
    },
}

/// Plays a trace again and compares, effect by effect.
///
/// # Errors
/// See [`ReplayError`]; it is about the first line that is wrong.
pub fn replay(trace: &str) -> Result<Replayed, ReplayError> {
    let mut lines = trace.lines().enumerate().peekable();
    let start = start(&mut lines)?;
    let mut replay =
        Replay { server: start.server()?, out: OutboxOf::<Mmcos>::new(), done: Replayed::default() };
    while let Some(input) = lines.next() {
        replay.step(input, &mut lines)?;
    }
    Ok(replay.done)
}

type Trace<'t> = Peekable<Enumerate<Lines<'t>>>;

fn start(lines: &mut Trace<'_>) -> Result<Start, ReplayError> {
    let first = lines.next().unwrap_or_default();
    if ![FIRST_LINE, FIRST_LINE_OF_1].contains(&first.1) {
        return Err(malformed(first, FIRST_LINE));
    }
    let line = lines.next().unwrap_or_default();
    let json = line.1.strip_prefix("start ").ok_or_else(|| malformed(line, "start"))?;
    let settings: Settings = parsed(line, json)?;
    let mut start = settings.start().map_err(|expected| malformed(line, &expected))?;
    while let Some(line) = lines.next_if(|(_, line)| line.starts_with("record ")) {
        start.records.push(parsed(line, line.1.trim_start_matches("record "))?);
    }
    Ok(start)
}

fn parsed<T: serde::de::DeserializeOwned>(line: (usize, &str), json: &str) -> Result<T, ReplayError> {
    serde_json::from_str(json).map_err(|error| malformed(line, &error.to_string()))
}

fn malformed((number, found): (usize, &str), expected: &str) -> ReplayError {
    let found = found.chars().take(100).collect();
    ReplayError::Malformed { line: number.saturating_add(1), expected: expected.to_owned(), found }
}

struct Replay {
    server: Server<Mmcos>,
    out: OutboxOf<Mmcos>,
    done: Replayed,
}

impl Replay {
    /// Gives the input of this line, and compares with the effects on the lines after it.
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
