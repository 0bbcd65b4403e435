//! Simulated dashboards: streams that are read as they arrive, and a list of players that each requests again and
//! again, as the page does.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::rig::client::{self, Client};

/// Interval at which the streams are read.
const TURN: Duration = Duration::from_millis(100);
/// Interval at which a dashboard requests its list.
const LIST: Duration = Duration::from_secs(3);

/// Open streams, and the thread that reads them.
pub(super) struct Watchers {
    stop: Arc<AtomicBool>,
    reader: JoinHandle<Seen>,
}

/// Counts of what was read.
pub(super) struct Seen {
    states: usize,
    bytes: usize,
    lists: u128,
    time: Duration,
}

impl Watchers {
    pub(super) fn open(http: SocketAddr, password: &str, count: usize) -> Self {
        let streams: Vec<TcpStream> = (0..count).map(|_| watch(http, password)).collect();
        let lists = Lists {
            client: Client::plain(http),
            request: get("/api/v1/players", password),
            dashboards: u128::try_from(count).unwrap(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let reader = thread::spawn({
            let stop = Arc::clone(&stop);
            move || read(streams, lists, &stop)
        });
        Self { stop, reader }
    }

    pub(super) fn close(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.reader.join().unwrap()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, bytes, lists, time } = self;
        write!(
            f,
            "told {states} times in {:.0} s, {} bytes a time, {lists} lists",
            time.as_secs_f64(),
            bytes / states.max(&1)
        )
    }
}

fn watch(http: SocketAddr, password: &str) -> TcpStream {
    let mut stream = client::connect(http);
    stream.write_all(&get("/api/v1/live", password)).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn get(path: &str, password: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {password}\r\n\r\n").into_bytes()
}

/// The lists of all dashboards, by one connection: only the server's work is of interest.
struct Lists {
    client: Client,
    request: Vec<u8>,
    dashboards: u128,
}

impl Lists {
    /// Requests the lists that are due after `time`, of which `count` were requested. Returns how many it requested.
    fn catch_up(&mut self, time: Duration, count: u128) -> u128 {
        let due = time.as_millis() * self.dashboards / LIST.as_millis();
        for _ in count..due {
            self.client.ask(&self.request).ok();
        }
        due.saturating_sub(count)
    }
}

fn read(mut streams: Vec<TcpStream>, mut lists: Lists, stop: &AtomicBool) -> Seen {
    let start = Instant::now();
    let mut buffer = vec![0; 256 * 1024];
    let mut seen = Seen { states: 0, bytes: 0, lists: 0, time: Duration::ZERO };
    while !stop.load(Ordering::Relaxed) {
        for stream in &mut streams {
            while let Ok(count) = stream.read(&mut buffer) {
                assert!(count > 0, "the server has closed a dashboard");
                seen.states += usize::from(buffer.starts_with(b"event: state\n"));
                seen.bytes += count;
            }
        }
        seen.lists += lists.catch_up(start.elapsed(), seen.lists);
        thread::sleep(TURN);
    }
    seen.time = start.elapsed();
    seen
}
