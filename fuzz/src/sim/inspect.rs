//! Inspections of everything, now and then and at the end.

use std::{collections::BTreeSet, time::Duration};

use mmcos_core::{
    Server,
    engine::Limits,
    game::{Game as _, Life},
    seam::{Storage, Wall},
};
use mmcos_game::{Mmcos, Record, ids::MatchId, results::KEEP};

use super::{
    failure::Invariant,
    faults::Rates,
    players::Stage,
    world::{Event, World},
};
use crate::virtual_time::game;

/// Time between two inspections.
pub(super) const EVERY: Duration = Duration::from_mins(20);

/// Maximum time until nothing happens any more: a race and its result, then what is kept for half an hour.
pub(super) const LONGEST_REST: Duration = Duration::from_mins(90);

impl World {
    pub(super) fn inspect(&mut self) {
        self.inspect_polls();
        // Often enough in a short run, and not most of the work in a long one.
        if self.scenario.days < 1.0 || self.now.as_secs() % 86_400 < EVERY.as_secs() {
            self.inspect_durable();
            self.prune();
        }
        self.plan(EVERY, Event::Inspect);
    }

    /// Removes what no player comes back to.
    fn prune(&mut self) {
        let earliest = self.model.latest().as_millis() - KEEP.as_millis() as i64;
        self.store.prune(Wall::from_millis(earliest));
        self.model.prune(self.now.saturating_sub(2 * KEEP));
    }

    /// Checks that no poll is held for too long.
    fn inspect_polls(&mut self) {
        let pending = self
            .players
            .iter()
            .flat_map(|player| &player.connections)
            .flat_map(|connection| &connection.pending);
        let forgotten = pending.filter_map(|request| match request {
            super::players::Request::Poll(poll) if self.referee.is_late(poll, self.now) => Some(*poll),
            _ => None,
        });
        if let Some(poll) = forgotten.into_iter().next() {
            self.fail(Invariant::PollInTime, format!("{poll:?}"));
        }
    }

    /// Checks that a server restored from the records would be the current one.
    fn inspect_durable(&mut self) {
        let Some(process) = &self.process else { return };
        let records = self.store.all_records(self.wall());
        let mut restored = Server::new(game(&self.config, &Life::default()), Limits::default(), [0; 32]);
        for record in records {
            if let Err(error) = restored.restore(record) {
                return self.fail(Invariant::Restored, error.to_string());
            }
        }
        // Old matches are dropped at the next request, here sooner than there.
        let latest = self.model.latest().max(self.judged());
        let oldest = Wall::from_millis(latest.as_millis() - KEEP.as_millis() as i64);
        let [restored, live] =
            [&restored, &process.server].map(|server| fresh(server, oldest, self.model.old_races()));
        if let Some((restored, live)) = restored.iter().zip(&live).find(|(restored, live)| restored != live) {
            let detail = format!("lived: {live:?}\n  restored: {restored:?}");
            return self.fail(Invariant::Restored, detail);
        }
        if restored.len() != live.len() {
            let detail = format!("{} records lived, {} were restored", live.len(), restored.len());
            self.fail(Invariant::Restored, detail);
        }
    }

    /// Ends all faults, and lets all players leave.
    pub(super) fn rest(&mut self) {
        self.is_resting = true;
        self.rates = Rates::NONE;
        self.dismiss_operator();
        for player in &mut self.players {
            player.leaves = self.now;
        }
        self.trouble = None;
        if self.config.maintenance {
            self.stop();
        }
    }

    /// Checks that all have left, and that nothing of them stays but what is durable.
    pub(super) fn inspect_rest(&mut self) {
        if self.failure.is_some() {
            return;
        }
        self.inspect_durable();
        let there = self.players.iter().find(|player| player.stage != Stage::Offline);
        let there = there
            .map(|player| format!("{} is still {:?}: {:?}", player.number, player.stage, player.request));
        let Some(process) = &self.process else {
            return self.fail(Invariant::Rest, "no server".to_owned());
        };
        let load = process.server.service().matchmaker().load();
        let waiting = (self.store.pending(), self.store.storage(self.now));
        if waiting != (0, Storage::Available) {
            return self.fail(Invariant::Rest, format!("the store does not go on by itself: {waiting:?}"));
        }
        // The server looks again at a clock that has jumped when it may believe it, and at race nights.
        let deadline =
            process.server.next_deadline().filter(|at| Some(*at) != process.server.clock().deadline());
        let deadline = deadline.filter(|_| self.planned_nights().is_empty());
        let held = (load.tickets, load.matches, deadline);
        let detail = there.or_else(|| {
            let is_empty = process.server.is_idle() && held == (0, 0, None);
            (!is_empty).then(|| format!("idle: {}, held: {held:?}", process.server.is_idle()))
        });
        if let Some(detail) = detail {
            self.fail(Invariant::Rest, detail);
        }
    }
}

/// Returns the durable state of a server, without the matches that are too old.
fn fresh(server: &Server<Mmcos>, oldest: Wall, old: BTreeSet<u64>) -> Vec<Record> {
    let mut old: BTreeSet<MatchId> = old.into_iter().map(MatchId).collect();
    let is_fresh = |record: &Record| match record {
        Record::Match(race) if race.made <= oldest || old.contains(&race.id) => {
            old.insert(race.id);
            false
        }
        Record::Result(result) => !old.contains(&result.match_id),
        _ => true,
    };
    server.service().rows().filter(is_fresh).collect()
}
