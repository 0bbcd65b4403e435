//! Plays a fixture against a server, in one of several manners of delivery.

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{
    mmcos::{
        Mmcos,
        session::{Session, SessionKey},
    },
    seam::{Close, ConnId},
    wire::http,
};

use super::{
    fixture::{Message, Piece, Step},
    rig::{Rig, START},
    world::{self, trusting},
};

/// How the bytes of a fixture's requests reach the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivery {
    Whole,
    ByteByByte,
    /// So many bytes, then pieces of so many.
    Torn {
        first: usize,
        then: usize,
    },
    /// With [`PROBE`] before and behind, in one piece.
    Pipelined,
    /// With `/MMCOS` left out where it stands, put in where it does not.
    OtherPrefix,
}

const PROBE: &[u8] = b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: probe\r\n\r\n";

/// What came of a scene.
pub(crate) struct Played {
    /// All that clients read, in order.
    pub(crate) read: Vec<u8>,
    /// The length of the longest request.
    pub(crate) longest: usize,
}

/// Plays all steps. Whatever differs from the fixture is a panic that shows both.
pub(crate) fn play(steps: &[Step], delivery: Delivery) -> Played {
    let mut config = trusting();
    for step in steps {
        if let Step::Config { key, value } = step {
            configure(&mut config, key, value);
        }
    }
    let mut scene = Scene {
        rig: world::rig(config),
        delivery,
        values: BTreeMap::new(),
        clients: BTreeMap::new(),
        current: String::new(),
        played: Played { read: Vec::new(), longest: 0 },
    };
    for step in steps {
        scene.step(step);
    }
    for (name, client) in &scene.clients {
        assert_eq!(String::from_utf8_lossy(&client.inbox), "", "{name} read more at the end");
    }
    scene.played
}

fn configure(config: &mut mmcos_core::mmcos::Config, key: &str, value: &str) {
    match key {
        "message" => config.message = Some(value.into()),
        "maintenance" => config.maintenance = value == "true",
        "session_seconds" => config.session_lifetime = Duration::from_secs(value.parse().expect(value)),
        _ => panic!("{key} is not to be configured"),
    }
}

struct Scene {
    rig: Rig<Mmcos>,
    delivery: Delivery,
    values: BTreeMap<String, Vec<u8>>,
    clients: BTreeMap<String, Client>,
    current: String,
    played: Played,
}

struct Client {
    conn: ConnId,
    inbox: Vec<u8>,
}

impl Scene {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Config { .. } => {}
            Step::Given { name, steam_id } => {
                let token = world::login(&mut self.rig, *steam_id, name);
                self.values.insert(name.clone(), token.into_bytes());
            }
            Step::Client(name) => {
                self.current.clone_from(name);
                self.client();
            }
            Step::Send(message) => self.send(message),
            Step::Read(message) => self.read(message),
            Step::Held => assert_eq!(String::from_utf8_lossy(&self.client().inbox), "", "sent too soon"),
            Step::Wait(time) => self.rig.pass(*time),
        }
    }

    /// The client that the fixture talks about, with all that it has been sent.
    fn client(&mut self) -> &mut Client {
        let open = || Client { conn: self.rig.open(), inbox: Vec::new() };
        let client = self.clients.entry(self.current.clone()).or_insert_with(open);
        client.inbox.extend(self.rig.read_bytes(client.conn));
        client
    }

    fn send(&mut self, message: &Message) {
        let body = self.fill(&message.body, 0);
        let mut bytes = self.fill(&message.head, body.len());
        bytes.extend_from_slice(&body);
        self.played.longest = self.played.longest.max(bytes.len());
        let conn = self.client().conn;
        match self.delivery {
            Delivery::Whole => self.rig.send(conn, &bytes),
            Delivery::ByteByByte => bytes.chunks(1).for_each(|byte| self.rig.send(conn, byte)),
            Delivery::Torn { first, then } => {
                let (first, rest) = bytes.split_at(first.min(bytes.len()));
                self.rig.send(conn, first);
                rest.chunks(then).for_each(|piece| self.rig.send(conn, piece));
            }
            Delivery::Pipelined => {
                self.rig.send(conn, &[PROBE, &bytes, PROBE].concat());
                self.read_probe();
            }
            Delivery::OtherPrefix => self.rig.send(conn, &other_prefix(&bytes)),
        }
    }

    fn read(&mut self, message: &Message) {
        let pieces = [message.head.as_slice(), &message.body].concat();
        let inbox = std::mem::take(&mut self.client().inbox);
        let used = self.compare(&pieces, &inbox);
        let (answer, rest) = inbox.split_at(used);
        self.played.read.extend_from_slice(answer);
        self.client().inbox = rest.to_vec();
        let conn = self.client().conn;
        let closes = contains(answer, b"\r\nConnection: close\r\n");
        assert_eq!(self.rig.closed(conn), closes.then_some(Close::AfterFlush), "closed");
        if matches!(self.delivery, Delivery::Pipelined) && !closes {
            self.read_probe();
        }
    }

    /// Takes the answer to [`PROBE`] off what the client has been sent.
    fn read_probe(&mut self) {
        let date = http::Date::at(self.rig.wall());
        let expected = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: {}\r\nContent-Length: 4\r\n\r\nLive",
            date.as_str()
        );
        let inbox = &mut self.client().inbox;
        let rest = inbox.strip_prefix(expected.as_bytes()).map(<[u8]>::to_vec);
        *inbox = rest.unwrap_or_else(|| panic!("no probe in {}", String::from_utf8_lossy(inbox)));
    }

    fn fill(&self, pieces: &[Piece], length: usize) -> Vec<u8> {
        let bytes = pieces.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.clone(),
            Piece::Length => length.to_string().into_bytes(),
            Piece::Value(name) => self.value(name).unwrap_or_else(|| panic!("{name} has no value yet")),
            Piece::Anything => panic!("nobody can send just anything"),
        });
        bytes.collect::<Vec<_>>().concat()
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        match name.split_once(' ') {
            Some(("ticket", id)) => Some(world::platform_id(id.parse().expect(id)).into_bytes()),
            Some(("forged", name)) => {
                let token = str::from_utf8(self.values.get(name)?).expect("a token is ASCII");
                Some(forged(token).into_bytes())
            }
            _ => self.values.get(name).cloned(),
        }
    }

    /// Compares the start of what was read with what should be there, takes the values it finds, and says how long
    /// it is.
    fn compare(&mut self, expected: &[Piece], read: &[u8]) -> usize {
        let mut at = 0;
        let mut length = None;
        for (index, piece) in expected.iter().enumerate() {
            let rest = &read[at..];
            let known = match piece {
                Piece::Bytes(bytes) => Some(bytes.clone()),
                Piece::Value(name) => self.value(name),
                Piece::Length | Piece::Anything => None,
            };
            let Some(known) = known else {
                let Some(Piece::Bytes(next)) = expected.get(index + 1) else { panic!("text must follow") };
                let found = find(rest, next).unwrap_or_else(|| differ(next, rest));
                let found = &rest[..found];
                match piece {
                    Piece::Length => length = Some(found.to_vec()),
                    Piece::Value(name) => {
                        let plain = !found.is_empty() && !found.iter().any(|byte| b"<\r\n".contains(byte));
                        assert!(plain, "{name} would be {:?}", String::from_utf8_lossy(found));
                        self.values.insert(name.clone(), found.to_vec());
                    }
                    _ => {}
                }
                at += found.len();
                continue;
            };
            assert!(rest.starts_with(&known), "{}", differ::<String>(&known, rest));
            at += known.len();
        }
        if let Some(length) = length {
            let body = find(read, b"\r\n\r\n").map(|end| at - end - 4);
            assert_eq!(body.map(|body| body.to_string().into_bytes()), Some(length), "Content-Length");
        }
        at
    }
}

fn differ<T>(expected: &[u8], read: &[u8]) -> T {
    let shown = &read[..read.len().min(2_000)];
    panic!("expected {:?}\nread {:?}", String::from_utf8_lossy(expected), String::from_utf8_lossy(shown));
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    (0..=text.len().checked_sub(part.len())?).find(|at| text[*at..].starts_with(part))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

fn other_prefix(request: &[u8]) -> Vec<u8> {
    let (from, to): (&[u8], &[u8]) =
        if contains(request, b" /MMCOS/") { (b" /MMCOS/", b" /") } else { (b" /", b" /MMCOS/") };
    let Some(at) = find(request, from) else { return request.to_vec() };
    [&request[..at], to, &request[at + from.len()..]].concat()
}

/// A token for the same account, under another key.
fn forged(token: &str) -> String {
    let now = mmcos_core::seam::Wall::from_secs(START);
    let session: Session = world::session_key().verify(token, now).expect("the given token is good");
    SessionKey::new(&[0xEE; 32], Duration::from_hours(1)).issue(&session)
}
