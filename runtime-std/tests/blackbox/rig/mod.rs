//! What the tests need: a server as a process, and its clients.

pub(crate) mod caller;
pub(crate) mod client;
pub(crate) mod player;
pub(crate) mod process;
pub(crate) mod served;
pub(crate) mod tls;
pub(crate) mod webhook;
