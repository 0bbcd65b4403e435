use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{ExchangeId, Peer, TimerId};
use crate::{
    seam::{ListenerId, Monotonic},
    wire::http::{self, Decoder},
};

/// What a connection that is being read waits for; each has a time limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// For the client to want something.
    Idle,
    /// For the rest of a head (or for the first request of a new connection).
    Head,
    /// For the rest of a body.
    Body,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    Reading(Waiting),
    Serving { exchange: ExchangeId, after: http::Connection, head_only: bool },
    Streaming(ExchangeId),
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) listener: ListenerId,
    pub(crate) peer: SocketAddr,
    /// Whether it is a trusted proxy at the other end.
    pub(crate) proxied: bool,
    pub(crate) phase: Phase,
    pub(crate) inbound: Inbound,
    /// When patience ends.
    pub(crate) deadline: Monotonic,
    /// Runs out no later than `deadline`.
    pub(crate) timer: TimerId,
}

impl Connection {
    pub(crate) fn new(peer: Peer, proxied: bool, deadline: Monotonic, timer: TimerId) -> Self {
        let Peer { address: peer, listener } = peer;
        let phase = Phase::Reading(Waiting::Head);
        Self { listener, peer, proxied, phase, inbound: Inbound::default(), deadline, timer }
    }
}

/// The inward side of a connection.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    pub(crate) decoder: Decoder,
    /// Bytes that no request has used yet.
    pub(crate) parked: Vec<u8>,
}

impl Inbound {
    /// What the bytes so far leave to wait for.
    pub(crate) fn waiting(&self) -> Waiting {
        match () {
            () if self.decoder.awaits_body() => Waiting::Body,
            () if self.parked.is_empty() => Waiting::Idle,
            () => Waiting::Head,
        }
    }

    /// Drops the first `used` bytes of what was read, which is `parked` or, if that is empty, `bytes`; parks the
    /// rest. `spare` is a buffer to use, or to give back.
    pub(crate) fn keep_unused(&mut self, used: usize, bytes: &[u8], spare: &mut Vec<u8>) {
        if self.parked.is_empty() {
            let left = bytes.get(used..).unwrap_or_default();
            if !left.is_empty() {
                self.parked = core::mem::take(spare);
                self.parked.extend_from_slice(left);
            }
        } else {
            self.parked.drain(..used.min(self.parked.len()));
            if self.parked.is_empty() {
                let emptied = core::mem::take(&mut self.parked);
                if emptied.capacity() > spare.capacity() {
                    *spare = emptied;
                }
            }
        }
    }
}
