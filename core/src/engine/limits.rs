use core::time::Duration;

use super::Waiting;
use crate::wire::http;

/// How much anybody may ask of the server. All defaults are our choice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Sizes of one request.
    pub http: http::Limits,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address.
    pub connections_per_address: u32,
    /// Bytes that a client may send ahead while its request is held.
    pub parked: usize,
    /// From opening a connection to a whole head (a TLS handshake included), and from a head's first byte to its last.
    pub head_time: Duration,
    /// From the end of a head to the end of its body.
    pub body_time: Duration,
    /// Between an answer and the next request.
    pub idle_time: Duration,
    /// The longest that any request may be held, lest a mistake of the game's keep one for ever.
    pub hold_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http: http::Limits::default(),
            connections: 10_000,
            connections_per_address: 256,
            parked: 64 * 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            idle_time: Duration::from_mins(1),
            hold_time: Duration::from_mins(5),
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
