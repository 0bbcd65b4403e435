use std::io;
use std::path::{Path, PathBuf};

use mmcos_core::row::{RowError, Schema};
use mmcos_core::seam::StorageTrouble;
use rusqlite::ErrorCode;

use crate::data_dir::DataDir;
use crate::system::advice::{FREE_SPACE, OWNER, SYSTEM_LOG};

/// Error of the store, with advice for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another server uses the data directory.
    #[error(
        "another {program}{} uses the data directory {}: stop it, or give this one a directory of its own: \
         --data-dir DIRECTORY",
        process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default(), dir.display()
    )]
    InUse {
        /// Data directory.
        dir: PathBuf,
        /// Process id of the other server, if known.
        process: Option<u32>,
        /// Name of the program.
        program: &'static str,
    },
    /// Error of `SQLite`.
    #[error("{}: {}; {}", path.display(), said(source), advice(source, program))]
    Sql {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Error of `SQLite`.
        source: rusqlite::Error,
    },
    /// A file beside the store cannot be read or written.
    #[error(
        "{}: {source}; look for free space ({space}) and at who owns the directory ({owner})",
        path.display(),
        space = FREE_SPACE,
        owner = OWNER
    )]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// A file with this name exists already.
    #[error("{} is there already: choose another name, or remove it", path.display())]
    Exists {
        /// Path of the file.
        path: PathBuf,
    },
    /// The data directory has no store.
    #[error("{} has no {program}.db: name the data directory of the server: --data-dir DIRECTORY", dir.display())]
    Missing {
        /// Data directory.
        dir: PathBuf,
        /// Name of the program.
        program: &'static str,
    },
    /// The file to restore from cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The file to restore from is not a backup.
    #[error("{} is not a backup of {program}: choose a file that `{program} backup` has made", path.display())]
    NotABackup {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
    },
    /// The file is a database of another program.
    #[error("{} is no store of {program}: is it the right file?", path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
    },
    /// The store was written by a later version.
    #[error(
        "{} was written by a later {program} (its schema is {found}, this version knows {known}): use that version, or put a \
         backup in its place: {program} restore FILE",
        path.display()
    )]
    Later {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Schema of the store.
        found: usize,
        /// Latest schema that this version knows.
        known: usize,
    },
    /// A check of the whole file failed.
    #[error("{} is damaged ({finding}): take another backup", path.display())]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// First finding of the check.
        finding: String,
    },
    /// The store's rows contradict each other.
    #[error(
        "{}: {source}; it was damaged, or changed by hand: put a backup in its place: {program} restore FILE",
        path.display()
    )]
    Contradiction {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The records of the game do not fit its tables.
    #[error("{}: {source}", path.display())]
    Tables {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        source: RowError,
    },
    /// The file lacks commits that were acknowledged.
    #[error(
        "{} has lost changes that were saved before (it holds {found} of {expected} commits): it was replaced while the \
         server ran, or its disk has lost data. Look at the system's log ({log}), and put a backup in its place: {program} \
         restore FILE",
        path.display(),
        log = SYSTEM_LOG
    )]
    Lost {
        /// Path of the file.
        path: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Number of commits in the file.
        found: u64,
        /// Number of commits that it should have.
        expected: u64,
    },
    /// The server stopped while changes could not be saved.
    #[error(
        "{changes} changes could not be saved before the server stopped. None of them was acknowledged to a player. The \
         reason: {source}"
    )]
    GivenUp {
        /// Number of unsaved changes.
        changes: usize,
        /// Error of the last attempt.
        source: Box<StoreError>,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start a thread for the store: {0}")]
    Thread(#[source] io::Error),
}

impl StoreError {
    /// Returns the trouble behind this error, if it may pass by itself.
    pub fn trouble(&self) -> Option<StorageTrouble> {
        let Self::Sql { source, .. } = self else { return None };
        match source.sqlite_error_code()? {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(StorageTrouble::Locked),
            ErrorCode::DiskFull => Some(StorageTrouble::Full),
            // A missing file too: its disk may be missing at the moment.
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Some(StorageTrouble::ReadOnly)
            }
            ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::FileLockingProtocolFailed => {
                Some(StorageTrouble::Failing)
            }
            // Damage does not pass (decision 0063).
            _ => None,
        }
    }

    /// Converts the error of a copy to that of its backup: the backup was damaged already.
    pub(super) fn of_backup(self, path: &Path) -> Self {
        let finding = match &self {
            Self::Contradiction { source, .. } => source.to_string(),
            // A full disk, for example, says nothing about the backup.
            Self::Sql { source, .. } if self.trouble().is_none() => said(source),
            _ => return self,
        };
        Self::Damaged { path: path.to_owned(), finding }
    }

    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

/// A database file, and the schema that it must have.
#[derive(Clone, Debug)]
pub(super) struct StoreFile {
    pub(super) path: PathBuf,
    pub(super) schema: &'static Schema,
}

impl StoreFile {
    /// Returns the store's file in a data directory.
    pub(super) fn of(dir: &DataDir, schema: &'static Schema) -> Self {
        Self { path: dir.file(&format!("{}.db", schema.name)), schema }
    }

    pub(super) fn new(path: &Path, schema: &'static Schema) -> Self {
        Self { path: path.to_owned(), schema }
    }

    pub(super) fn sql(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Sql { path: self.path.clone(), program: self.schema.name, source }
    }

    pub(super) fn io(&self, source: io::Error) -> StoreError {
        StoreError::file(&self.path, source)
    }

    pub(super) fn foreign(&self) -> StoreError {
        StoreError::Foreign { path: self.path.clone(), program: self.schema.name }
    }

    pub(super) fn unfit(&self, source: RowError) -> StoreError {
        match source {
            RowError::Row { .. } => self.contradiction(source),
            RowError::Schema(_) => StoreError::Tables { path: self.path.clone(), source },
        }
    }

    pub(super) fn contradiction(&self, source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
        StoreError::Contradiction {
            path: self.path.clone(),
            program: self.schema.name,
            source: source.into(),
        }
    }
}

/// Returns the message of `SQLite`, without the statement.
fn said(error: &rusqlite::Error) -> String {
    match error {
        // Operators need the message, not the statement.
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn advice(error: &rusqlite::Error, program: &str) -> String {
    let text = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => return format!("the disk is full: make room ({FREE_SPACE})"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            return format!(
                "it cannot be written: look at who owns it and its directory ({OWNER}), and whether the disk is mounted \
                 read-only"
            );
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return format!("it is damaged: put a backup in its place: {program} restore FILE");
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked it, perhaps a database browser with an edit that is not written yet: write or \
             discard it there, or close that program"
        }
        Some(ErrorCode::SystemIoFailure) => {
            return format!(
                "the disk fails: look at the system's log ({SYSTEM_LOG}), and copy the data directory to another disk"
            );
        }
        // Not an error of SQLite: a value of the wrong type, or a row that is missing.
        None => {
            return format!(
                "it was damaged, or changed by hand: put a backup in its place: {program} restore FILE"
            );
        }
        Some(_) => "please report this",
    };
    text.to_owned()
}
