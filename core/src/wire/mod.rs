//! Bytes to values and back. Each codec stands alone: none knows of connections, of the engine, or of a game.

#[cfg(any(feature = "egonet", feature = "steam"))]
mod cursor;
#[cfg(feature = "egonet")]
pub mod egonet;
pub mod http;
#[cfg(feature = "steam")]
pub mod steam;
#[cfg(feature = "xml")]
pub mod xml;
