mod steps;

use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::seam::Wall;
use steps::Steps;

/// Seconds of a minute, a quarter of an hour, an hour.
const MINUTE: i64 = 60;
const QUARTER: i64 = 15 * MINUTE;
const HOUR: i64 = 60 * MINUTE;
/// Steps of the charts of an hour, a day, a week.
const MINUTES: i64 = 60;
const DAY: i64 = 96;
const WEEK: i64 = 168;
/// Number of quarters of an hour that are kept: a week.
const QUARTERS: i64 = 672;

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

/// Values of a step of time. Means are in tenths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Most players online at a time.
    pub online: u32,
    /// Most players searching at a time.
    pub searching: u32,
    /// Most matches under way at a time.
    pub matches: u32,
    /// Mean of the players online.
    pub online_mean: u32,
    /// Mean of the players searching.
    pub searching_mean: u32,
    /// Mean of the matches under way.
    pub matches_mean: u32,
    /// Number of searches that found an opponent.
    pub found: u32,
    /// Their total duration, in tenths of a second.
    pub waited: u32,
}

/// Load of a quarter of an hour, for a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarterLoad {
    /// Place in the week before, 0 to 671: a later week replaces it.
    pub slot: u16,
    /// End of the quarter, in seconds since 1970.
    pub end: i64,
    /// Values.
    pub load: Load,
}

/// Load of the minutes of a quarter of an hour, for a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteLoads {
    /// Place in the hour before, 0 to 3: a later hour replaces it.
    pub slot: u16,
    /// End of the last minute, in seconds since 1970.
    pub end: i64,
    /// Values, the last minute last.
    pub minutes: Vec<Load>,
}

/// The charts: the last hour by minutes, the last day by quarters of an hour, the last week by hours, each with the
/// highest value and the mean.
///
/// The charts need no timer. Nothing changes between two events, so the gauges just before an event are those of the
/// time since the event before. They are read once a second at most.
///
/// [`save`](Self::save) returns what a store has to keep, [`restore`](Self::restore) takes it back. Steps in which
/// nothing happened are not kept: after a restart they are unknown, as is the time in which the server was off.
///
/// ```
/// use mmcos_core::{admin::{Gauges, History}, seam::Wall};
/// let mut history = History::default();
/// let at = |secs: i64| Wall::from_secs(1_800_000_000 + secs);
/// history.pass(at(0), Gauges::default);
/// history.pass(at(30), || Gauges { online: 4, waits: 2, wait_millis: 14_000, ..Gauges::default() });
/// history.pass(at(150), || Gauges { online: 1, waits: 2, wait_millis: 14_000, ..Gauges::default() });
/// let hour = serde_json::to_string(&history.hour()).unwrap_or_default();
/// assert!(hour.contains(r#""online":[4,1],"#) && hour.contains(r#""online_mean":[2.5,1.0],"#), "{hour}");
/// assert!(hour.contains(r#""wait":[7.0,null]"#), "{hour}");
/// ```
#[derive(Clone, Debug)]
pub struct History {
    minutes: Steps,
    quarters: Steps,
    /// Second of the last reading.
    read: i64,
    /// Ends of the quarters that are not saved.
    unsaved: Vec<i64>,
    /// Rows of a store, by slot.
    quarter_rows: BTreeMap<u16, QuarterLoad>,
    minute_rows: BTreeMap<u16, MinuteLoads>,
}

/// Values over equal steps of time; `null` where they are unknown.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Chart {
    /// Seconds of a step.
    step: i64,
    /// End of the last step, in seconds since 1970.
    end: i64,
    /// Most players online at a time in each step.
    online: Vec<Option<u32>>,
    /// Most players searching at a time in each step.
    searching: Vec<Option<u32>>,
    /// Most matches under way at a time in each step.
    matches: Vec<Option<u32>>,
    /// Mean of the players online in each step.
    online_mean: Vec<Option<f64>>,
    /// Mean of the players searching in each step.
    searching_mean: Vec<Option<f64>>,
    /// Mean of the matches under way in each step.
    matches_mean: Vec<Option<f64>>,
    /// Mean duration of the searches that found an opponent in each step, in seconds; `null` without one.
    wait: Vec<Option<f64>>,
}

impl Load {
    /// Returns the mean duration of a search, in seconds.
    fn wait(self) -> Option<f64> {
        self.waited.checked_div(self.found).map(tenths)
    }

    /// Returns the load of the steps together; `None` without one.
    fn of(steps: impl Iterator<Item = Self>) -> Option<Self> {
        let mut count = 0_u32;
        let sum = steps.inspect(|_| count = count.saturating_add(1)).reduce(|one, other| Self {
            online: one.online.max(other.online),
            searching: one.searching.max(other.searching),
            matches: one.matches.max(other.matches),
            online_mean: one.online_mean.saturating_add(other.online_mean),
            searching_mean: one.searching_mean.saturating_add(other.searching_mean),
            matches_mean: one.matches_mean.saturating_add(other.matches_mean),
            found: one.found.saturating_add(other.found),
            waited: one.waited.saturating_add(other.waited),
        })?;
        let mean = |sum: u32| sum.checked_div(count).unwrap_or_default();
        Some(Self {
            online_mean: mean(sum.online_mean),
            searching_mean: mean(sum.searching_mean),
            matches_mean: mean(sum.matches_mean),
            ..sum
        })
    }
}

fn tenths(value: u32) -> f64 {
    f64::from(value) / 10.0
}

impl Default for History {
    fn default() -> Self {
        Self {
            minutes: Steps::new(MINUTE, MINUTES),
            quarters: Steps::new(QUARTER, QUARTERS),
            read: 0,
            unsaved: Vec::new(),
            quarter_rows: BTreeMap::new(),
            minute_rows: BTreeMap::new(),
        }
    }
}

impl History {
    /// Extends the charts to `now`, assuming that the gauges were constant since the last event. Returns true if a
    /// minute ended.
    pub fn pass(&mut self, now: Wall, gauges: impl FnOnce() -> Gauges) -> bool {
        let now = now.as_secs();
        if now == self.read {
            return false;
        }
        self.read = now;
        let gauges = gauges();
        let mut unsaved = core::mem::take(&mut self.unsaved);
        self.quarters.pass(now, gauges, |end, load| {
            if load != Load::default() {
                unsaved.push(end);
            }
        });
        self.unsaved = unsaved;
        let mut is_over = false;
        self.minutes.pass(now, gauges, |_, _| is_over = true);
        is_over
    }

    /// Returns the rows of the quarters that ended since the last call.
    pub fn save(&mut self) -> (Vec<QuarterLoad>, Vec<MinuteLoads>) {
        let ends = core::mem::take(&mut self.unsaved);
        let quarters: Vec<QuarterLoad> = ends
            .iter()
            .filter_map(|end| {
                let load = *self.quarters.ended.get(end)?;
                Some(QuarterLoad { slot: slot(*end, QUARTERS), end: *end, load })
            })
            .collect();
        let minutes: Vec<MinuteLoads> = ends.iter().filter_map(|end| self.minutes_of(*end)).collect();
        for row in &quarters {
            self.quarter_rows.insert(row.slot, *row);
        }
        for row in &minutes {
            self.minute_rows.insert(row.slot, row.clone());
        }
        (quarters, minutes)
    }

    /// Drops what was not saved: charts are not worth waiting for a store.
    pub fn skip(&mut self) {
        self.unsaved.clear();
    }

    /// Returns all rows that were saved or restored.
    pub fn rows(&self) -> (impl Iterator<Item = &QuarterLoad>, impl Iterator<Item = &MinuteLoads>) {
        (self.quarter_rows.values(), self.minute_rows.values())
    }

    /// Restores a quarter.
    pub fn restore(&mut self, row: QuarterLoad) {
        if row.slot == slot(row.end, QUARTERS) {
            self.quarters.ended.insert(row.end, row.load);
            self.quarter_rows.insert(row.slot, row);
        }
    }

    /// Restores the minutes of a quarter.
    pub fn restore_minutes(&mut self, row: MinuteLoads) {
        if row.slot == slot(row.end, HOUR / QUARTER) && row.minutes.len() <= 15 {
            for (minutes, load) in (0..).zip(row.minutes.iter().rev()) {
                let end = row.end.saturating_sub(MINUTE.saturating_mul(minutes));
                self.minutes.ended.insert(end, *load);
            }
            self.minute_rows.insert(row.slot, row);
        }
    }

    /// Returns the chart of the last hour.
    pub fn hour(&self) -> Chart {
        let last = self.minutes.last();
        Chart::new(MINUTE, MINUTES, last, |ends| self.minutes.ended.get(ends.end()).copied())
    }

    /// Returns the chart of the last day.
    pub fn day(&self) -> Chart {
        let last = self.quarters.last();
        Chart::new(QUARTER, DAY, last, |ends| self.quarters.ended.get(ends.end()).copied())
    }

    /// Returns the chart of the last week. Its last step is the current hour.
    pub fn week(&self) -> Chart {
        let last = self.quarters.last();
        let end = last.saturating_add(HOUR.saturating_sub(1)).div_euclid(HOUR).saturating_mul(HOUR);
        Chart::new(HOUR, WEEK, end, |ends| Load::of(self.quarters.ended.range(ends).map(|(_, load)| *load)))
    }

    fn minutes_of(&self, end: i64) -> Option<MinuteLoads> {
        let start = end.saturating_sub(QUARTER);
        let minutes = self.minutes.ended.range(start.saturating_add(1)..=end).map(|(_, load)| *load);
        let minutes: Vec<Load> = minutes.collect();
        // Without the last one, the places would be wrong.
        self.minutes.ended.contains_key(&end).then(|| MinuteLoads {
            slot: slot(end, HOUR / QUARTER),
            end,
            minutes,
        })
    }
}

/// Returns the place of a quarter among so many.
fn slot(end: i64, most: i64) -> u16 {
    u16::try_from(end.div_euclid(QUARTER).checked_rem_euclid(most).unwrap_or_default()).unwrap_or_default()
}

impl Chart {
    /// Returns the chart of so many steps, of which the last ends at `end`, from the first known one on.
    fn new(step: i64, most: i64, end: i64, load: impl Fn(RangeInclusive<i64>) -> Option<Load>) -> Self {
        let ends = (0..most).rev().map(|before| end.saturating_sub(step.saturating_mul(before)));
        let loads = ends.map(|end| load(end.saturating_sub(step).saturating_add(1)..=end));
        let loads: Vec<Option<Load>> = loads.skip_while(Option::is_none).collect();
        let highest = |value: fn(Load) -> u32| loads.iter().map(|load| load.map(value)).collect();
        let mean = |value: fn(Load) -> u32| loads.iter().map(|load| load.map(value).map(tenths)).collect();
        Self {
            step,
            end,
            online: highest(|load| load.online),
            searching: highest(|load| load.searching),
            matches: highest(|load| load.matches),
            online_mean: mean(|load| load.online_mean),
            searching_mean: mean(|load| load.searching_mean),
            matches_mean: mean(|load| load.matches_mean),
            wait: loads.iter().map(|load| load.and_then(Load::wait)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn online(online: u32) -> Gauges {
        Gauges { online, ..Gauges::default() }
    }

    fn at(minutes: i64) -> Wall {
        Wall::from_secs(minutes.saturating_mul(60).saturating_add(1_800_000_000))
    }

    #[test]
    fn a_step_knows_its_highest_value_and_its_mean() {
        let mut history = History::default();
        history.pass(at(0), || online(9));
        // 64 players for one minute of a quarter, and none at its end.
        history.pass(at(5), || online(0));
        history.pass(at(6), || online(64));
        assert!(!history.pass(at(6), || panic!("once a second")));
        assert!(history.pass(at(15), || online(0)));
        let (day, hour) = (history.day(), history.hour());
        assert_eq!((day.online, day.online_mean), (vec![Some(64)], vec![Some(4.2)]));
        assert_eq!(hour.online.iter().max(), Some(&Some(64)));
        assert_eq!(hour.online.len(), 15);
    }

    #[test]
    fn steps_without_an_event_look_like_the_state_at_their_end() {
        let mut history = History::default();
        assert!(history.pass(at(0), || online(9)));
        assert!(!history.pass(Wall::from_secs(at(1).as_secs() - 1), || online(1)));
        assert!(history.pass(at(1), || online(1)));
        history.pass(at(4), || online(2));
        assert_eq!(history.hour().online, [1, 2, 2, 2].map(Some));
        history.pass(at(20), || online(3));
        assert_eq!((history.day().online, history.hour().online.len()), (vec![Some(3)], 20));
        history.pass(at(100_000), || online(4));
        assert_eq!((history.hour().online.len(), history.day().online.len()), (60, 96));
        assert_eq!(history.week().online, [Some(4); 168]);
        assert!(history.hour().online.iter().all(|online| *online == Some(4)));
        history.pass(at(-100), || online(5));
        history.pass(at(-99), || online(6));
        let last = history.hour().online.last().copied();
        assert_eq!(last, Some(Some(6)), "a clock that was set back does not stop the charts");
    }

    /// Returns a history in which players came and went for nine days.
    fn played() -> History {
        let mut history = History::default();
        for (quarter, minute) in (0..9 * 96).zip((7..).step_by(15)) {
            history.pass(at(minute), || Gauges {
                online: quarter % 40,
                waits: quarter.into(),
                wait_millis: u64::from(quarter).saturating_mul(5000),
                ..Gauges::default()
            });
            history.save();
        }
        history
    }

    #[test]
    fn the_charts_are_the_same_after_a_restart_and_the_rows_are_bounded() {
        let before = played();
        let mut after = History::default();
        let (quarters, minutes) = before.rows();
        let (quarters, minutes): (Vec<_>, Vec<_>) = (quarters.collect(), minutes.collect());
        assert!((600..=672).contains(&quarters.len()) && minutes.len() == 4);
        for row in quarters {
            after.restore(*row);
        }
        for row in minutes {
            after.restore_minutes(row.clone());
        }
        assert!(before.rows().0.eq(after.rows().0) && before.rows().1.eq(after.rows().1));
        let now = Wall::from_secs(before.read + 1);
        let [mut before, mut after] = [before, after];
        for history in [&mut before, &mut after] {
            history.pass(now, || online(7));
        }
        let [before, after] = [&before, &after].map(|history| [history.day(), history.week()]);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(
                (before.end, &before.online_mean, &before.wait),
                (after.end, &after.online_mean, &after.wait)
            );
            assert_eq!((before.online.len(), &before.online), (after.online.len(), &after.online));
        }
    }

    #[test]
    fn minutes_come_back_too_and_old_ones_do_not() {
        let before = played();
        let hour = before.hour().online;
        let mut after = History::default();
        before.rows().1.for_each(|row| after.restore_minutes(row.clone()));
        after.pass(Wall::from_secs(before.read), || online(0));
        // The minutes of the running quarter are lost.
        assert_eq!(after.hour().online[..40], hour[..40]);
        after.pass(Wall::from_secs(before.read + 3 * 3600), || online(1));
        assert_eq!(after.hour().online, [Some(1); 60]);
    }

    #[test]
    fn quarters_in_which_nothing_happened_are_not_saved() {
        let mut history = History::default();
        history.pass(at(0), Gauges::default);
        history.pass(at(60), Gauges::default);
        assert_eq!(history.save(), (Vec::new(), Vec::new()));
        history.pass(at(61), || online(1));
        history.pass(at(76), || online(0));
        let (quarters, minutes) = history.save();
        assert_eq!((quarters.len(), minutes.len(), minutes[0].minutes.len()), (1, 1, 15));
        assert_eq!(history.save(), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_restored_step_of_a_clock_that_was_ahead_is_dropped() {
        let mut history = History::default();
        let end = at(15 * 96 * 1000).as_secs();
        let load = Load { online: 9, ..Load::default() };
        history.restore(QuarterLoad { slot: slot(end, QUARTERS), end, load });
        history.restore(QuarterLoad { slot: 700, end, load });
        history.pass(at(0), || online(1));
        history.pass(at(15), || online(1));
        assert_eq!(history.day().online, [Some(1)]);
    }
}
