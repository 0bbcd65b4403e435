//! The decisions: what happens when a poll comes, goes, or runs out of time.

use core::time::Duration;

use rand_core::Rng;

use super::Matchmaker;
use super::bucket::Standing;
use super::config::MAX_PLAYERS;
use super::host;
use super::mode::BucketKey;
use super::outcome::{Group, Outcomes, Reason};
use super::plan::{self, Candidate, Plan};
use super::poll::Poll;
use super::slab::Slot;
use super::teams::{self, Side};
use super::ticket::{Place, Search, Ticket};
use crate::mmcos::ids::{RaceKey, SessionId, UserId};
use crate::seam::Monotonic;

/// How soon a player whose poll found nobody must come again to keep its place (the game does after 0.9 s, capture
/// 06; the rest is our choice, for slow lines).
const SENIORITY_KEPT: Duration = Duration::from_secs(5);

impl Matchmaker {
    /// Moves the clock, which never runs backwards, and does all that became due.
    pub(super) fn advance(&mut self, now: Monotonic, out: &mut Outcomes) -> Monotonic {
        self.now = self.now.max(now);
        let now = self.now;
        while let Some((_, slot)) = self.tickets.first_resting().filter(|(until, _)| *until <= now) {
            self.withdraw(slot);
        }
        self.matches.expire(now);
        loop {
            let timer = self.buckets.first_timed().filter(|(at, _)| *at <= now);
            let deadline = self.tickets.first_open().filter(|(at, _)| *at <= now);
            match (timer, deadline) {
                (Some((at, bucket)), other) if other.is_none_or(|(deadline, _)| at <= deadline) => {
                    self.decide(bucket, out);
                }
                (_, Some((_, slot))) => self.expire(slot, Reason::NobodyFound, out),
                _ => return now,
            }
        }
    }

    /// Ends what the account searched for so far. Returns that search if the account goes on with it in this
    /// bucket.
    pub(super) fn supersede(
        &mut self,
        account: UserId,
        key: &BucketKey,
        out: &mut Outcomes,
    ) -> Option<Search> {
        let (slot, ticket) = self.tickets.of(account)?;
        let same = self.buckets.get(ticket.bucket).is_some_and(|bucket| bucket.key == *key);
        if ticket.is_open() {
            self.close(slot, &ticket);
            self.answer(&[ticket], Reason::Superseded, out);
        }
        self.forget(slot);
        if !same {
            self.decide(ticket.bucket, out);
        }
        same.then_some(ticket.search)
    }

    /// Lets the poll wait in its bucket.
    pub(super) fn open(&mut self, poll: &Poll, search: Search, bucket: Slot) {
        let Some(into) = self.buckets.get_mut(bucket) else { return };
        let (now, size) = (self.now, poll.size.get());
        let meets_nobody = size > into.seats.largest() || self.tickets.has_party(bucket, poll.group_lobby);
        let place = if meets_nobody { Place::Aside } else { Place::Queued };
        let impatient = poll.ignore_minimum && self.config.ai;
        let longest = self.config.longest_hold();
        let deadline = if !impatient {
            now.after(longest)
        } else if place == Place::Queued && into.would_have_company(size, poll.can_host()) {
            now.after(self.config.ai_hold.max(self.config.gather).min(longest))
        } else {
            let pays = into.rate.falls_to(self.worth.least_rate(1));
            now.after(self.config.ai_hold.min(longest)).min(pays).max(now)
        };
        let ticket = Ticket::new(poll, search, bucket, impatient, place);
        let slot = self.tickets.add(ticket, deadline);
        into.open(&mut self.seniority, slot, &ticket);
    }

    /// Takes the account's ticket out, whatever its state.
    pub(super) fn withdraw(&mut self, slot: Slot) -> Option<Ticket> {
        let ticket = *self.tickets.get(slot)?;
        if ticket.is_open() {
            self.close(slot, &ticket);
        }
        self.forget(slot)
    }

    /// Releases the matches of this bucket that should wait no longer.
    pub(super) fn decide(&mut self, bucket: Slot, out: &mut Outcomes) {
        let standing = loop {
            let Some(there) = self.buckets.get(bucket) else { return };
            let Some(seed) = there.oldest_with_company(&self.seniority) else { break Standing::NoCompany };
            let Some(plan) = self.plan(bucket, seed) else { return };
            let Some(there) = self.buckets.get(bucket) else { return };
            if let Some(standing) = plan.hold(self.now, there, &self.config, &self.worth) {
                break standing;
            }
            self.release(bucket, plan, out);
        };
        self.buckets.stand(bucket, standing);
    }

    /// Answers the poll of this ticket: with whoever fits, alone if nobody does.
    pub(super) fn expire(&mut self, slot: Slot, reason: Reason, out: &mut Outcomes) {
        let Some(bucket) = self.tickets.get(slot).map(|ticket| ticket.bucket) else { return };
        while let Some(ticket) = self.tickets.get(slot).copied().filter(Ticket::is_open) {
            match self.seed_for(slot, &ticket) {
                Some(seed) => {
                    let Some(plan) = self.plan(bucket, seed) else { return };
                    self.release(bucket, plan, out);
                }
                None => self.answer_alone(slot, ticket, reason, out),
            }
        }
        self.decide(bucket, out);
    }

    /// Around whom a match forms when the time of this ticket is up, if it has company: in a sparse bucket around the
    /// oldest of its size, who has the older claim to the same seats; for a group that cannot host, around one that can.
    fn seed_for(&self, slot: Slot, ticket: &Ticket) -> Option<Slot> {
        let bucket = self.buckets.get(ticket.bucket).filter(|_| ticket.place == Place::Queued)?;
        let size = ticket.size.get();
        if !ticket.can_host {
            return bucket.oldest_host_beside(size, &self.seniority);
        }
        let [hosts, _] = bucket.queues(size);
        let seed = if bucket.is_dense(self.now) { Some(slot) } else { hosts.first() };
        seed.filter(|_| bucket.host_has_company(size))
    }

    fn plan(&mut self, bucket: Slot, seed: Slot) -> Option<Plan> {
        let there = self.buckets.get(bucket)?;
        let seed = Candidate::new(seed, self.tickets.get(seed)?);
        let plan = Plan::new(self.now, there, &self.seniority, &self.tickets, seed, &mut self.candidates);
        self.considered = self.considered.wrapping_add(self.candidates.len().try_into().unwrap_or(0));
        Some(plan)
    }

    /// Answers those whom the plan chose.
    fn release(&mut self, bucket: Slot, mut plan: Plan, out: &mut Outcomes) {
        if let Some(there) = self.buckets.get(bucket) {
            plan.spare_an_orphan(self.now, there, &self.tickets, &self.candidates);
        }
        let mut members = core::mem::take(&mut self.members);
        let candidates = core::mem::take(&mut self.candidates);
        let chosen = plan::members(plan.chosen, &candidates);
        members.extend(chosen.filter_map(|candidate| self.withdraw(candidate.slot)));
        members.sort_unstable_by_key(|ticket| ticket.search.number);
        self.answer(&members, Reason::Matched, out);
        members.clear();
        self.members = members;
        self.candidates = candidates;
    }

    fn answer_alone(&mut self, slot: Slot, ticket: Ticket, reason: Reason, out: &mut Outcomes) {
        self.close(slot, &ticket);
        let to_ai = ticket.impatient && reason == Reason::NobodyFound;
        self.answer(&[ticket], if to_ai { Reason::Ai } else { reason }, out);
        if to_ai {
            self.forget(slot);
        } else {
            self.tickets.rest(slot, self.now.after(SENIORITY_KEPT));
        }
    }

    /// Writes the one answer for all members, who race together.
    fn answer(&mut self, members: &[Ticket], reason: Reason, out: &mut Outcomes) {
        let host = host::choose(members);
        let Some(hosting) = members.get(host) else { return };
        let Some(key) = self.buckets.get(hosting.bucket).map(|bucket| bucket.key) else { return };
        let second_team = if hosting.has_teams { split(members) } else { 0 };
        let groups = members.iter().enumerate().map(|(place, ticket)| Group {
            poll: ticket.poll,
            account: ticket.account,
            group_lobby: ticket.group_lobby,
            game_lobby: ticket.game_lobby,
            size: ticket.size,
            is_host: place == host,
            team: match (hosting.has_teams, members.len()) {
                (true, 1) => u8::from(ticket.impatient),
                (true, _) if second_team.unbounded_shr(u32::try_from(place).unwrap_or(0)) & 1 == 1 => 2,
                (true, _) => 1,
                (false, _) => 0,
            },
        });
        let names = self.next_names();
        let groups = out.answered(names, reason, groups);
        self.matches.open(self.now, names, key, groups);
        if matches!(reason, Reason::Matched | Reason::Ai) {
            for ticket in members {
                self.waits.note(key.ranked, reason == Reason::Matched, self.now.since(ticket.search.began));
            }
        }
    }

    fn next_names(&mut self) -> (RaceKey, SessionId) {
        let session = self.take_number();
        loop {
            let race_key = RaceKey(self.random.next_u64());
            if self.matches.get(race_key).is_none() {
                return (race_key, session);
            }
        }
    }

    /// An open poll waits no more.
    fn close(&mut self, slot: Slot, ticket: &Ticket) {
        if let Some(bucket) = self.buckets.get_mut(ticket.bucket) {
            bucket.close(&mut self.seniority, slot, ticket);
        }
    }

    /// A ticket that no longer waits is gone for good.
    fn forget(&mut self, slot: Slot) -> Option<Ticket> {
        let ticket = self.tickets.remove(slot)?;
        self.buckets.forget_ticket(ticket.bucket, self.now);
        Some(ticket)
    }
}

/// Who is in team 2, as bits.
fn split(members: &[Ticket]) -> u16 {
    let mut sides = [Side { players: 0, points: 0 }; MAX_PLAYERS as usize];
    for (side, ticket) in sides.iter_mut().zip(members) {
        *side = Side { players: ticket.size.get(), points: ticket.points.0 };
    }
    teams::split(sides.get(..members.len()).unwrap_or(&sides))
}
