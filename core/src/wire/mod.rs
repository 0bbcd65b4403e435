//! Codecs between bytes and values. They are independent of each other, of connections, of the engine, and of games.

#[cfg(any(feature = "egonet", feature = "steam"))]
mod cursor;
#[cfg(feature = "egonet")]
pub mod egonet;
pub mod http;
#[cfg(feature = "steam")]
pub mod steam;
#[cfg(feature = "xml")]
pub mod xml;
