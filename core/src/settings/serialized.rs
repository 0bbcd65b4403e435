//! Serialises [`Settings`] as maps.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString as _},
};

use serde::de::Error as _;
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Datum, Settings};

/// Serialises settings as a map from names to values.
pub fn serialize<T: Settings, S: Serializer>(settings: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(T::KEYS.iter().map(super::Key::name).zip(settings.data()))
}

/// Deserialises a map that [`serialize`] wrote. A missing key has its default.
pub fn deserialize<'de, T: Settings, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let given = BTreeMap::<String, Datum>::deserialize(deserializer)?;
    let mut settings = T::parse(|_| None).map_err(D::Error::custom)?;
    for (name, datum) in given {
        settings.set(&name, &datum.to_string()).map_err(D::Error::custom)?;
    }
    Ok(settings)
}
