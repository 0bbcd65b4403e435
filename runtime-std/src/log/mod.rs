//! The log, on standard error: `2026-11-27T12:34:56Z info  made a certificate`, without the time where journald adds
//! its own. Only this module writes log lines:
//!
//! - Escapes control and invisible characters, so that no client's text can forge a line or control a terminal.
//! - Cuts a line after 500 characters.
//! - Limits the lines of one kind per second. Counts the others, and writes their number.
//! - Writes on a thread. Logging never waits for the reader: lines that find the queue full are dropped and counted.

mod limit;
mod line;
mod output;

use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata, Record};

use limit::{Limiter, Verdict};
use output::Output;

/// Maximum time that the end of the process waits for readers of its output.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);
/// Time between two checks for lines that were left out.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(10);

static LOGGER: OnceLock<Logger> = OnceLock::new();
static STDOUT: OnceLock<Output> = OnceLock::new();
/// File in place of standard error.
static FILE: OnceLock<File> = OnceLock::new();

/// Writes the log to a file, for a process without standard error. Call it before [`start`].
#[cfg(windows)]
pub(crate) fn write_to(file: File) {
    let _ = FILE.set(file);
}

/// Starts to log lines of at least this level; of the libraries, warnings only. A second call does nothing.
pub(crate) fn start(level: LevelFilter) {
    let logger = LOGGER.get_or_init(|| Logger {
        level,
        has_time: !is_journald(),
        limiter: Mutex::new(Limiter::default()),
        output: match FILE.get().and_then(|file| file.try_clone().ok()) {
            Some(file) => Output::start("log", file),
            None => Output::start("log", io::stderr()),
        },
    });
    if log::set_logger(logger).is_ok() {
        log::set_max_level(level);
        let summaries = || {
            loop {
                std::thread::sleep(SUMMARY_INTERVAL);
                logger.write_summaries();
            }
        };
        let _ = std::thread::Builder::new().name("log-summaries".to_owned()).spawn(summaries);
    }
}

/// Prints on standard output without waiting for its reader.
pub(crate) fn print(text: String) {
    STDOUT.get_or_init(|| Output::start("output", io::stdout())).push(text);
}

/// Reports how a program ended, on standard error, and waits a moment until everything is written.
pub(crate) fn conclude(program: &str, result: &Result<(), Box<dyn Error>>) -> ExitCode {
    let last = result.as_ref().err().map(|error| format!("{program}: {error}\n"));
    match (LOGGER.get(), last) {
        (Some(logger), Some(last)) => {
            logger.write_summaries();
            logger.output.push(last);
        }
        (None, Some(last)) => match FILE.get() {
            Some(mut file) => drop(file.write_all(last.as_bytes())),
            None => eprint!("{last}"),
        },
        (_, None) => {}
    }
    let outputs = LOGGER.get().map(|logger| &logger.output).into_iter().chain(STDOUT.get());
    outputs.for_each(|output| output.flush(FLUSH_PATIENCE));
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Debug)]
struct Logger {
    level: LevelFilter,
    has_time: bool,
    limiter: Mutex<Limiter>,
    output: Output,
}

impl Logger {
    fn write(&self, level: Level, text: &str) {
        let time = self.has_time.then(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        self.output.push(line::of(time, level, text));
    }

    fn write_summaries(&self) {
        let left_out = self.limiter().take_left_out();
        for (level, summary) in left_out {
            self.write(level, &summary);
        }
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_wanted(self.level, metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // Outside the lock: a log line may be formatted while another is being written.
        let verdict = self.limiter().pass(record.level(), record.target(), record.line(), Instant::now());
        match verdict {
            Verdict::Write(None) => self.write(record.level(), &record.args().to_string()),
            Verdict::Write(Some(summary)) => {
                self.write(record.level(), &summary);
                self.write(record.level(), &record.args().to_string());
            }
            Verdict::LeaveOut => {}
        }
    }

    fn flush(&self) {
        self.output.flush(FLUSH_PATIENCE);
    }
}

fn is_wanted(level: LevelFilter, metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    // rustls logs a line for each error of an unknown peer: ureq turns its logging on.
    let most = match () {
        () if target.starts_with("mmcos") => level,
        () if target.starts_with("rustls") => LevelFilter::Off,
        () => level.min(LevelFilter::Warn),
    };
    metadata.level() <= most
}

/// Returns true if standard error goes to journald, which adds the time itself. The variable alone is not enough: a
/// process may inherit it and write elsewhere.
#[cfg(unix)]
fn is_journald() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

#[cfg(not(unix))]
fn is_journald() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_may_warn_and_strangers_may_not() {
        let logs = |target, level| {
            is_wanted(LevelFilter::Info, &Metadata::builder().target(target).level(level).build())
        };
        assert!(logs("mmcos_std::store", Level::Info) && !logs("mmcos_std::store", Level::Debug));
        assert!(logs("ureq::run", Level::Warn) && !logs("ureq::run", Level::Info));
        assert!(!logs("rustls::msgs::handshake", Level::Warn));
    }
}
