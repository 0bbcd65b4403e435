use core::net::IpAddr;

/// Whom limits count as one: an IPv4 address, or the 2^64 IPv6 addresses that one customer of a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source(u64);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            // ffff:ffff::/32 is multicast, so nobody calls from there.
            IpAddr::V4(address) => Self(0xFFFF_FFFF_0000_0000 | u64::from(address.to_bits())),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self([a, b, c, d].into_iter().fold(0, |bits, segment| bits << 16 | u64::from(segment)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_or_an_ipv6_network_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_ne!(source("203.0.113.7"), source("203.0.113.8"));
        assert_eq!(source("203.0.113.7"), source("::ffff:203.0.113.7"));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:3:4:5:6"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("::1"), source("0.0.0.1"));
    }
}
