//! Copies of the store from before each season change, for an operator to go back to.

use std::ffi::c_int;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use mmcos_game::Record;
use mmcos_game::seasons::SeasonId;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{StoreError, files, look};

/// Directory of the copies, in the data directory.
const DIRECTORY: &str = "seasons";
/// Number of copies that are kept: seasons of a year.
const KEPT: usize = 6;

/// Returns the index of the first record that begins a season, and the season.
pub(super) fn beginning(records: &[Record]) -> Option<(usize, SeasonId)> {
    records.iter().enumerate().find_map(|(index, record)| match record {
        Record::SeasonStarted(started) => Some((index, started.season)),
        _ => None,
    })
}

/// A copy that is being made by a thread of its own. To drop it is to wait for it.
#[derive(Debug)]
pub(super) struct Copying(Option<JoinHandle<()>>);

impl Copying {
    pub(super) fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

/// Begins to copy the store, as it is before a season begins in it, to `seasons/before-season-N.db`; commits go on
/// meanwhile. `None` for a store without players, in which nothing can be lost.
///
/// A copy that cannot be made does not hold the season up: it needs as much room as the store, which a disk that is
/// nearly full lacks for as long as it does.
pub(super) fn copy(connection: &Connection, store: &Path, season: SeasonId) -> Option<Copying> {
    let missing = move |error: StoreError| {
        log::warn!("season {} begins without a copy of what was before: {error}", season.0);
    };
    let snapshot = snapshot(connection, store).map_err(missing).ok()??;
    let store = store.to_owned();
    let copy = move || match attempt(&snapshot, &store, season) {
        Ok(copy) => log::info!(
            "season {} begins; to take that back, stop the server and run: mmcos restore {}",
            season.0,
            copy.display()
        ),
        Err(error) => missing(error),
    };
    let thread = thread::Builder::new().name("copy".to_owned()).spawn(copy);
    Some(Copying(Some(thread.map_err(|error| missing(StoreError::Thread(error))).ok()?)))
}

/// Returns a connection that sees the store as it is now, whatever is committed later; `None` if there are no players.
fn snapshot(connection: &Connection, store: &Path) -> Result<Option<Connection>, StoreError> {
    let failed = |source| StoreError::sql(store, source);
    let any = connection.query_row("SELECT count(*) > 0 FROM players", (), |row| row.get(0));
    if !any.map_err(failed)? {
        return Ok(None);
    }
    let snapshot = look(store).map_err(failed)?;
    // A transaction begins with what it reads first.
    snapshot.execute_batch("BEGIN; SELECT number FROM commits").map_err(failed)?;
    Ok(Some(snapshot))
}

/// Returns the path of the copy.
fn attempt(snapshot: &Connection, store: &Path, season: SeasonId) -> Result<PathBuf, StoreError> {
    let directory = store.with_file_name(DIRECTORY);
    make_directory(&directory).map_err(|source| StoreError::file(&directory, source))?;
    let (new, copy) = (directory.join("new.db"), directory.join(format!("before-season-{}.db", season.0)));
    let failed = |source| StoreError::file(&copy, source);
    // Left by an attempt that failed.
    let _ = fs::remove_file(&new);
    let file = files::new_file(&new)?;
    copy_pages(snapshot, &new, &file).map_err(|source| StoreError::sql(&new, source))?;
    file.sync_all().and_then(|()| fs::rename(&new, &copy)).map_err(failed)?;
    files::sync_directory(&copy).and_then(|()| forget_oldest(&directory)).map_err(failed)?;
    Ok(copy)
}

/// Number of pages, of 4 kB mostly, that are on the disk before more are copied: an `fsync` of a commit may have to wait for
/// them.
const PAGES: c_int = 256;

fn copy_pages(snapshot: &Connection, new: &Path, file: &File) -> rusqlite::Result<()> {
    let mut target = Connection::open(new)?;
    // Of a copy that is not finished nothing is used.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    {
        let backup = Backup::new(snapshot, &mut target)?;
        while backup.step(PAGES)? != StepResult::Done {
            let _ = file.sync_data();
        }
    }
    // One file, which a read-only medium may hold.
    target.execute_batch("PRAGMA journal_mode = DELETE")
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Removes all copies but the latest. What else is there is left alone.
fn forget_oldest(directory: &Path) -> io::Result<()> {
    let mut copies: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let is_named = entry.file_name().to_string_lossy().starts_with("before-season-");
        if is_named && path.extension().is_some_and(|extension| extension == "db") {
            copies.push((entry.metadata()?.modified()?, path));
        }
    }
    copies.sort_unstable();
    let surplus = copies.len().saturating_sub(KEPT);
    copies.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}
