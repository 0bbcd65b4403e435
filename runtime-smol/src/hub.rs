//! The one owner of the core.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Input, ListenerId, Monotonic};
use mmcos_std::{
    driver::{Carry, Driver},
    serving::Unread,
    store::StoreError,
};

use crate::{link::Link, signal::Signal};

/// Gives the core its inputs, one at a time, and carries out its effects.
#[derive(Debug)]
pub struct Hub {
    pub(crate) unread: Unread,
    state: RefCell<State>,
    connections: Cell<usize>,
    /// Raised when no connection is left.
    emptied: Signal,
    /// Raised when the core wants a tick sooner than it did before.
    sooner: Signal,
}

#[derive(Debug)]
struct State {
    driver: Driver,
    links: Links,
    opened: u64,
    /// When the ticker wakes up.
    awaited: Option<Monotonic>,
}

/// Where bytes go.
#[derive(Debug, Default)]
struct Links {
    open: BTreeMap<ConnId, Rc<Link>>,
    /// Links with bytes that wait, the first to be durable first.
    waiting: VecDeque<(CommitSeq, Rc<Link>)>,
    /// What clients may leave unread, and who left more.
    most_unread: usize,
    overfull: Vec<ConnId>,
}

impl Hub {
    /// A hub for this core, and for clients who leave so much unread.
    pub fn new(driver: Driver, unread: Unread) -> Self {
        let links = Links { most_unread: unread.bytes, ..Links::default() };
        Self {
            unread,
            state: RefCell::new(State { driver, links, opened: 0, awaited: None }),
            connections: Cell::new(0),
            emptied: Signal::default(),
            sooner: Signal::default(),
        }
    }

    /// Tells the core of a new connection.
    pub(crate) fn open(&self, listener: ListenerId, peer: SocketAddr) -> (ConnId, Rc<Link>) {
        let link = Rc::new(Link::default());
        let conn = {
            let mut state = self.state.borrow_mut();
            state.opened = state.opened.saturating_add(1);
            let conn = ConnId(state.opened);
            state.links.open.insert(conn, Rc::clone(&link));
            conn
        };
        self.connections.set(self.connections.get().saturating_add(1));
        self.input(Input::Opened { conn, listener, peer });
        (conn, link)
    }

    /// Tells the core that a connection is gone, by whosever doing.
    pub(crate) fn closed(&self, conn: ConnId) {
        self.state.borrow_mut().links.open.remove(&conn);
        self.input(Input::Closed { conn });
        self.connections.set(self.connections.get().saturating_sub(1));
        if self.connections.get() == 0 {
            self.emptied.raise();
        }
    }

    /// Gives the core an input and carries out what follows.
    pub fn input(&self, input: Input<'_>) {
        let mut state = self.state.borrow_mut();
        let State { driver, links, awaited, .. } = &mut *state;
        driver.input(input, links);
        let next = driver.next_deadline();
        if let Some(next) = next
            && awaited.is_none_or(|awaited| next < awaited)
        {
            *awaited = Some(next);
            self.sooner.raise();
        }
        let overfull = std::mem::take(&mut links.overfull);
        drop(state);
        for conn in overfull {
            self.drop_overfull(conn);
        }
    }

    /// Lets go what waited, whenever more is durable. Ends only if nothing will be durable any more.
    pub(crate) async fn release_durable(&self) -> Arc<StoreError> {
        let mut durable = CommitSeq::default();
        loop {
            match poll_fn(|cx| self.state.borrow().driver.store().poll(durable, cx)).await {
                Ok(more) => durable = more,
                Err(error) => return error,
            }
            let mut state = self.state.borrow_mut();
            state.driver.release(durable);
            while let Some((_, link)) = state.links.waiting.pop_front_if(|(after, _)| *after <= durable) {
                link.release(durable);
            }
        }
    }

    /// Makes durable what is not yet, and lets the store go.
    pub(crate) fn finish(self) -> Result<(), Arc<StoreError>> {
        self.state.into_inner().driver.finish()
    }

    fn drop_overfull(&self, conn: ConnId) {
        log::warn!("a client does not read its answers: dropped");
        self.state.borrow_mut().links.close(conn, Close::Abort);
        self.input(Input::Closed { conn });
    }

    /// Waits until no connection is left, those that the core has let go of and that are still being written to
    /// included.
    pub(crate) async fn emptied(&self) {
        while self.connections.get() > 0 {
            self.emptied.raised().await;
        }
    }

    /// Ready when the core's next deadline has moved to before the one last waited for.
    pub(crate) fn poll_sooner(&self, cx: &Context<'_>) -> Poll<()> {
        self.sooner.poll(cx)
    }

    /// How long until the core wants a tick. The caller is taken to wait so long, or until [`Hub::poll_sooner`].
    pub(crate) fn until_tick(&self) -> Option<Duration> {
        let mut state = self.state.borrow_mut();
        state.awaited = state.driver.next_deadline();
        state.driver.until_tick()
    }
}

impl Carry for Links {
    fn send(&mut self, conn: ConnId, bytes: Bytes<'_>, after: CommitSeq) {
        let Some(link) = self.open.get(&conn) else { return };
        if link.push(bytes, after) > self.most_unread {
            self.overfull.push(conn);
        }
        if after == CommitSeq::default() {
            link.news.raise();
        } else if !self.waiting.back().is_some_and(|(last, same)| *last == after && Rc::ptr_eq(same, link)) {
            self.waiting.push_back((after, Rc::clone(link)));
        }
    }

    fn close(&mut self, conn: ConnId, how: Close) {
        if let Some(link) = self.open.remove(&conn) {
            link.order_close(how);
            link.news.raise();
        }
    }
}
