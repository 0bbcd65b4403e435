//! What an operator does with a store: back it up, put a backup in its place, read it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mmcos_core::seam::Wall;
use rusqlite::{Connection, Result};

use super::lock::Lock;
use super::{FILE_NAME, StoreError, look, schema};
use crate::data_dir::DataDir;

/// Writes all that the store keeps at this moment to a new file. The server may be running.
pub fn backup(dir: &DataDir, to: &Path) -> std::result::Result<(), StoreError> {
    let path = dir.file(FILE_NAME);
    let connection = open(&path)?;
    if to.exists() {
        return Err(StoreError::Exists { path: to.to_owned() });
    }
    copy(&connection, &path, to)
}

/// Puts a backup in the place of the store, while no server runs. Returns where the store is now that was there.
pub fn restore(dir: &DataDir, from: &Path) -> std::result::Result<Option<PathBuf>, StoreError> {
    let _lock = Lock::take(dir)?;
    let backup = open(from)?;
    check_whole(&backup, from)?;
    let (path, new) = (dir.file(FILE_NAME), dir.file("mmcos.db.new"));
    let failed = |source| StoreError::file(&path, source);
    // Left by an attempt that failed.
    let _ = fs::remove_file(&new);
    copy(&backup, from, &new)?;
    dir.hand_over(&new).map_err(failed)?;
    let old = if path.exists() { Some(set_aside(&path).map_err(failed)?) } else { None };
    // Its last commits belong to the old file alone.
    for suffix in ["-wal", "-shm"] {
        remove(&beside(&path, suffix)).map_err(failed)?;
    }
    fs::rename(&new, &path).and_then(|()| sync_directory(&path)).map_err(failed)?;
    Ok(old)
}

/// What [`examine`] found in a store that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How many players it keeps.
    pub players: u64,
    /// The latest moment that a player was seen; `None` if nobody was.
    pub last_seen: Option<Wall>,
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
        Ok(Health { players: row.get(0)?, last_seen: last_seen.map(Wall::from_millis) })
    });
    counted.map(Some).map_err(|source| StoreError::sql(&path, source))
}

/// Writes all tables as one JSON object of arrays of rows. The server may be running.
pub fn export(dir: &DataDir, out: &mut impl Write) -> std::result::Result<(), StoreError> {
    let path = dir.file(FILE_NAME);
    let connection = open(&path)?;
    let mut export = || {
        // One transaction, so that all tables are of one moment.
        let moment = connection.unchecked_transaction()?;
        write_tables(&moment, out)
    };
    export().map_err(|error| match error {
        ExportError::Sql(source) => StoreError::sql(&path, source),
        ExportError::Out(source) => StoreError::file(Path::new("the output"), source),
    })
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

fn write_tables(connection: &Connection, out: &mut impl Write) -> std::result::Result<(), ExportError> {
    let mut before = "{";
    for table in names(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")? {
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
    let pairs: Vec<String> = columns.iter().map(|column| format!("'{column}', \"{column}\"")).collect();
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

/// Opens a file that must be a store, to read it.
fn open(path: &Path) -> std::result::Result<Connection, StoreError> {
    let connection = look(path).map_err(|source| StoreError::sql(path, source))?;
    schema::check(&connection, path)?;
    Ok(connection)
}

/// Writes a database as it is at this moment to a new file, and sees it to the disk. (`VACUUM INTO`: the backup interface
/// starts anew at every commit, and never comes to an end under load.)
pub(super) fn copy(connection: &Connection, path: &Path, to: &Path) -> std::result::Result<(), StoreError> {
    connection
        .execute("VACUUM INTO ?", [to.to_string_lossy()])
        .map_err(|source| StoreError::sql(path, source))?;
    let synced = File::open(to).and_then(|file| file.sync_all()).and_then(|()| sync_directory(to));
    synced.map_err(|source| StoreError::file(to, source))
}

fn check_whole(connection: &Connection, path: &Path) -> std::result::Result<(), StoreError> {
    let check = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0));
    let finding: String = check.map_err(|source| StoreError::sql(path, source))?;
    if finding == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: path.to_owned(), finding }) }
}

/// Copies the store, with the commits that are not in its main file yet, to the first free name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1_u32..).map(|number| beside(path, &format!(".before-restore-{number}")));
    let aside = names.into_iter().find(|name| !name.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
    let wal = beside(path, "-wal");
    if wal.exists() {
        fs::copy(wal, beside(&aside, "-wal"))?;
    }
    fs::copy(path, &aside)?;
    File::open(&aside)?.sync_all()?;
    Ok(aside)
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
