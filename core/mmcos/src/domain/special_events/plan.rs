//! Plans of special events as text: `off`, `weekly`, or `chaos 2026-12-24 to 2026-12-26, payload 2026-12-31`.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use mmcos_core::{
    calendar::{Date, UtcText},
    seam::Wall,
    settings::{Datum, Value},
};

use super::{Dates, Plan, Run};

const DAY: i64 = 24 * 60 * 60 * 1000;

impl Value for Plan {
    const HINT: &'static str = "off|weekly|DATES";
    const EXPECTED: &'static str = "off, weekly, or events with their days, one event at a time, such as \
                                    \"chaos 2026-12-24 to 2026-12-26, payload 2026-12-31\" \
                                    (`mmcos config` names them all)";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "weekly" => Some(Self::Weekly),
            _ => text
                .split(',')
                .map(run)
                .collect::<Option<_>>()
                .and_then(|runs| Dates::new(runs).ok())
                .map(Self::Dates),
        }
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(match self {
            Self::Off => "off".to_owned(),
            Self::Weekly => "weekly".to_owned(),
            Self::Dates(dates) => dates.iter().map(text).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Parses a run that lasts all of the named days, in UTC.
fn run(text: &str) -> Option<Run> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (event, first, last) = match *words.as_slice() {
        [event, day] => (event, day, day),
        [event, first, "to", last] => (event, first, last),
        _ => return None,
    };
    let [starts, last] = [first, last].map(|day| Date::parse(day).map(Date::start));
    Some(Run { event: event.parse().ok()?, starts: starts?, ends: later(last?, DAY) })
}

fn text(run: &Run) -> String {
    let [first, last] = [run.starts, later(run.ends, -DAY)].map(UtcText::from);
    let [first, last] = [&first, &last].map(|day| day.as_str().split('T').next().unwrap_or_default());
    let event = run.event;
    if first == last { format!("{event} {first}") } else { format!("{event} {first} to {last}") }
}

fn later(moment: Wall, millis: i64) -> Wall {
    Wall::from_millis(moment.as_millis().saturating_add(millis))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_plan_is_written_as_it_is_read() {
        for text in [
            "off",
            "weekly",
            "chaos 2026-12-24",
            "chaos 2026-12-24 to 2026-12-26, payload 2026-12-27",
            "gi_joe 2024-02-28 to 2024-03-01, chaos 2026-12-24, gi_joe 2026-12-31 to 2027-01-01",
        ] {
            assert_eq!(Plan::parse(text).map(|plan| plan.to_datum().to_string()).as_deref(), Some(text));
        }
        let in_disorder = Plan::parse(" payload  2026-12-27,chaos 2026-12-24 to 2026-12-26 ").unwrap();
        assert_eq!(in_disorder.to_datum().to_string(), "chaos 2026-12-24 to 2026-12-26, payload 2026-12-27");
    }

    #[test]
    fn days_are_whole() {
        let plan = Plan::parse("chaos 2026-12-24 to 2026-12-26").unwrap();
        let [starts, ends] = ["2026-12-24", "2026-12-27"].map(|day| Date::parse(day).unwrap().start());
        assert_eq!(plan.at(starts).map(|run| (run.starts, run.ends)), Some((starts, ends)));
        assert_eq!((plan.at(later(starts, -1)), plan.at(ends)), (None, None));
    }

    #[test]
    fn texts_that_are_no_plan() {
        for text in [
            "",
            "on",
            "chaos",
            "chaos 2026-12-24,",
            "rally 2026-12-24",
            "chaos 2026-12-32",
            "chaos 2026-12-24 to",
            "chaos 2026-12-24 until 2026-12-26",
            "chaos 2026-12-24 to 2026-12-23",
            "chaos 2026-12-24 to 2026-12-26, payload 2026-12-26",
        ] {
            assert_eq!(Plan::parse(text), None, "{text}");
        }
    }
}
