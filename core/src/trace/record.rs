use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use core::fmt;

use super::{
    EffectLine, InputLine, Start,
    redact::{Addresses, Redactor, Requests},
};
use crate::{
    game::Game,
    seam::{Bytes, ConnId, Effect, Input, Now},
    service::LogEvent,
    wire::http::Limits,
};

/// Records a run without its secrets: returns the lines of its trace, without line ends.
///
/// Of the bytes that clients send, a trace shows only those that the core reads and the game's [`Redactor`] allows.
/// Addresses are replaced by numbered ones in the order of their appearance, also in `X-Forwarded-For`, except
/// loopback and trusted proxies. Stand-ins for secrets are used in both directions, so the trace replays to the very
/// bytes that were sent.
pub struct Recorder<G: Game> {
    redactor: G::Redactor,
    addresses: Addresses,
    limits: Limits,
    /// Received bytes of each connection that may still turn out to be secret.
    requests: BTreeMap<ConnId, Requests>,
}

impl<G: Game> fmt::Debug for Recorder<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl<G: Game> Recorder<G> {
    /// Returns a recorder of a server that was made from `start`, and the beginning of its trace, with the game's
    /// current records. `entropy` is random and secret.
    pub fn new(start: &Start<G>, game: &G, entropy: [u8; 32]) -> (Self, Start<G>) {
        let redactor = G::Redactor::new(start, entropy);
        let records = game.rows().filter(|record| redactor.shows_record(record)).collect();
        let start = Start { records, ..redactor.start(start) };
        let addresses = Addresses::except(&start.limits.trusted_proxies);
        let (limits, requests) = (start.limits.http, BTreeMap::new());
        (Self { redactor, addresses, limits, requests }, start)
    }

    /// Returns the line of an input.
    pub fn input(&mut self, now: Now, input: Input<'_>) -> String {
        let line = |input| InputLine { now, input }.to_string();
        match input {
            Input::Opened { conn, peer, listener } => {
                self.requests.insert(conn, Requests::default());
                line(Input::Opened { conn, peer: self.addresses.stand_in(peer), listener })
            }
            Input::Proxied { conn, client } => {
                line(Input::Proxied { conn, client: client.map(|client| self.addresses.stand_in(client)) })
            }
            Input::Received { conn, bytes } => {
                let Self { requests, redactor, addresses, limits } = self;
                let shown = requests.get_mut(&conn);
                let shown = shown.map(|requests| requests.pass::<G>(bytes, limits, redactor, addresses));
                line(Input::Received { conn, bytes: &shown.unwrap_or_default() })
            }
            Input::Closed { conn } | Input::Stalled { conn } => {
                self.requests.remove(&conn);
                line(input)
            }
            Input::Ended { .. }
            | Input::Tick
            | Input::Committed { .. }
            | Input::Storage(_)
            | Input::Shutdown { .. } => line(input),
        }
    }

    /// Returns the line of an effect, if it has one.
    pub fn effect(&mut self, effect: &Effect<'_, G::Record, LogEvent<G::Event>>) -> Option<EffectLine> {
        match effect {
            Effect::Send { conn, bytes } => {
                let shown = self.redactor.sent(bytes);
                let shown: Effect<'_, G::Record, LogEvent<G::Event>> =
                    Effect::Send { conn: *conn, bytes: Bytes::Borrowed(&shown) };
                EffectLine::of(&shown)
            }
            Effect::Persist(record) if !self.redactor.shows_record(record) => None,
            Effect::Close { conn, .. } => {
                self.requests.remove(conn);
                EffectLine::of(effect)
            }
            Effect::Persist(_) | Effect::Log(_) => EffectLine::of(effect),
        }
    }
}
