use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use super::MAX_TICKET_LEN;

/// What follows the ticket in every `PlatformID` that was seen (capture 02).
const SEEN_SUFFIX: &str = "^^^^true";

/// Reads the `PlatformID` field of a login (capture 02): the ticket in hex, then four fields, each after a `^`.
/// Gives the ticket's bytes.
///
/// Of the four, whose meaning is unknown, the last must be `true` or `false`; the others, seen empty, may be
/// anything.
///
/// ```
/// use mmcos_core::wire::steam::parse_platform_id;
/// assert_eq!(parse_platform_id("14a0FF^^^^true")?, [0x14, 0xa0, 0xff]);
/// # Ok::<(), mmcos_core::wire::steam::PlatformIdError>(())
/// ```
pub fn parse_platform_id(text: &str) -> Result<Vec<u8>, PlatformIdError> {
    let (hex, fields) = text.split_once('^').ok_or(PlatformIdError::Fields { found: 0 })?;
    check_fields(fields)?;
    decode_hex(hex)
}

/// Writes a `PlatformID` as the game does, for tests and models of the game.
pub fn encode_platform_id(ticket: &[u8]) -> String {
    let mut text = String::with_capacity(ticket.len().saturating_mul(2).saturating_add(SEEN_SUFFIX.len()));
    let halves = ticket.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    text.push_str(SEEN_SUFFIX);
    text
}

/// Why a text is not a `PlatformID`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlatformIdError {
    /// There are not four fields after the ticket.
    #[error("PlatformID has {found} fields after the Steam ticket, expected 4, each after a '^'")]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// The last field is no boolean.
    #[error("the last field of PlatformID is neither \"true\" nor \"false\"")]
    LastField,
    /// The ticket is too long.
    #[error("the Steam ticket in PlatformID has {digits} hex digits, at most {} are accepted", MAX_TICKET_LEN * 2)]
    TooLong {
        /// How many digits it has.
        digits: usize,
    },
    /// Half a byte is left.
    #[error("the Steam ticket in PlatformID has {digits} hex digits, expected an even number")]
    OddLength {
        /// How many digits it has.
        digits: usize,
    },
    /// Something that is no hex digit.
    #[error("expected a hex digit at offset {at} of PlatformID")]
    NotHex {
        /// Where it stands.
        at: usize,
    },
}

fn check_fields(fields: &str) -> Result<(), PlatformIdError> {
    match fields.split('^').count() {
        4 => {}
        found => return Err(PlatformIdError::Fields { found }),
    }
    let last = fields.rsplit('^').next().unwrap_or_default();
    last.parse::<bool>().map(drop).map_err(|_| PlatformIdError::LastField)
}

fn decode_hex(hex: &str) -> Result<Vec<u8>, PlatformIdError> {
    let digits = hex.len();
    let (pairs, half) = hex.as_bytes().as_chunks();
    if pairs.len() > MAX_TICKET_LEN {
        return Err(PlatformIdError::TooLong { digits });
    }
    if let Some(at) = hex.bytes().position(|digit| !digit.is_ascii_hexdigit()) {
        return Err(PlatformIdError::NotHex { at });
    }
    if !half.is_empty() {
        return Err(PlatformIdError::OddLength { digits });
    }
    Ok(pairs.iter().map(|[high, low]| digit_value(*high) << 4 | digit_value(*low)).collect())
}

/// The value of a hex digit: letters of either case have bit 6 set and count from 1 in their low bits.
fn digit_value(digit: u8) -> u8 {
    (digit & 0xf).wrapping_add((digit >> 6).wrapping_mul(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case_is_read() {
        assert_eq!(parse_platform_id("00fFFf^^^^false").unwrap(), [0, 0xff, 0xff]);
        assert!(parse_platform_id("^^^^true").unwrap().is_empty());
    }

    #[test]
    fn four_fields_follow_the_ticket() {
        assert_eq!(parse_platform_id("00"), Err(PlatformIdError::Fields { found: 0 }));
        assert_eq!(parse_platform_id("00^^^true"), Err(PlatformIdError::Fields { found: 3 }));
        assert_eq!(parse_platform_id("00^^^^^true"), Err(PlatformIdError::Fields { found: 5 }));
        assert_eq!(parse_platform_id("00^a^b^c^true").unwrap(), [0]);
        assert_eq!(parse_platform_id("00^^^^yes"), Err(PlatformIdError::LastField));
    }

    #[test]
    fn what_is_not_hex_is_refused() {
        assert_eq!(parse_platform_id("00+f^^^^true"), Err(PlatformIdError::NotHex { at: 2 }));
        assert_eq!(parse_platform_id("00é^^^^true"), Err(PlatformIdError::NotHex { at: 2 }));
        assert_eq!(parse_platform_id("000^^^^true"), Err(PlatformIdError::OddLength { digits: 3 }));
    }

    #[test]
    fn the_digits_are_those_of_the_standard_library() {
        for byte in 0..=u8::MAX {
            if let Some(value) = char::from(byte).to_digit(16) {
                assert_eq!(u32::from(digit_value(byte)), value, "{byte:#x}");
            }
        }
    }

    #[test]
    fn the_longest_ticket_is_read_and_a_longer_one_refused() {
        let longest = encode_platform_id(&[7; MAX_TICKET_LEN]);
        assert_eq!(parse_platform_id(&longest).unwrap().len(), MAX_TICKET_LEN);
        let longer = encode_platform_id(&[7; MAX_TICKET_LEN + 1]);
        assert_eq!(parse_platform_id(&longer), Err(PlatformIdError::TooLong { digits: 4098 }));
    }
}
