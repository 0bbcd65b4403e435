//! The two listeners: their protocols, and their responses to the wrong protocol.

use std::{
    io::{Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    CipherSuite, ClientConfig, HandshakeKind, ProtocolVersion,
    crypto::ring::{
        ALL_CIPHER_SUITES,
        cipher_suite::{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
    },
    version::{TLS12, TLS13},
};

use crate::blackbox::rig::{
    client::{Client, REDIRECT, connect, get},
    process::Server,
    tls,
};

fn is_served(client: &mut Client) {
    assert_eq!(client.ask(&get(REDIRECT)).ok().text(), "Live");
}

/// Returns a connection after a response, so that TLS 1.3 has its session tickets.
fn served(server: &Server, config: &Arc<ClientConfig>) -> Client {
    let mut client = Client::tls(server.https, config);
    is_served(&mut client);
    client
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Server::start();
    for mut client in [Client::plain(server.http), Client::tls(server.https, &tls::game())] {
        for _ in 0..20 {
            is_served(&mut client);
        }
    }
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let server = Server::start();
    let status = get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml");
    for mut client in [Client::plain(server.http), Client::tls(server.https, &tls::game())] {
        client.send(&[get(REDIRECT), status.clone(), get("/nowhere"), get(REDIRECT)].concat());
        let bodies = [(); 4].map(|()| client.answer());
        assert_eq!(bodies.each_ref().map(|answer| answer.status), [200, 200, 404, 200]);
        assert_eq!(bodies[3].text(), "Live");
        assert!(bodies[1].text().contains("OnlineServiceStatus"));
    }
}

#[test]
fn a_request_in_pieces_is_a_request() {
    let server = Server::start();
    for mut client in [Client::plain(server.http), Client::tls(server.https, &tls::modern())] {
        for byte in get(REDIRECT) {
            client.send(&[byte]);
        }
        assert_eq!(client.answer().ok().text(), "Live");
    }
}

#[test]
fn tls_sessions_are_resumed() {
    let server = Server::start();
    let modern = tls::client(&[&TLS13], ALL_CIPHER_SUITES);
    for (config, version) in [(tls::game(), ProtocolVersion::TLSv1_2), (modern, ProtocolVersion::TLSv1_3)] {
        let first = served(&server, &config);
        assert_eq!(first.session().protocol_version(), Some(version));
        assert_eq!(first.session().handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(first.session().alpn_protocol(), Some(b"http/1.1".as_slice()));
        let second = served(&server, &config);
        assert_eq!(second.session().handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    }
}

#[test]
fn each_client_gets_the_certificate_that_it_can_check() {
    let server = Server::start();
    let suite = |suites: &[_]| {
        let client = served(&server, &tls::client(&[&TLS12], suites));
        client.session().negotiated_cipher_suite().unwrap().suite()
    };
    let (rsa, ecdsa) = (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    assert_eq!(suite(&[rsa]), CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
    assert_eq!(suite(&[rsa, ecdsa]), CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
}

#[test]
fn plain_http_at_the_tls_door_ends_and_harms_nobody() {
    let server = Server::start();
    let mut other = served(&server, &tls::game());
    let mut tcp = connect(server.https);
    tcp.write_all(&get(REDIRECT)).unwrap();
    let mut lost = Client::plain_over(tcp);
    assert!(!lost.end().starts_with(b"HTTP/1.1 200"));
    is_served(&mut other);
}

#[test]
fn tls_at_the_plain_door_ends_and_harms_nobody() {
    let server = Server::start();
    let mut other = Client::plain(server.http);
    let mut lost = Client::tls_over(connect(server.http), &tls::game());
    assert!(lost.try_send(&get(REDIRECT)).is_err(), "it cannot shake hands");
    assert!(lost.end().is_empty());
    is_served(&mut other);
}

#[test]
fn the_end_of_a_connection_is_told_at_once() {
    let server = Server::start();
    let last = b"GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let took = |mut client: Client| {
        let start = Instant::now();
        client.ask(last).ok();
        client.end();
        assert_eq!(client.tcp().read(&mut [0]).unwrap(), 0);
        start.elapsed()
    };
    // The server reads on for a second, so that a reset does not lose its response.
    let at_once = |took: Duration| took < Duration::from_millis(800);
    assert!((0..3).any(|_| at_once(took(Client::plain(server.http)))));
    assert!((0..3).any(|_| at_once(took(Client::tls(server.https, &tls::game())))));
}
