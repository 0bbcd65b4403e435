use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::fmt::Display;

use quick_xml::{
    Reader,
    de::Deserializer,
    events::{BytesRef, BytesStart, Event},
};
use serde::Deserialize;

/// Maximum number of attributes on an element. No captured message has more than two. Finding duplicates is quadratic
/// in this.
const MAX_ATTRIBUTES: usize = 16;

/// Limits of a document, so that its cost is proportional to its length.
///
/// The defaults are our choice. The captured requests of the game go 4 deep, and 314 elements are the most in one
/// (`GetFriends` with 155 players); with 2,000, the most friends that Steam allows, it would have 4,004.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Maximum number of elements that are open at once, the root included.
    pub depth: usize,
    /// Maximum number of elements in a document, the root included.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, elements: 10_000 }
    }
}

/// Returns the document as text if it is well-formed, within the limits, and has this root.
///
/// quick-xml's deserializer reads the text again. It accepts more than a message may hold, so its reader runs once
/// before it, independent of any type, and every token is checked here.
pub(super) fn check<'a>(document: &'a [u8], root: &str, limits: &Limits) -> Result<&'a str, Error> {
    let text = checked(document)?;
    let mut reader = Reader::from_str(text);
    // quick-xml accepts `--` within a comment unless told to check (XML 1.0, section 2.5).
    reader.config_mut().check_comments = true;
    let mut guard = Guard {
        root,
        limits,
        depth: 0,
        elements: 0,
        is_first: true,
        in_value: false,
        has_text: false,
        offset: 0,
    };
    loop {
        guard.offset = reader.buffer_position();
        let token = reader.read_event().map_err(|error| Error::malformed(&error, reader.error_position()))?;
        if matches!(token, Event::Eof) {
            return guard.finish().map(|()| text);
        }
        guard.token(&token)?;
    }
}

struct Guard<'a> {
    root: &'a str,
    limits: &'a Limits,
    depth: usize,
    elements: usize,
    /// True before the first token.
    is_first: bool,
    /// True if only text has come since the last start tag: text is a value.
    in_value: bool,
    /// True if some of that text is not blank.
    has_text: bool,
    /// Offset of the token, in bytes.
    offset: u64,
}

impl Guard<'_> {
    fn token(&mut self, token: &Event<'_>) -> Result<(), Error> {
        match token {
            Event::Start(tag) => {
                self.start(tag)?;
                self.depth = self.depth.saturating_add(1);
            }
            Event::Empty(tag) => {
                self.start(tag)?;
                // The element has ended, so text after it stands beside an element.
                self.in_value = false;
            }
            Event::End(_) => {
                // Its name is the innermost open one, or the reader would have failed.
                self.depth = self.depth.saturating_sub(1);
                (self.in_value, self.has_text) = (false, false);
            }
            // The game indents its requests (PROTOCOL.md, section 1).
            Event::Text(text) if text.bytes().all(is_space) => {}
            Event::Text(_) | Event::CData(_) => self.text()?,
            // The reader reports a reference within a text by itself.
            Event::GeneralRef(reference) => {
                self.text()?;
                self.reference(reference)?;
            }
            // The encoding is not checked: .NET declares `utf-16` over UTF-8.
            Event::Decl(declaration) if self.is_first => {
                let version = declaration.version();
                if version.map_err(|error| Error::malformed(&error, self.offset))? != "1.0" {
                    return Err(self.unexpected("XML 1.0", "another version"));
                }
            }
            Event::Decl(_) | Event::PI(_) => {
                return Err(self.unexpected("an element", "a processing instruction"));
            }
            // Entities are dangerous, and quick-xml's deserializer panics at a document type within a text.
            Event::DocType(_) => return Err(self.unexpected("an element", "a document type")),
            // `check` has handled the end.
            Event::Comment(_) | Event::Eof => {}
        }
        self.is_first = false;
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Error> {
        // The text was taken for a value, and stands beside an element after all.
        if self.has_text {
            return Err(self.stray_text());
        }
        if self.depth == 0 && self.elements > 0 {
            return Err(self.unexpected("the end of the document", "a second root element"));
        }
        // With any prefix, which is our choice: captured requests have none.
        if self.elements == 0 && tag.local_name().as_ref() != self.root {
            let expected = format!("the root element {}", self.root);
            return Err(Error::unexpected(expected, shown(&tag.local_name().as_ref()), self.offset));
        }
        // quick-xml would accept it as a part of a name or an attribute.
        if tag.contains('<') {
            return Err(self.unexpected("the end of a tag", "another tag"));
        }
        self.check_limit("elements", self.elements, self.limits.elements)?;
        self.check_limit("levels of elements", self.depth, self.limits.depth)?;
        // quick-xml checks attributes only when they are read, and the deserializer skips unknown elements.
        for (count, attribute) in tag.attributes().enumerate() {
            self.check_limit("attributes of an element", count, MAX_ATTRIBUTES)?;
            attribute.map_err(|error| Error::malformed(&error, self.offset))?;
        }
        self.elements = self.elements.saturating_add(1);
        self.in_value = true;
        Ok(())
    }

    fn text(&mut self) -> Result<(), Error> {
        self.has_text = true;
        if self.in_value { Ok(()) } else { Err(self.stray_text()) }
    }

    /// Checks a reference, also within elements that the deserializer would skip.
    fn reference(&self, reference: &BytesRef<'_>) -> Result<(), Error> {
        match reference.resolve_char_ref().map_err(|error| Error::malformed(&error, self.offset))? {
            Some(character) if is_allowed(character) => Ok(()),
            Some(character) => Err(Error::character(character, self.offset)),
            None if matches!(&**reference, "amp" | "lt" | "gt" | "apos" | "quot") => Ok(()),
            // Others need a document type, which is rejected.
            None => Err(self.unexpected("one of the predefined entities", "another")),
        }
    }

    fn finish(&self) -> Result<(), Error> {
        match (self.depth, self.elements) {
            (0, 0) => Err(self.unexpected("a root element", "the end of the document")),
            (0, _) => Ok(()),
            // The reader does not mind elements that are still open.
            _ => Err(self.unexpected("the end of an element", "the end of the document")),
        }
    }

    fn check_limit(&self, what: &'static str, count: usize, limit: usize) -> Result<(), Error> {
        if count < limit { Ok(()) } else { Err(Error::TooMany { what, limit, offset: self.offset }) }
    }

    fn stray_text(&self) -> Error {
        self.unexpected("elements or text alone within an element", "text beside an element")
    }

    fn unexpected(&self, expected: &'static str, got: &'static str) -> Error {
        Error::unexpected(expected, got, self.offset)
    }
}

/// Reads the request whose root element is `root`.
///
/// First checks the document for everything that no message may hold, whatever `T` is; quick-xml's deserializer does
/// the rest:
///
/// - A struct is an element of elements, in any order. Elements without a field are skipped.
/// - Numbers, `bool` (`true`, `false`, `1`, `0`), strings and enums without data are the text of an element; numbers
///   and `bool` without the white space around it. `&str` and, with `#[serde(borrow)]`, `Cow<str>` borrow from
///   `document`; `&str` rejects text that had to be resolved, such as `A&amp;B`.
/// - `Option` is `None` where the element is absent or has `i:nil="true"`, `i` being bound to the namespace that
///   [`Writer::root`](super::Writer::root) binds it to. An empty element is an empty text.
/// - `Vec` is elements of one name right after one another; with `#[serde(default)]` there may be none. A wrapped
///   `DataContract` list, `<Ids><Id>1</Id><Id>2</Id></Ids>`, is a struct with a field `Id` that is a `Vec`.
///
/// Errors: every one of [`Error`].
///
/// ```
/// use mmcos_core::wire::xml::{self, Error, Limits};
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct GetFriends<'a> {
///     session_token: &'a str,
///     platform_ids: PlatformIds,
///     max_entries: Option<u32>,
/// }
/// #[derive(serde::Deserialize)]
/// struct PlatformIds {
///     #[serde(rename = "PlatformIdEntry", default)]
///     entries: Vec<Entry>,
/// }
/// #[derive(serde::Deserialize)]
/// struct Entry {
///     #[serde(rename = "PlatformId")]
///     id: u64,
/// }
/// let document = b"<GetFriends><SessionToken>abc=</SessionToken><PlatformIds>\
///     <PlatformIdEntry><PlatformId>76561202255230101</PlatformId></PlatformIdEntry>\
///     </PlatformIds></GetFriends>";
/// let request: GetFriends = xml::from_bytes(document, "GetFriends", &Limits::default())?;
/// assert_eq!(request.session_token, "abc=");
/// assert_eq!(request.platform_ids.entries[0].id, 76_561_202_255_230_101);
/// assert_eq!(request.max_entries, None);
/// # Ok::<(), Error>(())
/// ```
pub fn from_bytes<'de, T>(document: &'de [u8], root: &str, limits: &Limits) -> Result<T, Error>
where
    T: Deserialize<'de>,
{
    // The deserializer alone accepts more than a message may hold (decision 96).
    let mut deserializer = Deserializer::from_str(check(document, root, limits)?);
    T::deserialize(&mut deserializer)
        .map_err(|error| Error::value(&error, deserializer.get_ref().get_ref().buffer_position()))
}

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

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Number of characters shown of each end of a long text.
const SHOWN: usize = 64;

/// The reason why a document was rejected. Offsets count bytes from the start of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes, a character, markup or text that is not allowed there, or not in this message.
    #[error("expected {expected}, got {got} at byte {offset}")]
    Unexpected {
        /// Description of what is allowed there.
        expected: Cow<'static, str>,
        /// Description of what was found.
        got: Cow<'static, str>,
        /// Offset of what was found.
        offset: u64,
    },
    /// More elements, attributes or levels than the [`Limits`](super::Limits) allow.
    #[error("expected at most {limit} {what}, got more at byte {offset}")]
    TooMany {
        /// Kind of item.
        what: &'static str,
        /// Maximum number.
        limit: usize,
        /// Offset of the first element beyond the limit.
        offset: u64,
    },
    /// Not well-formed: tags that do not match, unclosed markup, attributes that are not `name="value"`.
    #[error("expected well-formed XML: {problem} at byte {offset}")]
    Malformed {
        /// Message of the parser.
        problem: String,
        /// Offset of the markup.
        offset: u64,
    },
    /// An element is missing, occurs twice, or has a type that the message does not allow.
    #[error("{problem} before byte {offset}")]
    Value {
        /// Message of the deserializer: what was expected and what was found.
        problem: String,
        /// Offset that parsing had reached: at most one piece of markup past the element.
        offset: u64,
    },
}

impl Error {
    pub(super) fn malformed(problem: &dyn Display, offset: u64) -> Self {
        Self::Malformed { problem: shown(problem), offset }
    }

    pub(super) fn value(problem: &dyn Display, offset: u64) -> Self {
        Self::Value { problem: shown(problem), offset }
    }

    pub(super) fn unexpected(
        expected: impl Into<Cow<'static, str>>,
        got: impl Into<Cow<'static, str>>,
        offset: u64,
    ) -> Self {
        Self::Unexpected { expected: expected.into(), got: got.into(), offset }
    }

    pub(super) fn character(character: char, offset: u64) -> Self {
        let got = alloc::format!("U+{:04X}", u32::from(character));
        Self::unexpected("a character that XML allows", got, offset)
    }
}

/// Returns the text, or both ends of a long one: values from a document can be as long as a body.
pub(super) fn shown(text: &dyn Display) -> String {
    let text = text.to_string();
    let left_out = text.chars().count().saturating_sub(2 * SHOWN);
    if left_out == 0 {
        return text;
    }
    let end = text.chars().skip(left_out.saturating_add(SHOWN));
    text.chars().take(SHOWN).chain(['…']).chain(end).collect()
}
