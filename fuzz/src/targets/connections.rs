use std::{fmt, net::Ipv4Addr, time::Duration};

use mmcos_core::{
    engine::{Limits, Rate},
    seam::{ConnId, ListenerKind},
    wire::http::{Decoded, Decoder, Method},
};

use super::{script::Script, values::Values};
use crate::{
    client::{Client, Response, services::SERVICES},
    virtual_time::{VirtualTime, trusting},
};

/// Maximum number of connections at a time.
const CONNECTIONS: usize = 4;
/// The connection by the listener for operators.
const ADMIN: usize = 2;

/// Requests without a session token.
const OTHERS: [&[u8]; 4] = [
    b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\n\
      X-Forwarded-For: [2001:db9::1]:4711, 198.51.100.7\r\n\r\n",
    b"HEAD /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST /MicroMachines/STEAM/1.0/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
      Transfer-Encoding: chunked\r\n\r\n4\r\nvdic\r\n4\r\n\0\0\0\0\r\n0\r\n\r\n",
];

/// Number of kinds of requests.
const KINDS: usize = SERVICES.len() + OTHERS.len();

/// Takes any bytes on several connections: requests as they are, changed or cut, in any pieces, at any times, with
/// any of the connections closed at any time. Pieces make no difference; each request gets one response, in its turn,
/// or the connection ends; and when all clients have gone nothing of them is left.
///
/// # Panics
/// If one of these promises is broken.
pub fn connections(bytes: &[u8]) {
    let whole = Scene::play(bytes, false);
    assert_eq!(whole, Scene::play(bytes, true), "in pieces the same bytes get other responses");
    for life in whole {
        life.check();
    }
}

/// Returns limits with one of the addresses as a proxy; a script can send more than an address may.
fn limits() -> Limits {
    Limits {
        requests: Rate { per_second: 2, burst: 12 },
        trusted_proxies: vec!["10.0.0.3".parse().expect("that is an address")],
        ..Limits::default()
    }
}

/// Everything that was sent over one connection.
#[derive(PartialEq, Eq)]
struct Life {
    sent: Vec<u8>,
    read: Vec<u8>,
    /// The side that ended it.
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The client, which may have left requests without a response.
    Client,
    /// The server: after its last response, or because it stopped.
    Server,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [sent, read] = [&self.sent, &self.read].map(|bytes| bytes.escape_ascii());
        write!(f, "ended by {:?}\nsent {sent}\nread {read}", self.end)
    }
}

struct Scene {
    time: VirtualTime,
    /// Values in the requests of two clients.
    values: [Values; 2],
    in_pieces: bool,
    open: [Option<(ConnId, Life)>; CONNECTIONS],
    lives: Vec<Life>,
}

impl Scene {
    /// Returns all that happens to all connections, in the order of their ends.
    fn play(bytes: &[u8], in_pieces: bool) -> Vec<Life> {
        let mut time = VirtualTime::new(&trusting(), limits(), [3; 32]);
        let mut clients = [1, 2].map(|number| Client::known(&mut time, number));
        let values = clients.each_mut().map(|client| Values::of(&mut time, client));
        let mut scene = Self { time, values, in_pieces, open: Default::default(), lives: Vec::new() };
        let mut script = Script(bytes);
        while let Some(byte) = script.next() {
            scene.happen(byte, &mut script);
        }
        scene.end()
    }

    fn happen(&mut self, byte: u8, script: &mut Script<'_>) {
        let place = usize::from(byte & 3);
        match byte >> 2 & 7 {
            0 => self.send(place, script.bytes(usize::from(byte >> 5) * 8), byte),
            1 | 2 => self.send(place, &self.request(script.byte()), byte),
            3 => self.send(place, &changed(self.request(script.byte()), script), byte),
            4 => {
                let mut request = self.request(script.byte());
                request.truncate(script.number() % request.len());
                self.send(place, &request, byte);
            }
            5 => self.time.pass(Duration::from_millis(500) * u32::from(script.byte())),
            6 => self.time.pass(Duration::from_millis(1) * u32::from(script.byte())),
            _ => self.close(place),
        }
    }

    /// Returns a request that makes sense: each kind of the first client's, then of the second's, and so on.
    fn request(&self, number: u8) -> Vec<u8> {
        let (client, kind) = (usize::from(number) / KINDS, usize::from(number) % KINDS);
        match SERVICES.get(kind) {
            Some(service) => service.request(&self.values[client % 2].fill(service.sample)),
            None => OTHERS[kind - SERVICES.len()].to_vec(),
        }
    }

    fn send(&mut self, place: usize, bytes: &[u8], byte: u8) {
        let Self { time, open, .. } = self;
        let listener = if place == ADMIN { ListenerKind::Admin } else { ListenerKind::Plain };
        let (conn, life) = open[place].get_or_insert_with(|| {
            (
                time.open_at(listener, Ipv4Addr::new(10, 0, 0, byte & 3)),
                Life { sent: Vec::new(), read: Vec::new(), end: End::Server },
            )
        });
        let piece = if self.in_pieces { usize::from(byte >> 5) + 1 } else { usize::MAX };
        // Bytes sent after a close are ignored.
        if !time.is_closed(*conn) {
            life.sent.extend_from_slice(bytes);
        }
        bytes.chunks(piece).for_each(|piece| time.send(*conn, piece));
    }

    fn close(&mut self, place: usize) {
        let Some((conn, mut life)) = self.open[place].take() else { return };
        if !self.time.is_closed(conn) {
            life.end = End::Client;
        }
        life.read = self.time.take_received(conn);
        self.time.close(conn);
        self.lives.push(life);
    }

    /// Closes the connections of the upper half from the client's side; the server closes the rest.
    fn end(mut self) -> Vec<Life> {
        (CONNECTIONS / 2..CONNECTIONS).for_each(|place| self.close(place));
        self.time.shut_down(Duration::from_secs(2));
        self.time.pass(Duration::from_secs(2));
        assert!(self.time.server().is_idle(), "a connection outlived the server");
        self.time.pass(Duration::from_secs(5));
        assert_eq!(self.time.server().service().matchmaker().load().tickets, 0, "a ticket is left");
        (0..CONNECTIONS).for_each(|place| self.close(place));
        self.lives
    }
}

/// The response that a request must get.
enum Due {
    Continue,
    Response { head_only: bool },
    Rejection(u16),
}

impl Life {
    /// Checks that the bytes read are one response for each request, in order, then at most a last one.
    fn check(&self) {
        let mut read = self.read.clone();
        for due in dues(&self.sent) {
            if read.is_empty() {
                let excused = self.end == End::Client || self.sent.len() > limits().parked;
                return assert!(excused, "a request without a response: {self:?}");
            }
            let has_body = !matches!(due, Due::Response { head_only: true });
            let response = Response::take_from(&mut read, has_body).expect("a response is whole");
            let fits = match due {
                Due::Continue => response.status == 100,
                Due::Response { .. } => (200..504).contains(&response.status),
                Due::Rejection(status) => response.status == status && closes(&response),
            };
            assert!(fits || is_too_slow(&response), "{} {self:?}", response.status);
            if closes(&response) {
                return assert!(read.is_empty(), "more after the last response: {self:?}");
            }
        }
        if !read.is_empty() {
            let last = Response::take(&mut read).expect("a response is whole");
            assert!(is_too_slow(&last) && read.is_empty(), "more responses than requests: {self:?}");
        }
    }
}

fn closes(response: &Response) -> bool {
    response.head.contains("\r\nConnection: close\r\n")
}

fn is_too_slow(response: &Response) -> bool {
    response.status == 408 && closes(response)
}

/// Returns the responses due for all that a client sent.
fn dues(sent: &[u8]) -> Vec<Due> {
    let mut decoder = Decoder::default();
    let mut dues = Vec::new();
    let mut rest = sent;
    loop {
        match decoder.decode(rest, &limits().http) {
            Ok(Decoded::Request { request, consumed }) => {
                dues.push(Due::Response { head_only: request.method() == Method::Head });
                rest = &rest[consumed..];
            }
            Ok(Decoded::Continue) => dues.push(Due::Continue),
            Err(error) => {
                dues.push(Due::Rejection(error.status().code()));
                return dues;
            }
            Ok(Decoded::Incomplete) => return dues,
        }
    }
}

/// Changes some bytes of a request.
fn changed(mut request: Vec<u8>, script: &mut Script<'_>) -> Vec<u8> {
    for _ in 0..=script.byte() % 4 {
        let at = script.number() % request.len();
        request[at] = script.byte();
    }
    request
}
