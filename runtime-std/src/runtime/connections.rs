//! The open connections of a runtime, as the driver sees them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

use mmcos_core::link::{Dropped, Link, Status};
use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Input};

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
