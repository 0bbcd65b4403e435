use alloc::vec::Vec;
use core::time::Duration;

use super::{Rate, SETTLING, Waiting};
use crate::{AddressRange, seam::Wall, wire::http};

/// How much anybody may ask of the server. All defaults are our choice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Sizes of one request.
    pub http: http::Limits,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address (of IPv6 on the internet: from one /64).
    pub connections_per_address: u32,
    /// Requests from one address. An honest game makes one a second at its busiest, and a dozen at its start.
    pub requests: Rate,
    /// Proxies that say by `X-Forwarded-For` whose requests they pass on. What limits requests, and what the service
    /// sees, is then their client's address; of connections they may have as many as there are.
    pub trusted_proxies: Vec<AddressRange>,
    /// Bytes that a client may send ahead while its request is held.
    pub parked: usize,
    /// Bytes that the unfinished requests of all connections may occupy together. Beyond it, requests that do not arrive
    /// at once are refused.
    #[serde(default = "unfinished")]
    pub unfinished: usize,
    /// From opening a connection to a whole head (a TLS handshake included), and from a head's first byte to its last.
    pub head_time: Duration,
    /// From the end of a head to the end of its body.
    pub body_time: Duration,
    /// Between an answer and the next request. Longer than the 60 s for which nginx and others keep a connection to a
    /// server behind them: the side that sends must be the one that closes, or requests are lost now and then.
    pub idle_time: Duration,
    /// The longest that any request may be held, lest a mistake of the game's keep one for ever.
    pub hold_time: Duration,
    /// When the program was built, or earlier: no wall clock before it can be right.
    #[serde(default = "never")]
    pub built: Wall,
    /// How long the wall clock must agree with the monotonic one before a season begins: after a start, and after a jump
    /// of less than 400 days.
    #[serde(default = "clock_wait")]
    pub clock_wait: Duration,
}

const fn never() -> Wall {
    Wall::from_millis(i64::MIN)
}

const fn clock_wait() -> Duration {
    SETTLING
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http: http::Limits::default(),
            connections: 10_000,
            connections_per_address: 256,
            requests: Rate { per_second: 200, burst: 2000 },
            trusted_proxies: Vec::new(),
            parked: 64 * 1024,
            unfinished: unfinished(),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            idle_time: Duration::from_secs(75),
            hold_time: Duration::from_mins(5),
            built: never(),
            clock_wait: clock_wait(),
        }
    }
}

const fn unfinished() -> usize {
    64 * 1024 * 1024
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
