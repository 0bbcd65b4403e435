//! Connections, requests in flight, answers that come later, timers, limits. Knows HTTP exchanges; knows no game.
//!
//! A connection is in one of four phases:
//!
//! | phase | bytes that come | leaves it |
//! |---|---|---|
//! | *reading* | are decoded into requests | a whole request → *serving*; a bad one, a time-out → closed |
//! | *serving* | are parked, up to a limit | the answer → *reading* or closed; its first part → *streaming*; the client goes → closed |
//! | *streaming* | are dropped | the end of the answer, the client goes → closed |
//! | closed | are dropped | never: the engine has forgotten the connection |
//!
//! One request of a connection is served at a time, so answers leave in the order of their requests.

mod answer;
mod connection;
mod event;
mod exchange;
mod forwarded;
mod limits;
mod rate;
mod source;
mod timers;

use alloc::{collections::BTreeMap, collections::VecDeque, vec::Vec};
use core::{net::SocketAddr, time::Duration};

pub use event::Event;
pub use exchange::{Body, Exchange, ExchangeId, Response, Stream};
pub use limits::Limits;
pub use rate::{Rate, RateLimiter, TooOften};
pub use timers::TimerId;

pub(crate) use connection::{Connection, Inbound, Phase, Waiting};
use rate::Requests;
use source::Source;
use timers::Timers;

use crate::{
    seam::{Close, ConnId, ListenerId, Monotonic, Now, Outbox, Storage},
    wire::http::{self, Date, Method, Request, Status},
};

/// What a timer was set for.
#[derive(Debug)]
pub(crate) enum Due<T> {
    Connection(ConnId),
    Service(T),
    EndOfGrace,
}

/// What became of a connection whose deadline passed.
#[derive(Debug)]
pub(crate) enum Overdue {
    /// Nothing was late, or it is dealt with.
    Settled,
    /// The service has held this request of this client for too long.
    Held(Exchange, SocketAddr),
}

/// All connections and timers. The service's timers carry a `T`.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) limits: Limits,
    pub(crate) now: Now,
    pub(crate) storage: Storage,
    date: Date,
    connections: BTreeMap<ConnId, Connection>,
    per_address: BTreeMap<Source, u32>,
    requests: Requests,
    timers: Timers<Due<T>>,
    exchanges: u64,
    /// Connections with parked bytes that may be read on.
    resumable: VecDeque<ConnId>,
    /// A buffer for a connection whose request came in pieces.
    spare: Vec<u8>,
    stopping: bool,
}

impl<T> Engine<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            requests: Requests::new(limits.requests),
            limits,
            now: Now::default(),
            storage: Storage::default(),
            date: Date::at(Now::default().wall),
            connections: BTreeMap::new(),
            per_address: BTreeMap::new(),
            timers: Timers::default(),
            exchanges: 0,
            resumable: VecDeque::new(),
            spare: Vec::new(),
            stopping: false,
        }
    }

    /// Takes the time of an input; the monotonic clock is held where it runs backwards.
    pub(crate) fn advance(&mut self, now: Now) {
        let monotonic = now.monotonic.max(self.now.monotonic);
        if now.wall.as_secs() != self.now.wall.as_secs() {
            self.date = Date::at(now.wall);
        }
        self.now = Now { monotonic, wall: now.wall };
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        self.timers.next()
    }

    pub(crate) fn set_timer(&mut self, at: Monotonic, due: Due<T>) -> TimerId {
        self.timers.set(at, due)
    }

    pub(crate) fn cancel_timer(&mut self, id: TimerId) {
        self.timers.cancel(id);
    }

    pub(crate) fn pop_due(&mut self) -> Option<Due<T>> {
        self.timers.pop_due(self.now.monotonic)
    }

    pub(crate) fn pop_resumable(&mut self) -> Option<ConnId> {
        self.resumable.pop_front()
    }

    /// Takes a new connection, or turns it away with a word.
    pub(crate) fn open<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        listener: ListenerId,
        peer: SocketAddr,
        out: &mut Outbox<R, E>,
    ) {
        if self.stopping {
            return out.close(conn, Close::Abort);
        }
        let source = Source::of(peer.ip());
        let from_there = self.per_address.get(&source).copied().unwrap_or(0);
        let proxied = forwarded::is_trusted(peer.ip(), &self.limits.trusted_proxies);
        let full = self.connections.len() >= self.limits.connections;
        if full || (from_there >= self.limits.connections_per_address && !proxied) {
            let text: &[u8] = b"This server holds as many connections as it may. Try again in a moment.\n";
            let response = Response::text(Status::SERVICE_UNAVAILABLE, text);
            self.write_response(conn, &response, http::Connection::Close, false, out);
            out.close(conn, Close::AfterFlush);
            return out.log(Event::TooManyConnections { peer, in_all: full }.into());
        }
        self.per_address.insert(source, from_there.saturating_add(1));
        let deadline = self.now.monotonic.after(self.limits.head_time);
        let timer = self.timers.set(deadline, Due::Connection(conn));
        let peer = Peer { address: peer, listener };
        self.connections.insert(conn, Connection::new(peer, proxied, deadline, timer));
    }

    /// Forgets a connection. Gives the name of the request that it leaves unanswered.
    pub(crate) fn forget(&mut self, conn: ConnId) -> Option<ExchangeId> {
        let connection = self.connections.remove(&conn)?;
        self.timers.cancel(connection.timer);
        let source = Source::of(connection.peer.ip());
        if let Some(count) = self.per_address.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.per_address.remove(&source);
            }
        }
        match connection.phase {
            Phase::Reading(_) => None,
            Phase::Serving { exchange, .. } | Phase::Streaming(exchange) => Some(exchange),
        }
    }

    /// Takes what is needed to read on from a connection, its parked bytes followed by `bytes`; `None` if it is
    /// unknown or streaming, or serving, in which case the bytes are parked. Give it back with [`Engine::put_inbound`].
    pub(crate) fn take_inbound(&mut self, conn: ConnId, bytes: &[u8]) -> Option<Inbound> {
        let connection = self.connections.get_mut(&conn)?;
        if matches!(connection.phase, Phase::Streaming(_)) {
            return None;
        }
        let inbound = &mut connection.inbound;
        if !(inbound.parked.is_empty() && matches!(connection.phase, Phase::Reading(_))) {
            if inbound.parked.capacity() == 0 {
                inbound.parked = core::mem::take(&mut self.spare);
            }
            inbound.parked.extend_from_slice(bytes);
        }
        match connection.phase {
            Phase::Reading(_) => Some(core::mem::take(inbound)),
            Phase::Serving { .. } | Phase::Streaming(_) => None,
        }
    }

    /// Whether the connection is open and no request of its is being served.
    pub(crate) fn is_reading(&self, conn: ConnId) -> bool {
        self.connections.get(&conn).is_some_and(|connection| matches!(connection.phase, Phase::Reading(_)))
    }

    /// The client, if it has sent more ahead while its request is held than it may.
    pub(crate) fn sends_too_far_ahead(&self, conn: ConnId) -> Option<SocketAddr> {
        let connection = self.connections.get(&conn)?;
        let serving = matches!(connection.phase, Phase::Serving { .. });
        (serving && connection.inbound.parked.len() > self.limits.parked).then_some(connection.peer)
    }

    /// Gives back what [`Engine::take_inbound`] took; requests have used `used` bytes of what was read.
    pub(crate) fn put_inbound(&mut self, conn: ConnId, mut inbound: Inbound, used: usize, bytes: &[u8]) {
        inbound.keep_unused(used, bytes, &mut self.spare);
        let now = self.now.monotonic;
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.inbound = inbound;
        if let Phase::Reading(waiting) = connection.phase
            && waiting != connection.inbound.waiting()
        {
            let waiting = connection.inbound.waiting();
            connection.phase = Phase::Reading(waiting);
            connection.deadline = now.after(self.limits.time_for(waiting));
        }
        // A deadline that moved away leaves its timer alone: one look when it runs out, not one at every request.
        if connection.deadline < connection.timer.at() {
            self.timers.cancel(connection.timer);
            connection.timer = self.timers.set(connection.deadline, Due::Connection(conn));
        }
    }

    /// A connection's timer ran out: it is late with something, or its deadline had moved.
    pub(crate) fn overdue<R, E: From<Event>>(&mut self, conn: ConnId, out: &mut Outbox<R, E>) -> Overdue {
        let Some(connection) = self.connections.get_mut(&conn) else { return Overdue::Settled };
        if connection.deadline > self.now.monotonic && !matches!(connection.phase, Phase::Streaming(_)) {
            connection.timer = self.timers.set(connection.deadline, Due::Connection(conn));
            return Overdue::Settled;
        }
        match connection.phase {
            Phase::Streaming(_) => Overdue::Settled,
            Phase::Serving { exchange, .. } => Overdue::Held(Exchange::new(exchange, conn), connection.peer),
            Phase::Reading(waiting) => {
                let peer = connection.peer;
                if connection.inbound.waiting() == Waiting::Idle {
                    self.forget(conn);
                    out.close(conn, Close::AfterFlush);
                } else {
                    out.log(Event::TooSlow { peer, waiting_for_body: waiting == Waiting::Body }.into());
                    let text = b"The request took too long to arrive.\n";
                    self.dismiss(conn, &Response::text(Status::REQUEST_TIMEOUT, text), false, out);
                }
                Overdue::Settled
            }
        }
    }

    /// The connection's bytes are not a request that can be served: says so and closes it.
    pub(crate) fn refuse<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        error: http::Error,
        out: &mut Outbox<R, E>,
    ) {
        let Some(connection) = self.connections.get(&conn) else { return };
        let peer = connection.peer;
        let mut text = alloc::string::ToString::to_string(&error);
        text.push('\n');
        self.dismiss(conn, &Response::text(error.status(), text.as_bytes()), false, out);
        out.log(Event::BadRequest { peer, error }.into());
    }

    fn dismiss<R, E>(
        &mut self,
        conn: ConnId,
        response: &Response<'_>,
        head_only: bool,
        out: &mut Outbox<R, E>,
    ) {
        self.write_response(conn, response, http::Connection::Close, head_only, out);
        self.forget(conn);
        out.close(conn, Close::AfterFlush);
    }

    /// A whole request came: from here on the connection is being served, unless there were too many before.
    pub(crate) fn begin_exchange<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        request: &Request<'_>,
        out: &mut Outbox<R, E>,
    ) -> Option<(Exchange, Peer)> {
        let hold = self.now.monotonic.after(self.limits.hold_time);
        let head_only = request.method() == Method::Head;
        let connection = self.connections.get_mut(&conn)?;
        let address = if connection.proxied {
            forwarded::client(request, connection.peer, &self.limits.trusted_proxies)
        } else {
            connection.peer
        };
        if let Err(TooOften { first }) = self.requests.count(address.ip(), self.now.monotonic) {
            if first {
                out.log(Event::TooManyRequests { peer: address }.into());
            }
            let text = b"Too many requests. Pause for a few seconds.\n";
            self.dismiss(conn, &Response::text(Status::TOO_MANY_REQUESTS, text), head_only, out);
            return None;
        }
        self.exchanges = self.exchanges.saturating_add(1);
        let id = ExchangeId(self.exchanges);
        let after = match request.keep_alive() && !self.stopping {
            false => http::Connection::Close,
            true if request.version() == http::Version::Http10 => http::Connection::KeepAlive,
            true => http::Connection::Open,
        };
        connection.phase = Phase::Serving { exchange: id, after, head_only };
        connection.deadline = hold;
        Some((Exchange::new(id, conn), Peer { address, listener: connection.listener }))
    }

    /// Takes no more, and lets go of everybody who waits for nothing.
    pub(crate) fn stop<R, E>(&mut self, grace: Duration, out: &mut Outbox<R, E>) {
        self.stopping = true;
        self.timers.set(self.now.monotonic.after(grace), Due::EndOfGrace);
        let reading = |(conn, connection): (&ConnId, &Connection)| {
            matches!(connection.phase, Phase::Reading(_)).then_some(*conn)
        };
        let waiting_for_nothing: Vec<ConnId> = self.connections.iter().filter_map(reading).collect();
        for conn in waiting_for_nothing {
            self.forget(conn);
            out.close(conn, Close::AfterFlush);
        }
    }

    /// The names of all connections.
    pub(crate) fn all(&self) -> Vec<ConnId> {
        self.connections.keys().copied().collect()
    }
}

/// Who sent a request, and by which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who: the other end of the connection, or whom a trusted proxy there asks for, with the port of the proxy.
    pub address: SocketAddr,
    /// The listener that took it.
    pub listener: ListenerId,
}
