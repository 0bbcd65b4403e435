//! Wrong passwords make the next attempt wait: longer each time for where they came from, a little for everybody.

use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::seam::Monotonic;

/// Mistakes without consequence. (All figures here are our choice.)
const FREE: u32 = 3;
/// The longest wait of one address: after 13 mistakes.
const LONGEST: Duration = Duration::from_mins(15);
/// When the mistakes of an address are forgotten.
const MEMORY: Duration = Duration::from_hours(1);
/// Addresses that are remembered.
const MOST: usize = 1024;
/// What each mistake adds to what everybody has to wait…
const SHARED_STEP: Duration = Duration::from_secs(2);
/// …beyond this.
const SHARED_FREE: Duration = Duration::from_secs(40);

/// Who was wrong lately.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    by_source: BTreeMap<IpAddr, Mistakes>,
    shared: Monotonic,
}

#[derive(Debug, Default)]
struct Mistakes {
    count: u32,
    last: Monotonic,
    next: Monotonic,
}

impl Attempts {
    /// How long this address must wait before it may try again; zero if it may now.
    pub(super) fn wait(&self, address: IpAddr, now: Monotonic) -> Duration {
        let own =
            self.by_source.get(&source(address)).map_or(Duration::ZERO, |mistakes| mistakes.next.since(now));
        let shared = self.shared.since(now).saturating_sub(SHARED_FREE);
        if address.to_canonical().is_loopback() { own } else { own.max(shared) }
    }

    /// A wrong password came.
    pub(super) fn failed(&mut self, address: IpAddr, now: Monotonic) {
        self.by_source.retain(|_, mistakes| now.since(mistakes.last) < MEMORY);
        if self.by_source.len() >= MOST {
            let oldest = self.by_source.iter().min_by_key(|(_, mistakes)| mistakes.last).map(|(key, _)| *key);
            oldest.and_then(|key| self.by_source.remove(&key));
        }
        let mistakes = self.by_source.entry(source(address)).or_default();
        mistakes.count = mistakes.count.saturating_add(1);
        mistakes.last = now;
        let doubled = mistakes.count.checked_sub(FREE).map_or(0, |over| 1_u64.unbounded_shl(over));
        mistakes.next = now.after(Duration::from_secs(doubled).min(LONGEST));
        self.shared = self.shared.max(now).after(SHARED_STEP);
    }

    /// The right password came.
    pub(super) fn succeeded(&mut self, address: IpAddr) {
        self.by_source.remove(&source(address));
    }
}

/// What counts as one place: who has an IPv6 address has all of its last 64 bits.
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
    fn waits_double_up_to_a_limit_and_are_forgotten() {
        let mut attempts = Attempts::default();
        let there = address("203.0.113.7");
        let mut now = Monotonic::default();
        let mut waits = Vec::new();
        for _ in 0..16 {
            attempts.failed(there, now);
            let wait = attempts.by_source[&there].next.since(now);
            waits.push(wait.as_secs());
            now = now.after(wait);
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
        attempts.failed(address("203.0.113.8"), now.after(MEMORY));
        assert_eq!(attempts.by_source.len(), 1);
    }

    #[test]
    fn the_right_password_clears_its_address() {
        let mut attempts = Attempts::default();
        let (there, now) = (address("203.0.113.7"), Monotonic::default());
        (0..5).for_each(|_| attempts.failed(there, now));
        assert!(attempts.wait(there, now) > Duration::ZERO);
        attempts.succeeded(there);
        assert_eq!(attempts.wait(there, now), Duration::ZERO);
    }

    #[test]
    fn neighbours_share_a_wait_and_many_sources_slow_all_but_this_machine() {
        let mut attempts = Attempts::default();
        let now = Monotonic::default();
        (0..4).for_each(|_| attempts.failed(address("2001:db8::1"), now));
        assert!(attempts.wait(address("2001:db8::ffff:2"), now) > Duration::ZERO);
        assert_eq!(attempts.wait(address("2001:db8:0:1::1"), now), Duration::ZERO);
        for source in 0..5000_u32 {
            attempts.failed(IpAddr::from(source.to_be_bytes()), now);
        }
        assert!(attempts.by_source.len() <= MOST);
        assert!(attempts.wait(address("198.51.100.1"), now) > Duration::ZERO);
        assert_eq!(attempts.wait(address("::1"), now), Duration::ZERO);
        assert_eq!(
            attempts.wait(address("198.51.100.1"), now.after(Duration::from_hours(3))),
            Duration::ZERO
        );
    }
}
