//! The network between the players and the server.

use std::time::Duration;

use mmcos_core::{
    link::{Dropped, Status},
    seam::{Bytes, CommitSeq, ConnId, Input},
};

use super::{
    ask::Ask,
    failure::Invariant,
    faults::Fault,
    players::{Link, Pace, Stage},
    reader::{Reply, feed},
    world::{Event, World},
};

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
    /// Sends a player's request on a connection of its own, and lets the player wait for the response.
    pub(super) fn ask(&mut self, player: usize, ask: Ask) {
        self.players[player].ask = ask.clone();
        self.enter(player, Stage::Asking);
        let conn = self.request(player, ask, true);
        self.players[player].conn = conn;
        if conn.is_none() {
            self.players[player].tries += 1;
            self.try_again(player);
        }
    }

    /// Sends a request, if there is a server. No player waits for its response unless it `is_wanted`.
    pub(super) fn request(&mut self, player: usize, ask: Ask, is_wanted: bool) -> Option<ConnId> {
        let conn = self.open(player)?;
        if self.strikes(Fault::SlowReader) {
            let never = self.random.uniform() < 0.2;
            if let Some(link) = self.players[player].link(conn) {
                link.pace = if never { Pace::Never } else { Pace::Slowly };
            }
        }
        let mut bytes = self.bytes_of(player, conn, ask);
        if self.strikes(Fault::Pipeline) {
            let more = self.bytes_of(player, conn, Ask::ServerStatus);
            bytes.extend_from_slice(&more);
        }
        if let Some(link) = self.players[player].link(conn) {
            link.is_wanted = is_wanted;
        }
        let slow = self.strikes(Fault::Slow);
        let cut = self.strikes(Fault::Cut);
        if slow || cut {
            let after = Duration::from_secs_f64(self.random.between(0.0, 3.0));
            if let Some(link) = self.players[player].link(conn) {
                (link.sent, link.is_slow) = (bytes, slow);
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
        self.players[player].link(conn).map(|link| link.conn)
    }

    fn open(&mut self, player: usize) -> Option<ConnId> {
        self.process.as_ref()?;
        self.opened += 1;
        let conn = ConnId(self.opened * PLAYERS + player as u64);
        let peer = (self.players[player].address(), 50_000).into();
        let session = self.players[player].token_issued;
        let used = self.used_links.pop();
        let link = used.map_or_else(|| Link::new(conn, session), |used| used.again(conn, session));
        self.players[player].links.push(link);
        self.input(Input::Opened { conn, peer, tls: false });
        self.players[player].link(conn).map(|link| link.conn)
    }

    /// Notes and returns the bytes sent on a connection.
    fn bytes_of(&mut self, player: usize, conn: ConnId, mut ask: Ask) -> Vec<u8> {
        if let Ask::Search(poll) = &mut ask {
            poll.conn = conn;
        }
        let player = &mut self.players[player];
        let bytes = ask.bytes(player);
        if let Some(link) = player.link(conn) {
            let before = link.on_the_way.back().map_or(0, |(end, _)| *end);
            link.on_the_way.push_back((before + bytes.len(), ask));
        }
        bytes
    }

    /// Delivers the next piece of what was sent on a slow connection.
    pub(super) fn arrive_more(&mut self, conn: ConnId) {
        let length = 1 + (self.random.uniform() * 700.0) as usize;
        let gap = Duration::from_secs_f64(self.random.lognormal(1.5, 1.5));
        let never = self.random.uniform() < 0.05;
        let Some(link) = self.players[player_of(conn)].link(conn).filter(|link| !link.is_closed) else {
            return;
        };
        let piece: Vec<u8> = link.sent.iter().skip(link.arrived).take(length).copied().collect();
        let is_last = link.arrived + piece.len() == link.sent.len();
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
        let Some(link) = self.players[player].link(conn).filter(|link| !link.is_closed) else { return };
        link.arrived += bytes.len();
        let mut searches = false;
        while let Some((_, mut ask)) = link.on_the_way.pop_front_if(|(end, _)| *end <= link.arrived) {
            self.requests += 1;
            if let Ask::Search(poll) = &mut ask {
                poll.sent = self.now;
                self.referee.sent(*poll);
                self.current.is_search = true;
                searches = link.asked.is_empty();
            }
            link.asked.push_back(ask);
        }
        self.input(Input::Received { conn, bytes });
        let unanswered = self.players[player].link(conn).filter(|link| !link.is_closed);
        if let Some(ask) = unanswered.and_then(|link| link.asked.front()).filter(|ask| !ask.is_held()) {
            let detail = format!("not answered at once: {ask:?}");
            self.fail(Invariant::OneAnswer, detail);
        }
        if searches {
            self.audit_held(player, conn);
        }
    }

    /// Handles bytes that the server sends.
    pub(super) fn receive(&mut self, conn: ConnId, bytes: &Bytes<'_>) {
        if is_operators(conn) {
            return self.answer_operator(conn, bytes);
        }
        let player = player_of(conn);
        let Some(link) = self.players[player].link(conn).filter(|link| !link.is_closed) else {
            return self.fail(Invariant::OneAnswer, format!("{conn:?} was sent to after its close"));
        };
        let (is_slow, session) = (link.is_slow, link.session);
        let mut answers = std::mem::take(&mut self.answers);
        let after = if self.current.is_crashed { CommitSeq::NEVER } else { self.current.ticket };
        let link = self.players[player].links.iter_mut().find(|link| link.conn == conn);
        if let Some(Link { reader, asked, outward, pushed, .. }) = link {
            outward.push(bytes.clone(), after);
            *pushed += bytes.len();
            feed(reader, bytes, asked, &mut self.common, |ask, reply, print| {
                answers.push((ask, reply, print));
            });
        }
        for (ask, reply, print) in answers.drain(..) {
            // After a crash nothing leaves: requests that came in one piece with the last one might as well not have
            // come.
            if !self.current.is_crashed {
                self.common.hash.number(print);
            }
            self.audit(player, ask.as_ref(), &reply, is_slow, session);
            self.withhold(player, conn, reply);
            self.may_crash();
        }
        self.answers = answers;
    }

    /// Queues a response until its records are durable and earlier ones of the connection have left.
    fn withhold(&mut self, player: usize, conn: ConnId, reply: Reply) {
        if self.current.is_crashed {
            return;
        }
        let after = self.current.ticket;
        let Some(link) = self.players[player].link(conn) else { return };
        link.replies.push_back((link.pushed, after, reply));
        if after > self.store.durable() {
            self.waiting.push_back((after, conn));
        }
        self.flush(player, conn);
    }

    /// Writes the responses that waited for a commit.
    pub(super) fn release(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.tell_operator(conn);
        }
        self.flush(player_of(conn), conn);
    }

    /// Writes what may leave, as an adapter does, as far as the client reads.
    fn flush(&mut self, player: usize, conn: ConnId) {
        let (durable, now) = (self.store.durable(), self.monotonic());
        let Some(link) = self.players[player].link(conn) else { return };
        link.outward.release(durable);
        if link.pace == Pace::AtOnce {
            link.read(usize::MAX);
        }
        if !link.outward.is_writable() {
            link.outward.flushed(now);
            self.await_deadline(player, conn);
        } else if link.outward.next_deadline().is_none() {
            let reads = link.pace == Pace::Slowly;
            link.outward.blocked(now);
            self.await_deadline(player, conn);
            if reads {
                self.plan_reading(conn);
            }
        }
        self.deliver_read(player, conn);
    }

    fn plan_reading(&mut self, conn: ConnId) {
        let gap = Duration::from_secs_f64(self.random.between(1.0, 12.0));
        self.plan(gap, Event::Read(conn));
    }

    fn await_deadline(&mut self, player: usize, conn: ConnId) {
        let now = self.monotonic();
        let deadline = self.players[player].link(conn).and_then(|link| link.outward.next_deadline());
        if let Some(deadline) = deadline {
            self.plan(deadline.since(now), Event::Look(conn));
        }
    }

    /// Reads a little, as a slow client.
    pub(super) fn read_more(&mut self, conn: ConnId) {
        let (player, now) = (player_of(conn), self.monotonic());
        let most = self.random.between(10_000.0, 40_000.0) as usize;
        let Some(link) = self.players[player].link(conn) else { return };
        link.read(most);
        if link.outward.is_writable() {
            link.outward.blocked(now);
            self.await_deadline(player, conn);
            self.plan_reading(conn);
        } else {
            link.outward.flushed(now);
            self.await_deadline(player, conn);
        }
        self.deliver_read(player, conn);
    }

    /// Checks whether a client's time to read, or a commit's time, is over.
    pub(super) fn look(&mut self, conn: ConnId) {
        let (player, now) = (player_of(conn), self.monotonic());
        let Some(link) = self.players[player].link(conn) else { return };
        link.outward.tick(now);
        match link.outward.status() {
            Status::Over(Some(Dropped::NotReading)) => {}
            // The client does not learn whether it was done, and sends it again.
            Status::Over(Some(Dropped::NotDurable)) => return self.break_off(conn),
            Status::Running | Status::Shutdown | Status::Over(Some(Dropped::Aborted) | None) => return,
        }
        if link.pace != Pace::Never {
            return self.fail(Invariant::Link, format!("{conn:?} reads, and was dropped"));
        }
        let is_held = std::mem::take(&mut link.asked).iter().any(Ask::is_held);
        let was_closed = std::mem::replace(&mut link.is_closed, true);
        if is_held {
            self.referee.lost(conn, self.now);
        }
        if !was_closed {
            self.input(Input::Stalled { conn });
        }
        self.break_off(conn);
    }

    /// Delivers responses that the client has read whole to the player.
    fn deliver_read(&mut self, player: usize, conn: ConnId) {
        let durable = self.store.durable();
        while let Some(link) = self.players[player].link(conn)
            && let taken = link.taken
            && let Some((_, after, reply)) = link.replies.pop_front_if(|(end, ..)| *end <= taken)
        {
            if after > durable {
                self.fail(Invariant::Link, format!("{conn:?} was told what is not durable"));
            }
            self.deliver(player, conn, reply);
        }
        let Some(link) = self.players[player].link(conn) else { return };
        let (unread, allocated) = (link.pushed - link.taken, link.outward.allocated());
        if allocated > 2 * unread + 64 * 1024 {
            self.fail(
                Invariant::Link,
                format!("{conn:?}: {allocated} bytes are allocated for {unread} unread"),
            );
        }
    }

    /// Sends a response on its way to the player, who may wait for it.
    fn deliver(&mut self, player: usize, conn: ConnId, reply: Reply) {
        let Some(link) = self.players[player].link(conn).filter(|link| link.is_wanted) else { return };
        link.is_wanted = false;
        let lost = self.strikes(Fault::LostAnswer);
        let (latency, turn) = (self.players[player].latency, self.players[player].turn);
        if lost {
            return self.plan(latency, Event::Break(conn));
        }
        self.players[player].reply = Some(reply);
        self.plan(latency, Event::Hear(player, turn));
    }

    pub(super) fn closed_by_server(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.operator_was_closed(conn);
        }
        let player = player_of(conn);
        let Some(link) = self.players[player].link(conn) else {
            return self.fail(Invariant::OneAnswer, format!("{conn:?} was closed after its close"));
        };
        link.is_closed = true;
        let is_wanted = link.is_wanted && link.replies.is_empty();
        let unanswered = link.asked.front().filter(|_| !link.is_slow).map(|ask| format!("{ask:?}"));
        if link.is_slow {
            self.referee.lost(conn, self.now);
        }
        let latency = self.players[player].latency;
        if is_wanted && !self.current.is_crashed {
            self.plan(latency, Event::Break(conn));
        }
        let is_stopping = self.process.as_ref().is_some_and(|process| process.is_stopping);
        if let Some(ask) = unanswered.filter(|_| !is_stopping) {
            self.fail(Invariant::OneAnswer, format!("closed in place of an answer: {ask}"));
        }
    }

    /// Breaks a connection; both sides notice.
    pub(super) fn break_off(&mut self, conn: ConnId) {
        if is_operators(conn) {
            return self.operator_leaves(conn);
        }
        let player = player_of(conn);
        if self.close(player, conn) && self.players[player].conn == Some(conn) {
            self.players[player].conn = None;
            if self.players[player].stage == Stage::Asking {
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
        let Some(link) = self.players[player].remove_link(conn) else { return false };
        if link.asked.iter().any(Ask::is_held) {
            self.referee.lost(conn, self.now);
        }
        if !link.is_closed {
            self.input(Input::Closed { conn });
        }
        self.used_links.push(link);
        true
    }

    /// Drops all connections of a player, since the server is gone.
    pub(super) fn reset_connections(&mut self, player: usize) {
        let lost = &mut self.players[player];
        lost.links.clear();
        if lost.conn.take().is_some() && lost.stage == Stage::Asking && lost.reply.is_none() {
            lost.tries += 1;
            self.try_again(player);
        }
    }
}
