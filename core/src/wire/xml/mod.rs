//! `DataContract` XML as the game writes it and as its parser expects it.

mod de;
mod error;
mod reader;
mod scanner;
mod text;
mod writer;

pub use de::from_bytes;
pub use error::Error;
pub use reader::{Event, Limits, Reader, Tag};
pub use writer::Writer;
