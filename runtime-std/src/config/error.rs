use std::path::PathBuf;

use super::{Keys, Origin};
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
    #[error("{origin}: this is not TOML: {message}; `{program} config` prints a file to start from")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser says.
        message: String,
        /// The program.
        program: &'static str,
    },
    /// A key that does not exist.
    #[error("{origin}: there is no key `{name}`{near}; `{program} config` lists every key")]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// The name that was given.
        name: String,
        /// ` (did you mean …?)` if a key has nearly this name.
        near: String,
        /// The program.
        program: &'static str,
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

impl ConfigError {
    pub(super) fn unknown_key(keys: Keys, origin: Origin, name: String) -> Self {
        let near = suggest(keys, &name);
        Self::UnknownKey { origin, name, near, program: keys.program() }
    }
}

fn suggest(keys: Keys, name: &str) -> String {
    let name = name.replace('_', "-").to_lowercase();
    let near = keys.iter().map(|key| (text::distance(&name, &key.name()), key.name())).min();
    near.filter(|(distance, _)| *distance <= 2)
        .map_or_else(String::new, |(_, key)| format!(" (did you mean `{key}`?)"))
}
