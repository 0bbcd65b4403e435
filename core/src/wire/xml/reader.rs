use alloc::borrow::Cow;
use alloc::string::ToString;
use core::mem;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event as Raw};

use super::error::{Error, shown};
use super::text;

/// No message of the game has more than one attribute on an element. Finding duplicates is quadratic in this.
const MAX_ATTRIBUTES: usize = 16;

/// How large a document may be, so that it costs no more than its length in bytes.
///
/// The defaults are our choice. The captured requests of the game go 4 deep, and 316 elements are the most in one
/// (`GetFriends` with 155 friends); with 2,000 friends, the most that Steam allows, it would have 4,003 or so.
///
/// ```
/// use mmcos_core::wire::xml::{Error, Limits, Reader};
/// let limits = Limits { depth: 2, ..Limits::default() };
/// let mut reader = Reader::new(b"<a><b><c/></b></a>", &limits)?;
/// reader.read()?;
/// reader.read()?;
/// assert!(matches!(reader.read(), Err(Error::TooMany { limit: 2, .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most elements that may be open at once, the root included.
    pub depth: usize,
    /// The most elements in a document, the root included.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, elements: 10_000 }
    }
}

/// A piece of a document, borrowed from it where possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `<name>` or, with an [`Event::End`] right after it, `<name/>`.
    Start(Tag<'a>),
    /// All the text between a start and its end: references resolved, CDATA included, line ends as `\n`. Never empty.
    Text(Cow<'a, str>),
    /// `</name>`, of the innermost open element.
    End,
}

/// What the start of an element says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name without prefix. Namespaces are not looked at: no message has two elements that differ in nothing else.
    pub name: &'a str,
    /// Whether it carries `i:nil="true"`, the mark of an absent value, whatever the prefix.
    pub nil: bool,
}

/// Reads a document event by event, strictly: what XML 1.0 has no rule for is refused, and so is what no message
/// of the game uses though XML allows it, that is document types, processing instructions and text beside elements.
///
/// Comments, and whitespace beside elements, are skipped. After an error the reader is of no more use.
///
/// ```
/// use mmcos_core::wire::xml::{Error, Event, Limits, Reader, Tag};
/// let mut reader = Reader::new(b"<Login>\r\n <DisplayName>A&amp;B</DisplayName>\r\n</Login>", &Limits::default())?;
/// assert_eq!(reader.read()?, Some(Event::Start(Tag { name: "Login", nil: false })));
/// assert_eq!(reader.read()?, Some(Event::Start(Tag { name: "DisplayName", nil: false })));
/// assert_eq!(reader.read()?, Some(Event::Text("A&B".into())));
/// assert_eq!(reader.read()?, Some(Event::End));
/// assert_eq!(reader.read()?, Some(Event::End));
/// assert_eq!(reader.read()?, None);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<'a> {
    source: &'a str,
    xml: quick_xml::Reader<&'a [u8]>,
    limits: Limits,
    /// Elements open now.
    depth: usize,
    /// Elements started so far.
    elements: usize,
    /// Nothing but text has come since the last start: text is a value.
    in_value: bool,
    /// The last start was `<name/>`: its end comes next.
    self_closed: bool,
    peeked: Option<Event<'a>>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `document`.
    ///
    /// Errors: [`Error::Encoding`] and [`Error::Character`], which are looked for in the whole document at once.
    pub fn new(document: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let source = text::checked(document)?;
        let mut xml = quick_xml::Reader::from_str(source);
        xml.config_mut().check_comments = true;
        Ok(Self {
            source,
            xml,
            limits: *limits,
            depth: 0,
            elements: 0,
            in_value: false,
            self_closed: false,
            peeked: None,
        })
    }

    /// The next event; `None` at the end of a complete document.
    pub fn read(&mut self) -> Result<Option<Event<'a>>, Error> {
        match self.peeked.take() {
            Some(event) => Ok(Some(event)),
            None => self.advance(),
        }
    }

    /// What [`Reader::read`] will return next.
    pub fn peek(&mut self) -> Result<Option<&Event<'a>>, Error> {
        if self.peeked.is_none() {
            self.peeked = self.advance()?;
        }
        Ok(self.peeked.as_ref())
    }

    /// Passes over everything up to and including the end of the innermost open element.
    pub fn skip(&mut self) -> Result<(), Error> {
        let mut open = 1_usize;
        while open > 0 {
            match self.read()? {
                Some(Event::Start(_)) => open = open.saturating_add(1),
                Some(Event::End) => open = open.saturating_sub(1),
                Some(Event::Text(_)) => {}
                None => break,
            }
        }
        Ok(())
    }

    /// Where the reader is, in bytes from the start of the document.
    pub fn offset(&self) -> usize {
        self.source.len().saturating_sub(self.rest().len())
    }

    fn advance(&mut self) -> Result<Option<Event<'a>>, Error> {
        if mem::take(&mut self.self_closed) {
            return Ok(Some(self.end()));
        }
        let mut value = Cow::Borrowed("");
        loop {
            match self.xml.read_event().map_err(|error| self.malformed(&error))? {
                Raw::Start(tag) => return self.start(&tag, ">", &value).map(Some),
                Raw::Empty(tag) => {
                    self.self_closed = true;
                    return self.start(&tag, "/>", &value).map(Some);
                }
                Raw::End(_) => return Ok(Some(self.end())),
                Raw::Text(part) if self.in_value && !self.at_start_tag() => {
                    text::append(&mut value, part.xml10_content());
                }
                Raw::Text(part) if text::is_blank(&part) => {}
                Raw::CData(part) if self.in_value => text::append(&mut value, part.xml10_content()),
                Raw::GeneralRef(reference) if self.in_value => {
                    let character = self.resolve(&reference)?;
                    value.to_mut().push(character);
                }
                Raw::Text(_) | Raw::CData(_) | Raw::GeneralRef(_) => return Err(self.stray_text()),
                Raw::Comment(_) => {}
                Raw::Decl(declaration) => self.check_declaration(&declaration)?,
                Raw::PI(_) => return Err(self.unexpected("an element", "a processing instruction")),
                Raw::DocType(_) => return Err(self.unexpected("an element", "a document type")),
                Raw::Eof => return self.finish(),
            }
            if !value.is_empty() && self.rest().starts_with(b"</") {
                self.in_value = false;
                return Ok(Some(Event::Text(value)));
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, closing: &str, before: &str) -> Result<Event<'a>, Error> {
        if !text::is_blank(before) {
            return Err(self.stray_text());
        }
        if self.depth == 0 && self.elements > 0 {
            return Err(self.unexpected("the end of the document", "a second root element"));
        }
        self.depth = self.within_limit("levels of elements", self.depth, self.limits.depth)?;
        self.elements = self.within_limit("elements", self.elements, self.limits.elements)?;
        self.in_value = true;
        let name = self.local_name(self.name(tag, closing))?;
        let nil = !tag.attributes_raw().is_empty() && self.has_nil(tag)?;
        Ok(Event::Start(Tag { name, nil }))
    }

    /// The name of the tag that was just read, cut from the source because the parser lends it for a moment only.
    fn name(&self, tag: &BytesStart<'_>, closing: &str) -> &'a str {
        let start = self.offset().saturating_sub(closing.len()).saturating_sub(tag.len());
        let end = start.saturating_add(tag.name().0.len());
        self.source.get(start..end).unwrap_or_default()
    }

    fn local_name<'n>(&self, name: &'n str) -> Result<&'n str, Error> {
        if text::is_name(name) {
            return Ok(name);
        }
        match name.split_once(':') {
            Some((prefix, local)) if text::is_name(prefix) && text::is_name(local) => Ok(local),
            _ => Err(self.unexpected("a name of an element", "other characters")),
        }
    }

    fn has_nil(&self, tag: &BytesStart<'_>) -> Result<bool, Error> {
        let mut nil = false;
        for (count, attribute) in tag.attributes().enumerate() {
            self.within_limit("attributes of an element", count, MAX_ATTRIBUTES)?;
            let attribute = attribute.map_err(|error| self.malformed(&error))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| self.malformed(&error))?;
            if attribute.value.contains('<') {
                return Err(self.unexpected("a value of an attribute", "`<`"));
            }
            let (name, prefix) = attribute.key.decompose();
            nil |= prefix.is_some() && name.as_ref() == "nil" && matches!(value.trim(), "true" | "1");
        }
        Ok(nil)
    }

    fn end(&mut self) -> Event<'a> {
        self.depth = self.depth.saturating_sub(1);
        self.in_value = false;
        Event::End
    }

    fn finish(&self) -> Result<Option<Event<'a>>, Error> {
        match (self.depth, self.elements) {
            (0, 0) => Err(self.unexpected("a root element", "the end of the document")),
            (0, _) => Ok(None),
            _ => Err(self.unexpected("the end of an element", "the end of the document")),
        }
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, Error> {
        let named = match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().map_err(|error| self.malformed(&error))?,
        };
        let character = named.ok_or_else(|| self.unexpected("one of the predefined entities", "another"))?;
        if text::is_allowed(character) {
            Ok(character)
        } else {
            Err(Error::Character { code: character.into(), offset: self.offset() })
        }
    }

    fn check_declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Error> {
        let before = if self.source.starts_with(text::BOM) { text::BOM.len() } else { 0 };
        let written = "<?".len().saturating_add(declaration.len()).saturating_add("?>".len());
        if self.offset() != before.saturating_add(written) {
            return Err(
                self.unexpected("an element", "an XML declaration that is not the start of the document")
            );
        }
        let version = declaration.version().map_err(|error| self.malformed(&error))?;
        if version != "1.0" {
            return Err(self.unexpected("XML 1.0", "another version"));
        }
        match declaration.encoding().transpose().map_err(|error| self.malformed(&error))? {
            Some(name) if !name.eq_ignore_ascii_case("utf-8") => {
                Err(Error::Encoding { got: shown(&name), offset: self.offset() })
            }
            _ => Ok(()),
        }
    }

    fn within_limit(&self, what: &'static str, count: usize, limit: usize) -> Result<usize, Error> {
        if count < limit {
            Ok(count.saturating_add(1))
        } else {
            Err(Error::TooMany { what, limit, offset: self.offset() })
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.xml.get_ref()
    }

    fn at_start_tag(&self) -> bool {
        matches!(self.rest(), [b'<', next, ..] if !matches!(next, b'/' | b'!'))
    }

    fn stray_text(&self) -> Error {
        self.unexpected("elements or text alone within an element", "text beside an element")
    }

    pub(super) fn unexpected(&self, expected: &'static str, got: &'static str) -> Error {
        Error::Unexpected { expected, got, offset: self.offset() }
    }

    fn malformed(&self, error: &dyn ToString) -> Error {
        Error::Malformed { problem: shown(&error.to_string()), offset: self.offset() }
    }
}
