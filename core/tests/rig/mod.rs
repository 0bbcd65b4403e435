//! Drives a server through its seam: a virtual clock, clients without sockets, and what each of them reads.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    reason = "every test file uses a part of it"
)]

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use mmcos_core::{
    OutboxOf, Server,
    engine::Limits,
    seam::{Close, ConnId, Effect, Input, ListenerId, Monotonic, Now, Wall},
    service::Service,
};

/// 2023-11-18 19:45:20 UTC, when capture 09 was taken.
pub const START: i64 = 1_700_336_720;

/// A server, its clients and its clock.
pub struct Rig<S: Service> {
    pub server: Server<S>,
    out: OutboxOf<S>,
    now: Now,
    opened: u64,
    read: BTreeMap<ConnId, Vec<u8>>,
    closed: BTreeMap<ConnId, Close>,
    pub records: Vec<S::Record>,
    pub events: Vec<String>,
}

impl<S: Service<Record: Debug, Event: Debug>> Rig<S> {
    pub fn new(service: S, limits: Limits) -> Self {
        let now = Now { monotonic: Monotonic::default(), wall: Wall::from_secs(START) };
        Self {
            server: Server::new(service, limits, [7; 32]),
            out: OutboxOf::<S>::new(),
            now,
            opened: 0,
            read: BTreeMap::new(),
            closed: BTreeMap::new(),
            records: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.server.handle(self.now, input, &mut self.out);
        for effect in self.out.drain() {
            match effect {
                Effect::Send { conn, bytes } => {
                    assert!(!self.closed.contains_key(&conn), "{conn:?}: sent after the close");
                    self.read.entry(conn).or_default().extend_from_slice(&bytes);
                }
                Effect::Close { conn, how } => {
                    assert_eq!(self.closed.insert(conn, how), None, "{conn:?} closed twice");
                }
                Effect::Persist(record) => self.records.push(record),
                Effect::Log(event) => self.events.push(format!("{event:?}")),
            }
        }
    }

    /// A new client.
    pub fn open(&mut self) -> ConnId {
        self.open_from([127, 0, 0, 1])
    }

    pub fn open_from(&mut self, address: [u8; 4]) -> ConnId {
        self.opened += 1;
        let conn = ConnId(self.opened);
        self.input(Input::Opened { conn, listener: ListenerId(0), peer: (address, 50_000).into() });
        conn
    }

    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes });
    }

    pub fn leave(&mut self, conn: ConnId) {
        self.input(Input::Closed { conn });
    }

    /// Lets time pass, with a tick at every deadline.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.monotonic.after(time);
        loop {
            let next = self.server.next_deadline().filter(|next| *next <= end);
            let to = next.unwrap_or(end).max(self.now.monotonic);
            let millis = i64::try_from(to.since(self.now.monotonic).as_millis()).unwrap();
            self.now = Now { monotonic: to, wall: Wall::from_millis(self.now.wall.as_millis() + millis) };
            self.input(Input::Tick);
            assert!(self.server.next_deadline().is_none_or(|later| later > to), "a timer does not move on");
            if next.is_none() {
                return;
            }
        }
    }

    /// Lets time pass, and gives no tick.
    pub fn skip(&mut self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        let wall = Wall::from_millis(self.now.wall.as_millis() + millis);
        self.now = Now { monotonic: self.now.monotonic.after(time), wall };
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.now.monotonic.since(Monotonic::default())
    }

    /// What the wall clock says.
    pub fn wall(&self) -> Wall {
        self.now.wall
    }

    /// Sets the wall clock.
    pub fn set_wall(&mut self, wall: Wall) {
        self.now.wall = wall;
    }

    /// Takes what the client has read since it was last asked.
    pub fn read(&mut self, conn: ConnId) -> String {
        String::from_utf8_lossy(&self.read_bytes(conn)).into_owned()
    }

    pub fn read_bytes(&mut self, conn: ConnId) -> Vec<u8> {
        self.read.remove(&conn).unwrap_or_default()
    }

    pub fn closed(&self, conn: ConnId) -> Option<Close> {
        self.closed.get(&conn).copied()
    }

    /// What a new client reads that sends this.
    pub fn ask(&mut self, request: &[u8]) -> String {
        let conn = self.open();
        self.send(conn, request);
        let answer = self.read(conn);
        self.leave(conn);
        answer
    }
}

/// The status of an answer.
pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// The body of an answer.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
