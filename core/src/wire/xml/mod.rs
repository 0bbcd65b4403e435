//! `DataContract` XML as the game writes it and as its parser expects it.

mod writer;

pub use writer::Writer;
