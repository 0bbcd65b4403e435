//! The interface to adapters: the state machine ([`Core`]), its inputs ([`Input`]), its effects ([`Effect`], in an
//! [`Outbox`]), and time ([`Now`]). The front page of this crate shows how they fit together.
//!
//! A game that speaks HTTP implements [`Service`](crate::service::Service) and does not use this interface. For another
//! protocol over TCP or TLS, implement [`Core`] itself: the same adapters serve it.

mod contract;
mod outbox;
mod time;

pub use contract::{CommitSeq, ConnId, Core, Input, Level, ListenerKind, Report, Storage, StorageTrouble};
pub use outbox::{Bytes, Close, Drain, Effect, Outbox};
pub use time::{Monotonic, Now, Wall};
