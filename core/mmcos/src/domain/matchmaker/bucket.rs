//! Buckets of groups that can meet: one for each mode, with a queue for each group size.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
};

use mmcos_core::seam::Monotonic;

use super::{
    BucketKey, MAX_PLAYERS,
    config::Seats,
    decide::plan::Candidate,
    ticket::{Place, Ticket},
    waits::Rate,
};
use crate::ids::UserId;

/// Maximum number of buckets without tickets, which are kept for their rates. Beyond it, the one that has been empty
/// for longest is removed.
const MAX_IDLE: usize = 1024;

/// The reason why the groups in a bucket still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// No two of them can meet.
    NoCompany,
    /// `humans` players could race; friends of the newest may be about to press the button.
    Gathering {
        /// Players of the match.
        humans: u8,
        /// Latest time at which it ends.
        until: Monotonic,
    },
    /// `humans` players could race, but more are likely to come soon enough to be worth the wait.
    Holding {
        /// Players of the match.
        humans: u8,
        /// Time at which it ends if no player comes.
        until: Monotonic,
    },
    /// A full match is there, and more players than it takes come within seconds: the match looks for players with
    /// similar points.
    Choosing {
        /// Latest time at which it ends.
        until: Monotonic,
    },
}

impl WaitReason {
    /// Returns the time to decide anew if nothing happens before.
    pub(super) const fn until(self) -> Option<Monotonic> {
        match self {
            Self::NoCompany => None,
            Self::Gathering { until, .. } | Self::Holding { until, .. } | Self::Choosing { until } => {
                Some(until)
            }
        }
    }
}

/// The groups that wait for one [`BucketKey`].
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) key: BucketKey,
    pub(super) seats: Seats,
    pub(super) rate: Rate,
    pub(super) standing: WaitReason,
    /// Time to decide anew if nothing happens before.
    decides: Option<Monotonic>,
    pub(super) polls: u32,
    pub(super) players: u32,
    /// Number of tickets, open and resting.
    tickets: u32,
    /// Time since which it has no tickets.
    idle: Option<Monotonic>,
    /// Groups that can host, for sizes 1, 2, …; in the order of their searches. Groups that can meet no other are in
    /// no queue.
    hosts: Queues,
    /// Groups that can only join, likewise.
    guests: Queues,
}

impl Bucket {
    fn new(key: BucketKey, seats: Seats, now: Monotonic) -> Self {
        Self {
            key,
            seats,
            rate: Rate::new(now),
            standing: WaitReason::NoCompany,
            decides: None,
            polls: 0,
            players: 0,
            tickets: 0,
            idle: None,
            hosts: Queues::default(),
            guests: Queues::default(),
        }
    }

    /// Adds an open ticket.
    pub(super) fn open(&mut self, ticket: &Ticket) {
        let size = ticket.size.get();
        self.tickets = self.tickets.saturating_add(1);
        self.polls = self.polls.saturating_add(1);
        self.players = self.players.saturating_add(u32::from(size));
        // A party that fills the cap is held like any other, but is no candidate for a match.
        if ticket.place == Place::Queued {
            self.queues_mut(ticket).insert(ticket);
        }
    }

    /// Removes an open ticket whose poll has ended.
    pub(super) fn close(&mut self, ticket: &Ticket) {
        let size = ticket.size.get();
        self.polls = self.polls.saturating_sub(1);
        self.players = self.players.saturating_sub(u32::from(size));
        if ticket.place == Place::Queued {
            self.queues_mut(ticket).remove(ticket);
        }
    }

    fn queues_mut(&mut self, ticket: &Ticket) -> &mut Queues {
        // Apart, so that every match can be planned around a group that can host (decision 0070).
        if ticket.can_host { &mut self.hosts } else { &mut self.guests }
    }

    /// Returns the queues of this group size: of those that can host, and of those that cannot.
    pub(super) fn queues(&self, size: u8) -> [&Queue; 2] {
        [self.hosts.of(size), self.guests.of(size)]
    }

    /// Returns true if a group of this size that can host and waits here could meet another.
    pub(super) fn host_has_company(&self, size: u8) -> bool {
        let fitting = self.fitting(size);
        // The group itself waits in the queue of its size, so one entry there is no company.
        let like_it = || self.hosts.of(size).len() > 1 || self.guests.present & bit(size) != 0;
        fitting & !bit(size) != 0 || fitting != 0 && like_it()
    }

    /// Returns the sizes of the waiting groups that fit beside a host of this size.
    const fn fitting(&self, size: u8) -> u16 {
        let present = self.hosts.present | self.guests.present;
        present & bit(self.seats.beside(size).saturating_add(1)).saturating_sub(1)
    }

    /// Returns the oldest group that can host and, by size, has company here. Skips the groups in `passed` and of
    /// taken sizes. Every match is planned around such a group, so that every match has a host.
    pub(super) fn oldest_with_company(&self, taken: Sizes, passed: &[UserId]) -> Option<Candidate> {
        let free = sizes(self.hosts.present).filter(|size| !taken.has(*size));
        // At most `passed.len()` of the first are passed ones, so the cost does not grow with the queue.
        let oldest = free.filter(|size| self.host_has_company(*size)).filter_map(|size| {
            let hosts = self.hosts.of(size).values();
            hosts.take(passed.len().saturating_add(1)).find(|host| !passed.contains(&host.account))
        });
        // A match is built around the oldest search, whatever its size.
        oldest.min_by_key(|host| host.search.number).copied()
    }

    /// Returns true if another full match is likely to come within ten seconds.
    pub(super) fn is_dense(&self, now: Monotonic) -> bool {
        // By the time at which a plan sets its timer: when that fires, the bucket is sparse for certain, and no timer
        // is set for the same moment again.
        now < self.sparse_from()
    }

    /// Returns the time from which the bucket is no longer dense, if no player comes.
    pub(super) fn sparse_from(&self) -> Monotonic {
        self.rate.falls_to(f64::from(self.seats.total()) / 10.0)
    }

    /// Returns the sizes of the waiting groups that can meet another at all, ascending.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u8> + use<> {
        sizes(self.hosts.present | self.guests.present)
    }
}

/// A set of group sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes(u16);

impl Sizes {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn has(self, size: u8) -> bool {
        self.0 & bit(size) != 0
    }

    /// Adds the size of a group.
    pub(super) fn with(self, group: &Candidate) -> Self {
        Self(self.0 | bit(group.size()))
    }
}

/// Groups by the number of their search, the oldest first.
pub(super) type Queue = BTreeMap<u64, Candidate>;

static NO_QUEUE: Queue = Queue::new();

/// One queue for each group size.
#[derive(Clone, Debug, Default)]
struct Queues {
    /// Bit `n` is set if a group of `n` waits.
    present: u16,
    by_size: [Queue; MAX_PLAYERS as usize],
}

impl Queues {
    fn of(&self, size: u8) -> &Queue {
        self.by_size.get(place(size)).unwrap_or(&NO_QUEUE)
    }

    fn insert(&mut self, ticket: &Ticket) {
        let size = ticket.size.get();
        if let Some(queue) = self.by_size.get_mut(place(size)) {
            queue.insert(ticket.search.number, Candidate::new(ticket));
            self.present |= bit(size);
        }
    }

    fn remove(&mut self, ticket: &Ticket) {
        let size = ticket.size.get();
        if let Some(queue) = self.by_size.get_mut(place(size)) {
            queue.remove(&ticket.search.number);
            if queue.is_empty() {
                self.present &= !bit(size);
            }
        }
    }
}

/// Returns the sizes whose bits are set, ascending.
fn sizes(mut bits: u16) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        let size = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
        bits &= bits.wrapping_sub(1);
        Some(size)
    })
}

/// All buckets, by key and by the time of their next decision.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    /// On the heap: nodes of a map have room for eleven values, and a bucket is large.
    by_key: BTreeMap<BucketKey, Box<Bucket>>,
    /// Buckets by the time of their next decision.
    timed: BTreeSet<(Monotonic, BucketKey)>,
    /// Buckets without tickets, by the time since which they have none.
    idle: BTreeSet<(Monotonic, BucketKey)>,
}

impl Buckets {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.by_key.values().map(Box::as_ref)
    }

    pub(super) fn get(&self, key: &BucketKey) -> Option<&Bucket> {
        self.by_key.get(key).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: &BucketKey) -> Option<&mut Bucket> {
        self.by_key.get_mut(key).map(Box::as_mut)
    }

    /// Returns the bucket with this key, which is about to get a ticket. Creates it if there is none.
    pub(super) fn for_ticket(&mut self, key: BucketKey, seats: Seats, now: Monotonic) -> &mut Bucket {
        let bucket = self.by_key.entry(key).or_insert_with(|| Box::new(Bucket::new(key, seats, now)));
        // Only buckets without tickets may be evicted.
        if let Some(since) = bucket.idle.take() {
            self.idle.remove(&(since, key));
        }
        bucket
    }

    /// Counts a ticket out of its bucket.
    pub(super) fn forget_ticket(&mut self, key: BucketKey, now: Monotonic) {
        let Some(bucket) = self.by_key.get_mut(&key) else { return };
        bucket.tickets = bucket.tickets.saturating_sub(1);
        if bucket.tickets > 0 {
            return;
        }
        // An empty bucket keeps its rate: the players of a race come back within minutes.
        bucket.idle = Some(now);
        self.idle.insert((now, key));
        // When all tickets have ended, no timer is left.
        self.stand(key, WaitReason::NoCompany, None);
        // A request can name any network version and game type, so the number of buckets needs a bound.
        if self.idle.len() > MAX_IDLE
            && let Some((_, longest)) = self.idle.pop_first()
        {
            self.by_key.remove(&longest);
        }
    }

    /// Sets the reason why the oldest match of the bucket waits, and the time to decide anew.
    pub(super) fn stand(&mut self, key: BucketKey, standing: WaitReason, until: Option<Monotonic>) {
        let Some(bucket) = self.by_key.get_mut(&key) else { return };
        bucket.standing = standing;
        let before = core::mem::replace(&mut bucket.decides, until);
        if before == until {
            return;
        }
        if let Some(before) = before {
            self.timed.remove(&(before, key));
        }
        if let Some(until) = until {
            self.timed.insert((until, key));
        }
    }

    /// Returns the bucket that decides next, and its time.
    pub(super) fn first_timed(&self) -> Option<(Monotonic, BucketKey)> {
        self.timed.first().copied()
    }
}

const fn bit(size: u8) -> u16 {
    // A request may claim a party of up to 255 players: such a size has no bit, and must not panic.
    1_u16.unbounded_shl(size as u32)
}

fn place(size: u8) -> usize {
    usize::from(size.saturating_sub(1))
}
