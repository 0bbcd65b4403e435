//! Limits wrong passwords for each source. A source never waits for the mistakes of another.

use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::seam::Monotonic;

/// Mistakes of a source that cause no wait. (All figures here are our choice.)
const FREE: u32 = 3;
/// Mistakes of a source after which its guesses at a chosen password are no longer checked.
const CHECKED: u32 = 100;
/// Time after which one mistake of a source is forgotten.
const FORGIVEN: Duration = Duration::from_secs(10);
/// Longest wait in a response.
const LONGEST: Duration = Duration::from_mins(15);
/// Maximum number of sources. Beyond it, the source with the oldest last mistake is evicted.
const MOST: usize = 1024;

/// Mistakes of each source.
#[derive(Debug, Default)]
pub(super) struct LoginThrottle(BTreeMap<IpAddr, Mistakes>);

#[derive(Clone, Copy, Debug, Default)]
struct Mistakes {
    count: u32,
    last: Monotonic,
}

impl Mistakes {
    fn count(self, now: Monotonic) -> u32 {
        let forgiven = now.since(self.last).as_secs().checked_div(FORGIVEN.as_secs()).unwrap_or_default();
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

impl LoginThrottle {
    /// Returns true if a guess from this address at a chosen password is still to be checked.
    pub(super) fn allows_guess(&self, address: IpAddr, now: Monotonic) -> bool {
        self.count(address, now) < CHECKED
    }

    /// Counts a wrong password. Returns the time that this address should wait; zero for its first mistakes.
    pub(super) fn failed(&mut self, address: IpAddr, now: Monotonic) -> Duration {
        let count = self.count(address, now).saturating_add(1);
        if self.0.len() >= MOST {
            self.0.retain(|_, mistakes| mistakes.count(now) > 0);
        }
        if self.0.len() >= MOST && !self.0.contains_key(&source(address)) {
            let oldest = self.0.iter().min_by_key(|(_, mistakes)| mistakes.last).map(|(key, _)| *key);
            oldest.and_then(|key| self.0.remove(&key));
        }
        self.0.insert(source(address), Mistakes { count, last: now });
        // Limit the shift first: a shift by 64 or more would yield zero.
        let doublings = count.checked_sub(FREE.saturating_add(1)).map(|over| over.min(32));
        let doubled = doublings.map_or(0, |over| 1_u64.unbounded_shl(over));
        Duration::from_secs(doubled).min(LONGEST)
    }

    fn count(&self, address: IpAddr, now: Monotonic) -> u32 {
        self.0.get(&source(address)).map_or(0, |mistakes| mistakes.count(now))
    }
}

/// Returns the source that an address belongs to: an IPv6 customer has at least a /64.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        ipv4 @ IpAddr::V4(_) => ipv4,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn waits_double_up_to_a_limit_and_mistakes_are_forgiven() {
        let mut throttle = LoginThrottle::default();
        let (there, now) = (address("203.0.113.7"), Monotonic::default());
        let waits: Vec<_> = (0..16).map(|_| throttle.failed(there, now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(throttle.failed(there, now.after(FORGIVEN * 15)), Duration::ZERO);
    }

    #[test]
    fn guesses_of_one_source_run_out_and_come_back() {
        let mut throttle = LoginThrottle::default();
        let (there, now) = (address("203.0.113.7"), Monotonic::default());
        for _ in 0..CHECKED {
            assert!(throttle.allows_guess(there, now));
            throttle.failed(there, now);
        }
        assert!(!throttle.allows_guess(there, now));
        assert!(throttle.allows_guess(there, now.after(FORGIVEN)));
        assert!(throttle.allows_guess(address("203.0.113.8"), now));
    }

    #[test]
    fn a_network_is_one_source_and_any_number_of_sources_take_bounded_memory() {
        let mut throttle = LoginThrottle::default();
        let now = Monotonic::default();
        for _ in 0..CHECKED {
            throttle.failed(address("2001:db8::1"), now);
        }
        assert!(!throttle.allows_guess(address("2001:db8::ffff:2"), now));
        assert!(throttle.allows_guess(address("2001:db8:0:1::1"), now));
        for source in 0..5000_u32 {
            throttle.failed(IpAddr::from(source.to_be_bytes()), now);
        }
        assert!(throttle.0.len() <= MOST);
        assert!(throttle.allows_guess(address("198.51.100.1"), now));
    }
}
