//! A data directory for tests. The tests in `tests/host` include this file, too.

use std::fs;
use std::path::Path;

use super::DataDir;

/// A temporary data directory, removed on drop.
pub(crate) struct Scratch(pub(crate) DataDir);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mmcos-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(DataDir::open(&path).unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.path());
    }
}

/// Asserts that only its owner can read the file.
pub(crate) fn assert_private(path: &Path) {
    assert!(path.exists());
    // Windows keeps that in the directory's list of permissions.
    #[cfg(unix)]
    assert_eq!(mode(path), 0o600);
}

#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}
