//! A server's footprint: its resident memory when idle and with matchmaking requests held over TLS, its new TLS
//! connections and its requests per second. Pinned to one core each:
//!
//! ```text
//! cargo build --release -p mmcos-smol -p mmcos-std && cargo build --release --example footprint
//! taskset -c 1 target/release/examples/footprint taskset -c 0 target/release/mmcos
//! ```
//!
//! (`taskset -c 0 …` is the command that starts the server.)
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
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rig::client::{Client, get};
use rig::player::{Mode, Player, RACE, login};
use rig::{process::Server, tls};
use rustls::{ClientConfig, client::Resumption};

/// Not used: the command line names the measured program.
const PROGRAM: &str = "";

/// Time for which connections and requests are counted, of each kind.
const MEASURED: Duration = Duration::from_secs(3);
/// Number of connections that send requests at the same time.
const CLIENTS: usize = 8;
/// Number of requests that each of them sends at a time.
const AHEAD: usize = 8;

fn main() {
    let command: Vec<String> = env::args().skip(1).collect();
    let server = Server::start_by(&command, &["--poll-seconds", "300", "--account-requests-per-second", "0"]);
    show(&server, "idle");
    let mut waiting = Vec::new();
    for count in [1_000, 10_000] {
        while waiting.len() < count {
            waiting.push(wait(server.https, u32::try_from(waiting.len()).unwrap()));
        }
        thread::sleep(Duration::from_secs(1));
        show(&server, &format!("{count} searches held over TLS"));
    }
    drop(waiting);
    thread::sleep(Duration::from_secs(2));
    show(&server, "all gone again");
    let mut full = (*tls::game()).clone();
    full.resumption = Resumption::disabled();
    for (name, config) in [("full", Arc::new(full)), ("resumed", tls::game())] {
        print!("new TLS connections, {name}: ");
        measure(&server, || connect(&server, &config));
    }
    for (name, request) in [("redirect files", get("/redirect_steam_submission3.txt")), ("logins", login(1))]
    {
        let many = request.repeat(AHEAD);
        let mut plain = [(); CLIENTS].map(|()| Client::plain(server.http));
        let mut by_tls = [(); CLIENTS].map(|()| Client::tls(server.https, &tls::game()));
        for (how, clients) in [("plain", &mut plain), ("TLS", &mut by_tls)] {
            print!("{name}, {how}: ");
            measure(&server, || ask(clients, &many));
        }
    }
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

/// Returns the processor time of the server, in seconds.
fn processor_time(server: &Server) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
    let (_name, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: u32 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}

/// Prints the rate of the operations that `step` counts, and the server's processor time for each. That time is
/// nearly the same on a busier machine.
fn measure(server: &Server, mut step: impl FnMut() -> usize) {
    let (start, before, mut count) = (Instant::now(), processor_time(server), 0);
    while start.elapsed() < MEASURED {
        count += step();
    }
    let count = f64::from(u32::try_from(count).unwrap());
    let (took, cost) = (start.elapsed().as_secs_f64(), (processor_time(server) - before) / count);
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
