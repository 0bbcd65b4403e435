use alloc::string::ToString;
use core::fmt::Display;

use memchr::{memchr, memchr2, memmem};
use quick_xml::events::{BytesDecl, BytesStart};
use quick_xml::parser::{ElementParser, Parser};

use super::error::{Error, shown};
use super::text;

/// A piece of a document as it stands there.
pub(super) enum Token<'a> {
    /// What is between `<` and `>`, if that is a name without a prefix and nothing else.
    PlainStart(&'a str),
    /// What is between `<` and `>` or `/>`.
    Start {
        content: &'a str,
        self_closed: bool,
    },
    /// What is between `</` and `>`.
    End(&'a str),
    /// Text up to the next `<` or `&`.
    Text(&'a str),
    /// What is between `<![CDATA[` and `]]>`.
    CData(&'a str),
    /// What is between `&` and `;`.
    Reference(&'a str),
    Comment,
    /// Nothing is left.
    Eof,
}

/// Finds where each piece of markup ends, and refuses the kinds that no message has.
///
/// `quick_xml::Reader` would do as much, but it copies every open element's name to the heap and reads a request of
/// the game in twice the time. Its parts read what is intricate and rare: attributes, declarations, references.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    source: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// A scanner behind the byte order mark and the XML declaration, if there are any.
    pub(super) fn new(document: &'a [u8]) -> Result<Self, Error> {
        let source = text::checked(document)?;
        let mut scanner = Self { source, rest: source.strip_prefix('\u{feff}').unwrap_or(source) };
        if scanner.rest.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with(text::SPACES)) {
            scanner.check_declaration()?;
        }
        Ok(scanner)
    }

    /// Bytes from the start of the document.
    pub(super) fn offset(&self) -> usize {
        self.source.len().saturating_sub(self.rest.len())
    }

    /// Whether what comes next is the end of an element.
    pub(super) fn at_end_tag(&self) -> bool {
        self.rest.starts_with("</")
    }

    /// Whether what comes next is the start of an element.
    pub(super) fn at_start_tag(&self) -> bool {
        matches!(self.rest.as_bytes(), [b'<', next, ..] if !matches!(next, b'/' | b'!' | b'?'))
    }

    /// The next piece.
    pub(super) fn token(&mut self) -> Result<Token<'a>, Error> {
        match self.rest.as_bytes() {
            [] => Ok(Token::Eof),
            [b'<', b'/', ..] => self.between("</", ">", |inner| memchr(b'>', inner)).map(Token::End),
            [b'<', b'!', b'-', ..] => {
                self.between("<!--", "-->", |inner| memmem::find(inner, b"--")).map(|_| Token::Comment)
            }
            [b'<', b'!', b'[', ..] => {
                self.between("<![CDATA[", "]]>", |inner| memmem::find(inner, b"]]>")).map(Token::CData)
            }
            [b'<', b'!', ..] => Err(self.unexpected("an element", "a document type or a part of one")),
            [b'<', b'?', ..] => Err(self.unexpected("an element", "a processing instruction")),
            [b'<', ..] => self.start_tag(),
            [b'&', ..] => self.between("&", ";", |inner| memchr(b';', inner)).map(Token::Reference),
            bytes => Ok(self.text(length_of_text(bytes))),
        }
    }

    /// Passes over the end of this element, if that comes next and is written without spaces.
    pub(super) fn passes_end(&mut self, name: &str) -> bool {
        let after = self.rest.strip_prefix("</").and_then(|rest| rest.strip_prefix(name)?.strip_prefix('>'));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn start_tag(&mut self) -> Result<Token<'a>, Error> {
        // Nearly all are.
        let plain = self.rest.strip_prefix('<').and_then(text::split_name);
        if let Some((name, rest)) = plain.and_then(|(name, after)| Some((name, after.strip_prefix('>')?))) {
            self.rest = rest;
            return Ok(Token::PlainStart(name));
        }
        let content = self.between("<", ">", |inner| ElementParser::default().feed(inner))?;
        Ok(match content.strip_suffix('/') {
            Some(content) => Token::Start { content, self_closed: true },
            None => Token::Start { content, self_closed: false },
        })
    }

    fn text(&mut self, length: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        Token::Text(text)
    }

    /// Takes markup that starts with `open` and has `close` where `find` says, counted from behind `open`.
    fn between(
        &mut self,
        open: &str,
        close: &str,
        find: impl FnOnce(&[u8]) -> Option<usize>,
    ) -> Result<&'a str, Error> {
        let found = self.rest.strip_prefix(open).and_then(|inner| {
            let (content, after) = inner.split_at_checked(find(inner.as_bytes())?)?;
            Some((content, after.strip_prefix(close)?))
        });
        let (content, rest) =
            found.ok_or_else(|| self.malformed(format_args!("`{open}` without its `{close}`")))?;
        self.rest = rest;
        Ok(content)
    }

    fn check_declaration(&mut self) -> Result<(), Error> {
        let content = self.between("<?", "?>", |inner| memmem::find(inner, b"?>"))?;
        let declaration = BytesDecl::from_start(BytesStart::from_content(content, "xml".len()));
        let version = declaration.version().map_err(|error| self.malformed(error))?;
        if version != "1.0" {
            return Err(self.unexpected("XML 1.0", "another version"));
        }
        // What it names is not believed: .NET's `StringWriter` declares utf-16, and the bytes are UTF-8 all the same.
        declaration.encoding().transpose().map_err(|error| self.malformed(error))?;
        Ok(())
    }

    pub(super) fn unexpected(&self, expected: &'static str, got: &'static str) -> Error {
        Error::Unexpected { expected, got, offset: self.offset() }
    }

    pub(super) fn malformed(&self, problem: impl Display) -> Error {
        Error::Malformed { problem: shown(&problem.to_string()), offset: self.offset() }
    }
}

/// How far it is to the next `<` or `&`. Most texts are so short that a search in vectors would not pay.
fn length_of_text(bytes: &[u8]) -> usize {
    const SHORT: usize = 16;
    let (first, rest) = bytes.split_at_checked(SHORT).unwrap_or((bytes, &[]));
    let near = first.iter().position(|byte| matches!(byte, b'<' | b'&'));
    near.unwrap_or_else(|| first.len().saturating_add(memchr2(b'<', b'&', rest).unwrap_or(rest.len())))
}
