//! The matchmaker from outside: what every history of events must keep to, and how friends meet.
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
mod rules;
mod world;
