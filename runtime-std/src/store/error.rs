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
        "another {program}{} uses the data directory {}: stop it, or give this one its own directory with \
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
        "{path}: {1}; check the free space ({space}) and the owner of the directory ({owner})",
        path = .0.display(),
        space = FREE_SPACE,
        owner = OWNER
    )]
    File(PathBuf, #[source] io::Error),
    /// A file with this name exists already.
    #[error("{path} exists already: choose another name, or remove the file", path = .0.display())]
    Exists(PathBuf),
    /// The data directory has no store.
    #[error("{path} has no {1}.db: name the server's data directory with --data-dir DIRECTORY", path = .0.display())]
    Missing(PathBuf, &'static str),
    /// The file to restore from cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file to restore from is not a backup.
    #[error("{path} is not a backup of {1}: choose a file that `{1} backup` has made", path = .0.display())]
    NotABackup(PathBuf, &'static str),
    /// The file is a database of another program.
    #[error("{path} is a database of another program, not of {1}: check the path", path = .0.display())]
    Foreign(PathBuf, &'static str),
    /// The store was written by a later version.
    #[error(
        "{} was written by a later {program} (its schema is {found}, this version knows {known}): use that version, or \
         restore a backup: {program} restore FILE",
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
    #[error("{path} is damaged ({1}): use another backup", path = .0.display())]
    Damaged(PathBuf, String),
    /// The store's rows contradict each other.
    #[error(
        "{}: {source}; the file is damaged or was edited: restore a backup: {program} restore FILE",
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
    #[error("{path}: {1}", path = .0.display())]
    Tables(PathBuf, #[source] RowError),
    /// The file lacks commits that were acknowledged.
    #[error(
        "{} has lost saved changes (it has {found} of {expected} commits): it was replaced while the server ran, or \
         the disk has lost data. Check the system's log ({log}), and restore a backup: {program} restore FILE",
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
    /// Error of a database server.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Database(Box<super::DatabaseError>),
    /// Another server leads in this database.
    #[cfg(feature = "postgres")]
    #[error(
        "another {program} ({leader}) uses {}: stop it, or wait until it has not responded for 5 s",
        place.display()
    )]
    Leads {
        /// The database.
        place: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Process and host of the other server.
        leader: String,
    },
    /// Another server leads now: this one was paused or cut off for too long.
    #[cfg(feature = "postgres")]
    #[error(
        "another {program} has taken over {}, because this one could not reach the database for some \
         seconds. Nothing that was acknowledged is lost. Start this one again to have it ready",
        place.display()
    )]
    Deposed {
        /// The database.
        place: PathBuf,
        /// Name of the program.
        program: &'static str,
    },
    /// The database lacks commits that were acknowledged.
    #[cfg(feature = "postgres")]
    #[error(
        "{} has lost saved changes (it has {found} of {expected} commits): it was restored while the server ran, \
         or a copy has taken over that was behind. Check the database server's log; the latest data may be on the one \
         before",
        place.display()
    )]
    LostThere {
        /// The database.
        place: PathBuf,
        /// Number of commits in the database.
        found: i64,
        /// Number of commits that it should have.
        expected: i64,
    },
    /// The database cannot hold every character.
    #[cfg(feature = "postgres")]
    #[error(
        "{} has the encoding {found}, which cannot hold every name: create it with \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        place.display()
    )]
    Encoding {
        /// The database.
        place: PathBuf,
        /// Its encoding.
        found: String,
    },
    /// A copy of the database would lose something.
    #[cfg(feature = "postgres")]
    #[error(
        "{} was written by another version of {program}{}: start the server once with this version, or \
         use the one that wrote it",
        place.display(),
        if unknown.is_empty() { String::new() } else { format!(" (this one does not know {unknown})") }
    )]
    OtherVersion {
        /// The database.
        place: PathBuf,
        /// Name of the program.
        program: &'static str,
        /// Tables and columns that this version does not know.
        unknown: String,
    },
    /// A copy differs from its original.
    #[cfg(feature = "postgres")]
    #[error("the copy of {table} differs from the original, {}; please report this", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// Name of the table.
        table: &'static str,
    },
    /// The server stopped while changes could not be saved.
    #[error(
        "{changes} changes could not be saved before the server stopped; none of them was acknowledged to a player: \
         {source}"
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
        #[cfg(feature = "postgres")]
        if let Self::Database(error) = self {
            return error.trouble();
        }
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

    /// Returns whether another attempt would only do harm, or come too late.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unused_self, reason = "a file has one server"))]
    pub(super) const fn is_final(&self) -> bool {
        #[cfg(feature = "postgres")]
        let is_final = matches!(self, Self::Deposed { .. } | Self::LostThere { .. });
        #[cfg(not(feature = "postgres"))]
        let is_final = false;
        is_final
    }

    /// Returns the error of a database that was open before.
    #[cfg(feature = "postgres")]
    pub(super) fn while_serving(self) -> Self {
        match self {
            Self::Database(error) => error.while_serving().into(),
            other => other,
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
        Self::Damaged(path.to_owned(), finding)
    }

    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File(path.to_owned(), source)
    }
}

#[cfg(feature = "postgres")]
impl From<super::DatabaseError> for StoreError {
    fn from(error: super::DatabaseError) -> Self {
        Self::Database(Box::new(error))
    }
}

/// A database file, or the place of a database, and the schema that it must have.
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

    /// Removes the file, and those that `SQLite` leaves beside one.
    pub(super) fn remove(&self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let _ = std::fs::remove_file(super::files::beside(&self.path, suffix));
        }
    }

    pub(super) fn sql(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Sql { path: self.path.clone(), program: self.schema.name, source }
    }

    pub(super) fn io(&self, source: io::Error) -> StoreError {
        StoreError::file(&self.path, source)
    }

    pub(super) fn foreign(&self) -> StoreError {
        StoreError::Foreign(self.path.clone(), self.schema.name)
    }

    pub(super) fn unfit(&self, source: RowError) -> StoreError {
        match source {
            RowError::Row { .. } => self.contradiction(source),
            RowError::Schema(_) => StoreError::Tables(self.path.clone(), source),
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
                "it cannot be written: check the owner of the file and its directory ({OWNER}), and whether the disk \
                 is mounted read-only"
            );
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return format!("it is damaged: restore a backup: {program} restore FILE");
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked it, perhaps a database browser with an unsaved edit: save or discard the edit, \
             or close that program"
        }
        Some(ErrorCode::SystemIoFailure) => {
            return format!(
                "the disk fails: check the system's log ({SYSTEM_LOG}), and copy the data directory to another disk"
            );
        }
        // Not an error of SQLite: a value of the wrong type, or a row that is missing.
        None => {
            return format!("the file is damaged or was edited: restore a backup: {program} restore FILE");
        }
        Some(_) => "please report this",
    };
    text.to_owned()
}
