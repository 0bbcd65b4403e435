//! The conformance suite holds for this server, and fails for one that is broken.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

use crate::blackbox::rig::{
    client::{self, Client, connect},
    process::Server,
    tls,
};
use suite::Suite;

#[path = "../../../examples/conformance/suite.rs"]
mod suite;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/mmcos/tests/conformance");
const POLL: Duration = Duration::from_secs(3);

/// Changes of requests and responses that do not change their length, and fixtures that fail for them.
const BREAKS: [(&str, &str, &str); 10] = [
    ("redirect", "Content-Type: text/plain", "Content-Type: text/plaid"),
    ("redirect", "Date:", "Data:"),
    ("server_status", r#"accessible="true""#, r#"accessible="yes!""#),
    ("server_status", "Content-Length:", "Content-Lenght:"),
    ("errors", "HTTP/1.1 404", "HTTP/1.1 200"),
    ("errors", "<Error>", "<Fault>"),
    ("title", "title_box_007", "title_box_008"),
    ("leaderboards", "<Name>ann</Name>", "<Nick>ann</Nick>"),
    ("egonet", "XUID", "xuid"),
    // The server responds at once in place of holding the request.
    ("cancel", "Requirements>false</", "Requirements>true </"),
];

#[test]
fn this_server_conforms() {
    let server = Server::start();
    conforms(|| Ok(Client::plain(server.http)));
    conforms(|| Ok(Client::tls(server.https, &tls::game())));
}

/// Plays every fixture on connections that `open` makes.
pub(super) fn conforms(open: impl Fn() -> io::Result<Client>) {
    let suite = Suite::new(open, POLL);
    for file in fs::read_dir(FIXTURES).unwrap().map(|file| file.unwrap().path()) {
        let fixture = fs::read_to_string(&file).unwrap();
        suite.play(&fixture).unwrap_or_else(|mismatch| panic!("{}, {mismatch}", file.display()));
    }
}

#[test]
fn a_broken_server_does_not_conform() {
    let server = Server::start();
    let play = |name: &str, from, to| {
        let broken = relay(server.http, from, to);
        let fixture = fs::read_to_string(Path::new(FIXTURES).join(name).with_extension("http")).unwrap();
        Suite::new(|| Ok(Client::plain(broken)), POLL).play(&fixture)
    };
    assert_eq!(play("redirect", "Live", "Live"), Ok(()), "through the relay");
    for (name, from, to) in BREAKS {
        let mismatch = play(name, from, to).expect_err(to);
        assert!(mismatch.line > 1, "{name}, {to}: {mismatch:?}");
    }
}

/// Starts a server that relays each request, with a text replaced in the request and the response. Returns its address.
fn relay(server: SocketAddr, from: &'static str, to: &'static str) -> SocketAddr {
    assert_eq!(from.len(), to.len());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            thread::spawn(move || exchange(&mut client.unwrap(), server, from, to));
        }
    });
    address
}

fn exchange(client: &mut TcpStream, server: SocketAddr, from: &str, to: &str) {
    let replaced = |bytes: &mut Vec<u8>| {
        let found: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
        for at in found {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    };
    let mut upstream = connect(server);
    let mut request = vec![0; 64 * 1024];
    // The suite sends a request at once, and none of its requests is long.
    let len = client.read(&mut request).unwrap();
    request.truncate(len);
    replaced(&mut request);
    upstream.write_all(&request).unwrap();
    let mut response = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = upstream.read(&mut buffer) {
        response.extend_from_slice(&buffer[..count]);
        let mut changed = response.clone();
        replaced(&mut changed);
        // Whole responses alone have the text for certain; a client that has one closes the connection.
        if client.write_all(&changed[response.len() - count..]).is_err() {
            return;
        }
    }
}
