use alloc::{vec, vec::Vec};

use crate::wire::egonet::{self, DecodeError};

/// Blanks the texts and blobs of an `EgoNet` value, except those of this name. Also blanks everything after an error.
pub fn blank_egonet(value: &[u8], shown: &str, limits: &egonet::Limits) -> Vec<u8> {
    let mut out = value.to_vec();
    let mut at = 0_usize;
    while let Some(rest) = out.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest {
            [b'b', b'l', b'o', b'b', a, b, c, d, ..] | [b'd', b's', b't', b'r', a, b, c, d, ..] => {
                Some(usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX))
            }
            _ => None,
        };
        // A name follows its length and precedes its value.
        let name = at.checked_sub(shown.len()).and_then(|start| value.get(start.checked_sub(1)?..at));
        let is_shown = name
            .and_then(<[u8]>::split_first)
            .is_some_and(|(length, name)| usize::from(*length) == shown.len() && name == shown.as_bytes());
        at = at.saturating_add(match length {
            None => 1,
            Some(length) => {
                let content = rest.get_mut(8..).unwrap_or_default();
                let length = length.min(content.len());
                if let Some(content) = content.get_mut(..length).filter(|_| !is_shown) {
                    content.fill(0);
                }
                length.saturating_add(8)
            }
        });
    }
    let decode = |bytes: &[u8]| egonet::decode_with_any_text(bytes, limits).err();
    let error = decode(value);
    // The bytes that decide an error end at most eight bytes after its offset.
    let decisive = match &error {
        None => value.len(),
        Some(
            DecodeError::Truncated { at, .. }
            | DecodeError::UnknownTag { at, .. }
            | DecodeError::Bool { at, .. }
            | DecodeError::Text { at, .. }
            | DecodeError::Name { at }
            | DecodeError::TooDeep { at, .. }
            | DecodeError::TooMany { at, .. },
        ) => at.saturating_add(8),
        Some(DecodeError::Trailing { at, .. }) => *at,
    };
    if let Some(rest) = out.get_mut(decisive..) {
        rest.fill(0);
    }
    if decode(&out) == error { out } else { vec![0; value.len()] }
}
