//! What the hub and the reader of one connection share: the socket, its TLS, and what is to be written.

use std::io::{self, Cursor, IoSlice, Read as _, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mmcos_core::seam::{Bytes, Close, CommitSeq};
use rustls::ServerConnection;

use super::seats::Seat;
use crate::queue::Queue;
use crate::serving::{ENOUGH, FAREWELL, LINGER};

/// So many bytes of a connection may wait for the hub before no more are read. What is asked at once is answered at
/// once, and most answers are longer than what asked for them.
const AHEAD: usize = 16 * 1024;
/// As many bytes as a thread that waits has in hand.
const IN_HAND: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Link {
    socket: TcpStream,
    _seat: Seat,
    /// How long its client may leave unread what was written.
    unread: Duration,
    outgoing: Mutex<Outgoing>,
    /// There may be reason to read on.
    eased: Condvar,
}

#[derive(Debug)]
struct Outgoing {
    tls: Option<Box<ServerConnection>>,
    queue: Queue,
    /// Since when it is to be closed, once all is written.
    closing: Option<Instant>,
    /// Since when the client knows that nothing more comes.
    goodbye: Option<Instant>,
    /// A thread writes what the socket did not take at once.
    has_writer: bool,
    /// Bytes that were read and that the hub has not taken yet.
    ahead: usize,
    ended: bool,
}

impl Link {
    pub(super) fn new(
        socket: TcpStream,
        tls: Option<ServerConnection>,
        seat: Seat,
        unread: Duration,
    ) -> Self {
        let outgoing = Outgoing {
            tls: tls.map(Box::new),
            queue: Queue::default(),
            closing: None,
            goodbye: None,
            has_writer: false,
            ahead: 0,
            ended: false,
        };
        Self { socket, _seat: seat, unread, outgoing: Mutex::new(outgoing), eased: Condvar::new() }
    }

    /// Queues bytes. Gives how many wait now.
    pub(super) fn push(&self, bytes: Bytes<'_>, after: CommitSeq) -> usize {
        self.lock().queue.push(bytes, after)
    }

    /// What waited for this may be written now.
    pub(super) fn release(&self, durable: CommitSeq) {
        self.lock().queue.release(durable);
    }

    /// Ends it now, or when all is written.
    pub(super) fn close(self: &Arc<Self>, how: Close) {
        if how == Close::Abort {
            return self.abort();
        }
        self.lock().closing.get_or_insert_with(Instant::now);
        self.write();
    }

    /// Ends it: its reader wakes up and goes.
    pub(super) fn abort(&self) {
        self.end(&mut self.lock());
    }

    fn end(&self, outgoing: &mut Outgoing) {
        outgoing.ended = true;
        self.eased.notify_one();
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// So many bytes were read. Gives whether the hub wants them: not if the connection is to be closed.
    pub(super) fn read_ahead(&self, count: usize) -> bool {
        let mut outgoing = self.lock();
        outgoing.ahead = outgoing.ahead.saturating_add(count);
        outgoing.closing.is_none()
    }

    /// Waits while the hub or the client has too much to do before more is read.
    pub(super) fn hold_back(&self) {
        let _eased = self.eased.wait_while(self.lock(), |outgoing| {
            !outgoing.ended && (outgoing.ahead >= AHEAD || outgoing.queue.queued() >= ENOUGH)
        });
    }

    /// The hub has taken so many bytes.
    pub(super) fn catch_up(&self, count: usize) {
        let mut outgoing = self.lock();
        outgoing.ahead = outgoing.ahead.saturating_sub(count);
        self.eased.notify_one();
    }

    /// Whether it is to be closed.
    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing.is_some()
    }

    /// Whether a connection that is to be closed has had its time.
    pub(super) fn is_over(&self) -> bool {
        let outgoing = self.lock();
        let past = |since: Option<Instant>, time| since.is_some_and(|since| since.elapsed() >= time);
        past(outgoing.goodbye, LINGER) || past(outgoing.closing, FAREWELL)
    }

    /// Writes what may be written: now what the socket takes, the rest on a thread that can wait.
    pub(super) fn write(self: &Arc<Self>) {
        let mut outgoing = self.lock();
        if outgoing.has_writer {
            return;
        }
        match outgoing.write_to(&mut AtOnce(&self.socket)) {
            Ok(()) => {
                self.eased.notify_one();
                outgoing.say_goodbye_if_done(&self.socket);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let link = Arc::clone(self);
                outgoing.has_writer = super::spawn("writer", move || link.write_patiently()).is_ok();
                if !outgoing.has_writer {
                    self.end(&mut outgoing);
                }
            }
            Err(_) => self.end(&mut outgoing),
        }
    }

    fn write_patiently(&self) {
        let mut in_hand = vec![0; IN_HAND];
        loop {
            let mut taken = Cursor::new(in_hand.as_mut_slice());
            {
                let mut outgoing = self.lock();
                // Memory fails only to hold more than fits.
                let _ = outgoing.write_to(&mut taken);
                if taken.position() == 0 {
                    outgoing.has_writer = false;
                    return outgoing.say_goodbye_if_done(&self.socket);
                }
            }
            let count = usize::try_from(taken.position()).unwrap_or(usize::MAX);
            let bytes = in_hand.get(..count).unwrap_or_default();
            if let Err(error) = self.write_in_time(bytes) {
                if error.kind() == io::ErrorKind::WouldBlock {
                    log::warn!("a client does not read its answers: dropped");
                }
                return self.abort();
            }
            self.eased.notify_one();
        }
    }

    fn write_in_time(&self, mut bytes: &[u8]) -> io::Result<()> {
        let begun = Instant::now();
        while !bytes.is_empty() {
            let left = self.unread.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.socket.set_write_timeout(Some(left))?;
            let count = (&self.socket).write(bytes)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads what has come, and waits for it. Nothing at the end.
    pub(super) fn read<'b>(&self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        if self.lock().ended {
            // What the client sent before is of no use to anybody.
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        loop {
            match (&self.socket).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Ok(buffer.get(..result?).unwrap_or_default()),
            }
        }
    }

    /// Takes TLS off what was read, gives it to `received`, and answers for TLS. Gives whether more may come.
    pub(super) fn decrypt(
        self: &Arc<Self>,
        mut bytes: &[u8],
        mut received: impl FnMut(Vec<u8>),
    ) -> io::Result<bool> {
        while !bytes.is_empty() {
            let (result, plain) = self.lock().decrypt(&mut bytes);
            // Handshakes, alerts, and answers that waited for the end of a handshake.
            self.write();
            if let Some(plain) = plain.filter(|plain| !plain.is_empty()) {
                received(plain);
            }
            if !result? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is no TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.lock().tls.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    /// Writes all that may be written, as far as `to` takes it.
    fn write_to(&mut self, to: &mut impl Write) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            while self.queue.is_writable() {
                taken(self.queue.write_with(|slices| to.write_vectored(slices), written)?)?;
            }
            return Ok(());
        };
        loop {
            while tls.wants_write() {
                taken(tls.write_tls(to)?)?;
            }
            if tls.is_handshaking() || !self.queue.is_writable() {
                return Ok(());
            }
            self.queue.write_with(|slices| tls.writer().write_vectored(slices), written)?;
        }
    }

    fn say_goodbye_if_done(&mut self, socket: &TcpStream) {
        if self.closing.is_none() || !self.queue.is_empty() || self.goodbye.is_some() {
            return;
        }
        self.goodbye = Some(Instant::now());
        let mut how = Shutdown::Write;
        if let Some(tls) = &mut self.tls {
            if tls.is_handshaking() {
                // After it there would be nothing to say.
                how = Shutdown::Both;
            }
            tls.send_close_notify();
            let _ = tls.write_tls(&mut AtOnce(socket));
        }
        let _ = socket.shutdown(how);
    }

    fn decrypt(&mut self, bytes: &mut &[u8]) -> (io::Result<bool>, Option<Vec<u8>>) {
        let Some(tls) = &mut self.tls else { return (Ok(true), None) };
        let mut read = || {
            tls.read_tls(bytes)?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            tls.reader().read_exact(&mut plain)?;
            Ok((!state.peer_has_closed(), plain))
        };
        match read() {
            Ok((more, plain)) => (Ok(more), Some(plain)),
            Err(error) => (Err(error), None),
        }
    }
}

/// Nothing, as of memory that is full, is not a success.
fn taken(count: usize) -> io::Result<()> {
    if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
}

fn written(result: &io::Result<usize>) -> usize {
    *result.as_ref().unwrap_or(&0)
}

/// A socket that takes what it can at once, whatever else is done with it.
struct AtOnce<'a>(&'a TcpStream);

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

    /// Elsewhere a socket waits always or never: all is left to the thread that can wait.
    #[cfg(not(unix))]
    fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
