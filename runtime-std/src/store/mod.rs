//! What outlives the process: one `SQLite` file, `mmcos.db` in the data directory, which anybody may read while the
//! server runs (`sqlite3 mmcos.db 'SELECT name, points FROM players ORDER BY points DESC'`).
//!
//! [`Store`] is the file: it is opened by one server at a time, gives back what it keeps, and commits [`Record`]s. A
//! [`Committer`] does that on a thread of its own, for as many requests at once as came since it last looked.
//! [`files`] has what an operator does: backup, restore, export.
//!
//! Every commit is on the disk before it is reported (`synchronous=FULL`; `NORMAL` loses commits when the power
//! fails). A commit that fails is tried again until it succeeds. After an error that leaves unknown what the disk has
//! kept, the file is opened anew first, and checked to hold all that was reported (decision 0063).

mod commit;
mod error;
pub mod files;
mod journal;
mod lock;
mod read;
mod schema;
mod seasons;
mod write;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use mmcos_core::Server;
use mmcos_core::seam::{StorageTrouble, Wall};
use mmcos_game::seasons::SeasonId;
use mmcos_game::{Mmcos, Record};
use rusqlite::ffi::{Error as Busy, SQLITE_BUSY};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use commit::{Commit, Committer, Status};
pub use error::StoreError;
pub use journal::{Batch, Journal, Resumed};

use crate::data_dir::{DataDir, private_file};
use lock::Lock;
use seasons::Copying;

/// The name of the file.
pub const FILE_NAME: &str = "mmcos.db";

/// How long a command waits for another program that has locked the file.
const COMMAND_PATIENCE: Duration = Duration::from_secs(5);
/// How long one attempt of the server waits for a lock.
const ATTEMPT_PATIENCE: Duration = Duration::from_millis(100);
/// How long the start waits for a trouble to pass.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Size of the write-ahead log, in bytes, to which it is cut whenever no reader needs more of it.
const WAL_LIMIT: u64 = 4 * 1024 * 1024;

/// The store of a server, open. See the [module](self).
///
/// ```
/// # let path = std::env::temp_dir().join(format!("mmcos-doc-store-{}", std::process::id()));
/// use mmcos_game::{Record, players::Player, ids::UserId, seasons::SeasonId};
/// use mmcos_core::{seam::Wall, wire::steam::SteamId};
/// use mmcos_std::{data_dir::DataDir, store::{Commit as _, Store}};
/// let dir = DataDir::open(&path)?;
/// let player = Player::new(UserId(1), SteamId::new(76561202255230001), SeasonId(57), Wall::from_secs(1_795_000_000));
/// let record = Record::Player(Box::new(player));
///
/// let mut store = Store::open(&dir)?;
/// store.commit(&[record.clone()])?;
/// drop(store);
///
/// let mut store = Store::open(&dir)?;
/// let mut kept = Vec::new();
/// store.records(Wall::from_secs(1_795_000_600), |record| Ok(kept.push(record)))?;
/// assert_eq!(kept, [record]);
/// # std::fs::remove_dir_all(&path).ok();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// The number of commits that the file holds.
    commits: u64,
    /// Whether it is unknown what the disk has kept, so that the file must be opened anew.
    is_suspect: bool,
    /// The last season before which the store was copied.
    copied: Option<SeasonId>,
    /// The size of the write-ahead log, in bytes, from which on it is looked at again.
    wal_watch: u64,
    /// The copy that is being made, of the store before a season.
    copying: Option<Copying>,
    _lock: Lock,
}

impl Store {
    /// Opens the store of a data directory; makes it if there is none, and brings an old one up to date after copying it.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let lock = Lock::take(dir)?;
        let path = dir.file(FILE_NAME);
        let (connection, commits) = open(&path)?;
        Ok(Self {
            path,
            connection,
            commits,
            is_suspect: false,
            copied: None,
            wal_watch: WAL_LIMIT,
            copying: None,
            _lock: lock,
        })
    }

    /// Opens the store as [`open`](Self::open) does, but waits for a locked file, a full or a failing disk.
    pub fn open_patiently(dir: &DataDir) -> Result<Self, StoreError> {
        let start = Instant::now();
        loop {
            match Self::open(dir) {
                Err(error) if start.elapsed() < START_PATIENCE && may_pass(&error) => {
                    if start.elapsed() < Duration::from_secs(1) {
                        log::warn!("{error}. Waiting up to {} s for that", START_PATIENCE.as_secs());
                    }
                    thread::sleep(Duration::from_secs(1));
                }
                result => return result,
            }
        }
    }

    /// Gives a server that has seen nothing yet all that is kept.
    pub fn restore(&mut self, server: &mut Server<Mmcos>, now: Wall) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.records(now, |record| {
            server.restore(record).map_err(|source| StoreError::Contradiction { path: path.clone(), source })
        })
    }

    /// Gives `take` all that a server needs to go on, in the order in which it wants it. Throws away the keys of races
    /// that nobody can begin any more.
    pub fn records(
        &mut self,
        now: Wall,
        take: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // Only tidies up, so it may wait for another start.
        self.explained(|connection| write::forget_unused_races(connection, now))
            .or_else(|error| error.trouble().map(drop).ok_or(error))?;
        read::records(&self.connection, &self.path, now, take)
    }

    fn explained<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        act(&self.connection).map_err(|source| StoreError::sql(&self.path, source))
    }
}

impl Commit<Record> for Store {
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        if self.is_suspect {
            self.reopen()?;
        }
        let Some((index, season)) =
            seasons::beginning(records).filter(|(_, season)| self.copied != Some(*season))
        else {
            return self.write(records);
        };
        // What came before is in the copy. Records may be written twice, so it does no harm if the rest fails.
        let (before, rest) = records.split_at(index);
        if !before.is_empty() {
            self.write(before)?;
        }
        // One at a time.
        drop(self.copying.take());
        self.copying = seasons::copy(&self.connection, &self.path, season);
        self.copied = Some(season);
        self.write(rest)
    }
}

impl Store {
    /// Makes all of them durable, or none.
    fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let commits = self.commits.saturating_add(1);
        let mut written = || {
            // Takes the lock now: a lock that is refused in the middle of a transaction cannot be waited for.
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for record in records {
                write::record(&transaction, record)?;
            }
            write::commits(&transaction, commits)?;
            transaction.commit()
        };
        match written() {
            Ok(()) => {
                self.commits = commits;
                self.cut_wal();
                Ok(())
            }
            Err(source) => {
                let error = StoreError::sql(&self.path, source);
                // Of a lock and of a full disk, SQLite itself knows that nothing was written.
                self.is_suspect =
                    !matches!(error.trouble(), Some(StorageTrouble::Locked | StorageTrouble::Full));
                Err(error)
            }
        }
    }

    /// Opens the file anew after an error that leaves unknown what the disk has kept.
    fn reopen(&mut self) -> Result<(), StoreError> {
        let failed = |source| StoreError::sql(&self.path, source);
        // The old connection goes first: only then does SQLite read the write-ahead log again, checksums and all.
        self.connection = Connection::open_in_memory().map_err(failed)?;
        // Without making a file: one that is not there may be on a disk that is not there at the moment.
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(configured)
            .map_err(failed)?;
        let found = read::commits(&connection).map_err(failed)?;
        if found < self.commits {
            return Err(StoreError::Lost { path: self.path.clone(), found, expected: self.commits });
        }
        // After a failed fsync the system may take pages for written that are not, and a second fsync would report
        // success. So nothing is appended behind them: all goes into the main file, by new writes, and the log begins anew.
        let is_busy = checkpoint(&connection).map_err(failed)?;
        if is_busy {
            return Err(failed(rusqlite::Error::SqliteFailure(Busy::new(SQLITE_BUSY), None)));
        }
        (self.connection, self.commits, self.is_suspect) = (connection, found, false);
        Ok(())
    }

    /// Cuts a write-ahead log that has grown.
    fn cut_wal(&mut self) {
        let size = || std::fs::metadata(files::beside(&self.path, "-wal")).map_or(0, |wal| wal.len());
        let grown = size();
        // A copy that is being made needs the log.
        let is_needed = self.copying.as_ref().is_some_and(|copying| !copying.is_finished());
        if grown <= self.wal_watch || is_needed {
            return;
        }
        // An error is that of a disk in trouble, which the next commit meets as well.
        let _ = checkpoint(&self.connection);
        let left = size();
        if left > WAL_LIMIT {
            log::warn!(
                "{}-wal has grown to {} MB, since another program has been reading {0} for a long time: close it there",
                self.path.display(),
                left / 1_000_000,
            );
        }
        self.wal_watch = left.saturating_mul(2).max(WAL_LIMIT);
    }
}

/// Returns whether waiting at the start is of use.
fn may_pass(error: &StoreError) -> bool {
    matches!(
        error.trouble(),
        Some(StorageTrouble::Locked | StorageTrouble::Full | StorageTrouble::Failing | StorageTrouble::Slow)
    )
}

/// Moves the write-ahead log into the main file and empties it. Returns whether a reader or writer prevents that.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
}

/// Opens the file, makes it if it is not there, and brings it up to date. Returns the number of its commits as well.
fn open(path: &Path) -> Result<(Connection, u64), StoreError> {
    make_private(path)
        .and_then(|()| close_to_others(path))
        .map_err(|source| StoreError::file(path, source))?;
    let failed = |source| StoreError::sql(path, source);
    let connection = Connection::open(path).and_then(configured).map_err(failed)?;
    schema::prepare(&connection, path)?;
    let commits = read::commits(&connection).map_err(failed)?;
    Ok((connection, commits))
}

/// Makes the file if it is not there: `SQLite` would leave who may read it to the umask.
fn make_private(path: &Path) -> io::Result<()> {
    match private_file(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Takes a store that others may read, such as one that was copied here by hand, from their sight.
#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = std::fs::metadata(path)?.permissions();
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
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", i64::try_from(WAL_LIMIT).unwrap_or(i64::MAX))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A connection that changes nothing, beside a server that may be running.
fn look(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(COMMAND_PATIENCE)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
