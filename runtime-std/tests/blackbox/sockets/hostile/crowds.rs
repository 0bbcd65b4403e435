//! Many clients at once that are slow, deaf or gone.

use std::{
    io::ErrorKind,
    thread,
    time::{Duration, Instant},
};

use crate::blackbox::rig::{
    client::{Client, PATIENCE, REDIRECT, connect, get},
    player::login,
    process::Server,
    tls,
};
use crate::blackbox::sockets::limits::with_small_window;

/// Time limits for a head, for a handshake, for a body and for reading a response.
pub(super) const TIMES: [&str; 6] = ["--head-seconds", "4", "--body-seconds", "4", "--read-seconds", "4"];
const BEFORE_ITS_END: Duration = Duration::from_secs(3);
const AFTER_ITS_END: Duration = Duration::from_secs(5);

/// Four hundred clients that send a byte now and then: of a head or a body, with or without TLS, of a handshake, or
/// none.
pub(super) fn slow_senders(server: &Server) {
    let (config, start) = (tls::modern(), Instant::now());
    let mut heads = crowd(|| Client::plain(server.http));
    let mut bodies = crowd(|| Client::plain(server.http));
    let mut by_tls = crowd(|| Client::tls(server.https, &config));
    let mut handshakes = crowd(|| Client::plain(server.https));
    let silent = crowd(|| Client::plain(server.http));
    send_all(&mut bodies, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    for (head, hello) in get(&"x".repeat(1000)).chunks(1).zip(tls::hello(&tls::game()).chunks(1)) {
        match start.elapsed() {
            early if early < BEFORE_ITS_END => send_all(&mut by_tls, head),
            late if late > AFTER_ITS_END => break,
            // TLS that cannot write its bytes does not read either.
            _ => {}
        }
        send_all(&mut heads, head);
        send_all(&mut bodies, head);
        send_all(&mut handshakes, hello);
        thread::sleep(Duration::from_millis(100));
    }
    for mut client in heads.into_iter().chain(bodies).chain(by_tls) {
        assert_eq!(client.answer().status, 408);
        client.end();
    }
    for mut client in handshakes.into_iter().chain(silent) {
        let last = client.end();
        assert!(!last.starts_with(b"HTTP"), "{}", last.escape_ascii());
    }
}

fn crowd(open: impl FnMut() -> Client) -> Vec<Client> {
    std::iter::repeat_with(open).take(80).collect()
}

/// Sends to every client whose connection still takes bytes.
fn send_all(clients: &mut [Client], bytes: &[u8]) {
    for client in clients {
        let _ = client.try_send(bytes);
    }
}

/// Twenty clients that request 58 kB repeatedly and never read it: the server drops each.
pub(super) fn deaf_readers(server: &Server) {
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut deaf = Client::plain_over(with_small_window(server.http));
                deaf.tcp().set_write_timeout(Some(PATIENCE)).unwrap();
                let error = (0..).find_map(|_| deaf.try_send(&login(1)).err()).unwrap();
                let stalls = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!stalls, "it is neither read nor dropped");
            });
        }
    });
}

/// Clients that end their own side: before any byte, in the middle of a head, of a body, of a handshake.
pub(super) fn half_closers(server: &Server) {
    let config = tls::modern();
    let request = login(1);
    let beginnings: [&[u8]; 4] =
        [b"", b"GET / HT", &request[..request.len() - 10], &tls::hello(&config)[..100]];
    for round in 0..100 {
        let beginning = beginnings[round % 4];
        for mut client in [Client::plain(server.http), Client::plain_over(connect(server.https))] {
            let _ = client.try_send(beginning);
            let _ = client.tcp().shutdown(std::net::Shutdown::Write);
            let last = client.end();
            assert!(!last.starts_with(b"HTTP/1.1 2"), "{}", last.escape_ascii());
        }
        let mut tls = Client::tls(server.https, &config);
        tls.send(&get(REDIRECT));
        tls.half_close();
        assert_eq!(tls.answer().status, 200);
        tls.end();
    }
}
