use core::net::{IpAddr, Ipv6Addr};

use crate::AddressRange;

/// The unit of a limit: an IPv4 address, or the 2^64 IPv6 addresses that one customer of a provider has. Within a
/// local network, each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source(Ipv6Addr);

impl Source {
    /// Returns the addresses that count as this source.
    pub(super) fn range(self) -> AddressRange {
        let Self(address) = self;
        let single = AddressRange::from(IpAddr::V6(address));
        if Self::is_one_address(address) {
            return single;
        }
        AddressRange::around(address.into()).nth(64).unwrap_or(single)
    }

    /// Returns true for IPv4, and for addresses of a local network.
    fn is_one_address(address: Ipv6Addr) -> bool {
        // In a local network all players share one /64.
        address.to_ipv4_mapped().is_some() || address.is_unique_local() || address.is_unicast_link_local()
    }

    pub(super) fn of(address: IpAddr) -> Self {
        // A socket for both families shows IPv4 clients as `::ffff:a.b.c.d`.
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped()),
            IpAddr::V6(address) if Self::is_one_address(address) => Self(address),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn an_ipv4_address_or_an_ipv6_network_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_ne!(source("203.0.113.7"), source("203.0.113.8"));
        assert_eq!(source("203.0.113.7"), source("::ffff:203.0.113.7"));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:3:4:5:6"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        let range = |text| source(text).range().to_string();
        assert_eq!(range("203.0.113.7"), "203.0.113.7");
        assert_eq!(range("2001:db8:1:2:3::1"), "2001:db8:1:2::/64");
        assert_eq!(range("fe80::1"), "fe80::1");
        for network in ["fe80", "fd12:3456:789a:1"] {
            assert_ne!(source(&format!("{network}::1")), source(&format!("{network}::2")));
        }
    }
}
