//! A server's footprint: memory, processor time for each connection and request, time to start. Pinned to one core
//! each:
//!
//! ```text
//! cargo build --release -p mmcos-smol -p mmcos-std && cargo build --release --example footprint
//! taskset -c 1 target/release/examples/footprint memory taskset -c 0 target/release/mmcos
//! ```
//!
//! The first argument is what to measure:
//!
//! - `memory`: resident memory when idle, with matchmaking requests held over TLS, and after they have left;
//! - `connections`: new TLS connections;
//! - `requests`: files and logins, sent eight at a time;
//! - `players`: logins, searches and results of 64 clients that send one request at a time (start the server with
//!   `--min-race-seconds 0`, or no result counts);
//! - `starts`: starts with keys on the disk, and with 100,000 players.
//!
//! `taskset -c 0 …` is the command that starts the server, perhaps with arguments. Data is made in `TMPDIR`: set it to
//! `/dev/shm` to measure without a disk.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a measurement that cannot go on must fail; the tests use more of their client"
)]

#[path = "../../runtime-std/tests/blackbox/rig/mod.rs"]
mod rig;

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rig::client::{Client, get};
use rig::player::{Mode, Player, RACE, login};
use rig::{
    process::{Scratch, Server},
    tls,
};
use rustls::{ClientConfig, client::Resumption};

/// Not used: the command line names the measured program.
const PROGRAM: &str = "";

/// Time for which connections and requests are counted, of each kind.
const MEASURED: Duration = Duration::from_secs(3);
/// Number of connections that send requests at the same time.
const CLIENTS: usize = 8;
/// Number of requests that each of them sends at a time.
const AHEAD: usize = 8;

/// Number of players in [`players`] and [`starts`].
const PLAYERS: u32 = 64;
const MANY_PLAYERS: u32 = 100_000;
/// Number of searches and results of each player.
const RACES: u32 = 150;
/// Number of first logins on each connection.
const LOGINS: u32 = 100;
/// Arguments of every server.
const ARGUMENTS: [&str; 4] = ["--poll-seconds", "300", "--account-requests-per-second", "0"];

fn main() {
    let mut command: Vec<String> = env::args().skip(1).collect();
    assert!(command.len() > 1, "give what to measure, and the command that starts the server");
    let what = command.remove(0);
    let server = Server::start_by(Scratch::new(), &command, &ARGUMENTS);
    match what.as_str() {
        "memory" => memory(&server),
        "connections" => connections(&server),
        "requests" => requests(&server),
        "players" => players(&server),
        "starts" => starts(server, &command),
        _ => panic!("{what} is none of memory, connections, requests, players, starts"),
    }
}

fn memory(server: &Server) {
    thread::sleep(Duration::from_secs(1));
    show(server, "idle");
    let mut waiting = Vec::new();
    for count in [1_000, 10_000] {
        while waiting.len() < count {
            waiting.push(wait(server.https, u32::try_from(waiting.len()).unwrap()));
        }
        thread::sleep(Duration::from_secs(1));
        show(server, &format!("{count} searches held over TLS"));
    }
    drop(waiting);
    thread::sleep(Duration::from_secs(3));
    show(server, "all gone again");
}

fn connections(server: &Server) {
    let mut full = (*tls::game()).clone();
    full.resumption = Resumption::disabled();
    for (name, config) in [("full", Arc::new(full)), ("resumed", tls::game())] {
        print!("new TLS connections, {name}: ");
        measure(server, || connect(server, &config));
    }
}

fn requests(server: &Server) {
    for (name, request) in [("redirect files", get("/redirect_steam_submission3.txt")), ("logins", login(1))]
    {
        let many = request.repeat(AHEAD);
        let mut plain = [(); CLIENTS].map(|()| Client::plain(server.http));
        let mut by_tls = [(); CLIENTS].map(|()| Client::tls(server.https, &tls::game()));
        for (how, clients) in [("plain", &mut plain), ("TLS", &mut by_tls)] {
            print!("{name}, {how}: ");
            measure(server, || ask(clients, &many));
        }
    }
}

/// Each player logs in, then searches alone and reports a result, again and again.
fn players(server: &Server) {
    let numbers = 1..=PLAYERS;
    let mut clients: Vec<Client> = numbers.clone().map(|_| Client::plain(server.http)).collect();
    let mut logins = Duration::ZERO;
    for round in 1..=LOGINS {
        logins += log_in(server, &mut clients, numbers.clone().map(|number| number + round * PLAYERS));
    }
    println!("first login: {:6.1} us", logins.as_secs_f64() * 1e6 / f64::from(PLAYERS * LOGINS));
    let mut players: Vec<Player> =
        clients.into_iter().zip(numbers).map(|(client, number)| Player::with(client, number)).collect();
    let (mut searches, mut results) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..RACES {
        let begun = processor_time(server);
        for (player, version) in players.iter_mut().zip(1..) {
            player.search_as(Mode { version, ..RACE }, 1, true);
        }
        let answers: Vec<_> = players.iter_mut().map(|player| player.client.answer().ok()).collect();
        let found = processor_time(server);
        for (player, answer) in players.iter_mut().zip(&answers) {
            player.send_score(answer.element("RaceKey"), 100);
        }
        for player in &mut players {
            player.client.answer().ok();
        }
        searches += found.saturating_sub(begun);
        results += processor_time(server).saturating_sub(found);
    }
    for (name, time) in [("search", searches), ("result", results)] {
        println!("{name}: {:6.1} us", time.as_secs_f64() * 1e6 / f64::from(PLAYERS * RACES));
    }
}

/// Logs in players, each on a connection. Returns the processor time.
fn log_in(server: &Server, clients: &mut [Client], numbers: impl Iterator<Item = u32>) -> Duration {
    let begun = processor_time(server);
    for (client, number) in clients.iter_mut().zip(numbers) {
        client.send(&login(number));
    }
    for client in clients.iter_mut() {
        client.answer().ok();
    }
    processor_time(server).saturating_sub(begun)
}

fn starts(server: Server, command: &[String]) {
    let server = start(server, command, "start", 9);
    let mut clients: Vec<Client> = (0..PLAYERS).map(|_| Client::plain(server.http)).collect();
    for round in 0..MANY_PLAYERS.div_ceil(PLAYERS) {
        log_in(&server, &mut clients, (1..).map(|number| number + round * PLAYERS));
    }
    start(server, command, &format!("start with {MANY_PLAYERS} players"), 3);
}

/// Starts the server again, this many times.
fn start(mut server: Server, command: &[String], name: &str, times: usize) -> Server {
    let (mut ready, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let begun = Instant::now();
        server = Server::start_by(server.kill(), command, &ARGUMENTS);
        ready.push(begun.elapsed());
        processor.push(processor_time(&server));
    }
    ready.sort_unstable();
    processor.sort_unstable();
    let (ready, processor) = (ready[times / 2], processor[times / 2]);
    println!("{name}: ready after {ready:.1?}, {processor:.1?} of processor time");
    show(&server, name);
    server
}

/// Starts a player that waits alone: no other player has this version of the game.
fn wait(https: SocketAddr, number: u32) -> Player {
    let mut player = Player::with(Client::tls(https, &tls::game()), number + 1);
    player.search(Mode { version: number, ..RACE });
    player
}

/// Prints the server's current memory and threads.
fn show(server: &Server, when: &str) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let value = |key: &str| -> u32 {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    println!("{when:30} {:7} kB resident, {:5} threads", value("VmRSS:"), value("Threads:"));
}

/// Returns the processor time of the server's threads. The process's own counts in steps of 10 ms.
fn processor_time(server: &Server) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let nanos = |thread: PathBuf| -> Option<u64> {
        let text = fs::read_to_string(thread.join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(threads.filter_map(|thread| nanos(thread.unwrap().path())).sum())
}

/// Returns the processor time of the server with all threads that have ended, in seconds.
fn whole_processor_time(server: &Server) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
    let (_name, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: u32 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}

/// Prints the rate of the operations that `step` counts, and the server's processor time for each. That time is
/// nearly the same on a busier machine.
fn measure(server: &Server, mut step: impl FnMut() -> usize) {
    let (start, before, mut count) = (Instant::now(), whole_processor_time(server), 0);
    while start.elapsed() < MEASURED {
        count += step();
    }
    let count = f64::from(u32::try_from(count).unwrap());
    let (took, cost) = (start.elapsed().as_secs_f64(), (whole_processor_time(server) - before) / count);
    println!("{:6.0} a second, {:6.1} us of the server's processor each", count / took, cost * 1e6);
}

/// Every client sends its requests, then reads the responses.
fn ask(clients: &mut [Client], requests: &[u8]) -> usize {
    for client in clients.iter_mut() {
        client.send(requests);
    }
    for client in clients.iter_mut() {
        for _ in 0..AHEAD {
            client.answer().ok();
        }
    }
    clients.len() * AHEAD
}

/// Opens new connections, each with a request.
fn connect(server: &Server, config: &Arc<ClientConfig>) -> usize {
    let mut clients = [(); 4].map(|()| Client::tls(server.https, config));
    for client in &mut clients {
        client.ask(&get("/redirect_steam_submission3.txt")).ok();
    }
    clients.len()
}
