//! What outlives the process: one `SQLite` file, `mmcos.db` in the data directory, which anybody may read while the
//! server runs (`sqlite3 mmcos.db 'SELECT name, points FROM players ORDER BY points DESC'`).
//!
//! [`Store`] is the file: it is opened by one server at a time, gives back what it keeps, and commits [`Record`]s. A
//! [`Committer`] does that on a thread of its own, for as many requests at once as came since it last looked.
//! [`files`] has what an operator does: backup, restore, export.
//!
//! Every commit is on the disk before it is reported (`synchronous=FULL`; `NORMAL` loses commits when the power
//! fails). After a failed commit nothing is tried again: whether the disk kept what it was told is not known then.

mod commit;
mod error;
pub mod files;
mod lock;
mod read;
mod schema;
mod write;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mmcos_core::Server;
use mmcos_core::mmcos::{Mmcos, Record};
use mmcos_core::seam::Wall;
use rusqlite::{Connection, OpenFlags};

pub use commit::{Commit, Committer};
pub use error::StoreError;

use crate::data_dir::{DataDir, private_file};
use lock::Lock;

/// The name of the file.
pub const FILE_NAME: &str = "mmcos.db";

/// How long another program may hold the file, a host who looks around in it for example.
const PATIENCE: Duration = Duration::from_secs(5);

/// The store of a server, open. See the [module](self).
///
/// ```
/// # let path = std::env::temp_dir().join(format!("mmcos-doc-store-{}", std::process::id()));
/// use mmcos_core::mmcos::{Record, players::Player, ids::UserId, seasons::SeasonId};
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
    _lock: Lock,
}

impl Store {
    /// Opens the store of a data directory; makes it if there is none, and brings an old one up to date after copying it.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let lock = Lock::take(dir)?;
        let path = dir.file(FILE_NAME);
        make_private(&path).map_err(|source| StoreError::file(&path, source))?;
        let connection = connect(&path).map_err(|source| StoreError::sql(&path, source))?;
        schema::prepare(&connection, &path)?;
        Ok(Self { path, connection, _lock: lock })
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
        self.explained(|connection| write::forget_unused_races(connection, now))?;
        read::records(&self.connection, &self.path, now, take)
    }

    fn explained<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        act(&self.connection).map_err(|source| StoreError::sql(&self.path, source))
    }
}

impl Commit for Store {
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let Self { connection, path, .. } = self;
        let mut written = || {
            let transaction = connection.transaction()?;
            for record in records {
                write::record(&transaction, record)?;
            }
            transaction.commit()
        };
        written().map_err(|source| StoreError::sql(path, source))
    }
}

/// Makes the file if it is not there: `SQLite` would leave who may read it to the umask.
fn make_private(path: &Path) -> io::Result<()> {
    match private_file(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A connection that changes nothing, beside a server that may be running.
fn look(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
