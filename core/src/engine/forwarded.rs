//! Finds the client of a request that came through a proxy. A client may write any `X-Forwarded-For`; each proxy
//! appends, on the right, the address that it got the request from. So the field is read from the right, as long as
//! its writers are trusted. Or the proxy names the client before the first bytes: then the connection is the client's.

use core::{
    net::{IpAddr, SocketAddr},
    str,
};

use super::{Engine, Event, rate::Source};
use crate::{
    AddressRange,
    link::ProxyHeaderError,
    seam::{ConnId, Outbox},
    wire::http::Request,
};

pub(super) fn is_trusted(address: IpAddr, proxies: &[AddressRange]) -> bool {
    proxies.iter().any(|range| range.contains(address))
}

/// Returns the client of a request that a trusted proxy passed on: the last address that is not a trusted proxy's.
/// Without such an address, returns the proxy itself.
pub(super) fn client(request: &Request<'_>, proxy: SocketAddr, proxies: &[AddressRange]) -> SocketAddr {
    let fields = request.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"X-Forwarded-For"));
    // Repeated fields are one list (RFC 9110, section 5.3).
    let hops = fields.flat_map(|(_, value)| value.split(|byte| *byte == b','));
    // Empty list elements are ignored (RFC 9110, section 5.6.1).
    let hops = hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty());
    // An unreadable hop makes those to its left untrustworthy: the search from the right ends there (decision 126).
    let client = hops.fold(None, |before, hop| match address(hop) {
        Some(address) if is_trusted(address, proxies) => before.or(Some(address)),
        found => found,
    });
    client.map_or(proxy, |client| SocketAddr::new(client, proxy.port()))
}

/// Parses an address, with or without the brackets and port that some proxies write.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip()));
    // `::ffff:203.0.113.7` is the same client as `203.0.113.7`, for limits and for bans.
    address.ok().map(|address: IpAddr| address.to_canonical())
}

impl<T> Engine<T> {
    /// Passes a connection from the proxy that opened it to the client that the proxy names, as if the client had
    /// opened it. Drops it for a malformed header, or over the limit for the client's address.
    pub(crate) fn proxied<R, E: From<Event>>(
        &mut self,
        conn: ConnId,
        client: Result<SocketAddr, ProxyHeaderError>,
        out: &mut Outbox<R, E>,
    ) {
        // A header that ends after a time-out changes nothing.
        let reading = self.connections.get(&conn).filter(|_| self.is_reading(conn));
        let Some(proxy) = reading.map(|connection| connection.peer) else { return };
        let refused = match client {
            Ok(client) if self.has_too_many(client.ip()) => {
                Event::TooManyConnections { peer: client, in_all: false }
            }
            Ok(client) => {
                self.count_out(proxy.ip());
                self.count_in(client.ip());
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.peer = client;
                    // Behind the first proxy there may be another one, which writes `X-Forwarded-For`.
                    connection.proxied = is_trusted(client.ip(), &self.limits.trusted_proxies);
                }
                return;
            }
            Err(ProxyHeaderError) => Event::BadProxyHeader { peer: proxy },
        };
        self.log(refused, out);
        self.abort(conn, out);
    }

    /// Returns true if this address may not have another connection.
    pub(super) fn has_too_many(&self, address: IpAddr) -> bool {
        let count = self.per_address.get(&Source::of(address)).copied().unwrap_or(0);
        // A proxy has the connections of all its players (decision 126).
        count >= self.limits.connections_per_address && !is_trusted(address, &self.limits.trusted_proxies)
    }

    /// Counts a connection of this address.
    pub(super) fn count_in(&mut self, address: IpAddr) {
        let count = self.per_address.entry(Source::of(address)).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts a connection of this address no more.
    pub(super) fn count_out(&mut self, address: IpAddr) {
        let source = Source::of(address);
        if let Some(count) = self.per_address.get_mut(&source) {
            *count = count.saturating_sub(1);
            // Otherwise the map would grow with each address that ever connected.
            if *count == 0 {
                self.per_address.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec::Vec};

    use super::*;
    use crate::wire::http::{Decoded, Decoder, Limits};

    #[test]
    fn the_field_is_believed_from_the_right_as_far_as_proxies_are_trusted() {
        let trusted: Vec<AddressRange> =
            ["10.0.0.0/8", "2001:db8::/32"].map(|range| range.parse().unwrap()).into();
        let table: [(&[&str], &str); 18] = [
            (&["203.0.113.7"], "203.0.113.7"),
            (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            (&["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
            (&["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            (&["198.51.100.1, 10.9.9.9, 203.0.113.7 ,10.0.0.2"], "203.0.113.7"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["203.0.113.7:4711"], "203.0.113.7"),
            (&["[2001:db9::1]:4711, 2001:db8::5"], "2001:db9::1"),
            (&["203.0.113.7, unknown"], "10.0.0.1"),
            (&["[2001:db9::7]"], "2001:db9::7"),
            (&["\"[2001:db9::7]:4711\""], "2001:db9::7"),
            (&["::ffff:203.0.113.7, [::ffff:10.0.0.2]"], "203.0.113.7"),
            (&["203.0.113.7,, ", " 10.0.0.2\t,"], "203.0.113.7"),
            (&["[203.0.113.7"], "10.0.0.1"),
            (&["[[2001:db9::7]]"], "10.0.0.1"),
            (&["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ];
        for (fields, expected) in table {
            let fields: Vec<_> = fields.iter().map(|value| format!("x-forwarded-for: {value}\r\n")).collect();
            let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", fields.concat());
            let mut decoder = Decoder::default();
            let Ok(Decoded::Request { request, .. }) = decoder.decode(bytes.as_bytes(), &Limits::default())
            else {
                panic!("{bytes}")
            };
            let client = client(&request, "10.0.0.1:443".parse().unwrap(), &trusted);
            assert_eq!((client.ip().to_string().as_str(), client.port()), (expected, 443), "{fields:?}");
        }
    }
}
