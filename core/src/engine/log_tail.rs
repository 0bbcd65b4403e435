use alloc::{collections::VecDeque, string::String};
use core::fmt::Write as _;

use crate::seam::{Level, Outbox, Report, Wall};

/// Number of log lines that are remembered.
const LINES: usize = 500;
/// Bytes of the longest remembered line; the rest is cut off.
const LONGEST: usize = 400;

/// The last log events, as lines, for operators that cannot read the log itself.
#[derive(Debug, Default)]
pub(crate) struct LogTail {
    lines: VecDeque<LogLine>,
    /// Number of effects in the outbox whose events are here.
    read: usize,
}

/// Log event as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Time of the event.
    pub at: Wall,
    /// Urgency.
    pub level: Level,
    /// Text.
    pub text: String,
}

/// A text that drops everything beyond [`LONGEST`] bytes.
struct Cut(String);

impl core::fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = LONGEST.saturating_sub(self.0.len());
        self.0.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
        Ok(())
    }
}

impl LogTail {
    /// Begins to read an outbox at its end.
    pub(crate) fn begin<R, E>(&mut self, out: &Outbox<R, E>) {
        self.read = out.len();
    }

    /// Remembers the events that were logged since the last call.
    pub(crate) fn read<R, E: Report>(&mut self, at: Wall, out: &Outbox<R, E>) {
        for event in out.logged_after(self.read) {
            self.lines.truncate(LINES.saturating_sub(1));
            let mut text = Cut(String::new());
            // A Cut takes any text.
            let _ = write!(text, "{event}");
            self.lines.push_front(LogLine { at, level: event.level(), text: text.0 });
        }
        self.read = out.len();
    }

    pub(crate) fn forget(&mut self, is_forgotten: impl Fn(&LogLine) -> bool) {
        self.lines.retain(|line| !is_forgotten(line));
    }

    /// Returns the lines, the latest first.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }
}
