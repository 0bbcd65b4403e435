use alloc::format;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::error::{Error, shown};
use super::text;

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
    let text = text::checked(document)?;
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
            Event::Text(text) if text::is_blank(text) => {}
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
            Some(character) if text::is_allowed(character) => Ok(()),
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
