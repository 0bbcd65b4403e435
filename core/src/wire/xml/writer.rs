use alloc::vec::Vec;

use super::text::is_allowed;

/// Writes `DataContract` XML the way the official server did: one line, no XML declaration, absent values as
/// `<Name i:nil="true"/>`, empty lists as `<Name/>`.
///
/// Elements come out in the order of the calls; the official order (alphabetical within a parent) is the caller's
/// to keep. Names are program text and written as they are; values are escaped.
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
        self.raw(&["<", name, " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"]);
    }

    /// `<name>`.
    pub fn open(&mut self, name: &str) {
        self.raw(&["<", name, ">"]);
    }

    /// `<name xmlns:prefix="uri">`, for lists of another namespace.
    pub fn open_with_namespace(&mut self, name: &str, prefix: &str, uri: &str) {
        self.raw(&["<", name, " xmlns:", prefix, "=\"", uri, "\">"]);
    }

    /// `</name>`.
    pub fn close(&mut self, name: &str) {
        self.raw(&["</", name, ">"]);
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

    /// `<name>true</name>` or `<name>false</name>`.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.open(name);
        self.raw(&[if value { "true" } else { "false" }]);
        self.close(name);
    }

    /// `<name a="b">value</name>`, the attributes as they are.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.raw(&["<", name]);
        self.attributes(attributes);
        self.raw(&[">"]);
        self.escaped(value);
        self.close(name);
    }

    /// `<name a="b"/>`, the attributes as they are.
    pub fn empty_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.raw(&["<", name]);
        self.attributes(attributes);
        self.raw(&["/>"]);
    }

    /// `<name i:nil="true"/>`, an absent value.
    pub fn nil(&mut self, name: &str) {
        self.raw(&["<", name, " i:nil=\"true\"/>"]);
    }

    /// `<name/>`, an empty list.
    pub fn empty(&mut self, name: &str) {
        self.raw(&["<", name, "/>"]);
    }

    fn raw(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    fn attributes(&mut self, attributes: &[(&str, &str)]) {
        for (name, value) in attributes {
            self.raw(&[" ", name, "=\"", value, "\""]);
        }
    }

    /// Copies runs of characters that may stand as they are, and what takes the place of those that may not.
    fn escaped(&mut self, value: &str) {
        let mut rest = value;
        while let Some((clean, special)) = rest.find(is_special).and_then(|at| rest.split_at_checked(at)) {
            let mut after = special.chars();
            let escape = match after.next() {
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('&') => "&amp;",
                Some('\r') => "&#13;",
                // XML 1.0 has no way to write the rest.
                _ => "\u{fffd}",
            };
            self.raw(&[clean, escape]);
            rest = after.as_str();
        }
        self.raw(&[rest]);
    }
}

fn is_special(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\r') || !is_allowed(character)
}
