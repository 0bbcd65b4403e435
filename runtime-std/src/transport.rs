//! A connection's [`Link`] and its TLS: bytes of the socket in and out, for every runtime.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IoSlice, Read as _, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use mmcos_core::link::{Link, Status, WriteLimits};
use mmcos_core::seam::{Close, Monotonic};
use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

/// Pieces that one system call takes.
const PIECES: usize = 8;
/// Bytes that may wait unsent in the kernel. What it takes beyond that would hide for minutes whether the client reads.
const UNSENT: u32 = 32 * 1024;

/// See the [module](self).
#[derive(Debug)]
pub struct Transport {
    /// What is to be written, and when the connection ends.
    pub link: Link,
    tls: Option<Box<ServerConnection>>,
    /// Whether TLS was told that nothing follows.
    said_goodbye: bool,
    /// Whether the client's TLS said so.
    heard_goodbye: bool,
}

impl Transport {
    /// A connection that speaks plainly until [`start_tls`](Self::start_tls).
    pub fn new(limits: WriteLimits) -> Self {
        Self { link: Link::new(limits), tls: None, said_goodbye: false, heard_goodbye: false }
    }

    /// Expects a TLS handshake.
    pub fn start_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), rustls::Error> {
        self.tls = Some(Box::new(ServerConnection::new(config)?));
        Ok(())
    }

    /// Whether there is no TLS.
    pub fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Writes all that may be written. Returns false if `to` takes no more now.
    pub fn write_to(&mut self, to: &mut impl Write, now: Monotonic) -> io::Result<bool> {
        match self.write_all(to) {
            Ok(()) => {
                self.link.flushed(now);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.link.blocked(now);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn write_all(&mut self, to: &mut impl Write) -> io::Result<()> {
        let Self { link, tls, said_goodbye, .. } = self;
        let Some(tls) = tls else {
            while link.is_writable() {
                let written = taken(|| with_slices(link, |slices| to.write_vectored(slices)))?;
                link.written(written);
            }
            return Ok(());
        };
        loop {
            while tls.wants_write() {
                taken(|| tls.write_tls(to))?;
                link.progressed();
            }
            if tls.is_handshaking() {
                if link.status() == Status::Shutdown {
                    // After the handshake there would be nothing to say.
                    link.close(Close::Abort);
                }
                break;
            }
            if link.is_writable() {
                // TLS has passed on all that it took before, so that this is progress of the socket's.
                let written = with_slices(link, |slices| tls.writer().write_vectored(slices))?;
                link.written(written);
            } else if link.status() == Status::Shutdown && !*said_goodbye {
                tls.send_close_notify();
                *said_goodbye = true;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// What is next for the connection. [`Status::Shutdown`] comes once TLS has ended too.
    pub fn status(&self) -> Status {
        match (self.link.status(), &self.tls) {
            (Status::Shutdown, Some(tls)) if tls.wants_write() || !self.said_goodbye => Status::Running,
            (status, _) => status,
        }
    }

    /// Takes bytes that came by the socket; none are its end. Returns what of them is for the core.
    ///
    /// # Errors
    /// They are not TLS. An alert may be left to write.
    pub fn received<'b>(&mut self, bytes: &'b [u8], now: Monotonic) -> io::Result<Cow<'b, [u8]>> {
        if bytes.is_empty() {
            self.link.ended();
            return Ok(Cow::default());
        }
        self.link.received(now);
        if !self.is_open() {
            return Ok(Cow::default());
        }
        let Some(tls) = &mut self.tls else { return Ok(Cow::Borrowed(bytes)) };
        let (mut rest, mut plain) = (bytes, Vec::new());
        while !rest.is_empty() && !self.heard_goodbye {
            tls.read_tls(&mut rest)?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let end = plain.len();
            plain.resize(end.saturating_add(state.plaintext_bytes_to_read()), 0);
            tls.reader().read_exact(plain.get_mut(end..).unwrap_or_default())?;
            self.heard_goodbye = state.peer_has_closed();
        }
        Ok(Cow::Owned(plain))
    }

    /// Whether the client may send more for the core. False after the end of its TLS, which may come without
    /// `close_notify` (RFC 9112 section 9.8), or of its socket.
    pub fn is_open(&self) -> bool {
        self.link.is_open() && !self.heard_goodbye
    }

    /// Turns a client away: if it speaks plainly, writes what the socket takes at once.
    pub fn refuse(mut self, socket: &TcpStream) {
        if self.tls.is_some() || !self.link.is_writable() || socket.set_nonblocking(true).is_err() {
            return;
        }
        let mut socket = socket;
        // Best effort: there is no waiting for a client that is over its limit.
        let _ = self.write_all(&mut socket);
        let _ = socket.shutdown(Shutdown::Write);
        let _ = socket.read(&mut [0; 4096]);
    }
}

/// Prepares an accepted socket: small responses leave at once, and the kernel holds little of large ones.
pub fn prepare(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

fn with_slices<T>(link: &Link, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let mut used = 0_usize;
    for (slice, piece) in slices.iter_mut().zip(link.pieces()) {
        *slice = IoSlice::new(piece);
        used = used.saturating_add(1);
    }
    write(slices.get(..used).unwrap_or_default())
}

/// Retries a write that a signal interrupted. Nothing taken is no success.
fn taken(mut write: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
