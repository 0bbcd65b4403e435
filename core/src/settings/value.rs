use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    fmt,
    net::{Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    ops::Deref,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::AddressRange;

/// A type of settings. Every source of settings gives text.
pub trait Value: Sized {
    /// Placeholder for the value in a help text.
    const HINT: &'static str;
    /// Description of the accepted values; completes "must be …".
    const EXPECTED: &'static str;
    /// Form in which an operator edits it.
    const KIND: Kind = Kind::Text;

    /// Parses a value.
    fn parse(text: &str) -> Option<Self>;

    /// Returns the problem of a text that does not parse, for types whose [`EXPECTED`](Self::EXPECTED) cannot say it.
    fn explain(_text: &str) -> Option<String> {
        None
    }

    /// Returns the value in the form of a file or a trace. [`parse`](Self::parse) accepts its text.
    fn to_datum(&self) -> Datum;
}

/// A type with a few named values.
pub trait Choice: Copy + PartialEq + 'static {
    /// See [`Value::HINT`].
    const HINT: &'static str;
    /// See [`Value::EXPECTED`].
    const EXPECTED: &'static str;
    /// Every value with its name.
    const CHOICES: &'static [(&'static str, Self)];
}

/// The form in which an operator edits a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A line of text.
    Text,
    /// True or false.
    Truth,
    /// A number.
    Number,
    /// A number of seconds.
    Seconds,
}

/// A setting's value as data, for files, traces and JSON. `Display` writes it as on the command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "true, false, a number or a text")]
pub enum Datum {
    /// True or false.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A list or a table, as JSON. In a file it is written as TOML.
    #[serde(skip_deserializing)]
    Json(String),
    /// Anything else.
    Text(String),
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(truth) => truth.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Json(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

impl<T: Choice> Value for T {
    const HINT: &'static str = <T as Choice>::HINT;
    const EXPECTED: &'static str = <T as Choice>::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        Self::CHOICES.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
    }

    fn to_datum(&self) -> Datum {
        let name = Self::CHOICES.iter().find(|(_, value)| value == self).map_or("", |(name, _)| *name);
        Datum::Text(name.to_owned())
    }
}

impl Value for bool {
    const HINT: &'static str = "true|false";
    const EXPECTED: &'static str = "true or false";
    const KIND: Kind = Kind::Truth;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_datum(&self) -> Datum {
        Datum::Truth(*self)
    }
}

impl Value for u32 {
    const HINT: &'static str = "NUMBER";
    const EXPECTED: &'static str = "a whole number";
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_datum(&self) -> Datum {
        Datum::Integer((*self).into())
    }
}

impl Value for NonZeroUsize {
    const HINT: &'static str = "NUMBER";
    const EXPECTED: &'static str = "a whole number";
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_datum(&self) -> Datum {
        Datum::Integer(i64::try_from(self.get()).unwrap_or(i64::MAX))
    }
}

impl Value for Duration {
    const HINT: &'static str = "SECONDS";
    const EXPECTED: &'static str = "a number of seconds";
    const KIND: Kind = Kind::Seconds;

    fn parse(text: &str) -> Option<Self> {
        Self::try_from_secs_f64(text.parse().ok()?).ok()
    }

    fn to_datum(&self) -> Datum {
        match i64::try_from(self.as_secs()) {
            Ok(seconds) if self.subsec_nanos() == 0 => Datum::Integer(seconds),
            _ => Datum::Float(self.as_secs_f64()),
        }
    }
}

impl Value for String {
    const HINT: &'static str = "TEXT";
    const EXPECTED: &'static str = "a text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.clone())
    }
}

/// A non-empty line of text, such as a message of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// Maximum length of a line, in bytes. (Our choice.)
    pub const MAX: usize = 500;
}

impl Deref for Line {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Value for Line {
    const HINT: &'static str = "TEXT";
    const EXPECTED: &'static str = "a line of at most 500 bytes";

    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX).contains(&text.len()) && !text.contains(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.0.clone())
    }
}

impl Value for Vec<AddressRange> {
    const HINT: &'static str = "ADDRESSES";
    const EXPECTED: &'static str =
        "a list of addresses and ranges with commas between, such as 127.0.0.1, 10.0.0.0/8";

    fn parse(text: &str) -> Option<Self> {
        let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
        ranges.map(|range| range.parse().ok()).collect()
    }

    fn to_datum(&self) -> Datum {
        let ranges: Vec<String> = self.iter().map(ToString::to_string).collect();
        Datum::Text(ranges.join(", "))
    }
}

/// An optional value; `None` is the empty text.
impl<T: Value> Value for Option<T> {
    const HINT: &'static str = T::HINT;
    const EXPECTED: &'static str = T::EXPECTED;
    const KIND: Kind = T::KIND;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::parse(text).map(Some) }
    }

    fn to_datum(&self) -> Datum {
        self.as_ref().map_or_else(|| Datum::Text(String::new()), T::to_datum)
    }
}

/// An address to listen on; `None` is "off". A bare port means all addresses of the machine, IPv6 and IPv4.
impl Value for Option<SocketAddr> {
    const HINT: &'static str = "ADDRESS:PORT|PORT|off";
    const EXPECTED: &'static str = "an address and port such as 192.168.1.20:443 or [::]:443, a port, or off";

    fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(None);
        }
        let every_address = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        text.parse().map(every_address).or_else(|_| text.parse()).ok().map(Some)
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.map_or_else(|| "off".to_owned(), |address| address.to_string()))
    }
}
