//! Log lines for people, on standard error: `12:34:56 info  made a certificate`, in UTC.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use env_logger::{Builder, Target};
use log::{Level, LevelFilter, Record};

/// Logs what is at least this important; of the libraries, warnings only. A second call does nothing.
pub fn start(level: LevelFilter) {
    let _ = filtered(level)
        .target(Target::Stderr)
        .format(|out, record| line(out, seconds_today(), record))
        .try_init();
}

fn filtered(level: LevelFilter) -> Builder {
    let mut builder = Builder::new();
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("mmcos", level);
    // It warns of what strangers send it, a line each time: ureq has it do so.
    builder.filter_module("rustls", LevelFilter::Off);
    builder
}

fn seconds_today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() % 86_400)
}

fn line(out: &mut impl Write, seconds: u64, record: &Record<'_>) -> std::io::Result<()> {
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let level = match record.level() {
        Level::Error => "error",
        Level::Warn => "warn ",
        Level::Info => "info ",
        Level::Debug | Level::Trace => "debug",
    };
    writeln!(out, "{hour:02}:{minute:02}:{second:02} {level} {}", record.args())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_may_warn_and_strangers_may_not() {
        let logger = filtered(LevelFilter::Info).build();
        let logs = |target, level| logger.matches(&Record::builder().target(target).level(level).build());
        assert!(logs("mmcos_std::store", Level::Info) && !logs("mmcos_std::store", Level::Debug));
        assert!(logs("ureq::run", Level::Warn) && !logs("ureq::run", Level::Info));
        assert!(!logs("rustls::msgs::handshake", Level::Warn));
    }

    #[test]
    fn a_line_is_time_level_and_text() {
        let mut out = Vec::new();
        let mut write = |level, text| {
            let record = Record::builder().level(level).args(text).build();
            line(&mut out, 45_296, &record).unwrap();
        };
        write(Level::Info, format_args!("made a certificate"));
        write(Level::Error, format_args!("stopped"));
        assert_eq!(out, b"12:34:56 info  made a certificate\n12:34:56 error stopped\n");
    }
}
