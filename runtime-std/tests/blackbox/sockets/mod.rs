//! Connections, whatever is sent on them.

mod connections;
mod framed;
mod hostile;
mod idle;
pub(super) mod limits;
mod listeners;
pub(super) mod proxied;
mod vanishing;
