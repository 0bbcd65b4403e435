use core::{net::SocketAddr, time::Duration};

use super::Storage;

/// Number of a connection, given by the adapter. Numbers need no order; the adapter uses each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// Something that happened outside. An adapter gives one for each event of its sockets, its clock and its store:
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
    /// A connection was accepted. Give this before a TLS handshake, so that the connection counts against the limits
    /// and its time to send a request runs.
    Opened {
        /// Its number.
        conn: ConnId,
        /// Address of its client.
        peer: SocketAddr,
        /// True for a TLS connection.
        tls: bool,
    },
    /// Bytes arrived, decrypted. The responses do not depend on how the stream is split.
    Received {
        /// Their connection.
        conn: ConnId,
        /// At least one byte; an empty slice is harmless.
        bytes: &'a [u8],
    },
    /// The client sends no more, but may still read: the end of its bytes, or of its TLS. Cancels a held request, so
    /// keep reading from connections with one. Responses that were sent before are still written. Giving this again
    /// is harmless.
    Ended {
        /// The connection.
        conn: ConnId,
    },
    /// The adapter dropped the connection because its client did not read its responses, see
    /// [`Link`](crate::link::Link). Like `Closed`, but logged.
    Stalled {
        /// The connection.
        conn: ConnId,
    },
    /// The socket is gone: closed by the client, broken, or dropped by the adapter. Give this also after
    /// [`Effect::Close`](super::Effect::Close): until then, the connection counts against the limits. Giving this
    /// again is harmless.
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// Time has passed. Give this when [`Core::next_deadline`](super::Core::next_deadline) is reached. Early and
    /// spurious ticks are harmless.
    Tick,
    /// Records have become durable. Nothing waits for this; it is for monitoring.
    Committed {
        /// Time that the commit took.
        took: Duration,
    },
    /// The state of the durable storage has changed. Give this before the next [`Received`](Self::Received).
    Storage(Storage),
    /// The server is to stop. The core responds to held requests, accepts no new ones, and closes connections that
    /// are still open after `grace`. Continue to give inputs until every connection is reported closed.
    Shutdown {
        /// Time that connections have to close.
        grace: Duration,
    },
}
