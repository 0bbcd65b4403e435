use alloc::vec::Vec;

use thiserror::Error;

use super::{Name, Value};

/// Appends the bytes of a value to `out`.
///
/// # Errors
/// [`TooLong`], with `out` as it was, if a text, a blob, a dictionary or a list has a length past `u32`.
pub fn encode(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let start = out.len();
    Encoder { out }.value(value).inspect_err(|_| out.truncate(start))
}

/// A length that the encoding has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a length of {len} does not fit the 32 bits that it has on the wire")]
pub struct TooLong {
    /// The length: bytes, entries or values.
    pub len: usize,
}

struct Encoder<'o> {
    out: &'o mut Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value<'_>) -> Result<(), TooLong> {
        match value {
            Value::I8(n) => self.scalar(*b"si08", n.to_le_bytes()),
            Value::U8(n) => self.scalar(*b"ui08", n.to_le_bytes()),
            Value::I16(n) => self.scalar(*b"si16", n.to_le_bytes()),
            Value::U16(n) => self.scalar(*b"ui16", n.to_le_bytes()),
            Value::I32(n) => self.scalar(*b"si32", n.to_le_bytes()),
            Value::U32(n) => self.scalar(*b"ui32", n.to_le_bytes()),
            Value::I64(n) => self.scalar(*b"si64", n.to_le_bytes()),
            Value::U64(n) => self.scalar(*b"ui64", n.to_le_bytes()),
            Value::Bool(b) => self.scalar(*b"bool", [u8::from(*b)]),
            Value::F32(n) => self.scalar(*b"fp32", n.to_bits().to_le_bytes()),
            Value::Time(seconds) => self.scalar(*b"tutc", seconds.to_le_bytes()),
            Value::Text(text) => self.bytes(*b"dstr", text.as_bytes())?,
            Value::Blob(bytes) => self.bytes(*b"blob", bytes)?,
            Value::Dict(entries) => self.dict(entries)?,
            Value::List(values) => self.list(values)?,
        }
        Ok(())
    }

    fn scalar<const N: usize>(&mut self, tag: [u8; 4], data: [u8; N]) {
        self.out.extend_from_slice(&tag);
        self.out.extend_from_slice(&data);
    }

    fn header(&mut self, tag: [u8; 4], len: usize) -> Result<(), TooLong> {
        let len = u32::try_from(len).map_err(|_| TooLong { len })?;
        self.scalar(tag, len.to_le_bytes());
        Ok(())
    }

    fn bytes(&mut self, tag: [u8; 4], bytes: &[u8]) -> Result<(), TooLong> {
        self.header(tag, bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn dict(&mut self, entries: &[(Name<'_>, Value<'_>)]) -> Result<(), TooLong> {
        self.header(*b"vdic", entries.len())?;
        for (name, value) in entries {
            self.out.push(name.wire_len());
            self.out.extend_from_slice(name.as_str().as_bytes());
            self.value(value)?;
        }
        Ok(())
    }

    fn list(&mut self, values: &[Value<'_>]) -> Result<(), TooLong> {
        self.header(*b"vvtr", values.len())?;
        values.iter().try_for_each(|value| self.value(value))
    }
}
