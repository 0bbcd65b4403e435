use alloc::{borrow::ToOwned as _, format, string::String};
use core::ops::RangeInclusive;

use super::{Datum, Kind, SettingsError, Value};

/// A key: the name of a setting, and the values that it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Name of the field, such as `poll_seconds`.
    pub field: &'static str,
    /// Default value, as text.
    pub default: &'static str,
    /// Placeholder for the value in a help text, such as `SECONDS`.
    pub hint: &'static str,
    /// Form in which an operator edits it.
    pub kind: Kind,
    /// True if it can change while the server runs.
    pub live: bool,
    about: &'static str,
    expected: &'static str,
    range: Option<RangeInclusive<u32>>,
}

impl Key {
    /// Returns a key for values of type `T`. [`settings!`](crate::settings!) calls this.
    pub const fn of<T: Value>(
        field: &'static str,
        about: &'static str,
        default: &'static str,
        range: Option<RangeInclusive<u32>>,
        live: bool,
    ) -> Self {
        Self { field, default, hint: T::HINT, kind: T::KIND, live, about, expected: T::EXPECTED, range }
    }

    /// Returns the name in a file, such as `poll-seconds`.
    pub fn name(&self) -> String {
        self.field.replace('_', "-")
    }

    /// Returns the explanation: a sentence or a few.
    pub fn about(&self) -> &'static str {
        self.about.trim()
    }

    /// Returns the range of a number.
    pub fn range(&self) -> Option<&RangeInclusive<u32>> {
        self.range.as_ref()
    }

    /// Returns a description of the accepted values; completes "must be …".
    pub fn expected(&self) -> String {
        match &self.range {
            Some(range) => format!("{} from {} to {}", self.expected, range.start(), range.end()),
            None => self.expected.to_owned(),
        }
    }

    /// Parses `text` as a value of this key.
    ///
    /// # Errors
    /// [`SettingsError::BadValue`]
    pub fn parse<T: Value>(&'static self, text: &str) -> Result<T, SettingsError> {
        // A word in place of a number has no range.
        let number = |value: &T| matches!(value.to_datum(), Datum::Integer(_) | Datum::Float(_));
        let is_in_range = |range: &RangeInclusive<u32>| {
            let fits = |number| f64::from(*range.start()) <= number && number <= f64::from(*range.end());
            text.parse().is_ok_and(fits)
        };
        let value = T::parse(text);
        let value = value.filter(|value| !number(value) || self.range.as_ref().is_none_or(is_in_range));
        value.ok_or_else(|| SettingsError::BadValue {
            key: self,
            expected: T::explain(text).unwrap_or_else(|| self.expected()),
            found: text.to_owned(),
        })
    }

    /// Returns the key of this name.
    ///
    /// # Errors
    /// [`SettingsError::Unknown`]
    pub fn find(keys: &'static [Self], name: &str) -> Result<&'static Self, SettingsError> {
        keys.iter().find(|key| key.name() == name).ok_or_else(|| SettingsError::Unknown(name.to_owned()))
    }

    /// Returns the key of this field.
    ///
    /// # Errors
    /// [`SettingsError::Unknown`]
    pub fn of_field(keys: &'static [Self], field: &str) -> Result<&'static Self, SettingsError> {
        keys.iter().find(|key| key.field == field).ok_or_else(|| SettingsError::Unknown(field.to_owned()))
    }

    /// Returns true if none of `keys` has a field in common with `others`, or one of the `reserved` names.
    ///
    /// Use it in a constant, so that a program whose host and game have settings of the same name does not compile.
    pub const fn are_distinct(keys: &[Self], others: &[Self], reserved: &[&str]) -> bool {
        let mut rest = keys;
        while let [key, tail @ ..] = rest {
            let (mut others, mut reserved) = (others, reserved);
            while let [other, tail @ ..] = others {
                if is_same(key.field, other.field) {
                    return false;
                }
                others = tail;
            }
            while let [other, tail @ ..] = reserved {
                if is_same(key.field, other) {
                    return false;
                }
                reserved = tail;
            }
            rest = tail;
        }
        true
    }
}

const fn is_same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, rest @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(field: &'static str) -> Key {
        Key::of::<bool>(field, " About.", "true", None, false)
    }

    #[test]
    fn fields_are_compared_whole() {
        const {
            assert!(Key::are_distinct(&[key("a"), key("ab")], &[key("abc"), key("b"), key("")], &["bc"]));
        }
        for (others, reserved) in [(&[key("c"), key("ab")][..], &[][..]), (&[], &["ab"])] {
            assert!(!Key::are_distinct(&[key("a"), key("ab")], others, reserved));
        }
    }
}
