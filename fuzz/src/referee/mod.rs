//! Checks from outside that every response to a poll follows the rules of matchmaking. It knows what was sent and
//! received, and nothing of how the server decides.

mod apart;
mod open;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use mmcos_core::seam::ConnId;
use mmcos_game::{
    ids::RaceKey,
    matchmaker::{Config, Folding},
};

use self::{
    apart::Apart,
    open::{Bucket, Open},
};
use crate::client::{Group, MatchmakingResult, Poll, RuleSet};

/// A rule that a response broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A response alone while another group waited that could have been met.
    AloneBesideOpen,
    /// A poll held for too long.
    Late,
    /// Not exactly one host.
    Hosts,
    /// The host of a match has no lobby that others can join.
    HostWithoutLobby,
    /// The own group is missing or changed, or occurs twice.
    OwnGroup,
    /// A group that does not wait, or that waits for another mode.
    Stranger,
    /// More players than fit.
    Overfull,
    /// Teams where there are none, or not as even in size as the parties allow.
    Teams,
    /// A race key of an earlier match.
    RaceKeyUsed,
    /// A match number that is not greater than those before.
    SessionNotGrowing,
    /// Members of one match read different responses.
    Differs,
    /// A member of a match got no response when the others did.
    MemberForgotten,
    /// A response without a poll, or without a race key though it names groups.
    Malformed,
}

/// A match whose response some members have not read.
#[derive(Clone, Debug)]
struct Pending {
    response: MatchmakingResult,
    at: Duration,
    /// Game lobbies of the members that have not.
    unanswered: BTreeSet<u64>,
}

/// The referee. It must be given every poll before its response, and every response in the order of arrival.
#[derive(Clone, Debug)]
pub struct Referee {
    folding: Folding,
    longest_hold: Duration,
    lateness: Duration,
    /// Earlier hold times, each with the end of its use.
    held_before: Vec<(Duration, Duration)>,
    open: Open,
    apart: Apart,
    pending: BTreeMap<RaceKey, Pending>,
    used: HashSet<RaceKey>,
    last_session: u64,
    breaches: BTreeMap<Breach, u32>,
}

impl Referee {
    /// Creates a referee for a server with this configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            folding: config.folding,
            longest_hold: config.longest_hold(),
            lateness: Duration::ZERO,
            held_before: Vec::new(),
            open: Open::default(),
            apart: Apart::default(),
            pending: BTreeMap::new(),
            used: HashSet::new(),
            last_session: 0,
            breaches: BTreeMap::new(),
        }
    }

    /// Allows ticks that are late by `lateness`.
    #[must_use]
    pub fn tolerating(mut self, lateness: Duration) -> Self {
        self.lateness = lateness;
        self
    }

    /// Sets the hold time of new polls. Polls that are already held keep theirs.
    pub fn hold_for(&mut self, now: Duration, longest_hold: Duration) {
        let before = std::mem::replace(&mut self.longest_hold, longest_hold);
        if before != longest_hold {
            self.held_before.push((now, before));
        }
    }

    /// Returns true if this poll should have its response by now.
    pub fn is_late(&self, poll: &Poll, now: Duration) -> bool {
        let before = self.held_before.iter().find(|(until, _)| poll.sent < *until);
        let longest_hold = before.map_or(self.longest_hold, |(_, longest_hold)| *longest_hold);
        now > poll.sent + longest_hold + self.lateness
    }

    /// Notes a restart of the server: all polls are gone. It may know nothing of matches after this one.
    pub fn restarted(&mut self, last_session: u64) {
        (self.open, self.apart, self.pending) = <(Open, Apart, _)>::default();
        self.last_session = last_session;
        self.held_before.clear();
    }

    /// Returns true if this client has an open poll.
    pub fn awaits(&self, client: u32) -> bool {
        self.open.has_poll_of(client)
    }

    /// Returns a rule that was broken so far. A forgotten member shows only at the end.
    pub fn first_breach(&self) -> Option<Breach> {
        self.breaches.keys().next().copied()
    }

    /// Notes a sent poll.
    pub fn sent(&mut self, poll: Poll) {
        self.apart.searches(poll.client, poll.sent);
        self.open.insert(Bucket::of(poll.mode, self.folding), poll);
    }

    /// Notes the end of a connection, and with it of a poll whose response may have been on its way.
    pub fn lost(&mut self, conn: ConnId, now: Duration) {
        if let Some(client) = self.open.client(conn) {
            self.apart.lost(client, now);
        }
        self.gone(conn);
    }

    /// Notes that the server accepted a client's registration or result of this race.
    pub fn raced(&mut self, race_key: RaceKey, client: u32) {
        self.apart.raced(race_key, client);
    }

    /// Notes a poll that was rejected, or closed before its response.
    pub fn gone(&mut self, conn: ConnId) {
        if let Some((_, poll)) = self.open.remove(conn) {
            for pending in self.pending.values_mut() {
                pending.unanswered.remove(&poll.game_lobby);
            }
        }
    }

    /// Checks the response to a poll.
    pub fn responded(&mut self, conn: ConnId, now: Duration, response: &MatchmakingResult) {
        let Some((bucket, poll)) = self.open.remove(conn) else { return self.note(Breach::Malformed) };
        self.note_if(self.is_late(&poll, now), Breach::Late);
        if response.groups.is_empty() {
            return; // cancelled
        }
        let Some(race_key) = response.race_key else { return self.note(Breach::Malformed) };
        let own = response.groups.iter().filter(|group| group.game_lobby == poll.game_lobby);
        let own: Vec<_> = own.map(|group| (group.group_lobby, group.size)).collect();
        self.note_if(own != [(poll.group_lobby, poll.size)], Breach::OwnGroup);
        if response.groups.len() == 1 {
            let company = !self.open.has_poll_of(poll.client) && self.has_company(bucket, &poll, now);
            self.note_if(company, Breach::AloneBesideOpen);
        }
        match self.pending.get_mut(&race_key) {
            Some(pending) => {
                let same = pending.response == *response && pending.at == now;
                let expected = pending.unanswered.remove(&poll.game_lobby);
                if pending.unanswered.is_empty() {
                    self.pending.remove(&race_key);
                }
                self.note_if(!(same && expected), Breach::Differs);
            }
            None => self.begin(race_key, bucket, &poll, now, response),
        }
    }

    fn has_company(&self, bucket: Bucket, poll: &Poll, now: Duration) -> bool {
        let mut company = self.open.company(bucket, poll, now);
        company.any(|other| !self.apart.are_apart(poll.client, other.client, now))
    }

    /// Handles the first response of a match.
    fn begin(
        &mut self,
        race_key: RaceKey,
        bucket: Bucket,
        first: &Poll,
        now: Duration,
        response: &MatchmakingResult,
    ) {
        let fresh = self.used.insert(race_key);
        self.note_if(!fresh, Breach::RaceKeyUsed);
        self.note_if(response.session <= self.last_session, Breach::SessionNotGrowing);
        self.last_session = response.session;
        self.note_if(response.groups.iter().filter(|group| group.is_host).count() != 1, Breach::Hosts);
        let others = || response.groups.iter().filter(|group| group.game_lobby != first.game_lobby);
        if response.groups.len() == 1 {
            return;
        }
        let is_real = |host: &Group| open::can_host(host.group_lobby, host.game_lobby);
        self.note_if(!response.host().is_some_and(is_real), Breach::HostWithoutLobby);
        self.note_if(others().any(|group| self.open.poll_of(bucket, group).is_none()), Breach::Stranger);
        self.note_if(response.humans() > bucket.cap(), Breach::Overfull);
        // Modes that are folded together play what the host plays.
        let host = response.host().and_then(|host| self.open.poll_of(bucket, host)).unwrap_or(first);
        let rule_set = host.mode.rule_set;
        self.note_if(!teams_are_right(rule_set, response), Breach::Teams);
        let clients = others().filter_map(|group| self.open.poll_of(bucket, group)).map(|poll| poll.client);
        let members = clients.chain([first.client]).collect();
        self.apart.met(race_key, members, now);
        let unanswered = others().map(|group| group.game_lobby).collect();
        self.pending.insert(race_key, Pending { response: response.clone(), at: now, unanswered });
    }

    /// Returns the broken rules and their numbers, once all input was given.
    pub fn breaches(&mut self) -> &BTreeMap<Breach, u32> {
        let forgotten = std::mem::take(&mut self.pending);
        for _ in forgotten.values() {
            self.note(Breach::MemberForgotten);
        }
        &self.breaches
    }

    fn note_if(&mut self, broken: bool, breach: Breach) {
        if broken {
            self.note(breach);
        }
    }

    fn note(&mut self, breach: Breach) {
        *self.breaches.entry(breach).or_default() += 1;
    }
}

/// Returns true if the teams of a match are as they should be.
fn teams_are_right(rule_set: RuleSet, response: &MatchmakingResult) -> bool {
    if rule_set != RuleSet::Battle {
        return response.groups.iter().all(|group| group.team == 0);
    }
    let players =
        |team| response.groups.iter().filter(|group| group.team == team).map(|group| group.size).sum();
    let (one, two): (u8, u8) = (players(1), players(2));
    let total = response.humans();
    let reachable = response.groups.iter().fold(1_u32, |sums, group| sums | sums << group.size);
    let most_even = (0..=total / 2).rev().find(|size| reachable >> size & 1 == 1);
    one + two == total && most_even == Some(one.min(two))
}
