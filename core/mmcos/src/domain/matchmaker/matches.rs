//! Life of a match: made, registered by its players, scored, closed.
//!
//! A player alone against AI is a match too.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use mmcos_core::seam::Monotonic;

use super::{BucketKey, Group, MAX_PLAYERS, kept_apart::Pairs};
use crate::ids::{MatchId, UserId};

/// Returns how long a match may stay in a state before it is closed (our choice: the game registers within a second
/// after a response with AI, and a race lasts 4 to 7 minutes).
const fn longest(state: MatchState) -> Duration {
    Duration::from_secs(match state {
        MatchState::Made | MatchState::Scored => 120,
        MatchState::Registered => 30 * 60,
    })
}

/// Maximum number of groups of a match that is judged: if nothing was heard of it, two of them may not reach each
/// other. In a larger match, silence says more about the host, which does not host the next (see `decide.rs`).
const JUDGED: usize = 4;

/// Time within which two members of a match that search again cannot have raced, though one registered it. (Our choice:
/// their games load the race for some seconds, and a race lasts minutes.)
const BRIEF: Duration = Duration::from_secs(30);

/// Progress of a live match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchState {
    /// The responses were sent.
    Made,
    /// A member reported that the race begins (`RegisterActiveGameWithPlayers`).
    Registered,
    /// A member sent its points.
    Scored,
}

/// A member of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The account that searched, for its party.
    pub account: UserId,
    /// True for the host.
    pub is_host: bool,
    /// Progress of the match, by this member's reports alone.
    pub state: MatchState,
    /// True once the member has gone on to another match.
    pub left: bool,
    /// True if that was so soon that the member cannot have raced.
    pub left_early: bool,
}

/// A match that is not closed.
#[derive(Clone, Debug)]
pub struct LiveMatch {
    /// The match number.
    pub id: MatchId,
    /// The bucket in which its members searched.
    pub bucket: BucketKey,
    /// Progress.
    pub state: MatchState,
    /// Time at which it was made.
    pub made: Monotonic,
    /// Number of players, parties included.
    pub players: u16,
    /// Time at which it is closed if nothing more is heard of it.
    ends: Monotonic,
    members: [Option<Member>; MAX_PLAYERS as usize],
}

impl LiveMatch {
    /// Returns the members, also those that have left.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten()
    }

    /// Returns the account that hosts.
    pub fn host(&self) -> Option<UserId> {
        self.members().find(|member| member.is_host).map(|member| member.account)
    }

    fn member_mut(&mut self, account: UserId) -> Option<&mut Member> {
        self.members.iter_mut().flatten().find(|member| member.account == account)
    }
}

/// Numbers of matches by progress, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchCounts {
    /// Matches of two groups or more.
    pub made: u64,
    /// Matches of one group: against AI, or to search on.
    pub alone: u64,
    /// Matches registered by a member.
    pub registered: u64,
    /// Matches scored by a member.
    pub scored: u64,
    /// Matches closed because every member scored or left, after at least one report.
    pub completed: u64,
    /// Matches closed because nothing was heard of them for too long.
    pub timed_out: u64,
    /// Matches of two groups or more, by number of players: with one player, with two, …
    pub sizes: [u64; MAX_PLAYERS as usize],
}

/// The live matches.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveMatches {
    by_id: BTreeMap<MatchId, LiveMatch>,
    by_account: BTreeMap<UserId, MatchId>,
    ends: BTreeSet<(Monotonic, MatchId)>,
    counts: MatchCounts,
    pairs: Pairs,
}

impl LiveMatches {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) const fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    pub(super) const fn pairs_mut(&mut self) -> &mut Pairs {
        &mut self.pairs
    }

    pub(super) const fn counts(&self) -> MatchCounts {
        self.counts
    }

    /// Returns the live matches in the order in which they were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &LiveMatch> {
        self.by_id.values()
    }

    pub(super) fn get(&self, id: MatchId) -> Option<&LiveMatch> {
        self.by_id.get(&id)
    }

    pub(super) fn next_end(&self) -> Option<Monotonic> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Opens a match. Each of its groups leaves the match that it was in.
    pub(super) fn open(&mut self, now: Monotonic, id: MatchId, bucket: BucketKey, groups: &[Group]) {
        for group in groups {
            // A player is in one live match at most.
            self.leave(now, group.account);
        }
        let mut members = [None; MAX_PLAYERS as usize];
        for (place, group) in members.iter_mut().zip(groups) {
            *place = Some(Member {
                account: group.account,
                is_host: group.is_host,
                state: MatchState::Made,
                left: false,
                left_early: false,
            });
        }
        let players = groups.iter().fold(0_u16, |sum, group| sum.saturating_add(group.size.get().into()));
        let state = MatchState::Made;
        let ends = now.after(longest(state));
        let made = LiveMatch { id, bucket, state, made: now, players, ends, members };
        self.by_id.insert(id, made);
        self.by_account.extend(groups.iter().map(|group| (group.account, id)));
        self.ends.insert((ends, id));
        // Apart: a lone client gets some 140 keys an hour, which would hide the matches between humans.
        let count = if groups.len() > 1 { &mut self.counts.made } else { &mut self.counts.alone };
        *count = count.saturating_add(1);
        let size =
            self.counts.sizes.get_mut(usize::from(players).saturating_sub(1)).filter(|_| groups.len() > 1);
        if let Some(size) = size {
            *size = size.saturating_add(1);
        }
    }

    /// Handles a registration.
    pub(super) fn register(&mut self, now: Monotonic, id: MatchId, by: UserId) {
        // No tick may have come since the match ran out.
        self.expire(now);
        let Some((state, member)) = self.member(id, by) else { return };
        // A registration may come after the points of the same member.
        member.state = member.state.max(MatchState::Registered);
        // Only the first report prolongs the match: a client that repeats it cannot keep the match open.
        if state == MatchState::Made {
            self.advance(id, now, MatchState::Registered);
            self.counts.registered = self.counts.registered.saturating_add(1);
        }
    }

    /// Handles an account's points.
    pub(super) fn score(&mut self, now: Monotonic, id: MatchId, by: UserId) {
        // As in `register`: the match may have run out.
        self.expire(now);
        let Some((state, member)) = self.member(id, by) else { return };
        member.state = MatchState::Scored;
        // As with registrations, only the first points prolong the match.
        if state != MatchState::Scored {
            self.advance(id, now, MatchState::Scored);
            self.counts.scored = self.counts.scored.saturating_add(1);
        }
        self.close_if_done(now, id);
    }

    /// Closes the matches of which nothing was heard for too long.
    pub(super) fn expire(&mut self, now: Monotonic) {
        while let Some((_, id)) = self.ends.first().copied().filter(|(ends, _)| *ends <= now) {
            self.counts.timed_out = self.counts.timed_out.saturating_add(1);
            self.judge(now, id);
            self.close(id);
        }
    }

    /// Closes a match, whatever its progress. Returns false if there is none.
    pub(super) fn end(&mut self, id: MatchId) -> bool {
        // Not judged: a match that an operator ends says nothing about its players.
        self.close(id)
    }

    /// Takes the account out of its match.
    pub(super) fn leave(&mut self, now: Monotonic, account: UserId) {
        let Some(id) = self.by_account.remove(&account) else { return };
        if let Some(found) = self.by_id.get_mut(&id) {
            let is_early = now < found.made.after(BRIEF);
            if let Some(member) = found.member_mut(account) {
                // It stays a member: its reports count when the match is judged.
                (member.left, member.left_early) = (true, is_early);
            }
        }
        self.close_if_done(now, id);
    }

    /// Notes that a match of these players took place, unless it goes on and is judged in the end.
    pub(super) fn confirm(&mut self, id: MatchId, players: &[UserId]) {
        if self.by_id.contains_key(&id) {
            return;
        }
        for (place, one) in players.iter().enumerate() {
            players.iter().skip(place).for_each(|other| self.pairs.succeed(*one, *other));
        }
    }

    /// Notes for each two members of a match that is over whether they could reach each other: at least one of them
    /// registered it, and not both searched again within seconds; or one of them sent its points.
    fn judge(&mut self, now: Monotonic, id: MatchId) {
        let found = self.by_id.get(&id);
        let Some(found) = found.filter(|found| found.members().count() <= JUDGED) else { return };
        for (place, one) in found.members().enumerate() {
            for other in found.members().skip(place.saturating_add(1)) {
                let proof = if one.left_early && other.left_early {
                    MatchState::Scored
                } else {
                    MatchState::Registered
                };
                if one.state.max(other.state) < proof {
                    self.pairs.fail(one.account, other.account, now);
                } else {
                    self.pairs.succeed(one.account, other.account);
                }
            }
        }
    }

    fn close_if_done(&mut self, now: Monotonic, id: MatchId) {
        let done = |found: &LiveMatch| {
            found.members().all(|member| member.state == MatchState::Scored || member.left)
        };
        if let Some(found) = self.by_id.get(&id).filter(|found| done(found)) {
            // Without a report, nothing shows that the race took place.
            if found.state != MatchState::Made {
                self.counts.completed = self.counts.completed.saturating_add(1);
            }
            self.judge(now, id);
            self.close(id);
        }
    }

    fn close(&mut self, id: MatchId) -> bool {
        let Some(closed) = self.by_id.remove(&id) else { return false };
        self.ends.remove(&(closed.ends, id));
        // A member that left may be in another match already, whose entry must stay.
        for member in closed.members().filter(|member| !member.left) {
            self.by_account.remove(&member.account);
        }
        true
    }

    fn advance(&mut self, id: MatchId, now: Monotonic, state: MatchState) {
        if let Some(found) = self.by_id.get_mut(&id) {
            found.state = state;
            self.ends.remove(&(found.ends, id));
            found.ends = now.after(longest(state));
            self.ends.insert((found.ends, id));
        }
    }

    /// Returns a member of a match, with the match's progress.
    fn member(&mut self, id: MatchId, account: UserId) -> Option<(MatchState, &mut Member)> {
        let found = self.by_id.get_mut(&id)?;
        let state = found.state;
        Some((state, found.member_mut(account).filter(|member| !member.left)?))
    }
}
