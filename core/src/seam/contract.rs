use core::{
    convert::Infallible,
    fmt::{self, Debug, Display},
    net::SocketAddr,
    time::Duration,
};

use super::{Monotonic, Now, Outbox};
use crate::{link::ProxyHeaderError, notice::Notice};

/// A server without its sockets: inputs in, effects out. [`Server`](crate::Server) is one, for games that speak HTTP.
///
/// It never blocks, fails or panics, whatever the input. Its only sources of time and randomness are its inputs and
/// its seed. This one echoes, and persists what it has echoed:
///
/// ```
/// use core::convert::Infallible;
/// use mmcos_core::seam::{Close, ConnId, Core, Effect, Input, ListenerKind, Monotonic, Now, Outbox};
///
/// struct Echo;
///
/// impl Core for Echo {
///     type Record = Vec<u8>;
///     type Event = Infallible;
///
///     fn handle(&mut self, _: Now, input: Input<'_>, out: &mut Outbox<Vec<u8>, Infallible>) {
///         match input {
///             // Nothing waits for the client: this server speaks first.
///             Input::Opened { conn, .. } => out.send(conn, b"hello "),
///             Input::Received { conn, bytes } => {
///                 out.persist(bytes.to_vec());
///                 // Leaves once the record is durable.
///                 out.send(conn, bytes);
///             }
///             Input::Ended { conn } => out.close(conn, Close::AfterFlush),
///             Input::Closed { .. } | Input::Stalled { .. } => {}
///             // Only for a listener with trusted proxies.
///             Input::Proxied { conn, client } => if client.is_err() { out.close(conn, Close::Abort) },
///             Input::Tick | Input::Committed { .. } | Input::Storage(_) | Input::Shutdown { .. } => {}
///         }
///     }
///
///     fn next_deadline(&self) -> Option<Monotonic> {
///         None
///     }
/// }
///
/// let (mut core, mut out, conn) = (Echo, Outbox::new(), ConnId(1));
/// let mut sent = Vec::new();
/// for input in [
///     Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), listener: ListenerKind::Tls },
///     Input::Received { conn, bytes: b"world" },
/// ] {
///     core.handle(Now::default(), input, &mut out);
///     for effect in out.drain() {
///         if let Effect::Send { bytes, .. } = effect {
///             sent.extend_from_slice(&bytes);
///         }
///     }
/// }
/// assert_eq!(sent, b"hello world");
/// ```
///
/// `examples/framed.rs` is a whole one, with frames, limits and time-outs.
pub trait Core {
    /// A durable change.
    type Record: Debug;
    /// A log event; [`Infallible`](core::convert::Infallible) if there is none.
    type Event: Report;

    /// Handles an input and appends its effects to `out`. Several inputs may share an outbox before its effects are
    /// carried out.
    fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox<Self::Record, Self::Event>);

    /// Returns the time of the next [`Input::Tick`], unless another input comes before. It can change with every
    /// input. A tick at this time moves it to a later time, or to none.
    fn next_deadline(&self) -> Option<Monotonic>;
}

/// Sequence number of a commit: all records submitted up to it are durable once the store reports this number or a
/// later one. The default is durable from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitSeq(u64);

impl CommitSeq {
    /// The number of a commit that never becomes durable.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the number of the following commit.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Number of a connection, given by the adapter. Numbers need no order; the adapter uses each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// Kind of a listener: how its connections are protected, and what is served over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenerKind {
    /// Without TLS.
    #[default]
    Plain,
    /// With TLS.
    Tls,
    /// Without TLS, for operators alone: nothing of the game is served there.
    Admin,
}

impl ListenerKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Tls, Self::Admin];

    /// Returns the kind in one word, for traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
            Self::Admin => "admin",
        }
    }

    /// Returns true if connections are encrypted.
    pub const fn has_tls(self) -> bool {
        match self {
            Self::Tls => true,
            Self::Plain | Self::Admin => false,
        }
    }

    /// Returns true if the game is served there.
    pub const fn has_game(self) -> bool {
        match self {
            Self::Plain | Self::Tls => true,
            Self::Admin => false,
        }
    }
}

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
        /// Listener that accepted it.
        listener: ListenerKind,
    },
    /// A trusted proxy at the other end has named its client, in the [header](crate::link::ProxyHeader) before the
    /// first bytes. From now on, the connection is that client's. Give this at most once, before `Received`.
    Proxied {
        /// The connection.
        conn: ConnId,
        /// Address of the client; an error for a malformed header, after which no bytes of the connection can be used.
        client: Result<SocketAddr, ProxyHeaderError>,
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

/// A log event. Its `Display` is the line in the log.
pub trait Report: Debug + Display {
    /// Returns its urgency.
    fn level(&self) -> Level;

    /// Returns the log target: a name for its kind that filters can match, such as `mmcos::login`.
    fn target(&self) -> &'static str;

    /// Returns its news for people outside the game; none by default.
    fn notice(&self) -> Option<Notice> {
        None
    }
}

/// Urgency of a log event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Part of normal operation.
    Info,
    /// A possible cause of trouble.
    Warn,
}

/// The log event of a core without log events.
impl Report for Infallible {
    fn level(&self) -> Level {
        match *self {}
    }

    fn target(&self) -> &'static str {
        match *self {}
    }
}

/// State of the durable storage, as the adapter sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Records become durable within milliseconds.
    #[default]
    Available,
    /// A record cannot be stored yet. The adapter retries; responses that depend on the record wait.
    Delayed(StorageTrouble),
    /// Records could not be stored for several seconds. A service must reject a request that needs a record before it
    /// changes any state, so that only a bounded number of records waits.
    Unavailable(StorageTrouble),
}

/// The reason why records cannot be stored. Every reason may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageTrouble {
    /// Another program has locked the file.
    Locked,
    /// The disk is full.
    Full,
    /// The file or its disk is read-only.
    ReadOnly,
    /// The disk reports errors.
    Failing,
    /// The disk has not responded for several seconds.
    Slow,
}

impl Storage {
    /// Returns the reason, if records cannot be stored at the moment.
    pub const fn trouble(self) -> Option<StorageTrouble> {
        match self {
            Self::Available => None,
            Self::Delayed(trouble) | Self::Unavailable(trouble) => Some(trouble),
        }
    }
}

impl StorageTrouble {
    /// All reasons.
    pub const ALL: [Self; 5] = [Self::Locked, Self::Full, Self::ReadOnly, Self::Failing, Self::Slow];

    /// Returns the reason in one word, for traces and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Failing => "failing",
            Self::Slow => "slow",
        }
    }
}

impl fmt::Display for StorageTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "another program has locked mmcos.db",
            Self::Full => "the disk is full",
            Self::ReadOnly => "the disk or mmcos.db is read-only",
            Self::Failing => "the disk reports errors",
            Self::Slow => "the disk does not respond",
        })
    }
}
