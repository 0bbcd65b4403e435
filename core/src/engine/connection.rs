use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{Due, ExchangeId, Peer, TimerId, timers::Timers};
use crate::{
    seam::{ConnId, Monotonic},
    wire::http::{self, Decoder},
};

/// Capacity that a buffer of an open connection may keep beyond what it holds, in bytes.
const SPARE_CAPACITY: usize = 4 * 1024;

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
    Serving {
        exchange: ExchangeId,
        after: http::Connection,
        head_only: bool,
    },
    Streaming(ExchangeId),
    /// Closed by the engine. Counts against the limits until the adapter reports that it is gone.
    Closing,
}

/// One connection: its client, its phase, and the time that the phase may take.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnId,
    pub(crate) peer: SocketAddr,
    /// Whether it is encrypted, by TLS.
    pub(crate) tls: bool,
    /// Whether a trusted proxy is at the other end.
    pub(crate) proxied: bool,
    pub(crate) inbound: Inbound,
    phase: Phase,
    /// When the phase ends at the latest, if it must.
    deadline: Option<Monotonic>,
    /// Fires no later than `deadline`.
    timer: Option<TimerId>,
}

impl Connection {
    /// A connection whose first head is due at `deadline`.
    pub(crate) fn new<T>(
        id: ConnId,
        peer: Peer,
        proxied: bool,
        deadline: Monotonic,
        timers: &mut Timers<Due<T>>,
    ) -> Self {
        let Peer { address: peer, tls } = peer;
        let phase = Phase::Reading(Waiting::Head);
        let inbound = Inbound::default();
        let mut new = Self { id, peer, tls, proxied, inbound, phase, deadline: None, timer: None };
        new.enter(phase, Some(deadline), timers);
        new
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// The request that the connection owes a response, or the end of one.
    pub(crate) const fn unanswered(&self) -> Option<ExchangeId> {
        match self.phase {
            Phase::Serving { exchange, .. } | Phase::Streaming(exchange) => Some(exchange),
            Phase::Reading(_) | Phase::Closing => None,
        }
    }

    /// Changes phase, deadline and timer together. The only place that does.
    pub(crate) fn enter<T>(
        &mut self,
        phase: Phase,
        deadline: Option<Monotonic>,
        timers: &mut Timers<Due<T>>,
    ) {
        (self.phase, self.deadline) = (phase, deadline);
        // A deadline that moves away keeps its timer: one look when that fires, in place of a new timer at every request.
        if let Some(late) = self.timer.take_if(|timer| deadline.is_none_or(|deadline| deadline < timer.at()))
        {
            timers.cancel(late);
        }
        if self.timer.is_none() {
            self.timer = deadline.map(|deadline| timers.set(deadline, Due::Connection(self.id)));
        }
        debug_assert!(
            self.timer.map(TimerId::at) <= self.deadline && self.timer.is_some() == self.deadline.is_some(),
            "a connection's timer fires no later than its deadline"
        );
    }

    /// Takes note that the timer has fired. Returns whether the deadline has passed; if not, sets the timer again.
    pub(crate) fn timer_fired<T>(&mut self, now: Monotonic, timers: &mut Timers<Due<T>>) -> bool {
        self.timer = None;
        let is_overdue = self.deadline.is_some_and(|deadline| deadline <= now);
        if !is_overdue {
            self.enter(self.phase, self.deadline, timers);
        }
        is_overdue
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

    /// Bytes that the connection occupies until its next request is whole.
    pub(crate) fn held(&self) -> usize {
        self.parked.capacity().saturating_add(self.decoder.held())
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
            } else if used > 0 {
                // What is left of a large request would keep all of its buffer for as long as the connection lives.
                self.parked.shrink_to(self.parked.len().saturating_add(SPARE_CAPACITY));
            }
        }
        self.decoder.release();
    }
}
