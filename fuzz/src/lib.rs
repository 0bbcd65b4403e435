//! The server among players that do not exist: it is driven through its seam, in bytes, in a time that passes as fast
//! as it can be computed.
//!
//! - [`virtual_time`] drives a server; [`client`] speaks as the game does.
//! - [`simulation`] lets a population play, [`referee`] watches who is answered what, [`report`] counts.
//! - [`targets`] are what a fuzzer calls.
//! - [`naive_matchmaker`] is what the matchmaker is compared with.
//!
//! A run is a function of its settings and its seed: the same again gives the same, byte for byte.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool for tests: it stops at the first thing that it does not understand"
)]

pub mod client;
pub mod naive_matchmaker;
pub mod random;
pub mod referee;
pub mod report;
#[path = "../../core/tests/signing/mod.rs"]
mod signing;
pub mod simulation;
pub mod targets;
pub mod virtual_time;
