//! The operating system: its clocks, files and signals.

pub(crate) mod advice;
pub mod clock;
pub mod data_dir;
#[cfg(any(windows, test))]
pub(crate) mod firewall;
pub(crate) mod hosts_file;
pub mod open_files;
pub mod signals;
pub(crate) mod text_file;
#[cfg(windows)]
pub(crate) mod windows;
