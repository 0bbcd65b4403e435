use std::time::Duration;

use log::Level;
use mmcos_core::calendar::Date;
use mmcos_core::seam::Wall;

/// Maximum characters of a line's text, escapes included.
const LONGEST: usize = 500;

/// Returns a line of the log with its line end. `time` is the time since 1970.
pub(super) fn of(time: Option<Duration>, level: Level, text: &str) -> String {
    let mut line = time.map(timestamp).unwrap_or_default();
    line.push_str(match level {
        Level::Error => "error ",
        Level::Warn => "warn  ",
        Level::Info => "info  ",
        Level::Debug | Level::Trace => "debug ",
    });
    line.push_str(&escaped(text));
    line.push('\n');
    line
}

/// Formats a time as RFC 3339, in UTC.
fn timestamp(time: Duration) -> String {
    let seconds = time.as_secs();
    let Date { year, month, day } = Date::of(Wall::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z ")
}

/// Escapes every character that a terminal would interpret or not show. Cuts the text after 500 characters.
fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST).saturating_add(4));
    let mut left = LONGEST;
    for letter in text.chars() {
        let escape = (!is_shown(letter)).then(|| escape(letter));
        let Some(rest) = left.checked_sub(escape.as_ref().map_or(1, String::len)) else {
            line.push('…');
            break;
        };
        left = rest;
        match escape {
            None => line.push(letter),
            Some(escape) => line.push_str(&escape),
        }
    }
    line
}

fn escape(letter: char) -> String {
    let short = letter.escape_debug();
    if short.len() > 1 { short.to_string() } else { letter.escape_unicode().to_string() }
}

/// Returns true if a reader sees the character. Quotes and backslashes are visible. Control, format, private and
/// unassigned characters and combining marks are not (`escape_debug` escapes them), nor are some letters without a
/// shape.
fn is_shown(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' => false,
        _ => letter.escape_debug().len() == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_time_level_and_text() {
        let time = Some(Duration::from_secs(1_795_000_000));
        assert_eq!(of(time, Level::Info, "made"), "2026-11-18T11:06:40Z info  made\n");
        assert_eq!(of(None, Level::Error, "it's \"C:\\\" ä 漢"), "error it's \"C:\\\" ä 漢\n");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_or_hides_gets_through() {
        for (text, shown) in [
            ("a\n23:59:59 warn", "a\\n23:59:59 warn"),
            ("\r\t\0\u{7f}\u{1b}[31m", "\\r\\t\\0\\u{7f}\\u{1b}[31m"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("\u{202e}\u{2066}\u{200f}\u{61c}", "\\u{202e}\\u{2066}\\u{200f}\\u{61c}"),
            ("\u{200b}\u{2060}\u{feff}\u{ad}\u{2028}", "\\u{200b}\\u{2060}\\u{feff}\\u{ad}\\u{2028}"),
            ("\u{e0041}\u{3164}\u{2800}", "\\u{e0041}\\u{3164}\\u{2800}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
        assert!((0..=0x10_FFFF).filter_map(char::from_u32).all(|letter| {
            let shown = escaped(&letter.to_string());
            shown.chars().all(|letter| !letter.is_control()) && !shown.is_empty()
        }));
    }

    #[test]
    fn a_long_text_is_cut() {
        let cut = escaped(&"ä".repeat(100_000));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (501, true));
        assert!(escaped(&"\u{9b}".repeat(100_000)).chars().count() <= 501);
        assert_eq!(escaped(&"x".repeat(500)), "x".repeat(500));
    }
}
