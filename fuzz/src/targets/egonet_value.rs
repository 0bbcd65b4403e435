use mmcos_core::wire::egonet::{DecodeError, Dict, Limits, Value, decode, encode};

/// Limits that few bytes reach.
const TIGHT: Limits = Limits { depth: 2, values: 6 };

/// Takes any bytes as an `EgoNet` value: they are rejected, or the value is encoded to the very same bytes. Tighter
/// limits reject more, and change nothing about the values that they accept. Every value is read at its path, and as
/// no other type.
///
/// # Panics
/// If one of these promises is broken.
pub fn egonet_value(bytes: &[u8]) {
    let limits = Limits::default();
    let loose = decode(bytes, &limits);
    let tight = decode(bytes, &TIGHT);
    match loose {
        Err(error) => {
            assert!(tight.is_err(), "tight limits let pass what loose ones do not: {error}");
            assert!(!error.to_string().is_empty());
        }
        Ok(value) => {
            let mut encoded = Vec::new();
            encode(&value, &mut encoded).expect("a decoded value fits");
            assert_eq!(encoded, bytes);
            assert!(depth(&value) <= usize::from(limits.depth) && values(&value) <= limits.values);
            read_everywhere(&value);
            let too_much = depth(&value) > usize::from(TIGHT.depth) || values(&value) > TIGHT.values;
            match tight {
                Ok(same) => assert!(same == value && !too_much),
                Err(error) => {
                    let is_limit = matches!(error, DecodeError::TooDeep { .. } | DecodeError::TooMany { .. });
                    assert!(is_limit && too_much, "{error}");
                }
            }
        }
    }
}

/// Reads every value of a list or dictionary through its path.
fn read_everywhere(value: &Value<'_>) {
    let steps: Vec<String> = match value {
        Value::Dict(Dict(entries)) => entries.iter().map(|(name, _)| name.to_string()).collect(),
        Value::List(values) => (0..values.len()).map(|at| at.to_string()).collect(),
        _ => return,
    };
    for (step, inner) in steps.iter().zip(held(value).unwrap_or_default()) {
        let names_one = !step.contains('/') && value.get(step).is_none_or(|first| first == inner);
        if names_one {
            assert_eq!(value.field(step), Ok(inner));
            assert_eq!(value.field(step).ok(), inner.as_u32());
            assert_eq!(value.field(step).ok(), inner.as_fp64());
            assert_eq!(value.field(step).ok(), inner.as_uuid());
            assert_eq!(value.field(step).ok(), inner.as_str());
        }
        read_everywhere(inner);
    }
}

/// Returns the nesting depth of dictionaries and lists.
fn depth(value: &Value<'_>) -> usize {
    held(value).map_or(0, |inner| 1 + inner.into_iter().map(depth).max().unwrap_or(0))
}

/// Returns the number of values that all the dictionaries and lists hold together.
fn values(value: &Value<'_>) -> usize {
    held(value).map_or(0, |inner| inner.len() + inner.into_iter().map(values).sum::<usize>())
}

/// Returns the values that a dictionary or a list holds.
fn held<'v>(value: &'v Value<'v>) -> Option<Vec<&'v Value<'v>>> {
    match value {
        Value::Dict(Dict(entries)) => Some(entries.iter().map(|(_, value)| value).collect()),
        Value::List(values) => Some(values.iter().collect()),
        _ => None,
    }
}
