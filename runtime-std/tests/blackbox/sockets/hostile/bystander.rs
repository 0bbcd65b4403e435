//! A player that must not notice an attack, and the times of its responses.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::blackbox::rig::{
    client::{Client, get, post},
    player::Player,
};

/// Time between two requests: below the rate limit of an account.
const PAUSE: Duration = Duration::from_millis(20);

/// A player that sends one request after the other, and an echo within this process to compare with.
pub(super) struct Bystander {
    done: Arc<AtomicBool>,
    player: JoinHandle<Vec<Duration>>,
    echo: JoinHandle<Vec<Duration>>,
}

/// Time within which 95 of 100 responses came. The echo's time shows how slow this machine is at the moment: a lack
/// of processors is not the server's fault.
pub(super) struct Waits {
    pub(super) player: Duration,
    pub(super) echo: Duration,
    answers: usize,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { player, echo, answers } = self;
        write!(f, "95 % of {answers} answers came within {player:?}, those of an echo within {echo:?}")
    }
}

impl Bystander {
    /// Logs in and begins to send requests.
    pub(super) fn play(http: SocketAddr, https: SocketAddr) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let mut player = Player::new(https, 1000);
        let body = format!(
            "<GetElite><SessionToken>{}</SessionToken><StartRank>0</StartRank><NumResults>100</NumResults></GetElite>",
            player.token
        );
        let elite = post("/MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetElite", &body);
        let status = get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml");
        let player = repeat(&done, move |round| match round % 4 {
            0 => drop(Client::plain(http).ask(&status).ok()),
            _ => drop(player.client.ask(&elite).ok()),
        });
        let mut echo = echo();
        let echo = repeat(&done, move |_| {
            echo.write_all(b"?").unwrap();
            echo.read_exact(&mut [0]).unwrap();
        });
        Self { done, player, echo }
    }

    pub(super) fn leave(self) -> Waits {
        self.done.store(true, Ordering::Relaxed);
        let [player, echo] = [self.player, self.echo].map(|thread| thread.join().unwrap());
        Waits { answers: player.len(), player: most(player), echo: most(echo) }
    }
}

/// Calls `ask` until `done`. Returns the time of each call.
fn repeat(done: &Arc<AtomicBool>, mut ask: impl FnMut(u32) + Send + 'static) -> JoinHandle<Vec<Duration>> {
    let done = Arc::clone(done);
    thread::spawn(move || {
        let mut times = Vec::new();
        for round in 0.. {
            let start = Instant::now();
            ask(round);
            times.push(start.elapsed());
            if done.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(PAUSE);
        }
        times
    })
}

/// Returns the time that 95 % of the times do not exceed.
fn most(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * 95 / 100]
}

/// Returns a connection whose peer echoes every byte.
fn echo() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() {
            stream.write_all(&byte).unwrap();
        }
    });
    stream
}
