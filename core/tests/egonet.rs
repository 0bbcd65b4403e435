//! `EgoNet` values through the public codec: properties over all values and over all bytes.

use mmcos_core::wire::egonet::{Dict, Fp32, Fp64, Limits, UnixTime, Value, decode, encode};
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
        any::<u64>().prop_map(|bits| Value::F64(Fp64::from_bits(bits))),
        any::<u32>().prop_map(|seconds| Value::Time(UnixTime(seconds))),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        ".{0,12}".prop_map(|text| Value::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..24).prop_map(|bytes| Value::Blob(bytes.into())),
    ]
}

fn values() -> impl Strategy<Value = Value<'static>> {
    scalars().prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec(("[ -~]{0,12}", inner), 0..6).prop_map(|entries| {
                Dict(entries.into_iter().map(|(name, value)| (name.into(), value)).collect()).into()
            }),
        ]
    })
}

/// Returns bytes that resemble values: a sequence of tags, small counts and other bytes.
fn near_values() -> impl Strategy<Value = Vec<u8>> {
    let tags: Vec<&[u8]> =
        vec![b"vdic", b"vvtr", b"dstr", b"blob", b"bool", b"fp64", b"uuid", b"tutc", b"si08", b"ui64"];
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
    fn reading_any_path_never_panics(value in values(), path in "[0-2/A-c]{0,8}") {
        let number: Result<u32, _> = value.field(&path);
        let list: Result<Vec<&str>, _> = value.field(&path);
        prop_assert!(number.is_err() || list.is_err());
    }

    #[test]
    fn a_number_is_read_as_the_very_type_of_its_tag(value in scalars()) {
        let dict = Value::from(Dict::new().with("A", value.clone()));
        prop_assert_eq!(dict.field("A").ok(), value.as_u32());
        prop_assert_eq!(dict.field("A").ok(), value.as_i64());
        prop_assert_eq!(dict.field("A").ok(), value.as_time());
        prop_assert_eq!(dict.field("A").ok(), value.as_uuid());
        prop_assert_eq!(dict.field("A").ok(), value.as_str());
        if let Err(error) = dict.field::<u16>("A") {
            prop_assert_eq!(error.to_string(), format!("A: expected ui16, found {}", value.tag()));
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

/// A response of `DiRT` Rally 2.0, another game of the family, in the form of the official one, which has 1,841
/// bytes.
#[test]
fn an_answer_of_another_game_has_the_size_of_the_official_one() {
    let engineer = |id: u32| {
        let levels = [
            "EngineLevel",
            "ChassisLevel",
            "DrivetrainLevel",
            "RepairLevelFwd",
            "RepairLevelRwd",
            "RepairLevel4wd",
        ];
        let costs = [
            "EngineUpCost",
            "ChassisUpCost",
            "DriveUpCost",
            "RepairFwdUpCost",
            "RepairRwdUpCost",
            "Repair4wdUpCost",
        ];
        let dict =
            levels.into_iter().fold(Dict::new().ui32("EngineerId", id), |dict, name| dict.si32(name, 4));
        costs.into_iter().fold(dict, |dict, name| dict.si32(name, 0))
    };
    let chief = Dict::new()
        .ui32("ChiefEngineerId", 1)
        .si32("ResearchLevel", 4)
        .si32("DiagnosticLevel", 4)
        .si32("ResearchUpCost", 0)
        .si32("DiagUpCost", 0);
    let co_driver = Dict::new()
        .ui32("CoDriverId", 5)
        .si32("WheelLevel", 4)
        .si32("LogisticsLevel", 4)
        .si32("RepairLevel", 1)
        .si32("WheelUpCost", 0)
        .si32("LogisticsUpCost", 0)
        .si32("RepairUpCost", 0);
    let staff = Dict::new()
        .vdic("ChiefEngineer", chief)
        .vvtr("Engineers", (1..=5).map(engineer))
        .si32("NextEngCost", 0)
        .vdic("CoDriver", co_driver)
        .ui32("RxSpotter", 1);
    let staff = Value::from(staff);
    let bytes = encoded(&staff);
    assert_eq!(bytes.len(), 1_841);
    let decoded = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(decoded.field::<i32>("Engineers/4/RepairLevelRwd"), Ok(4));
    assert_eq!(decoded, staff);
}

#[test]
fn the_default_limit_fits_twice_the_largest_official_answer() {
    let prices = (0..2 * 6_975 / 3).map(|id| Dict::new().ui32("UpgradeId", id).si32("Price", 3_600));
    let bytes = encoded(&Dict::new().vvtr("UpgradePrices", prices).into());
    assert!(decode(&bytes, &Limits::default()).is_ok());
    let hostile = b"vvtr\x00\x00\x10\x00".iter().copied().chain(b"bool\x01".repeat(1 << 20));
    assert!(decode(&hostile.collect::<Vec<_>>(), &Limits::default()).is_err());
}
