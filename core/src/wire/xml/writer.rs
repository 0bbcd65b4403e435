use alloc::vec::Vec;
use core::fmt;

use super::text;

/// Writes `DataContract` XML the way the official server did: one line, no XML declaration, absent values as
/// `<Name i:nil="true"/>`, empty lists as `<Name/>`.
///
/// Elements come out in the order of the calls; the official order (alphabetical within a parent) is the caller's
/// to keep. Names are program text and written as they are; values are escaped, and what XML cannot hold (most
/// control characters) becomes U+FFFD.
///
/// ```
/// use mmcos_core::wire::xml::Writer;
/// let mut xml = Writer::new(Vec::new());
/// xml.root("R");
/// xml.nil("Error");
/// xml.text("Name", "a<b");
/// xml.number("Points", -40);
/// xml.close("R");
/// assert_eq!(
///     xml.into_bytes(),
///     br#"<R xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Error i:nil="true"/><Name>a&lt;b</Name><Points>-40</Points></R>"#,
/// );
/// ```
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Appends to `out`, so that a buffer can be used again.
    pub fn new(out: Vec<u8>) -> Self {
        Self { out }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// `<name xmlns:i="…">`, the start of a document.
    pub fn root(&mut self, name: &str) {
        self.raw(["<", name, " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"]);
    }

    /// `<name>`.
    pub fn open(&mut self, name: &str) {
        self.raw(["<", name, ">"]);
    }

    /// `<name xmlns:prefix="uri">`, for lists of another namespace.
    pub fn open_with_namespace(&mut self, name: &str, prefix: &str, uri: &str) {
        self.raw(["<", name, " xmlns:", prefix, "=\"", uri, "\">"]);
    }

    /// `</name>`.
    pub fn close(&mut self, name: &str) {
        self.raw(["</", name, ">"]);
    }

    /// `<name>value</name>`, the value escaped; an empty value is `<name></name>`.
    pub fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        self.escaped(value);
        self.close(name);
    }

    /// `<name>value</name>` for an integer of any type.
    pub fn number(&mut self, name: &str, value: impl itoa::Integer) {
        self.open(name);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self.close(name);
    }

    /// `<name>value</name>` for anything that shows itself, escaped.
    pub fn value(&mut self, name: &str, value: impl fmt::Display) {
        self.open(name);
        // Appending to memory does not fail; a `Display` that does has shown what it could.
        let _ = fmt::Write::write_fmt(self, format_args!("{value}"));
        self.close(name);
    }

    /// `<name>true</name>` or `<name>false</name>`.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.open(name);
        self.raw([if value { "true" } else { "false" }]);
        self.close(name);
    }

    /// `<name a="b">value</name>`, the attributes as they are.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.raw(["<", name]);
        self.attributes(attributes);
        self.raw([">"]);
        self.escaped(value);
        self.close(name);
    }

    /// `<name a="b"/>`, the attributes as they are.
    pub fn empty_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.raw(["<", name]);
        self.attributes(attributes);
        self.raw(["/>"]);
    }

    /// `<name i:nil="true"/>`, an absent value.
    pub fn nil(&mut self, name: &str) {
        self.raw(["<", name, " i:nil=\"true\"/>"]);
    }

    /// `<name/>`, an empty list.
    pub fn empty(&mut self, name: &str) {
        self.raw(["<", name, "/>"]);
    }

    fn attributes(&mut self, attributes: &[(&str, &str)]) {
        for (name, value) in attributes {
            self.raw([" ", name, "=\"", value, "\""]);
        }
    }

    #[inline]
    fn raw<const N: usize>(&mut self, parts: [&str; N]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    #[inline]
    fn escaped(&mut self, value: &str) {
        if text::has_byte(value, |byte| byte < b' ' || matches!(byte, b'<' | b'>' | b'&' | 0xef)) {
            self.escaped_runs(value);
        } else {
            self.raw([value]);
        }
    }

    fn escaped_runs(&mut self, value: &str) {
        for run in value.split_inclusive(|character| escape(character).is_some()) {
            let mut clean = run.chars();
            match clean.next_back().and_then(escape) {
                Some(escape) => self.raw([clean.as_str(), escape]),
                None => self.raw([run]),
            }
        }
    }
}

/// Writes escaped text where a value stands; see [`Writer::value`].
impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escaped(text);
        Ok(())
    }
}

/// What to write instead of a character, if it cannot stand for itself.
fn escape(character: char) -> Option<&'static str> {
    match character {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        // Read back as it is, it would be a line end, `\n`.
        '\r' => Some("&#13;"),
        _ if text::is_allowed(character) => None,
        // XML 1.0 has no way to write these.
        _ => Some("\u{fffd}"),
    }
}
