//! The operating system: its clocks, files and signals.

pub mod clock;
pub mod data_dir;
pub mod open_files;
pub mod signals;
pub(crate) mod text_file;
