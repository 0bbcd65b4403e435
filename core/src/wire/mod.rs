//! Bytes to values and back. Each codec stands alone: none knows of connections, of the engine, or of a game.

mod cursor;
pub mod egonet;
pub mod http;
pub mod steam;
pub mod xml;
