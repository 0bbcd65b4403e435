//! Settings of a game or of a host: one table for flags, environment, file, help, dashboard and traces.
//!
//! [`settings!`](crate::settings!) makes a struct and its table from the same lines:
//!
//! ```
//! use core::time::Duration;
//! use mmcos_core::settings::{Live, Settings as _, SettingsError};
//!
//! mmcos_core::settings! {
//!     /// Settings of a quiz.
//!     pub struct Quiz {
//!         /// Time for a question.
//!         time: Duration [1..=60] = "20" (live),
//!
//!         /// Questions of a round.
//!         questions: u32 [1..=100] = "10",
//!     }
//! }
//!
//! let quiz = Quiz::parse(|key| (key.name() == "questions").then_some("12"))?;
//! assert_eq!((quiz.time, quiz.questions), (Duration::from_secs(20), 12));
//! let error = Quiz::parse(|_| Some("0")).unwrap_err();
//! assert_eq!(error.to_string(), "`time` must be a number of seconds from 1 to 60, not \"0\"");
//!
//! let mut live = Live::new(quiz);
//! live.set("time", "2.5")?;
//! assert_eq!(live.time, Duration::from_millis(2500));
//! assert_eq!(live.set("questions", "5"), Err(SettingsError::Unknown("questions".into())));
//! # Ok::<(), SettingsError>(())
//! ```

mod key;
#[cfg(feature = "game")]
mod list;
mod live;
mod serialized;
mod value;

use alloc::{string::String, vec::Vec};

pub use key::Key;
#[cfg(feature = "game")]
pub use list::{Item, List};
pub use live::{Live, LiveSetting};
#[doc(hidden)]
pub use serialized::{Deserialize, Deserializer, Serialize, Serializer, deserialize, serialize};
pub use value::{Choice, Datum, Kind, Line, Value};

/// A struct of settings with the table of its keys, made by [`settings!`](crate::settings!).
///
/// As a serde value it is a map from the names of the keys to their values; a missing key has its default.
pub trait Settings: Serialize + for<'a> Deserialize<'a> + Clone + core::fmt::Debug + 'static {
    /// Every key, in the order in which they are shown.
    const KEYS: &'static [Key];

    /// Parses the text given for each key. A key without text gets its default.
    ///
    /// # Errors
    /// [`SettingsError::BadValue`] for the first value that does not parse or is out of range.
    fn parse<'a>(given: impl FnMut(&'static Key) -> Option<&'a str>) -> Result<Self, SettingsError>;

    /// Returns the values in the order of [`KEYS`](Self::KEYS).
    fn data(&self) -> Data;

    /// Parses `text` and stores it under this name.
    ///
    /// # Errors
    /// [`SettingsError`] if there is no such key or the value does not fit it. Nothing is changed then.
    fn set(&mut self, name: &str, text: &str) -> Result<(), SettingsError>;
}

/// The values of some settings, in the order of their keys.
pub type Data = Vec<Datum>;

/// A key that does not exist, or a value that a key cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No key has this name.
    #[error("there is no setting `{0}`")]
    Unknown(String),
    /// The value does not parse or is out of range.
    #[error("`{}` must be {expected}, not \"{found}\"", key.name())]
    BadValue {
        /// The key.
        key: &'static Key,
        /// Description of the accepted values.
        expected: String,
        /// The text that was given.
        found: String,
    },
}

/// Makes a struct that implements [`Settings`](crate::settings::Settings).
///
/// A line is `/// explanation`, then `field: Type [range] = "default" (live),`; range and `(live)` may be left out.
/// The explanation is shown to operators. The key's name is the field's with dashes. The type implements
/// [`Value`](crate::settings::Value). A range is inclusive, of `u32`, and for values that are numbers. Keys that
/// are marked `(live)` can be changed while the server runs, see [`Live`](crate::settings::Live).
#[macro_export]
macro_rules! settings {
    (@live) => { false };
    (@live live) => { true };
    (@range) => { ::core::option::Option::None };
    (@range $range:expr) => { ::core::option::Option::Some($range) };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[doc = $about:literal])+
            $field:ident: $type:ty $([$range:expr])? = $default:literal $(($live:ident))?,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[doc = $about])+ pub $field: $type,)+
        }

        impl $name {
            /// Returns the default of each key.
            ///
            /// # Errors
            /// A default does not parse or is out of range.
            pub fn defaults() -> ::core::result::Result<Self, $crate::settings::SettingsError> {
                $crate::settings::Settings::parse(|_| ::core::option::Option::None)
            }
        }

        impl $crate::settings::Settings for $name {
            const KEYS: &'static [$crate::settings::Key] = &[$($crate::settings::Key::of::<$type>(
                ::core::stringify!($field),
                ::core::concat!($($about),+),
                $default,
                $crate::settings!(@range $($range)?),
                $crate::settings!(@live $($live)?),
            )),+];

            fn parse<'a>(
                mut given: impl FnMut(&'static $crate::settings::Key) -> ::core::option::Option<&'a str>,
            ) -> ::core::result::Result<Self, $crate::settings::SettingsError> {
                ::core::result::Result::Ok(Self {
                    $($field: {
                        let key = $crate::settings::Key::of_field(Self::KEYS, ::core::stringify!($field))?;
                        key.parse(given(key).unwrap_or(key.default))?
                    }),+
                })
            }

            fn data(&self) -> $crate::settings::Data {
                $crate::settings::Data::from([$($crate::settings::Value::to_datum(&self.$field)),+])
            }

            fn set(
                &mut self,
                name: &str,
                text: &str,
            ) -> ::core::result::Result<(), $crate::settings::SettingsError> {
                let key = $crate::settings::Key::find(Self::KEYS, name)?;
                $(if key.field == ::core::stringify!($field) {
                    self.$field = key.parse(text)?;
                })+
                ::core::result::Result::Ok(())
            }
        }

        impl $crate::settings::Serialize for $name {
            fn serialize<S: $crate::settings::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::settings::serialize(self, serializer)
            }
        }

        impl<'de> $crate::settings::Deserialize<'de> for $name {
            fn deserialize<D: $crate::settings::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::settings::deserialize(deserializer)
            }
        }
    };
}
