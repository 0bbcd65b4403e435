//! Who can meet whom: one bucket a mode, in it one queue for each group size.

use super::config::{MAX_PLAYERS, Seats};
use super::index::{Hasher, Index};
use super::mode::{BucketKey, Label, RuleSet};
use super::plan::Candidate;
use super::queue::{Links, Queue};
use super::rate::Rate;
use super::slab::{Slab, Slot};
use super::ticket::{Place, Ticket};
use mmcos_core::seam::Monotonic;

/// How many buckets without tickets are remembered, for their rates. Beyond it the one empty for longest goes.
const MAX_IDLE: usize = 1024;

/// Why those in a bucket still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is there that anybody else could meet.
    NoCompany,
    /// So many humans could race; friends of the newest may be about to press the button.
    Gathering {
        /// Players who would race.
        humans: u8,
        /// When it ends at the latest.
        until: Monotonic,
    },
    /// So many humans could race, but more are likely to come soon enough to be worth the wait.
    Holding {
        /// Players who would race.
        humans: u8,
        /// When it ends if nobody comes.
        until: Monotonic,
    },
    /// A full match is there and more players than it takes come in seconds: those of like points are sought.
    Choosing {
        /// When it ends at the latest.
        until: Monotonic,
    },
}

impl Standing {
    /// When to decide anew though nothing happened.
    pub(super) const fn until(self) -> Option<Monotonic> {
        match self {
            Self::NoCompany => None,
            Self::Gathering { until, .. } | Self::Holding { until, .. } | Self::Choosing { until } => {
                Some(until)
            }
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) key: BucketKey,
    pub(super) seats: Seats,
    pub(super) rate: Rate,
    pub(super) standing: Standing,
    /// When to decide anew though nothing happened.
    decides: Option<Monotonic>,
    pub(super) polls: u32,
    pub(super) players: u32,
    /// Tickets, of open polls and resting.
    tickets: u32,
    /// Groups that can host, for sizes 1, 2, …; in the order of the searches. Those who can meet nobody are in none.
    hosts: Queues,
    /// Groups that can only join, likewise.
    guests: Queues,
}

impl Bucket {
    const fn new(key: BucketKey, seats: Seats, now: Monotonic) -> Self {
        Self {
            key,
            seats,
            rate: Rate::new(now),
            standing: Standing::NoCompany,
            decides: None,
            polls: 0,
            players: 0,
            tickets: 0,
            hosts: Queues::EMPTY,
            guests: Queues::EMPTY,
        }
    }

    /// A poll came. `seniority` is the links of the queues.
    pub(super) fn open(&mut self, seniority: &mut Links, slot: Slot, ticket: &Ticket) {
        let size = ticket.size.get();
        self.tickets = self.tickets.saturating_add(1);
        self.polls = self.polls.saturating_add(1);
        self.players = self.players.saturating_add(u32::from(size));
        if ticket.place == Place::Queued {
            self.queues_mut(ticket).insert(seniority, slot, ticket);
        }
    }

    /// A poll was answered or given up.
    pub(super) fn close(&mut self, seniority: &mut Links, slot: Slot, ticket: &Ticket) {
        let size = ticket.size.get();
        self.polls = self.polls.saturating_sub(1);
        self.players = self.players.saturating_sub(u32::from(size));
        if ticket.place == Place::Queued {
            self.queues_mut(ticket).remove(seniority, slot, ticket);
        }
    }

    fn queues_mut(&mut self, ticket: &Ticket) -> &mut Queues {
        if ticket.can_host { &mut self.hosts } else { &mut self.guests }
    }

    /// The queues of the groups of this size: those that can host, and those that cannot.
    pub(super) fn queues(&self, size: u8) -> [Queue; 2] {
        [self.hosts.of(size), self.guests.of(size)]
    }

    /// Whether a group that can host, of this size, and waits here, could meet another.
    pub(super) fn host_has_company(&self, size: u8) -> bool {
        let fitting = self.fitting(size);
        let like_it = || self.hosts.of(size).has_two() || self.guests.present & bit(size) != 0;
        fitting & !bit(size) != 0 || fitting != 0 && like_it()
    }

    /// The sizes of those who wait and can go with a host of this size.
    const fn fitting(&self, size: u8) -> u16 {
        let present = self.hosts.present | self.guests.present;
        present & bit(self.seats.beside(size).saturating_add(1)).saturating_sub(1)
    }

    /// The oldest of all who can host and have company here, as far as sizes say, without those in `passed` and those of
    /// sizes that are taken. Every match is planned around such a group, so that every match has a host.
    pub(super) fn oldest_with_company(
        &self,
        seniority: &Links,
        taken: Sizes,
        passed: &[Slot],
    ) -> Option<Slot> {
        let free = sizes(self.hosts.present).filter(|size| !taken.has(*size));
        let oldest = free.filter(|size| self.host_has_company(*size)).filter_map(|size| {
            let slots = core::iter::successors(self.hosts.of(size).first(), |slot| seniority.next(*slot));
            slots.take(passed.len().saturating_add(1)).find(|slot| !passed.contains(slot))
        });
        oldest.min_by_key(|slot| seniority.key(*slot))
    }

    /// Whether another full match is likely to come within ten seconds.
    pub(super) fn is_dense(&self, now: Monotonic) -> bool {
        now < self.sparse_from()
    }

    /// When the bucket is no longer dense, if nobody comes.
    pub(super) fn sparse_from(&self) -> Monotonic {
        self.rate.falls_to(f64::from(self.seats.total()) / 10.0)
    }

    /// The sizes of the groups that wait, ascending, as far as they can meet somebody at all.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u8> + use<> {
        sizes(self.hosts.present | self.guests.present)
    }
}

/// Some sizes of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes(u16);

impl Sizes {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn has(self, size: u8) -> bool {
        self.0 & bit(size) != 0
    }

    /// These, and that of a group.
    pub(super) fn with(self, group: &Candidate) -> Self {
        Self(self.0 | bit(group.size()))
    }
}

/// One queue for each group size.
#[derive(Clone, Debug)]
struct Queues {
    /// Bit `n` is set if a group of `n` waits.
    present: u16,
    by_size: [Queue; MAX_PLAYERS as usize],
}

impl Queues {
    const EMPTY: Self = Self { present: 0, by_size: [Queue::EMPTY; MAX_PLAYERS as usize] };

    fn of(&self, size: u8) -> Queue {
        self.by_size.get(place(size)).copied().unwrap_or(Queue::EMPTY)
    }

    fn insert(&mut self, seniority: &mut Links, slot: Slot, ticket: &Ticket) {
        let size = ticket.size.get();
        if let Some(queue) = self.by_size.get_mut(place(size)) {
            seniority.insert(queue, slot, ticket.search.number);
            self.present |= bit(size);
        }
    }

    fn remove(&mut self, seniority: &mut Links, slot: Slot, ticket: &Ticket) {
        let size = ticket.size.get();
        if let Some(queue) = self.by_size.get_mut(place(size)) {
            seniority.remove(queue, slot);
            if queue.first().is_none() {
                self.present &= !bit(size);
            }
        }
    }
}

/// The sizes whose bits are set, ascending.
fn sizes(mut bits: u16) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        let size = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
        bits &= bits.wrapping_sub(1);
        Some(size)
    })
}

/// All buckets, by key and by when they want to decide.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    slab: Slab<Bucket>,
    by_key: Index,
    hasher: Hasher,
    links: Links,
    /// By the end of what they wait for.
    timed: Queue,
    /// Those without tickets, by when that came about.
    idle: Queue,
    idle_count: usize,
}

impl Buckets {
    pub(super) fn new(hasher: Hasher) -> Self {
        Self {
            slab: Slab::new(),
            by_key: Index::default(),
            hasher,
            links: Links::default(),
            timed: Queue::EMPTY,
            idle: Queue::EMPTY,
            idle_count: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let tables = [self.slab.bytes(), self.by_key.bytes(), self.links.bytes()];
        tables.into_iter().fold(0, usize::saturating_add)
    }

    pub(super) const fn steps(&self) -> u64 {
        self.links.steps()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.slab.iter()
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Bucket> {
        self.slab.get(slot)
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Bucket> {
        self.slab.get_mut(slot)
    }

    /// The bucket of this key, which is about to get a ticket; a new one if there is none.
    pub(super) fn for_ticket(&mut self, key: BucketKey, seats: Seats, now: Monotonic) -> Slot {
        let hash = self.hash(&key);
        let is = |slot| self.slab.get(slot).is_some_and(|bucket: &Bucket| bucket.key == key);
        let Some(slot) = self.by_key.find(hash, is) else {
            let slot = self.slab.insert(Bucket::new(key, seats, now));
            self.by_key.insert(hash, slot);
            return slot;
        };
        if self.get(slot).is_some_and(|bucket| bucket.tickets == 0) {
            self.links.remove(&mut self.idle, slot);
            self.idle_count = self.idle_count.saturating_sub(1);
        }
        slot
    }

    /// A ticket of this bucket is gone for good.
    pub(super) fn forget_ticket(&mut self, slot: Slot, now: Monotonic) {
        let Some(bucket) = self.slab.get_mut(slot) else { return };
        bucket.tickets = bucket.tickets.saturating_sub(1);
        if bucket.tickets > 0 {
            return;
        }
        self.stand(slot, Standing::NoCompany, None);
        self.links.insert(&mut self.idle, slot, now.as_nanos());
        self.idle_count = self.idle_count.saturating_add(1);
        if self.idle_count > MAX_IDLE {
            self.drop_longest_idle();
        }
    }

    /// Notes what the oldest match of the bucket waits for, and when to decide anew.
    pub(super) fn stand(&mut self, slot: Slot, standing: Standing, until: Option<Monotonic>) {
        let Some(bucket) = self.slab.get_mut(slot) else { return };
        bucket.standing = standing;
        let before = core::mem::replace(&mut bucket.decides, until);
        if before == until {
            return;
        }
        if before.is_some() {
            self.links.remove(&mut self.timed, slot);
        }
        if let Some(until) = until {
            self.links.insert(&mut self.timed, slot, until.as_nanos());
        }
    }

    /// The bucket that wants to decide first.
    pub(super) fn first_timed(&self) -> Option<(Monotonic, Slot)> {
        self.timed.first().map(|slot| (Monotonic::from_nanos(self.links.key(slot)), slot))
    }

    fn drop_longest_idle(&mut self) {
        let Some(slot) = self.idle.first() else { return };
        self.links.remove(&mut self.idle, slot);
        self.idle_count = self.idle_count.saturating_sub(1);
        if let Some(bucket) = self.slab.remove(slot) {
            self.by_key.remove(self.hash(&bucket.key), slot);
        }
    }

    fn hash(&self, key: &BucketKey) -> u64 {
        let rule_set = match key.rule_set {
            None => 0,
            Some(RuleSet::Race) => 1,
            Some(RuleSet::Elimination) => 2,
            Some(RuleSet::Battle) => 3,
            Some(RuleSet::Other(_)) => 4,
        };
        let other = if let Some(RuleSet::Other(label)) = key.rule_set { Some(label) } else { None };
        let labels = key.game_type.map(|game_type| game_type.0).into_iter().chain(other);
        let words = labels.flat_map(|label: Label| label.words());
        let numbers = [u64::from(key.network_version), rule_set << 1 | u64::from(key.ranked)];
        numbers.into_iter().chain(words).fold(0, |hash, word| self.hasher.mix(hash, word))
    }
}

const fn bit(size: u8) -> u16 {
    1_u16.unbounded_shl(size as u32)
}

fn place(size: u8) -> usize {
    usize::from(size.saturating_sub(1))
}
