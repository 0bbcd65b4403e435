//! How long a match takes that a player completes, with 1,000 others waiting: from before the search is sent to after
//! the last answer is read, system calls and TLS of both sides included.
//!
//! ```text
//! cargo run --release -- --http 127.0.0.1:8080 --https 127.0.0.1:8443 --identity trust --data-dir /tmp/match-latency \
//!     --gather-seconds 25 --max-connections-per-address 4096 --log warn
//! cargo run --release --example match_latency -- 127.0.0.1:8080          # plain
//! cargo run --release --example match_latency -- 127.0.0.1:8443 tls
//! ```
#![allow(
    dead_code,
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
    env,
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use client::{Client, get};
use player::{ELIMINATION, Mode, Player, RACE, meet, search};

/// How many wait at any time.
const HELD: usize = 1000;
/// Matches that are measured of each mode.
const MATCHES: usize = 2000;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (address, tls) = (arguments.next().map(|address| address.parse()), arguments.next());
    let Some(Ok(address)) = address else {
        eprintln!("usage: match_latency ADDRESS [tls]");
        return ExitCode::FAILURE;
    };
    let server = Door { address, tls: tls.is_some() };
    println!("players  matches       p50       p99       max");
    for (mode, players) in [(ELIMINATION, 6), (RACE, 12)] {
        let mut times = measure(&server, mode, players);
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!("{players:7} {:8} {:9.0?} {:9.0?} {:9.0?}", times.len(), at(50), at(99), at(100));
    }
    ExitCode::SUCCESS
}

struct Door {
    address: SocketAddr,
    tls: bool,
}

impl Door {
    fn connect(&self) -> Client {
        if self.tls { Client::tls(self.address, &tls::modern()) } else { Client::plain(self.address) }
    }
}

/// Players who search for the same, so many that they fill a match.
struct Table {
    mode: Mode,
    players: Vec<Player>,
}

impl Table {
    fn all_but_one_search(&mut self) {
        let (_last, others) = self.players.split_last_mut().unwrap();
        search(others, self.mode);
    }

    /// How long it takes from the last one's search to the last answer.
    fn fill(&mut self) -> Duration {
        let (last, _others) = self.players.split_last_mut().unwrap();
        let start = Instant::now();
        last.search(self.mode);
        meet(&mut self.players);
        start.elapsed()
    }
}

fn measure(server: &Door, mode: Mode, players: usize) -> Vec<Duration> {
    let mut numbers = 1..;
    let mut bystander = server.connect();
    let mut settle = || bystander.ask(&get("/redirect_steam_submission3.txt")).ok();
    let mut tables: Vec<Table> = (1..)
        .take(HELD.div_ceil(players - 1))
        .map(|version| Table {
            mode: Mode { version, ..mode },
            players: numbers
                .by_ref()
                .take(players)
                .map(|number| Player::with(server.connect(), number))
                .collect(),
        })
        .collect();
    tables.iter_mut().for_each(Table::all_but_one_search);
    let mut times = Vec::new();
    for turn in 0..MATCHES {
        settle();
        let next = turn % tables.len();
        times.push(tables[next].fill());
        tables[next].all_but_one_search();
    }
    times
}
