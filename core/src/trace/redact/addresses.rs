use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::AddressRange;

/// 198.18.0.0/15, which no host on the internet uses.
const IPV4: u32 = 0xC612_0000;
const IPV4_ADDRESSES: u32 = 1 << 17;
/// `fd00::/8`, for local addresses.
const LOCAL: u128 = 0xfd << 120;

/// Replacements for the addresses of clients, in the order of their appearance: IPv4 in 198.18.0.0/15, networks of
/// IPv6 in `2001:db8::/32`. No host on the internet uses either. Loopback stays. Clients that share an address, or a
/// network, still share one.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    known: BTreeMap<IpAddr, IpAddr>,
    networks: BTreeMap<[u16; 4], u32>,
    /// Addresses that stay.
    except: Vec<AddressRange>,
}

impl Addresses {
    /// Returns replacements for all addresses except these, the trusted proxies, and loopback.
    pub(crate) fn except(except: &[AddressRange]) -> Self {
        Self { except: except.to_vec(), ..Self::default() }
    }

    /// Returns the replacement for the address of this peer.
    pub(crate) fn stand_in(&mut self, peer: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.address(peer.ip()), peer.port())
    }

    /// Returns the replacements for a list with commas, as in `X-Forwarded-For`. An element that is not an address
    /// becomes `unknown`.
    pub(crate) fn stand_in_for_hops(&mut self, hops: &str) -> String {
        let hop = |hop: &str| {
            let with_port = hop.parse().map(|peer| self.stand_in(peer).to_string());
            with_port.or_else(|_| hop.parse().map(|hop| self.address(hop).to_string()))
        };
        let hops: Vec<String> = hops
            .split(',')
            .map(str::trim)
            .map(hop)
            .map(|hop| hop.unwrap_or_else(|_| "unknown".to_owned()))
            .collect();
        hops.join(", ")
    }

    /// Returns true if the server reads `X-Forwarded-For`.
    pub(crate) const fn are_forwarded(&self) -> bool {
        !self.except.is_empty()
    }

    fn address(&mut self, address: IpAddr) -> IpAddr {
        if address.is_loopback() || self.except.iter().any(|range| range.contains(address)) {
            return address;
        }
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX).saturating_add(1);
        let networks = &mut self.networks;
        let stand_in = self.known.entry(address).or_insert_with(|| match address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(IPV4 | (number % IPV4_ADDRESSES)).into(),
            IpAddr::V6(address) => ipv6(networks, address, number).into(),
        });
        *stand_in
    }
}

fn ipv6(networks: &mut BTreeMap<[u16; 4], u32>, address: Ipv6Addr, host: u32) -> Ipv6Addr {
    if address.is_unique_local() || address.is_unicast_link_local() {
        return Ipv6Addr::from_bits(LOCAL | u128::from(host));
    }
    let [a, b, c, d, ..] = address.segments();
    let next = u32::try_from(networks.len()).unwrap_or(u32::MAX).saturating_add(1);
    let network = u128::from(*networks.entry([a, b, c, d]).or_insert(next));
    Ipv6Addr::from_bits(0x2001_0db8 << 96 | network << 64 | u128::from(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shares_an_address_or_a_network_still_does() {
        let mut addresses = Addresses::default();
        let mut stand_in = |peer: &str| addresses.stand_in(peer.parse().unwrap()).to_string();
        assert_eq!(stand_in("203.0.113.7:50000"), "198.18.0.1:50000");
        assert_eq!(stand_in("192.168.1.20:1"), "198.18.0.2:1");
        assert_eq!(stand_in("203.0.113.7:50001"), "198.18.0.1:50001");
        assert_eq!(stand_in("127.0.0.1:2"), "127.0.0.1:2");
        assert_eq!(stand_in("[2001:db9::1]:3"), "[2001:db8:0:1::3]:3");
        assert_eq!(stand_in("[2001:db9::2]:3"), "[2001:db8:0:1::4]:3");
        assert_eq!(stand_in("[2001:db9:1::2]:3"), "[2001:db8:0:2::5]:3");
        assert_eq!(stand_in("[fd12:3456::1]:3"), "[fd00::6]:3");
    }

    #[test]
    fn hops_are_replaced_but_for_trusted_proxies() {
        let mut addresses = Addresses::except(&["10.0.0.0/8".parse().unwrap()]);
        let hops = "203.0.113.7, someone,10.1.2.3 , 203.0.113.7:81";
        assert_eq!(addresses.stand_in_for_hops(hops), "198.18.0.1, unknown, 10.1.2.3, 198.18.0.1:81");
    }
}
