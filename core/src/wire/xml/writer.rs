use alloc::vec::Vec;
use core::fmt;

use super::reader::{has_byte, is_allowed};

/// Writes `DataContract` XML the way the official server did: one line, no XML declaration, absent values as
/// `<Name i:nil="true"/>`, empty lists as `<Name/>`.
///
/// Elements are written in the order of the calls; the caller must keep the official order (alphabetical within a
/// parent). Names are program text and written as they are; values are escaped, and characters that XML cannot
/// represent (most control characters) become U+FFFD.
///
/// ```
/// use mmcos_core::wire::xml::Writer;
/// let mut xml = Writer::new(Vec::new());
/// xml.root("R");
/// xml.nil("Error");
/// xml.text("Name", "a<b");
/// xml.number("Points", -40);
/// xml.close("R");
/// let fields = br#"<Error i:nil="true"/><Name>a&lt;b</Name><Points>-40</Points></R>"#;
/// let root = br#"<R xmlns:i="http://www.w3.org/2001/XMLSchema-instance">"#;
/// assert_eq!(xml.into_bytes(), [root.as_slice(), fields].concat());
/// ```
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Returns a writer that appends to `out`, so that a buffer can be reused.
    pub fn new(out: Vec<u8>) -> Self {
        Self { out }
    }

    /// Returns the bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes `<name xmlns:i="…">`, the start of a document.
    pub fn root(&mut self, name: &str) {
        // On the root of every captured response of a service.
        self.raw(["<", name, " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"]);
    }

    /// Writes `<name>`.
    pub fn open(&mut self, name: &str) {
        self.raw(["<", name, ">"]);
    }

    /// Writes `<name xmlns:prefix="uri">`, for lists of another namespace.
    pub fn open_with_namespace(&mut self, name: &str, prefix: &str, uri: &str) {
        self.raw(["<", name, " xmlns:", prefix, "=\"", uri, "\">"]);
    }

    /// Writes `</name>`.
    pub fn close(&mut self, name: &str) {
        self.raw(["</", name, ">"]);
    }

    /// Writes `<name>value</name>`, the value escaped; for an empty value, `<name></name>`.
    pub fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        self.escaped(value);
        self.close(name);
    }

    /// Writes `<name>value</name>` for an integer of any type.
    pub fn number(&mut self, name: &str, value: impl itoa::Integer) {
        self.open(name);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self.close(name);
    }

    /// Writes `<name>value</name>` for a `Display` value, escaped.
    pub fn value(&mut self, name: &str, value: impl fmt::Display) {
        self.open(name);
        // Appending to memory does not fail. If the value's `Display` fails, its output so far stays.
        let _ = fmt::Write::write_fmt(self, format_args!("{value}"));
        self.close(name);
    }

    /// Writes `<name>true</name>` or `<name>false</name>`.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.open(name);
        self.raw([if value { "true" } else { "false" }]);
        self.close(name);
    }

    /// Writes `<name a="b">value</name>`, the attributes as they are.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.raw(["<", name]);
        self.attributes(attributes);
        self.raw([">"]);
        self.escaped(value);
        self.close(name);
    }

    /// Writes `<name a="b"/>`, the attributes as they are.
    pub fn empty_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.raw(["<", name]);
        self.attributes(attributes);
        self.raw(["/>"]);
    }

    /// Writes `<name i:nil="true"/>`, an absent value.
    pub fn nil(&mut self, name: &str) {
        // `root` has declared the prefix.
        self.raw(["<", name, " i:nil=\"true\"/>"]);
    }

    /// Writes `<name/>`, an empty list.
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
        // U+FFFE and U+FFFF start with the byte EF.
        if has_byte(value, |byte| byte < b' ' || matches!(byte, b'<' | b'>' | b'&' | 0xef)) {
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

/// Returns the replacement for a character that cannot stand for itself.
fn escape(character: char) -> Option<&'static str> {
    match character {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        // As it is, it would be read back as a line end, `\n`.
        '\r' => Some("&#13;"),
        _ if is_allowed(character) => None,
        // XML 1.0 cannot represent these characters.
        _ => Some("\u{fffd}"),
    }
}
