use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};

use super::{Fp32, Name, Value};
use crate::wire::cursor::Cursor;

/// How much a value may hold. The defaults are our choice: the game's login goes two deep with two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep dictionaries and lists may nest; a value of its own is one deep.
    pub depth: usize,
    /// How many values there may be, at all depths.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, values: 4096 }
    }
}

/// Why bytes are not a value. Offsets count bytes from their start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("expected {expected} at byte {offset}, got the end")]
    Cut {
        /// What was to come.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// Bytes after the value.
    #[error("expected the end at byte {offset}, got {left} more bytes")]
    LeftOver {
        /// Where the value ended.
        offset: usize,
        /// How much there was behind it.
        left: usize,
    },
    /// Not one of the known tags.
    #[error("expected a tag at byte {offset}, got {got:?}")]
    Tag {
        /// The four bytes, those that are not ASCII replaced.
        got: String,
        /// Where.
        offset: usize,
    },
    /// A length or count larger than what is left could hold.
    #[error("expected {expected} at byte {offset}, got a length of {length}, more than there is")]
    Length {
        /// What was to come.
        expected: &'static str,
        /// How long it claims to be.
        length: u32,
        /// Where.
        offset: usize,
    },
    /// A `bool` that is neither 0 nor 1. It could not be written back, so it is refused: our choice.
    #[error("expected 0 or 1 at byte {offset}, got {got}")]
    Bool {
        /// The byte.
        got: u8,
        /// Where.
        offset: usize,
    },
    /// A `dstr` that is not UTF-8, or a name that is not ASCII.
    #[error("expected {expected} at byte {offset}, got other bytes")]
    Text {
        /// UTF-8 or ASCII.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// Nested more deeply than [`Limits::depth`].
    #[error("expected at most {limit} levels, got more at byte {offset}")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where.
        offset: usize,
    },
    /// More values than [`Limits::values`].
    #[error("expected at most {limit} values, got more at byte {offset}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// Where.
        offset: usize,
    },
}

/// Reads one value that takes up all of `bytes`. Nothing is allocated for a count that the bytes cannot hold.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Value<'a>, DecodeError> {
    let mut decoder = Decoder { cursor: Cursor::new(bytes), limits: *limits, values: 0 };
    let value = decoder.value(1)?;
    match decoder.cursor.remaining() {
        0 => Ok(value),
        left => Err(DecodeError::LeftOver { offset: decoder.cursor.offset(), left }),
    }
}

struct Decoder<'a> {
    cursor: Cursor<'a>,
    limits: Limits,
    values: usize,
}

impl<'a> Decoder<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, DecodeError> {
        let offset = self.cursor.offset();
        if depth > self.limits.depth {
            return Err(DecodeError::TooDeep { limit: self.limits.depth, offset });
        }
        self.values = self.values.saturating_add(1);
        if self.values > self.limits.values {
            return Err(DecodeError::TooMany { limit: self.limits.values, offset });
        }
        let tag: [u8; 4] = self.array("a tag")?;
        Ok(match &tag {
            b"si08" => Value::I8(i8::from_le_bytes(self.array("si08")?)),
            b"ui08" => Value::U8(u8::from_le_bytes(self.array("ui08")?)),
            b"si16" => Value::I16(i16::from_le_bytes(self.array("si16")?)),
            b"ui16" => Value::U16(u16::from_le_bytes(self.array("ui16")?)),
            b"si32" => Value::I32(i32::from_le_bytes(self.array("si32")?)),
            b"ui32" => Value::U32(u32::from_le_bytes(self.array("ui32")?)),
            b"si64" => Value::I64(i64::from_le_bytes(self.array("si64")?)),
            b"ui64" => Value::U64(u64::from_le_bytes(self.array("ui64")?)),
            b"fp32" => Value::F32(Fp32::from_bits(u32::from_le_bytes(self.array("fp32")?))),
            b"tutc" => Value::Time(i32::from_le_bytes(self.array("tutc")?)),
            b"bool" => Value::Bool(self.boolean()?),
            b"dstr" => Value::Text(Cow::Borrowed(self.text()?)),
            b"blob" => Value::Blob(Cow::Borrowed(self.counted("a blob")?)),
            b"vdic" => Value::Dict(self.dict(depth)?),
            b"vvtr" => Value::List(self.list(depth)?),
            _ => return Err(DecodeError::Tag { got: tag.escape_ascii().to_string(), offset }),
        })
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        let offset = self.cursor.offset();
        match self.array("bool")? {
            [0] => Ok(false),
            [1] => Ok(true),
            [got] => Err(DecodeError::Bool { got, offset }),
        }
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let offset = self.cursor.offset();
        let bytes = self.counted("a dstr")?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::Text { expected: "UTF-8", offset })
    }

    fn name(&mut self) -> Result<Name<'a>, DecodeError> {
        let offset = self.cursor.offset();
        let [length] = self.array("a name")?;
        let bytes = self.slice("a name", length.into())?;
        let text = core::str::from_utf8(bytes).ok();
        text.and_then(|text| Name::new(text).ok()).ok_or(DecodeError::Text { expected: "ASCII", offset })
    }

    fn dict(&mut self, depth: usize) -> Result<Vec<(Name<'a>, Value<'a>)>, DecodeError> {
        // The shortest entry: an empty name, a tag, a byte.
        let count = self.count("entries", 6)?;
        let mut entries = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            entries.push((self.name()?, self.value(depth.saturating_add(1))?));
        }
        Ok(entries)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value<'a>>, DecodeError> {
        let count = self.count("values", 5)?;
        let mut values = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            values.push(self.value(depth.saturating_add(1))?);
        }
        Ok(values)
    }

    /// A count of things that take at least `least` bytes each.
    fn count(&mut self, expected: &'static str, least: usize) -> Result<usize, DecodeError> {
        let offset = self.cursor.offset();
        let length = u32::from_le_bytes(self.array(expected)?);
        let fits =
            |count: usize| count.checked_mul(least).is_some_and(|bytes| bytes <= self.cursor.remaining());
        usize::try_from(length).ok().filter(|&count| fits(count)).ok_or(DecodeError::Length {
            expected,
            length,
            offset,
        })
    }

    fn counted(&mut self, expected: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.count(expected, 1)?;
        self.slice(expected, length)
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], DecodeError> {
        let offset = self.cursor.offset();
        self.cursor.array().copied().ok_or(DecodeError::Cut { expected, offset })
    }

    fn slice(&mut self, expected: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let offset = self.cursor.offset();
        self.cursor.slice(length).ok_or(DecodeError::Cut { expected, offset })
    }
}
