use alloc::vec::Vec;
use core::time::Duration;

use super::{Rate, SETTLING, Waiting};
use crate::{AddressRange, seam::Wall, wire::http};

/// Limits of what clients may use of the server. All defaults are our choice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
// A trace of an earlier version may lack a limit.
#[serde(default)]
pub struct Limits {
    /// Sizes of one request.
    pub http: http::Limits,
    /// Maximum number of connections at a time.
    pub connections: usize,
    /// Maximum number of connections at a time from one address (of IPv6 on the internet: from one /64).
    pub connections_per_address: u32,
    /// Rate of requests from one address. An honest game sends one a second at its busiest, and a dozen at its start.
    pub requests: Rate,
    /// Proxies that name their clients, before the first bytes of a connection or in `X-Forwarded-For`. The service and the request limits then see the client's
    /// address; the proxies' connections count against the total limit only.
    pub trusted_proxies: Vec<AddressRange>,
    /// Bytes that a client may send ahead while its request is held.
    pub parked: usize,
    /// Bytes that the unfinished requests of all connections may occupy together. Beyond it, requests that do not
    /// arrive at once are rejected.
    pub unfinished: usize,
    /// Time from opening a connection to a whole head (a TLS handshake included), and from a head's first byte to its
    /// last.
    pub head_time: Duration,
    /// Time from the end of a head to the end of its body.
    pub body_time: Duration,
    /// Time between a response and the next request. Longer than the 60 s for which nginx and others keep a
    /// connection to a server behind them: the side that sends must be the one that closes, or requests are lost now
    /// and then.
    pub idle_time: Duration,
    /// Maximum time that a request may be held, in case a bug of the game never responds to it.
    pub hold_time: Duration,
    /// Build time of the program, or earlier: no wall clock before it can be right.
    pub built: Wall,
    /// Time for which the wall clock must agree with the monotonic one before a season begins: after a start, and
    /// after a jump of less than 400 days.
    pub clock_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http: http::Limits::default(),
            connections: 10_000,
            connections_per_address: 256,
            // For 200 games behind one router, as at a LAN party that plays over the internet (decision 26).
            requests: Rate { per_second: 200, burst: 2000 },
            trusted_proxies: Vec::new(),
            parked: 64 * 1024,
            // Without this limit, bodies of 256 KB on 10,000 connections would take 2.5 GB, more than small machines have.
            unfinished: 64 * 1024 * 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            idle_time: Duration::from_secs(75),
            // Well beyond a long poll, which the official server held for 25 s (capture 06).
            hold_time: Duration::from_mins(5),
            built: Wall::from_millis(i64::MIN),
            clock_wait: SETTLING,
        }
    }
}

impl Limits {
    pub(super) fn time_for(&self, waiting: Waiting) -> Duration {
        match waiting {
            Waiting::Idle => self.idle_time,
            Waiting::Head => self.head_time,
            Waiting::Body => self.body_time,
        }
    }
}
