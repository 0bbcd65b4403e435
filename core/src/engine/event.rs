use core::net::SocketAddr;

use crate::wire::http;

/// What a host may want to know of connections. Games turn it into events of their own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Event {
    /// Bytes that are no request; the connection was answered and closed.
    #[error("{peer} sent something that is not a proper request: {error}")]
    BadRequest {
        /// Who.
        peer: SocketAddr,
        /// What was wrong with it.
        error: http::Error,
    },
    /// A request did not arrive in time; the connection was answered and closed.
    #[error("{peer} took too long to send {}", if *waiting_for_body { "the body of a request" } else { "a request" })]
    TooSlow {
        /// Who.
        peer: SocketAddr,
        /// Whether its head had come.
        waiting_for_body: bool,
    },
    /// A connection was turned away.
    #[error("turned {peer} away: {}", if *in_all { "the server holds as many connections as it may" } else { "it holds as many connections as one address may" })]
    TooManyConnections {
        /// Who.
        peer: SocketAddr,
        /// Whether it is the limit on all connections, not the one on this address's.
        in_all: bool,
    },
    /// An address asks more often than one may; its requests are answered 429. Told once, until it has had a rest.
    #[error("{peer} asks more often than one address may: refused until it pauses")]
    TooManyRequests {
        /// Who; the port may be a proxy's.
        peer: SocketAddr,
    },
    /// A client sent more ahead, while a request of its was held, than it may; the connection was dropped.
    #[error("{peer} sent too much before its last request was answered")]
    TooFarAhead {
        /// Who.
        peer: SocketAddr,
    },
    /// The game held a request longer than any may be; it was answered 503.
    #[error("a request of {peer} was never answered by the game")]
    HeldTooLong {
        /// Who.
        peer: SocketAddr,
    },
}
