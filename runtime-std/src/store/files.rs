//! What an operator does with a store: back it up, put a backup in its place, read it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mmcos_core::seam::Wall;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Result};

use super::lock::Lock;
use super::{FILE_NAME, StoreError, look, schema};
use crate::data_dir::{DataDir, private_file};

/// A file that a command has written or read. Its `Display` is a sentence part such as `57 players (61 kB)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of players in it.
    pub players: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { players, bytes } = self;
        let players = if *players == 1 { "1 player".to_owned() } else { format!("{players} players") };
        write!(f, "{players} ({} kB)", bytes.div_ceil(1000))
    }
}

/// What [`restore`] has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the store holds now.
    pub summary: Summary,
    /// The place of the store.
    pub path: PathBuf,
    /// The place of the store that was there before, if there was one.
    pub old: Option<PathBuf>,
}

/// Writes all that the store keeps at this moment to a new file, which only its owner can read. The server may be
/// running.
pub fn backup(dir: &DataDir, to: &Path) -> std::result::Result<Summary, StoreError> {
    let path = dir.file(FILE_NAME);
    let connection = open_own(dir)?;
    copy(&connection, &path, to)?;
    summary(&connection, &path, to)
}

/// Checks whether a file is a backup that [`restore`] would take.
pub fn check_backup(from: &Path) -> std::result::Result<(), StoreError> {
    open_backup(from).map(drop)
}

/// Puts a backup in the place of the store, while no server runs.
pub fn restore(dir: &DataDir, from: &Path) -> std::result::Result<Restored, StoreError> {
    let _lock = Lock::take(dir)?;
    let backup = open_backup(from)?;
    check_whole(&backup, from)?;
    let (path, new) = (dir.file(FILE_NAME), dir.file("mmcos.db.new"));
    let failed = |source| StoreError::file(&path, source);
    // Left by an attempt that failed.
    let _ = fs::remove_file(&new);
    copy(&backup, from, &new)?;
    dir.hand_over(&new).map_err(failed)?;
    let summary = summary(&backup, from, &new)?;
    let old = if path.exists() { Some(set_aside(&path).map_err(failed)?) } else { None };
    // Its last commits belong to the old file alone.
    for suffix in ["-wal", "-shm"] {
        remove(&beside(&path, suffix)).map_err(failed)?;
    }
    fs::rename(&new, &path).and_then(|()| sync_directory(&path)).map_err(failed)?;
    Ok(Restored { summary, path, old })
}

fn summary(connection: &Connection, path: &Path, file: &Path) -> std::result::Result<Summary, StoreError> {
    let players = connection.query_row("SELECT count(*) FROM players", (), |row| row.get(0));
    let bytes = fs::metadata(file).map_err(|source| StoreError::file(file, source))?.len();
    Ok(Summary { players: players.map_err(|source| StoreError::sql(path, source))?, bytes })
}

/// What [`examine`] found in a store that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How many players it keeps.
    pub players: u64,
    /// The latest moment that a player was seen; `None` if nobody was.
    pub last_seen: Option<Wall>,
    /// The number and first moment of the season that it is in; `None` before the first.
    pub season: Option<(i32, Wall)>,
}

/// Reads the whole store and looks whether it is one, of a version that this one knows, and undamaged; `None` if there
/// is no store yet. The server may be running.
pub fn examine(dir: &DataDir) -> std::result::Result<Option<Health>, StoreError> {
    let path = dir.file(FILE_NAME);
    if !path.exists() {
        return Ok(None);
    }
    let connection = open(&path)?;
    check_whole(&connection, &path)?;
    let counted = connection.query_row("SELECT count(*), max(last_seen) FROM players", (), |row| {
        let last_seen: Option<i64> = row.get(1)?;
        let season = "SELECT season, starts FROM seasons ORDER BY season DESC LIMIT 1";
        let season =
            connection.query_row(season, (), |row| Ok((row.get(0)?, Wall::from_millis(row.get(1)?))));
        let season = season.optional()?;
        Ok(Health { players: row.get(0)?, last_seen: last_seen.map(Wall::from_millis), season })
    });
    counted.map(Some).map_err(|source| StoreError::sql(&path, source))
}

/// Checks whether the store can be written at this moment; changes nothing. The server may be running.
pub fn examine_writing(dir: &DataDir) -> std::result::Result<(), StoreError> {
    let path = dir.file(FILE_NAME);
    let locked = || {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // A commit of the server takes less.
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
    };
    locked().map_err(|source| StoreError::sql(&path, source))
}

/// Writes all tables as one JSON object of arrays of rows. The server may be running. A reader who leaves early is no
/// error.
pub fn export(dir: &DataDir, out: &mut impl Write) -> std::result::Result<(), StoreError> {
    let connection = open_own(dir)?;
    let path = dir.file(FILE_NAME);
    let mut export = || {
        // One transaction, so that all tables are of one moment.
        let moment = connection.unchecked_transaction()?;
        write_tables(&moment, out)?;
        Ok(out.flush()?)
    };
    match export() {
        Ok(()) => Ok(()),
        Err(ExportError::Sql(source)) => Err(StoreError::sql(&path, source)),
        Err(ExportError::Out(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(ExportError::Out(source)) => Err(StoreError::file(Path::new("the output"), source)),
    }
}

/// Writes the same to a new file, which only its owner can read.
pub fn export_to(dir: &DataDir, to: &Path) -> std::result::Result<Summary, StoreError> {
    let connection = open_own(dir)?;
    let mut out = BufWriter::new(new_file(to)?);
    let written = export(dir, &mut out)
        .and_then(|()| out.get_ref().sync_all().map_err(|source| StoreError::file(to, source)));
    match written {
        Ok(()) => summary(&connection, &dir.file(FILE_NAME), to),
        Err(error) => {
            let _ = fs::remove_file(to);
            Err(match error {
                StoreError::File { source, .. } => StoreError::file(to, source),
                other => other,
            })
        }
    }
}

/// What can go wrong in between.
enum ExportError {
    Sql(rusqlite::Error),
    Out(io::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

/// Numbers that may be above 2⁵³, where JavaScript and others take several for one: written as strings.
const WIDE: [&str; 2] = ["steam_id", "session_id"];
/// Columns that hold JSON: written as what they hold.
const JSON: [&str; 1] = ["players"];
/// Tables that say nothing about players, or nothing that a view does not say.
const INTERNAL: [&str; 3] = ["commits", "final_standings", "season_changes"];

fn write_tables(connection: &Connection, out: &mut impl Write) -> std::result::Result<(), ExportError> {
    let mut before = "{";
    for table in
        names(connection, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")?
    {
        if INTERNAL.contains(&table.as_str()) {
            continue;
        }
        write!(out, "{before}\n\"{table}\": [")?;
        write_rows(connection, &table, out)?;
        write!(out, "]")?;
        before = ",";
    }
    Ok(writeln!(out, "\n}}")?)
}

fn write_rows(
    connection: &Connection,
    table: &str,
    out: &mut impl Write,
) -> std::result::Result<(), ExportError> {
    let columns = names(connection, &format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let pair = |column: &String| match column.as_str() {
        wide if WIDE.contains(&wide) => format!("'{wide}', CAST(\"{wide}\" AS TEXT)"),
        json if JSON.contains(&json) => format!("'{json}', json(\"{json}\")"),
        column => format!("'{column}', \"{column}\""),
    };
    let pairs: Vec<String> = columns.iter().map(pair).collect();
    let first = columns.first().map_or("rowid", String::as_str);
    let sql = format!("SELECT json_object({}) FROM \"{table}\" ORDER BY \"{first}\"", pairs.join(", "));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(())?;
    let mut before = "\n";
    while let Some(row) = rows.next()? {
        let object = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        write!(out, "{before}{object}")?;
        before = ",\n";
    }
    Ok(())
}

fn names(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    connection.prepare(sql)?.query_map((), |row| row.get(0))?.collect()
}

/// Opens the store of a data directory, to read it.
fn open_own(dir: &DataDir) -> std::result::Result<Connection, StoreError> {
    let path = dir.file(FILE_NAME);
    if !path.exists() {
        return Err(StoreError::Missing { dir: dir.path().to_owned() });
    }
    open(&path)
}

/// Opens a file that should be a backup, to read it.
fn open_backup(path: &Path) -> std::result::Result<Connection, StoreError> {
    let readable = File::open(path).and_then(|file| file.metadata());
    let data = readable.map_err(|source| StoreError::Unreadable { path: path.to_owned(), source })?;
    let not_a_backup = || StoreError::NotABackup { path: path.to_owned() };
    if !data.is_file() {
        return Err(not_a_backup());
    }
    open(path).map_err(|error| match error {
        StoreError::Foreign { .. } => not_a_backup(),
        StoreError::Sql { ref source, .. } if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            not_a_backup()
        }
        other => other,
    })
}

fn open(path: &Path) -> std::result::Result<Connection, StoreError> {
    let connection = look(path).map_err(|source| StoreError::sql(path, source))?;
    schema::check(&connection, path)?;
    Ok(connection)
}

/// Makes a file that is not there yet and that only its owner can read.
pub(super) fn new_file(path: &Path) -> std::result::Result<File, StoreError> {
    private_file(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
        _ => StoreError::file(path, source),
    })
}

/// Writes a database as it is at this moment to a new file, and sees it to the disk; leaves no file behind if that fails.
/// (`VACUUM INTO`: the backup interface starts anew at every commit, and never comes to an end under load.)
pub(super) fn copy(connection: &Connection, path: &Path, to: &Path) -> std::result::Result<(), StoreError> {
    // SQLite goes on with an empty file, and would make one that everybody can read.
    drop(new_file(to)?);
    let is_of_source = |error: &rusqlite::Error| {
        use ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
        let code = error.sqlite_error_code();
        matches!(code, Some(DatabaseBusy | DatabaseCorrupt | DatabaseLocked | NotADatabase))
    };
    let copied = connection.execute("VACUUM INTO ?", [to.to_string_lossy()]);
    let copied = copied
        .map_err(|source| StoreError::sql(if is_of_source(&source) { path } else { to }, source))
        .and_then(|_| {
            let synced = File::open(to).and_then(|file| file.sync_all()).and_then(|()| sync_directory(to));
            synced.map_err(|source| StoreError::file(to, source))
        });
    if copied.is_err() {
        let _ = fs::remove_file(to);
        let _ = fs::remove_file(beside(to, "-journal"));
    }
    copied
}

fn check_whole(connection: &Connection, path: &Path) -> std::result::Result<(), StoreError> {
    let check = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0));
    let finding: String = check.map_err(|source| StoreError::sql(path, source))?;
    if finding == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: path.to_owned(), finding }) }
}

/// Copies the store, with the commits that are not in its main file yet, to the first free name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1_u32..).map(|number| beside(path, &format!(".before-restore-{number}")));
    let aside = names.into_iter().find(|name| !name.exists()).ok_or(ErrorKind::AlreadyExists)?;
    let wal = beside(path, "-wal");
    if wal.exists() {
        copy_file(&wal, &beside(&aside, "-wal"))?;
    }
    copy_file(path, &aside)?;
    Ok(aside)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = private_file(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
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
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
