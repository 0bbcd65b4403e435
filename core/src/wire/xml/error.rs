use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt::Display;

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
