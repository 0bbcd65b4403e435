//! The characters of XML 1.0: which there are, which make a name, a space, a line end.

use alloc::borrow::{Cow, ToOwned};

use quick_xml::events::BytesText;

use super::error::Error;

/// `document` as text, if XML [allows](is_allowed) all of its characters.
pub(super) fn checked(document: &[u8]) -> Result<&str, Error> {
    let text = core::str::from_utf8(document)
        .map_err(|error| Error::Encoding { got: "other bytes".to_owned(), offset: error.valid_up_to() })?;
    // U+FFFE and U+FFFF start with the byte EF.
    if has_byte(text, |byte| byte == 0xef || byte < b' ' && !is_space(byte))
        && let Some((offset, character)) = text.char_indices().find(|&(_, c)| !is_allowed(c))
    {
        return Err(Error::Character { code: character.into(), offset });
    }
    Ok(text)
}

/// Whether XML 1.0 allows the character in a document (its production 2, `Char`).
pub(super) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether there is such a byte. It looks at all of them: without a way out, the loop compiles to vector instructions.
pub(super) fn has_byte(text: &str, wanted: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |found, byte| found | wanted(byte))
}

/// What XML calls white space.
pub(super) const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Whether there is nothing but [`SPACES`].
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Parts a name, or the prefix of one, from what follows. Beyond ASCII every character passes as a letter.
pub(super) fn split_name(text: &str) -> Option<(&str, &str)> {
    let is_part =
        |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | 0x80..);
    let length = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let may_start = |first: &u8| !matches!(first, b'0'..=b'9' | b'-' | b'.');
    text.split_at_checked(length).filter(|(name, _)| name.as_bytes().first().is_some_and(may_start))
}

/// `text` with its line ends as `\n`, as XML wants them (2.11); borrowed if they are.
pub(super) fn with_line_ends(text: &str) -> Cow<'_, str> {
    if !has_byte(text, |byte| byte == b'\r') {
        return Cow::Borrowed(text);
    }
    BytesText::from_escaped(text).xml10_content()
}

/// Puts the next part after what there is of a text; the first part stays borrowed.
pub(super) fn append<'a>(text: &mut Cow<'a, str>, part: Cow<'a, str>) {
    if text.is_empty() {
        *text = part;
    } else {
        text.to_mut().push_str(&part);
    }
}
