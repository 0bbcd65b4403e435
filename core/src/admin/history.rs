use alloc::collections::VecDeque;
use serde::Serialize;

use crate::seam::Wall;

/// What is looked at again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Players online.
    pub online: u32,
    /// Players who search, parties included.
    pub searching: u32,
    /// Matches under way.
    pub matches: u32,
    /// Searches that found somebody, since the start.
    pub waits: u64,
    /// How long those took together, in milliseconds.
    pub wait_millis: u64,
}

/// The charts: the last hour by minutes, the last day by quarters of an hour.
///
/// It takes no timer. Nothing changes between two events, so the minutes that went by before an event looked as the
/// server did just before it.
///
/// ```
/// use mmcos_core::{admin::{Gauges, History}, seam::Wall};
/// let mut history = History::default();
/// let at = |secs: i64| Wall::from_secs(1_800_000_000 + secs);
/// history.pass(at(0), Gauges::default);
/// history.pass(at(150), || Gauges { online: 2, waits: 2, wait_millis: 14_000, ..Gauges::default() });
/// let hour = serde_json::to_string(history.hour()).unwrap_or_default();
/// assert!(hour.contains(r#""online":[2,2],"#) && hour.contains(r#""wait":[7.0,null]"#), "{hour}");
/// ```
#[derive(Clone, Debug)]
pub struct History {
    hour: Chart,
    day: Chart,
}

/// Samples at equal distances.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Seconds from one sample to the next.
    step: u32,
    /// When the last sample ends, in seconds since 1970.
    end: i64,
    /// Players online at the end of each step.
    online: VecDeque<u32>,
    /// Players searching at the end of each step.
    searching: VecDeque<u32>,
    /// Matches under way at the end of each step.
    matches: VecDeque<u32>,
    /// How long the searches took on average that found somebody in this step, in seconds; `null` if there were none.
    wait: VecDeque<Option<f64>>,
    #[serde(skip)]
    most: usize,
    /// Those that the samples so far know of, and how long they took.
    #[serde(skip)]
    waits: (u64, u64),
}

impl Default for History {
    fn default() -> Self {
        Self { hour: Chart::new(60, 60), day: Chart::new(15 * 60, 96) }
    }
}

impl History {
    /// Time has passed, and `gauges` are what they were for all of it. Asked only if a step is over. True if one is.
    pub fn pass(&mut self, now: Wall, gauges: impl FnOnce() -> Gauges) -> bool {
        if (self.hour.end..self.hour.next()).contains(&now.as_secs()) {
            return false;
        }
        let gauges = gauges();
        self.hour.pass(now.as_secs(), gauges);
        self.day.pass(now.as_secs(), gauges);
        true
    }

    /// The last hour.
    pub const fn hour(&self) -> &Chart {
        &self.hour
    }

    /// The last day.
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
            wait: VecDeque::new(),
            most,
            waits: (0, 0),
        }
    }

    fn next(&self) -> i64 {
        self.end.saturating_add(self.step.into())
    }

    /// Adds the steps that ended by now. The first time, and when the clock was set, there is nothing to look back at.
    fn pass(&mut self, now: i64, gauges: Gauges) {
        let step = i64::from(self.step);
        let steps = now.saturating_sub(self.end).checked_div(step).unwrap_or_default();
        if self.end == 0 || now < self.end {
            self.end = now.saturating_sub(now.checked_rem(step).unwrap_or_default());
            return;
        }
        self.end = self.end.saturating_add(steps.saturating_mul(step));
        let steps = usize::try_from(steps).unwrap_or_default().min(self.most);
        for _ in 0..steps {
            let wait = self.average_wait(gauges);
            keep(&mut self.online, gauges.online, self.most);
            keep(&mut self.searching, gauges.searching, self.most);
            keep(&mut self.matches, gauges.matches, self.most);
            keep(&mut self.wait, wait, self.most);
        }
    }

    /// Of those that came since it was asked last; in seconds, by tenths.
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
    fn steps_that_went_by_unnoticed_look_like_the_last_state() {
        let mut history = History::default();
        let at = |minutes: i64| Wall::from_secs(1_800_000_000 + minutes * 60);
        assert!(history.pass(at(0), || online(9)));
        assert!(!history.pass(Wall::from_secs(at(1).as_secs() - 1), || online(9)));
        assert!(history.pass(at(1), || online(1)));
        history.pass(at(4), || online(2));
        assert_eq!(history.hour.online, [1, 2, 2, 2]);
        history.pass(at(20), || online(3));
        assert_eq!((history.day.online.clone(), history.hour.online.len()), ([3].into(), 20));
        history.pass(at(100_000), || online(4));
        assert_eq!((history.hour.online.len(), history.day.online.len()), (60, 96));
        history.pass(at(-100), || online(5));
        history.pass(at(-99), || online(6));
        assert_eq!(
            history.hour.online.back(),
            Some(&6),
            "a clock that was set back does not stop the charts"
        );
    }
}
