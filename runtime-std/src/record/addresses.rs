use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// 198.18.0.0/15, which is nobody's.
const IPV4: u32 = 0xC612_0000;
const IPV4_ADDRESSES: u32 = 1 << 17;

/// Addresses that stand in for those of the clients, in the order of their coming: IPv4 in 198.18.0.0/15, networks of
/// IPv6 in `2001:db8::/32`, both of which are nobody's. Loopback stays. So who shares an address, or a network, still does.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    known: BTreeMap<IpAddr, IpAddr>,
    networks: BTreeMap<[u16; 4], u32>,
}

impl Addresses {
    pub(super) fn stand_in(&mut self, peer: SocketAddr) -> SocketAddr {
        let address = peer.ip();
        if address.is_loopback() {
            return peer;
        }
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX).saturating_add(1);
        let networks = &mut self.networks;
        let stand_in = self.known.entry(address).or_insert_with(|| match address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(IPV4 | (number % IPV4_ADDRESSES)).into(),
            IpAddr::V6(address) => ipv6(networks, address, number).into(),
        });
        SocketAddr::new(*stand_in, peer.port())
    }
}

fn ipv6(networks: &mut BTreeMap<[u16; 4], u32>, address: Ipv6Addr, host: u32) -> Ipv6Addr {
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
        assert_eq!(stand_in("[fd00::1]:3"), "[2001:db8:0:1::3]:3");
        assert_eq!(stand_in("[fd00::2]:3"), "[2001:db8:0:1::4]:3");
        assert_eq!(stand_in("[fd00:1::2]:3"), "[2001:db8:0:2::5]:3");
    }
}
