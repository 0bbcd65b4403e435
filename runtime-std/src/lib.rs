//! The host.
pub mod clock;
