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
#[path = "../../runtime-std/tests/blackbox/tls.rs"]
mod tls;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use client::{Client, get};
use player::{Mode, Player, RACE};
use rustls::{ClientConfig, client::Resumption};

/// How long connections are counted.
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    let scratch = env::temp_dir().join(format!("mmcos-footprint-{}", std::process::id()));
    let mut server = Server::start(&scratch);
    server.show("idle");
    let mut waiting = Vec::new();
    for count in [1_000, 10_000] {
        while waiting.len() < count {
            waiting.push(wait(server.https, u32::try_from(waiting.len()).unwrap()));
        }
        thread::sleep(Duration::from_secs(1));
        server.show(&format!("{count} searches held over TLS"));
    }
    drop(waiting);
    thread::sleep(Duration::from_secs(2));
    server.show("all gone again");
    let mut full = (*tls::game()).clone();
    full.resumption = Resumption::disabled();
    for (name, config) in [("full", Arc::new(full)), ("resumed", tls::game())] {
        println!("new TLS connections a second, {name:8} {:6.0}", server.connections_a_second(&config));
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    fs::remove_dir_all(scratch).unwrap();
}

/// A player who waits alone: nobody else has this version of the game.
fn wait(https: SocketAddr, number: u32) -> Player {
    let mut player = Player::with(Client::tls(https, &tls::game()), number + 1);
    player.search(Mode { version: number, ..RACE });
    player
}

struct Server {
    child: Child,
    https: SocketAddr,
}

impl Server {
    fn start(scratch: &std::path::Path) -> Self {
        let command: Vec<String> = env::args().skip(1).collect();
        let (program, arguments) = command.split_first().expect("give the command that starts the server");
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--http", "off", "--https", "127.0.0.1:0", "--identity", "trust", "--log", "error"])
            .args(["--poll-seconds", "300", "--max-connections", "16384"])
            .args(["--max-connections-per-address", "16384", "--data-dir"])
            .arg(scratch)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut setup = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = setup.find(|line| line.starts_with("HTTPS ")).unwrap();
        thread::spawn(move || setup.for_each(drop));
        Self { child, https: line.split_whitespace().last().unwrap().parse().unwrap() }
    }

    fn show(&self, when: &str) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = |key: &str| -> u32 {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        println!("{when:30} {:7} kB resident, {:5} threads", value("VmRSS:"), value("Threads:"));
    }

    /// One after the other, each with a request.
    fn connections_a_second(&self, config: &Arc<ClientConfig>) -> f64 {
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < MEASURED {
            let mut clients = [(); 4].map(|()| Client::tls(self.https, config));
            for client in &mut clients {
                client.ask(&get("/redirect_steam_submission3.txt")).ok();
                count += 1;
            }
        }
        f64::from(count) / start.elapsed().as_secs_f64()
    }
}
