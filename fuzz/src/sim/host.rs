//! The machine: it starts, stops and ticks the server, and has a clock and a store.

use std::time::Duration;

use mmcos_core::{
    OutboxOf,
    admin::DeskConfig,
    engine::Limits,
    game::Life,
    seam::{Input, Monotonic, Storage, Wall},
    trace::Start,
};
use mmcos_game::{Mmcos, Record};

use super::{
    failure::Invariant,
    faults::Fault,
    operator,
    store::{self, CommitSeq},
    world::{Event, Process, World},
};
use crate::random::Random;

/// Maximum delay of a tick.
pub(super) const LONGEST_LATENESS: Duration = Duration::from_secs(2);

/// Returns the limits of the server: a player has a few connections at a time, not dozens.
fn limits() -> Limits {
    Limits { connections_per_address: 32, built: BUILT, ..Limits::default() }
}

/// Build date of the server: 2023-01-01.
pub(super) const BUILT: Wall = Wall::from_secs(1_672_531_200);

/// Time that the server has to close its connections.
const GRACE: Duration = Duration::from_secs(4);

impl World {
    /// Starts the server from what is durable.
    pub(super) fn start(&mut self) {
        self.lives += 1;
        let seed = Random::new(self.scenario.seed, 1 << 40 | u64::from(self.lives)).seed();
        let records = self.store.records(self.wall()).collect();
        let desk = DeskConfig { admin: Some(operator::access(self.scenario.seed)), ..DeskConfig::default() };
        let life = Life { seed, desk, ..Life::default() };
        let start = Start::<Mmcos> { life, limits: limits(), settings: self.config.clone(), records };
        let server = match start.server() {
            Ok(server) => server,
            Err(error) => return self.fail(Invariant::Restored, error.to_string()),
        };
        let compared = self.model.compare(server.service());
        self.expect(Invariant::Points, compared);
        let compared = self.model.compare_commands(server.service(), &self.config);
        self.expect(Invariant::Commands, compared);
        self.follow_times();
        if self.failure.is_none() {
            self.trace = self.trace.take().map(|_| format!("{start}\n"));
        }
        self.storage = Storage::default();
        self.watch_anew();
        self.watch_nights_anew();
        let out = OutboxOf::<Mmcos>::new();
        self.process = Some(Process { server, out, started: self.now, is_stopping: false });
    }

    /// Returns true if a due tick comes late.
    pub(super) fn is_overdue(&self) -> bool {
        let Some(process) = &self.process else { return false };
        let deadline = process.server.next_deadline();
        deadline.is_some_and(|deadline| process.started + deadline.since(Monotonic::default()) <= self.now)
    }

    /// Returns the time of the next tick. A late tick is late for its deadline, whatever happens in between.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        let process = self.process.as_ref()?;
        let deadline = process.server.next_deadline()?;
        let at = process.started + deadline.since(Monotonic::default());
        let rate = self.rates.of(Fault::LateTick);
        if rate == 0.0 {
            return Some(at);
        }
        let mut random = Random::new(self.scenario.seed ^ deadline.as_nanos(), 1 << 41);
        let late = random.uniform() < rate;
        let lateness = LONGEST_LATENESS.mul_f64(libm::pow(random.uniform(), 4.0));
        Some(if late { at + lateness } else { at })
    }

    /// Hands the records of this input to the store.
    pub(super) fn submit(&mut self) {
        if self.current.batch.is_empty() {
            return;
        }
        let records = std::mem::take(&mut self.current.batch);
        let is_first =
            records.iter().any(|record| matches!(record, Record::Ban(_) | Record::SeasonStarted(_)));
        self.current.seq =
            if self.current.is_crashed { CommitSeq::NEVER } else { self.store.submit(records) };
        if is_first {
            self.current.first = Some(self.current.seq);
        }
        if self.current.is_crashed {
            return;
        }
        let faults = [Fault::SlowStore, Fault::StoreError, Fault::StoreTrouble];
        if faults.iter().all(|fault| self.rates.of(*fault) == 0.0)
            && self.trouble.is_none()
            && self.cut.is_none()
            && self.store.pending() == 1
        {
            self.finish();
            self.model.durable(self.current.seq);
            self.plan(Duration::ZERO, Event::Committed(self.lives));
        } else {
            self.commit();
        }
    }

    /// Begins a commit, one at a time; later records go with the next.
    fn commit(&mut self) {
        if self.store.begin(self.now) {
            if let Some(time) = self.cut.take() {
                self.cut_off(time);
            }
            let slow = self.strikes(Fault::SlowStore);
            let wait = if slow { store::latency(&mut self.random) } else { Duration::from_micros(200) };
            self.plan(wait, Event::Committed(self.lives));
        }
    }

    pub(super) fn committed(&mut self, life: u32) {
        if life != self.lives || self.process.is_none() {
            return;
        }
        if self.strikes(Fault::StoreError) {
            return self.crash();
        }
        if self.is_store_troubled()
            && let Some((kind, _)) = self.trouble
        {
            if let Some(next) = self.store.fail(kind, self.now) {
                self.plan(next.saturating_sub(self.now), Event::Commit(life));
            }
        } else {
            if let Err(fenced) = self.store.commit(self.now) {
                return self.fail(Invariant::Leader, format!("the only leader stops: {fenced:?}"));
            }
            self.input(Input::Committed { took: Duration::ZERO });
        }
        let durable = self.store.durable();
        if durable > self.store.written() {
            self.fail(
                Invariant::Durable,
                format!("{durable:?} is acknowledged, {:?} written", self.store.written()),
            );
        }
        self.model.durable(durable);
        while let Some((_, conn)) = self.waiting.pop_front_if(|(after, _)| *after <= durable) {
            self.release(conn);
        }
        self.commit();
    }

    /// Makes all that was submitted durable.
    pub(super) fn finish(&mut self) {
        if let Err(fenced) = self.store.finish(self.now) {
            self.fail(Invariant::Leader, format!("the only leader stops: {fenced:?}"));
        }
    }

    /// Tries a failed write again.
    pub(super) fn commit_again(&mut self, life: u32) {
        if life == self.lives && self.process.is_some() {
            self.commit();
        }
    }

    /// Returns true if the write that ends now fails for a while.
    fn is_store_troubled(&mut self) -> bool {
        if self.trouble.is_some_and(|(_, until)| self.now < until) {
            return true;
        }
        self.trouble = self.strikes(Fault::StoreTrouble).then(|| {
            let (kind, time) = store::trouble(&mut self.random);
            (kind, self.now + time)
        });
        self.trouble.is_some()
    }

    /// Crashes the server. Commits on their way to the disk may have arrived.
    pub(super) fn crash(&mut self) {
        let kept = self.random.between(0.0, self.store.pending() as f64 + 1.0) as usize;
        self.store.crash(kept);
        self.gone();
    }

    /// Stops the server, as its operator does to look after the machine or to close it for a while.
    pub(super) fn stop(&mut self) {
        let Some(process) = self.process.as_mut().filter(|process| !process.is_stopping) else { return };
        process.is_stopping = true;
        let life = self.lives;
        self.input(Input::Shutdown { grace: GRACE });
        self.plan(GRACE + Duration::from_millis(500), Event::Stopped(life));
    }

    pub(super) fn stopped(&mut self, life: u32) {
        let Some(process) = self.process.as_ref().filter(|_| life == self.lives) else { return };
        if !process.server.is_idle() {
            self.fail(Invariant::Rest, "connections outlived the server".to_owned());
        }
        self.finish();
        self.config.maintenance = !self.config.maintenance && !self.is_resting && self.random.uniform() < 0.3;
        if self.config.maintenance {
            let closed = Duration::from_secs_f64(self.random.between(60.0, 900.0));
            self.plan(closed, Event::Stop);
        }
        self.gone();
    }

    /// Leaves the machine without a server for a while.
    fn gone(&mut self) {
        self.lose_server();
        let wait = Duration::from_secs_f64(self.random.lognormal(7.0, 1.0).min(120.0));
        self.plan(wait, Event::Start);
    }

    /// Ends everything that depends on the server.
    pub(super) fn lose_server(&mut self) {
        self.process = None;
        self.model.crash(self.store.durable());
        self.referee.restarted(self.store.last_session());
        self.waiting.clear();
        self.lose_clock();
        self.reset_operator();
        for player in 0..self.players.len() {
            self.reset_connections(player);
        }
    }

    /// Plans the faults without occasions.
    pub(super) fn plan_faults(&mut self) {
        for (fault, event) in [
            (Fault::EarlyTick, Event::EarlyTick),
            (Fault::ClockJump, Event::ClockJump),
            (Fault::Restart, Event::Stop),
            (Fault::Operator, Event::Operate),
            (Fault::TakeOver, Event::TakeOver),
        ] {
            let rate = self.rates.of(fault) / 3600.0;
            if rate > 0.0 {
                self.plan_at_random(rate, event);
            }
        }
    }

    /// Plans an event at random, `rate` times in a second on average.
    fn plan_at_random(&mut self, rate: f64, event: Event) {
        let mut at = Duration::from_secs_f64(self.random.exponential(rate));
        while at < self.scenario.time() {
            self.agenda.plan(at, event);
            at += Duration::from_secs_f64(self.random.exponential(rate));
        }
    }
}
