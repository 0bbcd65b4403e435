//! A running server from outside: its process, its files, its sockets.
//!
//! The same tests are for every binary of the project. The test file of a runtime names its binary and takes them in:
//!
//! ```ignore
//! #[path = "../../runtime-std/tests/blackbox/mod.rs"]
//! mod blackbox;
//! /// Path of the tested program.
//! const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");
//! /// Serves at one listener until the store fails.
//! fn run<C: Core + 'static>(driver: Driver<C>, listener: Listener) -> Result<(), RunError> { … }
//! ```
//!
//! For Unix: they send signals, and look at the modes of files.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must fail"
)]

mod game;
mod host;
pub(crate) mod rig;
mod sockets;
