//! The cost of durability: `cargo run --release -p mmcos-smol --example durability [DIRECTORY]`.
//!
//! Measures results (`AddPoints`) over HTTP. The store is made in DIRECTORY, to measure the disk of that; without one, in
//! the directory for temporary files. `footprint.rs` measures start-up and memory, and `core/mmcos/benches` a result in
//! the core. With `--features postgres`, and where Debian's postgresql is installed, a server of `PostgreSQL` is measured
//! in the same run, on the disk of `TMPDIR`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::unchecked_time_subtraction,
    reason = "a measurement that fails is of no use"
)]

use std::{
    env, fs,
    fs::File,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    ops::RangeInclusive,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mmcos_core::link::WriteLimits;
use mmcos_core::{
    engine::Limits,
    game::{Game as _, Life},
    seam::Wall,
    wire::steam::SteamId,
};
use mmcos_game::{
    IdentityPolicy, Mmcos, Record, Settings,
    ids::{MatchId, RaceKey, UserId},
    matchmaker::{GameType, Label, Mode, RuleSet},
    players::Player,
    results::Match,
    seasons::Season,
    session_token::{Session, SessionKey},
};
use mmcos_smol::{Hub, Server};
use mmcos_std::{
    clock::Clock,
    data_dir::DataDir,
    driver::Driver,
    serving::Listener,
    store::{AnyStore, Commit, Committer, Database as _, Place, StoreError},
};

#[cfg(feature = "postgres")]
#[path = "../../runtime-std/src/store/tests/cluster.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod cluster;

const CONNECTIONS: u32 = 64;
const CLIENT_THREADS: u32 = 4;
/// Approximate time of a sync on an SD card.
const SD_CARD: Duration = Duration::from_millis(5);

fn main() {
    let place = env::args_os().nth(1).map_or_else(env::temp_dir, Into::into);
    let place = place.join(format!("mmcos-durability-{}", std::process::id()));
    let dir = DataDir::open(&place).unwrap();
    let sync = syncs_a_second(&dir.file("syncs"));
    println!("this disk, one sync at a time: {sync:.0} requests/s");
    over_http(&Place::Sqlite(dir.clone()), sync);
    #[cfg(feature = "postgres")]
    if let Some(cluster) = cluster::Cluster::start() {
        let address = Box::new(mmcos_std::store::Address::parse(&cluster.database()).unwrap());
        println!("PostgreSQL:");
        over_http(&mmcos_std::store::Location::Postgres(address).of(dir), sync);
    }
    fs::remove_dir_all(place).unwrap();
}

fn now() -> Wall {
    Clock::start().now().wall
}

fn core() -> mmcos_core::Server<Mmcos> {
    let config = Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().unwrap() };
    let game = Mmcos::new(&config, &Life { seed: [7; 32], ..Life::default() }).unwrap();
    let limits = Limits { connections_per_address: 1000, ..Limits::default() };
    mmcos_core::Server::new(game, limits, [7; 32])
}

fn steam_id(user: u32) -> SteamId {
    SteamId::new(76_561_202_255_230_000 + u64::from(user))
}

fn player(user: u32) -> Record {
    let player = Player::new(UserId(user), steam_id(user), Season::at(now()).id, now());
    Record::Player(Box::new(player))
}

/// Returns the record of a match of one player. Each match of each player has a number of its own.
fn race(user: u32, race: u32) -> Record {
    // Close to each other, as the server numbers them.
    let session = u64::from(user) << 16 | u64::from(race);
    let game_type = GameType(Label::new("QuickRace").unwrap());
    Record::Match(Box::new(Match {
        id: MatchId(session),
        race_key: RaceKey(session.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        mode: Mode { network_version: 1, game_type, rule_set: RuleSet::Race },
        seats: 1,
        made: now(),
        begun: Some(now()),
        players: vec![UserId(user)],
    }))
}

fn add_points(user: u32, race: u32) -> Vec<u8> {
    let session = Session { user: UserId(user), steam_id: steam_id(user), issued: now(), configuration: 0 };
    let token = SessionKey::new(&[0; 32], Duration::from_hours(168)).issue(&session);
    let key = RaceKey((u64::from(user) << 16 | u64::from(race)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let body = format!(
        "<AddPoints>\r\n  <SessionToken>{token}</SessionToken>\r\n  <RaceKey>{key}</RaceKey>\r\n  <Points>10</Points>\r\n  \
         <Level>12</Level>\r\n  <Prestige>0</Prestige>\r\n</AddPoints>"
    );
    let path = "/MMCOS/MMCOS-GameProgression/GameProgressionService.svc/AddPoints";
    format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

fn over_http(place: &Place, sync: f64) {
    let rate = results_a_second(place, Duration::ZERO, 1..=CONNECTIONS, 1500);
    println!(
        "durable AddPoints over HTTP, {CONNECTIONS} connections: {rate:.0} requests/s, {:.1} ×",
        rate / sync
    );
    let slow = results_a_second(place, SD_CARD, 101..=100 + CONNECTIONS, 100);
    let sync = 1.0 / SD_CARD.as_secs_f64();
    println!("the same where a sync takes {SD_CARD:?}: {slow:.0} requests/s, {:.1} ×", slow / sync);
}

/// A store on a slower disk: each commit takes this much longer.
struct Slow(AnyStore<Record>, Duration);

impl Commit<Record> for Slow {
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        thread::sleep(self.1);
        self.0.commit(records)
    }

    fn idle(&mut self) -> Result<Option<Duration>, StoreError> {
        self.0.idle()
    }
}

/// Measures results per second: `each` of every user. There are as many users as connections.
fn results_a_second(place: &Place, wait: Duration, users: RangeInclusive<u32>, each: u32) -> f64 {
    let mut store = AnyStore::<Record>::open(place).unwrap();
    let races = users.clone().flat_map(|user| (0..each).map(move |number| race(user, number)));
    store.commit(&users.clone().map(player).chain(races).collect::<Vec<_>>()).unwrap();
    let mut server = core();
    store.restore(&mut server, now()).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let running = thread::spawn(move || {
        let driver = Driver::new(server, Committer::start(Slow(store, wait)).unwrap(), Clock::start());
        let stop = async {
            let _ = stopped.recv().await;
        };
        Server {
            hub: Hub::new(driver, WriteLimits::default()),
            listeners: vec![Listener {
                socket: listener,
                tls: None,
                is_admin: false,
                trusted_proxies: Vec::new(),
            }],
        }
        .run(stop)
        .unwrap();
    });
    let mut clients: Vec<Vec<Client>> = (0..CLIENT_THREADS).map(|_| Vec::new()).collect();
    for user in users {
        clients[(user % CLIENT_THREADS) as usize].push(Client::new(address, user, each));
    }
    let start = Instant::now();
    thread::scope(|scope| {
        for clients in &mut clients {
            scope.spawn(|| (0..each as usize).for_each(|number| round(clients, number)));
        }
    });
    let rate = f64::from(each * CONNECTIONS) / start.elapsed().as_secs_f64();
    drop((clients, stop));
    running.join().unwrap();
    rate
}

/// Every client sends a result, then every client reads its response.
fn round(clients: &mut [Client], number: usize) {
    for client in clients.iter_mut() {
        client.stream.write_all(&client.requests[number]).unwrap();
    }
    for client in clients.iter_mut() {
        client.read();
    }
}

struct Client {
    stream: TcpStream,
    requests: Vec<Vec<u8>>,
}

impl Client {
    fn new(server: SocketAddr, user: u32, each: u32) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, requests: (0..each).map(|number| add_points(user, number)).collect() }
    }

    fn read(&mut self) {
        let (mut buffer, mut length) = ([0; 4096], 0);
        while !buffer[..length].ends_with(b"</AddPointsResult>") {
            let read = self.stream.read(&mut buffer[length..]).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&buffer[..length]));
            length += read;
        }
    }
}

/// Measures the rate of a server that appends a record and syncs it, one after the other.
fn syncs_a_second(path: &Path) -> f64 {
    let mut file = File::create(path).unwrap();
    let (start, mut syncs) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(2) {
        file.write_all(&[1; 256]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    f64::from(syncs) / start.elapsed().as_secs_f64()
}
