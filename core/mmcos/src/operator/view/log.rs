//! The last log lines.

use schemars::JsonSchema;
use serde::Serialize;

use super::page::{Key, Page, QueryError, Selection, Sort, Word};
use crate::Mmcos;
use mmcos_core::{engine, seam::Level, service::Context};

/// Line of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::operator) struct LogRow<'a> {
    /// Time of the event.
    at: i64,
    /// Urgency.
    level: LogLevel,
    /// Text, at most 400 bytes.
    text: &'a str,
}

/// Urgency of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    /// Part of normal operation.
    Info,
    /// A possible cause of trouble.
    Warn,
}

/// Lines to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogFilter {
    All,
    Info,
    Warn,
}

/// The log has one order: by time.
#[derive(Clone, Copy, Debug)]
struct ByTime;

impl Word for LogFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("warn", Self::Warn), ("info", Self::Info)];
}

impl Word for ByTime {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] = &[("at", Self)];
}

impl Sort for ByTime {
    fn is_descending(self) -> bool {
        true
    }
}

impl LogFilter {
    const fn shows(self, level: Level) -> bool {
        matches!((self, level), (Self::All, _) | (Self::Info, Level::Info) | (Self::Warn, Level::Warn))
    }
}

impl Mmcos {
    /// Returns a page of the last log lines.
    pub(in crate::operator) fn log_page<'a>(
        cx: &'a Context<'_, Self>,
        query: Option<&str>,
    ) -> Result<Page<LogRow<'a>>, QueryError> {
        let selection: Selection<LogFilter, ByTime> = Selection::parse(query)?;
        let shown = |line: &&engine::LogLine| {
            selection.filter.shows(line.level) && selection.needle.is_in(&line.text)
        };
        // By place, not by time: many lines have the same time.
        let found = cx.log_lines().filter(shown).zip((i64::MIN..=0).rev());
        let found = found.map(|(line, place)| (Key::Number(place), 0, line));
        Ok(selection.page(found, |lines| lines.into_iter().map(row).collect()))
    }
}

fn row(line: &engine::LogLine) -> LogRow<'_> {
    let level = match line.level {
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
    };
    LogRow { at: line.at.as_secs(), level, text: &line.text }
}
