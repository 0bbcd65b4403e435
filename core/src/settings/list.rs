use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Datum, Value};

/// A list as a setting: JSON in a flag or a variable, TOML in a file. Every value of this type has been checked.
///
/// ```
/// use mmcos_core::settings::{Item, List, Value as _};
///
/// #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// struct Track {
///     name: String,
///     laps: u32,
/// }
///
/// impl Item for Track {
///     const EXPECTED: &'static str = "a list of tracks";
///
///     fn check(tracks: &[Self]) -> Result<(), String> {
///         let endless = tracks.iter().find(|track| track.laps == 0);
///         endless.map_or(Ok(()), |track| Err(format!("{} has at least one lap", track.name)))
///     }
/// }
///
/// let tracks = List::<Track>::parse(r#"[{"name": "Breakfast", "laps": 3}]"#).unwrap();
/// assert_eq!(tracks.all()[0].laps, 3);
/// let problem = List::<Track>::explain(r#"[{"name": "Garden", "laps": 0}]"#).unwrap();
/// assert_eq!(problem, "a list of tracks in which Garden has at least one lap");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

/// An item of a [`List`].
pub trait Item: Serialize + DeserializeOwned {
    /// Description of the list; completes "must be …".
    const EXPECTED: &'static str;

    /// Checks the list.
    ///
    /// # Errors
    /// The condition that the list does not meet; completes "a list in which …".
    fn check(items: &[Self]) -> Result<(), String>;
}

impl<T> List<T> {
    /// Returns the items.
    pub fn all(&self) -> &[T] {
        &self.0
    }
}

impl<T: Item> List<T> {
    fn read(text: &str) -> Result<Self, String> {
        let items: Vec<T> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        T::check(&items).map(|()| Self(items))
    }
}

impl<T: Item> Value for List<T> {
    const HINT: &'static str = "LIST";
    const EXPECTED: &'static str = T::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    fn explain(text: &str) -> Option<String> {
        Self::read(text).err().map(|problem| format!("{} in which {problem}", Self::EXPECTED))
    }

    fn to_datum(&self) -> Datum {
        Datum::Json(serde_json::to_string(&self.0).unwrap_or_default())
    }
}
