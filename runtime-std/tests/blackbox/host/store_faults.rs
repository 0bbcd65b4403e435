//! A store that fails, and one that is slow: the responses that may leave the server then, and those that may not.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::Duration,
};

use mmcos_core::engine::Limits;
use mmcos_core::game::{Game as _, Life};
use mmcos_game::{IdentityPolicy, Mmcos, Record, Settings};
use mmcos_std::{
    clock::Clock,
    driver::Driver,
    serving::{Listener, RunError},
    store::{Commit, Committer, StoreError},
};

use crate::blackbox::rig::caller::{Caller, STATUS};
use crate::run;

/// Commits this many batches while its gate is open, and then fails for good.
struct Faulty {
    batches: usize,
    gate: Arc<Mutex<()>>,
}

impl Commit<Record> for Faulty {
    fn commit(&mut self, _: &[Record]) -> Result<(), StoreError> {
        let _open = self.gate.lock().unwrap();
        match self.batches.checked_sub(1) {
            Some(left) => self.batches = left,
            None => return Err(StoreError::Exists("a fault".into())),
        }
        Ok(())
    }
}

/// Starts a server on a thread of its own.
fn start(store: Faulty) -> (SocketAddr, JoinHandle<Result<(), RunError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let run = move || {
        let (identity, min_race_seconds) = (IdentityPolicy::Trust, Duration::ZERO);
        let config = Settings { identity, min_race_seconds, ..Settings::defaults().unwrap() };
        let game = Mmcos::new(&config, &Life::default()).unwrap();
        let core = mmcos_core::Server::new(game, Limits::default(), [7; 32]);
        let driver = Driver::new(core, Committer::start(store).unwrap(), Clock::start());
        run(driver, Listener { socket: listener, tls: None, is_admin: false, trusted_proxies: Vec::new() })
    };
    (address, thread::spawn(run))
}

/// Sends six requests, five of which make a durable change. Returns the number of responses.
fn play(server: SocketAddr) -> usize {
    let mut answered = 0;
    let mut play = || {
        let mut client = Caller::connect(server, 1, "")?;
        let mut done = || answered += 1;
        client.login().map(|_| done())?;
        client.title("a").map(|_| done())?;
        let key = client.search()?;
        done();
        client.register(&key).map(|_| done())?;
        client.add_points(&key, 40).map(|_| done())?;
        client.add_points(&key, 40).map(|_| done())
    };
    let _ = play();
    answered
}

#[test]
fn whichever_write_fails_no_answer_leaves_before_its_record() {
    thread::scope(|scope| {
        // The third request, a search that finds no player, needs no record.
        for (batches, answered) in [0, 1, 3, 4, 5].into_iter().enumerate() {
            scope.spawn(move || {
                let (address, server) = start(Faulty { batches, gate: Arc::default() });
                assert_eq!(play(address), answered);
                let error = server.join().unwrap().unwrap_err().to_string();
                assert!(error.contains("a fault"), "{error}");
            });
        }
    });
    let (address, _running) = start(Faulty { batches: 5, gate: Arc::default() });
    assert_eq!(play(address), 6);
}

#[test]
fn only_what_waits_for_the_disk_waits_and_nothing_of_its_connection_overtakes_it() {
    let gate = Arc::default();
    let (address, _running) = start(Faulty { batches: 9, gate: Arc::clone(&gate) });
    let mut client = Caller::connect(address, 1, "").unwrap();
    let mut other = Caller::connect(address, 2, "").unwrap();
    client.login().unwrap();

    let closed: MutexGuard<'_, ()> = gate.lock().unwrap();
    client.send(STATUS).unwrap();
    assert!(client.read().unwrap().text().contains("OnlineServiceStatus"), "before anything waits");
    client.send(&client.title_request("a")).unwrap();
    client.send(STATUS).unwrap();
    other.send(STATUS).unwrap();
    assert!(
        other.read().unwrap().text().contains("OnlineServiceStatus"),
        "who changed nothing waits for nothing"
    );
    assert!(!client.hears_within(Duration::from_millis(100)));
    drop(closed);
    assert_eq!(client.read().unwrap().text(), "", "the answer to the change comes first");
    assert!(client.read().unwrap().text().contains("OnlineServiceStatus"));
}
