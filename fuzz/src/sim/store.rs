//! A store as the real one is: rows by their natural key, batches that become durable whole and in order, and after a
//! crash only what was durable.

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::seam::{Storage, StorageTrouble, Wall};
use mmcos_game::{
    Record,
    events::ByHand,
    ids::{SessionId, UserId},
    moderation::{Ban, Subject},
    players::Player,
    results::{KEEP, Race, RaceResult},
    seasons::SeasonStarted,
};
use mmcos_std::store::{Batch, Journal};

pub(super) use mmcos_core::seam::CommitSeq;

/// See the [module](self). What is written next, what is durable, and when a failed write is tried again is the real
/// store's [`Journal`]; each of its items is what one input submitted.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    rows: Rows,
    journal: Journal<Vec<Record>>,
    /// The write that is on its way.
    writing: Option<Batch<Vec<Record>>>,
    /// How much of what was submitted the rows hold.
    written: CommitSeq,
}

impl Store {
    /// Takes records that become durable together.
    pub(super) fn submit(&mut self, records: Vec<Record>) -> CommitSeq {
        self.journal.submit([records])
    }

    /// What may be acknowledged.
    pub(super) const fn durable(&self) -> CommitSeq {
        self.journal.durable()
    }

    /// What is on the disk.
    pub(super) const fn written(&self) -> CommitSeq {
        self.written
    }

    /// Begins to write all that was submitted, unless a write is on its way, or the next attempt is not due.
    pub(super) fn begin(&mut self, now: Duration) -> bool {
        if self.writing.is_some() {
            return false;
        }
        self.writing = self.journal.begin(now);
        self.writing.is_some()
    }

    /// The write that was begun is done.
    pub(super) fn commit(&mut self, now: Duration) {
        let Some(batch) = self.writing.take() else { return };
        for records in batch.items() {
            self.written = self.written.next();
            records.iter().cloned().for_each(|record| self.rows.put(record));
        }
        self.journal.committed(&batch, now);
    }

    /// The write that was begun has failed. Returns when it is tried again.
    pub(super) fn fail(&mut self, trouble: StorageTrouble, now: Duration) -> Option<Duration> {
        let batch = self.writing.take()?;
        self.journal.failed(batch, trouble, now);
        self.journal.next_attempt()
    }

    /// All that was submitted is durable, as after an orderly stop.
    pub(super) fn finish(&mut self, now: Duration) {
        self.commit(now);
        if self.begin(Duration::MAX) {
            self.commit(now);
        }
    }

    /// The power is gone. Of what was on its way, the disk has kept the first so many batches, whether anybody was told
    /// or not.
    pub(super) fn crash(&mut self, kept: usize) {
        let writing = self.writing.take();
        let items = writing.iter().flat_map(Batch::items).chain(self.journal.waiting()).take(kept);
        for records in items {
            self.written = self.written.next();
            records.iter().cloned().for_each(|record| self.rows.put(record));
        }
        self.journal = Journal::starting_at(self.written);
    }

    /// What the core is to be told of the storage.
    pub(super) fn storage(&self, now: Duration) -> Storage {
        self.journal.storage(now)
    }

    /// The number of the last match that is durable.
    pub(super) fn last_session(&self) -> u64 {
        self.rows.races.keys().last().map_or(0, |session| session.0)
    }

    pub(super) fn pending(&self) -> usize {
        self.waiting().count()
    }

    fn waiting(&self) -> impl Iterator<Item = &Vec<Record>> {
        self.writing.iter().flat_map(Batch::items).chain(self.journal.waiting())
    }

    /// What a server is restored from.
    pub(super) fn records(&self, now: Wall) -> impl Iterator<Item = Record> {
        self.rows.records(now)
    }

    /// What a server would be restored from if all that was submitted were durable.
    pub(super) fn all_records(&self, now: Wall) -> Vec<Record> {
        let mut rows = self.rows.clone();
        self.waiting().flatten().for_each(|record| rows.put(record.clone()));
        rows.records(now).collect()
    }

    /// Throws away what no server wants back.
    pub(super) fn prune(&mut self, before: Wall) {
        self.rows.prune(before);
    }
}

/// So many races come back whatever the clock said when they were made.
const LAST: usize = 100;

#[derive(Clone, Debug, Default)]
struct Rows {
    season: Option<Box<SeasonStarted>>,
    players: BTreeMap<UserId, Box<Player>>,
    races: BTreeMap<SessionId, Box<Race>>,
    results: BTreeMap<(SessionId, UserId), RaceResult>,
    bans: BTreeMap<Subject, Box<Ban>>,
    settings: BTreeMap<String, String>,
    event: Option<ByHand>,
}

impl Rows {
    fn put(&mut self, record: Record) {
        match record {
            Record::Player(player) => drop(self.players.insert(player.user_id, player)),
            Record::Race(race) => drop(self.races.insert(race.session, race)),
            Record::RaceForgotten(session) => drop(self.races.remove(&session)),
            Record::Result(result) => drop(self.results.insert((result.session, result.user), result)),
            Record::SeasonStarted(started) => self.season = Some(started),
            Record::Ban(ban) => drop(self.bans.insert(ban.subject, ban)),
            Record::Unban(subject) => drop(self.bans.remove(&subject)),
            Record::Setting { name, value: Some(value) } => drop(self.settings.insert(name, value)),
            Record::Setting { name, value: None } => drop(self.settings.remove(&name)),
            Record::EventByHand(by_hand) => self.event = Some(by_hand),
        }
    }

    fn records(&self, now: Wall) -> impl Iterator<Item = Record> {
        let last = self.races.values().last();
        let latest = last.map_or(now, |race| race.made.min(now));
        let oldest = latest.as_millis().saturating_sub(i64::try_from(KEEP.as_millis()).unwrap_or(i64::MAX));
        let last = self.first_of_last();
        let wanted = move |race: &Race| race.made.as_millis() > oldest || race.session >= last;
        let season = self.season.iter().cloned().map(Record::SeasonStarted);
        let players = self.players.values().cloned().map(Record::Player);
        let races = self.races.values().filter(move |race| wanted(race)).cloned().map(Record::Race);
        let of_wanted =
            move |result: &&RaceResult| self.races.get(&result.session).is_some_and(|race| wanted(race));
        let results = self.results.values().filter(of_wanted).copied().map(Record::Result);
        let bans = self.bans.values().cloned().map(Record::Ban);
        let setting = |(name, value): (&String, &String)| Record::Setting {
            name: name.clone(),
            value: Some(value.clone()),
        };
        let settings = self.settings.iter().map(setting);
        let event = self.event.map(Record::EventByHand);
        season.chain(players).chain(races).chain(results).chain(bans).chain(settings).chain(event)
    }

    fn first_of_last(&self) -> SessionId {
        self.races.keys().nth_back(LAST).copied().unwrap_or(SessionId(0))
    }

    fn prune(&mut self, before: Wall) {
        let last = self.first_of_last();
        self.races.retain(|session, race| race.made > before || *session >= last);
        let races = &self.races;
        self.results.retain(|(session, _), _| races.contains_key(session));
    }
}

/// A trouble of the store, and how long it lasts: mostly a second, sometimes a minute.
pub(super) fn trouble(random: &mut crate::random::Random) -> (StorageTrouble, Duration) {
    let kinds = StorageTrouble::ALL;
    let kind = kinds[(random.uniform() * kinds.len() as f64) as usize % kinds.len()];
    (kind, Duration::from_secs_f64(random.lognormal(1.5, 1.5).min(120.0)))
}

/// How long it takes to make something durable: mostly milliseconds, sometimes seconds.
pub(super) fn latency(random: &mut crate::random::Random) -> Duration {
    Duration::from_secs_f64(random.lognormal(0.004, 2.0).min(8.0))
}
