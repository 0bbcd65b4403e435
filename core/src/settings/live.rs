use alloc::{
    borrow::ToOwned as _,
    collections::BTreeMap,
    string::{String, ToString as _},
};
use core::ops::Deref;

use super::{Datum, Key, Kind, Settings, SettingsError};

/// Settings of which an operator can change some while the server runs. A value that was set overrides the
/// configuration until it is reset. Dereferences to the settings in force.
#[derive(Clone, Debug)]
pub struct Live<S> {
    configured: S,
    current: S,
    /// Values that were set, by field.
    set: BTreeMap<&'static str, String>,
}

/// A setting that can change while the server runs, as a dashboard shows it.
#[derive(Clone, Debug, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LiveSetting {
    /// Name of the setting.
    pub name: String,
    /// Explanation of the setting.
    pub about: &'static str,
    /// Form in which it is edited.
    pub kind: Kind,
    /// The value in force, as text.
    pub value: String,
    /// The value of the configuration.
    pub configured: String,
    /// True if the value was set and overrides the configuration.
    pub set: bool,
}

impl<S: Settings> Live<S> {
    /// Returns the settings of a configuration. Nothing is set yet.
    pub fn new(configured: S) -> Self {
        Self { current: configured.clone(), configured, set: BTreeMap::new() }
    }

    /// Sets a value.
    ///
    /// # Errors
    /// [`SettingsError`] if no live key has this name, or the value does not fit it. Nothing is changed then.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), SettingsError> {
        let key = find::<S>(name)?;
        self.current.set(name, text)?;
        self.set.insert(key.field, text.to_owned());
        Ok(())
    }

    /// Removes a value that was set, so that the configuration applies again.
    ///
    /// # Errors
    /// [`SettingsError`] if no live key has this name.
    pub fn reset(&mut self, name: &str) -> Result<(), SettingsError> {
        let key = find::<S>(name)?;
        self.set.remove(key.field);
        let configured = S::KEYS.iter().zip(self.configured.data()).find(|(other, _)| *other == key);
        configured.map_or(Ok(()), |(_, configured)| self.current.set(name, &configured.to_string()))
    }

    /// Returns the names and values that were set.
    pub fn changes(&self) -> impl Iterator<Item = (String, &str)> {
        let name = |field: &str| field.replace('_', "-");
        self.set.iter().map(move |(field, text)| (name(field), text.as_str()))
    }

    /// Returns every setting that can change while the server runs, in the order of the keys.
    pub fn rows(&self) -> impl Iterator<Item = LiveSetting> {
        let values = self.current.data().into_iter().zip(self.configured.data());
        let row = |(key, (value, configured)): (&'static Key, (Datum, Datum))| LiveSetting {
            name: key.name(),
            about: key.about(),
            kind: key.kind,
            value: value.to_string(),
            configured: configured.to_string(),
            set: self.set.contains_key(key.field),
        };
        S::KEYS.iter().zip(values).filter(|(key, _)| key.live).map(row)
    }
}

impl<S> Deref for Live<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.current
    }
}

/// Returns the live key of this name. Keys that are fixed at the start are unknown here.
fn find<S: Settings>(name: &str) -> Result<&'static Key, SettingsError> {
    let key = Key::find(S::KEYS, name)?;
    if key.live { Ok(key) } else { Err(SettingsError::Unknown(name.to_owned())) }
}
