//! What a server takes: its resident memory when idle and with searches held over TLS, and how many new TLS connections
//! it serves in a second. Pinned to one core each:
//!
//! ```text
//! cargo build --release -p mmcos-smol -p mmcos-std && cargo build --release --example footprint
//! taskset -c 1 target/release/examples/footprint taskset -c 0 target/release/mmcos
//! ```
//!
//! (`taskset -c 0 …` is the command that starts the server.)
#![cfg(unix)]
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a measurement that cannot go on must fail; the tests use more of their client"
)]

#[path = "../../runtime-std/tests/blackbox/client.rs"]
mod client;
#[path = "../../runtime-std/tests/blackbox/player.rs"]
mod player;
mod process;
#[path = "../../runtime-std/tests/blackbox/tls.rs"]
mod tls;

use std::{
    env, fs,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use client::{Client, get};
use player::{Mode, Player, RACE};
use process::Server;
use rustls::{ClientConfig, client::Resumption};

/// How long connections are counted.
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    let command: Vec<String> = env::args().skip(1).collect();
    let server = Server::start(&command, &["--poll-seconds", "300"]);
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
        println!("new TLS connections a second, {name:8} {:6.0}", connections_a_second(&server, &config));
    }
}

/// A player who waits alone: nobody else has this version of the game.
fn wait(https: SocketAddr, number: u32) -> Player {
    let mut player = Player::with(Client::tls(https, &tls::game()), number + 1);
    player.search(Mode { version: number, ..RACE });
    player
}

/// Prints what the server takes now.
fn show(server: &Server, when: &str) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let value = |key: &str| -> u32 {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    println!("{when:30} {:7} kB resident, {:5} threads", value("VmRSS:"), value("Threads:"));
}

/// One after the other, each with a request.
fn connections_a_second(server: &Server, config: &Arc<ClientConfig>) -> f64 {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < MEASURED {
        let mut clients = [(); 4].map(|()| Client::tls(server.https, config));
        for client in &mut clients {
            client.ask(&get("/redirect_steam_submission3.txt")).ok();
            count += 1;
        }
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
