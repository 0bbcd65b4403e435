//! Decisions: what happens when a poll comes, goes, or expires, and which group hosts the match.

mod packing;
pub(super) mod plan;

use core::time::Duration;

use mmcos_core::seam::Monotonic;

use self::{
    packing::Side,
    plan::{Candidate, Plan, View},
};
use super::{
    BucketKey, Group, HostHistory, MAX_PLAYERS, Matchmaker, Outcomes, Poll, Reason, WaitReason,
    bucket::Sizes,
    ticket::{Place, Search, Ticket},
};
use crate::ids::UserId;

/// Time within which a player whose poll found no match must poll again to keep its place (the game does after 0.9 s,
/// capture 06; the rest is our choice, for slow connections).
const SENIORITY_KEPT: Duration = Duration::from_secs(5);

/// Maximum number of seeds per decision that turn out to meet no other group though sizes would fit. (Groups of one
/// party, or kept apart: a few, unless accounts conspire.)
const MOST_SEEDS: usize = 16;

impl Matchmaker {
    /// Moves the clock, which never runs backwards, and does all that is due.
    pub(super) fn advance(&mut self, now: Monotonic, out: &mut Outcomes) -> Monotonic {
        self.now = self.now.max(now);
        let now = self.now;
        // Before a new poll is handled: one that comes exactly at the end begins a new search.
        while let Some((_, account)) = self.tickets.first_resting().filter(|(until, _)| *until <= now) {
            self.withdraw(account);
        }
        // Before the decisions: a match that ends in silence may keep two of its players apart (decision 0077).
        self.matches.expire(now);
        loop {
            let timer = self.buckets.first_timed().filter(|(at, _)| *at <= now);
            let deadline = self.tickets.first_open().filter(|(at, _)| *at <= now);
            // In the order of their times, however late this call comes.
            match (timer, deadline) {
                (Some((at, bucket)), other) if other.is_none_or(|(deadline, _)| at <= deadline) => {
                    self.decide(bucket, out);
                }
                (_, Some((_, account))) => self.expire(account, Reason::NoMatch, out),
                _ => return now,
            }
        }
    }

    /// Ends the account's search. Returns that search if the account continues it in this bucket.
    pub(super) fn supersede(
        &mut self,
        account: UserId,
        key: &BucketKey,
        out: &mut Outcomes,
    ) -> Option<Search> {
        let ticket = *self.tickets.of(account)?;
        let same = ticket.bucket == *key;
        // The earlier request is still held, and every poll ends exactly once.
        if ticket.is_open() {
            self.close(&ticket);
            self.respond(&[ticket], Reason::Superseded, out);
        }
        self.forget(account);
        // The bucket of the new poll is decided by the caller, with the new ticket in it.
        if !same {
            self.decide(ticket.bucket, out);
        }
        same.then_some(ticket.search)
    }

    /// Adds an open ticket for the poll to its bucket.
    pub(super) fn open(&mut self, poll: &Poll, search: Search, bucket: BucketKey) {
        let Some(into) = self.buckets.get(&bucket) else { return };
        let (now, size) = (self.now, poll.size.get());
        // Held although it meets no group: a prompt response would only make its client poll again.
        let place = if size > into.seats.largest() { Place::Aside } else { Place::Queued };
        // With `ai = false` a search goes on until it meets humans.
        let impatient = poll.ignore_minimum && self.config.ai;
        let longest = self.config.longest_hold();
        let mut ticket = Ticket::new(poll, search, bucket, now.after(longest), impatient, place);
        if impatient {
            let has_company = place == Place::Queued
                && self.view(&bucket).is_some_and(|view| view.has_company(&Candidate::new(&ticket)));
            // Beside company there is time to gather, as in any match; a longer `ai-hold` applies too.
            ticket.until = if has_company {
                now.after(self.config.ai_hold.max(self.config.gather).min(longest))
            } else {
                // Alone, only a likely arrival is worth a wait (captures 03 and 07: a response at once).
                let pays = into.rate.falls_to(self.worth.least_rate(1));
                // The rate may have fallen below that level long ago.
                now.after(self.config.ai_hold.min(longest)).min(pays).max(now)
            };
        }
        self.tickets.add(ticket);
        if let Some(into) = self.buckets.get_mut(&bucket) {
            into.open(&ticket);
        }
    }

    /// Removes the account's ticket, whatever its state.
    pub(super) fn withdraw(&mut self, account: UserId) -> Option<Ticket> {
        let ticket = *self.tickets.of(account)?;
        if ticket.is_open() {
            self.close(&ticket);
        }
        self.forget(account)
    }

    /// Releases the matches of this bucket that should wait no longer. While a match waits, others are planned among
    /// groups of other sizes, so that a full one never waits for another to gather, and none leaves before an older
    /// one of its size.
    pub(super) fn decide(&mut self, bucket: BucketKey, out: &mut Outcomes) {
        let mut passed = core::mem::take(&mut self.passed);
        let (mut standing, mut until, mut taken) = (WaitReason::NoCompany, None, Sizes::NONE);
        passed.clear();
        while passed.len() < MOST_SEEDS
            && let Some(there) = self.buckets.get(&bucket)
            && let Some(seed) = there.oldest_with_company(taken, &passed)
            && let Some(plan) = self.plan(&bucket, seed, taken)
        {
            // Every group of a fitting size is of its party or kept apart from it; other seeds may have better luck.
            if !plan.is_match() {
                passed.push(seed.account);
                continue;
            }
            let Some(there) = self.buckets.get(&bucket) else { break };
            let Some(waits) = plan.wait_reason(self.now, there, &self.config, &self.worth) else {
                self.release(&bucket, plan, out);
                passed.clear();
                (standing, until, taken) = (WaitReason::NoCompany, None, Sizes::NONE);
                continue;
            };
            // Operators see why the oldest match waits.
            if standing == WaitReason::NoCompany {
                standing = waits;
            }
            until = [until, waits.until(), plan.reorders].into_iter().flatten().min();
            taken = plan::members(plan.chosen, &self.candidates).fold(taken, Sizes::with);
            // It chooses among all that wait: another match now could take the players with the nearest points.
            if matches!(waits, WaitReason::Choosing { .. }) {
                break;
            }
        }
        self.passed = passed;
        self.buckets.stand(bucket, standing, until);
    }

    /// Responds to the poll of this ticket: with every group that fits, or alone if none does.
    pub(super) fn expire(&mut self, account: UserId, reason: Reason, out: &mut Outcomes) {
        let Some(bucket) = self.tickets.of(account).map(|ticket| ticket.bucket) else { return };
        // A match around an older group of its size may have no seat for it: then it needs the next match.
        while let Some(ticket) = self.tickets.of(account).copied().filter(Ticket::is_open) {
            match self.last_plan(&ticket) {
                Some(plan) => self.release(&bucket, plan, out),
                None => self.respond_alone(ticket, reason, out),
            }
        }
        self.decide(bucket, out);
    }

    /// Returns the match that forms when this ticket expires, if it can meet another group. In a sparse bucket it
    /// forms around the oldest group of its size, which has the older claim to the same seats. For a group that
    /// cannot host, it forms around one that can.
    fn last_plan(&mut self, ticket: &Ticket) -> Option<Plan> {
        let group = Candidate::new(ticket);
        let view = self.view(&ticket.bucket).filter(|_| ticket.place == Place::Queued)?;
        // A match of groups that cannot host is never planned (decision 0070).
        let own = if ticket.can_host { group } else { view.oldest_host_for(&group)? };
        let [hosts, _] = view.bucket.queues(ticket.size.get());
        let oldest = hosts.values().next().filter(|_| ticket.can_host && !view.bucket.is_dense(self.now));
        let seeds = [oldest.copied().filter(|oldest| oldest.account != own.account), Some(own)];
        // Groups that the oldest may not meet may be able to meet this one.
        seeds
            .into_iter()
            .flatten()
            .find_map(|seed| self.plan(&ticket.bucket, seed, Sizes::NONE).filter(Plan::is_match))
    }

    fn view(&self, bucket: &BucketKey) -> Option<View<'_>> {
        let bucket = self.buckets.get(bucket)?;
        Some(View { now: self.now, bucket, pairs: self.matches.pairs() })
    }

    fn plan(&mut self, bucket: &BucketKey, seed: Candidate, taken: Sizes) -> Option<Plan> {
        // Reused, so that decisions allocate nothing in the steady state.
        let mut candidates = core::mem::take(&mut self.candidates);
        let plan = self.view(bucket).map(|view| Plan::new(view, seed, taken, &mut candidates));
        // Counted, since a test of the cost must not depend on the speed of a machine.
        self.considered = self.considered.wrapping_add(candidates.len().try_into().unwrap_or(0));
        self.candidates = candidates;
        plan
    }

    /// Responds to the groups that the plan chose.
    fn release(&mut self, bucket: &BucketKey, mut plan: Plan, out: &mut Outcomes) {
        let mut rest = core::mem::take(&mut self.rest);
        if let Some(view) = self.view(bucket) {
            plan.spare_orphans(view, &self.candidates, &mut rest);
        }
        self.considered = self.considered.wrapping_add(rest.len().try_into().unwrap_or(0));
        rest.clear();
        self.rest = rest;
        let mut members = core::mem::take(&mut self.members);
        let candidates = core::mem::take(&mut self.candidates);
        let chosen = plan::members(plan.chosen, &candidates);
        members.extend(chosen.filter_map(|candidate| self.withdraw(candidate.account)));
        // Candidates may be in the order of points; a response names those that searched longest first.
        members.sort_unstable_by_key(|ticket| ticket.search.number);
        self.respond(&members, Reason::Matched, out);
        members.clear();
        self.members = members;
        self.candidates = candidates;
    }

    fn respond_alone(&mut self, ticket: Ticket, reason: Reason, out: &mut Outcomes) {
        self.close(&ticket);
        let to_ai = ticket.impatient && reason == Reason::NoMatch;
        self.respond(&[ticket], if to_ai { Reason::Ai } else { reason }, out);
        // The search ends with AI. Any other may go on: the next poll comes 0.9 s later (capture 06).
        if to_ai {
            self.forget(ticket.account);
        } else {
            self.tickets.rest(ticket.account, self.now.after(SENIORITY_KEPT));
        }
    }

    /// Writes one response for all members of a match.
    fn respond(&mut self, members: &[Ticket], reason: Reason, out: &mut Outcomes) {
        let host = choose_host(members);
        let Some(hosting) = members.get(host) else { return };
        let key = hosting.bucket;
        // The host's mode decides: in a folded bucket modes differ, and all play what the host plays.
        let second_team = if hosting.has_teams { split(members) } else { 0 };
        let groups = members.iter().enumerate().map(|(place, ticket)| Group {
            poll: ticket.poll,
            account: ticket.account,
            group_lobby: ticket.group_lobby,
            game_lobby: ticket.game_lobby,
            size: ticket.size,
            is_host: place == host,
            team: match (hosting.has_teams, members.len()) {
                // As captured for a player alone in Battle: 1 with AI, 0 without (captures 06 and 07).
                (true, 1) => u8::from(ticket.impatient),
                (true, _) if second_team.unbounded_shr(u32::try_from(place).unwrap_or(0)) & 1 == 1 => 2,
                (true, _) => 1,
                (false, _) => 0,
            },
        });
        let match_id = self.take_id();
        let groups = out.decided(match_id, reason, groups);
        // A group alone too: it registers its match and brings points.
        self.matches.open(self.now, match_id, key, groups);
        // A search that may go on has no duration yet.
        if matches!(reason, Reason::Matched | Reason::Ai) {
            for ticket in members {
                self.waits.note(key.ranked, reason == Reason::Matched, self.now.since(ticket.search.began));
            }
        }
    }

    /// Takes an open ticket out of its bucket's queues.
    fn close(&mut self, ticket: &Ticket) {
        if let Some(bucket) = self.buckets.get_mut(&ticket.bucket) {
            bucket.close(ticket);
        }
    }

    /// Removes a ticket that no longer waits.
    fn forget(&mut self, account: UserId) -> Option<Ticket> {
        let ticket = self.tickets.remove(account)?;
        self.buckets.forget_ticket(ticket.bucket, self.now);
        Some(ticket)
    }
}

/// Returns the index of the group that hosts. Compares the groups by these criteria, the most important one first:
///
/// 1. The group can host. (Every match has such a group: see [`plan`].)
/// 2. The last match that it hosted took place, or it has hosted none.
/// 3. Its share of confirmed matches, each count raised by one, so that a single match does not decide.
/// 4. Its size: with a larger party as the host, fewer connections are needed.
/// 5. The later poll.
fn choose_host(members: &[Ticket]) -> usize {
    let quality = |ticket: &Ticket| {
        let history = ticket.host_history;
        // After a failure another group hosts, so that the next attempt is the other way round (decision 0077).
        (ticket.can_host, history.unconfirmed == 0, share(history), ticket.size, ticket.poll)
    };
    let best = members.iter().enumerate().max_by_key(|(_, ticket)| quality(ticket));
    best.map_or(0, |(place, _)| place)
}

/// Returns the share of confirmed matches, in millionths.
fn share(history: HostHistory) -> u64 {
    let confirmed = u64::from(history.confirmed).saturating_add(1);
    let all = confirmed.saturating_add(history.unconfirmed.into()).saturating_add(1);
    // A whole number: `f64` is not `Ord`, which `max_by_key` needs.
    confirmed.saturating_mul(1_000_000).checked_div(all).unwrap_or(0)
}

/// Returns the members of team 2, as bits.
fn split(members: &[Ticket]) -> u16 {
    // A match has at most one group for each of its players.
    let mut sides = [Side { players: 0, points: 0 }; MAX_PLAYERS as usize];
    for (side, ticket) in sides.iter_mut().zip(members) {
        *side = Side { players: ticket.size.get(), points: ticket.points.0 };
    }
    packing::split(sides.get(..members.len()).unwrap_or(&sides))
}
