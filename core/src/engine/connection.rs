use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{Due, ExchangeId, Peer, TimerId, timers::Timers};
use crate::{
    seam::{ConnId, ListenerKind, Monotonic},
    wire::http::{self, Decoder},
};

/// Capacity that a buffer of an open connection may keep beyond its contents, in bytes.
const SPARE_CAPACITY: usize = 4 * 1024;

/// The next thing that a connection in phase *reading* waits for. Each has its own time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The client's next request.
    Idle,
    /// The rest of a head (or the first request of a new connection).
    Head,
    /// The rest of a body.
    Body,
}

/// Phase of a connection.
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

/// One connection: its client, its phase, and the deadline of the phase.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnId,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: ListenerKind,
    /// True if a trusted proxy is at the other end.
    pub(crate) proxied: bool,
    pub(crate) inbound: Inbound,
    phase: Phase,
    /// Latest end of the phase, if it has one.
    deadline: Option<Monotonic>,
    /// Fires no later than `deadline`.
    timer: Option<TimerId>,
}

impl Connection {
    /// Returns a connection whose first head is due at `deadline`.
    pub(crate) fn new<T>(
        id: ConnId,
        peer: Peer,
        proxied: bool,
        deadline: Monotonic,
        timers: &mut Timers<Due<T>>,
    ) -> Self {
        let Peer { address: peer, listener } = peer;
        let phase = Phase::Reading(Waiting::Head);
        let inbound = Inbound::default();
        let mut new = Self { id, peer, listener, proxied, inbound, phase, deadline: None, timer: None };
        new.enter(phase, Some(deadline), timers);
        new
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the exchange whose response is not sent, or not complete.
    pub(crate) const fn pending(&self) -> Option<ExchangeId> {
        match self.phase {
            Phase::Serving { exchange, .. } | Phase::Streaming(exchange) => Some(exchange),
            // Closing: `close` has returned its exchange, and each is cancelled only once.
            Phase::Reading(_) | Phase::Closing => None,
        }
    }

    /// Changes phase, deadline and timer together. Nothing else changes them.
    pub(crate) fn enter<T>(
        &mut self,
        phase: Phase,
        deadline: Option<Monotonic>,
        timers: &mut Timers<Due<T>>,
    ) {
        (self.phase, self.deadline) = (phase, deadline);
        // A deadline that moves later keeps its timer: one check when that fires is cheaper than a new timer at every
        // request.
        // One that moves earlier needs a new timer, or idle connections stay open for `hold_time` after a held request.
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

    /// Handles a timer that has fired. Returns true if the deadline has passed; if not, sets the timer again.
    pub(crate) fn timer_fired<T>(&mut self, now: Monotonic, timers: &mut Timers<Due<T>>) -> bool {
        // It is out of the queue, so `enter` must not keep it.
        self.timer = None;
        let is_overdue = self.deadline.is_some_and(|deadline| deadline <= now);
        if !is_overdue {
            self.enter(self.phase, self.deadline, timers);
        }
        is_overdue
    }
}

/// Received bytes of a connection, and their decoder.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    pub(crate) decoder: Decoder,
    /// Bytes that belong to no decoded request yet.
    pub(crate) parked: Vec<u8>,
}

impl Inbound {
    /// Returns what the connection waits for, given the bytes so far.
    pub(crate) fn waiting(&self) -> Waiting {
        match () {
            // First, since the bytes of an unfinished body are parked too.
            () if self.decoder.awaits_body() => Waiting::Body,
            () if self.parked.is_empty() => Waiting::Idle,
            () => Waiting::Head,
        }
    }

    /// Returns the bytes of memory that the connection occupies until its next request is whole.
    pub(crate) fn held(&self) -> usize {
        // The memory counts, not the bytes in it.
        self.parked.capacity().saturating_add(self.decoder.held())
    }

    /// Drops the first `used` bytes of the input, which is `parked` or, if that is empty, `bytes`; parks the rest.
    /// `spare` is a buffer to take, or to return one to.
    pub(crate) fn keep_unused(&mut self, used: usize, bytes: &[u8], spare: &mut Vec<u8>) {
        if self.parked.is_empty() {
            let left = bytes.get(used..).unwrap_or_default();
            if !left.is_empty() {
                // A request that comes in pieces allocates nothing while there is a spare buffer.
                self.parked = core::mem::take(spare);
                self.parked.extend_from_slice(left);
            }
        } else {
            // `used` is never beyond the end; the bound keeps `drain` from panicking.
            self.parked.drain(..used.min(self.parked.len()));
            if self.parked.is_empty() {
                let emptied = core::mem::take(&mut self.parked);
                if emptied.capacity() > spare.capacity() {
                    *spare = emptied;
                }
            } else if used > 0 {
                // Otherwise the rest of a large request would keep the whole buffer allocated as long as the
                // connection lives.
                self.parked.shrink_to(self.parked.len().saturating_add(SPARE_CAPACITY));
            }
        }
        // A keep-alive connection would otherwise hold its last chunked body, up to 256 KB, while it is idle.
        self.decoder.release();
    }
}
