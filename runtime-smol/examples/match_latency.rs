//! Time of a match that a player completes, with 1,000 other players waiting (or as many as `--waiting` says): from
//! before the request is sent to after the last response is read, system calls and TLS of both sides included. Then the
//! same with dashboards open, each at its list of players, or beside visitors of the public pages (`--visitors 1000`:
//! so many requests a second).
//! Pinned to one core each:
//!
//! ```text
//! cargo build --release && cargo build --release --example match_latency
//! taskset -c 1 target/release/examples/match_latency --dashboards 100 taskset -c 0 target/release/mmcos
//! ```
//!
//! (`taskset -c 0 …` is the command that starts the server.)
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a measurement that cannot go on must fail; the tests use more of their client"
)]

#[path = "../../runtime-std/tests/blackbox/rig/mod.rs"]
mod rig;
mod visitors;
mod watchers;

use std::{
    env,
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rig::client::{Answer, Client, get};
use rig::player::{ELIMINATION, Mode, Player, RACE, met, search};
use rig::{
    process::{Scratch, Server},
    tls,
};
use visitors::Visitors;
use watchers::Watchers;

/// Not used: the command line names the measured program.
const PROGRAM: &str = "";

/// Number of players that wait at any time, without `--waiting`.
const HELD: u32 = 1000;
/// Time for which matches are measured, of each kind: some seconds, because dashboards are updated once in each.
const MEASURED: Duration = Duration::from_secs(10);
/// Number of matches after which a table changes its mode: with many of the same mode, a full match waits to be a
/// better one.
const AGAIN: u32 = 8;

fn main() {
    let mut command: Vec<String> = env::args().skip(1).collect();
    let mut option = |name: &str| match command.iter().position(|argument| argument == name) {
        Some(at) => {
            command.drain(at..at + 2).next_back().unwrap().parse().expect("the option takes a number")
        }
        None => 0,
    };
    let waiting = Some(option("--waiting")).filter(|count| *count > 0).unwrap_or(HELD);
    let (dashboards, visitors): (u32, u32) = (option("--dashboards"), option("--visitors"));
    let beside: &[bool] = if dashboards + visitors > 0 { &[false, true] } else { &[false] };
    // Visitors come from as many addresses as they are.
    let settings = ["--gather-seconds", "25", "--poll-seconds", "25", "--requests-per-second", "0"];
    let server = Server::start_by(Scratch::new(), &command, &settings);
    println!("                                        p50       p99     p99.9       max");
    for (name, listener) in [("plain", Listener::Plain(server.http)), ("TLS", Listener::Tls(server.https))] {
        for (mode, players) in [(ELIMINATION, 6), (RACE, 12)] {
            let mut waiting = Waiting::with(&listener, mode, players, usize::try_from(waiting).unwrap());
            for is_beside in beside {
                let [dashboards, visitors] =
                    [dashboards, visitors].map(|count| if *is_beside { count } else { 0 });
                let watchers =
                    Watchers::open(server.http, &server.password(), usize::try_from(dashboards).unwrap());
                let guests = Visitors::open(server.http, visitors);
                let (matches, others) = waiting.measure();
                println!("{name}, {players} in a match, {dashboards} dashboards: {}", watchers.close());
                println!("    {visitors} visitors a second: {}", guests.close());
                print(&format!("{} matches", matches.len()), matches);
                print("requests of a bystander", others);
            }
        }
    }
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    let [p50, p99, p999, most] = [500, 990, 999, 1000].map(at);
    println!("    {what:27} {p50:6.2} ms {p99:6.2} ms {p999:6.2} ms {most:6.2} ms");
}

enum Listener {
    Plain(SocketAddr),
    Tls(SocketAddr),
}

impl Listener {
    fn connect(&self) -> Client {
        match self {
            Self::Plain(address) => Client::plain(*address),
            Self::Tls(address) => Client::tls(*address, &tls::modern()),
        }
    }
}

/// Returns a mode that no player has used yet: that of a separate version of the game.
fn unsearched(mode: Mode) -> Mode {
    static VERSION: AtomicU32 = AtomicU32::new(1);
    Mode { version: VERSION.fetch_add(1, Ordering::Relaxed), ..mode }
}

/// Players with the same mode, enough to fill a match.
struct Table {
    mode: Mode,
    matches: u32,
    players: Vec<Player>,
}

impl Table {
    fn all_but_one_search(&mut self) {
        self.matches += 1;
        if self.matches.is_multiple_of(AGAIN) {
            self.mode = unsearched(self.mode);
        }
        let (_last, others) = self.players.split_last_mut().unwrap();
        search(others, self.mode);
    }

    /// Returns the time from the last player's request to the last response.
    fn fill(&mut self) -> Duration {
        let (last, _others) = self.players.split_last_mut().unwrap();
        let start = Instant::now();
        last.search(self.mode);
        // From the last to the first: this thread must wake up once, and not compete with the server for the
        // processor.
        let answers: Vec<Answer> =
            self.players.iter_mut().rev().map(|player| player.client.answer()).collect();
        let time = start.elapsed();
        met(&self.players, answers);
        time
    }
}

/// All waiting players, at tables that lack one player.
struct Waiting {
    tables: Vec<Table>,
    /// A client that does not play.
    bystander: Client,
}

impl Waiting {
    fn with(listener: &Listener, mode: Mode, players: usize, waiting: usize) -> Self {
        let mut numbers = 1..;
        let tables = (0..waiting.div_ceil(players - 1)).map(|_| Table {
            mode: unsearched(mode),
            matches: 0,
            players: (0..players)
                .map(|_| Player::with(listener.connect(), numbers.next().unwrap()))
                .collect(),
        });
        let mut tables: Vec<Table> = tables.collect();
        tables.iter_mut().for_each(Table::all_but_one_search);
        Self { tables, bystander: listener.connect() }
    }

    /// Returns the times of matches, one after the other, and of single requests between them, which show the
    /// machine's share.
    fn measure(&mut self) -> (Vec<Duration>, Vec<Duration>) {
        let (mut matches, mut others) = (Vec::new(), Vec::new());
        let start = Instant::now();
        while start.elapsed() < MEASURED {
            // The first request waits until all players of the last match are held again.
            self.ask();
            others.push(self.ask());
            let next = matches.len() % self.tables.len();
            matches.push(self.tables[next].fill());
            self.tables[next].all_but_one_search();
        }
        (matches, others)
    }

    fn ask(&mut self) -> Duration {
        let start = Instant::now();
        self.bystander.ask(&get("/redirect_steam_submission3.txt")).ok();
        start.elapsed()
    }
}
