//! A run is written as a trace and replayed.
use std::time::Duration;

use mmcos_core::{
    engine::Limits,
    game::{Game as _, Life},
    seam::{ConnId, Input, ListenerKind, Monotonic, Now, Storage, StorageTrouble, Wall},
    testing::Recording,
    trace::{self, ReplayError, Replayed, Start},
    wire::steam::encode_platform_id,
};
use mmcos_game::{IdentityPolicy, Mmcos, Settings};

use super::{
    rig::START,
    signing,
    world::{Search, login_request, text, ticket},
};

/// A server that writes a trace.
struct Recorded {
    run: Recording<Mmcos>,
    millis: u32,
    opened: u64,
}

impl Recorded {
    fn new(start: &Start<Mmcos>) -> Self {
        Self { run: Recording::new(start).unwrap(), millis: 0, opened: 0 }
    }

    /// Handles an input, and returns the sent bytes.
    fn input(&mut self, input: Input<'_>) -> String {
        let wall = Wall::from_millis(START * 1000 + i64::from(self.millis));
        let monotonic = Monotonic::default().after(Duration::from_millis(self.millis.into()));
        String::from_utf8(self.run.input(Now { monotonic, wall }, input)).unwrap()
    }

    /// Sends a request as a new client, and returns the immediate response.
    fn request(&mut self, request: &[u8]) -> String {
        self.opened += 1;
        let conn = ConnId(self.opened);
        let peer = ([127, 0, 0, 1], 50_000).into();
        self.input(Input::Opened { conn, peer, listener: ListenerKind::Plain });
        self.input(Input::Received { conn, bytes: request })
    }

    fn login(&mut self, steam_id: u64) -> String {
        let platform_id = encode_platform_id(&ticket(steam_id).build(signing::sign).unwrap());
        text(&self.request(&login_request(&platform_id, "Ä")), "SessionToken").to_owned()
    }

    /// Sends a search of a player in lobbies of its own: two parties in one lobby would never meet.
    fn search(&mut self, player: u64, token: &str) -> String {
        self.request(&Search::race(token, player).request())
    }

    fn pass(&mut self, millis: u32) -> String {
        self.millis += millis;
        self.input(Input::Tick)
    }
}

/// Two players log in, meet, and leave; then the server stops.
fn an_evening(start: &Start<Mmcos>) -> Recorded {
    let mut run = Recorded::new(start);
    let tokens = [1, 2].map(|player| run.login(76_561_202_255_230_000 + player));
    for (player, token) in (1..).zip(&tokens) {
        assert_eq!(run.search(player, token), "", "held");
        run.pass(700);
    }
    assert_eq!(run.pass(24_000).matches("<RaceKey>").count(), 2, "they meet");
    run.input(Input::Closed { conn: ConnId(1) });
    for storage in [Storage::Delayed(StorageTrouble::Locked), Storage::Unavailable(StorageTrouble::ReadOnly)]
    {
        run.input(Input::Storage(storage));
    }
    assert!(run.search(1, &tokens[0]).contains(" 503 "));
    run.input(Input::Storage(Storage::Available));
    run.request("GET /ä HTTP/1.1\r\n\r\n".as_bytes());
    run.input(Input::Shutdown { grace: Duration::from_millis(4_500) });
    run
}

fn life(seed: u8) -> Life {
    Life { seed: [seed; 32], ..Life::default() }
}

fn replay(trace: &str) -> Result<Replayed, ReplayError> {
    trace::replay::<Mmcos>(trace)
}

fn start() -> Start<Mmcos> {
    let identity = IdentityPolicy::Verify(signing::public_key());
    let settings = Settings { identity, ..Settings::defaults().unwrap() };
    Start { life: life(7), limits: Limits::default(), settings, records: Vec::new() }
}

#[test]
fn a_run_replays_to_the_same_bytes_also_one_that_continues_another() {
    assert_eq!(start().server().unwrap().service().rows().next(), None, "nothing was kept before");
    let first = an_evening(&start());
    let done = replay(&first.run.trace).unwrap();
    assert!(done.sent > 100_000 && done.inputs == 20, "{done:?}");
    let records: Vec<_> = first.run.server.service().rows().collect();
    assert!(records.len() > 3, "{records:?}");
    let second = an_evening(&Start { records, life: life(8), ..start() });
    assert_eq!(replay(&second.run.trace).unwrap().inputs, done.inputs);
}

#[test]
fn a_trace_is_readable() {
    let trace = an_evening(&start()).run.trace;
    assert!(trace.starts_with("mmcos-trace 3 mmcos\nstart {\"seed\":\"BwcHBw"), "{trace}");
    assert!(trace.contains("\n0.000000000 1700336720000 opened 1 plain 127.0.0.1:50000\n"));
    assert!(trace.contains("\n0.700000000 1700336720700 received 4 POST /MMCOS/MMCOS-Matchmaking/"));
    assert!(trace.contains("\n25.400000000 1700336745400 tick\n  persist {\"Match\":{\"id\":10000000,"));
    assert!(trace.contains("\n  send 1 HTTP/1.1 200 OK\\r\\n"));
    assert!(trace.contains(" bytes, SHA-256 "));
    assert!(trace.contains("\n25.400000000 1700336745400 shutdown 4.500000000\n"));
    assert!(trace.lines().all(|line| line.len() < 3_000));
}
