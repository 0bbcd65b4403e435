use alloc::{sync::Arc, vec, vec::Vec};
use core::ops::{Deref, Range};

use super::ConnId;

/// An instruction for the adapter. `R` is the game's durable record, `E` its log event.
///
/// An adapter carries out effects in their order. This one has a file for its records, and a `Vec` for each client:
///
/// ```
/// use std::{collections::BTreeMap, fmt::{Debug, Display}, io::{self, Write}};
/// use mmcos_core::seam::{ConnId, Effect, Outbox};
///
/// type Clients = BTreeMap<ConnId, Vec<u8>>;
///
/// fn carry_out<R: Debug, E: Display>(
///     out: &mut Outbox<R, E>,
///     file: &mut impl Write,
///     clients: &mut Clients,
/// ) -> io::Result<()> {
///     for effect in out.drain() {
///         match effect {
///             // A file on a disk would be synced here: a send that follows acknowledges the record.
///             Effect::Persist(record) => writeln!(file, "{record:?}")?,
///             Effect::Send { conn, bytes } => clients.entry(conn).or_default().extend_from_slice(&bytes),
///             Effect::Close { conn, how: _ } => drop(clients.remove(&conn)),
///             Effect::Log(event) => eprintln!("{event}"),
///         }
///     }
///     Ok(())
/// }
///
/// let (mut out, mut file, mut clients) = (Outbox::<u32, &str>::new(), Vec::new(), Clients::new());
/// out.persist(42);
/// out.send(ConnId(1), b"won");
/// carry_out(&mut out, &mut file, &mut clients)?;
/// assert_eq!((file.as_slice(), clients[&ConnId(1)].as_slice()), (&b"42\n"[..], &b"won"[..]));
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Debug)]
pub enum Effect<'o, R, E> {
    /// Make this record durable before carrying out any later [`Effect::Send`] of the same outbox.
    Persist(R),
    /// Send these bytes on this connection, after earlier ones. Several in a row for one connection are one response
    /// in pieces: writing them together saves system calls.
    Send {
        /// The connection.
        conn: ConnId,
        /// The bytes.
        bytes: Bytes<'o>,
    },
    /// Close this connection. Nothing more is sent on it. When its socket is gone, give
    /// [`Input::Closed`](super::Input::Closed).
    Close {
        /// The connection.
        conn: ConnId,
        /// The manner of closing.
        how: Close,
    },
    /// Log this event.
    Log(E),
}

/// Bytes to send: borrowed from the outbox, or shared with the core so that a large response is never copied.
#[derive(Clone, Debug)]
pub enum Bytes<'o> {
    /// Valid until the outbox is used again.
    Borrowed(&'o [u8]),
    /// Valid as long as it is kept.
    Shared(Arc<[u8]>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// The manner of closing a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Once the write queue is empty. Then shut down the sending side and read on for a while, discarding the bytes:
    /// otherwise a client that is still sending would lose the response to a reset.
    AfterFlush,
    /// At once: the connection is over a limit and must not use resources that others need. On plain HTTP, bytes sent
    /// before are written if the socket accepts them at once; for TLS there is no handshake.
    Refuse,
    /// At once.
    Abort,
}

#[derive(Debug)]
enum Entry<R, E> {
    Persist(R),
    Send { conn: ConnId, range: Range<usize> },
    SendShared { conn: ConnId, bytes: Arc<[u8]> },
    Close { conn: ConnId, how: Close },
    Log(E),
}

/// Effects in order, owned by the caller and reused, so that the steady state allocates nothing. A
/// [`Core`](super::Core) appends to it; an adapter [drains](Self::drain) it.
///
/// ```
/// use mmcos_core::seam::{Bytes, Close, ConnId, Effect, Outbox};
///
/// let mut out = Outbox::<&str, String>::new();
/// let (ann, bob) = (ConnId(1), ConnId(2));
/// out.persist("ann says hello");
/// out.log("a note of 5 bytes".to_owned());
/// out.send(ann, b"kept");
/// out.send_with(ann, |buffer| buffer.extend_from_slice(b"; bye")); // the same effect: one write
/// out.send_shared(bob, (*b"ann: hello").into());
/// out.close(ann, Close::AfterFlush);
///
/// let mut effects = out.drain();
/// assert!(matches!(effects.next(), Some(Effect::Persist("ann says hello"))));
/// assert!(matches!(effects.next(), Some(Effect::Log(_))));
/// assert!(matches!(effects.next(), Some(Effect::Send { conn, bytes }) if conn == ann && *bytes == *b"kept; bye"));
/// assert!(matches!(effects.next(), Some(Effect::Send { bytes: Bytes::Shared(_), .. })));
/// assert!(matches!(effects.next(), Some(Effect::Close { how: Close::AfterFlush, .. })));
/// assert!(effects.next().is_none());
/// ```
#[derive(Debug)]
pub struct Outbox<R, E> {
    entries: Vec<Entry<R, E>>,
    bytes: Vec<u8>,
}

impl<R, E> Default for Outbox<R, E> {
    fn default() -> Self {
        Self { entries: Vec::new(), bytes: Vec::new() }
    }
}

impl<R, E> Outbox<R, E> {
    /// Returns an empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns true if there are no effects.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of effects.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the events that were logged after so many effects.
    pub(crate) fn logged_after(&self, count: usize) -> impl Iterator<Item = &E> {
        let entries = self.entries.get(count..).unwrap_or_default();
        entries.iter().filter_map(|entry| match entry {
            Entry::Log(event) => Some(event),
            Entry::Persist(_) | Entry::Send { .. } | Entry::SendShared { .. } | Entry::Close { .. } => None,
        })
    }

    /// Removes all effects, in the order in which they are to be carried out. If the iterator is dropped early, the
    /// rest is lost.
    pub fn drain(&mut self) -> Drain<'_, R, E> {
        Drain { entries: self.entries.drain(..), bytes: &self.bytes }
    }

    /// Makes a record durable before any later send.
    pub fn persist(&mut self, record: R) {
        self.push(Entry::Persist(record));
    }

    /// Logs an event, once the records of the same input are durable.
    pub fn log(&mut self, event: E) {
        self.push(Entry::Log(event));
    }

    /// Closes a connection. Send nothing on it afterwards. It counts against the limits until
    /// [`Input::Closed`](super::Input::Closed).
    pub fn close(&mut self, conn: ConnId, how: Close) {
        self.push(Entry::Close { conn, how });
    }

    /// Sends bytes that several connections share, without a copy.
    pub fn send_shared(&mut self, conn: ConnId, bytes: Arc<[u8]>) {
        self.push(Entry::SendShared { conn, bytes });
    }

    /// Sends a copy of these bytes.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.send_with(conn, |sent| sent.extend_from_slice(bytes));
    }

    /// Sends the bytes that `write` appends to its buffer.
    pub fn send_with(&mut self, conn: ConnId, write: impl FnOnce(&mut Vec<u8>)) {
        self.forget_drained();
        let start = self.bytes.len();
        write(&mut self.bytes);
        let end = self.bytes.len();
        match self.entries.last_mut() {
            Some(Entry::Send { conn: last, range }) if *last == conn && range.end == start => range.end = end,
            _ if start == end => {}
            _ => self.entries.push(Entry::Send { conn, range: start..end }),
        }
    }

    fn push(&mut self, entry: Entry<R, E>) {
        self.forget_drained();
        self.entries.push(entry);
    }

    /// Empties `bytes` before new effects. Drained effects borrow from it until then.
    fn forget_drained(&mut self) {
        if self.entries.is_empty() {
            self.bytes.clear();
        }
    }
}

/// Draining iterator over the effects of an [`Outbox`].
#[derive(Debug)]
pub struct Drain<'o, R, E> {
    entries: vec::Drain<'o, Entry<R, E>>,
    bytes: &'o [u8],
}

impl<'o, R, E> Iterator for Drain<'o, R, E> {
    type Item = Effect<'o, R, E>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.entries.next()? {
            Entry::Persist(record) => Effect::Persist(record),
            Entry::Send { conn, range } => {
                Effect::Send { conn, bytes: Bytes::Borrowed(self.bytes.get(range).unwrap_or_default()) }
            }
            Entry::SendShared { conn, bytes } => Effect::Send { conn, bytes: Bytes::Shared(bytes) },
            Entry::Close { conn, how } => Effect::Close { conn, how },
            Entry::Log(event) => Effect::Log(event),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId(1);

    #[test]
    fn an_outbox_used_again_does_not_grow() {
        let mut out = Outbox::<(), ()>::new();
        for _ in 0..1000 {
            // An outbox whose rounds all ended with a send once kept the bytes of all earlier rounds.
            out.log(());
            out.send_with(CONN, |bytes| bytes.extend_from_slice(&[7; 100]));
            assert_eq!(out.drain().count(), 2);
        }
        assert!(out.bytes.capacity() < 1000);
    }

    #[test]
    fn pieces_for_one_connection_are_one_effect_and_keep_their_order() {
        let mut out = Outbox::<(), ()>::new();
        out.send_with(CONN, |bytes| bytes.extend_from_slice(b"ab"));
        out.send_with(CONN, |bytes| bytes.extend_from_slice(b"cd"));
        out.send_with(ConnId(2), |bytes| bytes.extend_from_slice(b"ef"));
        out.send_with(ConnId(2), |_| {});
        out.send_shared(CONN, Arc::from(*b"gh"));
        out.send_with(CONN, |bytes| bytes.extend_from_slice(b"ij"));
        let sent: Vec<(u64, Vec<u8>)> = out
            .drain()
            .filter_map(|effect| match effect {
                Effect::Send { conn, bytes } => Some((conn.0, bytes.to_vec())),
                _ => None,
            })
            .collect();
        let expected: [(u64, &[u8]); 4] = [(1, b"abcd"), (2, b"ef"), (1, b"gh"), (1, b"ij")];
        assert_eq!(sent, expected.map(|(conn, bytes)| (conn, bytes.to_vec())));
    }
}
