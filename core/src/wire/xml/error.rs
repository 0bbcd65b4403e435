use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt::Display;

use serde::de;

/// Names and values from a document are cut to so many characters before they go into an [`Error`].
const SHOWN: usize = 96;

/// Why a document was refused. Offsets count bytes from the start of the document to where reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not UTF-8.
    #[error("expected UTF-8, got {got} at byte {offset}")]
    Encoding {
        /// What came instead.
        got: String,
        /// Where.
        offset: usize,
    },
    /// A character that XML 1.0 forbids, written out or as a reference: most control characters, U+FFFE, U+FFFF.
    #[error("expected a character that XML allows, got U+{code:04X} at byte {offset}")]
    Character {
        /// The code point.
        code: u32,
        /// Where.
        offset: usize,
    },
    /// Not well-formed: tags that do not match, unclosed markup, attributes that are not `name="value"`.
    #[error("expected well-formed XML: {problem} at byte {offset}")]
    Malformed {
        /// What is wrong, in the words of the parser.
        problem: String,
        /// Where.
        offset: usize,
    },
    /// Markup or text that has no place where it stands, or none in any message of this service.
    #[error("expected {expected}, got {got} at byte {offset}")]
    Unexpected {
        /// What may stand there.
        expected: &'static str,
        /// What came.
        got: &'static str,
        /// Where.
        offset: usize,
    },
    /// More elements, attributes or levels than the [`Limits`](super::Limits) allow.
    #[error("expected at most {limit} {what}, got more at byte {offset}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
        /// Where.
        offset: usize,
    },
    /// The document is of another message.
    #[error("expected the root element {expected}, got {got}")]
    Root {
        /// The name that was asked for.
        expected: String,
        /// The name of the root element.
        got: String,
    },
    /// An element is not there.
    #[error("expected an element {element}, got none")]
    Missing {
        /// The name of the element.
        element: &'static str,
    },
    /// An element that may be there once is there again, or not next to its like in a list.
    #[error("expected one element {element}, got another")]
    Repeated {
        /// The name of the element.
        element: &'static str,
    },
    /// The text of an element is not of the type that is wanted.
    #[error("expected {expected} in {element}, got {got}")]
    Value {
        /// The name of the element; empty if the type's own code raised the error outside of any.
        element: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        got: String,
    },
    /// What the code of a type that was to be read said.
    #[error("{element}: {problem}")]
    Invalid {
        /// The name of the element; empty if the type's own code raised the error outside of any.
        element: String,
        /// In that code's words.
        problem: String,
    },
}

impl Error {
    pub(super) fn value(expected: &str, got: &str) -> Self {
        Self::Value { element: String::new(), expected: expected.to_owned(), got: shown(got) }
    }

    pub(super) fn root(expected: &str, got: &str) -> Self {
        Self::Root { expected: expected.to_owned(), got: shown(got) }
    }

    /// The same error, naming the innermost element that it arose in.
    pub(super) fn within(mut self, name: &str) -> Self {
        if let Self::Value { element, .. } | Self::Invalid { element, .. } = &mut self
            && element.is_empty()
        {
            *element = shown(name);
        }
        self
    }
}

/// `text`, cut to a length that suits a log line.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl de::Error for Error {
    fn custom<T: Display>(problem: T) -> Self {
        Self::Invalid { element: String::new(), problem: shown(&problem.to_string()) }
    }

    fn invalid_type(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::value(&expected.to_string(), &got.to_string())
    }

    fn invalid_value(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::value(&expected.to_string(), &got.to_string())
    }

    fn unknown_variant(got: &str, expected: &'static [&'static str]) -> Self {
        Self::value(&expected.join(" or "), got)
    }

    fn missing_field(element: &'static str) -> Self {
        Self::Missing { element }
    }

    fn duplicate_field(element: &'static str) -> Self {
        Self::Repeated { element }
    }
}
