//! An emulator of an invented game, *Duel*, on the same engine: `cargo run -p mmcos-core --example toy_game`. `GET
//! /duel?NAME` waits for another player, at most ten seconds; both players then get the other's name. `GET /won?NAME`
//! counts a victory durably, and responds with the count. `main` plays two clients without sockets; `cargo run -p
//! mmcos-smol --example duel` serves the game.

use std::{collections::BTreeMap, convert::Infallible, error::Error, fmt, time::Duration};

use mmcos_core::{
    Server,
    admin::{Desk, DeskOutcome, Kind},
    engine::{Exchange, ExchangeId, Limits, Peer, Response, TimerId},
    game::{Game, Life, Unfit},
    info::Info,
    row::{Column, Row, Schema, Table},
    seam::{ConnId, Effect, Input, Level, ListenerKind, Monotonic, Now, Outbox, Report, Wall},
    service::{Context, Service},
    trace::{Start, redact::Redactor},
    wire::http::{Request, Status},
};
use serde::{Deserialize, Serialize};

/// A player whose request is held.
struct Waiting {
    name: String,
    exchange: Exchange,
    timer: TimerId,
}

/// The whole game: the waiting player, and the victories of each player.
pub(crate) struct Duel {
    settings: Settings,
    desk: Desk,
    waiting: Option<Waiting>,
    victories: BTreeMap<String, u32>,
}

mmcos_core::settings! {
    /// Settings of the game.
    pub(crate) struct Settings {
        /// Seconds that a request waits for an opponent.
        patience: u32 = "10",
    }
}

/// Victories of a player, in the store. The last record of a player counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Record {
    Victories { name: String, count: u32 },
}

impl Row for Record {
    const SCHEMA: &'static Schema = &Schema {
        name: "duel",
        tables: &[Table {
            record: "Victories",
            name: "victories",
            columns: &[Column::text("name"), Column::integer("count")],
            ..Table::PLAIN
        }],
        counted: "victories",
        ..Schema::EMPTY
    };
}

/// A log event: two players meet.
#[derive(Debug)]
pub(crate) struct Meeting(String, String);

impl fmt::Display for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} meets {}", self.0, self.1)
    }
}

impl Report for Meeting {
    fn level(&self) -> Level {
        Level::Info
    }

    fn target(&self) -> &'static str {
        "duel::meeting"
    }
}

/// The only timer: no opponent came in time.
pub(crate) struct NobodyCame;

impl Service for Duel {
    type Record = Record;
    type Event = Meeting;
    type Timer = NobodyCame;
    type RestoreError = Infallible;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
        // Pages for players, health and metrics are the same for every game.
        let exchange = match self.desk.request(cx, request, peer, exchange, None) {
            DeskOutcome::Responded | DeskOutcome::Refused(_) => return,
            DeskOutcome::Metrics(exchange, mut metrics) => {
                metrics
                    .family("players", Kind::Gauge, "Players that have won.")
                    .sample(&[], self.victories.len());
                return metrics.send(cx, exchange);
            }
            DeskOutcome::Game(exchange) => exchange,
            DeskOutcome::Admin(exchange) => {
                return cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Only metrics are here.\n"));
            }
        };
        let name = request.query().unwrap_or("nobody").to_owned();
        match request.path() {
            "/duel" => self.duel(cx, name, exchange),
            "/won" => self.won(cx, name, exchange),
            _ => cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Try /duel?NAME or /won?NAME.\n")),
        }
    }

    fn timer(&mut self, cx: &mut Context<'_, Self>, NobodyCame: NobodyCame) {
        if let Some(lonely) = self.waiting.take() {
            cx.respond(lonely.exchange, &Response::text(Status::OK, b"nobody came\n"));
        }
    }

    fn cancelled(&mut self, cx: &mut Context<'_, Self>, gone: ExchangeId) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.exchange.id() == gone) {
            cx.cancel_timer(waiting.timer);
        }
    }

    fn shutdown(&mut self, cx: &mut Context<'_, Self>) {
        self.timer(cx, NobodyCame);
    }

    fn committed(&mut self, _: &mut Context<'_, Self>, took: Duration) {
        self.desk.committed(took);
    }

    fn restore(&mut self, Record::Victories { name, count }: Record) -> Result<(), Infallible> {
        self.victories.insert(name, count);
        Ok(())
    }
}

static INFO: Info = Duel::INFO;

impl Game for Duel {
    const INFO: Info = Info::named("duel");

    type Settings = Settings;
    type Redactor = NothingIsSecret;

    fn new(settings: &Settings, life: &Life) -> Result<Self, Unfit> {
        if settings.patience == 0 {
            return Err(Unfit::new("patience", "must be at least 1 second, or nobody ever meets"));
        }
        let desk = Desk::new(&INFO, life.desk.clone());
        Ok(Self { settings: settings.clone(), desk, waiting: None, victories: BTreeMap::new() })
    }

    fn rows(&self) -> impl Iterator<Item = Record> {
        self.victories.iter().map(|(name, count)| Record::Victories { name: name.clone(), count: *count })
    }
}

/// Shows everything in a trace: this game has no secrets.
#[derive(Debug)]
pub(crate) struct NothingIsSecret;

impl Redactor<Duel> for NothingIsSecret {
    fn new(_: &Start<Duel>, _: [u8; 32]) -> Self {
        Self
    }

    fn start(&self, start: &Start<Duel>) -> Start<Duel> {
        start.clone()
    }

    fn shows_path(&self, path: &str) -> bool {
        ["/duel", "/won", "/healthz", "/readyz"].contains(&path)
    }

    fn shows_query(&self, _: &str) -> bool {
        true
    }

    fn body(&mut self, request: &Request<'_>) -> Vec<u8> {
        request.body().to_vec()
    }

    fn sent(&mut self, bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }

    fn shows_record(&self, _: &Record) -> bool {
        true
    }
}

impl Duel {
    fn duel(&mut self, cx: &mut Context<'_, Self>, name: String, exchange: Exchange) {
        let Some(first) = self.waiting.take() else {
            let timer = cx.set_timer(Duration::from_secs(self.settings.patience.into()), NobodyCame);
            self.waiting = Some(Waiting { name, exchange, timer });
            return;
        };
        cx.cancel_timer(first.timer);
        cx.respond(first.exchange, &Response::text(Status::OK, format!("{name}\n").as_bytes()));
        cx.respond(exchange, &Response::text(Status::OK, format!("{}\n", first.name).as_bytes()));
        cx.log(Meeting(first.name, name));
    }

    fn won(&mut self, cx: &mut Context<'_, Self>, name: String, exchange: Exchange) {
        let count = self.victories.get(&name).map_or(1, |count| count.saturating_add(1));
        self.victories.insert(name.clone(), count);
        cx.record(Record::Victories { name, count });
        cx.respond(exchange, &Response::text(Status::OK, format!("{count}\n").as_bytes()));
    }
}

/// Passes an input to the server. Returns its effects as text.
fn play(server: &mut Server<Duel>, seconds: u64, input: Input<'_>) -> Vec<String> {
    let mut out = Outbox::new();
    let monotonic = Monotonic::default().after(Duration::from_secs(seconds));
    let wall = Wall::from_secs(1_700_336_720_i64.saturating_add_unsigned(seconds));
    server.handle(Now { monotonic, wall }, input, &mut out);
    let tell = |effect| match effect {
        Effect::Send { conn: ConnId(n), bytes } => {
            let text = String::from_utf8_lossy(&bytes);
            format!("{n} reads {:?}", text.split("\r\n\r\n").last().unwrap_or_default())
        }
        Effect::Persist(Record::Victories { name, count }) => format!("keep that {name} has won: {count}"),
        Effect::Log(event) => format!("log: {event}"),
        Effect::Close { .. } => format!("{effect:?}"),
    };
    out.drain().map(tell).collect()
}

/// Plays two clients. Returns a report of the events.
pub(crate) fn script() -> Result<Vec<String>, Box<dyn Error>> {
    let game = Duel::new(&Settings::defaults()?, &Life::default())?;
    let mut server = Server::new(game, Limits::default(), [7; 32]);
    let (ann, bob) = (ConnId(1), ConnId(2));
    for conn in [ann, bob] {
        play(
            &mut server,
            0,
            Input::Opened { conn, peer: ([127, 0, 0, 1], 4000).into(), listener: ListenerKind::Plain },
        );
    }
    let script: [(u64, ConnId, &[u8]); 4] = [
        (1, ann, b"GET /duel?ann HTTP/1.1\r\nHost: duel\r\n\r\n"),
        (4, bob, b"GET /duel?bob HTTP/1.1\r\nHost: duel\r\n\r\n"),
        (5, bob, b"GET /won?bob HTTP/1.1\r\nHost: duel\r\n\r\n"),
        (6, ann, b"GET /duel?ann HTTP/1.1\r\nHost: duel\r\n\r\n"),
    ];
    let mut lines = Vec::new();
    for (seconds, conn, bytes) in script {
        lines.extend(play(&mut server, seconds, Input::Received { conn, bytes }));
    }
    lines.extend(play(&mut server, 16, Input::Tick));
    Ok(lines)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", script()?.join("\n"));
    Ok(())
}
