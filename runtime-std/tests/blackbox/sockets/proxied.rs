//! Connections that a proxy passes on unopened, with a header of the PROXY protocol.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::blackbox::rig::{
    client::{Client, PATIENCE, connect, get},
    process::Server,
    tls,
};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Header of version 1 for this client.
fn line(client: Ipv4Addr) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 4711 443\r\n").into_bytes()
}

/// Header of version 2 for this client, with the property that tells the name in its first TLS message.
fn binary(client: Ipv4Addr) -> Vec<u8> {
    let ports = [0x12, 0x67, 1, 187];
    let property = [2, 0, 4, b'h', b'o', b's', b't'];
    [SIGNATURE, &[0x21, 0x11, 0, 19], &client.octets(), &[127, 0, 0, 1], &ports, &property].concat()
}

/// Connects from this address.
pub(in crate::blackbox) fn connect_from(from: &str, address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(from.parse().unwrap(), 0).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    let tcp: TcpStream = socket.into();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

/// Speaks TLS or not, depending on the listener, behind these bytes.
fn client_behind(is_tls: bool, mut tcp: TcpStream, start: &[u8], piece: usize) -> Client {
    tcp.set_nodelay(true).unwrap();
    start.chunks(piece).for_each(|piece| tcp.write_all(piece).unwrap());
    if is_tls { Client::tls_over(tcp, &tls::game()) } else { Client::plain_over(tcp) }
}

fn listener(server: &Server, is_tls: bool) -> SocketAddr {
    if is_tls { server.https } else { server.http }
}

/// Returns the status of the operator's API: 401 for clients of its network, 403 for all others.
fn state(mut client: Client) -> u16 {
    client.ask(&get("/api/v1/status")).ok();
    let request = "GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.ask(request.as_bytes()).status
}

#[test]
fn the_client_that_a_proxy_names_is_the_client() {
    let server =
        Server::start_with(&["--trusted-proxies", "127.0.0.1", "--admin-networks", "203.0.113.0/24"]);
    let (operator, other) = (Ipv4Addr::new(203, 0, 113, 7), Ipv4Addr::new(198, 51, 100, 7));
    let local = [SIGNATURE, &[0x20, 0, 0, 0]].concat();
    for is_tls in [false, true] {
        for piece in [1, 20, usize::MAX] {
            for (start, status) in [
                (line(operator), 401),
                (line(other), 403),
                (binary(operator), 401),
                (binary(other), 403),
                // The proxy itself: a health check.
                (local.clone(), 403),
                (b"PROXY UNKNOWN\r\n".to_vec(), 403),
                // Also a proxy without the protocol is served.
                (Vec::new(), 403),
            ] {
                let tcp = connect(listener(&server, is_tls));
                let client = client_behind(is_tls, tcp, &start, piece);
                assert_eq!(state(client), status, "TLS {is_tls}, {}", start.escape_ascii());
            }
        }
    }
}

#[test]
fn limits_and_log_have_the_named_address() {
    let server =
        Server::start_with(&["--trusted-proxies", "127.0.0.1", "--max-connections-per-address", "1"]);
    for is_tls in [false, true] {
        let client = Ipv4Addr::new(203, 0, 113, if is_tls { 8 } else { 7 });
        let open =
            |header: &[u8]| client_behind(is_tls, connect(listener(&server, is_tls)), header, usize::MAX);
        let mut first = open(&binary(client));
        first.ask(&get("/api/v1/status")).ok();
        let mut second = open(&line(client));
        assert!(second.try_send(&get("/api/v1/status")).is_err() || second.try_answer().is_err());
        server.logs(&format!("refused a connection from {client}:4711: this address has too many"));
        first.ask(&get("/api/v1/status")).ok();
    }
}

#[test]
fn a_header_of_a_stranger_is_garbage() {
    let server = Server::start_with(&["--trusted-proxies", "127.0.0.1"]);
    let trusted = Ipv4Addr::new(192, 168, 1, 20);
    for header in [line(trusted), binary(trusted)] {
        let mut plain = client_behind(false, connect_from("127.0.0.2", server.http), &header, usize::MAX);
        plain.send(&get("/api/v1/status"));
        assert_eq!(plain.answer().status, 400, "{}", header.escape_ascii());
        let mut tls = client_behind(true, connect_from("127.0.0.2", server.https), &header, usize::MAX);
        assert!(tls.try_send(&get("/api/v1/status")).is_err() || tls.try_answer().is_err());
    }
    // The second one is counted, not logged.
    server.logs("127.0.0.2");
    client_behind(true, connect_from("127.0.0.2", server.https), b"", 1).ask(&get("/api/v1/status")).ok();
}

#[test]
fn a_malformed_header_is_closed_and_logged_once() {
    let server = Server::start_with(&["--trusted-proxies", "127.0.0.1"]);
    let mut wrong_version = binary(Ipv4Addr::LOCALHOST);
    wrong_version[12] = 0x31;
    for is_tls in [false, true] {
        for header in [&b"PROXY TCP4 203.0.113.7 nowhere 1 2\r\n"[..], &wrong_version] {
            for _ in 0..10 {
                let mut tcp = connect(listener(&server, is_tls));
                tcp.write_all(header).unwrap();
                assert_eq!(Client::plain_over(tcp).end(), b"");
            }
        }
    }
    server.logs("its header of the PROXY protocol is malformed");
    server.settle();
    let more = server.log_so_far().into_iter().filter(|line| line.contains("warn") && line.contains("PROXY"));
    assert_eq!(more.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_slow_header_has_the_time_of_a_first_request() {
    let server =
        Server::start_with(&["--trusted-proxies", "127.0.0.1", "--head-seconds", "1", "--read-seconds", "1"]);
    for is_tls in [false, true] {
        for start in [&b"P"[..], b"PROXY TCP4 ", SIGNATURE] {
            let (begun, mut tcp) = (Instant::now(), connect(listener(&server, is_tls)));
            tcp.write_all(start).unwrap();
            // As for a client that sends nothing: no request is there to respond to.
            assert_eq!(Client::plain_over(tcp).end(), b"");
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        }
    }
}
