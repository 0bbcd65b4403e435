//! Life of a match: made, registered by its players, scored, closed.
//!
//! A player alone against AI is a match too: its race key comes back with the registration and with the points.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use super::config::MAX_PLAYERS;
use super::kept_apart::Pairs;
use super::mode::BucketKey;
use super::outcome::Group;
use crate::ids::{RaceKey, SessionId, UserId};
use mmcos_core::seam::Monotonic;

/// Returns how long a match may stay in a state before it is closed (our choice: the game registers within a second
/// after a response with AI, and a race lasts 4 to 7 minutes).
const fn longest(state: MatchState) -> Duration {
    Duration::from_secs(match state {
        MatchState::Made | MatchState::Scored => 120,
        MatchState::Registered => 30 * 60,
    })
}

/// Maximum number of groups of a match that is judged: if nothing was heard of it, two of them may not reach each
/// other. In a larger match, silence says more about the host, which does not host the next (see `host.rs`).
const JUDGED: usize = 4;

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
}

/// A match that is not closed.
#[derive(Clone, Debug)]
pub struct Match {
    /// The race key.
    pub race_key: RaceKey,
    /// The match number.
    pub session: SessionId,
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

impl Match {
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

/// Reason why a report is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// There was no such match, or it is closed.
    #[error("expected the key of a match that is not closed, got {0}")]
    Unknown(RaceKey),
    /// The account is not a member of the match.
    #[error("expected a member of match {0}, got account {account}", account = .1.0)]
    NotAMember(RaceKey, UserId),
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
pub(super) struct Matches {
    by_session: BTreeMap<SessionId, Match>,
    by_key: BTreeMap<RaceKey, SessionId>,
    by_account: BTreeMap<UserId, SessionId>,
    ends: BTreeSet<(Monotonic, SessionId)>,
    counts: MatchCounts,
    pairs: Pairs,
}

impl Matches {
    pub(super) fn len(&self) -> usize {
        self.by_session.len()
    }

    pub(super) const fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    pub(super) const fn counts(&self) -> MatchCounts {
        self.counts
    }

    /// Returns the live matches in the order in which they were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Match> {
        self.by_session.values()
    }

    pub(super) fn get(&self, race_key: RaceKey) -> Option<&Match> {
        self.by_session.get(self.by_key.get(&race_key)?)
    }

    pub(super) fn next_end(&self) -> Option<Monotonic> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Opens a match. Each of its groups leaves the match that it was in.
    pub(super) fn open(
        &mut self,
        now: Monotonic,
        (race_key, session): (RaceKey, SessionId),
        bucket: BucketKey,
        groups: &[Group],
    ) {
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
            });
        }
        let players = groups.iter().fold(0_u16, |sum, group| sum.saturating_add(group.size.get().into()));
        let state = MatchState::Made;
        let ends = now.after(longest(state));
        let made = Match { race_key, session, bucket, state, made: now, players, ends, members };
        self.by_session.insert(session, made);
        self.by_key.insert(race_key, session);
        self.by_account.extend(groups.iter().map(|group| (group.account, session)));
        self.ends.insert((ends, session));
        // Apart: a lone client gets some 140 keys an hour, which would hide the matches between humans.
        let count = if groups.len() > 1 { &mut self.counts.made } else { &mut self.counts.alone };
        *count = count.saturating_add(1);
        let size =
            self.counts.sizes.get_mut(usize::from(players).saturating_sub(1)).filter(|_| groups.len() > 1);
        if let Some(size) = size {
            *size = size.saturating_add(1);
        }
    }

    /// Changes the key of the match that this account is in.
    pub(super) fn rename(&mut self, account: UserId, race_key: RaceKey) {
        // A lone player's key proves itself (see `race_keys.rs`) and replaces the random one.
        let Some(session) = self.by_account.get(&account) else { return };
        let Some(found) = self.by_session.get_mut(session) else { return };
        // The old key leaves with the change, or it would outlive the match.
        self.by_key.remove(&core::mem::replace(&mut found.race_key, race_key));
        self.by_key.insert(race_key, *session);
    }

    /// Handles a registration. Returns true for the first one of the match.
    pub(super) fn register(
        &mut self,
        now: Monotonic,
        race_key: RaceKey,
        by: UserId,
    ) -> Result<bool, MatchError> {
        // No tick may have come since the match ran out.
        self.expire(now);
        let (session, state, member) = self.member(race_key, by)?;
        let first = state == MatchState::Made;
        // A registration may come after the points of the same member.
        member.state = member.state.max(MatchState::Registered);
        // Only the first report prolongs the match: a client that repeats it cannot keep the match open.
        if first {
            self.advance(session, now, MatchState::Registered);
            self.counts.registered = self.counts.registered.saturating_add(1);
        }
        Ok(first)
    }

    /// Handles an account's points. Returns true for the first ones of the account in this match.
    pub(super) fn score(
        &mut self,
        now: Monotonic,
        race_key: RaceKey,
        by: UserId,
    ) -> Result<bool, MatchError> {
        // As in `register`: the match may have run out.
        self.expire(now);
        let (session, state, member) = self.member(race_key, by)?;
        let first = core::mem::replace(&mut member.state, MatchState::Scored) != MatchState::Scored;
        // As with registrations, only the first points prolong the match.
        if state != MatchState::Scored {
            self.advance(session, now, MatchState::Scored);
            self.counts.scored = self.counts.scored.saturating_add(1);
        }
        self.close_if_done(now, session);
        Ok(first)
    }

    /// Closes the matches of which nothing was heard for too long.
    pub(super) fn expire(&mut self, now: Monotonic) {
        while let Some((_, session)) = self.ends.first().copied().filter(|(ends, _)| *ends <= now) {
            self.counts.timed_out = self.counts.timed_out.saturating_add(1);
            self.judge(now, session);
            self.close(session);
        }
    }

    /// Closes a match, whatever its progress. Returns false if there is none.
    pub(super) fn end(&mut self, race_key: RaceKey) -> bool {
        let session = self.by_key.get(&race_key).copied();
        // Not judged: a match that an operator ends says nothing about its players.
        if let Some(session) = session {
            self.close(session);
        }
        session.is_some()
    }

    /// Takes the account out of its match.
    pub(super) fn leave(&mut self, now: Monotonic, account: UserId) {
        let Some(session) = self.by_account.remove(&account) else { return };
        if let Some(member) = self.by_session.get_mut(&session).and_then(|found| found.member_mut(account)) {
            // It stays a member: its reports count when the match is judged.
            member.left = true;
        }
        self.close_if_done(now, session);
    }

    /// Notes that a match of these players took place.
    pub(super) fn confirm(&mut self, players: &[UserId]) {
        for (place, one) in players.iter().enumerate() {
            players.iter().skip(place).for_each(|other| self.pairs.succeed(*one, *other));
        }
    }

    /// Notes for each two members of a match that is over whether they could reach each other: at least one of them
    /// was heard of.
    fn judge(&mut self, now: Monotonic, session: SessionId) {
        let found = self.by_session.get(&session);
        let Some(found) = found.filter(|found| found.members().count() <= JUDGED) else { return };
        for (place, one) in found.members().enumerate() {
            for other in found.members().skip(place.saturating_add(1)) {
                if one.state.max(other.state) == MatchState::Made {
                    self.pairs.fail(one.account, other.account, now);
                } else {
                    self.pairs.succeed(one.account, other.account);
                }
            }
        }
    }

    fn close_if_done(&mut self, now: Monotonic, session: SessionId) {
        let done =
            |found: &Match| found.members().all(|member| member.state == MatchState::Scored || member.left);
        if let Some(found) = self.by_session.get(&session).filter(|found| done(found)) {
            // Without a report, nothing shows that the race took place.
            if found.state != MatchState::Made {
                self.counts.completed = self.counts.completed.saturating_add(1);
            }
            self.judge(now, session);
            self.close(session);
        }
    }

    fn close(&mut self, session: SessionId) {
        let Some(closed) = self.by_session.remove(&session) else { return };
        self.ends.remove(&(closed.ends, session));
        self.by_key.remove(&closed.race_key);
        // A member that left may be in another match already, whose entry must stay.
        for member in closed.members().filter(|member| !member.left) {
            self.by_account.remove(&member.account);
        }
    }

    fn advance(&mut self, session: SessionId, now: Monotonic, state: MatchState) {
        if let Some(found) = self.by_session.get_mut(&session) {
            found.state = state;
            self.ends.remove(&(found.ends, session));
            found.ends = now.after(longest(state));
            self.ends.insert((found.ends, session));
        }
    }

    /// Returns a member of a match, with the match's number and progress.
    fn member(
        &mut self,
        race_key: RaceKey,
        account: UserId,
    ) -> Result<(SessionId, MatchState, &mut Member), MatchError> {
        let session = self.by_key.get(&race_key).ok_or(MatchError::Unknown(race_key))?;
        let found = self.by_session.get_mut(session).ok_or(MatchError::Unknown(race_key))?;
        let state = found.state;
        let member = found.member_mut(account).filter(|member| !member.left);
        Ok((*session, state, member.ok_or(MatchError::NotAMember(race_key, account))?))
    }
}
