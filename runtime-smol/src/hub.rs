//! The one owner of the core.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    net::{SocketAddr, TcpStream},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use mmcos_core::{
    link::WriteLimits,
    seam::{CommitSeq, ConnId, Core, Input, ListenerKind, Monotonic},
};
use mmcos_std::{clock::Clock, connections::Connections, driver::Driver, store::StoreError};

use crate::connection::Connection;

/// Passes inputs to the core, one at a time, and carries out its effects.
#[derive(Debug)]
pub struct Hub<C: Core> {
    limits: WriteLimits,
    clock: Clock,
    state: RefCell<State<C>>,
    /// Number of connection tasks.
    tasks: Cell<usize>,
    /// Raised when the last connection ends.
    emptied: Signal,
    /// Raised when the core wants a tick earlier than before.
    pub(crate) sooner: Signal,
}

#[derive(Debug)]
struct State<C: Core> {
    driver: Driver<C>,
    connections: Connections<Rc<Connection>>,
    opened: u64,
    /// Time at which the ticker wakes up.
    awaited: Option<Monotonic>,
}

impl<C: Core> Hub<C> {
    /// Makes a hub for this core, with these write limits.
    pub fn new(driver: Driver<C>, limits: WriteLimits) -> Self {
        Self {
            limits,
            clock: *driver.clock(),
            state: RefCell::new(State {
                driver,
                connections: Connections::default(),
                opened: 0,
                awaited: None,
            }),
            tasks: Cell::new(0),
            emptied: Signal::default(),
            sooner: Signal::default(),
        }
    }

    pub(crate) fn now(&self) -> Monotonic {
        self.clock.now().monotonic
    }

    /// Tells the core of a new connection. Returns it, or `None` if the core refuses it.
    pub(crate) fn open(
        &self,
        socket: &TcpStream,
        listener: ListenerKind,
        peer: SocketAddr,
    ) -> Option<(ConnId, Rc<Connection>)> {
        let connection = Rc::new(Connection::new(self.limits));
        let conn = {
            let mut state = self.state.borrow_mut();
            state.opened = state.opened.saturating_add(1);
            let conn = ConnId(state.opened);
            state.connections.insert(conn, Rc::clone(&connection));
            conn
        };
        self.tasks.set(self.tasks.get().saturating_add(1));
        self.input(Input::Opened { conn, peer, listener });
        if self.state.borrow().connections.get(conn).is_some_and(|connection| !connection.is_over()) {
            return Some((conn, connection));
        }
        self.closed(conn);
        if !listener.has_tls() {
            connection.refuse(socket);
        }
        None
    }

    /// Tells the core that a connection is closed.
    pub(crate) fn closed(&self, conn: ConnId) {
        let gone = self.state.borrow_mut().connections.remove(conn);
        self.input(gone);
        self.tasks.set(self.tasks.get().saturating_sub(1));
        if self.tasks.get() == 0 {
            self.emptied.raise();
        }
    }

    /// Passes an input to the core and carries out its effects.
    pub fn input(&self, input: Input<'_>) {
        let mut state = self.state.borrow_mut();
        let State { driver, connections, awaited, .. } = &mut *state;
        driver.input(input, connections);
        connections.touched().for_each(|(_, connection)| connection.news.raise());
        let next = driver.next_deadline();
        if let Some(next) = next
            && awaited.is_none_or(|awaited| next < awaited)
        {
            *awaited = Some(next);
            self.sooner.raise();
        }
    }

    /// Permits sending of bytes whose commit becomes durable, repeatedly. Returns only when no commit will become
    /// durable any more.
    pub(crate) async fn release_durable(&self) -> Arc<StoreError> {
        let mut durable = CommitSeq::default();
        loop {
            match poll_fn(|cx| self.state.borrow().driver.store().poll(durable, cx)).await {
                Ok(more) => durable = more,
                Err(error) => return error,
            }
            let mut state = self.state.borrow_mut();
            state.driver.release(durable);
            state.connections.release(durable);
            state.connections.touched().for_each(|(_, connection)| connection.news.raise());
        }
    }

    /// Commits what is not durable yet, and closes the store.
    pub(crate) fn finish(self) -> Result<(), Arc<StoreError>> {
        self.state.into_inner().driver.finish()
    }

    /// Waits until no connection is left, including those that the core has dropped but that are still written to.
    pub(crate) async fn emptied(&self) {
        while self.tasks.get() > 0 {
            self.emptied.raised().await;
        }
    }

    /// Returns the time until the core wants a tick. The caller must wait that long, or until `sooner` is raised.
    pub(crate) fn until_tick(&self) -> Option<Duration> {
        let mut state = self.state.borrow_mut();
        state.awaited = state.driver.next_deadline();
        state.driver.until_tick()
    }
}

/// A flag that one task waits for, on one thread.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    /// Lowers the flag. It wakes no task until it is polled again.
    pub(crate) fn lower(&self) {
        self.raised.set(false);
        self.waiter.take();
    }

    /// Ready if the flag was raised since the last call, however often.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.raised.take() {
            return Poll::Ready(());
        }
        let mut waiter = self.waiter.borrow_mut();
        if !waiter.as_ref().is_some_and(|waiter| waiter.will_wake(cx.waker())) {
            *waiter = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until the flag is raised.
    pub(crate) async fn raised(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}
