//! One connection: bytes in to the hub, bytes out from its transport.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, ErrorKind, Read as _},
    net::{Shutdown, TcpStream},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use async_io::{Async, Timer};
use mmcos_core::{
    link::{Status, WriteLimits},
    seam::{Close, ConnId, Input, Monotonic},
};
use mmcos_std::{connections, transport::Transport};

use crate::{hub::Hub, signal::Signal};

/// Bytes that are read at a time.
const READ: usize = 16 * 1024;
/// How often a connection is read before others have their turn.
const TURNS: usize = 4;

/// A socket and its transport. The hub queues bytes, the connection's task moves them.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Async<TcpStream>,
    transport: RefCell<Transport>,
    /// Raised when there is something new for the task.
    pub(crate) news: Signal,
}

impl connections::Connection for Connection {
    fn with<T>(&self, change: impl FnOnce(&mut Transport) -> T) -> T {
        change(&mut self.transport.borrow_mut())
    }
}

impl Connection {
    pub(crate) fn new(socket: Async<TcpStream>, limits: WriteLimits) -> Self {
        let transport = RefCell::new(Transport::new(limits));
        Self { socket, transport, news: Signal::default() }
    }

    /// Turns the client away.
    pub(crate) fn refuse(self) {
        self.transport.into_inner().refuse(self.socket.get_ref());
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.transport.borrow().status(), Status::Over(_))
    }

    /// Drops the connection: its task ends.
    fn abort(&self, error: &io::Error, conn: ConnId) {
        log::debug!("connection {}: {error}", conn.0);
        self.transport.borrow_mut().link.close(Close::Abort);
    }

    /// Writes all that may be written. Ready when nothing is left, or the connection is over.
    fn poll_write(&self, now: Monotonic, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut transport = self.transport.borrow_mut();
        while !transport.write_to(&mut self.socket.get_ref(), now)? {
            ready!(self.socket.poll_writable(cx))?;
        }
        if transport.status() == Status::Shutdown {
            let _ = self.socket.get_ref().shutdown(Shutdown::Write);
            transport.link.shut_down(now);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once.
    fn poll_read(&self, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            match self.socket.get_ref().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.socket.poll_readable(cx))?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Reads once and gives the hub what came. Returns whether to read on.
    fn poll_receive(&self, hub: &Hub, conn: ConnId, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.transport.borrow().link.wants_read() {
            return Poll::Pending;
        }
        let mut buffer = [0; READ];
        let count = ready!(self.poll_read(&mut buffer, cx))?;
        let bytes = buffer.get(..count).unwrap_or_default();
        let (was_open, received, is_open) = {
            let mut transport = self.transport.borrow_mut();
            (transport.is_open(), transport.received(bytes, hub.now()), transport.is_open())
        };
        let Ok(received) = received else {
            // TLS may have an alert to send.
            let _ = self.poll_write(hub.now(), cx);
            return Poll::Ready(received.map(drop));
        };
        if !received.is_empty() {
            hub.input(Input::Received { conn, bytes: &received });
        }
        if was_open && !is_open {
            // Nobody waits for what is held; what is under way may still be read.
            hub.input(Input::Ended { conn });
        }
        Poll::Ready(Ok(()))
    }

    /// Moves bytes both ways until the connection is over.
    fn poll(&self, hub: &Hub, conn: ConnId, timer: &mut Alarm, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS {
            self.news.lower();
            let now = hub.now();
            self.transport.borrow_mut().link.tick(now);
            if let Poll::Ready(Err(error)) = self.poll_write(now, cx) {
                self.abort(&error, conn);
            }
            let received = self.poll_receive(hub, conn, cx);
            if let Poll::Ready(Err(error)) = &received {
                self.abort(error, conn);
            }
            if self.is_over() {
                return Poll::Ready(());
            }
            // What was read may have been answered: go round and write.
            if received.is_pending() && self.news.poll(cx).is_pending() {
                let deadline = self.transport.borrow().link.next_deadline();
                if timer.poll(deadline, hub, cx).is_pending() {
                    return Poll::Pending;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Serves a connection until it is over.
pub(crate) async fn serve(hub: Rc<Hub>, conn: ConnId, connection: Rc<Connection>) {
    let mut timer = Alarm::default();
    poll_fn(|cx| connection.poll(&hub, conn, &mut timer, cx)).await;
    hub.closed(conn);
}

/// A timer that is set only while there is a deadline.
#[derive(Debug, Default)]
struct Alarm(Option<(Monotonic, Timer)>);

impl Alarm {
    /// Ready at the deadline, if there is one.
    fn poll(&mut self, deadline: Option<Monotonic>, hub: &Hub, cx: &mut Context<'_>) -> Poll<()> {
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
