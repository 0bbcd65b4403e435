//! Serves a game on smol: one thread owns the core and every connection. A game's program is one line,
//! `mmcos_smol::main::<G>()`. See `docs/REUSE.md` in the repository.
//!
//! [`Hub`] is the only owner of the core. A connection's task (`connection`) passes received bytes to it, and writes
//! the bytes that it queues. The ticker gives it the time. Nothing here decides anything about the game.

mod connection;
mod hub;
mod server;

pub use hub::Hub;
pub use server::{Server, main};
