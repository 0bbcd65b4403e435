//! The machine's wall clock: its faults, and what the server may make of it.

use std::time::Duration;

use mmcos_core::{
    engine::{Doubted, SETTLING, WallClock},
    seam::{CommitSeq, Wall},
};

use super::{
    failure::Invariant,
    faults::Fault,
    world::{Event, World},
};

/// Range of errors within which a server must not notice any change, in milliseconds.
const UNNOTICED: u64 = 9_000;
/// Change of the error that a server must notice within an hour, in milliseconds.
const STEP: u64 = 14_000;
/// Deviation that a server may not notice, in milliseconds.
const NOTICED: i64 = 30_000;
/// A jump ahead by more is believed only after a day, in milliseconds.
const FAR: i64 = 390 * 86_400_000;

/// The simulation's knowledge of the clock, which it sets itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// The errors of the clock that the server has read, from the lowest to the highest.
    range: Option<(i64, i64)>,
    /// The last reading after which the server may have begun its wait anew: error and time.
    even: (i64, Duration),
    /// The readings that no later one differs from by more than the server must notice, oldest first: error and time.
    steady: Vec<(i64, Duration)>,
    /// The error of the clock when the server was last sure of the time.
    sure: Option<i64>,
}

impl World {
    pub(super) fn clock(&self) -> Option<&WallClock> {
        self.process.as_ref().map(|process| process.server.clock()).filter(|clock| clock.is_read())
    }

    /// Returns the time that the server goes by.
    pub(super) fn judged(&self) -> Wall {
        self.clock().map_or_else(|| self.wall(), WallClock::time)
    }

    /// Returns the earliest time that it may be, as far as the server knows.
    pub(super) fn earliest(&self) -> Wall {
        self.clock().map_or_else(|| self.wall(), WallClock::earliest)
    }

    /// Returns true if the server does not believe its clock.
    pub(super) fn has_jumped(&self) -> bool {
        self.clock().and_then(WallClock::doubted).is_some_and(|doubted| doubted != Doubted::Started)
    }

    /// Notes that a request was served: a season that is due has begun, unless it could not be recorded.
    pub(super) fn follow(&mut self, seq: CommitSeq) {
        if self.is_storage_unavailable() {
            return;
        }
        let is_sure = self.clock().is_some_and(WallClock::is_settled);
        let before = self.model.season();
        self.model.follow(self.judged(), is_sure, self.now, seq);
        if self.model.season() != before {
            self.notice_new_season();
        }
    }

    /// Notes that a server starts, which does not know for how long none was running.
    pub(super) fn watch_anew(&mut self) {
        // Without any player there is nothing to lose, nor anything to compare the clock with.
        let sure = (self.model.accounts() == 0).then_some(self.clock_error);
        self.watch = Watch { sure, ..Watch::default() };
    }

    /// Checks the server's judgement after a reading of the clock: by the readings so far, it may be sure or not.
    pub(super) fn watch_clock(&mut self) {
        let Some(clock) = self.clock() else { return };
        let (is_sure, doubted, judged, says) =
            (clock.is_settled(), clock.doubted(), clock.time(), clock.says());
        let (error, now) = (self.clock_error, self.now);
        let Watch { range, even, steady, sure } = &mut self.watch;
        let (lowest, highest) = range.map_or((error, error), |(low, high)| (low.min(error), high.max(error)));
        let is_first = range.replace((lowest, highest)).is_none();
        // The server may compare with any earlier reading: two small changes can add up to a jump.
        if is_first || even.0 != error && lowest.abs_diff(highest) > UNNOTICED {
            *even = (error, now);
        }
        let evenly = now.saturating_sub(even.1);
        // Once the server has noticed a jump, it may compare later readings with any of these.
        steady.retain(|(before, _)| before.abs_diff(error) <= STEP);
        if steady.last().is_none_or(|(last, _)| *last != error) {
            steady.push((error, now));
        }
        let steadily = now.saturating_sub(steady.first().map_or(now, |(_, since)| *since));
        let sure = *sure;
        let is_as_before = sure.is_some_and(|sure| sure.abs_diff(error) <= NOTICED.unsigned_abs());
        if is_sure && steadily < SETTLING && !is_as_before {
            let detail = format!("an error of {error} ms is believed after {steadily:?}; it was {sure:?} ms");
            self.fail(Invariant::Clock, detail);
        }
        let is_far = says.as_millis() - judged.as_millis() > FAR;
        let is_unset = says < super::host::BUILT;
        if !is_sure && evenly > SETTLING + Duration::from_mins(2) && !is_far && !is_unset {
            self.fail(Invariant::Clock, format!("an error of {error} ms is not believed after {evenly:?}"));
        }
        let true_now = self.starts.as_millis() + self.now.as_millis() as i64;
        if let (Some(sure), Some(Doubted::Ahead | Doubted::Behind | Doubted::Unset)) = (sure, doubted) {
            let judged_error = judged.as_millis() - true_now;
            if judged_error.abs_diff(sure) > NOTICED.unsigned_abs() {
                let detail = format!("time was wrong by {sure} ms, and is by {judged_error} ms after a jump");
                self.fail(Invariant::Clock, detail);
            }
        }
        if is_sure {
            self.watch.sure = Some(error);
        }
    }

    /// Sets the clock wrong: mostly by seconds, as a correction does, sometimes by hours, as when a machine without a
    /// clock of its own learns the time; sometimes by years. Often it is soon right again.
    pub(super) fn jump_clock(&mut self) {
        let years = 12.0 * 365.0 * 86_400.0;
        let (middle, spread) =
            self.random.choose(&[((60.0, 3.0), 0.5), ((86_400.0, 2.5), 0.3), ((years / 4.0, 1.0), 0.2)]);
        let seconds = self.random.lognormal(middle, spread).min(years);
        let millis = (seconds * 1000.0) as i64;
        self.clock_error = match self.random.uniform() {
            ..0.4 if self.clock_error != 0 => 0,
            ..0.7 => self.clock_error + millis,
            _ => self.clock_error - millis,
        };
        let longest = (years * 1000.0) as i64;
        self.clock_error = self.clock_error.clamp(-longest, longest);
        if self.clock_error != 0 && self.random.uniform() < 0.5 {
            let wait = Duration::from_secs_f64(self.random.lognormal(60.0, 2.0).min(3600.0));
            self.plan(wait, Event::ClockRighted);
        }
    }

    /// Changes the clock, perhaps, after the machine was off.
    pub(super) fn lose_clock(&mut self) {
        if self.rates.of(Fault::ClockJump) > 0.0 && self.random.uniform() < 0.3 {
            self.jump_clock();
        }
    }
}
