use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

/// One value, borrowed from the bytes that it was decoded from where it can be. (Tags: see the [module](super).)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// `tutc`: seconds since the Unix epoch, UTC.
    Time(i32),
    /// `dstr`.
    Text(Cow<'a, str>),
    /// `blob`.
    Blob(Cow<'a, [u8]>),
    /// `vdic`: the order is kept, and so is a name that stands there twice.
    Dict(Vec<(Name<'a>, Value<'a>)>),
    /// `vvtr`.
    List(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// The first value of this name, if this is a dictionary that has it.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        let Self::Dict(entries) = self else { return None };
        entries.iter().find(|(n, _)| n.as_str() == name).map(|(_, value)| value)
    }

    /// The string, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text)
    }

    /// The bytes, if this is a blob.
    pub fn as_blob(&self) -> Option<&[u8]> {
        let Self::Blob(bytes) = self else { return None };
        Some(bytes)
    }
}

/// The name of a dictionary's entry: at most 255 bytes of ASCII.
///
/// ```
/// use mmcos_core::wire::egonet::Name;
/// const PRINCIPAL_ID: Name = Name::from_static("PrincipalId");
/// assert_eq!(Name::new("PrincipalId")?, PRINCIPAL_ID);
/// assert!(Name::new("Größe").is_err());
/// # Ok::<(), mmcos_core::wire::egonet::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(Cow<'a, str>);

impl<'a> Name<'a> {
    /// The longest name, in bytes: its length is one byte on the wire.
    pub const MAX_LEN: usize = 255;

    /// This text as a name, if it is ASCII and short enough.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, NameError> {
        let text = text.into();
        if is_name(&text) { Ok(Self(text)) } else { Err(NameError { len: text.len() }) }
    }

    /// A name of the program's own text, for constants.
    ///
    /// # Panics
    /// If it is no name. In a `const`, where this belongs, that is an error of the compiler.
    pub const fn from_static(text: &'static str) -> Name<'static> {
        assert!(is_name(text), "a name is at most 255 bytes of ASCII");
        Name(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length byte. Both constructors keep to [`Name::MAX_LEN`], so this is the length.
    pub(super) fn length_byte(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

const fn is_name(text: &str) -> bool {
    text.is_ascii() && text.len() <= Name::MAX_LEN
}

/// A text that cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a name is at most {max} bytes of ASCII; this text is {len} bytes or not ASCII", max = Name::MAX_LEN)]
pub struct NameError {
    /// Its length in bytes.
    pub len: usize,
}

/// An IEEE single, kept and compared as its bits: a NaN equals itself, 0 does not equal −0, and no machine's
/// floating-point unit gets to quieten a NaN in passing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fp32(u32);

impl Fp32 {
    /// The number with these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The number.
    pub const fn get(self) -> f32 {
        f32::from_bits(self.0)
    }
}

impl From<f32> for Fp32 {
    fn from(number: f32) -> Self {
        Self(number.to_bits())
    }
}

impl fmt::Debug for Fp32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:#010x})", self.get(), self.0)
    }
}
