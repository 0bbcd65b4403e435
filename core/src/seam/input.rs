use core::{net::SocketAddr, time::Duration};

use super::Storage;

/// A connection, by the adapter's number for it. Numbers need no order; the adapter uses each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// Something that happened outside. An adapter gives one for each thing that its sockets, its clock and its store tell:
///
/// ```
/// use std::{io::{self, ErrorKind}, net::SocketAddr};
/// use mmcos_core::seam::{ConnId, Input};
///
/// /// Returns the input for what a `read` has returned.
/// fn of_read(conn: ConnId, read: io::Result<usize>, buffer: &[u8]) -> Option<Input<'_>> {
///     Some(match read {
///         Ok(0) => Input::Ended { conn },
///         Ok(length) => Input::Received { conn, bytes: buffer.get(..length)? },
///         Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
///         Err(_) => Input::Closed { conn },
///     })
/// }
///
/// let conn = ConnId(7);
/// assert!(matches!(of_read(conn, Ok(2), b"hi..."), Some(Input::Received { bytes: b"hi", .. })));
/// assert!(matches!(of_read(conn, Ok(0), b"hi..."), Some(Input::Ended { .. })));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A connection was accepted. Give this before a TLS handshake, so that it counts against the limits and its
    /// time to send a request runs.
    Opened {
        /// Its new name.
        conn: ConnId,
        /// The address of its client.
        peer: SocketAddr,
        /// Whether its bytes are encrypted on their way, by TLS.
        tls: bool,
    },
    /// Bytes came, decrypted. Any split of the stream gives the same answers.
    Received {
        /// From this connection.
        conn: ConnId,
        /// At least one byte; none is harmless.
        bytes: &'a [u8],
    },
    /// The client sends no more, but may still read: the end of its bytes, or of its TLS. Cancels a request that is
    /// held, so keep reading from connections that wait; what was sent before is still written. Giving it again is
    /// harmless.
    Ended {
        /// This connection.
        conn: ConnId,
    },
    /// The adapter dropped the connection because its client did not read what was sent, see
    /// [`Link`](crate::link::Link). Logged; else as `Closed`.
    Stalled {
        /// This connection.
        conn: ConnId,
    },
    /// The socket is gone: closed by the client, broken, or dropped by the adapter, also after
    /// [`Effect::Close`](super::Effect::Close): until this comes the connection counts against the limits. Giving it
    /// again is harmless.
    Closed {
        /// This connection.
        conn: ConnId,
    },
    /// Time has passed: give this when [`Core::next_deadline`](super::Core::next_deadline) is reached. Early and spurious ticks are harmless.
    Tick,
    /// Records have become durable. Nothing waits for this: it is for who looks after the server.
    Committed {
        /// How long that took.
        took: Duration,
    },
    /// The state of the durable storage has changed. Give this before the next [`Received`](Self::Received).
    Storage(Storage),
    /// The server is to stop: what is held is answered now, nothing new is taken, and what has not closed by itself
    /// after `grace` is closed. Go on giving inputs until every connection was reported closed.
    Shutdown {
        /// How long connections may take to close.
        grace: Duration,
    },
}
