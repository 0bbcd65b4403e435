//! An operator's work with a database: back it up, restore a backup, export it, check it, move a store.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use mmcos_core::Server;
use mmcos_core::row::{Row, Schema, Value};
use mmcos_core::seam::Wall;
use mmcos_core::service::Service;
use rusqlite::Connection;

use super::super::error::StoreFile;
use super::super::files::{self, Health, Restored, Summary};
use super::super::lock::Lock;
use super::super::rows::Tables;
use super::super::sql::Sql as _;
use super::super::sqlite::Sqlite;
use super::super::{StoreError, export as exported, schema, transfer};
use super::session::Session;
use super::{
    Address, COMMAND_PATIENCE, COMMIT, PATIENCE, Place, RELEASE, counted, examine_encoding, label, lead,
    make_commits, prepare, version,
};

/// Returns a session that sees the database as it is now, for reading.
pub(super) fn snapshot(address: &Address, schema: &'static Schema) -> Result<Session, StoreError> {
    let mut session = Session::connect(address, schema.name, COMMAND_PATIENCE)?;
    session.batch(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0",
    )?;
    // A transaction begins with its first read.
    version(&mut session, &label(address, schema))?;
    Ok(session)
}

/// Writes all rows to a file that is empty, as an `SQLite` store.
pub(super) fn write_file(session: &mut Session, to: &StoreFile) -> Result<(), StoreError> {
    let failed = |source| to.sql(source);
    let connection = Connection::open(&to.path).map_err(failed)?;
    schema::update(&connection, to)?;
    let number = session.number("SELECT number FROM commits")?;
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    let database = &mut Sqlite { connection: &transaction, file: to };
    transfer::copy(session, database, to.schema)?;
    database.execute("UPDATE commits SET number = $1", &[Value::Integer(number.unwrap_or_default())])?;
    transaction.commit().map_err(failed)
}

/// Writes a snapshot to a new file that only its owner can read: an `SQLite` store, which any store can be restored
/// from. Leaves no file behind on failure. The server may be running.
pub(in super::super) fn backup(
    schema: &'static Schema,
    place: &Place,
    to: &Path,
) -> Result<Summary, StoreError> {
    let mut session = snapshot(&place.address, schema)?;
    check_current(&mut session, &label(&place.address, schema))?;
    drop(files::new_file(to)?);
    let file = StoreFile::new(to, schema);
    let sync =
        || OpenOptions::new().write(true).open(to)?.sync_all().and_then(|()| files::sync_directory(to));
    let written =
        write_file(&mut session, &file).and_then(|()| sync().map_err(|source| StoreError::file(to, source)));
    if let Err(error) = written {
        // Half a copy must not pass for a backup, nor prevent the next attempt.
        for suffix in ["", "-journal"] {
            let _ = std::fs::remove_file(files::beside(to, suffix));
        }
        return Err(error);
    }
    summary(&mut session, schema, to)
}

fn summary(session: &mut Session, schema: &'static Schema, to: &Path) -> Result<Summary, StoreError> {
    let bytes = std::fs::metadata(to).map_err(|source| StoreError::file(to, source))?.len();
    Ok(Summary { count: counted(session, schema)?, counted: schema.counted, bytes })
}

/// Fails if a copy would lose something: tables of an earlier version, or more than this version knows.
fn check_current(session: &mut Session, label: &StoreFile) -> Result<(), StoreError> {
    let (found, known) = (version(session, label)?, label.schema.migrations.len());
    let is_current = found == known && schema::missing(session, label.schema)?.is_empty();
    let unknown = transfer::unknown(session, label.schema)?;
    let (place, program) = (label.path.clone(), label.schema.name);
    if is_current && unknown.is_empty() {
        Ok(())
    } else {
        Err(StoreError::OtherVersion { place, program, unknown: unknown.join(", ") })
    }
}

/// Writes a snapshot as one JSON object. The server may be running. Returns the number of rows in
/// [`Schema::counted`].
pub(in super::super) fn export(
    schema: &'static Schema,
    place: &Place,
    out: &mut dyn Write,
) -> Result<u64, StoreError> {
    let mut session = snapshot(&place.address, schema)?;
    exported::export(&mut session, schema, out)?;
    counted(&mut session, schema)
}

/// Checks that the database holds a store of a known version, and that it can be read; `None` if there is none yet. The
/// server may be running. If the store is current, calls `take` with every record that a server would be restored from.
pub(in super::super) fn examine<R: Row>(
    place: &Place,
    now: Wall,
    mut take: impl FnMut(R),
) -> Result<Option<Health>, StoreError> {
    let label = label(&place.address, R::SCHEMA);
    let mut session = Session::connect(&place.address, R::SCHEMA.name, COMMAND_PATIENCE)?;
    if schema::definition(&mut session, schema::COMMITS)?.is_none() {
        return Ok(None);
    }
    let is_current = version(&mut session, &label)? == R::SCHEMA.migrations.len()
        && schema::missing(&mut session, R::SCHEMA)?.is_empty();
    // An older store lacks columns that these queries name.
    if is_current {
        Tables::of::<R>(&label)?.restore(&mut session, now, &mut |record| {
            take(record);
            Ok(())
        })?;
    }
    Ok(Some(Health { count: counted(&mut session, R::SCHEMA)?, is_current }))
}

/// Checks that the database can be written at this moment. Changes nothing. The server may be running.
pub(in super::super) fn examine_writing(schema: &'static Schema, place: &Place) -> Result<(), StoreError> {
    let mut session = Session::connect(&place.address, schema.name, PATIENCE)?;
    // Takes the lock that a commit needs, and fails in a database that is read-only.
    session.row("SELECT number FROM commits FOR UPDATE", &[]).map(drop)
}

/// Replaces all rows with those of a backup, while no server leads. First restores the new `server` from the backup,
/// as a start does. The replaced rows are saved to a file in the data directory.
pub(in super::super) fn restore<S>(
    place: &Place,
    from: &Path,
    server: &mut Server<S>,
    now: Wall,
) -> Result<Restored, StoreError>
where
    S: Service<Record: Row, RestoreError: std::error::Error + Send + Sync + 'static>,
{
    let schema = S::Record::SCHEMA;
    let _lock = Lock::take(&place.dir, schema.name)?;
    let (new, summary) = files::checked_copy(&place.dir, from, server, now)?;
    let replaced = replace(place, &new);
    new.remove();
    Ok(Restored { summary, path: place.address.place(), old: replaced? })
}

/// Replaces all rows with those of a file. Returns the file with the replaced ones, if there were any.
fn replace(place: &Place, from: &StoreFile) -> Result<Option<PathBuf>, StoreError> {
    let mut leader = Leader::take(&place.address, from.schema)?;
    let old = if counted(&mut leader.session, from.schema)? == 0 {
        None
    } else {
        let file = StoreFile::of(&place.dir, from.schema);
        let old =
            files::free_name(&file.path, ".before-restore-").ok_or_else(|| StoreError::Exists(file.path))?;
        backup(from.schema, place, &old)?;
        Some(old)
    };
    let connection = Connection::open(&from.path).map_err(|source| from.sql(source))?;
    leader.fill(&connection, from)?;
    leader.release()?;
    Ok(old)
}

/// Copies the file of a data directory to a database that holds no rows, and compares the two.
pub(in super::super) fn move_to(schema: &'static Schema, place: &Place) -> Result<Summary, StoreError> {
    let _lock = Lock::take(&place.dir, schema.name)?;
    let file = StoreFile::of(&place.dir, schema);
    if !file.path.exists() {
        return Err(StoreError::Missing(place.dir.path().to_owned(), schema.name));
    }
    let (connection, _) = super::super::open(&file)?;
    let unknown = transfer::unknown(&mut Sqlite { connection: &connection, file: &file }, schema)?;
    if !unknown.is_empty() {
        let (place, program, unknown) = (file.path, schema.name, unknown.join(", "));
        return Err(StoreError::OtherVersion { place, program, unknown });
    }
    let mut leader = Leader::take(&place.address, schema)?;
    // Not only players: whatever is there would be lost.
    let there = transfer::contents(&mut leader.session, schema)?;
    if there.iter().any(|(_, rows, _)| *rows > 0) {
        return Err(StoreError::Exists(place.address.place()));
    }
    leader.fill(&connection, &file)?;
    compare(&mut leader.session, &mut Sqlite { connection: &connection, file: &file }, &file)?;
    summary(&mut leader.release()?, schema, &file.path)
}

/// Copies a database to the file of a data directory that has none yet, and compares the two.
pub(in super::super) fn move_from(schema: &'static Schema, place: &Place) -> Result<Summary, StoreError> {
    let _lock = Lock::take(&place.dir, schema.name)?;
    let file = StoreFile::of(&place.dir, schema);
    if file.path.exists() {
        return Err(StoreError::Exists(file.path));
    }
    // A server that leads would go on writing here.
    let mut leader = Leader::take(&place.address, schema)?;
    let new = StoreFile::new(&files::beside(&file.path, ".new"), schema);
    new.remove();
    backup(schema, place, &new.path)?;
    let connection = Connection::open(&new.path).map_err(|source| new.sql(source))?;
    let compared = compare(&mut leader.session, &mut Sqlite { connection: &connection, file: &new }, &new);
    drop(connection);
    let moved = compared.and_then(|()| {
        std::fs::rename(&new.path, &file.path)
            .and_then(|()| files::sync_directory(&file.path))
            .map_err(|source| file.io(source))
    });
    if moved.is_err() {
        new.remove();
    }
    moved?;
    summary(&mut leader.release()?, schema, &file.path)
}

/// Fails if two stores differ.
fn compare(one: &mut Session, other: &mut Sqlite<'_>, file: &StoreFile) -> Result<(), StoreError> {
    let (one, other) = (transfer::contents(one, file.schema)?, transfer::contents(other, file.schema)?);
    match one.iter().zip(&other).find(|(one, other)| one != other) {
        Some(((table, ..), _)) => Err(StoreError::Differs { path: file.path.clone(), table }),
        None => Ok(()),
    }
}

/// A command that holds the lease, so that no server writes meanwhile.
pub(super) struct Leader {
    session: Session,
    number: i64,
    epoch: i64,
}

impl Leader {
    pub(super) fn take(address: &Address, schema: &'static Schema) -> Result<Self, StoreError> {
        let label = label(address, schema);
        let mut session = Session::connect(address, schema.name, COMMAND_PATIENCE)?;
        examine_encoding(&mut session, &label)?;
        make_commits(&mut session, &label)?;
        let (number, epoch) = lead(&mut session, &label, None)?;
        prepare(&mut session, &label, epoch)?;
        Ok(Self { session, number, epoch })
    }

    /// Replaces all rows with those of a file.
    fn fill(&mut self, connection: &Connection, from: &StoreFile) -> Result<(), StoreError> {
        let session = &mut self.session;
        session.begin();
        // The lease may run out meanwhile, so the commit is checked as that of a server.
        session.execute(COMMIT, &[Value::Integer(self.number), Value::Integer(self.epoch)])?;
        transfer::clear(session, from.schema)?;
        transfer::copy(&mut Sqlite { connection, file: from }, session, from.schema)?;
        session.commit()?;
        // Else the first start would read the rows by a plan for empty tables.
        session.batch("ANALYZE")
    }

    pub(super) fn release(mut self) -> Result<Session, StoreError> {
        self.session.execute(RELEASE, &[Value::Integer(self.epoch)])?;
        Ok(self.session)
    }
}
