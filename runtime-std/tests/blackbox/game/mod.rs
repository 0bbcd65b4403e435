//! The game's requests, and what follows from them.

mod conformance;
pub(super) mod endpoints;
mod killed;
mod matchmaking;
mod season;
