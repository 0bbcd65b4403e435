//! The secrets of a server: the key that authenticates session tokens, and random bytes.

use std::fmt;
use std::path::PathBuf;

use crate::data_dir::{DataDir, DataDirError};
use crate::system::text_file::TextFileError;

/// Name of the key's file.
pub(crate) const FILE: &str = "server.key";

/// 32 random bytes, made at the first start. Anyone who can read them can impersonate any player. Without them all
/// players must log in again.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKey([u8; 32]);

/// Error of loading or making a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A file cannot be read or written.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file of the key has another length.
    #[error(
        "{path} is damaged: it has {1} bytes, and a key has 32. Restore it from a backup, or delete it: then the next \
         start makes a new one, and every player must log in again",
        path = .0.display()
    )]
    DamagedKey(PathBuf, usize),
    /// The file of the operator's password is not text.
    #[error("cannot read the password in {path}: {1}", path = .0.display())]
    Password(PathBuf, #[source] TextFileError),
    /// The operator's password is too easy to guess.
    #[error(
        "the password in {path} has fewer than {1} characters: write a longer one into the file, or delete the file, \
         and the next start makes a password",
        path = .0.display()
    )]
    ShortPassword(PathBuf, usize),
    /// The operating system has no random numbers.
    #[error("the operating system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl ServerKey {
    /// Returns the key in the data directory, or makes one.
    pub fn load_or_make(dir: &DataDir) -> Result<Self, SecretError> {
        let Some(bytes) = dir.read(FILE)? else {
            return Self::make(dir);
        };
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| SecretError::DamagedKey(dir.file(FILE), length))
    }

    fn make(dir: &DataDir) -> Result<Self, SecretError> {
        let bytes = random()?;
        dir.write(FILE, &bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Returns `N` random bytes of the operating system, for seeds and serial numbers.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::tests::{Scratch, assert_private};

    #[test]
    fn is_made_once_and_kept_private() {
        let Scratch(dir) = &Scratch::new("secret");
        let key = ServerKey::load_or_make(dir).unwrap();
        assert_eq!(ServerKey::load_or_make(dir).unwrap(), key);
        assert_private(&dir.file(FILE));
        assert_ne!(ServerKey::make(dir).unwrap(), key);
        assert_eq!(format!("{key:?}"), "ServerKey(..)");
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let Scratch(dir) = &Scratch::new("secret-damaged");
        dir.write(FILE, b"short").unwrap();
        let message = ServerKey::load_or_make(dir).unwrap_err().to_string();
        assert!(message.contains("server.key is damaged: it has 5 bytes"), "{message}");
        assert_eq!(dir.read(FILE).unwrap().unwrap(), b"short");
    }
}
