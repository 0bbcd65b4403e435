//! A model of the store: a database that several servers may use, and the part of its leader: batches that become
//! durable whole and in order, and after a crash only the durable ones.

use std::time::Duration;

use mmcos_core::{
    row::{Row as _, Schema},
    seam::{Storage, StorageTrouble, Wall},
    testing::Rows,
};
use mmcos_game::Record;
use mmcos_std::store::{Batch, Fence, Fenced, Position, RetryQueue};

pub(super) use mmcos_core::seam::CommitSeq;

/// The records that one input submitted, with the number of their commit.
type Item = (CommitSeq, Vec<Record>);

/// The database: rows by their natural key, and its leader.
#[derive(Clone, Debug)]
struct Database {
    rows: Rows<Record>,
    position: Position,
    /// Last commit whose records are in the rows.
    written: CommitSeq,
}

impl Database {
    /// Commits all of these items, as the statement of the real store does: only at the position that the leader
    /// expects. Returns false if it is another one.
    fn commit(&mut self, expected: Position, items: &[Item]) -> bool {
        let is_leader = expected.number == self.position.number && expected.epoch == self.position.epoch;
        if is_leader {
            self.position.number += 1;
            for item in items {
                self.put(item);
            }
        }
        is_leader
    }

    fn put(&mut self, (seq, records): &Item) {
        self.written = self.written.max(*seq);
        put(&mut self.rows, records);
    }
}

/// A server's part of the store. The real store's [`RetryQueue`] decides what is written next, what is durable, and
/// when a failed write is tried again; its [`Fence`], whether the server still leads, and which attempts have arrived.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    queue: RetryQueue<Item>,
    /// The write on its way.
    writing: Option<Batch<Item>>,
    fence: Fence,
    /// Number of the last item.
    submitted: CommitSeq,
    /// False after an error that leaves unknown what the database has kept.
    is_connected: bool,
}

impl Leader {
    fn at(position: Position, written: CommitSeq) -> Self {
        Self {
            queue: RetryQueue::starting_at(written),
            writing: None,
            fence: Fence::new(position),
            submitted: written,
            is_connected: true,
        }
    }

    fn submit(&mut self, records: Vec<Record>) -> CommitSeq {
        self.submitted = self.submitted.next();
        self.queue.submit([(self.submitted, records)])
    }

    /// Ends the write that was begun: looks up earlier attempts if need be, then commits what has not arrived.
    fn commit(&mut self, database: &mut Database, now: Duration) -> Result<(), Fenced> {
        let Some(batch) = self.writing.take() else { return Ok(()) };
        if !self.is_connected {
            self.fence.reconnected(database.position)?;
            self.is_connected = true;
        }
        let items = batch.items();
        let rest = items.get(self.fence.begin(items.len())..).unwrap_or_default();
        if !rest.is_empty() {
            if !database.commit(self.fence.position(), rest) {
                return Err(Fenced::Deposed);
            }
            self.fence.committed();
        }
        self.queue.committed(&batch, now);
        Ok(())
    }

    fn waiting(&self) -> impl Iterator<Item = &Item> {
        self.writing.iter().flat_map(Batch::items).chain(self.queue.waiting())
    }
}

/// The store; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Store {
    database: Database,
    leader: Leader,
}

impl Default for Store {
    fn default() -> Self {
        let (position, written) = (Position { number: 0, epoch: 1 }, CommitSeq::default());
        Self {
            database: Database { rows: Rows::default(), position, written },
            leader: Leader::at(position, written),
        }
    }
}

impl Store {
    /// Takes records that become durable together.
    pub(super) fn submit(&mut self, records: Vec<Record>) -> CommitSeq {
        self.leader.submit(records)
    }

    /// Returns the last commit that may be acknowledged.
    pub(super) const fn durable(&self) -> CommitSeq {
        self.leader.queue.durable()
    }

    /// Returns the last commit in the database.
    pub(super) const fn written(&self) -> CommitSeq {
        self.database.written
    }

    /// Begins to write all that was submitted, unless a write is on its way, or the next attempt is not due. Returns
    /// true if it did.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        if self.leader.writing.is_some() {
            return false;
        }
        self.leader.writing = self.leader.queue.begin(now);
        self.leader.writing.is_some()
    }

    /// Ends the write that was begun.
    pub(super) fn commit(&mut self, now: Duration) -> Result<(), Fenced> {
        self.leader.commit(&mut self.database, now)
    }

    /// Ends the write that was begun as failed. Returns the time of the next attempt.
    pub(super) fn fail(&mut self, trouble: StorageTrouble, now: Duration) -> Option<Duration> {
        let batch = self.leader.writing.take()?;
        self.leader.queue.failed(batch, trouble, now);
        self.leader.queue.next_attempt()
    }

    /// Cuts the leader off. The write on its way may have arrived, but its outcome stays unknown.
    pub(super) fn cut_off(&mut self, arrives: bool) {
        self.leader.is_connected = false;
        let Self { database, leader } = self;
        let Some(batch) = &leader.writing else { return };
        let items = batch.items();
        let rest = items.get(leader.fence.begin(items.len())..).unwrap_or_default();
        if arrives && !rest.is_empty() {
            database.commit(leader.fence.position(), rest);
        }
    }

    /// Makes another server lead. Returns the part of the one before, which does not know.
    pub(super) fn depose(&mut self) -> Leader {
        let deposed = self.leader.clone();
        self.lead();
        deposed
    }

    /// Begins a new lease.
    fn lead(&mut self) {
        self.database.position.epoch += 1;
        self.leader = Leader::at(self.database.position, self.database.written);
    }

    /// Continues a server that was deposed with these records: it tries to commit all that it has. Returns true if it
    /// did, or believes so, or did not notice that it was deposed.
    pub(super) fn go_on(&mut self, mut deposed: Leader, records: Vec<Record>, now: Duration) -> bool {
        let before = (self.database.position, deposed.queue.durable());
        if !records.is_empty() {
            deposed.submit(records);
        }
        if deposed.writing.is_none() {
            deposed.writing = deposed.queue.begin(Duration::MAX);
        }
        let stops = deposed.commit(&mut self.database, now).is_err();
        let changed = (self.database.position, deposed.queue.durable()) != before;
        changed || (!stops && deposed.waiting().next().is_some())
    }

    /// Makes all that was submitted durable, as after an orderly stop.
    pub(super) fn finish(&mut self, now: Duration) -> Result<(), Fenced> {
        self.commit(now)?;
        if self.begin(Duration::MAX) {
            self.commit(now)?;
        }
        Ok(())
    }

    /// Models a loss of power. Of the batches on their way, the disk has kept the first `kept`, acknowledged or not.
    pub(super) fn crash(&mut self, kept: usize) {
        let Self { database, leader } = self;
        leader.waiting().take(kept).for_each(|item| database.put(item));
        database.position.number += 1;
        self.lead();
    }

    /// Returns the storage state for the core.
    pub(super) fn storage(&self, now: Duration) -> Storage {
        self.leader.queue.storage(now)
    }

    /// Returns the number of the last durable match.
    pub(super) fn last_session(&self) -> u64 {
        match SCHEMA.table("matches").and_then(|table| self.database.rows.last(table)) {
            Some(Record::Match(race)) => race.id.0,
            _ => 0,
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.leader.waiting().count()
    }

    /// Returns the records that a server is restored from.
    pub(super) fn records(&self, now: Wall) -> impl Iterator<Item = Record> {
        self.database.rows.records(now)
    }

    /// Returns the records that a server would be restored from if all that was submitted were durable.
    pub(super) fn all_records(&self, now: Wall) -> Vec<Record> {
        let mut rows = self.database.rows.clone();
        self.leader.waiting().for_each(|(_, records)| put(&mut rows, records));
        rows.records(now).collect()
    }

    /// Removes what no server needs whose time is no earlier than this.
    pub(super) fn prune(&mut self, earliest: Wall) {
        self.database.rows.prune(earliest);
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
