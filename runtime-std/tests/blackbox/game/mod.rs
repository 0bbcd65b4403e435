//! The game's requests, and what follows from them.

#[cfg(feature = "postgres")]
mod behind_haproxy;
mod conformance;
mod killed;
mod matchmaking;
mod season;
