//! Ctrl-C and SIGTERM: held requests get responses, and the process ends.

use std::{io::Write, time::Duration, time::Instant};

use crate::blackbox::rig::{
    client::{Client, connect, get},
    player::{BATTLE, Player, RACE, meet, search, stays_alone},
    process::Server,
    tls,
};
use crate::blackbox::sockets::limits::{MORE_THAN_FITS, send_logins, with_small_window};

/// Maximum time that a service manager or an operator at the keyboard should wait.
const LONGEST: Duration = Duration::from_secs(5);

fn ends_in_time(mut server: Server, signal: &str, meanwhile: impl FnOnce()) {
    let start = Instant::now();
    server.signal(signal);
    meanwhile();
    assert_eq!(server.end().code(), Some(0));
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
}

/// Starts a server that holds searches until the signal: 25 seconds are longer than the test.
fn patient_server() -> Server {
    Server::start_with(&["--poll-seconds", "25", "--gather-seconds", "25"])
}

#[test]
fn all_who_wait_are_answered_together_at_sigterm() {
    let server = patient_server();
    let mut racers: Vec<Player> = (1..=5).map(|number| Player::new(server.https, number)).collect();
    let mut other = Player::new(server.https, 6);
    search(&mut racers, RACE);
    other.search(BATTLE);
    server.settle();
    ends_in_time(server, "-TERM", || {
        meet(&mut racers);
        stays_alone(&mut other);
        assert!(other.client.end().is_empty());
    });
}

#[test]
fn who_waits_is_answered_at_ctrl_c() {
    let server = patient_server();
    let mut player = Player::new(server.https, 1);
    player.search(RACE);
    server.settle();
    ends_in_time(server, "-INT", || {
        stays_alone(&mut player);
    });
}

#[test]
fn idle_and_stuck_clients_do_not_delay_the_end() {
    let server = patient_server();
    let _idle = Player::new(server.https, 1);
    let _silent = connect(server.https);
    let mut half_a_request = Client::plain(server.http);
    half_a_request.send(&get("/")[..10]);
    let mut half_a_hello = connect(server.https);
    half_a_hello.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let mut deaf = Client::tls_over(with_small_window(server.https), &tls::game());
    send_logins(&server, &mut deaf, MORE_THAN_FITS);
    server.settle();
    ends_in_time(server, "-TERM", || {});
}
