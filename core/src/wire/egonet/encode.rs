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
            self.out.push(name.length_byte());
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::Fp32;
    use super::*;

    fn encoded(value: &Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode(value, &mut out).unwrap();
        out
    }

    #[test]
    fn every_tag_has_its_bytes() {
        let cases: [(Value<'_>, &[u8]); 15] = [
            (Value::I8(-2), b"si08\xfe"),
            (Value::U8(254), b"ui08\xfe"),
            (Value::I16(-2), b"si16\xfe\xff"),
            (Value::U16(0x0102), b"ui16\x02\x01"),
            (Value::I32(-2), b"si32\xfe\xff\xff\xff"),
            (Value::U32(0x0102_0304), b"ui32\x04\x03\x02\x01"),
            (Value::I64(-2), b"si64\xfe\xff\xff\xff\xff\xff\xff\xff"),
            (Value::U64(1), b"ui64\x01\0\0\0\0\0\0\0"),
            (Value::Bool(true), b"bool\x01"),
            (Value::F32(Fp32::from(1.0)), b"fp32\0\0\x80\x3f"),
            (Value::Time(1_700_000_000), b"tutc\x00\xf1\x53\x65"),
            (Value::Text("é".into()), b"dstr\x02\0\0\0\xc3\xa9"),
            (Value::Blob(b"\0\xff".into()), b"blob\x02\0\0\0\0\xff"),
            (Value::List(vec![Value::U8(1), Value::Bool(false)]), b"vvtr\x02\0\0\0ui08\x01bool\0"),
            (Value::Dict(vec![(Name::from_static("ID"), Value::U8(1))]), b"vdic\x01\0\0\0\x02IDui08\x01"),
        ];
        for (value, bytes) in cases {
            assert_eq!(encoded(&value), bytes, "{value:?}");
        }
    }

    #[test]
    fn the_longest_name_fits_its_length_byte() {
        let name = Name::new("n".repeat(Name::MAX_LEN)).unwrap();
        let bytes = encoded(&Value::Dict(vec![(name, Value::Bool(false))]));
        assert_eq!(bytes[8], 255);
        assert_eq!(bytes.len(), 8 + 1 + 255 + 5);
        assert_eq!(Name::new("n".repeat(256)), Err(super::super::NameError { len: 256 }));
    }

    #[test]
    fn encoding_appends() {
        let mut out = b"before".to_vec();
        encode(&Value::Bool(true), &mut out).unwrap();
        assert_eq!(out, b"beforebool\x01");
    }
}
