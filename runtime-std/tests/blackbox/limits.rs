//! Clients that take too much: each is let go, and nobody else notices.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use super::{
    client::{Client, PATIENCE, connect, get},
    player::login,
    process::Server,
    tls,
};

const REDIRECT: &str = "/redirect_steam_submission3.txt";

/// A connection that takes little before it is read.
pub(super) fn with_small_window(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let tcp: TcpStream = socket.into();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

/// So many answers to logins fill the buffers of the system and some of the server's.
pub(super) const MORE_THAN_FITS: usize = 60;

/// One by one: too many at once look like a client that does not read.
pub(super) fn send_logins(server: &Server, client: &mut Client, count: usize) {
    for _ in 0..count {
        client.send(&login(1));
        server.settle();
    }
}

#[test]
fn a_slow_reader_gets_all() {
    let server = Server::start();
    let plain = Client::plain_over(with_small_window(server.http));
    let tls = Client::tls_over(with_small_window(server.https), &tls::game());
    for mut client in [plain, tls] {
        for count in [1, 15, MORE_THAN_FITS] {
            send_logins(&server, &mut client, count);
            for _ in 0..count {
                assert!(client.answer().ok().body.len() > 50_000);
            }
        }
    }
}

#[test]
fn a_client_that_never_reads_is_dropped_and_others_are_served() {
    let server = Server::start();
    let mut deaf = Client::plain_over(with_small_window(server.http));
    deaf.tcp().set_write_timeout(Some(PATIENCE)).unwrap();
    let mut other = Client::tls(server.https, &tls::game());
    // 58 kB for each: more than any limit long before the last.
    let refused = (0..1000).any(|_| {
        other.ask(&get(REDIRECT)).ok();
        deaf.try_send(&login(1)).is_err()
    });
    assert!(refused, "it may send for ever");
    server.logs("does not read");
    other.ask(&get(REDIRECT)).ok();
}

#[test]
fn a_handshake_that_stalls_is_ended() {
    let server = Server::start();
    let silent = Client::plain_over(connect(server.https));
    let mut talkative = Client::plain_over(connect(server.https));
    talkative.send(&[22, 3, 1, 2, 0, 1, 0, 1, 252]);
    let start = Instant::now();
    for mut stalled in [silent, talkative] {
        stalled.end();
    }
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    Client::tls(server.https, &tls::game()).ask(&get(REDIRECT)).ok();
}

#[test]
fn who_is_one_too_many_is_told_so() {
    let server = Server::start_with(&["--max-connections-per-address", "1"]);
    let mut first = Client::tls(server.https, &tls::game());
    first.ask(&get(REDIRECT)).ok();
    for mut second in [Client::plain(server.http), Client::tls(server.https, &tls::game())] {
        // A busy server answers before it is asked.
        let _ = second.try_send(&get(REDIRECT));
        assert_eq!(second.answer().status, 503);
    }
    let mut stalled = Client::plain_over(connect(server.https));
    let start = Instant::now();
    stalled.end();
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    first.ask(&get(REDIRECT)).ok();
    drop(first);
    server.settle();
    Client::plain(server.http).ask(&get(REDIRECT)).ok();
}
