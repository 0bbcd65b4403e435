//! An operator, who looks at the dashboard and gives orders while people play.

use std::{collections::VecDeque, time::Duration};

use mmcos_core::{
    admin::{self, Password},
    mmcos::{catalogue::EventName, matchmaker},
    seam::{Bytes, ConnId, Input, ListenerId, Wall},
};

use super::{
    ask::Ask,
    books::expect,
    failure::Invariant,
    faults::Fault,
    network::operators,
    order::{Order, PASSWORD, Whom},
    players::Player,
    told::ServerStatus,
    world::{Event, World},
};
use crate::{client::Response, random::Random};

/// What can be set, with values that are allowed.
const SETTINGS: [(&str, [&str; 3]); 7] = [
    ("message", ["Races at eight & nine", "Back soon", ""]),
    ("maintenance", ["true", "true", "false"]),
    ("poll-seconds", ["10", "25", "60"]),
    ("search-seconds", ["30", "70", "120"]),
    ("gather-seconds", ["0", "5", "12"]),
    ("ai", ["true", "false", "true"]),
    ("ai-hold", ["0", "8", "20"]),
];

/// Who may order what on the simulated server.
pub(super) fn access() -> admin::Config {
    admin::Config { password: Some(Password::new(PASSWORD, &[1; 32])), ..admin::Config::default() }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Operator {
    random: Random,
    desks: Vec<Desk>,
    /// Orders that were not answered, to be given again.
    again: VecDeque<Order>,
    /// The matches that were under way at the last look.
    matches: Vec<u64>,
}

/// A connection, and what is asked on it.
#[derive(Debug)]
struct Desk {
    conn: ConnId,
    order: Order,
    read: Vec<u8>,
    is_answered: bool,
    /// Whether the answer has reached the operator.
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
    /// The operator does something: what was not answered, or else what it likes.
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
        let operator = &mut self.operator;
        if is_closed && operator.random.uniform() < 0.4 {
            return Order::Reset("maintenance");
        }
        if bans.len() > 3 && operator.random.uniform() < 0.5 {
            return Order::LiftBan(bans[(operator.random.uniform() * bans.len() as f64) as usize]);
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
            82..85 => Order::StopEvent,
            85 => Order::Nonsense,
            86 => Order::Stranger(whom),
            87 => Order::Bans,
            88 => Order::Status,
            89 => Order::Metrics,
            90..94 => Order::Live,
            _ => Order::State,
        }
    }

    /// Sends an order on a connection of its own.
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
        self.input(Input::Opened { conn, listener: ListenerId(0), peer });
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

    /// The server sends an operator something.
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
        }
    }

    /// What an order was answered is right, and everything is as it was ordered.
    fn audit_order(&mut self, order: &Order, answer: &Response) {
        let now = self.wall();
        let ticket = self.current.first.unwrap_or(self.current.ticket);
        self.books.follow(now, ticket);
        let found = self.books.obey(order, answer.status, &self.config.events, now, ticket);
        self.expect(Invariant::Orders, found.map_err(|detail| format!("{order:?}: {detail}")));
        match order {
            Order::Ban(..) | Order::Kick(_) => self.audit_ended_searches(order),
            Order::Set(..) | Order::Reset(_) => self.follow_times(),
            Order::State => self.audit_state(&String::from_utf8_lossy(&answer.body)),
            _ => {}
        }
    }

    /// Who may not play, or was kicked, searches no more.
    fn audit_ended_searches(&mut self, order: &Order) {
        let now = self.wall();
        let is_out = |player: &Player| match order {
            Order::Kick(user) => self.books.user(player.steam_id).is_some_and(|known| known.0 == *user),
            _ => self.books.is_banned(player.steam_id, now) || self.books.is_barred(player.address(), now),
        };
        let searches = |player: &Player| player.links.iter().flat_map(|link| &link.asked).any(Ask::is_held);
        if let Some(player) = self.players.iter().find(|player| is_out(player) && searches(player)) {
            let detail = format!("player {} searches after {order:?}", player.number);
            self.fail(Invariant::Orders, detail);
        }
    }

    fn audit_state(&mut self, state: &str) {
        let expected = [
            format!("\"known\":{}", self.books.accounts()),
            format!("\"bans\":{}", self.books.bans_that_hold(self.wall())),
            format!("\"maintenance\":{}", self.books.is_closed(self.config.maintenance)),
        ];
        if let Some(missing) = expected.iter().find(|expected| !state.contains(expected.as_str())) {
            self.fail(Invariant::Orders, format!("the state has not {missing}: {state}"));
        }
        let matches = state.split_once("\"matches\":{").and_then(|(_, rest)| rest.split_once("\"results\":"));
        let sessions = matches.map_or("", |(matches, _)| matches).split("\"session\":\"").skip(1);
        self.operator.matches = sessions.filter_map(|rest| rest.split_once('"')?.0.parse().ok()).collect();
    }

    /// What an answer waited for is durable: it leaves, and is perhaps lost.
    pub(super) fn tell_operator(&mut self, conn: ConnId) {
        let is_lost = self.strikes(Fault::LostAnswer);
        let Some(desk) = self.operator.desk(conn) else { return };
        desk.is_heard = !is_lost;
        let wait = self.operator.seconds(0.01, 0.2);
        self.plan(wait, Event::Break(conn));
    }

    /// The operator's connection ends; an order that it knows nothing of is given again.
    pub(super) fn operator_leaves(&mut self, conn: ConnId) {
        // What was due is still sent.
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

    /// All connections are gone, since the server is.
    pub(super) fn reset_operator(&mut self) {
        for desk in std::mem::take(&mut self.operator.desks) {
            if !desk.is_heard {
                self.give_again(desk.order);
            }
        }
    }

    /// The operator goes home.
    pub(super) fn dismiss_operator(&mut self) {
        let conns: Vec<ConnId> = self.operator.desks.iter().map(|desk| desk.conn).collect();
        conns.into_iter().for_each(|conn| self.operator_leaves(conn));
    }

    /// Polls are held for as long as is set from now on.
    pub(super) fn follow_times(&mut self) {
        let set = self.books.setting("poll-seconds").and_then(|seconds| seconds.parse().ok());
        let poll = set.map_or(self.config.matchmaker.poll, Duration::from_secs);
        let times = matchmaker::Config { poll, ..self.config.matchmaker };
        self.referee.hold_for(self.now, times.longest_hold());
    }

    /// With which status a request must be refused that was made in a session of then.
    pub(super) fn refusal(&self, player: usize, ask: &Ask, session: Wall) -> Option<u16> {
        let (now, player) = (self.wall(), &self.players[player]);
        let age = now.as_millis() - session.as_millis();
        let has_session = (-60_000..self.config.session_lifetime.as_millis() as i64).contains(&age);
        let is_login = matches!(ask, Ask::Login { .. });
        if self.books.is_barred(player.address(), now) {
            Some(403)
        } else if is_login && self.books.is_closed(self.config.maintenance) {
            Some(503)
        } else if ask.needs_session() && !has_session {
            Some(401)
        } else if (is_login || ask.needs_session()) && self.books.is_banned(player.steam_id, now) {
            Some(403)
        } else {
            let is_kicked = ask.needs_session() && self.books.is_kicked(player.steam_id, session);
            is_kicked.then_some(401)
        }
    }

    /// A search that has just come is held, and may be.
    pub(super) fn audit_held(&mut self, player: usize, conn: ConnId) {
        let Some(link) = self.players[player].link(conn) else { return };
        let (session, front) = (link.session, link.asked.front().cloned());
        if let Some(ask) = front.filter(Ask::is_held)
            && let Some(status) = self.refusal(player, &ask, session)
        {
            self.fail(Invariant::Answer, format!("held in place of {status}: {ask:?}"));
        }
    }

    /// What everybody is told of the server is what was ordered.
    pub(super) fn audit_status(&self, status: &ServerStatus) -> Result<(), String> {
        let message = self.books.setting("message").filter(|message| !message.is_empty());
        let message = message.map(|message| message.replace('&', "&amp;").into());
        let is_open = !self.books.is_closed(self.config.maintenance);
        expect("the server's status", status, &ServerStatus { message, is_open })
    }

    /// The configuration that a login brings is what was ordered.
    pub(super) fn audit_configuration(&self) -> Result<(), String> {
        let told = &self.common.configuration;
        let set = self.books.setting("search-seconds").and_then(|seconds| seconds.parse().ok());
        let search_seconds = set.unwrap_or(u64::from(self.config.search_seconds));
        expect("the event", &told.event, &self.books.event(&self.config.events, self.wall()))?;
        expect("the time to search", &told.search_seconds, &search_seconds)
    }
}

/// Whether this is whole events, or a sign of life.
fn is_news(bytes: &[u8]) -> bool {
    let starts = [b"event: session\n".as_slice(), b"event: state\n", b"event: history\n", b": still here\n"];
    starts.iter().any(|start| bytes.starts_with(start)) && bytes.ends_with(b"\n\n")
}
