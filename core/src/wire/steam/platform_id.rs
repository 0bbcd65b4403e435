use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use super::MAX_TICKET_LEN;

/// Text after the ticket in every `PlatformID` that was seen (capture 02).
const SEEN_SUFFIX: &str = "^^^^true";

/// Parses the `PlatformID` field of a login (capture 02): the ticket in hex, then four fields, each after a `^`.
/// Returns the ticket's bytes.
///
/// Nothing signs or uses those four fields, whose meaning is unknown, so they are ignored. Only the `^` that ends the
/// ticket is checked: it distinguishes a ticket from a bare number.
///
/// ```
/// use mmcos_core::wire::steam::parse_platform_id;
/// assert_eq!(parse_platform_id("14a0FF^^^^true")?, [0x14, 0xa0, 0xff]);
/// # Ok::<(), mmcos_core::wire::steam::PlatformIdError>(())
/// ```
pub fn parse_platform_id(text: &str) -> Result<Vec<u8>, PlatformIdError> {
    text.split_once('^').ok_or(PlatformIdError::NoFields).and_then(|(hex, _)| decode_hex(hex))
}

/// Returns a `PlatformID` as the game writes it, for tests and models of the game.
pub fn encode_platform_id(ticket: &[u8]) -> String {
    let mut text = String::with_capacity(ticket.len().saturating_mul(2).saturating_add(SEEN_SUFFIX.len()));
    let halves = ticket.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    // In lower case, as in capture 02.
    text.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    text.push_str(SEEN_SUFFIX);
    text
}

/// The reason why a text is not a `PlatformID`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlatformIdError {
    /// No field follows the ticket.
    #[error("PlatformID has 0 fields after the Steam ticket, expected 4, each after a '^'")]
    NoFields,
    /// The ticket is too long.
    #[error("the Steam ticket in PlatformID has {digits} hex digits, at most {} are accepted", MAX_TICKET_LEN * 2)]
    TooLong {
        /// Number of digits.
        digits: usize,
    },
    /// The number of digits is odd.
    #[error("the Steam ticket in PlatformID has {digits} hex digits, expected an even number")]
    OddLength {
        /// Number of digits.
        digits: usize,
    },
    /// A character that is not a hex digit.
    #[error("expected a hex digit at offset {at} of PlatformID")]
    NotHex {
        /// Its position.
        at: usize,
    },
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

/// Returns the value of a hex digit. Letters of either case have bit 6 set and count from 1 in their low bits.
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
    fn what_follows_the_ticket_refuses_nobody() {
        assert_eq!(parse_platform_id("00"), Err(PlatformIdError::NoFields));
        for fields in ["^", "^^^true", "^^^^^true", "^a^b^c^true", "^^^^yes", "^^^^TRUE", "^^^^false\u{e9}"] {
            assert_eq!(parse_platform_id(&alloc::format!("00{fields}")), Ok([0].into()), "{fields}");
        }
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
