//! The matchmaker from outside: invariants of every history of events, and the ways in which friends meet.
#![allow(clippy::arithmetic_side_effects, reason = "tests may panic")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod cost;
mod history;
mod invariants;
mod life;
mod rules;
mod world;
