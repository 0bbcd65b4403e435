use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::MemoryStore;
use crate::{
    OutboxOf, Server,
    engine::Limits,
    seam::{Close, ConnId, Effect, Input, ListenerKind, Monotonic, Now, Wall},
    service::{LogEvent, Service},
};

/// The wall clock of a new [`Rig`]: 2023-11-18 19:45:20 UTC.
pub const START: i64 = 1_700_336_720;

/// A server, its clients, its store and its clock.
pub struct Rig<S: Service> {
    /// The server.
    pub server: Server<S>,
    /// Every record that the server persisted in this life, in order.
    pub records: Vec<S::Record>,
    /// Every log event, as its `Debug` form.
    pub events: Vec<String>,
    /// True if sockets stay open after the server has closed them, until [`leave`](Self::leave).
    pub lingers: bool,
    limits: Limits,
    out: OutboxOf<S>,
    now: Now,
    opened: u64,
    read: BTreeMap<ConnId, Vec<u8>>,
    closed: BTreeMap<ConnId, Close>,
    /// Connections whose sockets are gone, not yet reported to the server.
    gone: Vec<ConnId>,
    store: MemoryStore<S::Record>,
    commits_at_once: bool,
    /// Sends and closes that wait for a commit, in order.
    waiting: Vec<(ConnId, Waiting)>,
}

#[derive(Debug)]
enum Waiting {
    Send(Vec<u8>),
    Close(Close),
}

impl<S: Service> fmt::Debug for Rig<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rig").field("now", &self.now).field("events", &self.events).finish_non_exhaustive()
    }
}

impl<S: Service<Record: Clone>> Rig<S> {
    /// Starts a server at [`START`].
    pub fn new(service: S, limits: Limits) -> Self {
        Self {
            server: Server::new(service, limits.clone(), [7; 32]),
            records: Vec::new(),
            events: Vec::new(),
            lingers: false,
            limits,
            out: OutboxOf::<S>::new(),
            now: Now { monotonic: Monotonic::default(), wall: Wall::from_secs(START) },
            opened: 0,
            read: BTreeMap::new(),
            closed: BTreeMap::new(),
            gone: Vec::new(),
            store: MemoryStore::default(),
            commits_at_once: true,
            waiting: Vec::new(),
        }
    }

    /// Passes an input to the server and carries out the effects, in order.
    pub fn input(&mut self, input: Input<'_>) {
        self.server.handle(self.now, input, &mut self.out);
        let mut out = core::mem::take(&mut self.out);
        for effect in out.drain() {
            match effect {
                Effect::Send { conn, bytes } => self.transmit(conn, Waiting::Send(bytes.to_vec())),
                Effect::Close { conn, how } => self.transmit(conn, Waiting::Close(how)),
                Effect::Persist(record) => {
                    self.records.push(record.clone());
                    self.store.persist(record);
                    if self.commits_at_once {
                        self.store.commit();
                    }
                }
                Effect::Log(LogEvent::Engine(event)) => self.events.push(format!("{event:?}")),
                Effect::Log(LogEvent::Game(event)) => self.events.push(format!("{event:?}")),
            }
        }
        self.out = out;
        for conn in core::mem::take(&mut self.gone) {
            self.input(Input::Closed { conn });
        }
    }

    fn transmit(&mut self, conn: ConnId, what: Waiting) {
        if !self.store.uncommitted().is_empty() {
            return self.waiting.push((conn, what));
        }
        match what {
            Waiting::Send(bytes) => {
                assert!(!self.closed.contains_key(&conn), "{conn:?}: sent after the close");
                self.read.entry(conn).or_default().extend_from_slice(&bytes);
            }
            Waiting::Close(how) => {
                let before = self.closed.insert(conn, how);
                let may_be = before.is_none() || (before, how) == (Some(Close::AfterFlush), Close::Abort);
                assert!(may_be, "{conn:?} closed twice");
                if !self.lingers || how != Close::AfterFlush {
                    self.gone.push(conn);
                }
            }
        }
    }

    /// Holds records, and everything sent after them, until [`commit`](Self::commit).
    pub fn hold_commits(&mut self) {
        self.commits_at_once = false;
    }

    /// Makes all records durable, sends everything that waited for them, and commits at once from now on.
    pub fn commit(&mut self) {
        self.commits_at_once = true;
        self.store.commit();
        for (conn, what) in core::mem::take(&mut self.waiting) {
            self.transmit(conn, what);
        }
        self.input(Input::Committed { took: Duration::ZERO });
    }

    /// Returns the store.
    pub fn store(&self) -> &MemoryStore<S::Record> {
        &self.store
    }

    /// Kills the process and starts `service` in its place, which has restored the committed records. The wall clock
    /// continues; unsent bytes, connections and uncommitted records are lost.
    pub fn crash(&mut self, service: S) {
        self.store.crash();
        let mut next = Self::new(service, self.limits.clone());
        for record in self.store.committed().iter().cloned() {
            next.server.restore(record).expect("what was committed can be restored");
        }
        (next.store, next.opened, next.now.wall) =
            (core::mem::take(&mut self.store), self.opened, self.now.wall);
        *self = next;
    }

    /// Connects a new client.
    pub fn open(&mut self) -> ConnId {
        self.open_from([127, 0, 0, 1])
    }

    /// Connects a new client from this address.
    pub fn open_from(&mut self, address: [u8; 4]) -> ConnId {
        self.open_at(ListenerKind::Plain, address)
    }

    /// Connects a new client from this address to this listener.
    pub fn open_at(&mut self, listener: ListenerKind, address: [u8; 4]) -> ConnId {
        self.opened += 1;
        let conn = ConnId(self.opened);
        self.input(Input::Opened { conn, peer: (address, 50_000).into(), listener });
        conn
    }

    /// Sends bytes of a client.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes });
    }

    /// Closes a client's connection.
    pub fn leave(&mut self, conn: ConnId) {
        self.input(Input::Closed { conn });
    }

    /// Advances time, with a tick at every deadline.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.monotonic.after(time);
        loop {
            let next = self.server.next_deadline().filter(|next| *next <= end);
            let to = next.unwrap_or(end).max(self.now.monotonic);
            self.skip(to.since(self.now.monotonic));
            self.input(Input::Tick);
            assert!(self.server.next_deadline().is_none_or(|later| later > to), "a timer does not move on");
            if next.is_none() {
                return;
            }
        }
    }

    /// Advances time without a tick.
    pub fn skip(&mut self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).expect("less than an age");
        let wall = Wall::from_millis(self.now.wall.as_millis() + millis);
        self.now = Now { monotonic: self.now.monotonic.after(time), wall };
    }

    /// Advances time to `wall` without a tick. Before the first input, starts at that time.
    pub fn skip_to(&mut self, wall: Wall) {
        if self.server.clock().is_read() {
            let millis = wall.as_millis() - self.now.wall.as_millis();
            self.skip(Duration::from_millis(u64::try_from(millis).unwrap_or_default()));
        } else {
            self.set_wall(wall);
        }
    }

    /// Returns how long the server has been running.
    pub fn elapsed(&self) -> Duration {
        self.now.monotonic.since(Monotonic::default())
    }

    /// Returns the time of the wall clock.
    pub fn wall(&self) -> Wall {
        self.now.wall
    }

    /// Sets the wall clock: a jump, or its first time if it has not been read yet.
    pub fn set_wall(&mut self, wall: Wall) {
        self.now.wall = wall;
    }

    /// Returns the text that the client has read since the last call.
    pub fn read(&mut self, conn: ConnId) -> String {
        String::from_utf8_lossy(&self.read_bytes(conn)).into_owned()
    }

    /// Returns the bytes that the client has read since the last call.
    pub fn read_bytes(&mut self, conn: ConnId) -> Vec<u8> {
        self.read.remove(&conn).unwrap_or_default()
    }

    /// Returns the manner in which the server closed the connection, if it did.
    pub fn closed(&self, conn: ConnId) -> Option<Close> {
        self.closed.get(&conn).copied()
    }

    /// Sends a request from a new client. Returns its response.
    pub fn request(&mut self, request: &[u8]) -> String {
        let conn = self.open();
        self.send(conn, request);
        let response = self.read(conn);
        self.leave(conn);
        response
    }
}

/// Returns the status code of a response.
pub fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or("none")
}

/// Returns the body of a response.
pub fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
