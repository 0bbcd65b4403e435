//! The sending side of a connection without its socket: the common behaviour of both runtimes and the simulator on
//! bytes, time and the end of a connection.
//!
//! An adapter keeps a [`Link`] beside each socket and only moves bytes:
//!
//! - [`push`](Link::push) the bytes that the core sends, and [`release`](Link::release) commits that are durable;
//! - while [`pieces`](Link::pieces) has any, write them; report the number of bytes that the socket accepted
//!   ([`written`](Link::written)) or that it accepts none now ([`blocked`](Link::blocked)); when none is left, call
//!   [`flushed`](Link::flushed);
//! - when [`Status::Shutdown`] comes, end TLS and shut down the sending side, then call [`shut_down`](Link::shut_down);
//! - read while [`wants_read`](Link::wants_read), at most [`READ`] bytes; give them to the core only while
//!   [`is_open`](Link::is_open), and call [`received`](Link::received) or [`ended`](Link::ended);
//! - at [`next_deadline`](Link::next_deadline) call [`tick`](Link::tick);
//! - when [`Status::Over`] comes, close the socket.
//!
//! Before anything else, an adapter gives the bytes of a trusted proxy to a [`ProxyHeader`]: it may name the client.
//!
//! ```
//! use mmcos_core::{link::{Link, Status, WriteLimits}, seam::{Bytes, Close, CommitSeq, Monotonic}};
//!
//! let (now, durable) = (Monotonic::default(), CommitSeq::default());
//! let mut link = Link::new(WriteLimits::default());
//! link.push(Bytes::Borrowed(b"at once"), durable);
//! link.push(Bytes::Borrowed(b"after a commit"), durable.next());
//! link.close(Close::AfterFlush);
//! assert_eq!(link.pieces().collect::<Vec<_>>(), [b"at once"]);
//! link.written(7);
//! assert_eq!((link.pieces().count(), link.status()), (0, Status::Running));
//! link.release(durable.next());
//! link.written(14);
//! assert_eq!(link.status(), Status::Shutdown);
//! link.shut_down(now);
//! link.ended();
//! assert_eq!(link.status(), Status::Over(None));
//! ```

mod proxy_header;

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::time::Duration;

pub use proxy_header::{ProxyHeader, ProxyHeaderError, Start};

use crate::seam::{Bytes, Close, CommitSeq, Monotonic};

/// Bytes in the write queue from which on no more requests are read. (Our choice.)
const READ_PAUSE: usize = 128 * 1024;
/// Maximum bytes to give to the core before checking [`wants_read`](Link::wants_read) again. The core responds to all
/// requests in them at once: fifty of the shortest, with responses of 30 kB each, stay far within
/// [`WriteLimits::bytes`]. (Our choice.)
pub const READ: usize = 2 * 1024;
/// Time without bytes from the client after which a connection whose sending side is shut down is closed. (As nginx's
/// `lingering_timeout`.)
const LINGER_SILENCE: Duration = Duration::from_secs(5);
/// Maximum time for which such a connection is read. (As nginx's `lingering_time`.)
pub const LINGER: Duration = Duration::from_secs(30);

/// Maximum time that a response waits for a commit. Then its connection is dropped, and the client may retry. (Our
/// choice: storage is reported unavailable after 3 s, and may recover for 10 s more.)
pub const COMMIT_TIMEOUT: Duration = Duration::from_secs(13);

/// Limits of a write queue. A client beyond them is dropped. All defaults are our choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteLimits {
    /// Maximum size, in bytes. Reading pauses long before: this is for the responses to requests that arrived at
    /// once.
    pub bytes: usize,
    /// Maximum time without any progress.
    pub time: Duration,
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self { bytes: 4 * 1024 * 1024, time: Duration::from_secs(20) }
    }
}

/// The next step of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Reading and writing.
    Running,
    /// All data is written: end TLS, if any, and shut down the sending side.
    Shutdown,
    /// Close the socket; nothing more is written or read.
    Over(Option<Dropped>),
}

/// The reason why a link was dropped before its queue was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The core, the adapter or the client aborted it.
    Aborted,
    /// The client read nothing for [`WriteLimits::time`], or its write queue exceeded [`WriteLimits::bytes`].
    NotReading,
    /// A response waited for a commit for [`COMMIT_TIMEOUT`].
    NotDurable,
}

/// A connection without its socket. See the [module](self).
#[derive(Debug)]
pub struct Link {
    queue: Queue,
    limits: WriteLimits,
    phase: Phase,
    /// Time since which the socket accepts no bytes.
    blocked: Option<Monotonic>,
    /// Time since which the whole queue waits for a commit.
    held: Option<Monotonic>,
    /// True if the client sends no more.
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Open,
    /// To be closed once the queue is written.
    Flushing,
    /// The sending side is shut down.
    Lingering {
        silence: Monotonic,
        end: Monotonic,
    },
    Over(Option<Dropped>),
}

impl Link {
    /// Returns the link of a new connection.
    pub fn new(limits: WriteLimits) -> Self {
        let phase = Phase::Open;
        Self { queue: Queue::default(), limits, phase, blocked: None, held: None, ended: false }
    }

    /// Queues bytes that may be written once `after` is durable. They wait behind all bytes queued earlier. If the
    /// queue exceeds [`WriteLimits::bytes`], drops the link and its queue.
    pub fn push(&mut self, bytes: Bytes<'_>, after: CommitSeq) {
        if matches!(self.phase, Phase::Open) {
            self.queue.push(bytes, after);
            if self.queue.memory() > self.limits.bytes {
                self.end(Some(Dropped::NotReading));
            }
        }
    }

    /// Permits writing the bytes that wait for `durable`.
    pub fn release(&mut self, durable: CommitSeq) {
        self.queue.release(durable);
        if self.is_writable() {
            self.held = None;
        }
    }

    /// Returns the bytes that may be written now, in order. No piece that is copied is longer than 64 KiB.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.queue.writable()
    }

    /// Returns true if [`pieces`](Self::pieces) has any.
    pub fn is_writable(&self) -> bool {
        self.pieces().next().is_some()
    }

    /// Returns the bytes of memory of the write queue; bytes that are shared with the core are counted in full.
    pub fn queued(&self) -> usize {
        self.queue.memory()
    }

    /// Returns the bytes that are allocated for this link alone.
    pub fn allocated(&self) -> usize {
        self.queue.allocated()
    }

    /// Removes written bytes from the front of the queue. This is progress: the client's time starts again.
    pub fn written(&mut self, count: usize) {
        self.queue.take_away(count);
        self.progressed();
    }

    /// Reports that the socket accepted bytes that had left the queue before, such as those of TLS.
    pub fn progressed(&mut self) {
        self.blocked = None;
    }

    /// Reports that the socket accepts no more bytes now. The client's time runs from the first such call since the
    /// last progress.
    pub fn blocked(&mut self, now: Monotonic) {
        self.blocked.get_or_insert(now);
    }

    /// Reports that the socket accepted all bytes that may be written. The rest waits for a commit; its time runs
    /// from the first such call since the last release.
    pub fn flushed(&mut self, now: Monotonic) {
        self.progressed();
        // Bytes that may be written already wait for a handshake, not for a commit.
        if self.queue.is_empty() || self.is_writable() {
            self.held = None;
        } else {
            self.held.get_or_insert(now);
        }
    }

    /// Returns true if bytes from the client go to the core; otherwise, discard them.
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open) && !self.ended
    }

    /// Returns true if the socket is to be read: not while the write queue is long, nor after the end. A connection
    /// that is being closed is still read, or the client's last bytes would reset it.
    pub fn wants_read(&self) -> bool {
        match self.phase {
            Phase::Open => !self.ended && self.queue.memory() < READ_PAUSE,
            Phase::Flushing | Phase::Lingering { .. } => !self.ended,
            Phase::Over(_) => false,
        }
    }

    /// Reports that bytes arrived, for the core or to be discarded.
    pub fn received(&mut self, now: Monotonic) {
        if let Phase::Lingering { silence, end } = &mut self.phase {
            *silence = now.after(LINGER_SILENCE).min(*end);
        }
    }

    /// Reports that the socket has no more bytes to read. Report it to the core too. Queued bytes are still written.
    pub fn ended(&mut self) {
        self.ended = true;
        if matches!(self.phase, Phase::Lingering { .. }) {
            self.end(None);
        }
    }

    /// Closes the link in this manner. [`Close::Refuse`] acts like [`Close::Abort`] here: the adapter has already
    /// written as much as the socket accepts at once.
    pub fn close(&mut self, how: Close) {
        match (how, self.phase) {
            (Close::AfterFlush, Phase::Open) => self.phase = Phase::Flushing,
            (Close::AfterFlush, _) | (_, Phase::Over(_)) => {}
            (Close::Refuse | Close::Abort, _) => self.end(Some(Dropped::Aborted)),
        }
    }

    /// Returns the next step.
    pub fn status(&self) -> Status {
        match self.phase {
            Phase::Flushing if self.queue.is_empty() => Status::Shutdown,
            Phase::Open | Phase::Flushing | Phase::Lingering { .. } => Status::Running,
            Phase::Over(why) => Status::Over(why),
        }
    }

    /// Reports that the sending side is shut down, TLS included.
    pub fn shut_down(&mut self, now: Monotonic) {
        if !matches!(self.phase, Phase::Flushing) {
            return;
        }
        (self.blocked, self.held) = (None, None);
        if self.ended {
            return self.end(None);
        }
        let end = now.after(LINGER);
        self.phase = Phase::Lingering { silence: now.after(LINGER_SILENCE), end };
    }

    /// Returns the time of the next [`tick`](Self::tick).
    pub fn next_deadline(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Open | Phase::Flushing => {
                let blocked = self.blocked.map(|since| since.after(self.limits.time));
                let held = self.held.map(|since| since.after(COMMIT_TIMEOUT));
                blocked.into_iter().chain(held).min()
            }
            Phase::Lingering { silence, .. } => Some(silence),
            Phase::Over(_) => None,
        }
    }

    /// Ends the link if a time limit has passed.
    pub fn tick(&mut self, now: Monotonic) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            let is_held = self.held.is_some_and(|since| since.after(COMMIT_TIMEOUT) <= now);
            self.end(match self.phase {
                Phase::Lingering { .. } => None,
                Phase::Open | Phase::Flushing | Phase::Over(_) if is_held => Some(Dropped::NotDurable),
                Phase::Open | Phase::Flushing | Phase::Over(_) => Some(Dropped::NotReading),
            });
        }
    }

    /// Ends the link and drops its queue.
    fn end(&mut self, why: Option<Dropped>) {
        (self.queue, self.blocked, self.held) = (Queue::default(), None, None);
        self.phase = Phase::Over(why);
    }
}

/// Maximum size of a piece of copied bytes, in bytes. Written bytes are freed only with their whole piece.
const PIECE: usize = 64 * 1024;
/// Capacity that an empty queue keeps, in pieces.
const SPARE_PIECES: usize = 8;

/// Bytes to write to one connection, in order. Some wait until a commit is durable; all bytes queued behind them wait
/// with them.
#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    /// Number of bytes that are not written yet.
    queued: usize,
    durable: CommitSeq,
}

#[derive(Debug)]
struct Piece {
    bytes: Owned,
    written: usize,
    /// Commit that must be durable before the piece may be written.
    after: CommitSeq,
}

#[derive(Debug)]
enum Owned {
    Own(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Piece {
    fn rest(&self) -> &[u8] {
        let bytes = match &self.bytes {
            Owned::Own(bytes) => bytes.as_slice(),
            Owned::Shared(bytes) => bytes,
        };
        bytes.get(self.written..).unwrap_or_default()
    }
}

impl Queue {
    fn push(&mut self, bytes: Bytes<'_>, after: CommitSeq) {
        self.queued = self.queued.saturating_add(bytes.len());
        match bytes {
            Bytes::Borrowed(bytes) => self.push_copy(bytes, after),
            Bytes::Shared(bytes) if bytes.is_empty() => {}
            Bytes::Shared(bytes) => {
                self.pieces.push_back(Piece { bytes: Owned::Shared(bytes), written: 0, after });
            }
        }
    }

    fn push_copy(&mut self, mut bytes: &[u8], after: CommitSeq) {
        if let Some(Piece { bytes: Owned::Own(last), after: same, .. }) = self.pieces.back_mut()
            && *same == after
        {
            let room = PIECE.saturating_sub(last.len()).min(bytes.len());
            let (fitting, rest) = bytes.split_at_checked(room).unwrap_or((&[], bytes));
            let needed = last.len().saturating_add(room);
            if needed > last.capacity() {
                // Grow by doubling, as `Vec` does, but never beyond a piece.
                let capacity = needed.max(last.capacity().saturating_mul(2)).min(PIECE);
                last.reserve_exact(capacity.saturating_sub(last.len()));
            }
            last.extend_from_slice(fitting);
            bytes = rest;
        }
        for piece in bytes.chunks(PIECE) {
            self.pieces.push_back(Piece { bytes: Owned::Own(piece.to_vec()), written: 0, after });
        }
    }

    fn release(&mut self, durable: CommitSeq) {
        self.durable = self.durable.max(durable);
    }

    fn writable(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().take_while(|piece| piece.after <= self.durable).map(Piece::rest)
    }

    fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Returns the bytes in the queue, plus the overhead of their pieces.
    fn memory(&self) -> usize {
        self.queued.saturating_add(self.pieces.len().saturating_mul(size_of::<Piece>()))
    }

    fn take_away(&mut self, mut done: usize) {
        self.queued = self.queued.saturating_sub(done);
        while let Some(front) = self.pieces.front_mut() {
            let rest = front.rest().len();
            if done < rest {
                front.written = front.written.saturating_add(done);
                break;
            }
            done = done.saturating_sub(rest);
            self.pieces.pop_front();
        }
        if self.pieces.is_empty() && self.pieces.capacity() > SPARE_PIECES {
            self.pieces = VecDeque::new();
        }
    }

    /// Returns the bytes that are allocated for this queue alone.
    fn allocated(&self) -> usize {
        let own = |piece: &Piece| match &piece.bytes {
            Owned::Own(bytes) => bytes.capacity(),
            Owned::Shared(_) => 0,
        };
        self.pieces.iter().map(own).sum()
    }
}

#[cfg(test)]
mod tests;
