//! A model of the store: rows by their natural key, batches that become durable whole and in order, and after a crash
//! only the durable ones.

use std::time::Duration;

use mmcos_core::{
    row::{Row as _, Schema},
    seam::{Storage, StorageTrouble, Wall},
    testing::Rows,
};
use mmcos_game::Record;
use mmcos_std::store::{Batch, RetryQueue};

pub(super) use mmcos_core::seam::CommitSeq;

/// The store. The real store's [`RetryQueue`] decides what is written next, what is durable, and when a failed write is
/// tried again. Each of its items is what one input submitted.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    rows: Rows<Record>,
    queue: RetryQueue<Vec<Record>>,
    /// The write on its way.
    writing: Option<Batch<Vec<Record>>>,
    /// Last commit whose records are in the rows.
    written: CommitSeq,
}

impl Store {
    /// Takes records that become durable together.
    pub(super) fn submit(&mut self, records: Vec<Record>) -> CommitSeq {
        self.queue.submit([records])
    }

    /// Returns the last commit that may be acknowledged.
    pub(super) const fn durable(&self) -> CommitSeq {
        self.queue.durable()
    }

    /// Returns the last commit on the disk.
    pub(super) const fn written(&self) -> CommitSeq {
        self.written
    }

    /// Begins to write all that was submitted, unless a write is on its way, or the next attempt is not due. Returns
    /// true if it did.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        if self.writing.is_some() {
            return false;
        }
        self.writing = self.queue.begin(now);
        self.writing.is_some()
    }

    /// Ends the write that was begun.
    pub(super) fn commit(&mut self, now: Duration) {
        let Some(batch) = self.writing.take() else { return };
        for records in batch.items() {
            self.written = self.written.next();
            put(&mut self.rows, records);
        }
        self.queue.committed(&batch, now);
    }

    /// Ends the write that was begun as failed. Returns the time of the next attempt.
    pub(super) fn fail(&mut self, trouble: StorageTrouble, now: Duration) -> Option<Duration> {
        let batch = self.writing.take()?;
        self.queue.failed(batch, trouble, now);
        self.queue.next_attempt()
    }

    /// Makes all that was submitted durable, as after an orderly stop.
    pub(super) fn finish(&mut self, now: Duration) {
        self.commit(now);
        if self.begin(Duration::MAX) {
            self.commit(now);
        }
    }

    /// Models a loss of power. Of the batches on their way, the disk has kept the first `kept`, acknowledged or not.
    pub(super) fn crash(&mut self, kept: usize) {
        let writing = self.writing.take();
        let items = writing.iter().flat_map(Batch::items).chain(self.queue.waiting()).take(kept);
        for records in items {
            self.written = self.written.next();
            put(&mut self.rows, records);
        }
        self.queue = RetryQueue::starting_at(self.written);
    }

    /// Returns the storage state for the core.
    pub(super) fn storage(&self, now: Duration) -> Storage {
        self.queue.storage(now)
    }

    /// Returns the number of the last durable match.
    pub(super) fn last_session(&self) -> u64 {
        match SCHEMA.table("matches").and_then(|table| self.rows.last(table)) {
            Some(Record::Match(race)) => race.id.0,
            _ => 0,
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.waiting().count()
    }

    fn waiting(&self) -> impl Iterator<Item = &Vec<Record>> {
        self.writing.iter().flat_map(Batch::items).chain(self.queue.waiting())
    }

    /// Returns the records that a server is restored from.
    pub(super) fn records(&self, now: Wall) -> impl Iterator<Item = Record> {
        self.rows.records(now)
    }

    /// Returns the records that a server would be restored from if all that was submitted were durable.
    pub(super) fn all_records(&self, now: Wall) -> Vec<Record> {
        let mut rows = self.rows.clone();
        self.waiting().for_each(|records| put(&mut rows, records));
        rows.records(now).collect()
    }

    /// Removes what no server needs whose time is no earlier than this.
    pub(super) fn prune(&mut self, earliest: Wall) {
        self.rows.prune(earliest);
    }
}

const SCHEMA: &Schema = Record::SCHEMA;

fn put(rows: &mut Rows<Record>, records: &[Record]) {
    for record in records {
        rows.put(record.clone()).expect("every record is a row of its table");
    }
}

/// Draws a trouble of the store and its duration: mostly a second, sometimes a minute.
pub(super) fn trouble(random: &mut crate::random::Random) -> (StorageTrouble, Duration) {
    let kinds = StorageTrouble::ALL;
    let kind = kinds[(random.uniform() * kinds.len() as f64) as usize % kinds.len()];
    (kind, Duration::from_secs_f64(random.lognormal(1.5, 1.5).min(120.0)))
}

/// Draws the duration of a commit: mostly milliseconds, sometimes seconds.
pub(super) fn latency(random: &mut crate::random::Random) -> Duration {
    Duration::from_secs_f64(random.lognormal(0.004, 2.0).min(8.0))
}
