//! `EgoNet` values, the encoding behind `Content-Type: application/egonet-stream`, for all games of the family.
//!
//! A value is a tag of four ASCII bytes and its data, little-endian:
//!
//! | tag | data | variant | accessor |
//! |---|---|---|---|
//! | `vdic` | u32 count, then so many names and values | [`Value::Dict`] | [`get`](Value::get), [`as_dict`](Value::as_dict) |
//! | `vvtr` | u32 count, then so many values | [`Value::List`] | [`as_list`](Value::as_list) |
//! | `dstr` | u32 length, UTF-8 | [`Value::Text`] | [`as_str`](Value::as_str) |
//! | `blob` | u32 length, bytes | [`Value::Blob`] | [`as_blob`](Value::as_blob) |
//! | `si08` … `si64`, `ui08` … `ui64` | the integer | [`Value::I8`] … [`Value::U64`] | [`as_i8`](Value::as_i8) … [`as_u64`](Value::as_u64), [`as_integer`](Value::as_integer) |
//! | `bool` | one byte, 0 or 1 | [`Value::Bool`] | [`as_bool`](Value::as_bool) |
//! | `fp32`, `fp64` | IEEE single, double | [`Value::F32`], [`Value::F64`] | [`as_fp32`](Value::as_fp32), [`as_fp64`](Value::as_fp64) |
//! | `tutc` | u32, Unix seconds | [`Value::Time`] | [`as_time`](Value::as_time) |
//! | `uuid` | 16 bytes | [`Value::Uuid`] | [`as_uuid`](Value::as_uuid) |
//!
//! The name of an entry is one length byte and that many ASCII bytes. The clients are strict about names, order and
//! types (an `si32` where a `ui32` belongs can crash them), so nothing is converted: a decoded value encodes to the
//! same bytes, and bytes for which that is impossible are rejected. [`Dict`] builds a value,
//! [`Value::field`] reads one:
//!
//! ```
//! use mmcos_core::wire::egonet::{Dict, Limits, decode, encode};
//!
//! let request = Dict::new().dstr("Name", "Ann").blob("SteamTicket", b"\x14\x00".as_slice());
//! let mut bytes = Vec::new();
//! encode(&request.into(), &mut bytes)?;
//! assert_eq!(bytes, b"vdic\x02\0\0\0\x04Namedstr\x03\0\0\0Ann\x0bSteamTicketblob\x02\0\0\0\x14\x00");
//!
//! let request = decode(&bytes, &Limits::default())?;
//! let name: &str = request.field("Name")?;
//! assert_eq!(name, "Ann");
//! let missing = request.field::<u32>("Version").map_err(|error| error.to_string());
//! assert_eq!(missing, Err("Version: expected ui32, found nothing".into()));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod decode;
mod encode;
mod field;
mod value;

pub use decode::{DecodeError, Limits, decode, decode_with_any_text};
pub use encode::{EncodeError, encode};
pub use field::{FieldError, FromValue};
pub use value::{Dict, Fp32, Fp64, UnixTime, Value};
