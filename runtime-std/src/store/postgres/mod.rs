//! The store in a `PostgreSQL` database: the same tables, on another machine if need be (decisions 0112 and 0113).
//!
//! One server at a time leads: it holds a lease in the row of the table `commits`, which it renews every second. A
//! start by another server waits until the lease has run out, and then has a higher *epoch*. (A restart in the same
//! data directory need not wait.) Every commit checks
//! number and epoch in its own transaction, so a leader that was paused, or cut off, cannot commit any more once
//! another has begun, whatever its clock says.
//!
//! After an error that leaves unknown what the server has kept, the store connects anew and reads the number of the
//! last commit before it tries again.

mod address;
mod commands;
mod error;
mod session;

use std::marker::PhantomData;
use std::time::Duration;

use mmcos_core::Server;
use mmcos_core::row::{Milestone, Row, Schema, Value};
use mmcos_core::seam::Wall;
use mmcos_core::service::Service;

pub use address::Address;
pub(super) use commands::{backup, examine, examine_writing, export, move_from, move_to, restore};
pub use error::DatabaseError;

use super::error::StoreFile;
use super::lock::Lock;
use super::milestone::{self, Copying};
use super::retry::{Fence, Fenced, Position};
use super::rows::Tables;
use super::sql::{Sql, Stored};
use super::{Commit, StoreError, schema};
use crate::data_dir::DataDir;
use session::Session;

/// Time without a renewal after which another server may lead, in seconds.
const LEASE: u8 = 5;
/// Time that a start has beyond the lease until its first renewal, in seconds: many rows take a while to be read.
const START: u8 = 60;
/// Time between two renewals while nothing is committed.
const RENEWAL: Duration = Duration::from_secs(1);
/// Time that a commit waits for a response. (Our choice: some times that of a slow disk, and short of the time that a
/// service manager waits for a stop.)
const PATIENCE: Duration = Duration::from_secs(5);
/// Time that a command waits for a response.
const COMMAND_PATIENCE: Duration = Duration::from_mins(5);

/// Counts a commit. Fails in the database, and with it the whole transaction, if this server does not lead any more, or
/// if the number is not the one that this server knows. Parameters: that number, the epoch.
const COMMIT: &str = "UPDATE commits SET alive = clock_timestamp(), \
    number = CASE WHEN number = $1 AND epoch = $2 THEN number + 1 END";
/// Ends the lease. Parameter: the epoch.
const RELEASE: &str = "UPDATE commits SET alive = '-infinity' WHERE epoch = $1";

/// A database, and the data directory of its server: keys, certificates, copies from before a season.
#[derive(Clone, Debug)]
pub struct Place {
    /// The database.
    pub address: Address,
    /// The data directory.
    pub dir: DataDir,
}

/// The open store of a server. See the [module](self).
#[derive(Debug)]
pub struct Postgres<R> {
    place: Place,
    label: StoreFile,
    tables: Tables,
    /// `None` after an error that leaves unknown what the server has kept.
    session: Option<Session>,
    /// Its commits so far, and what is unknown of them.
    fence: Fence,
    /// Milestones of a batch that has not been written, for which the store was copied.
    copied: Vec<Milestone>,
    /// Copy of the store before a milestone, while it is being made.
    copying: Option<Copying>,
    _lock: Lock,
    records: PhantomData<fn(R)>,
}

impl<R: Row> Postgres<R> {
    /// Opens the database for one server alone. Makes missing tables, and brings old ones up to date.
    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        let label = label(&place.address, R::SCHEMA);
        let tables = Tables::of::<R>(&label)?;
        let lock = Lock::take(&place.dir, R::SCHEMA.name)?;
        let mut session = Session::connect(&place.address, R::SCHEMA.name, PATIENCE)?;
        examine_encoding(&mut session, &label)?;
        make_commits(&mut session, &label)?;
        let own = own_epoch(place, &label);
        let (number, epoch) = lead(&mut session, &label, own)?;
        // Without it, a start after a crash waits for the lease.
        if let Err(error) = place.dir.write(&lease_file(&label), own_lease(&label, epoch).as_bytes()) {
            log::debug!("{error}");
        }
        session.set_patience(COMMAND_PATIENCE);
        prepare(&mut session, &label, epoch)?;
        session.set_patience(PATIENCE);
        // Once: a server that stands by opens the database again and again.
        if place.address.is_open() {
            log::warn!("{}: the connection is not encrypted (sslmode=disable)", label.path.display());
        }
        if session.texts("SELECT current_setting('fsync')", &[])? == ["off"] {
            let place = label.path.display();
            log::warn!("{place}: fsync is off there, so a power cut may lose saved changes");
        }
        Ok(Self {
            place: place.clone(),
            label,
            tables,
            session: Some(session),
            fence: Fence::new(Position { number, epoch }),
            copied: Vec::new(),
            copying: None,
            _lock: lock,
            records: PhantomData,
        })
    }

    /// Calls `take` with every record that a server is restored from, in the order of the game's tables.
    pub(super) fn records(
        &mut self,
        now: Wall,
        take: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut session = self.session()?;
        // Many rows take a while.
        session.set_patience(COMMAND_PATIENCE);
        // This only tidies up, so it may wait for another start.
        let tidied = self.tables.forget_unused(&mut session, now);
        tidied.or_else(|error| error.trouble().map(drop).ok_or(error))?;
        self.tables.restore(&mut session, now, take)?;
        session.set_patience(PATIENCE);
        self.session = Some(session);
        Ok(())
    }

    /// Restores a new server from all records.
    pub(super) fn restore<S>(&mut self, server: &mut Server<S>, now: Wall) -> Result<(), StoreError>
    where
        S: Service<Record = R, RestoreError: std::error::Error + Send + Sync + 'static>,
    {
        let label = self.label.clone();
        self.records(now, &mut |record| server.restore(record).map_err(|source| label.contradiction(source)))
    }

    /// Takes the session, or makes a new one after an error. The caller puts it back after a success.
    fn session(&mut self) -> Result<Session, StoreError> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let mut session = Session::connect(&self.place.address, R::SCHEMA.name, PATIENCE)?;
        // Waits for a transaction that the lost connection has left behind, so that its outcome is known.
        let row = session.row("SELECT number, epoch FROM commits FOR UPDATE", &[])?;
        let (number, epoch) = numbers(row.as_deref()).ok_or_else(|| self.label.foreign())?;
        match self.fence.reconnected(Position { number, epoch }) {
            Ok(()) => Ok(session),
            Err(Fenced::Deposed) => Err(self.deposed()),
            Err(Fenced::Lost) => Err(self.lost(number)),
        }
    }

    fn deposed(&self) -> StoreError {
        StoreError::Deposed { place: self.label.path.clone(), program: self.label.schema.name }
    }

    fn lost(&self, found: i64) -> StoreError {
        StoreError::LostThere {
            place: self.label.path.clone(),
            found,
            expected: self.fence.position().number,
        }
    }

    /// Makes all records durable, or none.
    fn write(&mut self, records: &[R]) -> Result<(), StoreError> {
        let mut session = self.session()?;
        // Written again, they would do no harm, since they are rows; but nothing is committed twice either.
        let records = records.get(self.fence.begin(records.len())..).unwrap_or_default();
        if records.is_empty() {
            self.session = Some(session);
            return Ok(());
        }
        let Position { number, epoch } = self.fence.position();
        session.begin();
        // First, since it locks the row: of two servers, one waits here.
        session.execute(COMMIT, &[Value::Integer(number), Value::Integer(epoch)])?;
        records.iter().try_for_each(|record| self.tables.put(&mut session, record))?;
        session.commit()?;
        self.fence.committed();
        self.session = Some(session);
        Ok(())
    }

    /// Renews the lease.
    fn renew(&mut self) -> Result<(), StoreError> {
        let mut session = self.session()?;
        // Nothing is lost if this is: it need not wait for the disk.
        session.batch("BEGIN; SET LOCAL synchronous_commit = off")?;
        let row = session.row(
            "UPDATE commits SET alive = clock_timestamp() WHERE epoch = $1 RETURNING number, epoch",
            &[Value::Integer(self.fence.position().epoch)],
        )?;
        session.batch("COMMIT")?;
        // No row has this epoch: another server has begun.
        if row.is_none() {
            return Err(self.deposed());
        }
        self.session = Some(session);
        Ok(())
    }

    /// Begins to copy the store, in its state before the milestone.
    fn copy(&mut self, milestone: &Milestone) -> Option<Copying> {
        let (place, schema) = (self.place.clone(), R::SCHEMA);
        let file = StoreFile::of(&place.dir, schema);
        let snapshot = commands::snapshot(&place.address, schema).map(|mut session| {
            let is_wanted = milestone.even_empty || counted(&mut session, schema)? > 0;
            Ok(is_wanted.then_some(session))
        });
        milestone::copy_with(&file, milestone, snapshot.flatten(), move |session, new, _| {
            commands::write_file(session, &StoreFile::new(new, schema))
        })
    }
}

impl<R: Row> Commit<R> for Postgres<R> {
    fn commit(&mut self, records: &[R]) -> Result<(), StoreError> {
        let mut rest = records;
        // A copy holds the earlier records. Records may be written twice, so a failure of the rest does no harm.
        while let Some((index, milestone)) = milestone::next(rest, &self.copied) {
            let (before, after) = rest.split_at(index);
            self.write(before).map_err(StoreError::while_serving)?;
            // Only one copy is made at a time.
            drop(self.copying.take());
            self.copying = self.copy(&milestone);
            self.copied.push(milestone);
            rest = after;
        }
        self.write(rest).map_err(StoreError::while_serving)?;
        // A season that was undone may begin again.
        self.copied.clear();
        Ok(())
    }

    fn idle(&mut self) -> Result<Option<Duration>, StoreError> {
        self.renew().map_err(StoreError::while_serving)?;
        Ok(Some(RENEWAL))
    }
}

impl<R> Drop for Postgres<R> {
    /// Ends the lease, so that another server may lead at once.
    fn drop(&mut self) {
        if let Some(session) = &mut self.session {
            let _ = session.execute(RELEASE, &[Value::Integer(self.fence.position().epoch)]);
        }
    }
}

fn label(address: &Address, schema: &'static Schema) -> StoreFile {
    StoreFile::new(&address.place(), schema)
}

/// Returns the number of rows in the table [`Schema::counted`].
fn counted(session: &mut Session, schema: &Schema) -> Result<u64, StoreError> {
    let count = session.number(&format!("SELECT count(*) FROM \"{}\"", schema.counted))?;
    Ok(count.unwrap_or_default().try_into().unwrap_or_default())
}

fn numbers(row: Option<&[Value<'_>]>) -> Option<(i64, i64)> {
    match row? {
        [Value::Integer(number), Value::Integer(epoch), ..] => Some((*number, *epoch)),
        _ => None,
    }
}

/// Checks that the database can hold every character.
fn examine_encoding(session: &mut Session, label: &StoreFile) -> Result<(), StoreError> {
    let found = session.texts("SELECT current_setting('server_encoding')", &[])?.concat();
    // A name that cannot be stored would stop the server later.
    if found == "UTF8" { Ok(()) } else { Err(StoreError::Encoding { place: label.path.clone(), found }) }
}

/// Makes the table by which a server leads, in a database that holds nothing of the game.
fn make_commits(session: &mut Session, label: &StoreFile) -> Result<(), StoreError> {
    session.batch("BEGIN")?;
    // Two servers that start at once must not both make it.
    session
        .query("SELECT pg_advisory_xact_lock($1)::text", &[Value::Integer(0x4D4D_434F)], &mut |_| Ok(()))?;
    if schema::definition(session, schema::COMMITS)?.is_none() {
        for table in Stored::all(label.schema) {
            if schema::definition(session, table.name)?.is_some() {
                return Err(label.foreign());
            }
        }
        session.batch(Session::DIALECT.commits)?;
        session.execute("UPDATE commits SET program = $1", &[Value::Text(label.schema.name.into())])?;
        let version = i64::try_from(label.schema.migrations.len()).unwrap_or(i64::MAX);
        session.execute("UPDATE commits SET version = $1", &[Value::Integer(version)])?;
    }
    session.batch("COMMIT")
}

/// Returns the name of the file with the last lease of a data directory.
fn lease_file(label: &StoreFile) -> String {
    format!("{}.lease", label.schema.name)
}

/// Returns the text of that file: the epoch, and the database that gave it.
fn own_lease(label: &StoreFile, epoch: i64) -> String {
    format!("{epoch} {}\n", label.path.display())
}

/// Returns the epoch of the last lease of this data directory in this database. The lock on the directory shows that
/// the server that held it is gone (decision 0129).
fn own_epoch(place: &Place, label: &StoreFile) -> Option<i64> {
    let lease = String::from_utf8(place.dir.read(&lease_file(label)).ok()??).ok()?;
    let epoch = lease.split_once(' ')?.0.parse().ok()?;
    (lease == own_lease(label, epoch)).then_some(epoch)
}

/// Takes the lease, if no other server has it: it has run out, or its epoch is `own`. Returns the number of commits,
/// and the epoch.
fn lead(session: &mut Session, label: &StoreFile, own: Option<i64>) -> Result<(i64, i64), StoreError> {
    // Before anything is changed: it may be the database of a later version.
    version(session, label)?;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let leader = format!("process {} on {}", std::process::id(), host.trim());
    let taken = format!(
        "UPDATE commits SET epoch = epoch + 1, leader = $1, alive = clock_timestamp() + interval '{START} seconds' \
         WHERE alive < clock_timestamp() - interval '{LEASE} seconds' OR epoch = $2 RETURNING number, epoch"
    );
    let own = own.map_or(Value::Null, Value::Integer);
    let row = session.row(&taken, &[Value::Text(leader.into()), own])?;
    if let Some(found) = numbers(row.as_deref()) {
        return Ok(found);
    }
    let leader = session.texts("SELECT leader FROM commits", &[])?.concat();
    Err(StoreError::Leads { place: label.path.clone(), program: label.schema.name, leader })
}

/// Returns the schema's version. Fails for a database of another program, and of a later version.
fn version(session: &mut Session, label: &StoreFile) -> Result<usize, StoreError> {
    if schema::definition(session, schema::COMMITS)?.is_none() {
        return Err(label.foreign());
    }
    if schema::columns(session, schema::COMMITS)?.iter().all(|column| column != "program") {
        return Err(label.foreign());
    }
    let row = session.row("SELECT version, program FROM commits", &[])?;
    let Some([Value::Integer(version), Value::Text(program)]) = row.as_deref() else {
        return Err(label.foreign());
    };
    if *program != label.schema.name {
        return Err(label.foreign());
    }
    let (known, found) = (label.schema.migrations.len(), usize::try_from(*version).unwrap_or(usize::MAX));
    if found > known {
        let (path, program) = (label.path.clone(), label.schema.name);
        return Err(StoreError::Later { path, program, found, known });
    }
    Ok(found)
}

/// Brings the tables up to date, all or nothing. The tables of an earlier version are copied first.
fn prepare(session: &mut Session, label: &StoreFile, epoch: i64) -> Result<(), StoreError> {
    let known = label.schema.migrations.len();
    if version(session, label)? == known && schema::missing(session, label.schema)?.is_empty() {
        return Ok(());
    }
    session.batch("BEGIN")?;
    // Locks the row, so that no other server can begin to lead, and make the same changes. Fails if one has.
    session.execute(
        "UPDATE commits SET version = CASE WHEN epoch = $1 THEN version END",
        &[Value::Integer(epoch)],
    )?;
    let found = version(session, label)?;
    let steps = label.schema.migrations.get(found..).unwrap_or_default();
    if !steps.is_empty() {
        copy_tables(session, label, found)?;
    }
    // First: a step may rename a column, which would otherwise be missing and added.
    steps.iter().try_for_each(|step| session.batch(step))?;
    for statement in schema::missing(session, label.schema)? {
        session.batch(&statement)?;
    }
    let version = i64::try_from(known).unwrap_or(i64::MAX);
    let done =
        format!("UPDATE commits SET version = $1, alive = clock_timestamp() + interval '{START} seconds'");
    session.execute(&done, &[Value::Integer(version)])?;
    session.batch("COMMIT")
}

/// Copies all tables to a schema of their own, with which the earlier version can start (decision 0130).
fn copy_tables(session: &mut Session, label: &StoreFile, version: usize) -> Result<(), StoreError> {
    let here = session.texts("SELECT current_schema()::text", &[])?.concat();
    let copy = format!("\"{here}_schema_{version}\"");
    log::info!(
        "updating {} for this version; a copy of the old tables is in its schema {copy}",
        label.path.display()
    );
    // One that is there is of an earlier update, which was undone since.
    session.batch(&format!("DROP SCHEMA IF EXISTS {copy} CASCADE; CREATE SCHEMA {copy}"))?;
    let own = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tableowner = current_user";
    for table in session.texts(own, &[])? {
        session.batch(&format!(
            "CREATE TABLE {copy}.\"{table}\" (LIKE \"{table}\" INCLUDING ALL); \
             INSERT INTO {copy}.\"{table}\" SELECT * FROM \"{table}\""
        ))?;
    }
    session.batch(&format!("UPDATE {copy}.commits SET alive = '-infinity'"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
