//! The one owner of the core.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mmcos_core::link::{ProxyHeaderError, WriteLimits};
use mmcos_core::seam::{CommitSeq, ConnId, Core, Input, ListenerKind, Monotonic};
use rustls::ServerConfig;

use super::connection::Connection;
use crate::connections::Connections;
use crate::driver::Driver;
use crate::serving::{GRACE, LONGEST_GRACE, RunError};
use crate::store::StoreError;

/// Messages to the hub.
#[derive(Debug)]
pub(super) enum Message {
    /// A client connected, or a trusted proxy.
    Opened {
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        listener: ListenerKind,
        peer: SocketAddr,
        is_trusted: bool,
    },
    /// A trusted proxy has named its client.
    Proxied { conn: ConnId, client: Result<SocketAddr, ProxyHeaderError> },
    /// The client sent these bytes.
    Received { conn: ConnId, bytes: Vec<u8> },
    /// The client sends no more.
    Ended { conn: ConnId },
    /// The connection is over, and no thread reads it any more.
    Closed { conn: ConnId },
    /// The connection has a deadline that the hub may not know.
    CheckDeadline { conn: ConnId },
    /// More commits are durable.
    Durable,
    /// The server must stop.
    Stop,
}

/// Sender of messages to the hub.
#[derive(Clone, Debug)]
pub(super) struct Inbox(pub(super) SyncSender<Message>);

impl Inbox {
    /// Sends a message; waits for room in the inbox. Does nothing if the hub is gone.
    pub(super) fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }
}

impl Wake for Inbox {
    /// If the inbox is full, the hub checks for durable commits anyway.
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(Message::Durable);
    }
}

/// Passes inputs to the core, one at a time, and carries out its effects.
#[derive(Debug)]
pub(super) struct Hub<C: Core> {
    driver: Driver<C>,
    connections: Connections<Arc<Connection>>,
    limits: WriteLimits,
    /// Number of the last connection.
    opened: u64,
    /// Times at which connections need a tick. Some are too early.
    deadlines: BTreeSet<(Monotonic, ConnId)>,
    /// Latest end of the server, once it must stop.
    end: Option<Instant>,
    inbox: Inbox,
    waker: Waker,
    durable: CommitSeq,
}

impl<C: Core> Hub<C> {
    pub(super) fn new(driver: Driver<C>, inbox: Inbox, limits: WriteLimits) -> Self {
        let waker = Waker::from(Arc::new(inbox.clone()));
        Self {
            driver,
            connections: Connections::default(),
            limits,
            opened: 0,
            deadlines: BTreeSet::new(),
            end: None,
            inbox,
            waker,
            durable: CommitSeq::default(),
        }
    }

    /// Runs until the server was stopped and everything is done, or the store fails.
    pub(super) fn run(
        mut self,
        inbox: &Receiver<Message>,
        stop_accepting: impl Fn(),
    ) -> Result<(), RunError> {
        let result = self.serve(inbox, stop_accepting);
        for connection in self.connections.iter() {
            connection.abort();
        }
        result?;
        Ok(self.driver.finish()?)
    }

    fn serve(&mut self, inbox: &Receiver<Message>, stop_accepting: impl Fn()) -> Result<(), Arc<StoreError>> {
        while self.end.is_none_or(|end| !self.connections.is_empty() && Instant::now() < end) {
            self.release_durable()?;
            match inbox.recv_timeout(self.patience()) {
                Ok(Message::Stop) => {
                    stop_accepting();
                    self.end = Instant::now().checked_add(LONGEST_GRACE);
                    self.input(Input::Shutdown { grace: GRACE });
                }
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if self.driver.until_tick() == Some(Duration::ZERO) {
                self.input(Input::Tick);
            }
            self.tick();
        }
        Ok(())
    }

    /// Returns the time until the hub has something to do.
    fn patience(&self) -> Duration {
        let now = self.now();
        let look = self.deadlines.first().map(|(at, _)| at.since(now));
        let end = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        look.into_iter().chain(end).chain(self.driver.until_tick()).min().unwrap_or(Duration::MAX)
    }

    fn now(&self) -> Monotonic {
        self.driver.clock().now().monotonic
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Opened { socket, tls, listener, peer, is_trusted } => {
                self.open(socket, tls, listener, peer, is_trusted);
            }
            Message::Proxied { conn, client } => self.input(Input::Proxied { conn, client }),
            Message::Received { conn, bytes } => {
                let connection = self.connections.get(conn).cloned();
                self.input(Input::Received { conn, bytes: &bytes });
                if let Some(connection) = connection {
                    connection.catch_up(bytes.len());
                }
            }
            Message::Ended { conn } => self.input(Input::Ended { conn }),
            Message::Closed { conn } => {
                let gone = self.connections.remove(conn);
                self.input(gone);
            }
            Message::CheckDeadline { conn } => self.check_deadline(conn),
            Message::Durable | Message::Stop => {}
        }
    }

    /// Tells the core of a new client. If the core does not refuse it, starts to read.
    fn open(
        &mut self,
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        listener: ListenerKind,
        peer: SocketAddr,
        is_trusted: bool,
    ) {
        self.opened = self.opened.saturating_add(1);
        let conn = ConnId(self.opened);
        let clock = *self.driver.clock();
        let connection = Arc::new(Connection::new(conn, socket, clock, self.inbox.clone(), self.limits));
        self.connections.insert(conn, Arc::clone(&connection));
        let is_plain = tls.is_none();
        // Not written yet: a core may send first, and TLS to encrypt it does not exist yet.
        self.driver.input(Input::Opened { conn, peer, listener }, &mut self.connections);
        if self.connections.get(conn).is_none_or(|connection| connection.is_over()) {
            let gone = self.connections.remove(conn);
            if is_plain {
                connection.refuse();
            }
            return self.input(gone);
        }
        let started = tls.is_none_or(|config| connection.start_tls(config).is_ok());
        let reader = Arc::clone(&connection);
        if !started || super::spawn("connection", move || reader.read(is_trusted)).is_err() {
            let gone = self.connections.remove(conn);
            return self.input(gone);
        }
        self.write();
    }

    fn input(&mut self, input: Input<'_>) {
        self.driver.input(input, &mut self.connections);
        self.write();
    }

    /// Writes the new bytes of all touched connections.
    fn write(&mut self) {
        for (conn, connection) in self.connections.touched() {
            if let Some(deadline) = connection.write() {
                self.deadlines.insert((deadline, conn));
            }
        }
    }

    /// Permits sending of bytes whose commit is durable by now. Fails if no commit will become durable any more.
    fn release_durable(&mut self) -> Result<(), Arc<StoreError>> {
        while let Poll::Ready(durable) =
            self.driver.store().poll(self.durable, &Context::from_waker(&self.waker))
        {
            self.durable = durable?;
            self.driver.release(self.durable);
            self.connections.release(self.durable);
            self.write();
        }
        Ok(())
    }

    /// Ticks the connections whose deadline may have passed.
    fn tick(&mut self) {
        let now = self.now();
        while let Some((at, conn)) = self.deadlines.first().copied()
            && at <= now
        {
            self.deadlines.pop_first();
            self.check_deadline(conn);
        }
    }

    fn check_deadline(&mut self, conn: ConnId) {
        let now = self.now();
        if let Some(deadline) = self.connections.get(conn).and_then(|connection| connection.tick(now)) {
            self.deadlines.insert((deadline, conn));
        }
    }
}
