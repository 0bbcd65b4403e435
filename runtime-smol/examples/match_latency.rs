//! How long a match takes that a player completes, with 1,000 others waiting: from before the search is sent to after
//! the last answer is read, system calls and TLS of both sides included.
//!
//! ```text
//! cargo run --release -- --http 127.0.0.1:8080 --https 127.0.0.1:8443 --identity trust --data-dir match-latency \
//!     --gather-seconds 25 --max-connections-per-address 4096 --log warn
//! cargo run --release --example match_latency -- 127.0.0.1:8080          # plain
//! cargo run --release --example match_latency -- 127.0.0.1:8443 tls
//! cargo run --release --example match_latency -- 127.0.0.1:8080 100      # with 100 dashboards open
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
    io::{Read, Write},
    net::SocketAddr,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use client::{Answer, Client, get};
use player::{ELIMINATION, Mode, Player, RACE, met, search};

/// How many wait at any time.
const HELD: usize = 1000;
/// Matches that are measured of each mode.
const MATCHES: usize = 2000;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (address, options) = (arguments.next().map(|address| address.parse()), arguments.collect::<Vec<_>>());
    let Some(Ok(address)) = address else {
        eprintln!("usage: match_latency ADDRESS [tls] [DASHBOARDS]");
        return ExitCode::FAILURE;
    };
    let server = Door { address, tls: options.iter().any(|option| option == "tls") };
    let dashboards = options.iter().find_map(|option| option.parse().ok()).unwrap_or(0);
    watch(address, dashboards);
    println!("                             p50       p99       max");
    for (mode, players) in [(ELIMINATION, 6), (RACE, 12)] {
        let (matches, others) = measure(&server, mode, players);
        print(&format!("{MATCHES} matches of {players}"), matches);
        print("requests of a bystander", others);
    }
    ExitCode::SUCCESS
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what:23} {:8.0?} {:9.0?} {:9.0?}", at(50), at(99), at(100));
}

/// Opens dashboards, and reads on a thread of its own whatever they are shown.
fn watch(address: SocketAddr, dashboards: usize) {
    let ask = b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let streams: Vec<_> = (0..dashboards)
        .map(|_| {
            let mut stream = client::connect(address);
            stream.write_all(ask).unwrap();
            stream
        })
        .collect();
    thread::spawn(move || {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            for mut stream in &streams {
                stream.set_nonblocking(true).unwrap();
                while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
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
        // From the last to the first: this is to be woken once, not to compete with the server for the processor.
        let answers: Vec<Answer> =
            self.players.iter_mut().rev().map(|player| player.client.answer()).collect();
        let time = start.elapsed();
        met(&self.players, answers);
        time
    }
}

/// The times that matches took, and those of single requests between them: how much of it is the machine.
fn measure(server: &Door, mode: Mode, players: usize) -> (Vec<Duration>, Vec<Duration>) {
    let mut numbers = 1..;
    let mut bystander = server.connect();
    let mut ask = || {
        let start = Instant::now();
        bystander.ask(&get("/redirect_steam_submission3.txt")).ok();
        start.elapsed()
    };
    // Modes that nobody has searched for yet: where many search, a full match waits to be a better one.
    let first_version = std::process::id() << 12;
    let mut tables: Vec<Table> = (first_version..)
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
    let (mut matches, mut others) = (Vec::new(), Vec::new());
    for turn in 0..MATCHES {
        // The first waits until all who search again are held.
        ask();
        others.push(ask());
        let next = turn % tables.len();
        matches.push(tables[next].fill());
        tables[next].all_but_one_search();
    }
    (matches, others)
}
