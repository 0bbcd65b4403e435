//! Simulated dashboards: streams that are read as they arrive.

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

use super::rig::client;

/// Interval at which the streams are read.
const TURN: Duration = Duration::from_millis(100);

/// Open streams, and the thread that reads them.
pub(super) struct Watchers {
    stop: Arc<AtomicBool>,
    reader: JoinHandle<Seen>,
}

/// Counts of what was read.
pub(super) struct Seen {
    states: usize,
    bytes: usize,
    time: Duration,
}

impl Watchers {
    pub(super) fn open(http: SocketAddr, password: &str, count: usize) -> Self {
        let streams = (0..count).map(|_| watch(http, password)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let reader = thread::spawn({
            let stop = Arc::clone(&stop);
            move || read(streams, &stop)
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
        let Self { states, bytes, time } = self;
        write!(
            f,
            "told {states} times in {:.0} s, {} bytes a time",
            time.as_secs_f64(),
            bytes / states.max(&1)
        )
    }
}

fn watch(http: SocketAddr, password: &str) -> TcpStream {
    let mut stream = client::connect(http);
    let request =
        format!("GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {password}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn read(mut streams: Vec<TcpStream>, stop: &AtomicBool) -> Seen {
    let start = Instant::now();
    let mut buffer = vec![0; 256 * 1024];
    let mut seen = Seen { states: 0, bytes: 0, time: Duration::ZERO };
    while !stop.load(Ordering::Relaxed) {
        for stream in &mut streams {
            while let Ok(count) = stream.read(&mut buffer) {
                assert!(count > 0, "the server has closed a dashboard");
                seen.states += usize::from(buffer.starts_with(b"event: state\n"));
                seen.bytes += count;
            }
        }
        thread::sleep(TURN);
    }
    seen.time = start.elapsed();
    seen
}
