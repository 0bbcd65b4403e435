use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crate::{AddressRange, seam::Monotonic};

/// Maximum number of keys in one generation. (Our choice: some 5 MB for both.)
const MOST: usize = 65_536;

/// The rate of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    /// Number of times a second in the long run; 0 for no limit.
    pub per_second: u32,
    /// Number of times at once, after a rest.
    pub burst: u32,
}

/// An allowance of requests for each key, as a token bucket.
///
/// Full allowances are dropped: allowances are in two generations, and the older one is dropped after the time in which
/// an empty allowance fills. If more than 65,536 keys come in this time, some of them get a full allowance early;
/// memory stays bounded.
///
/// ```
/// use mmcos_core::{engine::{Rate, RateLimiter}, seam::Monotonic};
/// let mut limiter = RateLimiter::new(Rate { per_second: 1, burst: 2 });
/// let mut at = |millis: u64| limiter.take('a', Monotonic::from_nanos(millis * 1_000_000)).is_ok();
/// assert_eq!([0, 0, 0, 999, 1000, 1000].map(|millis| at(millis)), [true, true, false, false, true, false]);
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiter<K> {
    /// Nanoseconds in which one token comes back.
    interval: u64,
    /// Nanoseconds in which an empty allowance fills.
    fill: u64,
    young: BTreeMap<K, Allowance>,
    old: BTreeMap<K, Allowance>,
    /// Time at which the young generation becomes the old one, in nanoseconds.
    turns: u64,
}

/// An allowance. It fills with time, so the moment when it is full determines its contents.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    full_at: u64,
    /// True if a request was refused since the allowance was full.
    overdrawn: bool,
}

/// The error for a key that exceeded its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// True for the first refusal since the allowance was last full.
    pub first: bool,
}

impl<K: Ord + Copy> RateLimiter<K> {
    /// Returns a limiter with a full allowance for every key.
    pub fn new(rate: Rate) -> Self {
        // Without a rate, tokens take no time to come back, so there is no limit.
        let interval = 1_000_000_000_u64.checked_div(rate.per_second.into()).unwrap_or(0);
        Self::every(Duration::from_nanos(interval), rate.burst)
    }

    /// Returns a limiter that refills one token in each `interval`.
    pub fn every(interval: Duration, burst: u32) -> Self {
        let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        // A burst of 0 would reject every request.
        let fill = interval.saturating_mul(burst.max(1).into());
        Self { interval, fill, young: BTreeMap::new(), old: BTreeMap::new(), turns: 0 }
    }

    /// Takes one request out of the allowance of `key`.
    ///
    /// # Errors
    /// [`TooOften`] if the allowance is empty.
    pub fn take(&mut self, key: K, now: Monotonic) -> Result<(), TooOften> {
        let now = now.as_nanos();
        self.turn(now);
        let Self { old, young, .. } = self;
        // An allowance in use moves to the young generation, so that the next turn does not refill it (decision 26).
        let allowance = young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default());
        if allowance.full_at <= now {
            *allowance = Allowance { full_at: now, overdrawn: false };
        }
        let emptier = allowance.full_at.saturating_add(self.interval);
        // A rejected request takes no token, so a client that goes on is still served at its rate.
        if emptier.saturating_sub(now) > self.fill {
            return Err(TooOften { first: !core::mem::replace(&mut allowance.overdrawn, true) });
        }
        allowance.full_at = emptier;
        Ok(())
    }

    fn turn(&mut self, now: u64) {
        if now >= self.turns || self.young.len() >= MOST {
            // The old ones have rested for `fill` when they go, so they are full, unless there were too many keys.
            self.old = core::mem::take(&mut self.young);
            self.turns = now.saturating_add(self.fill);
        }
    }
}

/// Rate limiter for requests from other machines. Requests from this machine are not counted: a local attacker has
/// better ways to harm the server, and a local proxy may stand for all players.
#[derive(Debug)]
pub(super) struct Requests(RateLimiter<Source>);

impl Requests {
    pub(super) fn new(rate: Rate) -> Self {
        Self(RateLimiter::new(rate))
    }

    pub(super) fn count(&mut self, from: core::net::IpAddr, now: Monotonic) -> Result<(), TooOften> {
        if from.is_loopback() { Ok(()) } else { self.0.take(Source::of(from), now) }
    }
}

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
#[expect(clippy::arithmetic_side_effects, reason = "the naive allowances: a panic is a failure")]
mod tests {
    use alloc::{format, string::ToString, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut limiter = RateLimiter::new(Rate { per_second: 1, burst: 10 });
        for key in 0..500_000_u64 {
            assert!(limiter.take(key, Monotonic::from_nanos(key)).is_ok());
        }
        assert!(limiter.young.len() + limiter.old.len() <= 2 * MOST);
    }

    #[test]
    fn full_allowances_are_forgotten() {
        let mut limiter = RateLimiter::new(Rate { per_second: 10, burst: 10 });
        for second in 0..1_000_u64 {
            let _ = limiter.take(second, Monotonic::from_nanos(second * 1_000_000_000));
            assert!(limiter.young.len() + limiter.old.len() <= 2);
        }
    }

    #[test]
    fn without_a_rate_nobody_is_refused() {
        let mut limiter = RateLimiter::new(Rate { per_second: 0, burst: 0 });
        assert!((0..1_000).all(|_| limiter.take(1, Monotonic::default()).is_ok()));
    }

    #[test]
    fn the_first_refusal_is_told_from_the_next_until_there_was_a_rest() {
        let mut limiter = RateLimiter::new(Rate { per_second: 1, burst: 1 });
        let at = |secs: u64| limiter.take(1, Monotonic::from_nanos(secs * 1_000_000_000));
        let [first, next] = [true, false].map(|first| Err(TooOften { first }));
        assert_eq!([0, 0, 0, 1, 1].map(at), [Ok(()), first, next, Ok(()), first]);
    }

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

    proptest! {
        #[test]
        fn allowances_equal_naive_ones(
            per_second in 1..50_u32, burst in 1..20_u32,
            steps in prop::collection::vec((0..4_u8, 0..400_u64), 1..400),
        ) {
            let mut limiter = RateLimiter::new(Rate { per_second, burst });
            // Count tokens in nanoseconds of filling, so that both sides round alike.
            let interval = 1_000_000_000 / u64::from(per_second);
            let full = interval * u64::from(burst);
            let mut naive: Vec<(u64, u64)> = [(full, 0); 4].into();
            let mut now = 0;
            for (key, millis) in steps {
                now += millis * 1_000_000;
                let (tokens, at) = &mut naive[usize::from(key)];
                *tokens = full.min(*tokens + (now - *at));
                *at = now;
                let allowed = *tokens >= interval;
                if allowed {
                    *tokens -= interval;
                }
                prop_assert_eq!(limiter.take(key, Monotonic::from_nanos(now)).is_ok(), allowed);
            }
        }
    }
}
