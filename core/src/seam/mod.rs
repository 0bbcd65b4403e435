//! All that an adapter needs: the state machine ([`Core`]), what goes in ([`Input`]), what comes out ([`Effect`], in an
//! [`Outbox`]), and time ([`Now`]). How they fit together is shown on the front page of this crate.
//!
//! A game that speaks HTTP implements [`Service`](crate::service::Service) and never sees this side. For another protocol
//! over TCP or TLS, implement [`Core`] itself: the same adapters serve it.

mod commit;
mod contract;
mod input;
mod outbox;
mod report;
mod storage;
mod time;

pub use commit::CommitSeq;
pub use contract::Core;
pub use input::{ConnId, Input};
pub use outbox::{Bytes, Close, Drain, Effect, Outbox};
pub use report::{Level, Report};
pub use storage::{Storage, StorageTrouble};
pub use time::{Monotonic, Now, Wall};
