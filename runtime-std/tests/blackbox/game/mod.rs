//! The game's requests, and what follows from them.

mod conformance;
mod killed;
mod matchmaking;
mod season;
