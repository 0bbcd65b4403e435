//! The services from request bytes to response bytes: `cargo bench -p mmcos-game --bench services`.
//!
//! Every request is given whole on a connection that stays open, so that what is measured is the steady state.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::format_push_string,
    reason = "the harness's own, and a broken set-up should stop the run"
)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use mmcos_core::{
    OutboxOf, Server,
    admin::{self, DeskConfig},
    engine::{Limits, Rate},
    game::{Game as _, Life},
    seam::{ConnId, Effect, Input, ListenerKind, Monotonic, Now, Wall},
    wire::{
        egonet::{self, Dict},
        steam::{SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
    },
};
use mmcos_game::{IdentityPolicy, Mmcos, Settings, identity::APP};

const CONN: ConnId = ConnId(1);
/// Between requests, in nanoseconds: so much that nobody asks too often.
const PAUSE: u64 = 20_000_000;
const START: i64 = 1_795_000_000;

struct Bench {
    server: Server<Mmcos>,
    out: OutboxOf<Mmcos>,
    nanos: u64,
    pause: u64,
}

impl Bench {
    /// A server with one client, and this much time between its requests, in nanoseconds.
    fn new(pause: u64) -> Self {
        let password = Some(admin::Password::random("bench", &[3; 32]));
        let admin = Some(admin::Config { password, ..admin::Config::default() });
        let settings = Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().unwrap() };
        let life =
            Life { seed: [1; 32], desk: DeskConfig { admin, ..DeskConfig::default() }, ..Life::default() };
        let limits = Limits {
            connections: 20_000,
            connections_per_address: 20_000,
            requests: Rate { per_second: 0, burst: 0 },
            ..Limits::default()
        };
        let server = Server::new(Mmcos::new(&settings, &life).unwrap(), limits, [2; 32]);
        let mut bench = Self { server, out: OutboxOf::<Mmcos>::new(), nanos: 0, pause };
        bench.open(CONN);
        bench
    }

    fn open(&mut self, conn: ConnId) {
        self.input(Input::Opened {
            conn,
            peer: ([127, 0, 0, 1], 4000).into(),
            listener: ListenerKind::Plain,
        });
    }

    /// Returns an input and takes what is sent, as an adapter would; gives the number of bytes.
    fn input(&mut self, input: Input<'_>) -> usize {
        self.nanos = self.nanos.wrapping_add(self.pause);
        let now = Now { monotonic: Monotonic::from_nanos(self.nanos), wall: Wall::from_secs(START) };
        self.server.handle(now, input, &mut self.out);
        let mut sent = 0_usize;
        for effect in self.out.drain() {
            if let Effect::Send { bytes, .. } = effect {
                sent = sent.wrapping_add(black_box(&*bytes).len());
            }
        }
        sent
    }

    fn request(&mut self, request: &[u8]) -> usize {
        self.input(Input::Received { conn: CONN, bytes: request })
    }

    fn text(&mut self, request: &[u8]) -> String {
        let now = Now { monotonic: Monotonic::from_nanos(self.nanos), wall: Wall::from_secs(START) };
        self.server.handle(now, Input::Received { conn: CONN, bytes: request }, &mut self.out);
        let mut text = Vec::new();
        for effect in self.out.drain() {
            if let Effect::Send { bytes, .. } = effect {
                text.extend_from_slice(&bytes);
            }
        }
        String::from_utf8(text).unwrap()
    }
}

fn post(path: &str, body: &[u8], fields: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: mmcos.codemasters.com\r\nUser-Agent: UnityPlayer/5.4.5p1 (http://unity3d.com)\r\n\
         Accept: */*\r\nAccept-Encoding: identity\r\nContent-Length: {}\r\nX-Unity-Version: 5.4.5p1\r\n{fields}\r\n",
        body.len(),
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn xml(path: &str, root: &str, elements: &[(&str, &str)]) -> Vec<u8> {
    let mut body = format!("<{root}>\r\n");
    for (name, value) in elements {
        body += &format!("  <{name}>{value}</{name}>\r\n");
    }
    body += &format!("</{root}>");
    post(path, body.as_bytes(), "content-type: application/xml\r\n")
}

fn login(account: u64) -> Vec<u8> {
    let id = SteamId::new(76_561_202_255_230_000 + account);
    let now = UnixSeconds(u32::try_from(START).unwrap());
    let ticket = TicketBuilder::new(id, APP, now).build(|_| [0; 128]).unwrap();
    let elements = [
        ("ProtocolVersion", "1"),
        ("PlatformType", "Steam"),
        ("PlatformID", &*encode_platform_id(&ticket)),
        ("DisplayName", &*format!("Racer{account:03}")),
        ("DefaultTitle", "lng_player_title_default"),
        ("ExtraSeason", "45"),
    ];
    xml("/MMCOS/MMCOS-Account/AccountService.svc/Login", "Login", &elements)
}

fn token(answer: &str) -> String {
    let after = answer.split("<SessionToken>").nth(1).unwrap();
    after.split('<').next().unwrap().to_owned()
}

/// A search, which meets nobody who has another version of the game.
fn search(token: &str, lobby: u64, version: u64, ignore: &str) -> Vec<u8> {
    let elements = [
        ("SessionToken", token),
        ("GroupLobbyId", &*(109_775_241_626_724_000 + lobby).to_string()),
        ("GameLobbyId", &*(109_775_241_728_860_000 + lobby).to_string()),
        ("NetworkVersion", &*version.to_string()),
        ("GameType", "QuickElimination"),
        ("GroupSize", "1"),
        ("SkillLevel", "1343246352"),
        ("RuleSet", "Elimination"),
        ("Ranking", "NotRanked"),
        ("IgnoreMinimumMatchRequirements", ignore),
    ];
    xml("/MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2", "EnterMatchmaking2", &elements)
}

fn services(c: &mut Criterion) {
    let mut bench = Bench::new(PAUSE);
    for account in 1..=200 {
        bench.request(&login(account));
    }
    let login = login(1);
    let token = token(&bench.text(&login));
    let session = ("SessionToken", token.as_str());
    let status =
        b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: mmcos.codemasters.com\r\n\
        User-Agent: UnityPlayer/5.4.5p1 (http://unity3d.com)\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\
        X-Unity-Version: 5.4.5p1\r\ncontent-type: application/xml\r\n\r\n";
    let search = search(&token, 1, 1, "true");
    let points = xml(
        "/MMCOS/MMCOS-GameProgression/GameProgressionService.svc/AddPoints",
        "AddPoints",
        &[session, ("RaceKey", "0123456789ABCDEF"), ("Points", "40"), ("Level", "34"), ("Prestige", "8")],
    );
    let elite = xml(
        "/MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetElite",
        "GetElite",
        &[session, ("StartRank", "0"), ("NumResults", "100")],
    );
    let value = Dict::new().dstr("Name", "Racer001").blob("SteamTicket", vec![7; 126]);
    let mut body = Vec::new();
    egonet::encode(&value.into(), &mut body).unwrap();
    let fields = "X-EgoNet-Function: LoginService.Login\r\ncontent-type: application/egonet-stream\r\n";
    let egonet = post("/MicroMachines/STEAM/1.0/", &body, fields);

    let mut group = c.benchmark_group("bytes to bytes");
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    for (name, request, least) in [
        ("status", status.as_slice(), 250),
        ("login", &login, 57_000),
        ("search alone", &search, 600),
        ("add points", &points, 400),
        ("elite of 100", &elite, 25_000),
        ("egonet", &egonet, 300),
    ] {
        let sent = bench.request(request);
        assert!(sent >= least, "{name}: {sent} bytes, {}", bench.text(request));
        group.bench_function(name, |b| b.iter(|| bench.request(black_box(request))));
    }
}

/// What the dashboard costs in each second, however many look: everything that it shows, with so many who search.
fn dashboard(c: &mut Criterion) {
    let state = b"GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bench\r\n\r\n";
    let mut group = c.benchmark_group("dashboard");
    for (players, versions) in [(1_000, 250), (10_000, 2_500), (10_000, 10_000)] {
        let mut bench = Bench::new(0);
        for number in 1..=players {
            let token = token(&bench.text(&login(number)));
            let conn = ConnId(CONN.0 + number);
            bench.open(conn);
            let bytes = &search(&token, number, number % versions, "false");
            bench.input(Input::Received { conn, bytes });
        }
        let size = bench.request(state);
        assert!(bench.text(state).contains(&format!("\"searches\":{{\"players\":{players},")));
        group.bench_function(format!("{players} search for {versions} modes, {size} bytes"), |b| {
            b.iter(|| bench.request(black_box(state)));
        });
    }
}

criterion_group!(benches, services, dashboard);
criterion_main!(benches);
