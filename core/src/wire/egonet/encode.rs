use alloc::vec::Vec;

use thiserror::Error;

use super::{Dict, UnixTime, Value, value::is_name};

/// Appends the bytes of a value to `out`.
///
/// # Errors
/// [`EncodeError`], with `out` unchanged. A value that was decoded always encodes.
pub fn encode(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    Encoder { out }.value(value).inspect_err(|_| out.truncate(start))
}

/// A part of a value that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A text, blob, dictionary or list whose length does not fit 32 bits.
    #[error("a length of {len} does not fit the 32 bits that it has on the wire")]
    TooLong {
        /// The length: bytes, entries or values.
        len: usize,
    },
    /// A name that is longer than 255 bytes or not ASCII.
    #[error("a name is at most 255 bytes of ASCII; this one has {len} bytes or is not ASCII")]
    Name {
        /// The name's length in bytes.
        len: usize,
    },
}

struct Encoder<'o> {
    out: &'o mut Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value<'_>) -> Result<(), EncodeError> {
        self.out.extend_from_slice(value.tag().as_bytes());
        match value {
            Value::I8(n) => self.data(n.to_le_bytes()),
            Value::U8(n) => self.data(n.to_le_bytes()),
            Value::I16(n) => self.data(n.to_le_bytes()),
            Value::U16(n) => self.data(n.to_le_bytes()),
            Value::I32(n) => self.data(n.to_le_bytes()),
            Value::U32(n) => self.data(n.to_le_bytes()),
            Value::I64(n) => self.data(n.to_le_bytes()),
            Value::U64(n) => self.data(n.to_le_bytes()),
            Value::Bool(b) => self.data([u8::from(*b)]),
            Value::F32(n) => self.data(n.to_bits().to_le_bytes()),
            Value::F64(n) => self.data(n.to_bits().to_le_bytes()),
            Value::Time(UnixTime(seconds)) => self.data(seconds.to_le_bytes()),
            Value::Uuid(bytes) => self.data(*bytes),
            Value::Text(text) => self.bytes(text.as_bytes())?,
            Value::Blob(bytes) => self.bytes(bytes)?,
            Value::Dict(Dict(entries)) => {
                self.length(entries.len())?;
                // In the order of the builder: the clients are strict about it.
                for (name, value) in entries {
                    self.name(name)?;
                    self.value(value)?;
                }
            }
            Value::List(values) => {
                self.length(values.len())?;
                values.iter().try_for_each(|value| self.value(value))?;
            }
        }
        Ok(())
    }

    fn data<const N: usize>(&mut self, data: [u8; N]) {
        self.out.extend_from_slice(&data);
    }

    fn length(&mut self, len: usize) -> Result<(), EncodeError> {
        let len = u32::try_from(len).map_err(|_| EncodeError::TooLong { len })?;
        self.data(len.to_le_bytes());
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.length(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn name(&mut self, name: &str) -> Result<(), EncodeError> {
        let len = name.len();
        let byte = u8::try_from(len).ok().filter(|_| is_name(name)).ok_or(EncodeError::Name { len })?;
        self.out.push(byte);
        self.out.extend_from_slice(name.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn encoded(value: &Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode(value, &mut out).unwrap();
        out
    }

    #[test]
    fn every_tag_has_its_bytes() {
        let cases: [(Value<'_>, &[u8]); 17] = [
            (Value::I8(-2), b"si08\xfe"),
            (Value::U8(254), b"ui08\xfe"),
            (Value::I16(-2), b"si16\xfe\xff"),
            (Value::U16(0x0102), b"ui16\x02\x01"),
            (Value::I32(-2), b"si32\xfe\xff\xff\xff"),
            (Value::U32(0x0102_0304), b"ui32\x04\x03\x02\x01"),
            (Value::I64(-2), b"si64\xfe\xff\xff\xff\xff\xff\xff\xff"),
            (Value::U64(1), b"ui64\x01\0\0\0\0\0\0\0"),
            (Value::Bool(true), b"bool\x01"),
            (Value::F32(1.0.into()), b"fp32\0\0\x80\x3f"),
            (Value::F64(1.0.into()), b"fp64\0\0\0\0\0\0\xf0\x3f"),
            (Value::Time(UnixTime(2_299_017_600)), b"tutc\x80\x39\x08\x89"),
            (Value::Uuid(*b"0123456789abcdef"), b"uuid0123456789abcdef"),
            (Value::Text("é".into()), b"dstr\x02\0\0\0\xc3\xa9"),
            (Value::Blob(b"\0\xff".into()), b"blob\x02\0\0\0\0\xff"),
            (Value::List(vec![Value::U8(1), Value::Bool(false)]), b"vvtr\x02\0\0\0ui08\x01bool\0"),
            (Dict::new().ui08("ID", 1).into(), b"vdic\x01\0\0\0\x02IDui08\x01"),
        ];
        for (value, bytes) in cases {
            assert_eq!(encoded(&value), bytes, "{value:?}");
        }
    }

    #[test]
    fn the_longest_name_fits_its_length_byte() {
        let bytes = encoded(&Dict::new().bool("n".repeat(255), false).into());
        assert_eq!(bytes[8], 255);
        assert_eq!(bytes.len(), 8 + 1 + 255 + 5);
    }

    #[test]
    fn a_name_that_the_wire_cannot_hold_is_refused_and_leaves_nothing() {
        for (name, len) in [("n".repeat(256), 256), ("Größe".into(), 7)] {
            let mut out = b"before".to_vec();
            let inner = Dict::new().bool("fine", true).bool(name, false);
            let refused = encode(&Dict::new().vdic("inner", inner).into(), &mut out);
            assert_eq!((refused, out.as_slice()), (Err(EncodeError::Name { len }), &b"before"[..]));
        }
    }

    #[test]
    fn encoding_appends() {
        let mut out = b"before".to_vec();
        encode(&Value::Bool(true), &mut out).unwrap();
        assert_eq!(out, b"beforebool\x01");
    }
}
