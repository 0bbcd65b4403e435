//! Records on their way to the disk, without the disk: the next batch, the durable commits, the time of the next
//! attempt; and a leader's view of a database that another server may lead meanwhile. [`Committer`](super::Committer)
//! and the store in `PostgreSQL` drive them with threads and a disk, the simulator with virtual time.

use std::time::Duration;

use mmcos_core::seam::{CommitSeq, Storage, StorageTrouble};

/// Time after which requests that need a record are rejected. (Our choice: longer than a checkpoint or an `fsync` on
/// a slow card takes, shorter than a client's time-out.)
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// Wait before the second attempt; it doubles with each attempt.
const FIRST_RETRY: Duration = Duration::from_millis(50);
/// Longest wait between two attempts.
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Submitted items in order, and the state of their storage. Times are those of the caller's monotonic clock.
///
/// ```
/// # use std::time::Duration;
/// use mmcos_core::seam::{Storage, StorageTrouble};
/// use mmcos_std::store::RetryQueue;
/// let now = Duration::ZERO;
/// let mut queue = RetryQueue::default();
/// let first = queue.submit(["a"]);
/// let batch = queue.begin(now).unwrap();
/// let second = queue.submit(["b"]);
/// queue.failed(batch, StorageTrouble::Full, now);
/// assert!(queue.durable() < first && queue.begin(now).is_none());
/// let later = queue.next_attempt().unwrap();
/// let batch = queue.begin(later).unwrap();
/// assert_eq!(batch.items(), ["a", "b"], "nothing is dropped");
/// queue.committed(&batch, later);
/// assert_eq!((queue.durable(), queue.storage(later)), (second, Storage::Available));
/// ```
#[derive(Clone, Debug)]
pub struct RetryQueue<T> {
    queue: Vec<T>,
    submitted: CommitSeq,
    durable: CommitSeq,
    /// Start of the write that is under way.
    writing: Option<Duration>,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug)]
struct Trouble {
    kind: StorageTrouble,
    /// Start of the first failed attempt.
    since: Duration,
    attempts: u32,
    next: Duration,
}

/// Items to write in one transaction.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    items: Vec<T>,
    last: CommitSeq,
    begun: Duration,
}

/// A trouble of the storage that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// Time from the first failed attempt to the successful one.
    pub after: Duration,
    /// Number of failed attempts.
    pub attempts: u32,
}

impl<T> Default for RetryQueue<T> {
    fn default() -> Self {
        Self::starting_at(CommitSeq::default())
    }
}

impl<T> Batch<T> {
    /// Returns the items, in the order of their submission. A probe has none.
    pub fn items(&self) -> &[T] {
        &self.items
    }
}

impl<T> RetryQueue<T> {
    /// Makes a queue whose first item follows this commit number.
    pub const fn starting_at(durable: CommitSeq) -> Self {
        Self { queue: Vec::new(), submitted: durable, durable, writing: None, trouble: None }
    }

    /// Submits items that must become durable together. Returns their commit number.
    pub fn submit(&mut self, items: impl IntoIterator<Item = T>) -> CommitSeq {
        self.queue.extend(items);
        self.submitted = self.submitted.next();
        self.submitted
    }

    /// Returns everything to write now, for one transaction. `None` while a write is under way, while the next
    /// attempt is not due, and if there is nothing to write.
    pub fn begin(&mut self, now: Duration) -> Option<Batch<T>> {
        if self.next_attempt().is_none_or(|next| now < next) {
            return None;
        }
        self.writing = Some(now);
        // Records that come during the write have higher numbers, and wait for the next one.
        Some(Batch { items: std::mem::take(&mut self.queue), last: self.submitted, begun: now })
    }

    /// Begins a write of nothing, which shows whether the storage can be reached. `None` while a write is under way,
    /// and if there is something to write.
    pub fn probe(&mut self, now: Duration) -> Option<Batch<T>> {
        if self.writing.is_some() || !self.queue.is_empty() {
            return None;
        }
        self.writing = Some(now);
        Some(Batch { items: Vec::new(), last: self.submitted, begun: now })
    }

    /// Returns the time from which [`begin`](Self::begin) returns a batch, if there is something to write.
    pub fn next_attempt(&self) -> Option<Duration> {
        let waits = self.writing.is_none() && !self.queue.is_empty();
        waits.then(|| self.trouble.map_or(Duration::ZERO, |trouble| trouble.next))
    }

    /// Marks a batch as durable. Returns the trouble that this ends.
    pub fn committed(&mut self, batch: &Batch<T>, now: Duration) -> Option<Resumed> {
        self.writing = None;
        // Not `submitted`: what came during the write is in memory only.
        self.durable = batch.last;
        let Trouble { since, attempts, .. } = self.trouble.take()?;
        Some(Resumed { after: now.saturating_sub(since), attempts })
    }

    /// Puts back a batch that could not be written; it comes first in the next one. Returns true if this trouble is
    /// new.
    pub fn failed(&mut self, batch: Batch<T>, kind: StorageTrouble, now: Duration) -> bool {
        self.writing = None;
        // In front of what came meanwhile: of the records of one key the last one counts (decision 0023).
        let later = std::mem::replace(&mut self.queue, batch.items);
        self.queue.extend(later);
        let before = self.trouble;
        let attempts = before.map_or(0, |trouble| trouble.attempts);
        // The bound keeps the shift in range; `LAST_RETRY` is reached before it.
        let wait = FIRST_RETRY.saturating_mul(1 << attempts.min(10)).min(LAST_RETRY);
        self.trouble = Some(Trouble {
            kind,
            // Responses have waited since the attempt began, not only since it failed.
            since: before.map_or(batch.begun, |trouble| trouble.since),
            attempts: attempts.saturating_add(1),
            next: now.saturating_add(wait),
        });
        // Another kind of trouble is news for the operator; another attempt is not.
        before.is_none_or(|before| before.kind != kind)
    }

    /// Returns the number of the last commit that is durable.
    pub const fn durable(&self) -> CommitSeq {
        self.durable
    }

    /// Returns the items that no write has taken yet.
    pub fn waiting(&self) -> &[T] {
        &self.queue
    }

    /// Returns the state of the storage, for the core.
    pub fn storage(&self, now: Duration) -> Storage {
        // A disk that hangs reports no error, so a write that is under way counts from its start.
        let since = self.trouble.map(|trouble| trouble.since).or(self.writing);
        let is_long = since.is_some_and(|since| now.saturating_sub(since) >= PATIENCE);
        match (self.trouble.map(|trouble| trouble.kind), is_long) {
            (None, false) => Storage::Available,
            (None, true) => Storage::Unavailable(StorageTrouble::Slow),
            (Some(kind), false) => Storage::Delayed(kind),
            (Some(kind), true) => Storage::Unavailable(kind),
        }
    }
}

/// The row of the table `commits`: what the database knows of its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of commits.
    pub number: i64,
    /// Number of the leader's lease. It grows with each.
    pub epoch: i64,
}

/// The reason why a leader must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fenced {
    /// Another server has begun to lead.
    Deposed,
    /// The database has other commits than this server has made: it is a copy, or an older state.
    Lost,
}

/// The state of a leader's commits. A commit must fail in the database unless its row is at
/// [`position`](Self::position).
///
/// ```
/// use mmcos_std::store::{Fence, Fenced, Position};
/// let mut fence = Fence::new(Position { number: 7, epoch: 2 });
/// assert_eq!(fence.begin(3), 0);
/// // The response is lost, and the commit is there:
/// assert_eq!(fence.reconnected(Position { number: 8, epoch: 2 }), Ok(()));
/// assert_eq!(fence.begin(5), 3, "only the other two are written");
/// assert_eq!(fence.reconnected(Position { number: 9, epoch: 3 }), Err(Fenced::Deposed));
/// ```
#[derive(Clone, Debug)]
pub struct Fence {
    pub(super) position: Position,
    /// Number of records in the first of the attempts at the next commit whose outcome is unknown. Later attempts have
    /// these records too.
    pub(super) unknown: Option<usize>,
    /// Number of records that come again although they are durable, because the response was lost.
    pub(super) kept: usize,
}

impl Fence {
    /// Returns the state of a leader that has just begun.
    pub const fn new(position: Position) -> Self {
        Self { position, unknown: None, kept: 0 }
    }

    /// Returns where the database must be for the next commit to succeed.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Finds what became of earlier attempts, from the row of the database after an error. The row must be locked, so
    /// that no transaction of the lost connection is still under way.
    ///
    /// # Errors
    /// This server must stop.
    pub fn reconnected(&mut self, found: Position) -> Result<(), Fenced> {
        if found.epoch != self.position.epoch {
            return Err(Fenced::Deposed);
        }
        match (found.number.checked_sub(self.position.number), self.unknown) {
            // An attempt may still be on its way to the server. It or the next one fails there: each demands the
            // number from before.
            (Some(0), _) => {}
            (Some(1), Some(records)) => {
                (self.position, self.unknown) = (found, None);
                self.kept = self.kept.saturating_add(records);
            }
            _ => return Err(Fenced::Lost),
        }
        Ok(())
    }

    /// Begins an attempt to commit a number of records, of which the first are those of a failed attempt. Returns how
    /// many of the first are durable already; if not all, the rest is the attempt.
    pub fn begin(&mut self, records: usize) -> usize {
        let kept = self.kept.min(records);
        if kept == records {
            self.kept = 0;
        } else {
            self.unknown.get_or_insert(records.saturating_sub(kept));
        }
        kept
    }

    /// Ends an attempt as a commit.
    pub const fn committed(&mut self) {
        self.position.number = self.position.number.saturating_add(1);
        (self.unknown, self.kept) = (None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn attempts_slow_down_to_one_a_second_and_nothing_is_dropped() {
        let mut queue = RetryQueue::default();
        let mut last = queue.submit([0]);
        let mut waits = Vec::new();
        let mut now = Duration::ZERO;
        for item in 1..8 {
            let batch = queue.begin(now).unwrap();
            assert!(batch.items().iter().copied().eq(0..item), "{batch:?}");
            last = queue.submit([item]);
            assert!(queue.begin(now).is_none(), "one write at a time");
            assert_eq!(queue.failed(batch, StorageTrouble::Locked, now), item == 1);
            let next = queue.next_attempt().unwrap();
            assert!(queue.begin(next.saturating_sub(millis(1))).is_none());
            waits.push(next.saturating_sub(now).as_millis());
            now = next;
        }
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(queue.durable(), CommitSeq::default());
        let batch = queue.begin(now).unwrap();
        let resumed = queue.committed(&batch, now).unwrap();
        assert_eq!((resumed.attempts, queue.durable()), (7, last));
        assert!(queue.next_attempt().is_none());
    }

    #[test]
    fn a_leader_finds_what_became_of_its_commits_and_stops_after_another_one() {
        let at = |number, epoch| Position { number, epoch };
        let mut fence = Fence::new(at(7, 2));
        fence.begin(2);
        fence.committed();
        assert_eq!(fence.position(), at(8, 2));
        // It has not arrived, and is tried again with one record more; then the first attempt turns out to be there.
        fence.begin(2);
        assert_eq!(fence.reconnected(at(8, 2)), Ok(()));
        assert_eq!(fence.begin(3), 0);
        assert_eq!(fence.reconnected(at(9, 2)), Ok(()));
        assert_eq!((fence.begin(3), fence.position()), (2, at(9, 2)));
        fence.committed();
        assert_eq!(fence.begin(1), 0);
        // All of it is there.
        assert_eq!(fence.reconnected(at(11, 2)), Ok(()));
        assert_eq!((fence.begin(1), fence.begin(1)), (1, 0));
        assert_eq!(fence.clone().reconnected(at(11, 3)), Err(Fenced::Deposed));
        assert_eq!(fence.clone().reconnected(at(13, 2)), Err(Fenced::Lost));
        assert_eq!(fence.reconnected(at(10, 2)), Err(Fenced::Lost));
        assert_eq!(Fence::new(at(7, 2)).reconnected(at(8, 2)), Err(Fenced::Lost), "no attempt was made");
    }

    #[test]
    fn writes_are_refused_after_three_seconds_of_trouble_or_of_silence() {
        let mut queue = RetryQueue::default();
        assert_eq!(queue.storage(millis(9_000)), Storage::Available, "nothing to write");
        queue.submit([()]);
        let batch = queue.begin(millis(1_000)).unwrap();
        assert_eq!(queue.storage(millis(3_999)), Storage::Available);
        assert_eq!(queue.storage(millis(4_000)), Storage::Unavailable(StorageTrouble::Slow));
        assert!(queue.failed(batch, StorageTrouble::Full, millis(1_100)));
        assert_eq!(queue.storage(millis(3_999)), Storage::Delayed(StorageTrouble::Full));
        assert_eq!(queue.storage(millis(4_000)), Storage::Unavailable(StorageTrouble::Full));
        let batch = queue.begin(millis(4_000)).unwrap();
        assert!(queue.failed(batch, StorageTrouble::Failing, millis(4_100)), "another trouble is told");
        let batch = queue.begin(millis(9_000)).unwrap();
        let resumed = Resumed { after: millis(8_000), attempts: 2 };
        assert_eq!(queue.committed(&batch, millis(9_000)), Some(resumed));
        assert_eq!(queue.storage(millis(9_000)), Storage::Available);
    }

    #[test]
    fn a_probe_shows_trouble_and_its_end_though_nothing_waits() {
        let mut queue = RetryQueue::default();
        let probe = queue.probe(millis(0)).unwrap();
        assert!(queue.probe(millis(1)).is_none(), "one write at a time");
        assert_eq!(queue.storage(millis(3_000)), Storage::Unavailable(StorageTrouble::Slow));
        assert!(queue.failed(probe, StorageTrouble::Failing, millis(3_000)));
        assert_eq!(queue.storage(millis(3_000)), Storage::Unavailable(StorageTrouble::Failing));
        let probe = queue.probe(millis(4_000)).unwrap();
        let item = queue.submit([()]);
        assert!(queue.committed(&probe, millis(4_000)).is_some());
        assert_eq!(queue.storage(millis(4_000)), Storage::Available);
        assert!(queue.durable() < item, "the item came after the probe");
        assert!(queue.probe(millis(4_000)).is_none(), "a write shows as much");
        let batch = queue.begin(millis(4_000)).unwrap();
        queue.committed(&batch, millis(4_001));
        assert_eq!(queue.durable(), item);
    }
}
