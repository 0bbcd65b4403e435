//! Matchmaking tickets: one for each account, while its poll is open and a few seconds longer.

use alloc::collections::{BTreeMap, BTreeSet};

use mmcos_core::seam::Monotonic;

use super::{BucketKey, GroupSize, HostHistory, Poll, PollId};
use crate::ids::{LobbyId, Points, UserId};

/// A search over all its polls. Earlier searches have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) number: u64,
    pub(super) began: Monotonic,
}

/// State of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its poll is open; it waits in the queue of its size.
    Queued,
    /// Its poll is open; it is too large to meet any other group.
    Aside,
    /// Its poll has its response; the search is remembered for a while.
    Resting,
}

/// A matchmaking ticket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) search: Search,
    /// Latest time for the response to the poll; of a resting ticket, the time at which the search is forgotten.
    pub(super) until: Monotonic,
    /// Order among tickets with the same `until`: the smallest goes first.
    turn: u64,
    pub(super) poll: PollId,
    pub(super) group_lobby: LobbyId,
    pub(super) game_lobby: LobbyId,
    pub(super) account: UserId,
    pub(super) points: Points,
    pub(super) host_history: HostHistory,
    pub(super) bucket: BucketKey,
    pub(super) size: GroupSize,
    /// Other groups can join its lobby.
    pub(super) can_host: bool,
    /// Accepts AI.
    pub(super) impatient: bool,
    /// Searches for a mode with teams.
    pub(super) has_teams: bool,
    pub(super) place: Place,
}

impl Ticket {
    /// Returns true while its poll has no response.
    pub(super) fn is_open(&self) -> bool {
        self.place != Place::Resting
    }

    pub(super) fn new(
        poll: &Poll,
        search: Search,
        bucket: BucketKey,
        until: Monotonic,
        impatient: bool,
        place: Place,
    ) -> Self {
        Self {
            search,
            until,
            // `Tickets::add` sets it: only the table knows the order.
            turn: 0,
            poll: poll.id,
            group_lobby: poll.group_lobby,
            game_lobby: poll.game_lobby,
            account: poll.account,
            points: poll.points,
            host_history: poll.host_history,
            bucket,
            size: poll.size,
            can_host: poll.can_host(),
            impatient,
            // Not from the bucket: a folded one has no rule set.
            has_teams: poll.mode.has_teams(),
            place,
        }
    }
}

/// All tickets, by account and by due time. Of those due at once, the one that was added first comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct Tickets {
    by_account: BTreeMap<UserId, Ticket>,
    open: BTreeSet<Due>,
    resting: BTreeSet<Due>,
    turns: u64,
}

/// Place in the order in which tickets are due: time, turn, account.
type Due = (Monotonic, u64, UserId);

impl Tickets {
    pub(super) fn len(&self) -> usize {
        self.by_account.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Ticket> {
        self.by_account.values()
    }

    pub(super) fn of(&self, account: UserId) -> Option<&Ticket> {
        self.by_account.get(&account)
    }

    /// Adds an open ticket of an account that has none.
    pub(super) fn add(&mut self, mut ticket: Ticket) {
        self.turns = self.turns.wrapping_add(1);
        ticket.turn = self.turns;
        self.by_account.insert(ticket.account, ticket);
        self.open.insert(due(&ticket));
    }

    pub(super) fn remove(&mut self, account: UserId) -> Option<Ticket> {
        let ticket = self.by_account.remove(&account)?;
        let queue = if ticket.is_open() { &mut self.open } else { &mut self.resting };
        queue.remove(&due(&ticket));
        Some(ticket)
    }

    /// Marks the poll as responded to. The search is remembered until `until`.
    pub(super) fn rest(&mut self, account: UserId, until: Monotonic) {
        let Some(ticket) = self.by_account.get_mut(&account).filter(|ticket| ticket.is_open()) else {
            return;
        };
        // Before its time changes, which is part of its key.
        self.open.remove(&due(ticket));
        (ticket.place, ticket.until) = (Place::Resting, until);
        self.resting.insert(due(ticket));
    }

    /// Returns the account whose poll is due first, and its time.
    pub(super) fn first_open(&self) -> Option<(Monotonic, UserId)> {
        self.open.first().map(|(at, _, account)| (*at, *account))
    }

    /// Returns the account whose resting ticket is removed first, and the time.
    pub(super) fn first_resting(&self) -> Option<(Monotonic, UserId)> {
        self.resting.first().map(|(at, _, account)| (*at, *account))
    }
}

const fn due(ticket: &Ticket) -> Due {
    (ticket.until, ticket.turn, ticket.account)
}
