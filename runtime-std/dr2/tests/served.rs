//! The game's server on threads, over TLS.
#![cfg(test)]

#[path = "../../../core/dr2/tests/common/mod.rs"]
mod common;
mod season;

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_dr2-std");
