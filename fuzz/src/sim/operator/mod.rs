//! An operator that reads the dashboard and sends commands while players play.

mod audit;
mod command;

use std::{collections::VecDeque, time::Duration};

use mmcos_core::{
    admin::{self, Password},
    link::COMMIT_TIMEOUT,
    seam::{Bytes, ConnId, Input, ListenerKind, Wall},
};
use mmcos_game::catalogue::EventName;

use self::command::PASSWORD;
pub(crate) use self::command::{Command, Subject};
use super::{
    failure::Invariant,
    faults::Fault,
    network::operators,
    nights,
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

/// Returns the configuration of the simulated server's API. In every second seed it has a listener of its own.
pub(crate) fn access(seed: u64) -> admin::Config {
    let own_listener = listener(seed) == ListenerKind::Admin;
    admin::Config {
        password: Some(Password::new(PASSWORD, &[1; 32])),
        own_listener,
        ..admin::Config::default()
    }
}

/// Returns the listener to which the operator connects.
const fn listener(seed: u64) -> ListenerKind {
    if seed.is_multiple_of(2) { ListenerKind::Admin } else { ListenerKind::Plain }
}

/// The operator; see the [module](self).
#[derive(Debug)]
pub(crate) struct Operator {
    random: Random,
    connections: Vec<Connection>,
    /// Commands without a response, to be sent again.
    again: VecDeque<Command>,
    /// The matches that were under way in the last view.
    pub(crate) matches: Vec<u64>,
}

/// A connection, and the command on it.
#[derive(Debug)]
struct Connection {
    conn: ConnId,
    command: Command,
    read: Vec<u8>,
    has_response: bool,
    /// True once the response has reached the operator.
    is_delivered: bool,
    is_closed: bool,
}

impl Operator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed, 1 << 42),
            connections: Vec::new(),
            again: VecDeque::new(),
            matches: Vec::new(),
        }
    }

    fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.conn == conn)
    }

    fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = (self.random.uniform() * of.len() as f64) as usize;
        of.get(at).cloned()
    }

    fn event(&mut self) -> &'static str {
        let names: Vec<&str> = EventName::all().map(EventName::as_str).collect();
        self.any(&names).unwrap_or("chaos")
    }

    /// Plans an event around now, which may have ended, or removes one of these plans, or one that does not exist.
    fn plan(&mut self, now: Wall, plans: &[u32]) -> Command {
        if self.random.uniform() < 0.35 {
            return Command::RemovePlan(self.any(plans).unwrap_or(7));
        }
        let from = now.as_secs() + self.random.between(-1_800.0, 5_400.0) as i64;
        let until = Wall::from_secs(from + self.random.between(0.0, 5_400.0) as i64);
        Command::PlanEvent { name: self.event(), from: Wall::from_secs(from), until }
    }

    fn seconds(&mut self, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(self.random.between(low, high))
    }
}

impl World {
    /// Sends a command: one without a response, or else a random one.
    pub(crate) fn operate(&mut self) {
        if self.is_resting {
            return;
        }
        let command = self.operator.again.pop_front().unwrap_or_else(|| self.draw_command());
        if self.strikes(Fault::Duplicate) {
            self.give(command.clone());
        }
        self.give(command);
    }

    fn draw_command(&mut self) -> Command {
        let bans: Vec<Subject> = self.model.bans().collect();
        let is_closed = self.model.setting("maintenance") == Some("true");
        let (now, plans) = (self.judged(), self.model.plans());
        let (season, right) = (self.model.season(), self.model.right_season(now));
        let operator = &mut self.operator;
        if is_closed && operator.random.uniform() < 0.4 {
            return Command::Reset("maintenance");
        }
        if bans.len() > 3 && operator.random.uniform() < 0.5 {
            return Command::LiftBan(bans[(operator.random.uniform() * bans.len() as f64) as usize]);
        }
        // A season from the future, after the clock was ahead, gets its right number.
        if right < season && operator.random.uniform() < 0.3 {
            return Command::StartSeason(right);
        }
        // One that was begun early is undone, also when that is not possible any more.
        if self.model.is_early() && operator.random.uniform() < 0.2 {
            let back = operator.random.choose(&[(1, 0.9), (2, 0.1)]);
            return Command::UndoSeason(season - back, operator.random.uniform() < 0.6);
        }
        if !self.planned_nights.is_empty() && operator.random.uniform() < 0.1 {
            let (name, values) = nights::SETTING;
            let value = operator.any(&values).unwrap_or_default();
            return Command::Set(name, value.to_owned());
        }
        if operator.random.uniform() < 0.08 {
            return operator.plan(now, &plans);
        }
        let player = (operator.random.uniform() * self.players.len() as f64) as usize;
        let Player { number, steam_id, .. } = self.players[player];
        let subject = Subject::Player(steam_id);
        match (operator.random.uniform() * 100.0) as u32 {
            0..16 => {
                Command::Ban(subject, operator.random.choose(&[(None, 0.3), (Some(1), 0.6), (Some(24), 0.1)]))
            }
            16..21 => {
                let addresses = operator.random.choose(&[(1, 0.5), (4, 0.4), (8, 0.1)]);
                let hours = operator.random.choose(&[(None, 0.3), (Some(1), 0.7)]);
                Command::Ban(Subject::around(self.players[player].address(), addresses), hours)
            }
            21..31 => Command::LiftBan(operator.any(&bans).unwrap_or(subject)),
            31..44 => Command::Kick(number),
            44..58 => {
                let known = operator.matches.clone();
                operator.any(&known).map_or(Command::State, Command::EndMatch)
            }
            58..72 => {
                let (name, values) = operator.any(&SETTINGS).unwrap_or(SETTINGS[0]);
                Command::Set(name, operator.any(&values).unwrap_or_default().to_owned())
            }
            72..77 => Command::Reset(operator.any(&SETTINGS).unwrap_or(SETTINGS[0]).0),
            77..82 => {
                let hours = operator.random.choose(&[(1, 0.7), (30, 0.3)]);
                Command::StartEvent { name: operator.event(), hours }
            }
            82..84 => Command::StopEvent,
            84 => Command::BanAll,
            85 => Command::Nonsense,
            86 if listener(self.scenario.seed) == ListenerKind::Admin => Command::Elsewhere(subject),
            86 => Command::Stranger(subject),
            87 => Command::Bans,
            88 => Command::Status,
            89 => Command::Metrics,
            90..94 => Command::Live,
            // The operator may not know that the season has begun.
            94..98 => Command::StartSeason(season + operator.random.choose(&[(1, 0.7), (0, 0.3)])),
            _ => Command::State,
        }
    }

    /// Sends a command on a connection of its own.
    fn give(&mut self, command: Command) {
        if self.process.is_none() {
            return self.give_again(command);
        }
        self.opened += 1;
        let conn = operators(self.opened);
        let bytes = command.bytes();
        let peer = (command.address(), 50_000).into();
        let is_live = command == Command::Live;
        let listener = match command {
            Command::Elsewhere(_) => ListenerKind::Plain,
            _ => listener(self.scenario.seed),
        };
        let connection = Connection {
            conn,
            command,
            read: Vec::new(),
            has_response: false,
            is_delivered: false,
            is_closed: false,
        };
        self.operator.connections.push(connection);
        self.input(Input::Opened { conn, peer, listener });
        let is_cut = self.strikes(Fault::Cut);
        let whole =
            if is_cut { self.operator.random.between(0.0, bytes.len() as f64) as usize } else { bytes.len() };
        let first = if self.strikes(Fault::Split) { whole / 2 } else { 0 };
        self.arrive_from_operator(conn, &bytes[..first]);
        self.arrive_from_operator(conn, &bytes[first..whole]);
        let Some(connection) = self.operator.connection(conn) else { return };
        if !is_cut && !connection.has_response && !connection.is_closed {
            let detail = format!("no response at once: {:?}", connection.command);
            self.fail(Invariant::OneResponse, detail);
        }
        if is_cut || is_live {
            let wait = if is_cut { Duration::ZERO } else { self.operator.seconds(1.0, 200.0) };
            self.plan(wait, Event::Break(conn));
        }
    }

    fn arrive_from_operator(&mut self, conn: ConnId, bytes: &[u8]) {
        let length = if self.scenario.byte_by_byte { 1 } else { bytes.len().max(1) };
        for bytes in bytes.chunks(length) {
            if self.operator.connection(conn).is_some_and(|connection| !connection.is_closed) {
                self.input(Input::Received { conn, bytes });
            }
        }
    }

    fn give_again(&mut self, command: Command) {
        if command.may_record() && !self.is_resting {
            self.operator.again.push_back(command);
            let wait = self.operator.seconds(1.0, 30.0);
            self.plan(wait, Event::Operate);
        }
    }

    /// Handles bytes that the server sends to an operator.
    pub(crate) fn receive_as_operator(&mut self, conn: ConnId, bytes: &Bytes<'_>) {
        if !self.current.is_crashed {
            self.digest.add(bytes);
        }
        let Some(connection) = self.operator.connection(conn).filter(|connection| !connection.is_closed)
        else {
            return self.fail(Invariant::OneResponse, format!("{conn:?} was sent to after its close"));
        };
        if connection.command == Command::Live {
            let is_sound =
                if connection.has_response { is_news(bytes) } else { bytes.starts_with(b"HTTP/1.1 200 ") };
            connection.has_response = true;
            if !is_sound {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.fail(Invariant::Response, format!("the live stream sent {text}"));
            }
            return;
        }
        connection.read.extend_from_slice(bytes);
        let Some(response) = Response::take(&mut connection.read) else { return };
        if std::mem::replace(&mut connection.has_response, true) {
            return self.fail(Invariant::OneResponse, format!("{conn:?} got two responses"));
        }
        let command = connection.command.clone();
        self.audit_command(&command, &response);
        self.maybe_crash();
        if self.current.is_crashed {
            return;
        }
        let (after, durable) = (self.current.seq, self.store.durable());
        if after <= durable {
            self.deliver_to_operator(conn);
        } else {
            self.waiting.push_back((after, conn));
            // The link of a player does the same.
            self.plan(COMMIT_TIMEOUT, Event::Break(conn));
        }
    }

    /// Delivers a response whose records are durable; perhaps it is lost.
    pub(crate) fn deliver_to_operator(&mut self, conn: ConnId) {
        let is_lost = self.strikes(Fault::LostResponse);
        let Some(connection) = self.operator.connection(conn) else { return };
        connection.is_delivered = !is_lost;
        let wait = self.operator.seconds(0.01, 0.2);
        self.plan(wait, Event::Break(conn));
    }

    /// Ends the operator's connection. A command without a response is sent again.
    pub(crate) fn close_operator(&mut self, conn: ConnId) {
        // What is due is still sent.
        if self.operator.connection(conn).is_some_and(|connection| !connection.is_closed) {
            self.input(Input::Closed { conn });
        }
        let Some(at) = self.operator.connections.iter().position(|connection| connection.conn == conn) else {
            return;
        };
        let connection = self.operator.connections.swap_remove(at);
        if !connection.is_delivered {
            self.give_again(connection.command);
        }
    }

    pub(crate) fn operator_was_closed(&mut self, conn: ConnId) {
        let is_stopping = self.process.as_ref().is_some_and(|process| process.is_stopping);
        let Some(connection) = self.operator.connection(conn) else {
            return self.fail(Invariant::OneResponse, format!("{conn:?} was closed after its close"));
        };
        connection.is_closed = true;
        if !is_stopping {
            let detail = format!("closed in place of a response: {:?}", connection.command);
            return self.fail(Invariant::OneResponse, detail);
        }
        self.plan(Duration::from_millis(100), Event::Break(conn));
    }

    /// Drops all connections, since the server is gone.
    pub(crate) fn reset_operator(&mut self) {
        for connection in std::mem::take(&mut self.operator.connections) {
            if !connection.is_delivered {
                self.give_again(connection.command);
            }
        }
    }

    /// Ends the operator's work.
    pub(crate) fn dismiss_operator(&mut self) {
        let conns: Vec<ConnId> = self.operator.connections.iter().map(|connection| connection.conn).collect();
        for conn in conns {
            self.close_operator(conn);
        }
    }
}

/// Returns true for whole server-sent events, or a keep-alive.
fn is_news(bytes: &[u8]) -> bool {
    let starts = [b"event: session\n".as_slice(), b"event: state\n", b"event: history\n", b": still here\n"];
    starts.iter().any(|start| bytes.starts_with(start)) && bytes.ends_with(b"\n\n")
}
