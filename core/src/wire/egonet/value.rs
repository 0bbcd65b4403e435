use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use super::{FieldError, FromValue};

/// One value, borrowed from the bytes that it was decoded from where possible. (Tags: see the [module](super).)
///
/// Other games of the family may use more tags, so a `match` outside this crate needs a wildcard arm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `si08`.
    I8(i8),
    /// `ui08`.
    U8(u8),
    /// `si16`.
    I16(i16),
    /// `ui16`.
    U16(u16),
    /// `si32`.
    I32(i32),
    /// `ui32`.
    U32(u32),
    /// `si64`.
    I64(i64),
    /// `ui64`.
    U64(u64),
    /// `bool`.
    Bool(bool),
    /// `fp32`.
    F32(Fp32),
    /// `fp64`.
    F64(Fp64),
    /// `tutc`.
    Time(UnixTime),
    /// `uuid`: the bytes as they are on the wire.
    Uuid([u8; 16]),
    /// `dstr`.
    Text(Cow<'a, str>),
    /// `blob`.
    Blob(Cow<'a, [u8]>),
    /// `vdic`.
    Dict(Dict<'a>),
    /// `vvtr`.
    List(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// Returns the first value of this name, if this is a dictionary that holds it.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.as_dict().and_then(|dict| dict.get(name))
    }

    /// Returns the number of an integer of any width.
    pub fn as_integer(&self) -> Option<i128> {
        Some(match *self {
            Self::I8(n) => n.into(),
            Self::U8(n) => n.into(),
            Self::I16(n) => n.into(),
            Self::U16(n) => n.into(),
            Self::I32(n) => n.into(),
            Self::U32(n) => n.into(),
            Self::I64(n) => n.into(),
            Self::U64(n) => n.into(),
            _ => return None,
        })
    }

    /// Returns the text of a `dstr`.
    pub fn as_str(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text)
    }

    /// Returns the bytes of a `blob`.
    pub fn as_blob(&self) -> Option<&[u8]> {
        let Self::Blob(bytes) = self else { return None };
        Some(bytes)
    }

    /// Returns the dictionary of a `vdic`.
    pub fn as_dict(&self) -> Option<&Dict<'a>> {
        let Self::Dict(dict) = self else { return None };
        Some(dict)
    }

    /// Returns the values of a `vvtr`.
    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        let Self::List(values) = self else { return None };
        Some(values)
    }
}

/// A dictionary: names and values in the order of the wire. A name may occur twice.
///
/// Each method that adds an entry has the name of the tag that it writes, so a chain of calls reads like the
/// description of a message:
///
/// ```
/// use mmcos_core::wire::egonet::{Dict, encode};
///
/// let presence = Dict::new().dstr("Name", "Ann").bool("IsCrossPlatform", false).si64("EgoNetId", 7);
/// let board = Dict::new().si32("TotalEntries", 1).vvtr("Entries", [presence]).si32("PlayerRank", 1);
/// encode(&board.into(), &mut Vec::new())?;
/// # Ok::<(), mmcos_core::wire::egonet::EncodeError>(())
/// ```
///
/// A name is at most 255 bytes of ASCII; [`encode`](super::encode) refuses another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dict<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Dict<'a> {
    /// Returns a dictionary without entries.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the first value of this name.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Adds an entry.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds a `dstr`.
    #[must_use]
    pub fn dstr(self, name: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Self {
        self.with(name, Value::Text(text.into()))
    }

    /// Adds a `blob`.
    #[must_use]
    pub fn blob(self, name: impl Into<Cow<'a, str>>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        self.with(name, Value::Blob(bytes.into()))
    }

    /// Adds a `vdic`.
    #[must_use]
    pub fn vdic(self, name: impl Into<Cow<'a, str>>, dict: Dict<'a>) -> Self {
        self.with(name, dict)
    }

    /// Adds a `vvtr`. Lists of numbers spell out the variant: `[Value::U8(1), Value::U8(2)]`.
    #[must_use]
    pub fn vvtr<V: Into<Value<'a>>>(
        self,
        name: impl Into<Cow<'a, str>>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.with(name, Value::List(values.into_iter().map(Into::into).collect()))
    }
}

impl<'a> From<Dict<'a>> for Value<'a> {
    fn from(dict: Dict<'a>) -> Self {
        Self::Dict(dict)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// Implements the builder's method, the accessor and [`FromValue`] of each tag whose data has one size, and the
/// table of all tags.
macro_rules! tags {
    ($($tag:ident $variant:ident $data:ty, $accepted:ty, $accessor:ident;)*) => {
        impl<'a> Dict<'a> {
            $(
                #[doc = concat!("Adds a `", stringify!($tag), "`.")]
                #[must_use]
                pub fn $tag(self, name: impl Into<Cow<'a, str>>, data: $accepted) -> Self {
                    self.with(name, Value::$variant(data.into()))
                }
            )*
        }

        impl Value<'_> {
            $(
                #[doc = concat!("Returns the data of a `", stringify!($tag), "`. No other width is converted.")]
                pub const fn $accessor(&self) -> Option<$data> {
                    let Self::$variant(data) = self else { return None };
                    Some(*data)
                }
            )*

            /// Returns the four letters of the tag.
            pub const fn tag(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($tag),)*
                    Self::Text(_) => "dstr",
                    Self::Blob(_) => "blob",
                    Self::Dict(_) => "vdic",
                    Self::List(_) => "vvtr",
                }
            }
        }

        $(
            impl<'v> FromValue<'v> for $data {
                const EXPECTED: &'static str = stringify!($tag);

                fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
                    value.$accessor().ok_or_else(|| FieldError::expected::<Self>(value))
                }
            }
        )*
    };
}

tags! {
    si08 I8 i8, i8, as_i8;
    ui08 U8 u8, u8, as_u8;
    si16 I16 i16, i16, as_i16;
    ui16 U16 u16, u16, as_u16;
    si32 I32 i32, i32, as_i32;
    ui32 U32 u32, u32, as_u32;
    si64 I64 i64, i64, as_i64;
    ui64 U64 u64, u64, as_u64;
    bool Bool bool, bool, as_bool;
    fp32 F32 Fp32, impl Into<Fp32>, as_fp32;
    fp64 F64 Fp64, impl Into<Fp64>, as_fp64;
    tutc Time UnixTime, UnixTime, as_time;
    uuid Uuid [u8; 16], [u8; 16], as_uuid;
}

/// Seconds since the Unix epoch, UTC: unsigned, so from 1970 to 2106. (The official store of another game of the
/// family sells until 2042, past the end of a signed `tutc`.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u32);

/// Defines a floating-point number that is stored and compared as its bits.
macro_rules! floats {
    ($($(#[$doc:meta])* $name:ident $float:ident $bits:ident $width:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// A NaN equals itself, 0 does not equal −0, and no machine's floating-point unit can quieten a NaN in passing.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name($bits);

        impl $name {
            /// Returns the number with these bits.
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// Returns the bits.
            pub const fn to_bits(self) -> $bits {
                self.0
            }

            /// Returns the number.
            pub const fn get(self) -> $float {
                $float::from_bits(self.0)
            }
        }

        impl From<$float> for $name {
            fn from(number: $float) -> Self {
                Self(number.to_bits())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // With the bits, which are what is compared: all NaNs print alike.
                write!(f, concat!("{:?} ({:#0", $width, "x})"), self.get(), self.0)
            }
        }

        impl<'v> FromValue<'v> for $float {
            const EXPECTED: &'static str = $name::EXPECTED;

            fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
                $name::from_value(value).map($name::get)
            }
        }
    )*};
}

floats! {
    /// An IEEE single.
    Fp32 f32 u32 "10";
    /// An IEEE double.
    Fp64 f64 u64 "18";
}

/// Returns true if a dictionary can hold this name: its length is one byte on the wire.
pub(super) fn is_name(text: &str) -> bool {
    text.is_ascii() && text.len() <= 255
}
