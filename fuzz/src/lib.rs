//! Tests of the server with simulated players: it is driven through its seam, in bytes, in a time that passes as fast
//! as it can be computed.
//!
//! - [`sim`] simulates everything: players, a network, a machine and a store, all of which fail.
//! - [`virtual_time`] drives a server where nothing fails; [`client`] speaks as the game does.
//! - [`population`] lets many players play there, and [`report`] counts how they meet.
//! - [`referee`] checks the responses to polls.
//! - [`planted`] lists bugs that must be found.
//! - [`targets`] are the functions that a fuzzer calls.
//! - [`naive_matchmaker`] is a second implementation, which [`rules`] compares with the matchmaker.
//!
//! A run is a function of its settings and its seed: the same again gives the same result, byte for byte.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool for tests: it stops at the first thing that it does not understand"
)]

mod agenda;
pub mod client;
pub mod naive_matchmaker;
pub mod planted;
pub mod population;
pub mod random;
pub mod referee;
pub mod report;
pub mod rules;
#[path = "../../core/tests/signing/mod.rs"]
mod signing;
pub mod sim;
pub mod targets;
pub mod virtual_time;
