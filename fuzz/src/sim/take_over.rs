//! Two servers on one database. A leader is paused, or cut off from the database; when its lease has run out, the other
//! one leads, and players are sent to it. Later the first one goes on where it was.

use std::time::Duration;

use mmcos_core::seam::{Effect, Input, Monotonic, Now, StorageTrouble};

use super::{
    failure::Invariant,
    store::Leader,
    world::{Event, Process, World},
};

/// Time without a renewal after which another server leads. (As the store in `PostgreSQL`.)
const LEASE: Duration = Duration::from_secs(5);

/// A server that was deposed.
pub(super) struct Deposed {
    process: Process,
    leader: Leader,
}

impl World {
    /// Pauses the leader, or cuts it off from the database.
    pub(super) fn lose_lead(&mut self) {
        let is_leading = self.process.as_ref().is_some_and(|process| !process.is_stopping);
        if !is_leading || self.deposed.is_some() || self.is_resting {
            return;
        }
        let time = Duration::from_secs_f64(self.random.lognormal(6.0, 1.0).min(120.0));
        if self.random.uniform() < 0.5 {
            self.cut = Some(time);
        } else if time > LEASE {
            // The database has executed what was sent; the response waits for the server. A shorter pause is a late
            // tick.
            if self.random.uniform() < 0.5
                && let Err(fenced) = self.store.commit(self.now)
            {
                return self.fail(Invariant::Leader, format!("the only leader stops: {fenced:?}"));
            }
            self.plan(time, Event::GoOn);
            self.take_over(LEASE);
        }
    }

    /// Cuts the leader off from the database for this time, in the middle of a commit.
    pub(super) fn cut_off(&mut self, time: Duration) {
        let arrives = self.random.uniform() < 0.5;
        self.store.cut_off(arrives);
        self.trouble = Some((StorageTrouble::Slow, self.now + time));
        if time > LEASE {
            // Until then it serves what needs no record.
            self.plan(LEASE, Event::LeaseOver(self.lives));
        }
    }

    /// Makes the other server lead, if the leader is still cut off.
    pub(super) fn lease_over(&mut self, life: u32) {
        let until = self.trouble.map_or(Duration::ZERO, |(_, until)| until);
        if life != self.lives || self.process.is_none() || until <= self.now {
            return;
        }
        self.plan(until.saturating_sub(self.now), Event::GoOn);
        self.take_over(Duration::ZERO);
    }

    /// Ends the connections to the leader, and starts the other server after `wait` and the time that a start takes.
    fn take_over(&mut self, wait: Duration) {
        let Some(process) = self.process.take() else { return };
        self.deposed = Some(Deposed { process, leader: self.store.depose() });
        (self.trouble, self.cut) = (None, None);
        let start = Duration::from_secs_f64(self.random.between(0.05, 1.0));
        self.lose_server();
        self.plan(wait + start, Event::Start);
    }

    /// Continues the server that was deposed: its deadlines have passed, and it tries to commit.
    pub(super) fn deposed_goes_on(&mut self) {
        let Some(Deposed { mut process, leader }) = self.deposed.take() else { return };
        let monotonic = Monotonic::default().after(self.now.saturating_sub(process.started));
        let now = Now { monotonic, wall: self.wall() };
        process.server.handle(now, Input::Tick, &mut process.out);
        let records = process.out.drain().filter_map(|effect| match effect {
            Effect::Persist(record) => Some(record),
            // Its connections are closed: nothing arrives.
            Effect::Send { .. } | Effect::Close { .. } | Effect::Log(_) => None,
        });
        if self.store.go_on(leader, records.collect(), self.now) {
            self.fail(
                Invariant::Leader,
                "a server that was deposed has committed or acknowledged".to_owned(),
            );
        }
    }
}
