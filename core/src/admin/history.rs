use alloc::collections::VecDeque;
use serde::Serialize;

use crate::seam::Wall;

/// Values that are sampled for the charts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Players online.
    pub online: u32,
    /// Players with a matchmaking ticket, parties included.
    pub searching: u32,
    /// Matches under way.
    pub matches: u32,
    /// Matchmaking tickets that found an opponent, since the start.
    pub waits: u64,
    /// Total waiting time of those tickets, in milliseconds.
    pub wait_millis: u64,
}

/// The charts: the last hour by minutes, the last day by quarters of an hour, each with the highest value and the mean.
///
/// The charts need no timer. Nothing changes between two events, so the gauges just before an event are those of the
/// time since the event before. They are read once a second at most.
///
/// ```
/// use mmcos_core::{admin::{Gauges, History}, seam::Wall};
/// let mut history = History::default();
/// let at = |secs: i64| Wall::from_secs(1_800_000_000 + secs);
/// history.pass(at(0), Gauges::default);
/// history.pass(at(30), || Gauges { online: 4, waits: 2, wait_millis: 14_000, ..Gauges::default() });
/// history.pass(at(150), || Gauges { online: 1, waits: 2, wait_millis: 14_000, ..Gauges::default() });
/// let hour = serde_json::to_string(history.hour()).unwrap_or_default();
/// assert!(hour.contains(r#""online":[4,1],"#) && hour.contains(r#""online_mean":[2.5,1.0],"#), "{hour}");
/// assert!(hour.contains(r#""wait":[7.0,null]"#), "{hour}");
/// ```
#[derive(Clone, Debug)]
pub struct History {
    hour: Chart,
    day: Chart,
    /// Second of the last reading.
    read: i64,
}

/// Values over equal steps of time.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Chart {
    /// Seconds of a step.
    step: u32,
    /// End of the last step, in seconds since 1970.
    end: i64,
    /// Most players online at a time in each step.
    online: VecDeque<u32>,
    /// Most players searching at a time in each step.
    searching: VecDeque<u32>,
    /// Most matches under way at a time in each step.
    matches: VecDeque<u32>,
    /// Mean of the players online in each step.
    online_mean: VecDeque<f64>,
    /// Mean of the players searching in each step.
    searching_mean: VecDeque<f64>,
    /// Mean of the matches under way in each step.
    matches_mean: VecDeque<f64>,
    /// Mean duration of the searches that found an opponent in each step, in seconds; `null` without one.
    wait: VecDeque<Option<f64>>,
    #[serde(skip)]
    most: usize,
    /// Number of tickets that found an opponent up to the last step, and their total waiting time.
    #[serde(skip)]
    waits: (u64, u64),
    /// The current step, and the second up to which it is known.
    #[serde(skip)]
    running: Running,
    #[serde(skip)]
    until: i64,
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

    /// Returns the mean, rounded to tenths.
    fn mean(self, seconds: u64) -> f64 {
        let tenths = self.sum.saturating_mul(10).checked_div(seconds).unwrap_or_default();
        f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
    }
}

impl Default for History {
    fn default() -> Self {
        Self { hour: Chart::new(60, 60), day: Chart::new(15 * 60, 96), read: 0 }
    }
}

impl History {
    /// Extends the charts to `now`, assuming that the gauges were constant since the last event. Returns true if a
    /// step of the hour ended.
    pub fn pass(&mut self, now: Wall, gauges: impl FnOnce() -> Gauges) -> bool {
        let now = now.as_secs();
        if now == self.read {
            return false;
        }
        self.read = now;
        let gauges = gauges();
        self.day.pass(now, gauges);
        self.hour.pass(now, gauges)
    }

    /// Returns the chart of the last hour.
    pub const fn hour(&self) -> &Chart {
        &self.hour
    }

    /// Returns the chart of the last day.
    pub const fn day(&self) -> &Chart {
        &self.day
    }
}

impl Chart {
    const fn new(step: u32, most: usize) -> Self {
        Self {
            step,
            end: 0,
            online: VecDeque::new(),
            searching: VecDeque::new(),
            matches: VecDeque::new(),
            online_mean: VecDeque::new(),
            searching_mean: VecDeque::new(),
            matches_mean: VecDeque::new(),
            wait: VecDeque::new(),
            most,
            waits: (0, 0),
            running: Running {
                seconds: 0,
                online: Level { highest: 0, sum: 0 },
                searching: Level { highest: 0, sum: 0 },
                matches: Level { highest: 0, sum: 0 },
            },
            until: 0,
        }
    }

    /// Adds the time up to now. On the first call, and after the clock was set back, there is no earlier time to add.
    fn pass(&mut self, now: i64, gauges: Gauges) -> bool {
        let step = i64::from(self.step);
        let start = now.saturating_sub(now.checked_rem(step).unwrap_or_default());
        if self.end == 0 || now < self.until {
            (self.end, self.until, self.running) = (start, now, Running::default());
            return true;
        }
        // Skip steps that would be dropped again.
        let longest = step.saturating_mul(i64::try_from(self.most).unwrap_or(i64::MAX));
        if start.saturating_sub(self.end) > longest {
            self.end = start.saturating_sub(longest);
            (self.until, self.running) = (self.end, Running::default());
        }
        let mut is_over = false;
        while self.end < start {
            let next = self.end.saturating_add(step);
            self.hold(next, gauges);
            self.close(gauges);
            self.end = next;
            is_over = true;
        }
        self.hold(now, gauges);
        is_over
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
    fn close(&mut self, gauges: Gauges) {
        let Running { seconds, online, searching, matches } = core::mem::take(&mut self.running);
        let wait = self.average_wait(gauges);
        for (highest, mean, level) in [
            (&mut self.online, &mut self.online_mean, online),
            (&mut self.searching, &mut self.searching_mean, searching),
            (&mut self.matches, &mut self.matches_mean, matches),
        ] {
            keep(highest, level.highest, self.most);
            keep(mean, level.mean(seconds), self.most);
        }
        keep(&mut self.wait, wait, self.most);
    }

    /// Returns the mean duration since the last call, in seconds, rounded to tenths.
    fn average_wait(&mut self, gauges: Gauges) -> Option<f64> {
        let (waits, millis) = core::mem::replace(&mut self.waits, (gauges.waits, gauges.wait_millis));
        let count = gauges.waits.saturating_sub(waits).saturating_mul(100);
        let tenths = gauges.wait_millis.saturating_sub(millis).checked_div(count)?;
        Some(f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0)
    }
}

fn keep<T>(samples: &mut VecDeque<T>, sample: T, most: usize) {
    if samples.len() >= most {
        samples.pop_front();
    }
    samples.push_back(sample);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn online(online: u32) -> Gauges {
        Gauges { online, ..Gauges::default() }
    }

    #[test]
    fn a_step_knows_its_highest_value_and_its_mean() {
        let mut history = History::default();
        let at = |minutes: i64, seconds: i64| Wall::from_secs(1_800_000_000 + minutes * 60 + seconds);
        history.pass(at(0, 0), || online(9));
        // 64 players for one minute of a quarter, and none at its end.
        history.pass(at(5, 0), || online(0));
        history.pass(at(6, 0), || online(64));
        assert!(!history.pass(at(6, 0), || panic!("once a second")));
        assert!(history.pass(at(15, 0), || online(0)));
        assert_eq!(
            (history.day.online.clone(), history.day.online_mean.clone()),
            ([64].into(), [4.2].into())
        );
        assert_eq!(history.hour.online.iter().max(), history.day.online.iter().max());
        assert_eq!(history.hour.online.len(), 15);
    }

    #[test]
    fn steps_without_an_event_look_like_the_state_at_their_end() {
        let mut history = History::default();
        let at = |minutes: i64| Wall::from_secs(1_800_000_000 + minutes * 60);
        assert!(history.pass(at(0), || online(9)));
        assert!(!history.pass(Wall::from_secs(at(1).as_secs() - 1), || online(1)));
        assert!(history.pass(at(1), || online(1)));
        history.pass(at(4), || online(2));
        assert_eq!(history.hour.online, [1, 2, 2, 2]);
        history.pass(at(20), || online(3));
        assert_eq!((history.day.online.clone(), history.hour.online.len()), ([3].into(), 20));
        history.pass(at(100_000), || online(4));
        assert_eq!((history.hour.online.len(), history.day.online.len()), (60, 96));
        assert!(history.hour.online.iter().all(|online| *online == 4));
        history.pass(at(-100), || online(5));
        history.pass(at(-99), || online(6));
        assert_eq!(
            history.hour.online.back(),
            Some(&6),
            "a clock that was set back does not stop the charts"
        );
    }
}
