//! The machine's wall clock: how it goes wrong, and what the server may make of it.

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

/// Change of the error that a server must not notice, in milliseconds.
const UNNOTICED: u64 = 9_000;
/// Change of the error that a server must notice within an hour, in milliseconds.
const STEP: u64 = 14_000;
/// Deviation that a server may not notice, in milliseconds.
const NOTICED: i64 = 30_000;
/// A jump ahead by more is believed only after a day, in milliseconds.
const FAR: i64 = 390 * 86_400_000;

/// What is known of the clock by who sets it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// The error of the clock when the server read it, and since when it has read it so: to the smallest change that it
    /// may notice, and to the smallest that it must.
    seen: Option<[(i64, Duration); 2]>,
    /// The error of the clock when the server was last sure of the time.
    sure: Option<i64>,
}

impl World {
    fn clock(&self) -> Option<&WallClock> {
        self.process.as_ref().map(|process| process.server.clock()).filter(|clock| clock.is_read())
    }

    /// The time that the server goes by.
    pub(super) fn judged(&self) -> Wall {
        self.clock().map_or_else(|| self.wall(), WallClock::time)
    }

    /// The earliest that it may be, as far as the server knows.
    pub(super) fn earliest(&self) -> Wall {
        self.clock().map_or_else(|| self.wall(), WallClock::earliest)
    }

    /// Whether the server does not believe its clock.
    pub(super) fn has_jumped(&self) -> bool {
        self.clock().and_then(WallClock::doubted).is_some_and(|doubted| doubted != Doubted::Started)
    }

    /// A request was served: the season that it is time for has begun, unless it could not be kept.
    pub(super) fn follow(&mut self, ticket: CommitSeq) {
        if self.is_storage_unavailable() {
            return;
        }
        let is_sure = self.clock().is_some_and(WallClock::is_settled);
        self.books.follow(self.judged(), is_sure, self.now, ticket);
    }

    /// A server starts, which does not know how long none was running.
    pub(super) fn watch_anew(&mut self) {
        // Without any player there is nothing to lose, nor anything to compare the clock with.
        let sure = (self.books.accounts() == 0).then_some(self.clock_error);
        self.watch = Watch { seen: None, sure };
    }

    /// The server has read its clock. By what it has seen of it, it may be sure or not.
    pub(super) fn watch_clock(&mut self) {
        let Some(clock) = self.clock() else { return };
        let (is_sure, doubted, judged, says) =
            (clock.is_settled(), clock.doubted(), clock.time(), clock.says());
        let (error, now) = (self.clock_error, self.now);
        let Watch { seen, sure } = self.watch;
        let mut seen = seen.unwrap_or([(error, now); 2]);
        for ((before, since), noticed) in seen.iter_mut().zip([UNNOTICED, STEP]) {
            if before.abs_diff(error) > noticed {
                (*before, *since) = (error, now);
            }
        }
        self.watch.seen = Some(seen);
        let [evenly, steady] = seen.map(|(_, since)| now.saturating_sub(since));
        let is_as_before = sure.is_some_and(|sure| sure.abs_diff(error) <= NOTICED.unsigned_abs());
        if is_sure && steady < SETTLING && !is_as_before {
            let detail = format!("an error of {error} ms is believed after {steady:?}; it was {sure:?} ms");
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

    /// Mostly a correction by seconds, sometimes by hours, as when a machine without a clock of its own has found out
    /// what time it is; sometimes by years. Often it is soon right again.
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

    /// The clock is right again.
    pub(super) fn right_clock(&mut self) {
        self.clock_error = 0;
    }

    /// The clock may be another after the machine was off.
    pub(super) fn lose_clock(&mut self) {
        if self.rates.of(Fault::ClockJump) > 0.0 && self.random.uniform() < 0.3 {
            self.jump_clock();
        }
    }
}
