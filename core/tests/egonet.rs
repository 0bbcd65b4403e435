//! `EgoNet` values through the public codec: properties over all values and over all bytes.

use mmcos_core::wire::egonet::{Fp32, Limits, Name, Value, decode, encode};
use proptest::prelude::*;

fn scalars() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<i8>().prop_map(Value::I8),
        any::<u8>().prop_map(Value::U8),
        any::<i16>().prop_map(Value::I16),
        any::<u16>().prop_map(Value::U16),
        any::<i32>().prop_map(Value::I32),
        any::<u32>().prop_map(Value::U32),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::U64),
        any::<bool>().prop_map(Value::Bool),
        any::<u32>().prop_map(|bits| Value::F32(Fp32::from_bits(bits))),
        any::<i32>().prop_map(Value::Time),
        ".{0,12}".prop_map(|text| Value::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..24).prop_map(|bytes| Value::Blob(bytes.into())),
    ]
}

fn names() -> impl Strategy<Value = Name<'static>> {
    "[ -~]{0,12}".prop_filter_map("ASCII", |text| Name::new(text).ok())
}

fn values() -> impl Strategy<Value = Value<'static>> {
    scalars().prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((names(), inner), 0..6).prop_map(Value::Dict),
        ]
    })
}

/// Bytes that look like values: tags, small counts and whatever else, strung together.
fn near_values() -> impl Strategy<Value = Vec<u8>> {
    let tags: Vec<&[u8]> = vec![b"vdic", b"vvtr", b"dstr", b"blob", b"bool", b"fp32", b"si08", b"ui64"];
    let piece = prop_oneof![
        prop::sample::select(tags).prop_map(<[u8]>::to_vec),
        (0_u32..4).prop_map(|count| count.to_le_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn encoded(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(encode(value, &mut out), Ok(()));
    out
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_value(value in values()) {
        let bytes = encoded(&value);
        prop_assert_eq!(decode(&bytes, &Limits::default()), Ok(value));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = decode(&bytes, &Limits::default());
    }

    #[test]
    fn what_looks_like_a_value_never_panics_and_round_trips_if_it_is_one(bytes in near_values()) {
        if let Ok(value) = decode(&bytes, &Limits::default()) {
            prop_assert_eq!(encoded(&value), bytes);
        }
    }

    #[test]
    fn a_changed_byte_never_panics_and_round_trips_if_it_decodes(
        value in values(), at in any::<prop::sample::Index>(), to: u8,
    ) {
        let mut bytes = encoded(&value);
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(changed) = decode(&bytes, &Limits::default()) {
            prop_assert_eq!(encoded(&changed), bytes);
        }
    }

    #[test]
    fn every_truncation_is_refused(value in values()) {
        let bytes = encoded(&value);
        for len in 0..bytes.len() {
            prop_assert!(decode(&bytes[..len], &Limits::default()).is_err(), "{} of {}", len, bytes.len());
        }
    }

    #[test]
    fn every_byte_more_is_refused(value in values(), extra: u8) {
        let mut bytes = encoded(&value);
        bytes.push(extra);
        prop_assert!(decode(&bytes, &Limits::default()).is_err());
    }
}

#[test]
fn a_nan_keeps_its_payload() {
    for bits in [0x7fc0_0001_u32, 0x7f80_0001, 0xffff_ffff, 0x8000_0000] {
        let value = Value::F32(Fp32::from_bits(bits));
        assert_eq!(decode(&encoded(&value), &Limits::default()), Ok(value));
    }
}
