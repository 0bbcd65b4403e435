use std::io;
use std::path::{Path, PathBuf};

use mmcos_core::seam::StorageTrouble;
use mmcos_game::players::RestoreError;
use rusqlite::ErrorCode;

/// What is wrong with the store, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another server has it.
    #[error(
        "another mmcos{} uses the data directory {}: stop it, or give this one a directory of its own: \
         --data-dir DIRECTORY",
        process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default(), dir.display()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other's process id, if it can be told.
        process: Option<u32>,
    },
    /// `SQLite` cannot do what it is told.
    #[error("{}: {source}; {}", path.display(), advice(source))]
    Sql {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// A file beside it cannot be read or written.
    #[error("{}: {source}; look for free space (df -h) and at who owns the directory (ls -ld)", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of that name is there.
    #[error("{} is there already: choose another name, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The data directory has no store.
    #[error("{} has no mmcos.db: name the data directory of the server: --data-dir DIRECTORY", dir.display())]
    Missing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The file to restore from cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file to restore from is something else.
    #[error("{} is not a backup of mmcos: choose a file that `mmcos backup` has made", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// A database of something else.
    #[error("{} is no store of mmcos: is it the right file?", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// This version is too old for it.
    #[error(
        "{} was written by a later mmcos (its schema is {found}, this version knows {known}): use that version, or put a \
         backup in its place: mmcos restore FILE",
        path.display()
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The latest that this version knows.
        known: usize,
    },
    /// A check of the whole file failed.
    #[error("{} is damaged ({finding}): take another backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing that was found.
        finding: String,
    },
    /// Its rows cannot all be true.
    #[error(
        "{}: {source}; it was damaged, or changed by hand: put a backup in its place: mmcos restore FILE",
        path.display()
    )]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: RestoreError,
    },
    /// Changes that were acknowledged are not in the file any more.
    #[error(
        "{} has lost changes that were saved before (it holds {found} of {expected} commits): it was replaced while the \
         server ran, or its disk has lost data. Look at the system's log (dmesg), and put a backup in its place: mmcos \
         restore FILE",
        path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The number of commits that it has.
        found: u64,
        /// The number of commits that it should have.
        expected: u64,
    },
    /// The server stopped while changes could not be saved.
    #[error(
        "{changes} changes could not be saved before the server stopped. None of them was acknowledged to a player. The \
         reason: {source}"
    )]
    GivenUp {
        /// The number of changes.
        changes: usize,
        /// The last error.
        source: Box<StoreError>,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start a thread for the store: {0}")]
    Thread(#[source] io::Error),
}

impl StoreError {
    /// The trouble that this error stands for, if it may pass by itself.
    pub fn trouble(&self) -> Option<StorageTrouble> {
        let Self::Sql { source, .. } = self else { return None };
        match source.sqlite_error_code()? {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(StorageTrouble::Locked),
            ErrorCode::DiskFull => Some(StorageTrouble::Full),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Some(StorageTrouble::ReadOnly)
            }
            ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::FileLockingProtocolFailed => {
                Some(StorageTrouble::Failing)
            }
            _ => None,
        }
    }

    pub(super) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        Self::Sql { path: path.to_owned(), source }
    }

    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: make room (df -h)",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "it cannot be written: look at who owns it and its directory (ls -ld), and whether the disk is mounted \
             read-only (mount)"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "it is damaged: put a backup in its place: mmcos restore FILE"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked it, perhaps a database browser with an edit that is not written yet: write or \
             discard it there, or close that program"
        }
        Some(ErrorCode::SystemIoFailure) => {
            "the disk fails: look at the system's log (dmesg), and copy the data directory to another disk"
        }
        None => "it was damaged, or changed by hand: put a backup in its place: mmcos restore FILE",
        Some(_) => "please report this",
    }
}
