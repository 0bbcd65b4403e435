use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::{
    Rig, Scenario,
    message::{Message, contains},
    scenario::Step,
};
use crate::{
    engine::Limits,
    seam::{Close, ConnId, Wall},
    service::Service,
};

/// A game for scenarios.
pub trait TestGame {
    /// The game.
    type Service: Service<Record: Clone>;

    /// Returns a game without records, with the settings of `config KEY VALUE` lines.
    fn service(&self, config: &[(String, String)]) -> Self::Service;

    /// Returns the limits of the engine.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Makes `given NAME ARGUMENT` true. Returns the value of `{{NAME}}`.
    fn given(&self, _rig: &mut Rig<Self::Service>, name: &str, argument: &str) -> Vec<u8> {
        panic!("given {name} {argument}: this game gives nothing")
    }

    /// Returns the value of a name that is computed rather than found, such as `{{ticket 7}}`. `known` are the values
    /// found so far.
    fn value(&self, _name: &str, _known: &BTreeMap<String, Vec<u8>>) -> Option<Vec<u8>> {
        None
    }

    /// Returns a request that changes nothing, and its whole response at this time. The scenario sends it around each
    /// request, in one piece with it.
    fn probe(&self, _now: Wall) -> Option<[Vec<u8>; 2]> {
        None
    }

    /// Returns another way to write a request, with the same response.
    fn rewrite(&self, request: &[u8]) -> Vec<u8> {
        request.to_vec()
    }
}

/// Delivery of a scenario's requests to the server.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// Each request in one piece.
    Whole,
    /// One byte at a time.
    ByteByByte,
    /// A piece of the first length, then pieces of the second.
    Torn {
        /// Length of the first piece.
        first: usize,
        /// Length of the others.
        then: usize,
    },
    /// In one piece with a [`TestGame::probe`] before and after it.
    Pipelined,
    /// As [`TestGame::rewrite`] returns it.
    Rewritten,
}

/// Result of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Bytes that clients read, in order.
    pub read: Vec<u8>,
    /// Length of the longest request.
    pub longest: usize,
}

impl Scenario {
    /// Plays the scenario in every delivery: whole, byte by byte, pipelined, rewritten, and with every request split
    /// in two at every position. Panics if the result differs from the scenario or between deliveries.
    pub fn check<G: TestGame>(&self, game: &G) {
        let whole = self.play(game, Delivery::Whole);
        let torn = (1..=whole.longest).map(|first| Delivery::Torn { first, then: whole.longest });
        for delivery in
            [Delivery::ByteByByte, Delivery::Pipelined, Delivery::Rewritten].into_iter().chain(torn)
        {
            assert!(self.play(game, delivery).read == whole.read, "{delivery:?} makes a difference");
        }
    }

    /// Plays all steps. Panics if the game's bytes differ from the scenario's, and shows both.
    pub fn play<G: TestGame>(&self, game: &G, delivery: Delivery) -> Played {
        let config = self.steps().filter_map(|(_, step)| match step {
            Step::Config { key, value } => Some((key.clone(), value.clone())),
            _ => None,
        });
        let config: Vec<_> = config.collect();
        let mut scene = Scene {
            rig: Rig::new(game.service(&config), game.limits()),
            game,
            config,
            delivery,
            values: BTreeMap::new(),
            clients: BTreeMap::new(),
            current: String::new(),
            played: Played::default(),
        };
        for (_, step) in self.steps() {
            scene.step(step);
        }
        for (name, client) in &scene.clients {
            assert_eq!(String::from_utf8_lossy(&client.inbox), "", "{name} read more at the end");
        }
        scene.played
    }
}

struct Scene<'g, G: TestGame> {
    game: &'g G,
    config: Vec<(String, String)>,
    rig: Rig<G::Service>,
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

impl<G: TestGame> Scene<'_, G> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Config { .. } => {}
            Step::Given { name, argument } => {
                let value = self.game.given(&mut self.rig, name, argument);
                self.values.insert(name.clone(), value);
            }
            Step::Client(name) => {
                self.current.clone_from(name);
                self.client();
            }
            Step::Send(message) => self.send(message),
            Step::Read(message) => self.read(message),
            Step::Held => assert_eq!(String::from_utf8_lossy(&self.client().inbox), "", "sent too soon"),
            Step::Wait(time) => self.rig.pass(*time),
            Step::Uncommitted => self.rig.hold_commits(),
            Step::Commit => self.rig.commit(),
            Step::Crash => {
                self.rig.crash(self.game.service(&self.config));
                self.clients.clear();
            }
        }
    }

    /// Returns the current client, with the bytes sent to it.
    fn client(&mut self) -> &mut Client {
        let open = || Client { conn: self.rig.open(), inbox: Vec::new() };
        let client = self.clients.entry(self.current.clone()).or_insert_with(open);
        client.inbox.extend(self.rig.read_bytes(client.conn));
        client
    }

    fn send(&mut self, message: &Message) {
        let bytes = message.bytes(|name| self.value(name)).unwrap_or_else(|mismatch| panic!("{mismatch}"));
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
                let probe = self.probe().map(|[request, _]| request).unwrap_or_default();
                self.rig.send(conn, &[&probe, &bytes, &probe].map(Vec::as_slice).concat());
                self.read_probe();
            }
            Delivery::Rewritten => self.rig.send(conn, &self.game.rewrite(&bytes)),
        }
    }

    fn read(&mut self, message: &Message) {
        let inbox = core::mem::take(&mut self.client().inbox);
        let (found, used) =
            message.compare(&inbox, |name| self.value(name)).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        self.values.extend(found);
        let (response, rest) = inbox.split_at(used);
        self.played.read.extend_from_slice(response);
        self.client().inbox = rest.to_vec();
        let conn = self.client().conn;
        let closes = contains(response, b"\r\nConnection: close\r\n");
        assert_eq!(self.rig.closed(conn), closes.then_some(Close::AfterFlush), "closed");
        if matches!(self.delivery, Delivery::Pipelined) && !closes {
            self.read_probe();
        }
    }

    fn probe(&self) -> Option<[Vec<u8>; 2]> {
        self.game.probe(self.rig.wall())
    }

    /// Removes the probe's response from the bytes sent to the client.
    fn read_probe(&mut self) {
        let Some([_, expected]) = self.probe() else { return };
        let inbox = &mut self.client().inbox;
        let rest = inbox.strip_prefix(expected.as_slice()).map(<[u8]>::to_vec);
        *inbox = rest.unwrap_or_else(|| panic!("no probe in {}", String::from_utf8_lossy(inbox)));
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.game.value(name, &self.values).or_else(|| self.values.get(name).cloned())
    }
}
