use std::path::PathBuf;

use super::{KEYS, Origin};
use crate::text;
use crate::text_file::TextFileError;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file was named, or found, and cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TextFileError,
    },
    /// A file is not TOML.
    #[error("{origin}: this is not TOML: {message}; `mmcos config` prints a file to start from")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser says.
        message: String,
    },
    /// A key that is none of [`KEYS`].
    #[error("{origin}: there is no key `{name}`{}; `mmcos config` lists every key", suggest(name))]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// The name that was given.
        name: String,
    },
    /// A value of another type than the key's.
    #[error("{origin}: {key} = `{text}` is not {expected}")]
    BadValue {
        /// Where.
        origin: Origin,
        /// The key's name.
        key: String,
        /// The value that was given.
        text: String,
        /// What it should have been.
        expected: String,
    },
}

/// ` (did you mean …?)` if a key has nearly this name.
fn suggest(name: &str) -> String {
    let name = name.replace('_', "-").to_lowercase();
    let near = KEYS.iter().map(|key| (text::distance(&name, &key.name()), key.name())).min();
    near.filter(|(distance, _)| *distance <= 2)
        .map_or_else(String::new, |(_, key)| format!(" (did you mean `{key}`?)"))
}
