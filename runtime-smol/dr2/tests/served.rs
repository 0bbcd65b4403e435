//! The game's server on smol, over TLS.
#![cfg(test)]

#[path = "../../../core/dr2/tests/common/mod.rs"]
mod common;
#[path = "../../../runtime-std/dr2/tests/season/mod.rs"]
mod season;

#[path = "../../../runtime-std/tests/blackbox/rig/served.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod served;

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_dr2");
