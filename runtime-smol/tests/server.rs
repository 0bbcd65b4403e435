//! The server on smol, from outside.

#[path = "../../runtime-std/tests/blackbox/mod.rs"]
mod blackbox;

/// What is tested.
const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");
