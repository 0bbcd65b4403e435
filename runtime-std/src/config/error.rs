use std::path::PathBuf;

use super::{Keys, Origin};
use crate::system::text_file::TextFileError;

/// Error of loading the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that was named or found cannot be read.
    #[error("cannot read the configuration file {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, #[source] TextFileError),
    /// A file is not TOML.
    #[error("{origin}: invalid TOML: {message}; `{program} config` prints a file to start from")]
    Syntax {
        /// Place of the error.
        origin: Origin,
        /// Message of the parser.
        message: String,
        /// Name of the program.
        program: &'static str,
    },
    /// A key that does not exist.
    #[error("{origin}: there is no setting `{name}`{near}; `{program} config` lists every setting")]
    UnknownKey {
        /// Place of the key.
        origin: Origin,
        /// Name that was given.
        name: String,
        /// ` (did you mean …?)` if a key has a similar name.
        near: String,
        /// Name of the program.
        program: &'static str,
    },
    /// A value that does not parse as the key's type.
    #[error("{origin}: {key} = `{text}` is not {expected}")]
    BadValue {
        /// Place of the value.
        origin: Origin,
        /// Name of the key.
        key: String,
        /// Value that was given.
        text: String,
        /// Description of a valid value.
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
    let near = keys.iter().map(|key| (strsim::levenshtein(&name, &key.name()), key.name())).min();
    near.filter(|(distance, _)| *distance <= 2)
        .map_or_else(String::new, |(_, key)| format!(" (did you mean `{key}`?)"))
}
