//! Repairs texts that are only displayed: bad bytes in them do not make a message invalid.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use memchr::{memchr, memmem};
use quick_xml::events::BytesRef;

use super::reader::{checked, is_allowed};

/// Returns `document` with repaired texts in these elements: without bytes that are not UTF-8, characters that XML
/// forbids and references to such characters, and with every other `&` that begins no reference escaped.
///
/// A player's name may have control characters, half of an emoji, or bytes of another code page in it. All other
/// bytes stay the same, so parsing the result is as strict as ever about markup, ids and tokens.
///
/// ```
/// use mmcos_core::wire::xml::with_cosmetic_texts;
/// let document = b"<Login><Id>\xff</Id><Name>A\xe9&#x1;&#xD83D; &amp; B & C</Name></Login>";
/// assert_eq!(
///     *with_cosmetic_texts(document, &["Name"]),
///     b"<Login><Id>\xff</Id><Name>A &amp; B &amp; C</Name></Login>"[..]
/// );
/// ```
pub fn with_cosmetic_texts<'a>(document: &'a [u8], elements: &[&str]) -> Cow<'a, [u8]> {
    let mut out = Vec::new();
    let mut rest = document;
    // In the order of the document, whatever the order of `elements`.
    while let Some((before, content, after)) =
        elements.iter().filter_map(|name| find(rest, name)).min_by_key(|found| found.0.len())
    {
        if is_fit(content) {
            let whole = before.len().saturating_add(content.len());
            out.extend_from_slice(rest.get(..whole).unwrap_or_default());
        } else {
            out.extend_from_slice(before);
            clean(content, &mut out);
        }
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(document);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Splits a document into the part before the text of the next element of this name, the text, and the part after it.
fn find<'a>(document: &'a [u8], name: &str) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    for at in memmem::find_iter(document, name.as_bytes()) {
        let (before, tag) = document.split_at_checked(at)?;
        let inner = tag.get(name.len()..)?;
        // The name may have a prefix, and a longer name may begin with it.
        let is_start = matches!(before.last(), Some(b'<' | b':'))
            && matches!(inner.first(), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'));
        if is_start {
            let start = memchr(b'>', inner)?.saturating_add(1);
            let (attributes, content) = inner.split_at_checked(start)?;
            // An empty element has no text, but a later one of its name may.
            if !attributes.ends_with(b"/>") {
                let (content, after) = content.split_at_checked(memmem::find(content, b"</")?)?;
                let before = document.len().saturating_sub(content.len()).saturating_sub(after.len());
                return Some((document.get(..before)?, content, after));
            }
        }
    }
    None
}

fn is_fit(content: &[u8]) -> bool {
    // A reference may stand for a character that is forbidden.
    memchr(b'&', content).is_none() && checked(content).is_ok()
}

fn clean(content: &[u8], out: &mut Vec<u8>) {
    // In CDATA `&` is a character like others (XML 1.0, section 2.7).
    let is_cdata = memmem::find(content, b"<![CDATA[").is_some();
    for chunk in content.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(character) = rest.chars().next() {
            let length = match character {
                '&' if !is_cdata => reference(rest, out),
                _ => {
                    if is_allowed(character) {
                        out.extend_from_slice(
                            rest.get(..character.len_utf8()).unwrap_or_default().as_bytes(),
                        );
                    }
                    character.len_utf8()
                }
            };
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// Copies the reference at the start of `text`, if XML allows its character. Returns its length.
fn reference(text: &str, out: &mut Vec<u8>) -> usize {
    let name = text.get(1..).and_then(|rest| rest.split_once(';')).map_or("", |(name, _)| name);
    let whole = name.len().saturating_add(2);
    let is_number = name.strip_prefix('#').is_some_and(|digits| {
        let digits = digits.strip_prefix(['x', 'X']).unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    });
    let known = match name {
        "amp" | "lt" | "gt" | "apos" | "quot" => true,
        _ if is_number => match BytesRef::new(name).resolve_char_ref() {
            Ok(Some(character)) => is_allowed(character),
            // Half of a surrogate pair, or no character at all: left out (PROTOCOL.md, section 3).
            _ => false,
        },
        _ => {
            // Only the `&`: what follows it may hold a reference.
            out.extend_from_slice(b"&amp;");
            return 1;
        }
    };
    if known {
        out.extend_from_slice(text.get(..whole).unwrap_or_default().as_bytes());
    }
    whole
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec::Vec};

    use proptest::prelude::*;

    use super::super::{Limits, from_bytes};
    use super::*;

    #[derive(serde::Deserialize)]
    struct Login {
        #[serde(rename = "Name")]
        name: String,
    }

    fn read(content: &[u8]) -> Option<String> {
        let document = [b"<Login>\r\n <Name>", content, b"</Name><Id>1</Id></Login>"].concat();
        let clean = with_cosmetic_texts(&document, &["Name", "Title"]);
        from_bytes::<Login>(&clean, "Login", &Limits::default()).ok().map(|login| login.name)
    }

    #[test]
    fn texts_that_are_only_shown_are_read_whatever_they_hold() {
        let table: [(&[u8], &str); 18] = [
            (b"Racer01", "Racer01"),
            (b"", ""),
            (b"a&#x1;b&#0;c&#31;", "abc"),
            (b"a\x03b\x00", "ab"),
            (b"&#xD83D;&#xDE00;!", "!"),
            (b"&#xFFFE;&#x110000;&#xFFFFFFFFFF;x", "x"),
            (b"Zo\xeb Jos\xe9", "Zo Jos"),
            (b"\xf0\x9f\x8f", ""),
            (b"\xed\xa0\xbdx", "x"),
            ("Zoë 🏎".as_bytes(), "Zoë 🏎"),
            (b"&#x5A;o&#235;", "Zoë"),
            (b"A &amp; B", "A & B"),
            (b"A & B &", "A & B &"),
            (b"&nbsp;&#;&#x;", "&nbsp;&#;&#x;"),
            (b"&lt;b&gt;\x01", "<b>"),
            (b"<![CDATA[a & \x02b]]>", "a & b"),
            (b"\xef\xbf\xbe\xef\xbf\xbf-", "-"),
            (b"&\xe9amp;", "&amp;"),
        ];
        for (content, expected) in table {
            assert_eq!(read(content).as_deref(), Some(expected), "{}", content.escape_ascii());
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        for document in [
            b"<Login><Id>\xff&#x1;</Id></Login>".as_slice(),
            b"<Login><Names>\xff</Names><Name/>\xff</Login>",
            b"<Login><Name>Ann</Name><Id>&</Id></Login>",
            b"<Login><Name>\xff",
            b"<Name",
            b"</Name>\xff</Name>",
            b"",
        ] {
            assert_eq!(&*with_cosmetic_texts(document, &["Name"]), document, "{}", document.escape_ascii());
        }
        let prefixed = b"<a:Login><a:Name b=\"c\">\xff</a:Name></a:Login>";
        assert_eq!(
            &*with_cosmetic_texts(prefixed, &["Name"]),
            b"<a:Login><a:Name b=\"c\"></a:Name></a:Login>"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_without_markup_are_read(
            content in prop::collection::vec(any::<u8>().prop_filter("<", |b| *b != b'<'), 0..40),
        ) {
            prop_assert!(read(&content).is_some());
        }

        #[test]
        fn text_that_was_escaped_is_read_as_it_was(name in r"[\PC<>&]{0,20}") {
            let escaped: Vec<String> = name.chars().map(|c| match c {
                '<' => "&lt;".into(), '>' => "&gt;".into(), '&' => "&amp;".into(), c => format!("{c}"),
            }).collect();
            prop_assert_eq!(read(escaped.concat().as_bytes()), Some(name));
        }
    }
}
