//! State of a connection that the hub, its reader and perhaps a writer share.

use std::io::{self, ErrorKind, IoSlice, Read as _, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use mmcos_core::link::{Link, ProxyHeader, READ, Status, WriteLimits};
use mmcos_core::seam::{Close, ConnId, Monotonic};
use rustls::ServerConfig;

use super::hub::{Inbox, Message};
use super::transport::Transport;
use crate::clock::Clock;
use crate::connections;

/// Maximum bytes of one blocking write: so few that each write is progress of a slow client.
const IN_HAND: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    conn: ConnId,
    socket: TcpStream,
    clock: Clock,
    hub: Inbox,
    state: Mutex<State>,
    /// Notified when the reader may be able to read on.
    eased: Condvar,
}

#[derive(Debug)]
struct State {
    transport: Transport,
    /// True while a thread writes what the socket did not take at once.
    has_writer: bool,
    /// Bytes that were read and that the hub has not taken yet: less than twice [`READ`].
    ahead: usize,
    /// True while the reader waits for `eased`.
    is_awaited: bool,
}

impl State {
    fn is_over(&self) -> bool {
        matches!(self.transport.status(), Status::Over(_))
    }
}

impl connections::Connection for Connection {
    fn with<T>(&self, change: impl FnOnce(&mut Link) -> T) -> T {
        change(&mut self.lock().transport.link)
    }
}

impl Connection {
    pub(super) fn new(
        conn: ConnId,
        socket: TcpStream,
        clock: Clock,
        hub: Inbox,
        limits: WriteLimits,
    ) -> Self {
        let transport = Transport::new(limits);
        let state = State { transport, has_writer: false, ahead: 0, is_awaited: false };
        Self { conn, socket, clock, hub, state: Mutex::new(state), eased: Condvar::new() }
    }

    /// Refuses a client without TLS.
    pub(super) fn refuse(&self) {
        connections::refuse(&self.lock().transport.link, &self.socket);
    }

    /// Expects a TLS handshake.
    pub(super) fn start_tls(&self, config: Arc<ServerConfig>) -> Result<(), rustls::Error> {
        self.lock().transport.start_tls(config)
    }

    /// Drops the connection: its reader wakes up and ends.
    pub(super) fn abort(&self) {
        self.with_state(|state| state.transport.link.close(Close::Abort));
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    /// Subtracts bytes that the hub has taken.
    pub(super) fn catch_up(&self, count: usize) {
        let mut state = self.lock();
        state.ahead = state.ahead.saturating_sub(count);
        self.ease(&state);
    }

    /// Ends what has timed out. Returns the time of the next call.
    pub(super) fn tick(&self, now: Monotonic) -> Option<Monotonic> {
        let mut state = self.lock();
        state.transport.link.tick(now);
        self.settle(&mut state);
        state.transport.link.next_deadline()
    }

    /// Writes what may be written: the socket takes a part now, a thread that can wait writes the rest. Returns the
    /// time for [`tick`](Self::tick).
    pub(super) fn write(self: &Arc<Self>) -> Option<Monotonic> {
        let mut state = self.lock();
        if !state.has_writer {
            let now = self.clock.now().monotonic;
            match state.transport.write_to(&mut AtOnce(&self.socket), now) {
                Ok(true) => {}
                Ok(false) => {
                    let connection = Arc::clone(self);
                    state.has_writer = super::spawn("writer", move || connection.write_patiently()).is_ok();
                    if !state.has_writer {
                        state.transport.link.close(Close::Abort);
                    }
                }
                Err(_) => state.transport.link.close(Close::Abort),
            }
        }
        self.settle(&mut state);
        state.transport.link.next_deadline()
    }

    /// Acts on the transport's status, and wakes the reader.
    fn settle(&self, state: &mut State) {
        if !state.has_writer && state.transport.status() == Status::Shutdown {
            let _ = self.socket.shutdown(Shutdown::Write);
            state.transport.link.shut_down(self.clock.now().monotonic);
        }
        if state.is_over() {
            let _ = self.socket.shutdown(Shutdown::Both);
        }
        self.ease(state);
    }

    /// Wakes the reader, if it waits.
    fn ease(&self, state: &State) {
        // Even without a waiter, a notification is a system call.
        if state.is_awaited {
            self.eased.notify_one();
        }
    }

    /// Waits until `is_ready`. Only the reader may.
    fn wait_until(&self, is_ready: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while !is_ready(&state) {
            state.is_awaited = true;
            state = self.eased.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_awaited = false;
        state
    }

    fn write_patiently(&self) {
        let mut in_hand = Vec::with_capacity(IN_HAND);
        loop {
            in_hand.clear();
            {
                let mut state = self.lock();
                let now = self.clock.now().monotonic;
                let taken = state.transport.write_to(&mut InHand(&mut in_hand), now);
                if taken.is_err() {
                    state.transport.link.close(Close::Abort);
                }
                if in_hand.is_empty() || state.is_over() {
                    state.has_writer = false;
                    self.settle(&mut state);
                    break;
                }
                // The client does not have these bytes yet.
                state.transport.link.blocked(now);
                self.ease(&state);
            }
            let written = (&self.socket).write_all(&in_hand);
            let link = &mut self.lock().transport.link;
            match written {
                Ok(()) => {
                    link.progressed();
                    // The hub checks deadlines as long as there is a writer.
                    link.blocked(self.clock.now().monotonic);
                }
                Err(_) => link.close(Close::Abort),
            }
        }
        // A deadline may have begun that the hub does not know.
        self.hub.send(Message::CheckDeadline { conn: self.conn });
    }

    /// Reads until the connection is over. Tells the hub of the client that a trusted proxy names, of received bytes,
    /// of the end of input, and finally of the closed connection.
    pub(super) fn read(self: &Arc<Self>, is_trusted: bool) {
        let start = if is_trusted { self.read_header() } else { Ok(Vec::new()) };
        if let Err(error) = start.and_then(|start| self.read_all(start)) {
            log::debug!("connection {}: {error}", self.conn.0);
            self.with_state(|state| state.transport.link.close(Close::Abort));
        }
        self.hub.send(Message::Ended { conn: self.conn });
        drop(self.wait_until(State::is_over));
        self.hub.send(Message::Closed { conn: self.conn });
    }

    /// Reads the header of a trusted proxy, if there is one. Returns the bytes behind it.
    fn read_header(&self) -> io::Result<Vec<u8>> {
        let (mut header, mut buffer) = (ProxyHeader::default(), [0; READ]);
        loop {
            match header.received(self.read_some(&mut buffer)?) {
                Ok(None) => {}
                Ok(Some(start)) => {
                    if let Some(client) = start.client {
                        self.hub.send(Message::Proxied { conn: self.conn, client: Ok(client) });
                    }
                    return Ok(start.rest);
                }
                Err(error) => {
                    self.hub.send(Message::Proxied { conn: self.conn, client: Err(error) });
                    return Err(io::Error::other(error));
                }
            }
        }
    }

    /// Reads once. Returns an empty slice at the end of the socket.
    fn read_some<'b>(&self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        loop {
            match (&self.socket).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                count => return Ok(buffer.get(..count?).unwrap_or_default()),
            }
        }
    }

    /// Reads until the end of the socket; `start` was read before.
    fn read_all(self: &Arc<Self>, start: Vec<u8>) -> io::Result<()> {
        let mut buffer = [0; 8 * READ];
        let mut start = Some(start).filter(|start| !start.is_empty());
        let mut has_ended = false;
        loop {
            drop(self.wait_to_read());
            let started = start.take();
            let bytes = match &started {
                Some(start) => start,
                None => self.read_some(&mut buffer)?,
            };
            let now = self.clock.now().monotonic;
            let (received, is_open, is_plain) = {
                let mut state = self.lock();
                let received = state.transport.received(bytes, now);
                (received, state.transport.is_open(), state.transport.is_plain())
            };
            // A handshake or an alert may have bytes to send.
            if !is_plain && is_open && self.write().is_some() {
                self.hub.send(Message::CheckDeadline { conn: self.conn });
            }
            // In pieces, between which the queue may fill.
            for bytes in received?.chunks(READ) {
                let mut state = self.wait_to_read();
                state.ahead = state.ahead.saturating_add(bytes.len());
                drop(state);
                self.hub.send(Message::Received { conn: self.conn, bytes: bytes.to_vec() });
            }
            if bytes.is_empty() {
                return Ok(());
            }
            if !is_open && !has_ended {
                // The end of TLS. Later bytes are discarded until the socket ends.
                has_ended = true;
                self.hub.send(Message::Ended { conn: self.conn });
            }
        }
    }

    /// Waits until the hub has taken most of the bytes read before, and the client most responses to them.
    fn wait_to_read(&self) -> MutexGuard<'_, State> {
        self.wait_until(|state| state.is_over() || (state.ahead < READ && state.transport.link.wants_read()))
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        self.settle(&mut state);
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Buffer for the bytes of one write, up to [`IN_HAND`].
struct InHand<'a>(&'a mut Vec<u8>);

impl Write for InHand<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = IN_HAND.saturating_sub(self.0.len()).min(bytes.len());
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.0.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Non-blocking writes to a socket, whatever its mode.
struct AtOnce<'a>(#[cfg_attr(not(unix), allow(dead_code, reason = "never written to there"))] &'a TcpStream);

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    #[cfg(unix)]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        Ok(sendmsg(self.0, slices, &mut SendAncillaryBuffer::default(), flags)?)
    }

    /// On other systems a socket is either blocking or not, so the waiting thread writes everything.
    #[cfg(not(unix))]
    fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
