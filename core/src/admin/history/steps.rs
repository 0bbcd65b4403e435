use alloc::collections::BTreeMap;

use super::{Gauges, Load};

/// Steps of equal length that have ended, and the current one.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    /// Seconds of a step.
    step: i64,
    most: i64,
    /// By their ends.
    pub(super) ended: BTreeMap<i64, Load>,
    /// End of the last step; 0 before the first reading.
    pub(super) end: i64,
    /// The current step, and the second up to which it is known.
    running: Running,
    until: i64,
    /// Number of tickets that found an opponent up to the last step, and their total waiting time.
    waits: (u64, u64),
}

/// Accumulated values of a step.
#[derive(Clone, Copy, Debug, Default)]
struct Running {
    seconds: u64,
    online: Level,
    searching: Level,
    matches: Level,
}

/// Highest value of a gauge, and its sum over seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    highest: u32,
    sum: u64,
}

impl Level {
    fn hold(&mut self, value: u32, seconds: u64) {
        self.highest = self.highest.max(value);
        self.sum = self.sum.saturating_add(seconds.saturating_mul(value.into()));
    }

    /// Returns the mean in tenths.
    fn mean(self, seconds: u64) -> u32 {
        let tenths = self.sum.saturating_mul(10).checked_div(seconds).unwrap_or_default();
        u32::try_from(tenths).unwrap_or(u32::MAX)
    }
}

impl Steps {
    pub(super) const fn new(step: i64, most: i64) -> Self {
        let nothing = Level { highest: 0, sum: 0 };
        let running = Running { seconds: 0, online: nothing, searching: nothing, matches: nothing };
        Self { step, most, ended: BTreeMap::new(), end: 0, running, until: 0, waits: (0, 0) }
    }

    /// Returns the end of the last step, or that of the last restored one before the first reading.
    pub(super) fn last(&self) -> i64 {
        if self.end == 0 { self.ended.keys().next_back().copied().unwrap_or_default() } else { self.end }
    }

    /// Adds the time up to now. On the first call, and after the clock was set back, there is no earlier time to add.
    pub(super) fn pass(&mut self, now: i64, gauges: Gauges, mut ended: impl FnMut(i64, Load)) {
        let start = now.checked_div_euclid(self.step).unwrap_or_default().saturating_mul(self.step);
        if self.end == 0 || now < self.until {
            (self.end, self.until, self.running) = (start, now, Running::default());
            // Steps of a clock that was ahead.
            self.ended.retain(|end, _| *end <= start);
            ended(start, Load::default());
        }
        // Skip steps that would be dropped again.
        let longest = self.step.saturating_mul(self.most);
        if start.saturating_sub(self.end) > longest {
            self.end = start.saturating_sub(longest);
            (self.until, self.running) = (self.end, Running::default());
        }
        while self.end < start {
            let next = self.end.saturating_add(self.step);
            self.hold(next, gauges);
            let load = self.close(gauges);
            self.end = next;
            self.ended.insert(next, load);
            ended(next, load);
        }
        let oldest = self.end.saturating_sub(longest);
        while self.ended.first_key_value().is_some_and(|(end, _)| *end <= oldest) {
            self.ended.pop_first();
        }
        self.hold(now, gauges);
    }

    /// Extends the running step.
    fn hold(&mut self, until: i64, gauges: Gauges) {
        let seconds = u64::try_from(until.saturating_sub(self.until)).unwrap_or_default();
        if seconds > 0 {
            self.running.seconds = self.running.seconds.saturating_add(seconds);
            self.running.online.hold(gauges.online, seconds);
            self.running.searching.hold(gauges.searching, seconds);
            self.running.matches.hold(gauges.matches, seconds);
            self.until = until;
        }
    }

    /// Ends the running step.
    fn close(&mut self, gauges: Gauges) -> Load {
        let Running { seconds, online, searching, matches } = core::mem::take(&mut self.running);
        let (waits, millis) = core::mem::replace(&mut self.waits, (gauges.waits, gauges.wait_millis));
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Load {
            online: online.highest,
            searching: searching.highest,
            matches: matches.highest,
            online_mean: online.mean(seconds),
            searching_mean: searching.mean(seconds),
            matches_mean: matches.mean(seconds),
            found: small(gauges.waits.saturating_sub(waits)),
            waited: small(gauges.wait_millis.saturating_sub(millis) / 100),
        }
    }
}
