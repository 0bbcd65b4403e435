use std::{
    io::{self, ErrorKind, IoSlice, Read as _},
    mem,
    net::{Shutdown, TcpStream},
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_io::Async;
use futures_rustls::server::TlsStream;
use smol::io::{AsyncRead, AsyncWrite};

/// A client's socket. Retries interrupted system calls, because TLS may not be called twice. Shuts its sending side
/// down when it is closed. Records whether bytes leave.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: Async<TcpStream>,
    has_progressed: bool,
    /// False after a read that emptied the socket, until the system reports more bytes.
    is_readable: bool,
}

impl From<Async<TcpStream>> for Socket {
    fn from(tcp: Async<TcpStream>) -> Self {
        Self { tcp, has_progressed: false, is_readable: true }
    }
}

impl Socket {
    /// Returns whether the socket has taken bytes since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.has_progressed)
    }

    fn retried<T>(
        &mut self,
        mut poll: impl FnMut(Pin<&mut Async<TcpStream>>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            match poll(Pin::new(&mut self.tcp)) {
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            // Without a system call: most polls of a connection's task are not for its input.
            if !self.is_readable {
                ready!(self.tcp.poll_readable(cx))?;
                self.is_readable = true;
            }
            match self.tcp.get_ref().read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
                result => {
                    self.is_readable = !matches!(result, Ok(count) if count < bytes.len());
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.retried(|socket| socket.poll_write_vectored(cx, slices));
        self.has_progressed |= matches!(written, Poll::Ready(Ok(count)) if count > 0);
        written
    }

    /// Does nothing: the socket has no buffer.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.tcp.get_ref().shutdown(Shutdown::Write))
    }
}

/// A [`Socket`], perhaps inside TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Returns the socket itself.
    fn socket(&mut self) -> &mut Socket;
}

impl Stream for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }
}

/// On the heap: a task would have room for it twice, where the handshake ends and where the connection is served.
impl Stream for Box<TlsStream<Socket>> {
    fn socket(&mut self) -> &mut Socket {
        self.get_mut().0
    }
}
