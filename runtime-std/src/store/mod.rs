//! Everything that outlives the process: one `SQLite` file, named after the program, in the data directory. Any program
//! with access to the file may read it while the server runs
//! (`sqlite3 mmcos.db 'SELECT name, points FROM players ORDER BY points DESC'`).
//!
//! [`Store`] is the file, for the records of any game that describes them as [`row`](mmcos_core::row)s. One server at
//! a time opens it, restores its state from it, and commits records. A [`Committer`] commits on a thread of its own,
//! for all requests that came since its last commit. [`files`] has the operator's commands: backup, restore, export.
//! [`Database`] is the interface for a store in another database.
//!
//! Every commit is on the disk before it is reported (`synchronous=FULL`; `NORMAL` loses commits when the power
//! fails). A commit that fails is retried until it succeeds. If an error leaves unknown what the disk has kept, the
//! file is opened anew first, and checked to hold every reported commit (decision 0063).

mod any;
mod commit;
mod error;
mod export;
pub mod files;
mod lock;
mod milestone;
#[cfg(feature = "postgres")]
mod postgres;
mod retry;
mod rows;
mod schema;
mod sql;
mod sqlite;
#[cfg(feature = "postgres")]
mod transfer;

use std::io::{self, ErrorKind, Write};
use std::marker::PhantomData;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mmcos_core::Server;
use mmcos_core::row::{Milestone, Row};
use mmcos_core::seam::{StorageTrouble, Wall};
use mmcos_core::service::Service;
use rusqlite::ffi::{Error as Busy, SQLITE_BUSY};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use any::{AnyStore, Location, Place};
pub use commit::{Commit, Committer, Status};
pub use error::StoreError;
#[cfg(feature = "postgres")]
pub use postgres::{Address, DatabaseError, Place as PostgresPlace, Postgres};
pub use retry::{Batch, Fence, Fenced, Position, Resumed, RetryQueue};

use crate::data_dir::{DataDir, private_file};
use error::StoreFile;
use files::Summary;
use lock::Lock;
use milestone::Copying;
use rows::Tables;
use sqlite::Sqlite;

/// Time that a command waits for another program that has locked the file.
const COMMAND_PATIENCE: Duration = Duration::from_secs(5);
/// Time that one attempt of the server waits for a lock.
const ATTEMPT_PATIENCE: Duration = Duration::from_millis(100);
/// Time that the start waits for a locked database or a failing disk.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Size of the write-ahead log, in bytes, to which it is cut when no reader needs more of it.
const WAL_LIMIT: u64 = 4 * 1024 * 1024;

/// A database for the records of a game. A host works with any; [`Store`] is the one in `SQLite`.
pub trait Database<R: Row>: Commit<R> + Send + Sized + 'static {
    /// Location of the database: a data directory, an address.
    type Place: ?Sized;

    /// Opens the database for the exclusive use of one server. Creates a missing one, and migrates an old one.
    fn open(place: &Self::Place) -> Result<Self, StoreError>;

    /// Calls `take` with every record that a server is restored from, in the order of the game's tables.
    fn records(
        &mut self,
        now: Wall,
        take: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Writes a snapshot to a new file. The server may be running.
    fn backup(place: &Self::Place, to: &Path) -> Result<Summary, StoreError>;

    /// Writes a snapshot as one JSON object. The server may be running.
    fn export(place: &Self::Place, out: &mut dyn Write) -> Result<(), StoreError>;

    /// Opens the database as [`open`](Self::open) does, but waits for a locked database, and for a full or failing
    /// disk.
    fn open_patiently(place: &Self::Place) -> Result<Self, StoreError> {
        let start = Instant::now();
        loop {
            match Self::open(place) {
                Err(error) if start.elapsed() < START_PATIENCE && may_pass(&error) => {
                    // The first attempt alone: the others would say the same.
                    if start.elapsed() < Duration::from_secs(1) {
                        log::warn!("{error}. Retrying for up to {} s", START_PATIENCE.as_secs());
                    }
                    thread::sleep(Duration::from_secs(1));
                }
                result => return result,
            }
        }
    }
}

/// The open store of a server. See the [module](self).
///
/// ```
/// # let path = std::env::temp_dir().join(format!("mmcos-doc-store-{}", std::process::id()));
/// use mmcos_core::{row::{Column, Row, Schema, Table}, seam::Wall};
/// use mmcos_std::{data_dir::DataDir, store::{Commit as _, Database as _, Store}};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// enum Record {
///     Driver { id: u64, name: String },
/// }
///
/// impl Row for Record {
///     const SCHEMA: &'static Schema = &Schema {
///         name: "rally",
///         tables: &[Table {
///             record: "Driver",
///             name: "drivers",
///             columns: &[Column::wide("id"), Column::text("name")],
///             ..Table::PLAIN
///         }],
///         counted: "drivers",
///         ..Schema::EMPTY
///     };
/// }
///
/// let dir = DataDir::open(&path)?;
/// let ann = Record::Driver { id: 76_561_202_255_230_001, name: "Ann".to_owned() };
/// let mut store = Store::<Record>::open(&dir)?; // rally.db
/// store.commit(&[ann.clone()])?;
/// drop(store);
///
/// let mut store = Store::<Record>::open(&dir)?;
/// let mut kept = Vec::new();
/// store.records(Wall::from_secs(1_795_000_600), &mut |record| Ok(kept.push(record)))?;
/// assert_eq!(kept, [ann]);
/// # std::fs::remove_dir_all(&path).ok();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store<R> {
    file: StoreFile,
    connection: Connection,
    tables: Tables,
    /// Number of commits in the file.
    commits: u64,
    /// True if it is unknown what the disk has kept, so that the file must be opened anew.
    is_suspect: bool,
    /// Milestones of a batch that has not been written, for which the store was copied.
    copied: Vec<Milestone>,
    /// Size of the write-ahead log, in bytes, at which it is next checked.
    wal_watch: u64,
    /// Copy of the store before a milestone, while it is being made.
    copying: Option<Copying>,
    _lock: Lock,
    records: PhantomData<fn(R)>,
}

impl<R: Row> Store<R> {
    /// Restores a new server from all records.
    pub fn restore<S>(&mut self, server: &mut Server<S>, now: Wall) -> Result<(), StoreError>
    where
        S: Service<Record = R, RestoreError: std::error::Error + Send + Sync + 'static>,
    {
        let file = self.file.clone();
        self.records(now, &mut |record| server.restore(record).map_err(|source| file.contradiction(source)))
    }
}

impl<R: Row> Database<R> for Store<R> {
    type Place = DataDir;

    fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let file = StoreFile::of(dir, R::SCHEMA);
        let tables = Tables::of::<R>(&file)?;
        // Before the file is opened: an update of its tables must not meet another server.
        let lock = Lock::take(dir, R::SCHEMA.name)?;
        let (connection, commits) = open(&file)?;
        Ok(Self {
            file,
            connection,
            tables,
            commits,
            is_suspect: false,
            copied: Vec::new(),
            wal_watch: WAL_LIMIT,
            copying: None,
            _lock: lock,
            records: PhantomData,
        })
    }

    fn records(
        &mut self,
        now: Wall,
        take: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // This only tidies up, so it may wait for another start.
        let database = &mut Sqlite { connection: &self.connection, file: &self.file };
        let tidied = self.tables.forget_unused(database, now);
        tidied.or_else(|error| error.trouble().map(drop).ok_or(error))?;
        self.tables.restore(database, now, take)
    }

    fn backup(dir: &DataDir, to: &Path) -> Result<Summary, StoreError> {
        files::backup(R::SCHEMA, dir, to)
    }

    fn export(dir: &DataDir, out: &mut dyn Write) -> Result<(), StoreError> {
        files::export(R::SCHEMA, dir, out)
    }
}

impl<R: Row> Commit<R> for Store<R> {
    fn commit(&mut self, records: &[R]) -> Result<(), StoreError> {
        if self.is_suspect {
            self.reopen()?;
        }
        let mut rest = records;
        // A copy holds the earlier records. Records may be written twice, so a failure of the rest does no harm.
        while let Some((index, milestone)) = milestone::next(rest, &self.copied) {
            let (before, after) = rest.split_at(index);
            if !before.is_empty() {
                self.write(before)?;
            }
            // Only one copy is made at a time.
            drop(self.copying.take());
            self.copying = milestone::copy(&self.connection, &self.file, &milestone);
            self.copied.push(milestone);
            rest = after;
        }
        self.write(rest)?;
        // A season that was undone may begin again.
        self.copied.clear();
        Ok(())
    }
}

impl<R: Row> Store<R> {
    /// Makes all records durable, or none.
    fn write(&mut self, records: &[R]) -> Result<(), StoreError> {
        let commits = self.commits.saturating_add(1);
        let failed = |source| self.file.sql(source);
        let mut written = || {
            // Takes the lock now: a lock that is refused in the middle of a transaction cannot be waited for.
            let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
            let transaction = begun.map_err(failed)?;
            let database = &mut Sqlite { connection: &transaction, file: &self.file };
            records.iter().try_for_each(|record| self.tables.put(database, record))?;
            // In the same transaction: after a failure the number shows which commits were kept (decision 0063).
            sqlite::set_commits(&transaction, commits).and_then(|()| transaction.commit()).map_err(failed)
        };
        match written() {
            Ok(()) => {
                self.commits = commits;
                self.cut_wal();
                Ok(())
            }
            Err(error) => {
                // After a refused lock and on a full disk, SQLite itself knows that nothing was written.
                self.is_suspect =
                    !matches!(error.trouble(), Some(StorageTrouble::Locked | StorageTrouble::Full));
                Err(error)
            }
        }
    }

    /// Opens the file anew after an error that leaves unknown what the disk has kept.
    fn reopen(&mut self) -> Result<(), StoreError> {
        let failed = |source| self.file.sql(source);
        // The old connection is closed first: only then does SQLite read the write-ahead log again, checksums and
        // all.
        self.connection = Connection::open_in_memory().map_err(failed)?;
        // Without making a file: a missing file may be on a disk that is missing at the moment.
        let connection = Connection::open_with_flags(&self.file.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(configured)
            .map_err(failed)?;
        let found = sqlite::commits(&connection).map_err(failed)?;
        if found < self.commits {
            let (path, program) = (self.file.path.clone(), self.file.schema.name);
            return Err(StoreError::Lost { path, program, found, expected: self.commits });
        }
        // After a failed fsync the system may regard pages as written that are not, and a second fsync would report
        // success. So nothing is appended to them: everything goes into the main file, by new writes, and the log
        // begins anew.
        let is_busy = checkpoint(&connection).map_err(failed)?;
        if is_busy {
            return Err(failed(rusqlite::Error::SqliteFailure(Busy::new(SQLITE_BUSY), None)));
        }
        (self.connection, self.commits, self.is_suspect) = (connection, found, false);
        Ok(())
    }

    /// Cuts a write-ahead log that has grown.
    fn cut_wal(&mut self) {
        let size = || std::fs::metadata(files::beside(&self.file.path, "-wal")).map_or(0, |wal| wal.len());
        let grown = size();
        // A copy that is being made needs the log.
        let is_needed = self.copying.as_ref().is_some_and(|copying| !copying.is_finished());
        if grown <= self.wal_watch || is_needed {
            return;
        }
        // The next commit meets the same disk error.
        let _ = checkpoint(&self.connection);
        let left = size();
        if left > WAL_LIMIT {
            log::warn!(
                "{}-wal has grown to {} MB because another program has been reading {0} for a long time: close that \
                 program",
                self.file.path.display(),
                left / 1_000_000,
            );
        }
        // While a reader holds the log, an attempt at each commit would be in vain.
        self.wal_watch = left.saturating_mul(2).max(WAL_LIMIT);
    }
}

/// Returns true if it is worth waiting at the start.
fn may_pass(error: &StoreError) -> bool {
    matches!(
        error.trouble(),
        Some(StorageTrouble::Locked | StorageTrouble::Full | StorageTrouble::Failing | StorageTrouble::Slow)
    )
}

/// Moves the write-ahead log into the main file and empties it. Returns true if a reader or writer prevents that.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
}

/// Opens the file, makes a missing one, and brings it up to date. Returns the number of its commits as well.
fn open(file: &StoreFile) -> Result<(Connection, u64), StoreError> {
    let path = &file.path;
    make_private(path).and_then(|()| close_to_others(path)).map_err(|source| file.io(source))?;
    let failed = |source| file.sql(source);
    let connection = Connection::open(path).and_then(configured).map_err(failed)?;
    schema::prepare(&connection, file)?;
    let commits = sqlite::commits(&connection).map_err(failed)?;
    Ok((connection, commits))
}

/// Makes a missing file: `SQLite` would leave its mode to the umask.
fn make_private(path: &Path) -> io::Result<()> {
    match private_file(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Removes the access of other users to a store, for example one that was copied here by hand.
#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = std::fs::metadata(path)?.permissions();
    // A directory in its place is left alone: SQLite reports it.
    if path.is_file() && permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        std::fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

fn configured(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(ATTEMPT_PATIENCE)?;
    // Operators may read the file at any time: in WAL mode readers and commits do not wait for each other.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL lost commits in 7 of 8 simulated power cuts.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // By default SQLite leaves the log at its largest size.
    connection.pragma_update(None, "journal_size_limit", i64::try_from(WAL_LIMIT).unwrap_or(i64::MAX))?;
    // Up to four statements for each table: the default of 16 is not enough for all.
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Opens a read-only connection. A server may be running.
fn look(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(COMMAND_PATIENCE)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
