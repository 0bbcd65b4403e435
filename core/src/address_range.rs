//! Ranges of addresses, for bans and for trusted proxies.

use alloc::string::{String, ToString};
use core::{fmt, iter, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};

/// All addresses with the same leading bits, IPv4 or IPv6, written as `203.0.113.0/24`; or a single address, written
/// without the slash.
///
/// ```
/// use mmcos_core::AddressRange;
/// let range: AddressRange = "203.0.113.7/24".parse()?;
/// assert_eq!(range.to_string(), "203.0.113.0/24");
/// assert!(range.contains("203.0.113.255".parse()?) && !range.contains("203.0.114.0".parse()?));
/// assert_eq!("2001:db8::1".parse::<AddressRange>()?.to_string(), "2001:db8::1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AddressRange(IpNet);

/// The error for a text that is not a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as 203.0.113.7, or a range such as 203.0.113.0/24 or 2001:db8::/32")]
pub struct AddressRangeError;

impl AddressRange {
    /// Returns true if the range includes the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Returns the first address of the range.
    pub fn first(&self) -> IpAddr {
        self.0.addr()
    }

    /// Returns the number of leading bits that all addresses of the range share.
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Returns every range that includes the address, the narrowest first.
    pub fn around(address: IpAddr) -> impl Iterator<Item = Self> {
        iter::successors(Some(IpNet::from(address.to_canonical())), IpNet::supernet).map(Self)
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for AddressRange {
    type Error = AddressRangeError;

    fn try_from(text: String) -> Result<Self, AddressRangeError> {
        text.parse()
    }
}

/// Returns the range of this address alone.
impl From<IpAddr> for AddressRange {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

/// Converts a range of IPv4-mapped IPv6 addresses (`::ffff:203.0.113.0/120`) to the same range of IPv4.
fn canonical(range: IpNet) -> IpNet {
    let IpNet::V6(mapped) = range else { return range };
    let (address, prefix) = (mapped.addr().to_ipv4_mapped(), mapped.prefix_len().checked_sub(96));
    let ipv4 = address.zip(prefix).and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    ipv4.map_or(range, IpNet::V4)
}

/// Ignores the bits behind the prefix.
impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(address.into()),
            Err(_) => text
                .parse::<IpNet>()
                .map(|range| Self(canonical(range).trunc()))
                .map_err(|_| AddressRangeError),
        }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "203.0.113",
            "203.0.113.0/33",
            "203.0.113.0/-1",
            "2001:db8::/129",
            "/24",
            "a/8",
            "76561202255230001",
        ] {
            assert_eq!(text.parse::<AddressRange>(), Err(AddressRangeError), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_ipv6_clothes() {
        let range: AddressRange = "203.0.113.0/24".parse().unwrap();
        assert!(range.contains("::ffff:203.0.113.9".parse().unwrap()));
        let mapped: AddressRange = "::ffff:203.0.113.0/120".parse().unwrap();
        assert_eq!((mapped, mapped.prefix()), (range, 24));
        assert_eq!("::ffff:203.0.113.9".parse::<AddressRange>().unwrap().to_string(), "203.0.113.9");
    }

    proptest! {
        #[test]
        fn the_ranges_around_an_address_are_those_that_contain_it(address: IpAddr, other: IpAddr) {
            let around: Vec<AddressRange> = AddressRange::around(address).collect();
            prop_assert_eq!(around.len(), if address.to_canonical().is_ipv4() { 33 } else { 129 });
            for range in around {
                prop_assert!(range.contains(address));
                prop_assert_eq!(range.to_string().parse(), Ok(range));
                prop_assert_eq!(range.contains(other), AddressRange::around(other).any(|of_other| of_other == range));
            }
        }
    }
}
