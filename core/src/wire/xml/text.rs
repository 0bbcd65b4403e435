//! The characters of XML 1.0: those that are allowed, and those that are white space.

use super::error::Error;

/// Returns `document` as text, if XML [allows](is_allowed) all of its characters.
pub(super) fn checked(document: &[u8]) -> Result<&str, Error> {
    let text = core::str::from_utf8(document)
        .map_err(|error| Error::unexpected("UTF-8", "other bytes", error.valid_up_to() as u64))?;
    // U+FFFE and U+FFFF start with the byte EF.
    if has_byte(text, |byte| byte == 0xef || byte < b' ' && !is_space(byte))
        && let Some((offset, character)) = text.char_indices().find(|&(_, c)| !is_allowed(c))
    {
        return Err(Error::character(character, offset as u64));
    }
    Ok(text)
}

/// Returns true if XML 1.0 allows the character in a document (its production 2, `Char`).
pub(super) fn is_allowed(character: char) -> bool {
    // A `char` is never a surrogate.
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Returns true if there is such a byte. It checks all bytes: without an early exit, the loop compiles to vector
/// instructions.
pub(super) fn has_byte(text: &str, wanted: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |found, byte| found | wanted(byte))
}

/// Returns true if there is nothing but white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
