//! Many at once, each of whom is merely slow, deaf or gone.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::super::{
    client::{Client, PATIENCE, connect, get},
    limits::with_small_window,
    player::login,
    process::Server,
    tls,
};

const REDIRECT: &str = "/MMCOS/redirect_steam_submission3.txt";

/// The time for a head or a handshake is 10 seconds.
const BEFORE_IT_ENDS: Duration = Duration::from_secs(8);
const AFTER_ITS_END: Duration = Duration::from_secs(12);

/// Four hundred who send a byte now and then: a head, plainly and by TLS, a handshake, or nothing at all.
pub(super) fn slow_senders(server: &Server) {
    let (config, start) = (tls::modern(), Instant::now());
    let (head, hello) = (get(&"x".repeat(1000)), tls::hello(&tls::game()));
    let mut plain = crowd(|| Client::plain(server.http));
    let mut tls = crowd(|| Client::tls(server.https, &config));
    let mut shaking = crowd(|| Client::plain(server.https));
    let silent = crowd(|| Client::plain(server.http));
    for (head, hello) in head.chunks(1).zip(hello.chunks(1)) {
        match start.elapsed() {
            early if early < BEFORE_IT_ENDS => send_all(&mut tls, head),
            late if late > AFTER_ITS_END => break,
            // TLS that cannot write what it was given does not read either.
            _ => {}
        }
        send_all(&mut plain, head);
        send_all(&mut shaking, hello);
        thread::sleep(Duration::from_millis(200));
    }
    for mut client in plain.into_iter().chain(tls) {
        assert_eq!(client.answer().status, 408);
        client.end();
    }
    for mut client in shaking.into_iter().chain(silent) {
        let last = client.end();
        assert!(!last.starts_with(b"HTTP"), "{}", last.escape_ascii());
    }
}

/// To whoever still takes it.
fn send_all(clients: &mut [Client], bytes: &[u8]) {
    for client in clients {
        let _ = client.try_send(bytes);
    }
}

fn crowd(mut open: impl FnMut() -> Client) -> Vec<Client> {
    (0..100).map(|_| open()).collect()
}

/// Those who ask for 58 kB again and again and never read them.
pub(super) fn deaf_readers(server: &Server) {
    let mut deaf: Vec<Client> = (0..20).map(|_| Client::plain_over(with_small_window(server.http))).collect();
    for client in &deaf {
        client.tcp().set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    }
    // Each is dropped when a megabyte waits for it, but the system takes some more before that is noticed.
    let start = Instant::now();
    while start.elapsed() < PATIENCE && !deaf.is_empty() {
        deaf.retain_mut(|client| client.try_send(&login(1)).is_ok());
        thread::sleep(Duration::from_millis(5));
    }
    assert!(deaf.is_empty(), "{} may ask for ever", deaf.len());
}

/// Those who end their own side: before anything, in the middle of a head, of a body, of a handshake.
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
