//! Who searches: one ticket an account, while its poll is open and a few seconds longer.

use super::index::{Hasher, Index};
use super::poll::{GroupSize, HostHistory, Poll, PollId};
use super::queue::{Links, Queue};
use super::slab::{Slab, Slot};
use crate::ids::{LobbyId, Points, UserId};
use mmcos_core::seam::Monotonic;

/// A search, over all its polls: earlier ones have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) number: u64,
    pub(super) began: Monotonic,
}

/// Where a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its poll is open; it waits in the queue of its size.
    Queued,
    /// Its poll is open; it is too large to meet anybody.
    Aside,
    /// Its poll was answered; it keeps the search for a while.
    Resting,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) search: Search,
    pub(super) poll: PollId,
    pub(super) group_lobby: LobbyId,
    pub(super) game_lobby: LobbyId,
    pub(super) account: UserId,
    pub(super) points: Points,
    pub(super) host_history: HostHistory,
    pub(super) bucket: Slot,
    pub(super) size: GroupSize,
    /// Other groups can join its lobby.
    pub(super) can_host: bool,
    /// Content with AI.
    pub(super) impatient: bool,
    /// Searches for a mode with teams.
    pub(super) has_teams: bool,
    pub(super) place: Place,
}

impl Ticket {
    /// Whether its poll is unanswered.
    pub(super) fn is_open(&self) -> bool {
        self.place != Place::Resting
    }

    pub(super) fn new(poll: &Poll, search: Search, bucket: Slot, impatient: bool, place: Place) -> Self {
        Self {
            search,
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
            has_teams: poll.mode.has_teams(),
            place,
        }
    }
}

/// All tickets, by account and by when something is due.
#[derive(Clone, Debug)]
pub(super) struct Tickets {
    slab: Slab<Ticket>,
    by_account: Index,
    hasher: Hasher,
    ends: Links,
    /// By when the poll is answered at the latest.
    open: Queue,
    /// By when the search is forgotten.
    resting: Queue,
}

impl Tickets {
    pub(super) fn new(hasher: Hasher) -> Self {
        Self {
            slab: Slab::new(),
            by_account: Index::default(),
            hasher,
            ends: Links::default(),
            open: Queue::EMPTY,
            resting: Queue::EMPTY,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let tables = [self.slab.bytes(), self.by_account.bytes(), self.ends.bytes()];
        tables.into_iter().fold(0, usize::saturating_add)
    }

    pub(super) const fn steps(&self) -> u64 {
        self.ends.steps()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Ticket> {
        self.slab.iter()
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Ticket> {
        self.slab.get(slot)
    }

    pub(super) fn of(&self, account: UserId) -> Option<(Slot, Ticket)> {
        let is = |slot| self.slab.get(slot).is_some_and(|ticket: &Ticket| ticket.account == account);
        let slot = self.by_account.find(self.hash(account), is)?;
        Some((slot, *self.slab.get(slot)?))
    }

    /// Adds an open ticket of an account that has none.
    pub(super) fn add(&mut self, ticket: Ticket, deadline: Monotonic) -> Slot {
        let slot = self.slab.insert(ticket);
        self.by_account.insert(self.hash(ticket.account), slot);
        self.ends.insert(&mut self.open, slot, deadline.as_nanos());
        slot
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<Ticket> {
        let ticket = self.slab.remove(slot)?;
        self.by_account.remove(self.hash(ticket.account), slot);
        let queue = if ticket.is_open() { &mut self.open } else { &mut self.resting };
        self.ends.remove(queue, slot);
        Some(ticket)
    }

    /// The poll was answered, the search is remembered until then.
    pub(super) fn rest(&mut self, slot: Slot, until: Monotonic) {
        let Some(ticket) = self.slab.get_mut(slot).filter(|ticket| ticket.is_open()) else { return };
        ticket.place = Place::Resting;
        self.ends.remove(&mut self.open, slot);
        self.ends.insert(&mut self.resting, slot, until.as_nanos());
    }

    /// When the poll of an open ticket is answered at the latest.
    pub(super) fn deadline(&self, slot: Slot) -> Monotonic {
        Monotonic::from_nanos(self.ends.key(slot))
    }

    /// The open ticket with the first deadline.
    pub(super) fn first_open(&self) -> Option<(Monotonic, Slot)> {
        self.open.first().map(|slot| (self.deadline(slot), slot))
    }

    /// The search that is forgotten first.
    pub(super) fn first_resting(&self) -> Option<(Monotonic, Slot)> {
        self.resting.first().map(|slot| (self.deadline(slot), slot))
    }

    const fn hash(&self, account: UserId) -> u64 {
        self.hasher.mix(0, account.0 as u64)
    }
}
