//! Planned messages, maintenance and special events: views and commands.

use alloc::{format, string::String, vec::Vec};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::{CommandError, Deed, is_long};
use crate::{Mmcos, Record, catalogue::EventName, plans::Plan};
use mmcos_core::{admin::AdminResponse, calendar::UtcText, seam::Wall, service::Context};

/// Body of `POST /api/v1/plans`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlan {
    /// Start, in seconds since 1970. One that has passed means now.
    from: i64,
    /// End, in seconds since 1970, after the start.
    until: i64,
    /// Message in place of the message of the day, with the same placeholders; for maintenance, also in place of its
    /// announcement in the hour before. A line of at most 500 bytes.
    message: Option<String>,
    /// True for maintenance: new logins are refused.
    #[serde(default)]
    maintenance: bool,
    /// Special event, one of the names at `/api/v1/events`, in place of the one that the setting `events` says.
    event: Option<String>,
}

/// Planned message, maintenance or special event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PlanRow<'a> {
    /// Number of the plan.
    number: u32,
    /// Start.
    from: i64,
    /// End.
    until: i64,
    /// True between start and end.
    on: bool,
    /// True for maintenance.
    maintenance: bool,
    /// Message.
    message: Option<&'a str>,
    /// Name of the special event.
    event: Option<&'a str>,
}

/// Number of a new plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PlanNumber {
    /// Number, by which it can be removed.
    number: u32,
}

impl Mmcos {
    /// Returns true while new logins are refused, by the setting or by a plan.
    pub(crate) fn is_closed(&self, now: Wall) -> bool {
        self.settings.maintenance || self.plans.is_maintenance(now)
    }

    /// Returns the plans that have not ended, the next first.
    pub(super) fn plan_rows(&self, now: Wall) -> Vec<PlanRow<'_>> {
        let rows = self.plans.iter().filter(|plan| now < plan.until).map(|plan| PlanRow {
            number: plan.number,
            from: plan.from.as_secs(),
            until: plan.until.as_secs(),
            on: plan.is_on(now),
            maintenance: plan.maintenance,
            message: plan.message.as_deref(),
            event: plan.event.map(EventName::as_str),
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| (row.from, row.number));
        rows
    }

    pub(super) fn add_plan(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Result<Deed, CommandError> {
        let NewPlan { from, until, message, maintenance, event } = serde_json::from_slice(body)?;
        let now = cx.now().wall;
        let [from, until] = [from, until].map(Wall::from_secs);
        let from = from.max(now);
        if until <= from {
            return Err(CommandError::Value("`until`", "after `from` and after this moment"));
        }
        let message = message.filter(|message| !message.is_empty());
        if message.as_deref().is_some_and(is_long) {
            return Err(CommandError::Value("`message`", "a line of at most 500 bytes"));
        }
        let event: Option<EventName> = event.as_deref().map(str::parse).transpose()?;
        if message.is_none() && !maintenance && event.is_none() {
            return Err(CommandError::Value(
                "a plan",
                "a `message`, `maintenance`, an `event`, or several of them",
            ));
        }
        let ended: Vec<u32> =
            self.plans.iter().filter(|plan| plan.until <= now).map(|plan| plan.number).collect();
        for number in ended {
            self.plans.remove(number);
            cx.record(Record::PlanRemoved(number));
        }
        let full = || CommandError::Value("the number of plans", "at most 100: remove one first");
        let number = self.plans.next_number().ok_or_else(full)?;
        let plan = Plan { number, from, until, message, maintenance, event };
        let after = described(&plan);
        cx.record(Record::Plan(plan.clone().into()));
        self.plans.put(plan);
        self.settings_changed(cx);
        let deed = Deed::new(format!("planned {after}")).changing(None, Some(after));
        Ok(deed.with_response(AdminResponse::json(&PlanNumber { number })))
    }

    pub(super) fn remove_plan(
        &mut self,
        cx: &mut Context<'_, Self>,
        number: &str,
    ) -> Result<Deed, CommandError> {
        let plan = number.parse().ok().and_then(|number| self.plans.remove(number));
        let plan = plan.ok_or(CommandError::Unknown("plan"))?;
        cx.record(Record::PlanRemoved(plan.number));
        self.settings_changed(cx);
        let before = described(&plan);
        Ok(Deed::new(format!("removed a plan: {before}")).changing(Some(before), None))
    }
}

/// Returns a plan for the audit log.
fn described(plan: &Plan) -> String {
    let Plan { number: _, from, until, message, maintenance, event } = plan;
    let text = match (maintenance, message) {
        (true, None) => Some("maintenance".into()),
        (true, Some(message)) => Some(format!("maintenance \"{message}\"")),
        (false, message) => message.as_ref().map(|message| format!("the message \"{message}\"")),
    };
    let event = event.map(|event| format!("the event {event}"));
    let what: Vec<String> = text.into_iter().chain(event).collect();
    format!("{} from {} until {}", what.join(" and "), UtcText::from(*from), UtcText::from(*until))
}
