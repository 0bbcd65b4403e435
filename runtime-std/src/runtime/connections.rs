//! The open connections of a runtime, as the driver sees them, and what all runtimes do with their sockets.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, IoSlice, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    ops::Deref,
};

use mmcos_core::{
    link::{Dropped, Link, Status},
    seam::{Bytes, Close, CommitSeq, ConnId, Input},
};

use crate::driver::ConnectionSet;

/// A runtime's connection: a socket and its link.
pub trait Connection {
    /// Runs `change` on the link, under the lock that this needs.
    fn with<T>(&self, change: impl FnOnce(&mut Link) -> T) -> T;
}

/// All connections whose sockets are open, by a pointer `P` to each.
#[derive(Debug)]
pub struct Connections<P> {
    open: BTreeMap<ConnId, P>,
    /// Connections with bytes that wait for a commit, in the order of commits.
    waiting: VecDeque<(CommitSeq, ConnId)>,
    /// Connections with something new to do.
    touched: Vec<ConnId>,
}

impl<P> Default for Connections<P> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), waiting: VecDeque::new(), touched: Vec::new() }
    }
}

impl<P: Clone + Deref<Target: Connection>> Connections<P> {
    /// Adds a connection, before the core gets its `Opened` input.
    pub fn insert(&mut self, conn: ConnId, connection: P) {
        self.open.insert(conn, connection);
    }

    /// Returns a connection, or `None` if it is gone or was refused.
    pub fn get(&self, conn: ConnId) -> Option<&P> {
        self.open.get(&conn)
    }

    /// Removes a connection whose socket is gone. Returns the input for the core.
    pub fn remove(&mut self, conn: ConnId) -> Input<'static> {
        let status = self.open.remove(&conn).map(|connection| connection.with(|link| link.status()));
        match status {
            Some(Status::Over(Some(Dropped::NotReading))) => Input::Stalled { conn },
            Some(Status::Over(Some(Dropped::NotDurable))) => {
                log::debug!("connection {}: closed, since what it asked for cannot be saved", conn.0);
                Input::Closed { conn }
            }
            Some(Status::Running | Status::Shutdown | Status::Over(Some(Dropped::Aborted) | None)) | None => {
                Input::Closed { conn }
            }
        }
    }

    /// Permits sending of the bytes that wait for this commit.
    pub fn release(&mut self, durable: CommitSeq) {
        while let Some((_, conn)) = self.waiting.pop_front_if(|(after, _)| *after <= durable) {
            if let Some(connection) = self.open.get(&conn) {
                connection.with(|link| link.release(durable));
                self.touched.push(conn);
            }
        }
    }

    /// Removes and returns the connections that have something new to do.
    pub fn touched(&mut self) -> impl Iterator<Item = (ConnId, P)> {
        let Self { open, touched, .. } = self;
        touched.drain(..).filter_map(|conn| Some((conn, open.get(&conn)?.clone())))
    }

    /// Iterates over all connections.
    pub fn iter(&self) -> impl Iterator<Item = &P> {
        self.open.values()
    }

    /// Returns true if no connection is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn touch(&mut self, conn: ConnId) {
        if self.touched.last() != Some(&conn) {
            self.touched.push(conn);
        }
    }
}

impl<P: Clone + Deref<Target: Connection>> ConnectionSet for Connections<P> {
    fn send(&mut self, conn: ConnId, bytes: Bytes<'_>, after: CommitSeq) {
        let Some(connection) = self.open.get(&conn) else { return };
        connection.with(|link| link.push(bytes, after));
        if after != CommitSeq::default() && self.waiting.back() != Some(&(after, conn)) {
            self.waiting.push_back((after, conn));
        }
        self.touch(conn);
    }

    fn close(&mut self, conn: ConnId, how: Close) {
        match how {
            // Never served: the runtime drops it at once.
            Close::Refuse => drop(self.open.remove(&conn)),
            Close::AfterFlush | Close::Abort => {
                if let Some(connection) = self.open.get(&conn) {
                    connection.with(|link| link.close(how));
                    self.touch(conn);
                }
            }
        }
    }
}

/// Maximum number of slices per system call.
const PIECES: usize = 8;
/// Maximum unsent bytes in the kernel. More would hide for minutes whether the client reads.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;

/// Prepares an accepted socket: small responses leave at once, and the kernel buffers little of large ones.
pub fn prepare(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

/// Passes the bytes that `link` may write to `write`, as slices for one system call.
pub fn with_slices<T>(link: &Link, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let mut used = 0_usize;
    for (slice, piece) in slices.iter_mut().zip(link.pieces()) {
        *slice = IoSlice::new(piece);
        used = used.saturating_add(1);
    }
    write(slices.get(..used).unwrap_or_default())
}

/// Refuses a client without TLS: writes what the socket takes at once.
pub fn refuse(link: &Link, socket: &TcpStream) {
    // Best effort: the server does not wait for a client over its limit.
    if link.is_writable() {
        let _ = write_at_once(link, socket);
    }
}

fn write_at_once(link: &Link, mut socket: &TcpStream) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    with_slices(link, |slices| socket.write_vectored(slices))?;
    socket.shutdown(Shutdown::Write)?;
    // Unread bytes would reset the connection before the client has read the response.
    socket.read(&mut [0; 4096]).map(drop)
}
