//! Serves a game on smol: one thread owns the core and every connection. A game's program is one line,
//! `mmcos_smol::main::<G>()`; `docs/REUSE.md` in the repository leads there.
//!
//! [`Hub`] is the only owner of the core. A connection's task (`connection`) tells it what was received and writes
//! what it is told to; the ticker gives it the time. Nothing here decides anything about the game.

mod connection;
mod hub;
mod server;
mod signal;
mod socket;

pub use hub::Hub;
pub use server::{Server, main};
