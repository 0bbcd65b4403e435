//! `EgoNet` values, the encoding behind `content-type: application/egonet-stream` (capture 13).
//!
//! A value is a tag of four ASCII bytes and its data, little-endian. Other games of the publisher speak it too, so
//! nothing here is about one game:
//!
//! | tag | data | here |
//! |---|---|---|
//! | `vdic` | u32 count, then so many names and values | [`Value::Dict`] |
//! | `vvtr` | u32 count, then so many values | [`Value::List`] |
//! | `dstr` | u32 length, UTF-8 | [`Value::Text`] |
//! | `blob` | u32 length, bytes | [`Value::Blob`] |
//! | `si08` … `si64`, `ui08` … `ui64` | the integer | [`Value::I8`] … [`Value::U64`] |
//! | `bool` | one byte, 0 or 1 | [`Value::Bool`] |
//! | `fp32` | IEEE single | [`Value::F32`] |
//! | `tutc` | i32, unix seconds | [`Value::Time`] |
//!
//! A name is one length byte and that many ASCII bytes: [`Name`].
//!
//! The clients are strict about types (an `si32` where a `ui32` belongs can crash them), so nothing is converted:
//! what was decoded encodes to the same bytes, and what cannot is refused.
//!
//! ```
//! use mmcos_core::wire::egonet::{Limits, Name, Value, decode, encode};
//!
//! const NAME: Name = Name::from_static("Name");
//! const FLAGS: Name = Name::from_static("Flags");
//! let value = Value::Dict(vec![(NAME, Value::Text("Ann".into())), (FLAGS, Value::U64(0))]);
//!
//! let mut bytes = Vec::new();
//! encode(&value, &mut bytes)?;
//! let decoded = decode(&bytes, &Limits::default())?;
//! assert_eq!(decoded.get("Name").and_then(Value::as_text), Some("Ann"));
//! assert_eq!(decoded, value);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod decode;
mod encode;
mod value;

pub use decode::{DecodeError, Limits, decode};
pub use encode::{TooLong, encode};
pub use value::{Fp32, Name, NameError, Value};
