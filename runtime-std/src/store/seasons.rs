//! Copies of the store from before each season change, for an operator to go back to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mmcos_game::Record;
use mmcos_game::seasons::SeasonId;
use rusqlite::Connection;

use super::{StoreError, files};

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

/// Copies the store, before a season begins in it, to `seasons/before-season-N.db`. Returns the path; `None` for a store
/// without players, in which nothing can be lost.
///
/// A copy that cannot be made does not hold the season up: it needs as much room as the store, which a disk that is
/// nearly full lacks for as long as it does.
pub(super) fn copy(connection: &Connection, store: &Path, season: SeasonId) -> Option<PathBuf> {
    match attempt(connection, store, season) {
        Ok(copy) => copy,
        Err(error) => {
            log::warn!("season {} begins without a copy of what was before: {error}", season.0);
            None
        }
    }
}

fn attempt(connection: &Connection, store: &Path, season: SeasonId) -> Result<Option<PathBuf>, StoreError> {
    let any = connection.query_row("SELECT count(*) > 0 FROM players", (), |row| row.get(0));
    if !any.map_err(|source| StoreError::sql(store, source))? {
        return Ok(None);
    }
    let directory = store.with_file_name(DIRECTORY);
    make_directory(&directory).map_err(|source| StoreError::file(&directory, source))?;
    let (new, copy) = (directory.join("new.db"), directory.join(format!("before-season-{}.db", season.0)));
    let failed = |source| StoreError::file(&copy, source);
    // Left by an attempt that failed.
    let _ = fs::remove_file(&new);
    files::copy(connection, store, &new)?;
    fs::rename(&new, &copy).map_err(failed)?;
    forget_oldest(&directory).map_err(failed)?;
    Ok(Some(copy))
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
