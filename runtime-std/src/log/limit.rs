use std::time::{Duration, Instant};

use log::Level;

/// Maximum lines of one kind in a burst.
const BURST: u32 = 200;
/// Maximum number of kinds: places in the sources, and kinds of the game's log events.
const MOST_KINDS: usize = 512;

/// Rate limiter for each kind of line.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    level: Level,
    target: String,
    line: Option<u32>,
    tokens: u32,
    refilled: Instant,
    left_out: u64,
}

/// Decision about a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write it, after a summary of the omitted lines of its kind.
    Write(Option<String>),
    /// Count it only.
    LeaveOut,
}

impl Limiter {
    pub(super) fn pass(&mut self, level: Level, target: &str, line: Option<u32>, now: Instant) -> Verdict {
        let same = |kind: &Kind| kind.line == line && kind.level == level && kind.target == target;
        let known = self.kinds.iter().position(same);
        if known.is_none() && self.kinds.len() < MOST_KINDS {
            self.kinds.push(Kind {
                level,
                target: target.to_owned(),
                line,
                tokens: BURST,
                refilled: now,
                left_out: 0,
            });
        }
        // With this many kinds, the last one stands for all that did not fit.
        let place = known.unwrap_or(self.kinds.len().saturating_sub(1));
        self.kinds.get_mut(place).map_or(Verdict::Write(None), |kind| kind.pass(now))
    }

    /// Removes and returns a summary of each kind with omitted lines.
    pub(super) fn take_left_out(&mut self) -> Vec<(Level, String)> {
        self.kinds.iter_mut().filter_map(|kind| Some((kind.level, kind.summary()?))).collect()
    }
}

impl Kind {
    fn pass(&mut self, now: Instant) -> Verdict {
        let waited = now.saturating_duration_since(self.refilled).as_nanos();
        let refill = waited.checked_div(interval(self.level).as_nanos()).unwrap_or_default();
        let refill = u32::try_from(refill).unwrap_or(u32::MAX);
        if refill > 0 {
            self.tokens = self.tokens.saturating_add(refill).min(BURST);
            self.refilled = now;
        }
        if let Some(left) = self.tokens.checked_sub(1) {
            self.tokens = left;
            Verdict::Write(self.summary())
        } else {
            self.left_out = self.left_out.saturating_add(1);
            Verdict::LeaveOut
        }
    }

    fn summary(&mut self) -> Option<String> {
        let count = std::mem::take(&mut self.left_out);
        let kind = self.target.rsplit("::").next().unwrap_or_default();
        (count > 0).then(|| format!("… and {count} more like it ({kind})"))
    }
}

/// Returns the time after which one more line may come. Unknown clients can cause warnings; players cause lines of
/// level info.
const fn interval(level: Level) -> Duration {
    match level {
        Level::Error | Level::Warn => Duration::from_millis(500),
        Level::Info => Duration::from_millis(100),
        Level::Debug | Level::Trace => Duration::from_millis(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_burst_a_trickle_and_a_count() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        let mut written = 0;
        for millis in 0..10_000 {
            let now = start.checked_add(Duration::from_millis(millis)).unwrap();
            let verdict = limiter.pass(Level::Warn, "mmcos::refused", Some(1), now);
            written += u32::from(verdict != Verdict::LeaveOut);
        }
        assert!((215..=220).contains(&written), "{written}");
        let left_out = limiter.take_left_out();
        let [(Level::Warn, summary)] = left_out.as_slice() else { panic!("{left_out:?}") };
        assert!(summary.starts_with("… and ") && summary.ends_with(" more like it (refused)"), "{summary}");
        assert!(limiter.take_left_out().is_empty());
        let now = start.checked_add(Duration::from_secs(10)).unwrap();
        assert_eq!(limiter.pass(Level::Warn, "mmcos::login", Some(1), now), Verdict::Write(None));
        assert_eq!(limiter.pass(Level::Error, "mmcos::refused", Some(1), now), Verdict::Write(None));
    }

    #[test]
    fn the_next_line_tells_how_many_were_left_out() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        let mut pass = |after| {
            let now = start.checked_add(Duration::from_millis(after)).unwrap();
            limiter.pass(Level::Info, "a::b", None, now)
        };
        (0..BURST).for_each(|_| drop(pass(0)));
        (0..1_234).for_each(|_| assert_eq!(pass(99), Verdict::LeaveOut));
        assert_eq!(pass(100), Verdict::Write(Some("… and 1234 more like it (b)".to_owned())));
        assert_eq!(pass(200), Verdict::Write(None));
    }

    #[test]
    fn however_many_kinds_there_are_they_take_little_room() {
        let mut limiter = Limiter::default();
        for line in 0..10_000 {
            limiter.pass(Level::Warn, "a", Some(line), Instant::now());
        }
        assert_eq!(limiter.kinds.len(), MOST_KINDS);
    }
}
