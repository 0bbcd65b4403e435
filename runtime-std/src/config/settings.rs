use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::value::Value;
use super::{ConfigError, FILE_VARIABLE, KEYS, Key};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In a file, at this line (from 1).
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In this environment variable.
    Environment(String),
    /// By this flag.
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

/// A value as a source gives it.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The strongest value given for each key, by the key's field; a key that nobody gave is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, Given>);

impl Settings {
    pub(super) fn add(&mut self, all: Vec<Given>) -> Result<(), ConfigError> {
        for given in all {
            let key = KEYS.iter().find(|key| key.name() == given.name);
            let Some(key) = key else {
                return Err(ConfigError::UnknownKey { origin: given.origin, name: given.name });
            };
            self.0.insert(key.field, given);
        }
        Ok(())
    }

    /// Variables with our prefix that are no key's only give a warning: container managers make such variables up
    /// (Kubernetes sets `MMCOS_PORT` for a service of this name).
    pub(super) fn add_environment(&mut self, environment: &[(String, String)]) -> Vec<String> {
        let ours = environment.iter().filter(|(name, _)| name.starts_with("MMCOS_") && name != FILE_VARIABLE);
        let mut warnings = Vec::new();
        for (name, value) in ours {
            match KEYS.iter().find(|key| key.variable() == *name) {
                Some(key) => {
                    let origin = Origin::Environment(name.clone());
                    self.0.insert(key.field, Given { name: key.name(), text: value.clone(), origin });
                }
                None => warnings.push(unknown(name)),
            }
        }
        warnings
    }

    pub(super) fn overlaid_by(mut self, stronger: &Self) -> Self {
        self.0.extend(stronger.0.clone());
        self
    }

    pub(super) fn value<T: Value>(&self, field: &str) -> Result<T, ConfigError> {
        let key = KEYS.iter().find(|key| key.field == field);
        let text =
            self.0.get(field).map_or_else(|| key.map_or("", |key| key.default), |given| given.text.as_str());
        let range = key.and_then(Key::range);
        let is_in_range = |range: &RangeInclusive<u32>| {
            let in_range = |number| f64::from(*range.start()) <= number && number <= f64::from(*range.end());
            text.parse().is_ok_and(in_range)
        };
        let value = T::parse(text).filter(|_| range.as_ref().is_none_or(is_in_range));
        value.ok_or_else(|| ConfigError::BadValue {
            origin: self.origin(field),
            key: field.replace('_', "-"),
            text: printable(text),
            expected: key.map_or_else(String::new, Key::expected),
        })
    }

    pub(super) fn origin(&self, field: &str) -> Origin {
        self.0.get(field).map_or(Origin::Default, |given| given.origin.clone())
    }
}

/// On one line, whatever is in it.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn unknown(variable: &str) -> String {
    format!("the environment variable {variable} means nothing to this server")
}
