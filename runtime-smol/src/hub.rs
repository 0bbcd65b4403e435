//! The one owner of the core.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    task::Context,
    task::Poll,
    time::Duration,
};

use mmcos_core::{
    OutboxOf, Server,
    mmcos::{Event, Mmcos, Record},
    seam::{Close, ConnId, Effect, Input, ListenerId, Monotonic},
};
use mmcos_std::{
    clock::Clock,
    store::{Committer, StoreError, Ticket},
};

use crate::{link::Link, signal::Signal};

/// How much may wait for a client to read it, and for how long. Who lets more pile up is dropped. All defaults are our
/// choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Bytes. A client that sends requests ahead is not read on long before: this is for what was asked at once.
    pub bytes: usize,
    /// From the moment on at which nothing more could be written.
    pub time: Duration,
}

impl Default for Unread {
    fn default() -> Self {
        Self { bytes: 4 * 1024 * 1024, time: Duration::from_secs(20) }
    }
}

/// Gives the core its inputs, one at a time, and carries out its effects.
///
/// What the core has to say after a record leaves when the record is durable; what it says before, or without one,
/// leaves at once, unless that would overtake what waits for the same connection.
#[derive(Debug)]
pub struct Hub {
    clock: Clock,
    store: Committer,
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
    server: Server<Mmcos>,
    out: OutboxOf<Mmcos>,
    links: BTreeMap<ConnId, Rc<Link>>,
    /// The records of the last input.
    records: Vec<Record>,
    /// Links with bytes that wait, the first to be durable first.
    waiting: VecDeque<(Ticket, Rc<Link>)>,
    opened: u64,
    /// When the ticker wakes up.
    awaited: Option<Monotonic>,
}

impl Hub {
    /// A hub for this core, whose records go to this store.
    pub fn new(server: Server<Mmcos>, store: Committer, clock: Clock) -> Self {
        let state = State {
            server,
            out: OutboxOf::<Mmcos>::new(),
            links: BTreeMap::new(),
            records: Vec::new(),
            waiting: VecDeque::new(),
            opened: 0,
            awaited: None,
        };
        Self {
            clock,
            store,
            unread: Unread::default(),
            state: RefCell::new(state),
            connections: Cell::new(0),
            emptied: Signal::default(),
            sooner: Signal::default(),
        }
    }

    /// The same with another limit on what clients leave unread.
    #[must_use]
    pub fn with_unread(self, unread: Unread) -> Self {
        Self { unread, ..self }
    }

    /// Tells the core of a new connection.
    pub(crate) fn open(&self, listener: ListenerId, peer: SocketAddr) -> (ConnId, Rc<Link>) {
        let link = Rc::new(Link::default());
        let conn = {
            let mut state = self.state.borrow_mut();
            state.opened = state.opened.saturating_add(1);
            let conn = ConnId(state.opened);
            state.links.insert(conn, Rc::clone(&link));
            conn
        };
        self.connections.set(self.connections.get().saturating_add(1));
        self.input(Input::Opened { conn, listener, peer });
        (conn, link)
    }

    /// Tells the core that a connection is gone, by whosever doing.
    pub(crate) fn closed(&self, conn: ConnId) {
        self.state.borrow_mut().links.remove(&conn);
        self.input(Input::Closed { conn });
        self.connections.set(self.connections.get().saturating_sub(1));
        if self.connections.get() == 0 {
            self.emptied.raise();
        }
    }

    /// Gives the core an input and carries out what follows.
    pub fn input(&self, input: Input<'_>) {
        let mut state = self.state.borrow_mut();
        let State { server, out, links, records, waiting, awaited, .. } = &mut *state;
        server.handle(self.clock.now(), input, out);
        let mut overfull = Vec::new();
        let mut after = Ticket::default();
        for effect in out.drain() {
            match effect {
                Effect::Persist(record) => records.push(record),
                Effect::Send { conn, bytes } => {
                    if !records.is_empty() {
                        after = self.store.submit(records.drain(..));
                    }
                    let Some(link) = links.get(&conn) else { continue };
                    if link.push(bytes, after) > self.unread.bytes {
                        overfull.push(conn);
                    }
                    if after == Ticket::default() {
                        link.news.raise();
                    } else {
                        wait(waiting, after, link);
                    }
                }
                Effect::Close { conn, how } => {
                    if let Some(link) = links.remove(&conn) {
                        link.order_close(how);
                        link.news.raise();
                    }
                }
                Effect::Log(event) => log(&event),
                _ => {}
            }
        }
        if !records.is_empty() {
            self.store.submit(records.drain(..));
        }
        let next = server.next_deadline();
        if let Some(next) = next
            && awaited.is_none_or(|awaited| next < awaited)
        {
            *awaited = Some(next);
            self.sooner.raise();
        }
        drop(state);
        for conn in overfull {
            self.drop_overfull(conn);
        }
    }

    /// Lets go what waited, whenever more is durable. Ends only if nothing will be durable any more.
    pub(crate) async fn release_durable(&self) -> Arc<StoreError> {
        let mut durable = Ticket::default();
        loop {
            match poll_fn(|cx| self.store.poll(durable, cx)).await {
                Ok(more) => durable = more,
                Err(error) => return error,
            }
            for took in self.store.times() {
                self.input(Input::Committed { took });
            }
            let mut state = self.state.borrow_mut();
            while let Some((_, link)) = state.waiting.pop_front_if(|(after, _)| *after <= durable) {
                link.release(durable);
            }
        }
    }

    /// Makes durable what is not yet, and lets the store go.
    pub(crate) fn finish(self) -> Result<(), Arc<StoreError>> {
        self.store.finish()
    }

    fn drop_overfull(&self, conn: ConnId) {
        let link = self.state.borrow_mut().links.remove(&conn);
        if let Some(link) = link {
            log::warn!("a client does not read its answers: dropped");
            link.order_close(Close::Abort);
            link.news.raise();
            self.input(Input::Closed { conn });
        }
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
        state.awaited = state.server.next_deadline();
        state.awaited.map(|deadline| deadline.since(self.clock.now().monotonic))
    }
}

/// Notes that this link has bytes that wait; once for the pieces of one answer.
fn wait(waiting: &mut VecDeque<(Ticket, Rc<Link>)>, after: Ticket, link: &Rc<Link>) {
    if !waiting.back().is_some_and(|(last, same)| *last == after && Rc::ptr_eq(same, link)) {
        waiting.push_back((after, Rc::clone(link)));
    }
}

fn log(event: &Event) {
    let level = if event.is_trouble() { log::Level::Warn } else { log::Level::Info };
    log::log!(level, "{event}");
}
