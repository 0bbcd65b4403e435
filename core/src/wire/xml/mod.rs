//! `DataContract` XML, the form of every message between the game and its services but for `EgoNet`'s.
//!
//! The services were .NET; their messages have elements only, in no particular encoding of types: numbers and `true`
//! or `false` are text. The captures show these forms, and this module handles them as follows:
//!
//! - **Requests** are indented with CRLF and have no XML declaration, no attributes, no namespaces. [`from_bytes`]
//!   reads them into structs with quick-xml's deserializer, behind a guard: [`Limits`], one root of the right name, no
//!   document type, no processing instruction, no text beside elements, no character that XML forbids. A declaration,
//!   comments, other white space, prefixes, `i:nil` and an order of elements that was never seen are read too: that is
//!   our choice.
//!   Mistakes that cannot change a value are accepted: `]]>` in a text, an odd name of an element that no type reads,
//!   any value of an attribute. The encoding in a declaration is ignored, because .NET writes `utf-16` over UTF-8:
//!   bytes that are not UTF-8 are rejected, except in texts that are only displayed ([`with_cosmetic_texts`]).
//! - **Responses** are one line without XML declaration. The root declares the prefix `i`; an absent value is
//!   `<Name i:nil="true"/>`, an empty list `<Name/>`. Elements are in alphabetical order within their parent, as .NET
//!   serializers write them, and the game's parser may count on it. [`Writer`] writes them, in the order of its calls.
//! - **Lists** wrap their items: `<PlatformIds>` has a `<PlatformIdEntry>` for each player.
//!
//! ```
//! use mmcos_core::wire::xml::{self, Error, Limits, Writer};
//!
//! #[derive(Debug, PartialEq, serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Player<'a> {
//!     name: &'a str,
//!     points: Option<i32>,
//! }
//!
//! let mut xml = Writer::new(Vec::new());
//! xml.root("Player");
//! xml.text("Name", "Racer");
//! xml.nil("Points");
//! xml.close("Player");
//! let document = xml.into_bytes();
//!
//! let player: Player = xml::from_bytes(&document, "Player", &Limits::default())?;
//! assert_eq!(player, Player { name: "Racer", points: None });
//! # Ok::<(), Error>(())
//! ```

mod cosmetic;
mod reader;
mod writer;

pub use cosmetic::with_cosmetic_texts;
pub use reader::{Error, Limits, from_bytes};
pub use writer::Writer;
