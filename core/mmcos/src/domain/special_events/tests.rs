use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::plans;
use mmcos_core::calendar::{Date, weekday};

fn at(hours: i64) -> Wall {
    Wall::from_millis(hours.saturating_mul(HOUR))
}

fn event(index: usize) -> EventName {
    EventName::all().nth(index).unwrap()
}

fn run(index: usize, starts: i64, ends: i64) -> Run {
    Run { event: event(index), starts: at(starts), ends: at(ends) }
}

fn dates(runs: Vec<Run>) -> Plan {
    Plan::Dates(Dates::new(runs).unwrap())
}

/// A calendar, with its parts.
#[derive(Default)]
struct Calendar {
    setting: Plan,
    plans: Plans,
    by_hand: Option<ByHand>,
}

impl Calendar {
    fn new(setting: Plan) -> Self {
        Self { setting, ..Self::default() }
    }

    fn events(&self) -> Events<'_> {
        Events { setting: &self.setting, plans: &self.plans, by_hand: self.by_hand }
    }

    fn start(&mut self, hours: i64, index: usize, until: i64) {
        self.by_hand = Some(ByHand { event: Some(event(index)), from: at(hours), until: at(until) });
    }

    fn stop(&mut self, hours: i64) {
        self.by_hand = Some(self.events().stop(at(hours)));
    }

    /// Plans an event; returns its number.
    fn plan(&mut self, index: usize, from: i64, until: i64) -> u32 {
        let (number, event) = (self.plans.next_number().unwrap(), Some(event(index)));
        let (from, until) = (at(from), at(until));
        self.plans.put(plans::Plan { number, from, until, message: None, maintenance: false, event });
        number
    }

    /// Returns the event that runs, and the next with its start in hours.
    fn told(&self, hours: i64) -> (Option<EventName>, Option<(EventName, i64)>) {
        let (events, now) = (self.events(), at(hours));
        let next = events.next(now).map(|run| (run.event, run.starts.as_millis() / HOUR));
        (events.at(now).map(|run| run.event), next)
    }
}

#[test]
fn weekends_follow_each_other_through_all_events_from_2017_to_2100() {
    let mut now = Date { year: 2017, month: 1, day: 1 }.start();
    while Date::of(now).year <= 2100 {
        let run = Plan::Weekly.after(now).unwrap();
        let hour = run.starts.as_millis().rem_euclid(24 * HOUR) / HOUR;
        assert_eq!((weekday(run.starts), weekday(run.ends), hour), (4, 0, 12));
        assert_eq!(run.ends.as_millis() - run.starts.as_millis(), WEEKEND);
        let last = Wall::from_millis(run.ends.as_millis() - 1);
        assert_eq!([run.starts, last].map(|moment| Plan::Weekly.at(moment)), [Some(run); 2]);
        let before = Wall::from_millis(run.starts.as_millis() - 1);
        assert_eq!([before, run.ends].map(|moment| Plan::Weekly.at(moment)), [None; 2]);
        let next = Plan::Weekly.after(run.starts).unwrap();
        assert_eq!(next.starts.as_millis() - run.starts.as_millis(), WEEK);
        assert_eq!(next.event.id(), run.event.id() % 13 + 1);
        now = run.ends;
    }
}

#[test]
fn any_clock_gives_a_calendar() {
    let plans = [Plan::Off, Plan::Weekly, dates(vec![run(0, 0, 1)])];
    for (plan, now) in plans.iter().flat_map(|plan| [i64::MIN, 0, i64::MAX].map(|now| (plan, now))) {
        let mut calendar = Calendar::new(plan.clone());
        calendar.plan(1, 0, i64::MAX / HOUR);
        calendar.plan(2, i64::MIN / HOUR, -1);
        let (events, now) = (calendar.events(), Wall::from_millis(now));
        let _ = (events.at(now), events.next(now));
        assert!(events.next_change(now).is_none_or(|change| change > now));
    }
}

#[test]
fn runs_that_cannot_follow_each_other_are_refused() {
    assert_eq!(Dates::new(vec![run(0, 3, 3)]), Err(DatesError::Empty(run(0, 3, 3))));
    let (first, second) = (run(0, 1, 5), run(1, 4, 6));
    assert_eq!(Dates::new(vec![second, first]), Err(DatesError::Overlap { first, second }));
    assert!(Dates::new(vec![run(1, 5, 6), run(0, 1, 5), run(0, 6, 7)]).is_ok());
}

#[test]
fn events_run_on_their_dates() {
    let events = Calendar::new(dates(vec![run(1, 20, 25), run(0, 10, 15), run(2, 25, 30)]));
    for (hour, now, next) in [
        (9, None, Some((0, 10))),
        (10, Some(0), Some((1, 20))),
        (14, Some(0), Some((1, 20))),
        (15, None, Some((1, 20))),
        (24, Some(1), Some((2, 25))),
        (25, Some(2), None),
        (30, None, None),
    ] {
        let expected = (now.map(event), next.map(|(index, starts)| (event(index), starts)));
        assert_eq!(events.told(hour), expected, "hour {hour}");
    }
}

#[test]
fn what_an_operator_starts_runs_instead_until_it_ends() {
    let mut events = Calendar::new(dates(vec![run(0, 10, 20), run(1, 30, 40)]));
    events.start(12, 5, 15);
    assert_eq!(events.told(12), (Some(event(5)), Some((event(0), 15))));
    assert_eq!(events.told(15), (Some(event(0)), Some((event(1), 30))));
    events.start(16, 5, 30);
    assert_eq!(events.told(16), (Some(event(5)), Some((event(1), 30))));
    assert_eq!(events.told(30), (Some(event(1)), None));
    events.start(31, 6, 31);
    assert_eq!(events.told(31), (Some(event(1)), None), "it took no time");
}

#[test]
fn what_an_operator_stops_is_over_and_the_next_starts() {
    let mut events = Calendar::new(dates(vec![run(0, 10, 20), run(1, 30, 40)]));
    events.stop(12);
    for hour in 12..30 {
        assert_eq!(events.told(hour), (None, Some((event(1), 30))), "hour {hour}");
    }
    assert_eq!(events.told(30), (Some(event(1)), None));
    events.start(15, 5, 35);
    events.stop(16);
    assert_eq!(events.told(16), (None, Some((event(1), 30))), "nor does the planned one run again");
    events.stop(25);
    assert_eq!(events.told(25), (None, Some((event(1), 30))), "there was nothing to stop");
}

#[test]
fn of_plans_and_interventions_the_one_that_began_last_decides() {
    let mut events = Calendar::new(dates(vec![run(0, 10, 40), run(1, 50, 60)]));
    events.plan(2, 12, 30);
    let last = events.plan(3, 15, 20);
    assert_eq!(events.told(9), (None, Some((event(0), 10))));
    assert_eq!(events.told(11), (Some(event(0)), Some((event(2), 12))));
    assert_eq!(events.told(12), (Some(event(2)), Some((event(3), 15))));
    assert_eq!(events.told(15), (Some(event(3)), Some((event(2), 20))));
    assert_eq!(events.told(20), (Some(event(2)), Some((event(0), 30))));
    assert_eq!(events.told(30), (Some(event(0)), Some((event(1), 50))));
    // The end that is shown is that of what runs.
    assert_eq!(
        [11, 12, 15, 20, 30].map(|hour| events.events().at(at(hour)).unwrap().ends),
        [12, 15, 20, 30, 40].map(at)
    );

    events.start(13, 5, 25);
    assert_eq!(events.told(13), (Some(event(5)), Some((event(3), 15))));
    assert_eq!(events.told(15), (Some(event(3)), Some((event(5), 20))));
    assert_eq!(events.told(25), (Some(event(2)), Some((event(0), 30))));
    events.start(15, 5, 25);
    assert_eq!(events.told(15), (Some(event(5)), Some((event(2), 25))), "together with a plan");
    events.plans.remove(last);
    events.stop(13);
    assert_eq!(events.told(13), (None, Some((event(1), 50))), "until the end of all that is on");
    events.plan(4, 14, 16);
    assert_eq!(events.told(13), (None, Some((event(4), 14))));
    assert_eq!(events.told(16), (None, Some((event(1), 50))));
}

proptest! {
    /// A client that asks again at the next change, and not before, misses nothing.
    #[test]
    fn nothing_changes_before_the_next_change(
        weekly in any::<bool>(),
        lengths in prop::collection::vec((1..20_i64, 1..20_i64), 0..6),
        planned in prop::collection::vec((0..13_usize, 0..200_i64, 1..60_i64), 0..4),
        deeds in prop::collection::vec((0..200_i64, prop::option::of((0..13_usize, 0..60_i64))), 0..4),
    ) {
        let mut end = 0_i64;
        let runs = lengths.iter().enumerate().map(|(index, (pause, length))| {
            let starts = end.saturating_add(*pause);
            end = starts.saturating_add(*length);
            run(index, starts, end)
        });
        let mut events = Calendar::new(if weekly { Plan::Weekly } else { dates(runs.collect()) });
        for (index, from, length) in planned {
            events.plan(index, from, from.saturating_add(length));
        }
        for (now, deed) in deeds {
            match deed {
                Some((index, length)) => events.start(now, index, now.saturating_add(length)),
                None => events.stop(now),
            }
            let (mut change, mut before) = (events.events().next_change(at(0)), events.told(0));
            for hour in 1..300 {
                let now = events.told(hour);
                if change.is_none_or(|change| at(hour) < change) {
                    prop_assert_eq!(now, before, "hour {}", hour);
                } else {
                    change = events.events().next_change(at(hour));
                }
                if let Some((event, starts)) = now.1 {
                    prop_assert_eq!(events.told(starts).0, Some(event), "announced at hour {}", hour);
                }
                before = now;
            }
        }
    }
}
