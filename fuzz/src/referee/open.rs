use std::{collections::BTreeMap, time::Duration};

use mmcos_core::seam::ConnId;
use mmcos_game::{ids::LobbyId, matchmaker::Folding};

use crate::client::{Group, Mode, Poll, RuleSet};

/// Returns true if others can join these lobbies.
pub(super) fn can_host(group_lobby: u64, game_lobby: u64) -> bool {
    LobbyId(group_lobby).is_joinable() && LobbyId(game_lobby).is_joinable()
}

/// The groups of one bucket can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    ranked: bool,
    rule_set: Option<RuleSet>,
}

impl Bucket {
    /// Returns the bucket of a mode. Every rule set has one quick mode and one ranked mode here, so the mode and the
    /// rule set say the same.
    pub(super) fn of(mode: Mode, folding: Folding) -> Self {
        let any = folding == Folding::AnyUnranked && !mode.ranked;
        Self { ranked: mode.ranked, rule_set: (!any).then_some(mode.rule_set) }
    }

    pub(super) fn cap(self) -> u8 {
        self.rule_set.map_or(RuleSet::Elimination.cap(), RuleSet::cap)
    }

    /// Returns true if two groups of these sizes could be in one match.
    fn fit(self, one: u8, other: u8) -> bool {
        let largest = if self.rule_set == Some(RuleSet::Battle) { 6 } else { self.cap() - 1 };
        one.max(other) <= largest && one.saturating_add(other) <= self.cap()
    }
}

/// The polls without a response.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    buckets: BTreeMap<Bucket, Vec<Poll>>,
    by_conn: BTreeMap<ConnId, Bucket>,
}

impl Open {
    pub(super) fn insert(&mut self, bucket: Bucket, poll: Poll) {
        self.buckets.entry(bucket).or_default().push(poll);
        self.by_conn.insert(poll.conn, bucket);
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<(Bucket, Poll)> {
        let bucket = self.by_conn.remove(&conn)?;
        let polls = self.buckets.get_mut(&bucket)?;
        let at = polls.iter().position(|poll| poll.conn == conn)?;
        Some((bucket, polls.swap_remove(at)))
    }

    /// Returns true if this client has an open poll.
    pub(super) fn has_poll_of(&self, client: u32) -> bool {
        self.buckets.values().flatten().any(|poll| poll.client == client)
    }

    /// Returns the open polls of players whom this poll's player could meet. A poll that came in this very moment may
    /// have been too late.
    pub(super) fn company(&self, bucket: Bucket, poll: &Poll, now: Duration) -> impl Iterator<Item = &Poll> {
        let can_meet = move |other: &&Poll| {
            let one_hosts = [poll, *other].iter().any(|poll| can_host(poll.group_lobby, poll.game_lobby));
            // Two groups of one party are never in one match.
            let parties = other.group_lobby != poll.group_lobby && one_hosts;
            other.sent < now && parties && bucket.fit(poll.size, other.size)
        };
        self.buckets.get(&bucket).into_iter().flatten().filter(can_meet)
    }

    /// Returns the client whose poll is open on this connection.
    pub(super) fn client(&self, conn: ConnId) -> Option<u32> {
        let bucket = self.by_conn.get(&conn)?;
        self.buckets.get(bucket)?.iter().find(|poll| poll.conn == conn).map(|poll| poll.client)
    }

    /// Returns the poll of this group in this bucket.
    pub(super) fn poll_of(&self, bucket: Bucket, group: &Group) -> Option<&Poll> {
        let is = |poll: &&Poll| {
            let lobbies = (poll.game_lobby, poll.group_lobby) == (group.game_lobby, group.group_lobby);
            lobbies && poll.size == group.size
        };
        self.buckets.get(&bucket)?.iter().find(is)
    }
}
