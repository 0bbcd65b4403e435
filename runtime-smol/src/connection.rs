//! One connection: passes received bytes to the hub, and writes the bytes of its link.

use std::{
    cell::RefCell,
    fmt,
    future::poll_fn,
    io::{self, ErrorKind, IoSlice, Read as _},
    mem,
    net::{Shutdown, SocketAddr, TcpStream},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
};

use async_io::{Async, Timer};
use futures_rustls::server::TlsStream;
use mmcos_core::{
    link::{Link, ProxyHeader, ProxyHeaderError, READ, Status, WriteLimits},
    seam::{Close, ConnId, Core, Input, Monotonic},
};
use mmcos_std::connections;
use smol::io::{AsyncRead, AsyncWrite};

use crate::hub::{Hub, Signal};

/// Maximum reads of a connection before responses are written: a record of TLS, 16 kB.
const PIECES: usize = 8;
/// Maximum writes of responses before other tasks have their turn.
const TURNS: usize = 4;

/// A connection's link. The hub queues bytes, the connection's task moves them.
#[derive(Debug)]
pub(crate) struct Connection {
    link: RefCell<Link>,
    /// Raised when there is something new for the task.
    pub(crate) news: Signal,
}

impl connections::Connection for Connection {
    fn with<T>(&self, change: impl FnOnce(&mut Link) -> T) -> T {
        change(&mut self.link.borrow_mut())
    }
}

impl Connection {
    pub(crate) fn new(limits: WriteLimits) -> Self {
        Self { link: RefCell::new(Link::new(limits)), news: Signal::default() }
    }

    /// Refuses a client without TLS.
    pub(crate) fn refuse(&self, socket: &TcpStream) {
        connections::refuse(&self.link.borrow(), socket);
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.link.borrow().status(), Status::Over(_))
    }

    /// Drops the connection: its task ends.
    fn abort(&self, error: &io::Error, conn: ConnId) {
        log::debug!("connection {}: {error}", conn.0);
        self.link.borrow_mut().close(Close::Abort);
    }
}

/// Serves a connection until it is over, once `handshake` has made its stream.
pub(crate) async fn serve<C: Core, S: Stream>(
    hub: Rc<Hub<C>>,
    conn: ConnId,
    connection: Rc<Connection>,
    handshake: impl Future<Output = io::Result<S>>,
) {
    match expected(&hub, &connection, handshake).await {
        Ok(stream) => {
            let mut task = Task { hub: &hub, conn, connection: &connection, stream, has_ended: false };
            let mut timer = Alarm::default();
            poll_fn(|cx| task.poll(&mut timer, cx)).await;
        }
        Err(error) => connection.abort(&error, conn),
    }
    hub.closed(conn);
}

/// Waits for a handshake, as long as the connection is of use after it.
async fn expected<C: Core, S>(
    hub: &Hub<C>,
    connection: &Connection,
    handshake: impl Future<Output = io::Result<S>>,
) -> io::Result<S> {
    let (mut handshake, mut timer) = (pin!(handshake), Alarm::default());
    poll_fn(|cx| {
        loop {
            connection.news.lower();
            if let Poll::Ready(stream) = handshake.as_mut().poll(cx) {
                return Poll::Ready(stream);
            }
            let deadline = {
                let (mut link, now) = (connection.link.borrow_mut(), hub.now());
                if link.is_writable() {
                    // Waits for the client's handshake, which must not take for ever.
                    link.blocked(now);
                }
                link.tick(now);
                if link.status() != Status::Running {
                    return Poll::Ready(Err(ErrorKind::TimedOut.into()));
                }
                link.next_deadline()
            };
            if connection.news.poll(cx).is_pending() {
                ready!(timer.poll(deadline, hub, cx));
            }
        }
    })
    .await
}

/// The task of a connection whose handshake is done.
struct Task<'a, C: Core, S> {
    hub: &'a Hub<C>,
    conn: ConnId,
    connection: &'a Connection,
    stream: S,
    /// True after the core got the `Ended` input.
    has_ended: bool,
}

impl<C: Core, S: Stream> Task<'_, C, S> {
    /// Moves bytes both ways until the connection is over.
    fn poll(&mut self, timer: &mut Alarm, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS {
            self.connection.news.lower();
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                self.connection.abort(&error, self.conn);
            }
            let mut received = self.poll_receive(cx);
            // Input that came together gets its responses together, as far as the queue allows.
            for _ in 1..PIECES {
                if !matches!(received, Poll::Ready(Ok(()))) || self.connection.is_over() {
                    break;
                }
                received = self.poll_receive(cx);
            }
            if let Poll::Ready(Err(error)) = &received {
                self.connection.abort(error, self.conn);
            }
            if self.connection.is_over() {
                return Poll::Ready(());
            }
            // There may be responses to this input: loop to write them.
            if received.is_pending() && self.connection.news.poll(cx).is_pending() {
                let deadline = self.connection.link.borrow().next_deadline();
                ready!(timer.poll(deadline, self.hub, cx));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what may be written, and shuts down the sending side after the last byte. Ready when nothing is left,
    /// or the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (link, now) = (&mut *self.connection.link.borrow_mut(), self.hub.now());
        link.tick(now);
        let written = poll_write_all(Pin::new(&mut self.stream), link, cx);
        if self.stream.socket().take_progress() {
            link.progressed();
        }
        if written.is_pending() {
            link.blocked(now);
        }
        ready!(written)?;
        link.flushed(now);
        if link.status() == Status::Shutdown {
            link.shut_down(now);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once and passes the bytes to the hub.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (wants_read, is_open) = {
            let link = self.connection.link.borrow();
            (link.wants_read(), link.is_open() && !self.has_ended)
        };
        if !wants_read {
            return Poll::Pending;
        }
        let mut buffer = [0; READ];
        let read = if is_open {
            Pin::new(&mut self.stream).poll_read(cx, &mut buffer)
        } else {
            // Discards the bytes, TLS or not, until the socket ends.
            Pin::new(self.stream.socket()).poll_read(cx, &mut buffer)
        };
        let count = match ready!(read) {
            // TLS ended without `close_notify` (RFC 9112 section 9.8).
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
            count => count?,
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        if !bytes.is_empty() {
            self.connection.link.borrow_mut().received(self.hub.now());
        }
        match (is_open, bytes.is_empty()) {
            (true, false) => self.hub.input(Input::Received { conn: self.conn, bytes }),
            (true, true) => {
                // The client does not wait for held requests any more. Responses under way may still be read.
                self.has_ended = true;
                self.hub.input(Input::Ended { conn: self.conn });
            }
            (false, false) => {}
            (false, true) => self.connection.link.borrow_mut().ended(),
        }
        Poll::Ready(Ok(()))
    }
}

/// Ready when all that may be written has left, followed by the end of the stream if nothing more comes.
fn poll_write_all<S: Stream>(
    mut stream: Pin<&mut S>,
    link: &mut Link,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        // TLS passes on its earlier bytes first. Otherwise it would hide that the client does not read.
        ready!(stream.as_mut().poll_flush(cx))?;
        if !link.is_writable() {
            break;
        }
        match ready!(connections::with_slices(link, |slices| stream
            .as_mut()
            .poll_write_vectored(cx, slices)))?
        {
            0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            count => link.written(count),
        }
    }
    if link.status() == Status::Shutdown {
        ready!(stream.poll_close(cx))?;
    }
    Poll::Ready(Ok(()))
}

/// A timer that is set only while there is a deadline.
#[derive(Debug, Default)]
struct Alarm(Option<(Monotonic, Timer)>);

impl Alarm {
    /// Ready at the deadline, if there is one.
    fn poll<C: Core>(&mut self, deadline: Option<Monotonic>, hub: &Hub<C>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline else {
            self.0 = None;
            return Poll::Pending;
        };
        let Self(set) = self;
        if set.as_ref().is_none_or(|(at, _)| *at != deadline) {
            *set = Some((deadline, Timer::after(deadline.since(hub.now()))));
        }
        let Some((_, timer)) = set else { return Poll::Pending };
        ready!(Pin::new(timer).poll(cx));
        *set = None;
        Poll::Ready(())
    }
}

/// A client's socket. Takes the header of a trusted proxy away from its bytes. Retries interrupted system calls,
/// because TLS may not be called twice. Shuts its sending side down when it is closed. Records whether bytes leave.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: Async<TcpStream>,
    has_progressed: bool,
    /// False after a read that emptied the socket, until the system reports more bytes.
    is_readable: bool,
    /// On the heap: few sockets have one.
    start: Option<Box<Start>>,
}

/// The start of the bytes of a trusted proxy.
enum Start {
    /// There may be a header. The function tells the core of the client.
    Header(ProxyHeader, Box<dyn Fn(Result<SocketAddr, ProxyHeaderError>)>),
    /// Bytes that arrived behind the header.
    Rest(Vec<u8>),
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header, _) => header.fmt(f),
            Self::Rest(rest) => rest.fmt(f),
        }
    }
}

impl From<Async<TcpStream>> for Socket {
    fn from(tcp: Async<TcpStream>) -> Self {
        Self { tcp, has_progressed: false, is_readable: true, start: None }
    }
}

impl Socket {
    /// Expects that the bytes may begin with a header, and passes the client that it names to `tell`.
    pub(crate) fn expect_header(&mut self, tell: impl Fn(Result<SocketAddr, ProxyHeaderError>) + 'static) {
        self.start = Some(Box::new(Start::Header(ProxyHeader::default(), Box::new(tell))));
    }

    /// Reads from the socket itself.
    fn poll_read_some(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
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
                    // The end stays readable: it can be read again, behind TLS, without a wait for the system.
                    self.is_readable = !matches!(result, Ok(count @ 1..) if count < bytes.len());
                    return Poll::Ready(result);
                }
            }
        }
    }

    /// Returns whether the socket has taken bytes since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.has_progressed)
    }

    /// Reads more of the header, with `buffer` for the bytes.
    fn poll_header(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<()>> {
        let count = ready!(self.poll_read_some(cx, buffer))?;
        let Some(Start::Header(header, tell)) = self.start.as_deref_mut() else { return Poll::Ready(Ok(())) };
        match header.received(buffer.get(..count).unwrap_or_default()) {
            Ok(None) => {}
            Ok(Some(start)) => {
                start.client.into_iter().for_each(|client| tell(Ok(client)));
                let rest = Some(start.rest).filter(|rest| !rest.is_empty());
                self.start = rest.map(|rest| Box::new(Start::Rest(rest)));
            }
            Err(error) => {
                tell(Err(error));
                return Poll::Ready(Err(io::Error::other(error)));
            }
        }
        Poll::Ready(Ok(()))
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
            match self.start.as_deref_mut() {
                None => return self.poll_read_some(cx, bytes),
                Some(Start::Rest(rest)) => {
                    let count = rest.len().min(bytes.len());
                    bytes.iter_mut().zip(rest.drain(..count)).for_each(|(to, from)| *to = from);
                    self.start.take_if(|start| matches!(&**start, Start::Rest(rest) if rest.is_empty()));
                    return Poll::Ready(Ok(count));
                }
                Some(Start::Header(..)) => ready!(self.poll_header(cx, bytes))?,
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
