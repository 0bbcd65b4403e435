//! The network between the players and the server.

use std::time::Duration;

use mmcos_core::{
    link::{Dropped, Status},
    seam::{Bytes, CommitSeq, ConnId, Input, ListenerKind},
};

use super::{
    failure::Invariant,
    faults::Fault,
    players::{Connection, Pace, Request, Response, Stage},
    world::{Event, World},
};
use crate::client;

/// The number of a connection tells whose it is.
const PLAYERS: u64 = 1 << 20;

/// Returns the connection with this number if an operator opens it.
pub(super) const fn operators(number: u64) -> ConnId {
    ConnId(number * PLAYERS + PLAYERS - 1)
}

const fn is_operators(conn: ConnId) -> bool {
    conn.0 % PLAYERS == PLAYERS - 1
}

const fn player_of(conn: ConnId) -> usize {
    (conn.0 % PLAYERS) as usize
}

impl World {
    fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.players[player_of(conn)].connection(conn)
    }

    /// Sends a player's request on a connection of its own, and lets the player wait for the response.
    pub(super) fn request(&mut self, player: usize, request: Request) {
        self.players[player].request = request.clone();
        self.enter(player, Stage::Waiting);
        let conn = self.send(player, request, true);
        self.players[player].conn = conn;
        if conn.is_none() {
            self.players[player].tries += 1;
            self.try_again(player);
        }
    }

    /// Sends a request, if there is a server. No player waits for its response unless it `is_wanted`.
    pub(super) fn send(&mut self, player: usize, request: Request, is_wanted: bool) -> Option<ConnId> {
        let conn = self.open(player)?;
        if self.strikes(Fault::SlowReader) {
            let never = self.random.uniform() < 0.2;
            if let Some(connection) = self.connection(conn) {
                connection.pace = if never { Pace::Never } else { Pace::Slowly };
            }
        }
        let mut bytes = self.bytes_of(player, conn, request);
        if self.strikes(Fault::Pipeline) {
            let more = self.bytes_of(player, conn, Request::ServerStatus);
            bytes.extend_from_slice(&more);
        }
        if let Some(connection) = self.connection(conn) {
            connection.is_wanted = is_wanted;
        }
        let slow = self.strikes(Fault::Slow);
        let cut = self.strikes(Fault::Cut);
        if slow || cut {
            let after = Duration::from_secs_f64(self.random.between(0.0, 3.0));
            if let Some(connection) = self.connection(conn) {
                (connection.sent, connection.is_slow) = (bytes, slow);
            }
            self.plan(if slow { Duration::ZERO } else { after }, Event::Arrive(conn));
            if cut {
                let before = after.mul_f64(self.random.uniform());
                self.plan(before, Event::Break(conn));
            }
        } else if self.strikes(Fault::Split) {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let length = 1 + (self.random.uniform() * 300.0) as usize;
                let (piece, after) = rest.split_at(length.min(rest.len()));
                self.arrive(conn, piece);
                rest = after;
            }
        } else {
            self.arrive(conn, &bytes);
        }
        self.connection(conn).map(|connection| connection.conn)
    }

    fn open(&mut self, player: usize) -> Option<ConnId> {
        self.process.as_ref()?;
        self.opened += 1;
        let conn = ConnId(self.opened * PLAYERS + player as u64);
        let peer = (self.players[player].address(), 50_000).into();
        let session = self.players[player].token_issued;
        self.players[player].connections.push(Connection::new(conn, session));
        self.input(Input::Opened { conn, peer, listener: ListenerKind::Plain });
        self.connection(conn).map(|connection| connection.conn)
    }

    /// Notes and returns the bytes sent on a connection.
    fn bytes_of(&mut self, player: usize, conn: ConnId, mut request: Request) -> Vec<u8> {
        if let Request::Poll(poll) = &mut request {
            poll.conn = conn;
        }
        let player = &mut self.players[player];
        let bytes = request.bytes(player);
        if let Some(connection) = player.connection(conn) {
            let before = connection.on_the_way.back().map_or(0, |(end, _)| *end);
            connection.on_the_way.push_back((before + bytes.len(), request));
        }
        bytes
    }

    /// Delivers the next piece of what was sent on a slow connection.
    pub(super) fn arrive_more(&mut self, conn: ConnId) {
        let length = 1 + (self.random.uniform() * 700.0) as usize;
        let gap = Duration::from_secs_f64(self.random.lognormal(1.5, 1.5));
        let never = self.random.uniform() < 0.05;
        let Some(connection) = self.connection(conn).filter(|connection| !connection.is_closed) else {
            return;
        };
        let piece: Vec<u8> = connection.sent.iter().skip(connection.arrived).take(length).copied().collect();
        let is_last = connection.arrived + piece.len() == connection.sent.len();
        self.arrive(conn, &piece);
        if !is_last && !never {
            self.plan(gap, Event::Arrive(conn));
        }
    }

    /// Delivers these bytes to the server.
    fn arrive(&mut self, conn: ConnId, bytes: &[u8]) {
        if self.scenario.byte_by_byte {
            for byte in bytes {
                self.arrive_together(conn, std::slice::from_ref(byte));
            }
        } else {
            self.arrive_together(conn, bytes);
        }
    }

    fn arrive_together(&mut self, conn: ConnId, bytes: &[u8]) {
        let player = player_of(conn);
        let Some(connection) =
            self.players[player].connection(conn).filter(|connection| !connection.is_closed)
        else {
            return;
        };
        connection.arrived += bytes.len();
        let mut is_poll = false;
        while let Some((_, mut request)) =
            connection.on_the_way.pop_front_if(|(end, _)| *end <= connection.arrived)
        {
            self.requests += 1;
            if let Request::Poll(poll) = &mut request {
                poll.sent = self.now;
                self.referee.sent(*poll);
                self.current.is_poll = true;
                is_poll = connection.pending.is_empty();
            }
            connection.pending.push_back(request);
        }
        self.input(Input::Received { conn, bytes });
        let overdue = self.players[player].connection(conn).filter(|connection| !connection.is_closed);
        if let Some(request) =
            overdue.and_then(|connection| connection.pending.front()).filter(|request| !request.is_held())
        {
            let detail = format!("no response at once: {request:?}");
            self.fail(Invariant::OneResponse, detail);
        }
        if is_poll {
            self.audit_held(player, conn);
        }
    }

    /// Handles bytes that the server sends.
    pub(super) fn receive(&mut self, conn: ConnId, bytes: &Bytes<'_>) {
        if is_operators(conn) {
            return self.receive_as_operator(conn, bytes);
        }
        let player = player_of(conn);
        let Some(connection) = self.connection(conn).filter(|connection| !connection.is_closed) else {
            return self.fail(Invariant::OneResponse, format!("{conn:?} was sent to after its close"));
        };
        let (is_slow, session) = (connection.is_slow, connection.session);
        let mut responses = Vec::new();
        let after = if self.current.is_crashed { CommitSeq::NEVER } else { self.current.seq };
        let connection =
            self.players[player].connections.iter_mut().find(|connection| connection.conn == conn);
        if let Some(Connection { read, pending, outward, pushed, .. }) = connection {
            outward.push(bytes.clone(), after);
            *pushed += bytes.len();
            read.extend_from_slice(bytes);
            let response = || Some((client::Response::take(read)?, pending.pop_front()));
            responses.extend(std::iter::from_fn(response));
        }
        for (response, request) in responses {
            // After a crash nothing leaves: requests that came in one piece with the last one might as well not have
            // come.
            if !self.current.is_crashed {
                self.digest.add(response.head.as_bytes());
                self.digest.add(&response.body);
            }
            let response = Response::read(request.as_ref().unwrap_or(&Request::NameOnly), &response);
            self.audit(player, request.as_ref(), &response, is_slow, session);
            self.withhold(conn, response);
            self.maybe_crash();
        }
    }

    /// Queues a response until its records are durable and earlier ones of the connection have left.
    fn withhold(&mut self, conn: ConnId, response: Response) {
        if self.current.is_crashed {
            return;
        }
        let after = self.current.seq;
        let Some(connection) = self.connection(conn) else { return };
        connection.responses.push_back((connection.pushed, after, response));
        if after > self.store.durable() {
            self.waiting.push_back((after, conn));
        }
        self.flush(conn);
    }

    /// Writes the responses that waited for a commit.
    pub(super) fn release(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.deliver_to_operator(conn);
        }
        self.flush(conn);
    }

    /// Writes what may leave, as an adapter does, as far as the client reads.
    fn flush(&mut self, conn: ConnId) {
        let (durable, now) = (self.store.durable(), self.monotonic());
        let Some(connection) = self.connection(conn) else { return };
        connection.outward.release(durable);
        if connection.pace == Pace::AtOnce {
            connection.read(usize::MAX);
        }
        if !connection.outward.is_writable() {
            connection.outward.flushed(now);
            self.await_deadline(conn);
        } else if connection.outward.next_deadline().is_none() {
            let reads = connection.pace == Pace::Slowly;
            connection.outward.blocked(now);
            self.await_deadline(conn);
            if reads {
                self.plan_reading(conn);
            }
        }
        self.deliver_read(conn);
    }

    fn plan_reading(&mut self, conn: ConnId) {
        let gap = Duration::from_secs_f64(self.random.between(1.0, 12.0));
        self.plan(gap, Event::Read(conn));
    }

    fn await_deadline(&mut self, conn: ConnId) {
        let now = self.monotonic();
        let deadline = self.connection(conn).and_then(|connection| connection.outward.next_deadline());
        if let Some(deadline) = deadline {
            self.plan(deadline.since(now), Event::Deadline(conn));
        }
    }

    /// Reads a little, as a slow client.
    pub(super) fn read_more(&mut self, conn: ConnId) {
        let now = self.monotonic();
        let most = self.random.between(10_000.0, 40_000.0) as usize;
        let Some(connection) = self.connection(conn) else { return };
        connection.read(most);
        if connection.outward.is_writable() {
            connection.outward.blocked(now);
            self.await_deadline(conn);
            self.plan_reading(conn);
        } else {
            connection.outward.flushed(now);
            self.await_deadline(conn);
        }
        self.deliver_read(conn);
    }

    /// Checks whether a client's time to read, or a commit's time, is over.
    pub(super) fn check_deadline(&mut self, conn: ConnId) {
        let now = self.monotonic();
        let Some(connection) = self.connection(conn) else { return };
        connection.outward.tick(now);
        match connection.outward.status() {
            Status::Over(Some(Dropped::NotReading)) => {}
            // The client does not learn whether it was done, and sends it again.
            Status::Over(Some(Dropped::NotDurable)) => return self.break_off(conn),
            Status::Running | Status::Shutdown | Status::Over(Some(Dropped::Aborted) | None) => return,
        }
        if connection.pace != Pace::Never {
            return self.fail(Invariant::Link, format!("{conn:?} reads, and was dropped"));
        }
        let is_held = std::mem::take(&mut connection.pending).iter().any(Request::is_held);
        let was_closed = std::mem::replace(&mut connection.is_closed, true);
        if is_held {
            self.referee.lost(conn, self.now);
        }
        if !was_closed {
            self.input(Input::Stalled { conn });
        }
        self.break_off(conn);
    }

    /// Delivers responses that the client has read whole to the player.
    fn deliver_read(&mut self, conn: ConnId) {
        let durable = self.store.durable();
        while let Some(connection) = self.connection(conn)
            && let taken = connection.taken
            && let Some((_, after, response)) = connection.responses.pop_front_if(|(end, ..)| *end <= taken)
        {
            if after > durable {
                self.fail(Invariant::Link, format!("{conn:?} read what is not durable"));
            }
            self.deliver(conn, response);
        }
        let Some(connection) = self.connection(conn) else { return };
        let (queued, allocated) = (connection.pushed - connection.taken, connection.outward.allocated());
        if allocated > 2 * queued + 64 * 1024 {
            self.fail(
                Invariant::Link,
                format!("{conn:?}: {allocated} bytes are allocated for {queued} queued"),
            );
        }
    }

    /// Sends a response on its way to the player, if it waits for one.
    fn deliver(&mut self, conn: ConnId, response: Response) {
        let Some(connection) = self.connection(conn).filter(|connection| connection.is_wanted) else {
            return;
        };
        connection.is_wanted = false;
        let lost = self.strikes(Fault::LostResponse);
        let player = player_of(conn);
        let (latency, turn) = (self.players[player].latency, self.players[player].turn);
        if lost {
            return self.plan(latency, Event::Break(conn));
        }
        self.players[player].response = Some(response);
        self.plan(latency, Event::Delivered(player, turn));
    }

    pub(super) fn closed_by_server(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.operator_was_closed(conn);
        }
        let player = player_of(conn);
        let Some(connection) = self.connection(conn) else {
            return self.fail(Invariant::OneResponse, format!("{conn:?} was closed after its close"));
        };
        connection.is_closed = true;
        let is_wanted = connection.is_wanted && connection.responses.is_empty();
        let overdue =
            connection.pending.front().filter(|_| !connection.is_slow).map(|request| format!("{request:?}"));
        if connection.is_slow {
            self.referee.lost(conn, self.now);
        }
        let latency = self.players[player].latency;
        if is_wanted && !self.current.is_crashed {
            self.plan(latency, Event::Break(conn));
        }
        let is_stopping = self.process.as_ref().is_some_and(|process| process.is_stopping);
        if let Some(request) = overdue.filter(|_| !is_stopping) {
            self.fail(Invariant::OneResponse, format!("closed in place of a response: {request}"));
        }
    }

    /// Breaks a connection; both sides notice.
    pub(super) fn break_off(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.close_operator(conn);
        }
        let player = player_of(conn);
        if self.close(player, conn) && self.players[player].conn == Some(conn) {
            self.players[player].conn = None;
            if self.players[player].stage == Stage::Waiting {
                self.players[player].tries += 1;
                self.try_again(player);
            }
        }
    }

    /// Closes a connection from the client's side. Returns false if there is none.
    pub(super) fn close(&mut self, player: usize, conn: ConnId) -> bool {
        if self.is_overdue() {
            // What is due is still done for players that are there.
            self.input(Input::Tick);
        }
        let Some(connection) = self.players[player].remove_connection(conn) else { return false };
        if connection.pending.iter().any(Request::is_held) {
            self.referee.lost(conn, self.now);
        }
        if !connection.is_closed {
            self.input(Input::Closed { conn });
        }
        true
    }

    /// Drops all connections of a player, since the server is gone.
    pub(super) fn reset_connections(&mut self, player: usize) {
        let lost = &mut self.players[player];
        lost.connections.clear();
        if lost.conn.take().is_some() && lost.stage == Stage::Waiting && lost.response.is_none() {
            lost.tries += 1;
            self.try_again(player);
        }
    }
}
