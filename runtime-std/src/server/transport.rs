//! A connection's [`Link`] and its TLS, which two threads share: they translate between bytes of the socket and of
//! the core.

use std::io::{self, ErrorKind, Read as _, Write};
use std::sync::Arc;

use mmcos_core::link::{Link, Status, WriteLimits};
use mmcos_core::seam::{Close, Monotonic};
use rustls::{ServerConfig, ServerConnection};

use crate::connections::with_slices;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Transport {
    /// Write queue and end of the connection.
    pub(super) link: Link,
    tls: Option<Box<ServerConnection>>,
    /// True after `close_notify` was queued.
    said_goodbye: bool,
    /// True after the client's `close_notify`.
    heard_goodbye: bool,
}

impl Transport {
    /// Makes a connection without TLS until [`start_tls`](Self::start_tls).
    pub(super) fn new(limits: WriteLimits) -> Self {
        Self { link: Link::new(limits), tls: None, said_goodbye: false, heard_goodbye: false }
    }

    /// Expects a TLS handshake.
    pub(super) fn start_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), rustls::Error> {
        self.tls = Some(Box::new(ServerConnection::new(config)?));
        Ok(())
    }

    /// Returns true if the connection has no TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Writes all that may be written. Returns false if `to` takes no more now.
    pub(super) fn write_to(&mut self, to: &mut impl Write, now: Monotonic) -> io::Result<bool> {
        match self.write_all(to) {
            Ok(()) => {
                if self.link.is_writable() {
                    // Waits for the client's handshake, which must not take for ever.
                    self.link.blocked(now);
                } else {
                    self.link.flushed(now);
                }
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
                    // After the handshake there would be nothing to send.
                    link.close(Close::Abort);
                }
                break;
            }
            if link.is_writable() {
                // TLS has passed on all earlier bytes, so this is progress of the socket.
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

    /// Returns the status of the connection. [`Status::Shutdown`] comes after the end of TLS too.
    pub(super) fn status(&self) -> Status {
        match (self.link.status(), &self.tls) {
            (Status::Shutdown, Some(tls)) if tls.wants_write() || !self.said_goodbye => Status::Running,
            (status, _) => status,
        }
    }

    /// Handles bytes of the socket; an empty slice is its end. Returns the bytes for the core.
    ///
    /// # Errors
    /// The bytes are not TLS. There may be an alert to write.
    pub(super) fn received(&mut self, bytes: &[u8], now: Monotonic) -> io::Result<Vec<u8>> {
        if bytes.is_empty() {
            self.link.ended();
            return Ok(Vec::new());
        }
        self.link.received(now);
        if !self.is_open() {
            return Ok(Vec::new());
        }
        let Some(tls) = &mut self.tls else { return Ok(bytes.to_vec()) };
        let (mut rest, mut plain) = (bytes, Vec::new());
        while !rest.is_empty() && !self.heard_goodbye {
            tls.read_tls(&mut rest)?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let end = plain.len();
            plain.resize(end.saturating_add(state.plaintext_bytes_to_read()), 0);
            tls.reader().read_exact(plain.get_mut(end..).unwrap_or_default())?;
            self.heard_goodbye = state.peer_has_closed();
        }
        Ok(plain)
    }

    /// Returns true if the client may send more for the core. False after the end of its socket, or of its TLS, which
    /// may come without `close_notify` (RFC 9112 section 9.8).
    pub(super) fn is_open(&self) -> bool {
        self.link.is_open() && !self.heard_goodbye
    }
}

/// Retries a write that a signal interrupted. A zero-length write is not a success.
fn taken(mut write: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

    use mmcos_core::link::Dropped;
    use mmcos_core::seam::{Bytes, CommitSeq};
    use rustls::crypto::ring;
    use rustls::server::ResolvesServerCertUsingSni;

    use super::*;

    /// As in a protocol whose server sends first.
    #[test]
    fn bytes_that_wait_for_a_handshake_have_their_time() {
        let limits = WriteLimits::default();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        let mut transport = Transport::new(limits);
        transport.start_tls(Arc::new(config)).unwrap();
        transport.link.push(Bytes::Borrowed(b"welcome"), CommitSeq::default());
        let start = Monotonic::default();
        for seconds in 0..10 {
            let now = start.after(std::time::Duration::from_secs(seconds));
            assert!(transport.write_to(&mut Vec::new(), now).unwrap());
            transport.link.tick(now);
            assert_eq!(transport.status(), Status::Running);
        }
        transport.link.tick(start.after(limits.time));
        assert_eq!(transport.status(), Status::Over(Some(Dropped::NotReading)));
    }
}
