//! What characters XML 1.0 allows, and where.

use alloc::borrow::{Cow, ToOwned};

use super::error::Error;

/// The byte order mark that may precede a UTF-8 document.
pub(super) const BOM: &str = "\u{feff}";

/// `document` as text, if all of its characters are [allowed](is_allowed).
pub(super) fn checked(document: &[u8]) -> Result<&str, Error> {
    let text = core::str::from_utf8(document)
        .map_err(|error| Error::Encoding { got: "other bytes".to_owned(), offset: error.valid_up_to() })?;
    if !may_need_care(text) {
        return Ok(text);
    }
    match text.char_indices().find(|&(_, character)| !is_allowed(character)) {
        Some((offset, character)) => Err(Error::Character { code: character.into(), offset }),
        None => Ok(text),
    }
}

/// Whether XML 1.0 allows the character in a document (its production 2, `Char`).
pub(super) fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether `text` is nothing but the white space of XML.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// Whether `text` can be the name of an element; stricter than XML, which allows letters of any script.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':'))
}

/// Appends a piece of a value, which stays borrowed while it is the only one.
pub(super) fn append<'a>(value: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if value.is_empty() {
        *value = piece;
    } else {
        value.to_mut().push_str(&piece);
    }
}

/// Whether a byte occurs that [`is_allowed`] might refuse: a control character, or the first byte of U+FFFE. Looks at
/// all bytes without a branch, so that it costs next to nothing.
fn may_need_care(text: &str) -> bool {
    let suspects = text
        .bytes()
        .map(|byte| u8::from(byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n') || byte == 0xef));
    suspects.fold(0, core::ops::BitOr::bitor) != 0
}
