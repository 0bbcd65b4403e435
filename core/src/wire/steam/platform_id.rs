use alloc::vec::Vec;

/// The longest ticket in a `PlatformID`; those seen have 234 bytes, and each DLC adds a dozen.
const LONGEST: usize = 2048;

/// The `PlatformID` of a login: a ticket in hex, then four fields of unknown meaning behind `^`, of which the first
/// three were empty and the last `true` (capture 02).
///
/// ```
/// use mmcos_core::wire::steam::PlatformId;
/// let id = PlatformId::parse("14000000^^^^true")?;
/// assert_eq!(id.ticket, [0x14, 0, 0, 0]);
/// assert_eq!(id.to_string(), "14000000^^^^true");
/// # Ok::<(), mmcos_core::wire::steam::NotAPlatformId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformId {
    /// The bytes of the ticket.
    pub ticket: Vec<u8>,
}

/// A text that is no [`PlatformId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("PlatformID should be a Steam ticket of at most {LONGEST} bytes in hex, then ^^^^true")]
pub struct NotAPlatformId;

impl PlatformId {
    /// Reads the text. Hex digits may be of either case; what the four fields hold does not matter.
    ///
    /// # Errors
    /// [`NotAPlatformId`].
    pub fn parse(text: &str) -> Result<Self, NotAPlatformId> {
        let (hex, fields) = text.split_once('^').ok_or(NotAPlatformId)?;
        if fields.split('^').count() != 4 || hex.len() > LONGEST.saturating_mul(2) {
            return Err(NotAPlatformId);
        }
        Ok(Self { ticket: unhex(hex.as_bytes()).ok_or(NotAPlatformId)? })
    }
}

impl core::fmt::Display for PlatformId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for byte in &self.ticket {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("^^^^true")
    }
}

/// Bytes from hex digits of either case.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
