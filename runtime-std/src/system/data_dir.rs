//! The directory with everything that outlives the process.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::system::advice::{FREE_SPACE, OWNER};

/// The data directory. Only its owner has access.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("mmcos-doc-{}", std::process::id()));
/// use mmcos_std::data_dir::DataDir;
/// let dir = DataDir::open(&path)?;
/// dir.write("note", b"kept")?;
/// assert_eq!(dir.read("note")?, Some(b"kept".to_vec()));
/// # std::fs::remove_dir_all(&path).ok();
/// # Ok::<(), mmcos_std::data_dir::DataDirError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// Error of an operation in the data directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// The directory is missing and cannot be made.
    #[error(
        "cannot make the data directory {path}: {1}; choose one that this user may write to: --data-dir DIRECTORY",
        path = .0.display()
    )]
    Make(PathBuf, #[source] io::Error),
    /// A file exists and cannot be read.
    #[error("cannot read {path}: {1}; it must belong to the user that runs the server", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// A file cannot be written.
    #[error(
        "cannot write {path}: {1}; check the free space ({space}) and the owner of the directory ({owner})",
        path = .0.display(),
        space = FREE_SPACE,
        owner = OWNER
    )]
    Write(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Opens the directory at `path`. Makes it for this user alone if it is missing.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        #[cfg(windows)]
        let is_new = !path.exists();
        if let Err(source) = private_dir_builder().create(&path) {
            return Err(DataDirError::Make(path, source));
        }
        #[cfg(windows)]
        if is_new && let Err(error) = super::windows::permissions::restrict_to_user(&path) {
            log::warn!("other users of this PC may be able to read {}: {error}", path.display());
        }
        Ok(Self { path })
    }

    /// Opens the directory at `path`; `None` if it is missing. Fails if this user may not read it.
    pub fn find(path: &Path) -> Result<Option<Self>, DataDirError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match fs::read_dir(&path) {
            Ok(_) => Ok(Some(Self { path })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirError::Read(path, source)),
        }
    }

    /// Returns the absolute path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the file with this name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the contents of a file, or `None` if it is missing.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DataDirError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirError::Read(path, source)),
        }
    }

    /// Changes the owner of a file to the owner of the directory. An administrator's command makes files that the
    /// server, which is another user under systemd, must be able to use.
    #[cfg(unix)]
    pub fn hand_over(&self, file: &Path) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let (owner, now) = (fs::metadata(&self.path)?, fs::metadata(file)?);
        if (owner.uid(), owner.gid()) == (now.uid(), now.gid()) {
            return Ok(());
        }
        chown(file, Some(owner.uid()), Some(owner.gid()))
    }

    /// Does nothing: files here belong to every user of the directory.
    #[cfg(not(unix))]
    pub fn hand_over(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Makes or replaces a file, with mode 0600. After a power cut it holds either the old or the new contents.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DataDirError> {
        self.replace(name, bytes).map_err(|source| DataDirError::Write(self.file(name), source))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.file(&format!("{name}.new"));
        // A file that a crash left behind could have another mode.
        let _ = fs::remove_file(&temporary);
        let mut file = private_file(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, self.file(name))?;
        self.sync()
    }

    #[cfg(unix)]
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn private_dir_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes a new file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
#[path = "scratch.rs"]
mod scratch;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[cfg(unix)]
    pub(crate) use super::scratch::mode;
    pub(crate) use super::scratch::{Scratch, assert_private};

    #[test]
    #[cfg(unix)]
    fn nobody_else_may_read_it() {
        let Scratch(dir) = &Scratch::new("modes");
        fs::write(dir.file("secret.new"), b"left by a crash, open to all").unwrap();
        dir.write("secret", b"s").unwrap();
        assert_eq!(mode(dir.path()), 0o700);
        assert_eq!(mode(&dir.file("secret")), 0o600);
    }

    /// Only an administrator can change the owner of a file.
    #[test]
    #[cfg(unix)]
    fn what_an_administrator_makes_belongs_to_the_owner_of_the_directory() {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let Scratch(dir) = &Scratch::new("hand-over");
        dir.write("file", b"").unwrap();
        dir.hand_over(&dir.file("file")).unwrap();
        if chown(dir.path(), Some(65_532), Some(65_532)).is_ok() {
            dir.hand_over(&dir.file("file")).unwrap();
            assert_eq!(fs::metadata(dir.file("file")).unwrap().uid(), 65_532);
        }
    }

    #[test]
    fn files_are_replaced_whole() {
        let Scratch(dir) = &Scratch::new("replace");
        assert_eq!(dir.read("a").unwrap(), None);
        dir.write("a", b"longer").unwrap();
        dir.write("a", b"short").unwrap();
        assert_eq!(dir.read("a").unwrap().unwrap(), b"short");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
        assert!(DataDir::open(dir.path()).is_ok(), "an old directory is opened");
        assert!(DataDir::find(dir.path()).unwrap().is_some());
        assert!(DataDir::find(&dir.file("b")).unwrap().is_none());
        assert!(matches!(DataDir::find(&dir.file("a")), Err(DataDirError::Read(..))));
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let Scratch(dir) = &Scratch::new("in-the-way");
        dir.write("file", b"").unwrap();
        let message = DataDir::open(&dir.file("file")).unwrap_err().to_string();
        assert!(message.contains("in-the-way") && message.contains("--data-dir"), "{message}");
        fs::create_dir(dir.file("directory")).unwrap();
        assert!(matches!(dir.read("directory"), Err(DataDirError::Read(..))));
        assert!(matches!(dir.write("directory", b""), Err(DataDirError::Write(..))));
    }
}
