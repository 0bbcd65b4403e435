//! Clients that take too much: the server drops each, and no other client notices.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::blackbox::rig::{
    client::{Client, PATIENCE, REDIRECT, connect, get},
    player::login,
    process::Server,
    tls,
};

/// Opens a connection that buffers little before it is read.
pub(in crate::blackbox) fn with_small_window(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let tcp: TcpStream = socket.into();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

/// Number of responses to logins that fill the system's buffers and some of the server's.
pub(in crate::blackbox) const MORE_THAN_FITS: usize = 60;

/// Sends logins one by one, each after the response to the one before.
pub(in crate::blackbox) fn send_logins(server: &Server, client: &mut Client, count: usize) {
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
    for is_tls in [false, true] {
        let server = Server::start_with(&["--read-seconds", "1"]);
        let mut deaf = if is_tls {
            Client::tls_over(with_small_window(server.https), &tls::game())
        } else {
            Client::plain_over(with_small_window(server.http))
        };
        deaf.tcp().set_write_timeout(Some(PATIENCE)).unwrap();
        let mut other = Client::tls(server.https, &tls::game());
        let start = Instant::now();
        // 58 kB for each: more than any limit long before the last one.
        while deaf.try_send(&login(1)).is_ok() {
            other.ask(&get(REDIRECT)).ok();
            assert!(start.elapsed() < PATIENCE, "it may send for ever");
        }
        server.logs("does not read");
        other.ask(&get(REDIRECT)).ok();
    }
}

#[test]
fn who_asks_far_ahead_of_reading_gets_all() {
    let server = Server::start();
    let count = 2 * MORE_THAN_FITS;
    let requests = login(1).repeat(count);
    for mut client in [Client::plain(server.http), Client::tls(server.https, &tls::game())] {
        client.send(&requests);
        for _ in 0..count {
            assert!(client.answer().ok().body.len() > 50_000);
        }
    }
}

#[test]
fn a_head_a_body_and_an_idle_connection_have_their_time() {
    let server = Server::start_with(&["--head-seconds", "1", "--body-seconds", "2", "--idle-seconds", "3"]);
    let waits = |sent: &[u8], seconds: f64| {
        let mut client = Client::plain(server.http);
        client.send(sent);
        let start = Instant::now();
        (client, start, seconds)
    };
    let head = waits(b"GET / HT", 1.0);
    let body = waits(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", 2.0);
    let idle = waits(&get(REDIRECT), 3.0);
    for ((mut client, start, seconds), status) in [(head, 408), (body, 408), (idle, 200)] {
        assert_eq!(client.answer().status, status);
        client.end();
        let took = start.elapsed().as_secs_f64();
        assert!((seconds - 0.1..seconds + 5.0).contains(&took), "{took} s in place of {seconds}");
    }
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
    let start = Instant::now();
    let mut second = Client::plain(server.http);
    // A full server responds before it gets a request.
    assert_eq!(second.answer().status, 503);
    second.end();
    let mut by_tls = Client::plain_over(connect(server.https));
    assert!(by_tls.end().is_empty(), "there is no handshake for a client over its limit");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    first.ask(&get(REDIRECT)).ok();
    drop(first);
    let start = Instant::now();
    while Client::plain(server.http).ask(&get(REDIRECT)).status == 503 {
        assert!(start.elapsed() < PATIENCE, "who has gone still counts");
    }
}
