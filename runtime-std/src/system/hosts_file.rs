//! Place of this machine's hosts file.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the path. `HOSTS_FILE` names a copy, to try a change out.
pub(crate) fn path() -> PathBuf {
    if let Some(file) = env::var_os("HOSTS_FILE") {
        return file.into();
    }
    if cfg!(windows) {
        let system = env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
        Path::new(&system).join(r"System32\drivers\etc\hosts")
    } else {
        "/etc/hosts".into()
    }
}
