use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use mmcos_core::settings::{Key, Settings, SettingsError};

use super::{ConfigError, Keys};

/// Origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value from one source.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The strongest value given for each key, by the key's field. Keys without a given value are missing.
#[derive(Clone, Debug)]
pub(super) struct AllGiven {
    keys: Keys,
    given: BTreeMap<&'static str, Given>,
}

impl AllGiven {
    pub(super) const fn nothing(keys: Keys) -> Self {
        Self { keys, given: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, all: Vec<Given>) -> Result<(), ConfigError> {
        for given in all {
            let key = self.keys.iter().find(|key| key.name() == given.name);
            let Some(key) = key else {
                return Err(ConfigError::unknown_key(self.keys, given.origin, given.name));
            };
            self.given.insert(key.field, given);
        }
        Ok(())
    }

    /// Adds the values of environment variables. Unknown variables with our prefix cause a warning only: container
    /// managers add some (Kubernetes sets `MMCOS_PORT` for a service of this name).
    pub(super) fn add_environment(&mut self, environment: &[(String, String)]) -> Vec<String> {
        let (keys, prefix, file) = (self.keys, self.keys.prefix(), self.keys.file_variable());
        let ours = environment.iter().filter(|(name, _)| name.starts_with(&prefix) && *name != file);
        let mut warnings = Vec::new();
        for (name, value) in ours {
            match keys.iter().find(|key| keys.variable(key) == *name) {
                Some(key) => {
                    let origin = Origin::Environment(name.clone());
                    let given = Given { name: key.name(), text: value.clone(), origin };
                    self.given.insert(key.field, given);
                }
                None => warnings.push(unknown(name)),
            }
        }
        warnings
    }

    pub(super) fn overlaid_by(mut self, stronger: &Self) -> Self {
        self.given.extend(stronger.given.clone());
        self
    }

    /// Returns the text given for a key, or its default.
    pub(super) fn text(&self, key: &Key) -> String {
        self.given.get(key.field).map_or_else(|| self.keys.default(key), |given| given.text.clone())
    }

    /// Parses the keys of `S` as settings.
    pub(super) fn parse<S: Settings>(&self) -> Result<S, ConfigError> {
        let texts: BTreeMap<_, _> = S::KEYS.iter().map(|key| (key.field, self.text(key))).collect();
        S::parse(|key| texts.get(key.field).map(String::as_str)).map_err(|error| match error {
            SettingsError::Unknown(name) => ConfigError::unknown_key(self.keys, Origin::Default, name),
            SettingsError::BadValue { key, expected, found } => ConfigError::BadValue {
                origin: self.origin(key),
                key: key.name(),
                text: printable(&found),
                expected,
            },
        })
    }

    pub(super) fn origin(&self, key: &Key) -> Origin {
        self.given.get(key.field).map_or(Origin::Default, |given| given.origin.clone())
    }
}

/// Escapes control characters, so that the text fits on one line.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn unknown(variable: &str) -> String {
    format!("unknown environment variable {variable}: ignored")
}
