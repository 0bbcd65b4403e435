//! Connections, requests in flight, late responses, timers, limits. Knows HTTP exchanges; knows no game.
//!
//! A connection is in one of four phases:
//!
//! | phase | bytes that come | leaves it |
//! |---|---|---|
//! | *reading* | are decoded into requests | a whole request → *serving*; a bad one, a time-out → closed |
//! | *serving* | are parked (limited) | response → *reading* or closed; first part → *streaming*; no client → closed |
//! | *streaming* | are dropped | end of the response, no client → closed |
//! | *closing* | are dropped | the adapter reports that the socket is gone → forgotten |
//!
//! `Connection::enter` is the only place that changes a phase, with its deadline and its timer. A connection that is
//! being closed counts against the limits until its socket is gone.
//!
//! One request of a connection is served at a time, so responses leave in the order of their requests.

mod connection;
mod event;
mod exchange;
mod forwarded;
mod limits;
mod log_tail;
mod rate;
mod timers;
mod wall_clock;

use alloc::{collections::BTreeMap, collections::VecDeque, vec::Vec};
use core::{net::SocketAddr, time::Duration};

pub use event::{Event, ReportKind};
pub use exchange::{Body, Exchange, ExchangeId, Response, Stream};
pub use limits::Limits;
pub use log_tail::LogLine;
pub(crate) use log_tail::LogTail;
pub use rate::{Rate, RateLimiter, TooOften};
pub use timers::TimerId;
pub use wall_clock::{ClockChange, Doubted, SETTLING, WallClock};

pub(crate) use connection::{Connection, Inbound, Phase, Waiting};
use event::Reports;
use rate::{Requests, Source};
use timers::Timers;

use crate::{
    seam::{Close, ConnId, ListenerKind, Monotonic, Now, Outbox, Storage, Wall},
    wire::http::{self, Date, Method, Request, Status},
};

/// Bytes that an unfinished request may occupy even when the common limit is reached: enough for the requests of a
/// game.
const UNFINISHED_FREE: usize = 16 * 1024;

/// Purpose of a timer.
#[derive(Debug)]
pub(crate) enum Due<T> {
    Connection(ConnId),
    Service(T),
    EndOfGrace,
    /// A summary of the log events that were counted.
    Summary,
}

/// Outcome of a connection's deadline.
#[derive(Debug)]
pub(crate) enum Overdue {
    /// Nothing was late, or the engine has handled it.
    Settled,
    /// The service has held this client's request for too long.
    Held(Exchange, SocketAddr),
}

/// All connections and timers. The service's timers carry a `T`.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) limits: Limits,
    /// Time of the current input. Its wall time is the trusted one, which can differ from the machine's clock.
    pub(crate) now: Now,
    pub(crate) clock: WallClock,
    pub(crate) storage: Storage,
    date: Date,
    connections: BTreeMap<ConnId, Connection>,
    per_address: BTreeMap<Source, u32>,
    requests: Requests,
    reports: Reports,
    pub(crate) log: LogTail,
    timers: Timers<Due<T>>,
    exchanges: u64,
    /// Connections with parked bytes that can be read on.
    pub(crate) resumable: VecDeque<ConnId>,
    /// A buffer for a connection whose request comes in pieces.
    spare: Vec<u8>,
    /// Bytes that unfinished requests of all connections occupy.
    unfinished: usize,
    stopping: bool,
}

impl<T> Engine<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            requests: Requests::new(limits.requests),
            reports: Reports::default(),
            log: LogTail::default(),
            clock: WallClock::new(limits.built, limits.clock_wait),
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
            unfinished: 0,
            stopping: false,
        }
    }

    /// Sets the time of an input. The monotonic clock never runs backwards. `last_record` is the latest time in the
    /// restored records, for the first input.
    pub(crate) fn advance(&mut self, now: Now, last_record: Option<Wall>) -> Option<ClockChange> {
        let monotonic = now.monotonic.max(self.now.monotonic);
        let change = self.clock.observe(Now { monotonic, ..now }, last_record);
        let wall = self.clock.time();
        // `Date` counts seconds, so most inputs need no new one.
        if wall.as_secs() != self.now.wall.as_secs() {
            self.date = Date::at(wall);
        }
        self.now = Now { monotonic, wall };
        change
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn timers(&self) -> usize {
        self.timers.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        // A doubt about the clock must end on time, also while no input comes.
        self.timers.next().into_iter().chain(self.clock.deadline()).min()
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

    /// Logs an event. Of events that strangers can cause at will, only the first of its kind and source is logged;
    /// the others are counted.
    pub(crate) fn log<R, E: From<Event>>(&mut self, event: Event, out: &mut Outbox<R, E>) {
        if let Some((what, peer)) = event.report() {
            // The first event of a period sets the timer, so a quiet server has none.
            if self.reports.is_empty() {
                self.timers.set(self.now.monotonic.after(event::SUMMARY_PERIOD), Due::Summary);
            }
            if !self.reports.count(what, peer.ip()) {
                return;
            }
        }
        out.log(event.into());
    }

    /// Logs a summary of the events that were counted instead of logged.
    pub(crate) fn summarise<R, E: From<Event>>(&mut self, out: &mut Outbox<R, E>) {
        for summary in self.reports.summarise() {
            out.log(summary.into());
        }
        // Sources that go on have a summary in the next period too.
        if !self.reports.is_empty() {
            self.timers.set(self.now.monotonic.after(event::SUMMARY_PERIOD), Due::Summary);
        }
    }

    /// Accepts or refuses a new connection.
    pub(crate) fn open<R, E: From<Event>>(&mut self, conn: ConnId, peer: Peer, out: &mut Outbox<R, E>) {
        if self.stopping {
            return out.close(conn, Close::Abort);
        }
        let address = peer.address;
        let proxied = forwarded::is_trusted(address.ip(), &self.limits.trusted_proxies);
        let full = self.connections.len() >= self.limits.connections;
        if full || self.has_too_many(address.ip()) {
            let text: &[u8] = b"This server has too many open connections. Try again in a moment.\n";
            let response = Response::text(Status::SERVICE_UNAVAILABLE, text);
            // For plain HTTP. TLS is closed without a handshake, the dearest thing that a stranger can request
            // (decision 61).
            self.write_response(conn, &response, http::Connection::Close, false, out);
            // Not inserted: a refused connection must take nothing that others need.
            out.close(conn, Close::Refuse);
            return self.log(Event::TooManyConnections { peer: address, in_all: full }, out);
        }
        self.count_in(address.ip());
        let deadline = self.now.monotonic.after(self.limits.head_time);
        self.connections.insert(conn, Connection::new(conn, peer, proxied, deadline, &mut self.timers));
    }

    /// Removes a connection whose socket is gone. Returns its exchange without a response, if any.
    pub(crate) fn forget(&mut self, conn: ConnId) -> Option<ExchangeId> {
        let pending = self.close(conn);
        let connection = self.connections.remove(&conn)?;
        self.count_out(connection.peer.ip());
        pending
    }

    /// Marks a connection as closing; it still counts against the limits. Returns its exchange without a response, if
    /// any.
    fn close(&mut self, conn: ConnId) -> Option<ExchangeId> {
        let connection = self.connections.get_mut(&conn)?;
        let pending = connection.pending();
        self.unfinished = self.unfinished.saturating_sub(connection.inbound.held());
        // It may linger for 30 s (decision 61), and is not read any more.
        connection.inbound = Inbound::default();
        connection.enter(Phase::Closing, None, &mut self.timers);
        pending
    }

    /// Closes a connection once its write queue is empty. Returns its exchange without a response, if any.
    pub(crate) fn close_after_flush<R, E>(
        &mut self,
        conn: ConnId,
        out: &mut Outbox<R, E>,
    ) -> Option<ExchangeId> {
        let is_open = |connection: &Connection| !matches!(connection.phase(), Phase::Closing);
        // The end of the bytes may come again, or after a response that closes: the adapter hears of it once.
        if !self.connections.get(&conn).is_some_and(is_open) {
            return None;
        }
        out.close(conn, Close::AfterFlush);
        self.close(conn)
    }

    /// Drops a connection at once. Returns its exchange without a response, if any.
    pub(crate) fn abort<R, E>(&mut self, conn: ConnId, out: &mut Outbox<R, E>) -> Option<ExchangeId> {
        // Also while it is closing: the end of grace ends its linger.
        if self.connections.contains_key(&conn) {
            out.close(conn, Close::Abort);
        }
        self.forget(conn)
    }

    /// Takes the state for reading on from a connection: its parked bytes followed by `bytes`. Returns `None` if it
    /// is unknown, streaming, closing or serving; if serving, parks the bytes. Return the state with
    /// [`Engine::put_inbound`].
    pub(crate) fn take_inbound(&mut self, conn: ConnId, bytes: &[u8]) -> Option<Inbound> {
        let connection = self.connections.get_mut(&conn)?;
        let is_reading = match connection.phase() {
            Phase::Reading(_) => true,
            Phase::Serving { .. } => false,
            Phase::Streaming(_) | Phase::Closing => return None,
        };
        let inbound = &mut connection.inbound;
        // What is left of it is added again below or by `put_inbound`.
        self.unfinished = self.unfinished.saturating_sub(inbound.held());
        // Only then: requests that arrive whole are decoded in place, without a copy.
        if !(inbound.parked.is_empty() && is_reading) {
            if inbound.parked.capacity() == 0 {
                inbound.parked = core::mem::take(&mut self.spare);
            }
            inbound.parked.extend_from_slice(bytes);
        }
        if is_reading {
            return Some(core::mem::take(inbound));
        }
        self.unfinished = self.unfinished.saturating_add(inbound.held());
        None
    }

    /// Returns true if the connection is open and none of its requests is being served.
    pub(crate) fn is_reading(&self, conn: ConnId) -> bool {
        self.connections.get(&conn).is_some_and(|connection| matches!(connection.phase(), Phase::Reading(_)))
    }

    /// Returns what [`Engine::take_inbound`] took. Decoded requests have used the first `used` bytes.
    pub(crate) fn put_inbound(&mut self, conn: ConnId, mut inbound: Inbound, used: usize, bytes: &[u8]) {
        inbound.keep_unused(used, bytes, &mut self.spare);
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        match connection.phase() {
            // Its bytes are dropped, and no longer counted in `unfinished`.
            Phase::Streaming(_) | Phase::Closing => return,
            Phase::Reading(before) => {
                let waiting = inbound.waiting();
                // A client that sends byte by byte must not move its deadline.
                if waiting != before {
                    let deadline = self.now.monotonic.after(self.limits.time_for(waiting));
                    connection.enter(Phase::Reading(waiting), Some(deadline), &mut self.timers);
                }
            }
            // The deadline stays that of the held request.
            Phase::Serving { .. } => {}
        }
        self.unfinished = self.unfinished.saturating_add(inbound.held());
        connection.inbound = inbound;
    }

    /// Drops a connection that has sent more than allowed: ahead, while its request is held; or of an unfinished
    /// request, when the common memory limit is reached. Returns its exchange without a response, if any.
    pub(crate) fn enforce_limits<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        out: &mut Outbox<R, E>,
    ) -> Option<ExchangeId> {
        let connection = self.connections.get(&conn)?;
        let Connection { peer, ref inbound, .. } = *connection;
        let is_serving = matches!(connection.phase(), Phase::Serving { .. });
        let is_too_much = self.unfinished > self.limits.unfinished && inbound.held() > UNFINISHED_FREE;
        // No response: it would come before that of the held request.
        if is_serving && (is_too_much || inbound.parked.len() > self.limits.parked) {
            self.log(Event::TooFarAhead { peer }, out);
            return self.abort(conn, out);
        }
        // Reading, so no exchange is cancelled.
        if is_too_much {
            self.log(Event::TooMuchUnfinished { peer }, out);
            let text = b"This server is busy. Try again in a moment.\n";
            self.dismiss(conn, &Response::text(Status::SERVICE_UNAVAILABLE, text), false, out);
        }
        None
    }

    /// Handles a connection that the adapter dropped because its client did not read. Returns its exchange without a
    /// response, if any.
    pub(crate) fn stalled<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        out: &mut Outbox<R, E>,
    ) -> Option<ExchangeId> {
        let peer = self.connections.get(&conn)?.peer;
        self.log(Event::NotReading { peer }, out);
        self.forget(conn)
    }

    /// Handles a connection's timer: its deadline has passed, or had moved.
    pub(crate) fn overdue<R, E: From<Event>>(&mut self, conn: ConnId, out: &mut Outbox<R, E>) -> Overdue {
        let Some(connection) = self.connections.get_mut(&conn) else { return Overdue::Settled };
        if !connection.timer_fired(self.now.monotonic, &mut self.timers) {
            return Overdue::Settled;
        }
        let peer = connection.peer;
        match connection.phase() {
            // Never here: these phases have no deadline.
            Phase::Streaming(_) | Phase::Closing => {}
            Phase::Serving { exchange, .. } => return Overdue::Held(Exchange::new(exchange, conn), peer),
            // No byte of a request has come, so there is nothing to respond to or to log.
            Phase::Reading(_) if connection.inbound.waiting() == Waiting::Idle => {
                self.close_after_flush(conn, out);
            }
            Phase::Reading(waiting) => {
                self.log(Event::TooSlow { peer, waiting_for_body: waiting == Waiting::Body }, out);
                let text = b"The request took too long to arrive.\n";
                self.dismiss(conn, &Response::text(Status::REQUEST_TIMEOUT, text), false, out);
            }
        }
        Overdue::Settled
    }

    /// Responds with an error to bytes that are not a request, and closes the connection.
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
        // With a body: the method is not known.
        self.dismiss(conn, &Response::text(error.status(), text.as_bytes()), false, out);
        self.log(Event::BadRequest { peer, error }, out);
    }

    fn dismiss<R, E>(
        &mut self,
        conn: ConnId,
        response: &Response<'_>,
        head_only: bool,
        out: &mut Outbox<R, E>,
    ) {
        self.write_response(conn, response, http::Connection::Close, head_only, out);
        self.close_after_flush(conn, out);
    }

    /// Begins to serve a whole request, unless its client has exceeded the rate limit.
    pub(crate) fn begin_exchange<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        request: &Request<'_>,
        out: &mut Outbox<R, E>,
    ) -> Option<(Exchange, Peer)> {
        let head_only = request.method() == Method::Head;
        let connection = self.connections.get_mut(&conn)?;
        let address = if connection.proxied {
            forwarded::client(request, connection.peer, &self.limits.trusted_proxies)
        } else {
            connection.peer
        };
        // Not by connection: the game opens one for almost every request (decision 26).
        if self.requests.count(address.ip(), self.now.monotonic).is_err() {
            self.log(Event::TooManyRequests { peer: address }, out);
            let text = b"Too many requests. Pause for a few seconds.\n";
            // HEAD must not get a body (RFC 9110, section 9.3.2), not even here: fuzzing found one.
            self.dismiss(conn, &Response::text(Status::TOO_MANY_REQUESTS, text), head_only, out);
            return None;
        }
        let listener = connection.listener;
        self.exchanges = self.exchanges.saturating_add(1);
        let id = ExchangeId(self.exchanges);
        let after = match request.keep_alive() && !self.stopping {
            false => http::Connection::Close,
            true if request.version() == http::Version::Http10 => http::Connection::KeepAlive,
            true => http::Connection::Open,
        };
        let hold = self.now.monotonic.after(self.limits.hold_time);
        connection.enter(Phase::Serving { exchange: id, after, head_only }, Some(hold), &mut self.timers);
        Some((Exchange::new(id, conn), Peer { address, listener }))
    }

    /// Stops accepting connections and closes idle ones.
    pub(crate) fn stop<R, E: From<Event>>(&mut self, grace: Duration, out: &mut Outbox<R, E>) {
        self.stopping = true;
        self.timers.set(self.now.monotonic.after(grace), Due::EndOfGrace);
        // Now, since the server may end before the summary is due.
        self.summarise(out);
        for conn in self.all() {
            // Held requests still get their response, within the grace.
            if self.is_reading(conn) {
                self.close_after_flush(conn, out);
            }
        }
    }

    /// Returns the numbers of all connections.
    pub(crate) fn all(&self) -> Vec<ConnId> {
        self.connections.keys().copied().collect()
    }
}

/// The client of a request, and the kind of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Address of the other end of the connection, or of the client that a trusted proxy there names; with the port of
    /// the proxy if that is all that is known.
    pub address: SocketAddr,
    /// Listener of the connection.
    pub listener: ListenerKind,
}
