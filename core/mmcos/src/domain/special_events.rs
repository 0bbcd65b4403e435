//! Special events: the one that runs at a moment, and the start of the next.

mod plan;

use alloc::vec::Vec;
use core::{fmt, iter::successors};

use crate::{catalogue::EventName, plans::Plans};
use mmcos_core::{calendar::UtcText, seam::Wall};

/// A special event with its start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Run {
    /// The special event.
    pub event: EventName,
    /// Its first moment.
    pub starts: Wall,
    /// The first moment after it.
    pub ends: Wall,
}

impl Run {
    fn contains(&self, moment: Wall) -> bool {
        (self.starts..self.ends).contains(&moment)
    }
}

/// Plan of special events, as an operator sets it. (Our choice, all of it: no capture shows an event.)
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Plan {
    /// Never.
    #[default]
    Off,
    /// Every weekend, one of the 13 after the other, from Friday to Monday, 12:00 UTC: that includes all of Saturday
    /// and Sunday in every time zone.
    Weekly,
    /// At given times.
    Dates(Dates),
}

impl Plan {
    /// Returns the run that is on at a moment.
    pub fn at(&self, now: Wall) -> Option<Run> {
        let latest = match self {
            Self::Off => None,
            Self::Weekly => Some(weekend(week(now))),
            Self::Dates(dates) => dates.latest(now),
        };
        latest.filter(|run| run.contains(now))
    }

    /// Returns the first run that starts after a moment.
    pub fn after(&self, now: Wall) -> Option<Run> {
        match self {
            Self::Off => None,
            Self::Weekly => Some(weekend(week(now).saturating_add(1))),
            Self::Dates(dates) => dates.next(now),
        }
    }
}

/// 1970-01-02, a Friday, 12:00 UTC, in milliseconds.
const FIRST_FRIDAY: i64 = 36 * HOUR;
const WEEKEND: i64 = 72 * HOUR;
const WEEK: i64 = 168 * HOUR;
const HOUR: i64 = 60 * 60 * 1000;

/// Returns the number of the week that a moment is in: weeks from Friday to Friday since the first of 1970.
fn week(moment: Wall) -> i64 {
    moment.as_millis().saturating_sub(FIRST_FRIDAY).div_euclid(WEEK)
}

/// Returns the run in the week of this number.
fn weekend(week: i64) -> Run {
    let starts = week.saturating_mul(WEEK).saturating_add(FIRST_FRIDAY);
    Run {
        event: EventName::of_week(week),
        starts: Wall::from_millis(starts),
        ends: Wall::from_millis(starts.saturating_add(WEEKEND)),
    }
}

/// Runs that do not overlap, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<Run>")]
pub struct Dates(Vec<Run>);

/// Reason why runs do not form [`Dates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatesError {
    /// A run that does not end after it starts.
    #[error("{} ends before it starts", .0.event)]
    Empty(Run),
    /// Only one event can run at a time.
    #[error("{} starts before {} has ended", .second.event, .first.event)]
    Overlap {
        /// The run that starts first.
        first: Run,
        /// The one that starts in the midst of it.
        second: Run,
    },
}

impl TryFrom<Vec<Run>> for Dates {
    type Error = DatesError;

    fn try_from(runs: Vec<Run>) -> Result<Self, DatesError> {
        Self::new(runs)
    }
}

impl Dates {
    /// Puts runs in order.
    ///
    /// # Errors
    /// [`DatesError`] if a run is empty or two overlap.
    pub fn new(mut runs: Vec<Run>) -> Result<Self, DatesError> {
        runs.sort_unstable_by_key(|run| run.starts);
        if let Some(empty) = runs.iter().find(|run| run.ends <= run.starts) {
            return Err(DatesError::Empty(*empty));
        }
        let mut pairs = runs.iter().zip(runs.iter().skip(1));
        match pairs.find(|(first, second)| second.starts < first.ends) {
            Some((first, second)) => Err(DatesError::Overlap { first: *first, second: *second }),
            None => Ok(Self(runs)),
        }
    }

    /// Returns all runs, the earliest first.
    pub fn iter(&self) -> impl Iterator<Item = &Run> {
        self.0.iter()
    }

    /// Returns the last run that has started.
    fn latest(&self, now: Wall) -> Option<Run> {
        self.0.get(self.started(now).checked_sub(1)?).copied()
    }

    fn next(&self, now: Wall) -> Option<Run> {
        self.0.get(self.started(now)).copied()
    }

    fn started(&self, now: Wall) -> usize {
        self.0.partition_point(|run| run.starts <= now)
    }
}

/// An operator's intervention: for a while, this event runs or none does, whatever the setting says. A planned event
/// that begins later runs nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ByHand {
    /// The event; `None` if none is to run.
    pub event: Option<EventName>,
    /// Start of the intervention.
    pub from: Wall,
    /// End of the intervention. Then the calendar holds again.
    pub until: Wall,
}

impl ByHand {
    fn contains(&self, moment: Wall) -> bool {
        (self.from..self.until).contains(&moment)
    }
}

impl fmt::Display for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = UtcText::from(self.until);
        match self.event {
            Some(event) => write!(f, "{event} was started, and runs until {until}"),
            None => write!(f, "events were stopped until {until}"),
        }
    }
}

/// The calendar of special events: the setting, the planned events above it, and an operator's last intervention. Of
/// the latter two, the one that began last decides (decision 121).
///
/// ```
/// use mmcos_game::{plans::Plans, special_events::{ByHand, Events, Plan}};
/// use mmcos_core::seam::Wall;
/// let plans = Plans::default();
/// let mut events = Events { setting: &Plan::Weekly, plans: &plans, by_hand: None };
/// let now = Wall::from_secs(1_795_446_000); // 2026-11-23, a Monday, 15:00 UTC
/// assert_eq!(events.at(now), None);
/// let next = events.next(now).unwrap();
/// assert_eq!((next.event.as_str(), next.starts.as_secs()), ("mystery_vehicles", 1_795_780_800)); // on Friday, 12:00
///
/// events.by_hand = Some(ByHand { event: Some("payload".parse()?), from: now, until: next.starts });
/// assert_eq!(events.at(now).unwrap().event.as_str(), "payload");
/// events.by_hand = Some(events.stop(now));
/// assert_eq!(events.at(now), None);
/// # Ok::<(), mmcos_game::catalogue::UnknownEvent>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    /// The setting `events`.
    pub setting: &'a Plan,
    /// The operators' plans, some with an event.
    pub plans: &'a Plans,
    /// The last intervention of an operator.
    pub by_hand: Option<ByHand>,
}

impl Events<'_> {
    /// Returns the event that runs at a moment, with the time at which it ends or gives way to another.
    pub fn at(&self, now: Wall) -> Option<Run> {
        let run = self.run(now)?;
        Some(Run { ends: self.next_change(now).map_or(run.ends, |change| change.min(run.ends)), ..run })
    }

    /// Returns the next event that will start. One that continues where another ends starts there.
    pub fn next(&self, now: Wall) -> Option<Run> {
        let current = self.run(now);
        let mut changes = successors(self.next_change(now), |change| self.next_change(*change));
        changes.find_map(|change| {
            self.run(change).filter(|run| Some(*run) != current)?;
            self.at(change).map(|run| Run { starts: change, ..run })
        })
    }

    /// Returns the time at which the result of [`at`](Self::at) or [`next`](Self::next) may change; `None` if it
    /// never will.
    pub fn next_change(&self, now: Wall) -> Option<Wall> {
        let starts = self.overrides().map(|over| over.from);
        let current = match self.override_at(now) {
            Some(over) => [Some(over.until), None],
            None => [self.setting.at(now).map(|run| run.ends), self.setting.after(now).map(|run| run.starts)],
        };
        starts.chain(current.into_iter().flatten()).filter(|change| *change > now).min()
    }

    /// Returns the intervention that stops the events that run now, planned or not. The next one will start.
    pub fn stop(&self, now: Wall) -> ByHand {
        let planned = self.plans.events().filter(|run| run.contains(now));
        let ends = planned.chain(self.setting.at(now)).map(|run| run.ends);
        ByHand { event: None, from: now, until: ends.max().unwrap_or(now) }
    }

    /// Returns everything that hides the setting for a while. Later ones win: of those that begin together, an
    /// intervention, or else the plan with the highest number.
    fn overrides(&self) -> impl Iterator<Item = ByHand> {
        let by_hand = |run: Run| ByHand { event: Some(run.event), from: run.starts, until: run.ends };
        self.plans.events().map(by_hand).chain(self.by_hand)
    }

    /// Returns the override that decides at a moment.
    fn override_at(&self, now: Wall) -> Option<ByHand> {
        self.overrides().filter(|over| over.contains(now)).max_by_key(|over| over.from)
    }

    /// Returns the event that runs at a moment, with its own end.
    fn run(&self, now: Wall) -> Option<Run> {
        match self.override_at(now) {
            Some(ByHand { event, from, until }) => {
                event.map(|event| Run { event, starts: from, ends: until })
            }
            None => self.setting.at(now),
        }
    }
}

#[cfg(test)]
mod tests;
