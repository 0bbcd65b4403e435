//! Messages, maintenance and special events that operators planned. Each holds from its start to its end, as a function
//! of the clock.

use alloc::{borrow::Cow, collections::BTreeMap, format, string::String};

use crate::{catalogue::EventName, special_events::Run};
use mmcos_core::{calendar::UtcText, seam::Wall};

/// Time before planned maintenance from which the game's menu announces it, in milliseconds. (Our choice.)
const NOTICE_MILLIS: i64 = 3_600_000;
/// Maximum number of plans. (Our choice.)
const MOST: usize = 100;

/// A message, maintenance or special event with a start and an end, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Number of the plan.
    pub number: u32,
    /// Start.
    pub from: Wall,
    /// End.
    pub until: Wall,
    /// Message in place of the message of the day; for maintenance, also in place of its announcement.
    pub message: Option<String>,
    /// True for maintenance.
    pub maintenance: bool,
    /// Special event, in place of the one by the setting.
    pub event: Option<EventName>,
}

impl Plan {
    /// Returns true between start and end.
    pub fn is_on(&self, now: Wall) -> bool {
        self.from <= now && now < self.until
    }

    /// Returns true for maintenance that begins soon.
    fn is_announced(&self, now: Wall) -> bool {
        let wait = self.from.as_millis().saturating_sub(now.as_millis());
        self.maintenance && (1..=NOTICE_MILLIS).contains(&wait)
    }

    fn announcement(&self) -> Cow<'_, str> {
        let [from, until] = [self.from, self.until].map(short);
        let text = || format!("Maintenance from {from} to {until} UTC").into();
        self.message.as_deref().map_or_else(text, Into::into)
    }
}

/// Returns a moment to the minute, such as `2026-11-28 20:00`.
fn short(moment: Wall) -> String {
    let text = UtcText::from(moment);
    text.as_str().chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

/// All plans, by number.
#[derive(Clone, Debug, Default)]
pub struct Plans(BTreeMap<u32, Plan>);

impl Plans {
    /// Returns all plans, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.values()
    }

    /// Returns the number for a new plan; `None` if there are too many.
    pub fn next_number(&self) -> Option<u32> {
        let last = self.0.last_key_value().map_or(0, |(number, _)| *number);
        if self.0.len() < MOST { last.checked_add(1) } else { None }
    }

    /// Adds a plan, or replaces the one with its number.
    pub fn put(&mut self, plan: Plan) {
        self.0.insert(plan.number, plan);
    }

    /// Removes and returns a plan.
    pub fn remove(&mut self, number: u32) -> Option<Plan> {
        self.0.remove(&number)
    }

    /// Returns the planned special events.
    pub fn events(&self) -> impl Iterator<Item = Run> {
        self.iter().filter_map(|plan| Some(Run { event: plan.event?, starts: plan.from, ends: plan.until }))
    }

    /// Returns true during planned maintenance.
    pub fn is_maintenance(&self, now: Wall) -> bool {
        self.iter().any(|plan| plan.maintenance && plan.is_on(now))
    }

    /// Returns the message for this moment: the announcement of the next maintenance, or else the message that began
    /// last.
    pub fn message(&self, now: Wall) -> Option<Cow<'_, str>> {
        let announced = self.iter().filter(|plan| plan.is_announced(now)).min_by_key(|plan| plan.from);
        if let Some(plan) = announced {
            return Some(plan.announcement());
        }
        let on = self.iter().filter(|plan| plan.is_on(now) && plan.message.is_some());
        on.max_by_key(|plan| plan.from)?.message.as_deref().map(Into::into)
    }
}
