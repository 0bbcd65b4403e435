//! Race nights in Europe/Berlin around a change of its clocks: the rules once more, and what the server may make of
//! them.

use std::time::Duration;

use mmcos_core::{
    calendar::{Date, weekday},
    engine::WallClock,
    notice::Notice,
    seam::Wall,
};
use mmcos_game::{NightNews, nights::Night};

use super::{
    failure::Invariant, faults::Fault, host::LONGEST_LATENESS, model::expect, scenario::Scenario,
    world::World,
};
use crate::{client::Poll, random::Random};

/// Nights of a scenario; some begin or end while clocks change.
const PLANS: [&str; 4] = [
    "sat 23:00-04:00 Europe/Berlin",
    "sun 02:30-03:30 Europe/Berlin",
    "sun 01:15-02:30 Europe/Berlin, tue 20:00-22:00 Europe/Berlin",
    "sat 22:15-23:45 Europe/Berlin, sun 05:00-06:00 Europe/Berlin",
];

/// Values to which an operator sets the nights.
pub(super) const SETTING: (&str, [&str; 3]) = ("nights", [PLANS[0], PLANS[1], ""]);

/// Moments of 2024 at which clocks change in Europe/Berlin.
const CHANGES: [Wall; 2] = [Wall::from_secs(1_711_846_800), Wall::from_secs(1_729_990_800)];

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Minutes before a night at which friends are told.
const NOTICES: [i64; 2] = [60, 5];

/// Time within which a server that cannot trust its clock notices that a night has begun or ended.
const LOOK: Duration = Duration::from_mins(10);

/// Time for which a server must have gone by one clock and one plan to be blamed for a notice that did not come.
const STEADY: Duration = Duration::from_mins(65);

/// Least time for which a poll is held while AI is no way out.
const HELD: Duration = Duration::from_secs(9);

/// Draws the nights of a scenario, if it has any, and its start: a change of clocks comes in it.
pub(super) fn draw(scenario: &Scenario) -> Option<(&'static str, Wall)> {
    let mut random = Random::new(scenario.seed, 1 << 44);
    let plan = (random.uniform() < 0.25).then(|| random.choose(&PLANS.map(|plan| (plan, 0.25))))?;
    let change = random.choose(&CHANGES.map(|change| (change, 0.5)));
    let before = random.between(0.0, scenario.days * 86_400_000.0) as i64;
    Some((plan, Wall::from_millis(change.as_millis() - before)))
}

/// Returns the moment of a change of clocks: the last Sunday of the month, 01:00 UTC.
fn change(year: u16, month: u8) -> i64 {
    let last = Date { year, month, day: 31 }.start();
    last.as_millis() - (weekday(last) as i64 + 1) % 7 * DAY + 60 * MINUTE
}

/// Returns the milliseconds that clocks are ahead of UTC.
fn ahead(moment: i64) -> i64 {
    let year = Date::of(Wall::from_millis(moment)).year;
    let is_summer = (change(year, 3)..change(year, 10)).contains(&moment);
    if is_summer { 120 * MINUTE } else { 60 * MINUTE }
}

/// Returns the first moment at which clocks show this time, or would if they did not skip it.
fn moment(shown: i64) -> i64 {
    let summer = shown - 120 * MINUTE;
    if ahead(summer) == 120 * MINUTE { summer } else { shown - 60 * MINUTE }
}

/// Returns begin and end of each night from a week before `now` to a week after it.
fn around(plan: &str, now: Wall) -> Vec<(i64, i64)> {
    let today = now.as_millis().div_euclid(DAY) * DAY;
    let weekly = |night: &str| {
        let (day, rest) = night.trim().split_once(' ')?;
        let (from, to) = rest.strip_suffix(" Europe/Berlin")?.split_once('-')?;
        let time = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            Some((hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * MINUTE)
        };
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|name| *name == day)?;
        Some((day, time(from)?, time(to)?))
    };
    let weekly: Vec<_> = plan.split(',').filter_map(weekly).collect();
    let days = (-8..=8).map(|days| today + days * DAY);
    days.flat_map(|day| {
        let of_day = weekly.iter().filter(move |night| weekday(Wall::from_millis(day)) == night.0);
        of_day.map(move |(_, from, to)| {
            let last = if to > from { day } else { day + DAY };
            (moment(day + from), moment(last + to))
        })
    })
    .filter(|(starts, ends)| starts < ends)
    .collect()
}

/// The simulation's knowledge of the nights of the current server.
#[derive(Debug, Default)]
pub(super) struct Watch {
    plan: String,
    /// Nights around the time of the last look.
    known: Vec<(i64, i64)>,
    looked: Option<Wall>,
    /// True if the server has said that a night is on, and since when it has.
    is_on: bool,
    changed: Duration,
    /// Time since which the server should have noticed that it is wrong.
    wrong_since: Option<Duration>,
    /// Begins of nights that friends were told of, each with the minutes before.
    told: Vec<(i64, i64)>,
    /// Time at which the server last doubted its clock, as each does at first. Its time may step when it trusts it.
    doubted: Option<Duration>,
    /// Time since which the server goes by this plan and an even clock.
    steady_since: Duration,
    clock_error: i64,
    /// Number of nights that have begun.
    pub(super) begun: u32,
}

impl World {
    /// Notes that a server starts.
    pub(super) fn watch_nights_anew(&mut self) {
        let begun = self.nights.begun;
        self.nights =
            Watch { begun, steady_since: self.now, clock_error: self.clock_error, ..Watch::default() };
    }

    /// Returns the nights that are planned.
    pub(super) fn planned_nights(&self) -> &str {
        self.model.setting("nights").unwrap_or(self.planned_nights)
    }

    /// Returns true if a night is on, by the time that the server goes by.
    pub(super) fn is_night(&mut self) -> bool {
        let (now, wanted) = (self.judged(), self.planned_nights().to_owned());
        let watch = &mut self.nights;
        let is_new = watch.plan != wanted;
        if is_new
            || watch.looked.is_none_or(|looked| looked.as_millis().abs_diff(now.as_millis()) > DAY as u64)
        {
            (watch.known, watch.looked) = (around(&wanted, now), Some(now));
        }
        if is_new || watch.clock_error != self.clock_error {
            (watch.plan, watch.clock_error, watch.steady_since) = (wanted, self.clock_error, self.now);
        }
        watch.known.iter().any(|(starts, ends)| (*starts..*ends).contains(&now.as_millis()))
    }

    /// Returns the time for which games that log in now search.
    pub(super) fn search_seconds(&mut self, usual: u64) -> u64 {
        if self.is_night() { usual.max(600) } else { usual }
    }

    /// Checks news of a night.
    fn hear_of_night(&mut self, night: &Night, news: NightNews, notice: Option<Notice>) {
        let (is_night, now) = (self.is_night(), self.judged().as_millis());
        let span = (night.starts.as_millis(), night.ends.as_millis());
        let found = match news {
            NightNews::Began => self.night_begins(is_night, span),
            NightNews::Ended => {
                (self.nights.is_on, self.nights.changed) = (false, self.now);
                expect("a night after the end of one", &is_night, &false)
            }
            NightNews::Soon(minutes) => {
                let waits = span.0 - now;
                let due = minutes * MINUTE;
                let in_time = NOTICES.contains(&minutes) && (due - 2 * MINUTE..=due).contains(&waits);
                let again = self.nights.told.contains(&(span.0, minutes));
                self.nights.told.push((span.0, minutes));
                let words = if minutes == 60 { "begins in an hour" } else { "begins in 5 minutes" };
                let is_heard = notice.is_some_and(|notice| notice.text.contains(words));
                let is_again = again && self.rates.of(Fault::ClockJump) == 0.0;
                let as_due = in_time && is_heard && !is_again && self.nights.known.contains(&span);
                expect("a notice at its time, once", &(as_due, minutes, waits), &(true, minutes, waits))
            }
        };
        self.expect(Invariant::Nights, found.map_err(|detail| format!("{night:?}, {news:?}: {detail}")));
    }

    fn night_begins(&mut self, is_night: bool, span: (i64, i64)) -> Result<(), String> {
        (self.nights.is_on, self.nights.changed) = (true, self.now);
        self.nights.begun += 1;
        expect("a night that is on", &(is_night, self.nights.known.contains(&span)), &(true, true))?;
        let late = self.judged().as_millis() - span.0;
        let is_steady = self.now.saturating_sub(self.nights.steady_since) > STEADY;
        if is_steady && late <= LONGEST_LATENESS.as_millis() as i64 {
            let told = NOTICES.map(|minutes| self.nights.told.contains(&(span.0, minutes)));
            expect("notices an hour and five minutes before", &told, &[true, true])?;
        }
        Ok(())
    }

    /// Checks after an input that the server has noticed what is on.
    pub(super) fn watch_nights(&mut self) {
        let is_over =
            self.current.is_crashed || self.process.as_ref().is_none_or(|process| process.is_stopping);
        if self.planned_nights.is_empty() || is_over {
            return;
        }
        for (night, news, notice) in std::mem::take(&mut self.current.nights) {
            self.hear_of_night(&night, news, notice);
        }
        if !self.clock().is_some_and(WallClock::is_settled) {
            self.nights.doubted = Some(self.now);
        }
        let is_night = self.is_night();
        if is_night == self.nights.is_on {
            self.nights.wrong_since = None;
            return;
        }
        let since = *self.nights.wrong_since.get_or_insert(self.now);
        let doubted = self.nights.doubted.is_some_and(|doubted| self.now.saturating_sub(doubted) <= LOOK);
        let steps = doubted || self.rates.of(Fault::ClockJump) > 0.0;
        let allowed = LONGEST_LATENESS + if steps { LOOK } else { Duration::ZERO };
        if self.now.saturating_sub(since) > allowed {
            let detail =
                format!("the server says {} since {since:?}, and a night is on: {is_night}", !is_night);
            self.fail(Invariant::Nights, detail);
        }
    }

    /// Checks a response that sends a lone player to AI: during a night it is held as long as any other.
    pub(super) fn audit_way_to_ai(&mut self, poll: &Poll) {
        let is_stopping = self.process.as_ref().is_none_or(|process| process.is_stopping);
        let held = self.now.saturating_sub(poll.sent);
        if self.nights.is_on && poll.sent > self.nights.changed && !is_stopping && held < HELD {
            self.fail(Invariant::Nights, format!("AI after {held:?} during a night: {poll:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmcos_core::calendar::UtcText;

    #[test]
    fn nights_over_both_changes() {
        let spans = |day: &str| {
            let now = Date::parse(day).unwrap().start();
            let text = |millis| UtcText::from(Wall::from_millis(millis)).to_string();
            let spans = around("sat 23:00-04:00 Europe/Berlin", now);
            spans.into_iter().map(|(starts, ends)| [text(starts), text(ends)]).collect::<Vec<_>>()
        };
        assert!(
            spans("2024-03-30").contains(&["2024-03-30T22:00:00Z".into(), "2024-03-31T02:00:00Z".into()])
        );
        assert!(
            spans("2024-10-26").contains(&["2024-10-26T21:00:00Z".into(), "2024-10-27T03:00:00Z".into()])
        );
        assert_eq!(CHANGES.map(Wall::as_millis), [change(2024, 3), change(2024, 10)]);
    }
}
