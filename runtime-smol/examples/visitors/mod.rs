//! Simulated visitors of the public pages: so many requests a second, on a few connections.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::rig::client::{Client, get};

/// Number of connections.
const CONNECTIONS: usize = 20;
/// The pages, one after the other.
const PAGES: [&str; 5] = ["/", "/now", "/leaderboard", "/players/1", "/api/v1/status"];

/// Visitors, and the thread that is them.
pub(super) struct Visitors {
    stop: Arc<AtomicBool>,
    visits: JoinHandle<Seen>,
}

/// Counts of what was read.
pub(super) struct Seen {
    pages: u32,
    bytes: usize,
    time: Duration,
}

impl Visitors {
    /// Starts with `rate` requests a second.
    pub(super) fn open(http: SocketAddr, rate: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let visits = thread::spawn({
            let stop = Arc::clone(&stop);
            move || visit(http, rate, &stop)
        });
        Self { stop, visits }
    }

    pub(super) fn close(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.visits.join().unwrap()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, bytes, time } = self;
        let (seconds, mean) = (time.as_secs_f64(), bytes / usize::try_from(*pages).unwrap().max(1));
        write!(f, "{:.0} pages a second, {mean} bytes each", f64::from(*pages) / seconds)
    }
}

fn visit(http: SocketAddr, rate: u32, stop: &AtomicBool) -> Seen {
    let count = if rate == 0 { 0 } else { CONNECTIONS };
    let mut clients: Vec<Client> = (0..count).map(|_| Client::plain(http)).collect();
    let start = Instant::now();
    let mut seen = Seen { pages: 0, bytes: 0, time: Duration::ZERO };
    while !stop.load(Ordering::Relaxed) {
        let due = start.elapsed().as_secs_f64() * f64::from(rate);
        for client in &mut clients {
            if f64::from(seen.pages) >= due {
                break;
            }
            let page = PAGES[usize::try_from(seen.pages).unwrap() % PAGES.len()];
            seen.bytes += client.ask(&get(page)).ok().body.len();
            seen.pages += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    seen.time = start.elapsed();
    seen
}
