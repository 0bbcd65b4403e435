//! An operator, who reads the dashboard and sends commands while players play.

use std::{collections::VecDeque, time::Duration};

use mmcos_core::{
    admin::{self, Password},
    link::COMMIT_TIMEOUT,
    seam::{Bytes, ConnId, Input},
};
use mmcos_game::catalogue::EventName;

use super::{
    failure::Invariant,
    faults::Fault,
    network::operators,
    order::{Order, PASSWORD, Whom},
    players::Player,
    world::{Event, World},
};
use crate::{client::Response, random::Random};

/// Settings, each with values that are allowed.
const SETTINGS: [(&str, [&str; 3]); 7] = [
    ("message", ["Races at eight & nine", "Back soon", ""]),
    ("maintenance", ["true", "true", "false"]),
    ("poll-seconds", ["10", "25", "60"]),
    ("search-seconds", ["30", "70", "120"]),
    ("gather-seconds", ["0", "5", "12"]),
    ("ai", ["true", "false", "true"]),
    ("ai-hold", ["0", "8", "20"]),
];

/// Returns the configuration of the simulated server's API.
pub(super) fn access() -> admin::Config {
    admin::Config { password: Some(Password::new(PASSWORD, &[1; 32])), ..admin::Config::default() }
}

/// The operator; see the [module](self).
#[derive(Debug)]
pub(super) struct Operator {
    random: Random,
    desks: Vec<Desk>,
    /// Commands without a response, to be sent again.
    again: VecDeque<Order>,
    /// The matches that were under way in the last view.
    pub(super) matches: Vec<u64>,
}

/// A connection, and the command on it.
#[derive(Debug)]
struct Desk {
    conn: ConnId,
    order: Order,
    read: Vec<u8>,
    is_answered: bool,
    /// True once the response has reached the operator.
    is_heard: bool,
    is_closed: bool,
}

impl Operator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed, 1 << 42),
            desks: Vec::new(),
            again: VecDeque::new(),
            matches: Vec::new(),
        }
    }

    fn desk(&mut self, conn: ConnId) -> Option<&mut Desk> {
        self.desks.iter_mut().find(|desk| desk.conn == conn)
    }

    fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = (self.random.uniform() * of.len() as f64) as usize;
        of.get(at).cloned()
    }

    fn seconds(&mut self, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(self.random.between(low, high))
    }
}

impl World {
    /// Sends a command: one without a response, or else a random one.
    pub(super) fn operate(&mut self) {
        if self.is_resting {
            return;
        }
        let order = self.operator.again.pop_front().unwrap_or_else(|| self.draw_order());
        if self.strikes(Fault::Duplicate) {
            self.give(order.clone());
        }
        self.give(order);
    }

    fn draw_order(&mut self) -> Order {
        let bans: Vec<Whom> = self.books.bans().collect();
        let is_closed = self.books.setting("maintenance") == Some("true");
        let (season, right) = (self.books.season(), self.books.right_season(self.judged()));
        let operator = &mut self.operator;
        if is_closed && operator.random.uniform() < 0.4 {
            return Order::Reset("maintenance");
        }
        if bans.len() > 3 && operator.random.uniform() < 0.5 {
            return Order::LiftBan(bans[(operator.random.uniform() * bans.len() as f64) as usize]);
        }
        // A season from the future, after the clock was ahead, gets its right number.
        if right < season && operator.random.uniform() < 0.3 {
            return Order::StartSeason(right);
        }
        let player = (operator.random.uniform() * self.players.len() as f64) as usize;
        let Player { number, steam_id, .. } = self.players[player];
        let whom = Whom::Player(steam_id);
        match (operator.random.uniform() * 100.0) as u32 {
            0..16 => {
                Order::Ban(whom, operator.random.choose(&[(None, 0.3), (Some(1), 0.6), (Some(24), 0.1)]))
            }
            16..21 => {
                let addresses = operator.random.choose(&[(1, 0.5), (4, 0.4), (8, 0.1)]);
                let hours = operator.random.choose(&[(None, 0.3), (Some(1), 0.7)]);
                Order::Ban(Whom::around(self.players[player].address(), addresses), hours)
            }
            21..31 => Order::LiftBan(operator.any(&bans).unwrap_or(whom)),
            31..44 => Order::Kick(number),
            44..58 => {
                let known = operator.matches.clone();
                operator.any(&known).map_or(Order::State, Order::EndMatch)
            }
            58..72 => {
                let (name, values) = operator.any(&SETTINGS).unwrap_or(SETTINGS[0]);
                Order::Set(name, operator.any(&values).unwrap_or_default().to_owned())
            }
            72..77 => Order::Reset(operator.any(&SETTINGS).unwrap_or(SETTINGS[0]).0),
            77..82 => {
                let names: Vec<&str> = EventName::all().map(EventName::as_str).collect();
                let hours = operator.random.choose(&[(1, 0.7), (30, 0.3)]);
                Order::StartEvent { name: operator.any(&names).unwrap_or("chaos"), hours }
            }
            82..84 => Order::StopEvent,
            84 => Order::BanAll,
            85 => Order::Nonsense,
            86 => Order::Stranger(whom),
            87 => Order::Bans,
            88 => Order::Status,
            89 => Order::Metrics,
            90..94 => Order::Live,
            // The operator may not know that the season has begun.
            94..98 => Order::StartSeason(season + operator.random.choose(&[(1, 0.7), (0, 0.3)])),
            _ => Order::State,
        }
    }

    /// Sends a command on a connection of its own.
    fn give(&mut self, order: Order) {
        if self.process.is_none() {
            return self.give_again(order);
        }
        self.opened += 1;
        let conn = operators(self.opened);
        let bytes = order.bytes();
        let peer = (order.address(), 50_000).into();
        let is_live = order == Order::Live;
        let desk =
            Desk { conn, order, read: Vec::new(), is_answered: false, is_heard: false, is_closed: false };
        self.operator.desks.push(desk);
        self.input(Input::Opened { conn, peer, tls: false });
        let is_cut = self.strikes(Fault::Cut);
        let whole =
            if is_cut { self.operator.random.between(0.0, bytes.len() as f64) as usize } else { bytes.len() };
        let first = if self.strikes(Fault::Split) { whole / 2 } else { 0 };
        self.arrive_at_desk(conn, &bytes[..first]);
        self.arrive_at_desk(conn, &bytes[first..whole]);
        let Some(desk) = self.operator.desk(conn) else { return };
        if !is_cut && !desk.is_answered && !desk.is_closed {
            let detail = format!("not answered at once: {:?}", desk.order);
            self.fail(Invariant::OneAnswer, detail);
        }
        if is_cut || is_live {
            let wait = if is_cut { Duration::ZERO } else { self.operator.seconds(1.0, 200.0) };
            self.plan(wait, Event::Break(conn));
        }
    }

    fn arrive_at_desk(&mut self, conn: ConnId, bytes: &[u8]) {
        let length = if self.scenario.byte_by_byte { 1 } else { bytes.len().max(1) };
        for bytes in bytes.chunks(length) {
            if self.operator.desk(conn).is_some_and(|desk| !desk.is_closed) {
                self.input(Input::Received { conn, bytes });
            }
        }
    }

    fn give_again(&mut self, order: Order) {
        if order.is_insisted_on() && !self.is_resting {
            self.operator.again.push_back(order);
            let wait = self.operator.seconds(1.0, 30.0);
            self.plan(wait, Event::Operate);
        }
    }

    /// Handles bytes that the server sends to an operator.
    pub(super) fn answer_operator(&mut self, conn: ConnId, bytes: &Bytes<'_>) {
        if !self.current.is_crashed {
            self.common.hash.bytes(bytes);
        }
        let Some(desk) = self.operator.desk(conn).filter(|desk| !desk.is_closed) else {
            return self.fail(Invariant::OneAnswer, format!("{conn:?} was sent to after its close"));
        };
        if desk.order == Order::Live {
            let is_sound =
                if desk.is_answered { is_news(bytes) } else { bytes.starts_with(b"HTTP/1.1 200 ") };
            desk.is_answered = true;
            if !is_sound {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.fail(Invariant::Answer, format!("who watches was sent {text}"));
            }
            return;
        }
        desk.read.extend_from_slice(bytes);
        let Some(answer) = Response::take(&mut desk.read) else { return };
        if std::mem::replace(&mut desk.is_answered, true) {
            return self.fail(Invariant::OneAnswer, format!("{conn:?} was answered twice"));
        }
        let order = desk.order.clone();
        self.audit_order(&order, &answer);
        self.may_crash();
        if self.current.is_crashed {
            return;
        }
        let (after, durable) = (self.current.ticket, self.store.durable());
        if after <= durable {
            self.tell_operator(conn);
        } else {
            self.waiting.push_back((after, conn));
            // The link of a player does the same.
            self.plan(COMMIT_TIMEOUT, Event::Break(conn));
        }
    }

    /// Delivers a response whose records are durable; perhaps it is lost.
    pub(super) fn tell_operator(&mut self, conn: ConnId) {
        let is_lost = self.strikes(Fault::LostAnswer);
        let Some(desk) = self.operator.desk(conn) else { return };
        desk.is_heard = !is_lost;
        let wait = self.operator.seconds(0.01, 0.2);
        self.plan(wait, Event::Break(conn));
    }

    /// Ends the operator's connection. A command without a response is sent again.
    pub(super) fn operator_leaves(&mut self, conn: ConnId) {
        // What is due is still sent.
        if self.operator.desk(conn).is_some_and(|desk| !desk.is_closed) {
            self.input(Input::Closed { conn });
        }
        let Some(at) = self.operator.desks.iter().position(|desk| desk.conn == conn) else { return };
        let desk = self.operator.desks.swap_remove(at);
        if !desk.is_heard {
            self.give_again(desk.order);
        }
    }

    pub(super) fn operator_was_closed(&mut self, conn: ConnId) {
        let is_stopping = self.process.as_ref().is_some_and(|process| process.is_stopping);
        let Some(desk) = self.operator.desk(conn) else {
            return self.fail(Invariant::OneAnswer, format!("{conn:?} was closed after its close"));
        };
        desk.is_closed = true;
        if !is_stopping {
            let detail = format!("closed in place of an answer: {:?}", desk.order);
            return self.fail(Invariant::OneAnswer, detail);
        }
        self.plan(Duration::from_millis(100), Event::Break(conn));
    }

    /// Drops all connections, since the server is gone.
    pub(super) fn reset_operator(&mut self) {
        for desk in std::mem::take(&mut self.operator.desks) {
            if !desk.is_heard {
                self.give_again(desk.order);
            }
        }
    }

    /// Ends the operator's work.
    pub(super) fn dismiss_operator(&mut self) {
        let conns: Vec<ConnId> = self.operator.desks.iter().map(|desk| desk.conn).collect();
        for conn in conns {
            self.operator_leaves(conn);
        }
    }
}

/// Returns true for whole server-sent events, or a keep-alive.
fn is_news(bytes: &[u8]) -> bool {
    let starts = [b"event: session\n".as_slice(), b"event: state\n", b"event: history\n", b": still here\n"];
    starts.iter().any(|start| bytes.starts_with(start)) && bytes.ends_with(b"\n\n")
}
