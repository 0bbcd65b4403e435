//! An operator's work with a store: back it up, restore a backup, export it, check it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mmcos_core::Server;
use mmcos_core::row::{Row, Schema};
use mmcos_core::seam::Wall;
use mmcos_core::service::Service;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lock::Lock;
use super::rows::Tables;
use super::sqlite::Sqlite;
use super::{StoreError, StoreFile, export, look, schema};
use crate::data_dir::{DataDir, private_file};

/// Contents of a file that a command has written or read. Its `Display` is a sentence part such as
/// `57 players (61 kB)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of rows in [`Schema::counted`].
    pub count: u64,
    /// Name of that table.
    pub counted: &'static str,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, counted, bytes } = self;
        let counted = if *count == 1 { counted.strip_suffix('s').unwrap_or(counted) } else { counted };
        write!(f, "{count} {counted} ({} kB)", bytes.div_ceil(1000))
    }
}

/// Result of [`restore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Contents of the store now.
    pub summary: Summary,
    /// Path of the store.
    pub path: PathBuf,
    /// Path of the earlier store, if there was one.
    pub old: Option<PathBuf>,
}

/// Writes a snapshot of the store to a new file that only its owner can read. The server may be running.
pub(super) fn backup(schema: &'static Schema, dir: &DataDir, to: &Path) -> Result<Summary, StoreError> {
    let (connection, file) = open_own(schema, dir)?;
    copy(&connection, &file, to)?;
    summary(&connection, &file, to)
}

/// Checks that a file is a backup that [`restore`] accepts.
pub fn check_backup(schema: &'static Schema, from: &Path) -> Result<(), StoreError> {
    open_backup(&StoreFile::new(from, schema)).map(drop)
}

/// Replaces the store with a backup, while no server runs. First restores the new `server` from the backup, as a
/// start does: a file from which no server could start must not replace one that works.
pub fn restore<S>(
    dir: &DataDir,
    from: &Path,
    server: &mut Server<S>,
    now: Wall,
) -> Result<Restored, StoreError>
where
    S: Service<Record: Row, RestoreError: std::error::Error + Send + Sync + 'static>,
{
    let schema = S::Record::SCHEMA;
    // A running server would go on writing to the file that this replaces.
    let _lock = Lock::take(dir, schema.name)?;
    let (new, summary) = checked_copy(dir, from, server, now)?;
    let file = StoreFile::of(dir, schema);
    let failed = |source| file.io(source);
    // Before the rename: a store that root has made must be the service's at every moment.
    dir.hand_over(&new.path).map_err(failed)?;
    // Copied, not renamed: if this is interrupted, there is still a store to start from.
    let old = if file.path.exists() { Some(set_aside(&file.path).map_err(failed)?) } else { None };
    // The last commits of the old file: they do not belong to the new one.
    for suffix in ["-wal", "-shm"] {
        remove(&beside(&file.path, suffix)).map_err(failed)?;
    }
    // A power cut may undo a rename until the directory is synced.
    fs::rename(&new.path, &file.path).and_then(|()| sync_directory(&file.path)).map_err(failed)?;
    Ok(Restored { summary, path: file.path, old })
}

/// Copies a backup to a file in the data directory that a server of this version can start from, and has started from.
/// Returns it with its contents.
pub(super) fn checked_copy<S>(
    dir: &DataDir,
    from: &Path,
    server: &mut Server<S>,
    now: Wall,
) -> Result<(StoreFile, Summary), StoreError>
where
    S: Service<Record: Row, RestoreError: std::error::Error + Send + Sync + 'static>,
{
    let schema = S::Record::SCHEMA;
    let source = StoreFile::new(from, schema);
    let backup = open_backup(&source)?;
    check_whole(&backup, &source)?;
    let new = StoreFile::new(&beside(&StoreFile::of(dir, schema).path, ".new"), schema);
    // Left behind by a failed attempt.
    let _ = fs::remove_file(&new.path);
    copy(&backup, &source, &new.path)?;
    let summary = summary(&backup, &source, &new.path)?;
    // On the copy: a start may migrate the file, and the backup must stay as it is.
    if let Err(error) = start_from(&new, server, now) {
        new.remove();
        return Err(error.of_backup(from));
    }
    Ok((new, summary))
}

/// Starts from a file as the next start of the server would.
fn start_from<S>(file: &StoreFile, server: &mut Server<S>, now: Wall) -> Result<(), StoreError>
where
    S: Service<Record: Row, RestoreError: std::error::Error + Send + Sync + 'static>,
{
    let opened = Connection::open_with_flags(&file.path, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = opened.map_err(|source| file.sql(source))?;
    schema::update(&connection, file)?;
    let database = &mut Sqlite { connection: &connection, file };
    Tables::of::<S::Record>(file)?.restore(database, now, &mut |record| {
        server.restore(record).map_err(|source| file.contradiction(source))
    })
}

fn summary(connection: &Connection, file: &StoreFile, to: &Path) -> Result<Summary, StoreError> {
    let bytes = fs::metadata(to).map_err(|source| StoreError::file(to, source))?.len();
    let count = count(connection, file.schema).map_err(|source| file.sql(source))?;
    Ok(Summary { count, counted: file.schema.counted, bytes })
}

/// Returns the number of rows in the table [`Schema::counted`].
pub(super) fn count(connection: &Connection, schema: &Schema) -> rusqlite::Result<u64> {
    connection.query_row(&format!("SELECT count(*) FROM \"{}\"", schema.counted), (), |row| row.get(0))
}

/// Result of [`examine`] for an intact store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Number of rows in [`Schema::counted`].
    pub count: u64,
    /// True if it has the tables of this version. Otherwise the next start brings it up to date.
    pub is_current: bool,
}

/// Reads the whole store and checks that it is a store, undamaged and of a known version; `None` if there is no store
/// yet. The server may be running. If the store is current, calls `take` with every record that a server would be
/// restored from.
pub fn examine<R: Row>(
    dir: &DataDir,
    now: Wall,
    mut take: impl FnMut(R),
) -> Result<Option<Health>, StoreError> {
    let file = StoreFile::of(dir, R::SCHEMA);
    if !file.path.exists() {
        return Ok(None);
    }
    let failed = |source| file.sql(source);
    let connection = look(&file.path).map_err(failed)?;
    let is_current = schema::check(&connection, &file)?;
    check_whole(&connection, &file)?;
    // An older store lacks columns that these queries name.
    if is_current {
        let database = &mut Sqlite { connection: &connection, file: &file };
        Tables::of::<R>(&file)?.restore(database, now, &mut |record| {
            take(record);
            Ok(())
        })?;
    }
    Ok(Some(Health { count: count(&connection, R::SCHEMA).map_err(failed)?, is_current }))
}

/// Checks that the store can be written at this moment. Changes nothing. The server may be running.
pub fn examine_writing(schema: &'static Schema, dir: &DataDir) -> Result<(), StoreError> {
    let file = StoreFile::of(dir, schema);
    let locked = || {
        let connection = Connection::open_with_flags(&file.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // A commit of the server takes less time.
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
    };
    locked().map_err(|source| file.sql(source))
}

/// Writes all tables as one JSON object of arrays of rows. The server may be running. A reader that closes early is
/// not an error.
pub(super) fn export(schema: &'static Schema, dir: &DataDir, out: &mut dyn Write) -> Result<(), StoreError> {
    let (connection, file) = open_own(schema, dir)?;
    // One transaction, so that all tables are of the same moment.
    let moment = connection.unchecked_transaction().map_err(|source| file.sql(source))?;
    export::export(&mut Sqlite { connection: &moment, file: &file }, schema, out)
}

/// Writes the export to a new file that only its owner can read.
pub fn export_to(schema: &'static Schema, dir: &DataDir, to: &Path) -> Result<Summary, StoreError> {
    let (connection, file) = open_own(schema, dir)?;
    let mut out = BufWriter::new(new_file(to)?);
    let written = export(schema, dir, &mut out)
        .and_then(|()| out.get_ref().sync_all().map_err(|source| StoreError::file(to, source)));
    match written {
        Ok(()) => summary(&connection, &file, to),
        Err(error) => {
            // The next attempt with this name would be rejected, since no file is overwritten.
            let _ = fs::remove_file(to);
            // `export` does not know the file.
            Err(match error {
                StoreError::File(_, source) => StoreError::file(to, source),
                other => other,
            })
        }
    }
}

/// Opens the store of a data directory for reading.
fn open_own(schema: &'static Schema, dir: &DataDir) -> Result<(Connection, StoreFile), StoreError> {
    let file = StoreFile::of(dir, schema);
    // SQLite would speak of rights, but most likely the command names another directory.
    if !file.path.exists() {
        return Err(StoreError::Missing(dir.path().to_owned(), schema.name));
    }
    Ok((open(&file)?, file))
}

/// Opens a backup for reading.
fn open_backup(file: &StoreFile) -> Result<Connection, StoreError> {
    // The system says why it cannot be read; SQLite has one error for all reasons.
    let readable = File::open(&file.path).and_then(|file| file.metadata());
    let data = readable.map_err(|source| StoreError::Unreadable(file.path.clone(), source))?;
    let not_a_backup = || StoreError::NotABackup(file.path.clone(), file.schema.name);
    if !data.is_file() {
        return Err(not_a_backup());
    }
    // The usual advice, to restore a backup, is of no use for the file that was given as the backup.
    open(file).map_err(|error| match error {
        StoreError::Foreign(..) => not_a_backup(),
        StoreError::Sql { ref source, .. } if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            not_a_backup()
        }
        other => other,
    })
}

fn open(file: &StoreFile) -> Result<Connection, StoreError> {
    let connection = look(&file.path).map_err(|source| file.sql(source))?;
    schema::check(&connection, file)?;
    Ok(connection)
}

/// Makes a new file that only its owner can read. Fails if it exists.
pub(super) fn new_file(path: &Path) -> Result<File, StoreError> {
    private_file(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
        _ => StoreError::file(path, source),
    })
}

/// Writes a snapshot of a database to a new file and syncs it to the disk. Leaves no file behind on failure.
/// (`VACUUM INTO`: the backup interface starts anew at every commit, and never comes to an end under load.)
pub(super) fn copy(connection: &Connection, file: &StoreFile, to: &Path) -> Result<(), StoreError> {
    // SQLite uses an existing empty file. It would make one that everyone can read.
    drop(new_file(to)?);
    let new = StoreFile::new(to, file.schema);
    // `VACUUM INTO` does not say which file an error is about. Only the source can be locked or damaged.
    let is_of_source = |error: &rusqlite::Error| {
        use ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
        let code = error.sqlite_error_code();
        matches!(code, Some(DatabaseBusy | DatabaseCorrupt | DatabaseLocked | NotADatabase))
    };
    let copied = connection.execute("VACUUM INTO ?", [to.to_string_lossy()]);
    let copied = copied
        .map_err(|source| if is_of_source(&source) { file.sql(source) } else { new.sql(source) })
        .and_then(|_| {
            // Windows syncs only a file that is open for writing.
            let opened = OpenOptions::new().write(true).open(to);
            let synced = opened.and_then(|file| file.sync_all()).and_then(|()| sync_directory(to));
            synced.map_err(|source| StoreError::file(to, source))
        });
    if copied.is_err() {
        // Half a copy must not pass for a backup, nor prevent the next attempt.
        let _ = fs::remove_file(to);
        let _ = fs::remove_file(beside(to, "-journal"));
    }
    copied
}

fn check_whole(connection: &Connection, file: &StoreFile) -> Result<(), StoreError> {
    let check = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0));
    let finding: String = check.map_err(|source| file.sql(source))?;
    if finding == "ok" { Ok(()) } else { Err(StoreError::Damaged(file.path.clone(), finding)) }
}

/// Copies the store, with the commits that are not in its main file yet, to the first free name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path, ".before-restore-").ok_or(ErrorKind::AlreadyExists)?;
    let wal = beside(path, "-wal");
    if wal.exists() {
        copy_file(&wal, &beside(&aside, "-wal"))?;
    }
    copy_file(path, &aside)?;
    Ok(aside)
}

/// Returns the first free name: a second restore must not overwrite what the first one has set aside.
pub(super) fn free_name(path: &Path, suffix: &str) -> Option<PathBuf> {
    let mut names = (1_u32..).map(|number| beside(path, &format!("{suffix}{number}")));
    names.find(|name| !name.exists())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = private_file(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    // Before the original is replaced.
    file.sync_all()
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
pub(super) fn sync_directory(of: &Path) -> io::Result<()> {
    // A bare file name has an empty parent, which cannot be opened.
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
