//! Bytes to values and back. Each codec stands alone: none knows of connections, of the engine, or of a game.

pub mod egonet;
pub mod steam;
pub mod xml;

mod cursor;
