use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::StoreError;
use crate::data_dir::DataDir;

/// The right to write in a data directory. It ends with the process, even after a crash.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Unlocks the file. Closing it is not enough: a process that another thread is starting holds a copy of the
    /// descriptor, and with it the lock, until it runs its own program.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Lock {
    pub(super) fn take(dir: &DataDir, program: &'static str) -> Result<Self, StoreError> {
        let path = dir.file(&format!("{program}.lock"));
        let failed = |source| StoreError::file(&path, source);
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (dir, process) = (dir.path().to_owned(), owner(&mut file));
                return Err(StoreError::InUse { dir, process, program });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // Signed under the lock, so the id is that of its owner. A command that root runs hands the file over, or the
        // service's user could not open it.
        sign(&mut file).and_then(|()| dir.hand_over(&path)).map_err(failed)?;
        Ok(Self { file })
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    super::make_private(path)?;
    // Not truncated: before the lock is taken, the file holds the id of another server.
    OpenOptions::new().read(true).write(true).open(path)
}

fn sign(file: &mut File) -> std::io::Result<()> {
    // An earlier id may have more digits.
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

/// Returns the lock owner's process id. `None` where a lock prevents reading too (Windows).
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.parse().ok()
}
