//! Copies of the store at a milestone, such as a new season, for an operator to restore.

use std::ffi::c_int;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use mmcos_core::row::{Milestone, Row};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{StoreError, StoreFile, files, look, schema};

/// Number of copies to keep in a folder: the seasons of a year.
const KEPT: usize = 6;

/// Returns the first record that begins a milestone that is not copied yet: its index, and the milestone.
pub(super) fn next<R: Row>(records: &[R], copied: &[Milestone]) -> Option<(usize, Milestone)> {
    (0..).zip(records).find_map(|(index, record)| {
        let milestone = record.milestone().filter(|milestone| !copied.contains(milestone))?;
        Some((index, milestone))
    })
}

/// A copy that a thread is making. Dropping it waits for the thread.
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

/// Begins to copy the store, in its state before the milestone. Commits go on meanwhile. `None` if there is nothing to
/// lose.
pub(super) fn copy(connection: &Connection, file: &StoreFile, milestone: &Milestone) -> Option<Copying> {
    // On the thread that commits: no later commit can be in it.
    let snapshot = snapshot(connection, file, milestone);
    let schema = file.schema;
    copy_with(file, milestone, snapshot, move |snapshot, new, file| {
        copy_pages(snapshot, new, file).map_err(|source| StoreFile::new(new, schema).sql(source))
    })
}

/// Begins to copy a snapshot; `None` if there is nothing to lose. `write` writes it to a new file, given by its path
/// and open.
///
/// A failed copy does not delay the milestone: a copy needs as much room as the store, and a disk that is nearly full
/// may stay so.
pub(super) fn copy_with<T: Send + 'static>(
    file: &StoreFile,
    milestone: &Milestone,
    snapshot: Result<Option<T>, StoreError>,
    write: impl FnOnce(&mut T, &Path, &File) -> Result<(), StoreError> + Send + 'static,
) -> Option<Copying> {
    let milestone = milestone.clone();
    let (name, number) = (milestone.name, milestone.number);
    let missing = move |error: StoreError| log::warn!("the store was not copied ({name}-{number}): {error}");
    let mut snapshot = snapshot.map_err(missing).ok()??;
    let file = file.clone();
    let copy = move || match attempt(&file, &milestone, |new, file| write(&mut snapshot, new, file)) {
        Ok(copy) => log::info!(
            "copied the store; to go back to this state, stop the server and run: {} restore {}",
            file.schema.name,
            copy.display()
        ),
        Err(error) => missing(error),
    };
    let thread = thread::Builder::new().name("copy".to_owned()).spawn(copy);
    Some(Copying(Some(thread.map_err(|error| missing(StoreError::Thread(error))).ok()?)))
}

/// Returns a connection that sees the store as it is now, whatever is committed later; `None` if there is nothing to
/// lose.
fn snapshot(
    connection: &Connection,
    file: &StoreFile,
    milestone: &Milestone,
) -> Result<Option<Connection>, StoreError> {
    let failed = |source| file.sql(source);
    if !milestone.even_empty && files::count(connection, file.schema).map_err(failed)? == 0 {
        return Ok(None);
    }
    let snapshot = look(&file.path).map_err(failed)?;
    // A transaction begins with its first read.
    snapshot.execute_batch(&format!("BEGIN; SELECT number FROM {}", schema::COMMITS)).map_err(failed)?;
    Ok(Some(snapshot))
}

/// Makes the copy. Returns its path.
fn attempt(
    store: &StoreFile,
    Milestone { folder, name, number, .. }: &Milestone,
    write: impl FnOnce(&Path, &File) -> Result<(), StoreError>,
) -> Result<PathBuf, StoreError> {
    let directory = store.path.with_file_name(folder);
    make_directory(&directory).map_err(|source| StoreError::file(&directory, source))?;
    let prefix = format!("{name}-");
    let (new, copy) = (directory.join("new.db"), directory.join(format!("{prefix}{number}.db")));
    let failed = |source| StoreError::file(&copy, source);
    // Left behind by a failed attempt.
    let _ = fs::remove_file(&new);
    let file = files::new_file(&new)?;
    write(&new, &file)?;
    // Synced before it gets its name: after a power cut, no half copy may have it.
    file.sync_all().and_then(|()| fs::rename(&new, &copy)).map_err(failed)?;
    // Older copies go only when the new one is on the disk.
    files::sync_directory(&copy).and_then(|()| forget_oldest(&directory, &prefix)).map_err(failed)?;
    Ok(copy)
}

/// Number of pages, mostly of 4 kB, that are synced before more are copied: an `fsync` of a commit may have to wait
/// for them.
const PAGES: c_int = 256;

fn copy_pages(snapshot: &Connection, new: &Path, file: &File) -> rusqlite::Result<()> {
    let mut target = Connection::open(new)?;
    // An unfinished copy is never used.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    {
        // It comes to an end while commits go on: the source keeps its read transaction, and so its snapshot.
        let backup = Backup::new(snapshot, &mut target)?;
        while backup.step(PAGES)? != StepResult::Done {
            // An error shows at the last sync, on which the copy depends.
            let _ = file.sync_data();
        }
    }
    // One file, which works on a read-only medium.
    target.execute_batch("PRAGMA journal_mode = DELETE")
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    // Copies hold SteamIDs, banned addresses and notes.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Removes all copies but the latest. Leaves other files alone.
fn forget_oldest(directory: &Path, prefix: &str) -> io::Result<()> {
    let mut copies: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let is_named = entry.file_name().to_string_lossy().starts_with(prefix);
        if is_named && path.extension().is_some_and(|extension| extension == "db") {
            copies.push((entry.metadata()?.modified()?, path));
        }
    }
    // By time: the number of a season may be set back, and as text 10 comes before 9.
    copies.sort_unstable();
    let surplus = copies.len().saturating_sub(KEPT);
    copies.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}
