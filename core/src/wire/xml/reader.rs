use alloc::borrow::Cow;
use core::mem;

use quick_xml::XmlVersion;
use quick_xml::events::BytesRef;
use quick_xml::events::attributes::Attributes;

use super::error::Error;
use super::scanner::{Scanner, Token};
use super::text;

/// No captured message has more than two attributes on an element. Finding duplicates is quadratic in this.
const MAX_ATTRIBUTES: usize = 16;

/// How large a document may be, so that it costs no more than its length in bytes.
///
/// The defaults are our choice. The captured requests of the game go 4 deep, and 314 elements are the most in one
/// (`GetFriends` with 155 players); with 2,000, the most friends that Steam allows, it would have 4,004.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// The most elements that may be open at once, the root included; beyond [`Limits::MAX_DEPTH`] it is that.
    pub depth: usize,
    /// The most elements in a document, the root included.
    pub elements: usize,
}

impl Limits {
    /// The most that [`Limits::depth`] can be: the names of open elements stay off the heap.
    pub const MAX_DEPTH: usize = 32;
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
/// Comments, and whitespace beside elements, are skipped. Two slips pass, for neither can change what is read: `]]>`
/// in a text, and no space between attributes. After an error the reader is of no more use.
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
    scanner: Scanner<'a>,
    limits: Limits,
    /// The names of the elements open now, with their prefixes; the first `depth` of them hold.
    open: [&'a str; Limits::MAX_DEPTH],
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
    /// Errors: [`Error::Encoding`] and [`Error::Character`], which are looked for in the whole document at once, and
    /// what may be wrong with the XML declaration.
    pub fn new(document: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        Ok(Self {
            scanner: Scanner::new(document)?,
            limits: Limits { depth: limits.depth.min(Limits::MAX_DEPTH), ..*limits },
            open: [""; Limits::MAX_DEPTH],
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

    fn advance(&mut self) -> Result<Option<Event<'a>>, Error> {
        if mem::take(&mut self.self_closed) {
            return Ok(Some(self.close()));
        }
        let mut value = Cow::Borrowed("");
        loop {
            if self.innermost().is_some_and(|name| self.scanner.passes_end(name)) {
                return Ok(Some(self.close()));
            }
            match self.scanner.token()? {
                Token::PlainStart(name) => {
                    self.check_start(&value)?;
                    return self.open(name, Tag { name, nil: false }).map(Some);
                }
                Token::Start { content, self_closed } => {
                    self.self_closed = self_closed;
                    return self.start(content, &value).map(Some);
                }
                Token::End(name) => return self.end(name).map(Some),
                Token::Text(part) if self.in_value && !self.scanner.at_start_tag() => {
                    text::append(&mut value, text::with_line_ends(part));
                }
                Token::Text(part) if text::is_blank(part) => {}
                Token::CData(part) if self.in_value => text::append(&mut value, text::with_line_ends(part)),
                Token::Reference(name) if self.in_value => value.to_mut().push(self.resolve(name)?),
                Token::Text(_) | Token::CData(_) | Token::Reference(_) => return Err(self.stray_text()),
                Token::Comment => {}
                Token::Eof => return self.finish(),
            }
            if !value.is_empty() && self.scanner.at_end_tag() {
                self.in_value = false;
                return Ok(Some(Event::Text(value)));
            }
        }
    }

    /// Whether an element may start here, after this text.
    fn check_start(&self, before: &str) -> Result<(), Error> {
        if !text::is_blank(before) {
            return Err(self.stray_text());
        }
        if self.depth == 0 && self.elements > 0 {
            return Err(self.unexpected("the end of the document", "a second root element"));
        }
        Ok(())
    }

    fn start(&mut self, content: &'a str, before: &str) -> Result<Event<'a>, Error> {
        self.check_start(before)?;
        let name = Name::parse(content)
            .ok_or_else(|| self.unexpected("the name of an element", "other characters"))?;
        let nil = name.length < content.len() && self.has_nil(content, name.length)?;
        self.open(content.get(..name.length).unwrap_or_default(), Tag { name: name.local, nil })
    }

    fn has_nil(&self, content: &str, name_length: usize) -> Result<bool, Error> {
        let mut nil = false;
        for (count, attribute) in Attributes::new(content, name_length).enumerate() {
            self.within_limit("attributes of an element", count, MAX_ATTRIBUTES)?;
            let attribute = attribute.map_err(|error| self.scanner.malformed(error))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| self.scanner.malformed(error))?;
            if attribute.value.contains('<') || !Name::is_whole(attribute.key.as_ref()) {
                return Err(self.unexpected("an attribute", "characters that XML allows in none"));
            }
            let (name, prefix) = attribute.key.decompose();
            nil |= prefix.is_some() && name.as_ref() == "nil" && matches!(&*value, "true" | "1");
        }
        Ok(nil)
    }

    fn open(&mut self, name: &'a str, tag: Tag<'a>) -> Result<Event<'a>, Error> {
        self.elements = self.within_limit("elements", self.elements, self.limits.elements)?;
        self.in_value = true;
        let deeper = self.within_limit("levels of elements", self.depth, self.limits.depth)?;
        if let Some(innermost) = self.open.get_mut(self.depth) {
            *innermost = name;
        }
        self.depth = deeper;
        Ok(Event::Start(tag))
    }

    /// The name of the innermost open element, with its prefix.
    fn innermost(&self) -> Option<&'a str> {
        self.depth.checked_sub(1).and_then(|depth| self.open.get(depth)).copied()
    }

    fn end(&mut self, name: &str) -> Result<Event<'a>, Error> {
        if self.innermost() == Some(name.trim_end_matches(text::SPACES)) {
            Ok(self.close())
        } else {
            Err(self.scanner.malformed(format_args!("`</{name}>` without its start")))
        }
    }

    fn close(&mut self) -> Event<'a> {
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

    fn resolve(&self, name: &str) -> Result<char, Error> {
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "apos" => '\'',
            "quot" => '"',
            _ => BytesRef::new(name)
                .resolve_char_ref()
                .map_err(|error| self.scanner.malformed(error))?
                .ok_or_else(|| self.unexpected("one of the predefined entities", "another"))?,
        };
        if text::is_allowed(character) {
            Ok(character)
        } else {
            Err(Error::Character { code: character.into(), offset: self.scanner.offset() })
        }
    }

    fn within_limit(&self, what: &'static str, count: usize, limit: usize) -> Result<usize, Error> {
        if count < limit {
            Ok(count.saturating_add(1))
        } else {
            Err(Error::TooMany { what, limit, offset: self.scanner.offset() })
        }
    }

    fn stray_text(&self) -> Error {
        self.unexpected("elements or text alone within an element", "text beside an element")
    }

    pub(super) fn unexpected(&self, expected: &'static str, got: &'static str) -> Error {
        self.scanner.unexpected(expected, got)
    }
}

/// The name at the start of a tag, or of an attribute.
struct Name<'a> {
    local: &'a str,
    /// In bytes, the prefix included.
    length: usize,
}

impl<'a> Name<'a> {
    fn parse(content: &'a str) -> Option<Self> {
        let (first, after_first) = text::split_name(content)?;
        let (local, attributes) = match after_first.strip_prefix(':') {
            Some(after_prefix) => text::split_name(after_prefix)?,
            None => (first, after_first),
        };
        let ends = attributes.is_empty() || attributes.starts_with(text::SPACES);
        ends.then(|| Self { local, length: content.len().saturating_sub(attributes.len()) })
    }

    fn is_whole(text: &str) -> bool {
        Name::parse(text).is_some_and(|name| name.length == text.len())
    }
}
