use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{ClockChange, Source};
use crate::{
    AddressRange,
    seam::{Level, Report},
    wire::http,
};

/// A log event about connections, or about the clock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Event {
    /// Bytes that are not a request. The connection got an error response and was closed.
    #[error("{peer} sent an invalid request: {error}")]
    BadRequest {
        /// The client.
        peer: SocketAddr,
        /// The problem.
        error: http::Error,
    },
    /// The header of a trusted proxy is malformed. The connection was dropped.
    #[error(
        "dropped {peer}: it is one of your trusted proxies, but its header of the PROXY protocol is malformed"
    )]
    BadProxyHeader {
        /// The proxy.
        peer: SocketAddr,
    },
    /// A request did not arrive in time. The connection got an error response and was closed.
    #[error("{peer} took too long to send {}", if *waiting_for_body { "the body of a request" } else { "a request" })]
    TooSlow {
        /// The client.
        peer: SocketAddr,
        /// True if the head had arrived.
        waiting_for_body: bool,
    },
    /// A connection was refused.
    #[error(
        "refused a connection from {peer}: {} has too many open connections",
        if *in_all { "the server" } else { "this address" }
    )]
    TooManyConnections {
        /// The client.
        peer: SocketAddr,
        /// True for the limit on all connections, false for the limit on those of one address.
        in_all: bool,
    },
    /// An address sends requests too often. They get status 429.
    #[error("{peer} sends too many requests: they are rejected until it pauses")]
    TooManyRequests {
        /// The client; the port may be a proxy's.
        peer: SocketAddr,
    },
    /// A client sent more than allowed ahead while its request was held. The connection was dropped.
    #[error("dropped {peer}: it sent too many bytes before the response to its last request")]
    TooFarAhead {
        /// The client.
        peer: SocketAddr,
    },
    /// The bodies of unfinished requests have reached their memory limit. The connection got an error response and
    /// was closed.
    #[error("rejected a request of {peer}: the memory for unfinished requests is used up")]
    TooMuchUnfinished {
        /// The client.
        peer: SocketAddr,
    },
    /// A client did not read its responses. The adapter dropped the connection.
    #[error("dropped {peer}: it does not read its responses")]
    NotReading {
        /// The client.
        peer: SocketAddr,
    },
    /// The game held a request longer than [`hold_time`](super::Limits::hold_time). It got status 503.
    #[error("the game never responded to a request of {peer}")]
    HeldTooLong {
        /// The client.
        peer: SocketAddr,
    },
    /// A summary of log events of one kind that were counted instead of logged.
    #[error("{} {count} more {} from {} in {} s", what.words().0, what.words().1, origin(*from), period.as_secs())]
    Repeated {
        /// Their kind.
        what: ReportKind,
        /// Their source; `None` for all sources that were not counted separately.
        from: Option<AddressRange>,
        /// Number of events that were left out of the log.
        count: u64,
        /// Period of the count.
        period: Duration,
    },
    /// The wall clock is doubted, or no longer doubted.
    #[error("{0}")]
    Clock(ClockChange),
}

impl Event {
    /// Returns kind and client of an event that a stranger can cause at will.
    pub(super) const fn report(&self) -> Option<(ReportKind, SocketAddr)> {
        Some(match self {
            Self::BadRequest { peer, .. } => (ReportKind::BadRequest, *peer),
            Self::TooSlow { peer, .. } => (ReportKind::TooSlow, *peer),
            Self::TooManyConnections { peer, .. } => (ReportKind::RefusedConnection, *peer),
            Self::TooManyRequests { peer } | Self::TooMuchUnfinished { peer } => {
                (ReportKind::RefusedRequest, *peer)
            }
            Self::BadProxyHeader { peer } | Self::TooFarAhead { peer } | Self::NotReading { peer } => {
                (ReportKind::Dropped, *peer)
            }
            // A bug of the game, a summary, the machine's clock: no client causes these at will.
            Self::HeldTooLong { .. } | Self::Repeated { .. } | Self::Clock(_) => return None,
        })
    }
}

impl Report for Event {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn target(&self) -> &'static str {
        match self {
            Self::Clock(_) => "mmcos::clock",
            Self::BadRequest { .. }
            | Self::BadProxyHeader { .. }
            | Self::TooSlow { .. }
            | Self::TooManyConnections { .. }
            | Self::TooManyRequests { .. }
            | Self::TooFarAhead { .. }
            | Self::TooMuchUnfinished { .. }
            | Self::NotReading { .. }
            | Self::HeldTooLong { .. }
            | Self::Repeated { .. } => "mmcos::connection",
        }
    }
}

/// Kinds of log events that a stranger can cause at will. Each is limited for each source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportKind {
    /// A connection over a limit.
    RefusedConnection,
    /// A request over a limit.
    RefusedRequest,
    /// Bytes that are not a request.
    BadRequest,
    /// A request that did not arrive in time.
    TooSlow,
    /// A client that sent too much ahead or did not read, or a proxy with a malformed header.
    Dropped,
}

impl ReportKind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::RefusedConnection => ("refused", "connections"),
            Self::RefusedRequest => ("rejected", "requests"),
            Self::BadRequest => ("rejected", "invalid requests"),
            Self::TooSlow => ("closed", "connections with slow requests"),
            Self::Dropped => ("dropped", "connections"),
        }
    }
}

fn origin(from: Option<AddressRange>) -> String {
    from.map_or_else(|| String::from("other addresses"), |range| range.to_string())
}

/// Period of a summary.
pub(super) const SUMMARY_PERIOD: Duration = Duration::from_mins(1);
/// Maximum number of sources that are counted separately, of all kinds together. (Our choice; the others are counted
/// together.)
const SOURCES: usize = 256;
/// Limits log events that strangers can cause at will: the first of each kind and address is logged, the others are
/// counted and summarised once a period.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// Number of events of a source that were left out of the log after the first.
    counts: BTreeMap<(ReportKind, Source), u64>,
    /// Number of events of sources beyond [`SOURCES`] that were left out of the log.
    others: BTreeMap<ReportKind, u64>,
}

impl Reports {
    /// Returns true if an event of this kind and source is to be logged. Otherwise counts it.
    pub(super) fn count(&mut self, what: ReportKind, from: IpAddr) -> bool {
        // By the unit of the limits, or one IPv6 customer could fill the log from 2^64 addresses.
        let key = (what, Source::of(from));
        let has_room = self.counts.len() < SOURCES;
        let left_out = match self.counts.get_mut(&key) {
            Some(left_out) => left_out,
            None if has_room => return self.counts.insert(key, 0).is_none(),
            // Not even the first is logged: 100,000 addresses would write as many lines.
            None => self.others.entry(what).or_default(),
        };
        *left_out = left_out.saturating_add(1);
        false
    }

    /// Returns true if nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.others.is_empty()
    }

    /// Ends the period. Returns a summary for each source with events that were left out.
    pub(super) fn summarise(&mut self) -> Vec<Event> {
        let mut summaries = Vec::new();
        let summary = |what, from, count| Event::Repeated { what, from, count, period: SUMMARY_PERIOD };
        self.counts.retain(|(what, from), count| {
            let left_out = core::mem::take(count);
            if left_out > 0 {
                summaries.push(summary(*what, Some(from.range()), left_out));
            }
            // A source that goes on is next logged at the end of the next period.
            left_out > 0
        });
        summaries.extend(
            core::mem::take(&mut self.others).into_iter().map(|(what, count)| summary(what, None, count)),
        );
        summaries
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn address(number: u32) -> IpAddr {
        core::net::Ipv4Addr::from_bits(0x0a00_0000 | number).into()
    }

    #[test]
    fn the_first_is_logged_and_the_rest_is_one_line() {
        let mut reports = Reports::default();
        let logged = (0..23_601).filter(|_| reports.count(ReportKind::RefusedConnection, address(2))).count();
        assert_eq!(logged, 1);
        let lines: Vec<_> = reports.summarise().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["refused 23600 more connections from 10.0.0.2 in 60 s"]);
        assert!(
            !reports.count(ReportKind::RefusedConnection, address(2)),
            "an attack that goes on is one line in a period"
        );
        assert_eq!(reports.summarise().len(), 1);
        assert!(reports.summarise().is_empty() && reports.is_empty());
        assert!(
            reports.count(ReportKind::RefusedConnection, address(2)),
            "after a period without any it is news"
        );
    }

    #[test]
    fn lines_and_memory_are_bounded_for_many_sources() {
        let mut reports = Reports::default();
        let all =
            (0..100_000).filter(|number| reports.count(ReportKind::BadRequest, address(*number))).count();
        assert_eq!((all, reports.counts.len()), (SOURCES, SOURCES));
        let lines = reports.summarise();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].to_string().contains("from other addresses"), "{}", lines[0]);
    }
}
