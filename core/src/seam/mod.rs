//! All that an adapter needs: what goes in ([`Input`]), what comes out ([`Effect`], in an [`Outbox`]), and time
//! ([`Now`]). How they fit together is shown on the front page of this crate.

mod commit;
mod input;
mod outbox;
mod storage;
mod time;

pub use commit::CommitSeq;
pub use input::{ConnId, Input, ListenerId};
pub use outbox::{Bytes, Close, Drain, Effect, Outbox};
pub use storage::{Storage, StorageTrouble};
pub use time::{Monotonic, Now, Wall};
