//! `DataContract` XML as the game writes it and as its parser expects it.
//!
//! Requests ([`from_bytes`], or [`Reader`] event by event) are indented, with CRLF, without an XML declaration; answers
//! ([`Writer`]) are one line, without a declaration, with a namespace `i` for `i:nil="true"`, the mark of an absent
//! value. Elements of an answer stand in the order that .NET's serializer gave them, alphabetical for the most part,
//! and the game may depend on it. (Every capture with an XML body.)
//!
//! ```
//! use mmcos_core::wire::xml::{Error, Limits, Writer, from_bytes};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Answer {
//!     error: Option<String>,
//!     rank: u32,
//! }
//!
//! let mut xml = Writer::new(Vec::new());
//! xml.root("Answer");
//! xml.nil("Error");
//! xml.number("Rank", 36);
//! xml.close("Answer");
//! let answer: Answer = from_bytes(&xml.into_bytes(), "Answer", &Limits::default())?;
//! assert_eq!((answer.error, answer.rank), (None, 36));
//! # Ok::<(), Error>(())
//! ```

mod de;
mod error;
mod reader;
mod text;
mod writer;

pub use de::from_bytes;
pub use error::Error;
pub use reader::{Event, Limits, Reader, Tag};
pub use writer::Writer;
