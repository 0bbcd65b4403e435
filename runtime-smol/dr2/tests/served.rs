//! The game's server on smol, over TLS.
#![cfg(test)]

#[path = "../../../core/dr2/tests/common/mod.rs"]
mod common;
#[path = "../../../runtime-std/dr2/tests/season/mod.rs"]
mod season;

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_dr2");
