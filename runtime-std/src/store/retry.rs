//! Records on their way to the disk, without the disk: the next batch, the durable commits, the time of the next
//! attempt. [`Committer`](super::Committer) drives it with a thread and a file, the simulator with virtual time.

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
