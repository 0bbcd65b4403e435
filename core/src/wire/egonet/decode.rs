use alloc::{borrow::Cow, vec::Vec};
use core::str::{self, Utf8Error};

use thiserror::Error;

use super::{Dict, Fp32, Fp64, UnixTime, Value, value::is_name};
use crate::wire::cursor::Cursor;

/// Limits of the size of a value.
///
/// The defaults are our choice. The largest official response known, a price list of another game of the family,
/// holds 6,975 values. 16,384 of them take at most 1 MB decoded, whatever a hostile body announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Maximum nesting depth of dictionaries and lists. (A `u8`, since decoding recurses.)
    pub depth: u8,
    /// Maximum number of values in all dictionaries and lists together.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, values: 16_384 }
    }
}

/// Decodes bytes that are exactly one value.
///
/// Only what [`encode`](super::encode) writes is accepted, so that encoding the result gives the same bytes: a
/// `bool` is 0 or 1 (our choice: no capture shows another), and nothing follows the value. Counts and lengths are
/// held against the limits and the bytes that are left before anything is allocated.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Value<'a>, DecodeError> {
    read(bytes, limits, false)
}

/// Decodes bytes that are exactly one value, as [`decode`] does, but drops invalid UTF-8 in texts. For messages whose
/// texts are only displayed.
///
/// # Errors
/// As those of [`decode`], but for [`DecodeError::Text`].
pub fn decode_with_any_text<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Value<'a>, DecodeError> {
    read(bytes, limits, true)
}

fn read<'a>(bytes: &'a [u8], limits: &Limits, any_text: bool) -> Result<Value<'a>, DecodeError> {
    let mut decoder = Decoder { bytes: Cursor::new(bytes), limits, values_left: limits.values, any_text };
    let value = decoder.value(limits.depth)?;
    match decoder.bytes.remaining() {
        0 => Ok(value),
        // Encoding the value would lose them.
        extra => Err(DecodeError::Trailing { at: decoder.bytes.offset(), extra }),
    }
}

/// The reason why bytes are not a value. Offsets count from the first byte.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end within a field, or are too few for a count.
    #[error("{what} at offset {at} needs at least {needed} bytes, {left} are left")]
    Truncated {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// Minimum number of bytes that it takes.
        needed: usize,
        /// Number of bytes left there.
        left: usize,
    },
    /// A tag that is not in the table.
    #[error("expected the tag of a value at offset {at}, found \"{}\"", tag.escape_ascii())]
    UnknownTag {
        /// Its offset.
        at: usize,
        /// Its four bytes.
        tag: [u8; 4],
    },
    /// A `bool` that is neither 0 nor 1.
    #[error("expected a bool of 0 or 1 at offset {at}, found {found}")]
    Bool {
        /// Offset of its byte.
        at: usize,
        /// The byte.
        found: u8,
    },
    /// A `dstr` that is not UTF-8.
    #[error("the text at offset {at} is not UTF-8")]
    Text {
        /// Offset of the text.
        at: usize,
        /// The problem.
        source: Utf8Error,
    },
    /// A name that is not ASCII.
    #[error("the name at offset {at} is not ASCII")]
    Name {
        /// Offset of the name.
        at: usize,
    },
    /// More nesting than [`Limits::depth`].
    #[error("at offset {at} dictionaries and lists are nested more than {limit} deep")]
    TooDeep {
        /// Offset of the value that is too deep.
        at: usize,
        /// The limit.
        limit: u8,
    },
    /// More values than [`Limits::values`].
    #[error("the count at offset {at} makes more than {limit} values")]
    TooMany {
        /// Offset of the count that is too large.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// Bytes after the value.
    #[error("the value ends at offset {at}, {extra} bytes follow it")]
    Trailing {
        /// Offset at which the value ends.
        at: usize,
        /// Number of bytes that follow.
        extra: usize,
    },
}

/// Size of the smallest value, in bytes: a tag and one byte.
const MIN_VALUE: usize = 5;
/// Size of the smallest entry, in bytes: the length of an empty name, and a value.
const MIN_ENTRY: usize = 6;

struct Decoder<'a, 'l> {
    bytes: Cursor<'a>,
    limits: &'l Limits,
    values_left: usize,
    /// True to accept texts that are not UTF-8.
    any_text: bool,
}

impl<'a> Decoder<'a, '_> {
    /// Decodes a value that may contain `depth` more levels of dictionaries and lists.
    fn value(&mut self, depth: u8) -> Result<Value<'a>, DecodeError> {
        let at = self.bytes.offset();
        let tag = *self.array("a tag")?;
        Ok(match &tag {
            b"si08" => Value::I8(i8::from_le_bytes(self.data()?)),
            b"ui08" => Value::U8(u8::from_le_bytes(self.data()?)),
            b"si16" => Value::I16(i16::from_le_bytes(self.data()?)),
            b"ui16" => Value::U16(u16::from_le_bytes(self.data()?)),
            b"si32" => Value::I32(i32::from_le_bytes(self.data()?)),
            b"ui32" => Value::U32(u32::from_le_bytes(self.data()?)),
            b"si64" => Value::I64(i64::from_le_bytes(self.data()?)),
            b"ui64" => Value::U64(u64::from_le_bytes(self.data()?)),
            b"bool" => Value::Bool(self.bool()?),
            // As bits, so that a NaN keeps its payload.
            b"fp32" => Value::F32(Fp32::from_bits(u32::from_le_bytes(self.data()?))),
            b"fp64" => Value::F64(Fp64::from_bits(u64::from_le_bytes(self.data()?))),
            b"tutc" => Value::Time(UnixTime(u32::from_le_bytes(self.data()?))),
            b"uuid" => Value::Uuid(self.data()?),
            b"dstr" => Value::Text(self.text()?),
            b"blob" => Value::Blob(self.sized("a blob")?.into()),
            // Depth is checked before each recursion: an attacker pays only eight bytes for a level.
            b"vdic" => Value::Dict(self.dict(self.deeper(at, depth)?)?),
            b"vvtr" => Value::List(self.list(self.deeper(at, depth)?)?),
            // It cannot be skipped: only its tag would tell its length.
            _ => return Err(DecodeError::UnknownTag { at, tag }),
        })
    }

    fn dict(&mut self, depth: u8) -> Result<Dict<'a>, DecodeError> {
        let count = self.count("the entries of a dictionary", MIN_ENTRY)?;
        // `count` has checked the number, so a hostile one reserves nothing.
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            // A repeated name stays, so that encoding gives the same bytes.
            entries.push((self.name()?.into(), self.value(depth)?));
        }
        Ok(Dict(entries))
    }

    fn list(&mut self, depth: u8) -> Result<Vec<Value<'a>>, DecodeError> {
        let count = self.count("the values of a list", MIN_VALUE)?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(self.value(depth)?);
        }
        Ok(values)
    }

    /// Returns the depth that remains inside a dictionary or a list.
    fn deeper(&self, at: usize, depth: u8) -> Result<u8, DecodeError> {
        depth.checked_sub(1).ok_or(DecodeError::TooDeep { at, limit: self.limits.depth })
    }

    /// Decodes the number of items that follow, each of at least `min_len` bytes, and subtracts it from the limit. So
    /// all allocations for items stay within the limit, however they nest.
    fn count(&mut self, what: &'static str, min_len: usize) -> Result<usize, DecodeError> {
        let at = self.bytes.offset();
        let count = self.length("a count")?;
        self.values_left = self
            .values_left
            .checked_sub(count)
            .ok_or(DecodeError::TooMany { at, limit: self.limits.values })?;
        // Can saturate on 32 bits, where it is then more than is left.
        let needed = count.saturating_mul(min_len);
        // Otherwise eight bytes could reserve memory for 16,384 values.
        if needed > self.bytes.remaining() {
            return Err(self.truncated(what, needed));
        }
        Ok(count)
    }

    fn name(&mut self) -> Result<&'a str, DecodeError> {
        let [len] = *self.array("the length of a name")?;
        let at = self.bytes.offset();
        let bytes = self.slice("a name", len.into())?;
        str::from_utf8(bytes).ok().filter(|text| is_name(text)).ok_or(DecodeError::Name { at })
    }

    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let bytes = self.sized("a text")?;
        let at = self.bytes.offset().saturating_sub(bytes.len());
        match str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            // A name in another code page must not keep its player out (PROTOCOL.md, section 3).
            Err(_) if self.any_text => Ok(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect()),
            Err(source) => Err(DecodeError::Text { at, source }),
        }
    }

    fn bool(&mut self) -> Result<bool, DecodeError> {
        let at = self.bytes.offset();
        match self.data()? {
            [0] => Ok(false),
            [1] => Ok(true),
            // As `true` it would encode to 1, which is another byte.
            [found] => Err(DecodeError::Bool { at, found }),
        }
    }

    /// Takes a length and that many bytes.
    fn sized(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.length("a length")?;
        self.slice(what, len)
    }

    fn length(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let len = u32::from_le_bytes(*self.array(what)?);
        // This can saturate only on machines of 16 bits, where no input is as long.
        Ok(usize::try_from(len).unwrap_or(usize::MAX))
    }

    fn data<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.array("the data of a value").copied()
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], DecodeError> {
        self.bytes.array().ok_or_else(|| self.truncated(what, N))
    }

    fn slice(&mut self, what: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        self.bytes.slice(len).ok_or_else(|| self.truncated(what, len))
    }

    fn truncated(&self, what: &'static str, needed: usize) -> DecodeError {
        DecodeError::Truncated { what, at: self.bytes.offset(), needed, left: self.bytes.remaining() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn decode_default(bytes: &[u8]) -> Result<Value<'_>, DecodeError> {
        decode(bytes, &Limits::default())
    }

    #[test]
    fn text_and_blob_are_borrowed() {
        use alloc::borrow::Cow;
        assert!(matches!(decode_default(b"dstr\x02\0\0\0hi"), Ok(Value::Text(Cow::Borrowed("hi")))));
        assert!(matches!(decode_default(b"blob\x01\0\0\0\xff"), Ok(Value::Blob(Cow::Borrowed(b"\xff")))));
    }

    #[test]
    fn an_unknown_tag_is_named() {
        let error = decode_default(b"fp\x0064\0\0").unwrap_err();
        assert_eq!(alloc::format!("{error}"), r#"expected the tag of a value at offset 0, found "fp\x006""#);
    }

    #[test]
    fn a_bool_is_zero_or_one() {
        assert_eq!(decode_default(b"bool\x01"), Ok(Value::Bool(true)));
        assert_eq!(decode_default(b"bool\x02"), Err(DecodeError::Bool { at: 4, found: 2 }));
    }

    #[test]
    fn text_is_utf8_and_names_are_ascii() {
        let shown = decode_with_any_text(b"dstr\x04\0\0\0Zo\xebT", &Limits::default());
        assert_eq!(shown, Ok(Value::Text("ZoT".into())));
        let text = decode_default(b"dstr\x01\0\0\0\xff");
        assert!(matches!(text, Err(DecodeError::Text { at: 8, .. })));
        let name = decode_default("vdic\x01\0\0\0\x02äbool\0".as_bytes());
        assert_eq!(name, Err(DecodeError::Name { at: 9 }));
    }

    #[test]
    fn a_value_stands_alone() {
        assert_eq!(decode_default(b"bool\0\0\0"), Err(DecodeError::Trailing { at: 5, extra: 2 }));
    }

    #[test]
    fn a_count_is_held_against_the_bytes_that_are_left() {
        let expected = DecodeError::Truncated { what: "the values of a list", at: 8, needed: 10, left: 9 };
        assert_eq!(decode_default(b"vvtr\x02\0\0\0bool\0bool"), Err(expected));
        let expected = DecodeError::Truncated { what: "a blob", at: 8, needed: u32::MAX as usize, left: 0 };
        assert_eq!(decode_default(b"blob\xff\xff\xff\xff"), Err(expected));
    }

    #[test]
    fn the_limit_on_values_counts_across_lists() {
        let list = b"vvtr\x02\0\0\0vvtr\x01\0\0\0bool\0bool\x01";
        assert!(decode(list, &Limits { depth: 2, values: 3 }).is_ok());
        let refused = decode(list, &Limits { depth: 2, values: 2 });
        assert_eq!(refused, Err(DecodeError::TooMany { at: 12, limit: 2 }));
    }

    #[test]
    fn the_limit_on_depth_counts_lists_inside_lists() {
        let nested = |levels: usize| b"vvtr\x01\0\0\0".repeat(levels);
        let mut full = nested(2);
        full.extend_from_slice(b"bool\0");
        let limits = Limits { depth: 2, values: 100 };
        assert_eq!(decode(&full, &limits), Ok(Value::List(vec![Value::List(vec![Value::Bool(false)])])));
        assert_eq!(decode(&nested(3), &limits), Err(DecodeError::TooDeep { at: 16, limit: 2 }));
    }

    #[test]
    fn the_deepest_limit_does_not_exhaust_the_stack() {
        let deep = b"vvtr\x01\0\0\0".repeat(300);
        let refused = decode(&deep, &Limits { depth: u8::MAX, values: 1000 });
        assert_eq!(refused, Err(DecodeError::TooDeep { at: 255 * 8, limit: 255 }));
    }
}
