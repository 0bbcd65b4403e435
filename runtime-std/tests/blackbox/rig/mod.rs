//! What the tests need: a server as a process, and its clients.

pub(crate) mod caller;
pub(crate) mod client;
#[cfg(feature = "postgres")]
#[path = "../../../src/store/tests/cluster.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
pub(crate) mod cluster;
pub(crate) mod player;
pub(crate) mod process;
pub(crate) mod served;
pub(crate) mod tls;
pub(crate) mod webhook;
