//! Pairs of players that most likely cannot reach each other: twice in a row they were put into a match together, and
//! neither player reported anything afterwards, or both searched again within seconds. Without a pause they would be
//! matched again and again.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::ids::UserId;
use mmcos_core::seam::Monotonic;

/// Number of failures in a row that keeps two players apart.
const FAILURES: u8 = 2;

/// Time for which they are kept apart after the last failure. (Our choice: long enough for a few searches, short
/// enough that a mistake does not spoil an evening.)
const APART: Duration = Duration::from_mins(10);

/// Time for which a failure is remembered.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Maximum number of remembered pairs. Beyond it, the one whose failure is longest ago is removed.
const MOST: usize = 1024;

/// Two accounts, the smaller first.
type Accounts = (UserId, UserId);

#[derive(Clone, Copy, Debug)]
struct Pair {
    accounts: Accounts,
    failures: u8,
    last: Monotonic,
}

/// The pairs with failures.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// Sorted by accounts.
    pairs: Vec<Pair>,
    /// Failures, oldest first. The last one of a pair counts.
    failed: VecDeque<(Monotonic, Accounts)>,
}

impl Pairs {
    /// Returns true if these two are kept apart.
    pub(super) fn are_apart(&self, one: UserId, other: UserId, now: Monotonic) -> bool {
        // There are no pairs most of the time.
        !self.pairs.is_empty()
            && self
                .find(accounts(one, other))
                .ok()
                .and_then(|place| self.pairs.get(place))
                .is_some_and(|pair| pair.failures >= FAILURES && now < pair.last.after(APART))
    }

    /// Returns the pairs that are kept apart, each with the end of that.
    pub(super) fn apart(&self, now: Monotonic) -> impl Iterator<Item = (UserId, UserId, Monotonic)> {
        let pairs = self.pairs.iter().filter(|pair| pair.failures >= FAILURES);
        let pairs = pairs.map(|Pair { accounts: (one, other), last, .. }| (*one, *other, last.after(APART)));
        pairs.filter(move |(.., until)| now < *until)
    }

    /// Notes a match of these two that came to nothing.
    pub(super) fn fail(&mut self, one: UserId, other: UserId, now: Monotonic) {
        let accounts = accounts(one, other);
        // Drops failures that are too old to count as the one before this.
        self.expire(now);
        match self.find(accounts) {
            Ok(place) => {
                if let Some(pair) = self.pairs.get_mut(place) {
                    (pair.failures, pair.last) = (pair.failures.saturating_add(1), now);
                }
            }
            Err(place) => self.pairs.insert(place, Pair { accounts, failures: 1, last: now }),
        }
        // The new entry counts towards `MOST` too, so the second `expire` follows it.
        self.failed.push_back((now, accounts));
        self.expire(now);
    }

    /// Notes that a match of these two took place.
    pub(super) fn succeed(&mut self, one: UserId, other: UserId) {
        if let Ok(place) = self.find(accounts(one, other)) {
            // The entries in `failed` stay: they run out by their time.
            self.pairs.remove(place);
        }
    }

    fn expire(&mut self, now: Monotonic) {
        while let Some((at, accounts)) = self.failed.front().copied()
            && (self.failed.len() > MOST || at.after(REMEMBERED) <= now)
        {
            self.failed.pop_front();
            // A later failure of the pair has an entry of its own.
            if let Ok(place) = self.find(accounts)
                && self.pairs.get(place).is_some_and(|pair| pair.last == at)
            {
                self.pairs.remove(place);
            }
        }
    }

    fn find(&self, accounts: Accounts) -> Result<usize, usize> {
        self.pairs.binary_search_by_key(&accounts, |pair| pair.accounts)
    }
}

fn accounts(one: UserId, other: UserId) -> Accounts {
    // A failure concerns both alike.
    (one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Monotonic {
        Monotonic::default().after(Duration::from_mins(minutes))
    }

    #[test]
    fn two_failures_in_a_row_keep_a_pair_apart_for_ten_minutes() {
        let (ann, bea, cat) = (UserId(9), UserId(2), UserId(5));
        let mut pairs = Pairs::default();
        pairs.fail(ann, bea, at(0));
        assert!(!pairs.are_apart(ann, bea, at(0)));
        pairs.fail(bea, ann, at(30));
        assert!(pairs.are_apart(ann, bea, at(30)) && pairs.are_apart(bea, ann, at(39)));
        assert!(pairs.apart(at(39)).eq([(bea, ann, at(40))]) && pairs.apart(at(40)).next().is_none());
        assert!(!pairs.are_apart(ann, cat, at(30)) && !pairs.are_apart(ann, bea, at(40)));
        pairs.fail(ann, bea, at(41));
        assert!(pairs.are_apart(ann, bea, at(41)), "a third failure at once");
        pairs.succeed(ann, bea);
        assert!(!pairs.are_apart(ann, bea, at(41)));
        pairs.fail(ann, bea, at(42));
        assert!(!pairs.are_apart(ann, bea, at(42)), "in a row");
        pairs.fail(ann, bea, at(103));
        assert!(!pairs.are_apart(ann, bea, at(103)), "the first is forgotten after an hour");
    }

    #[test]
    fn memory_is_bounded() {
        let mut pairs = Pairs::default();
        for number in 0..5_000 {
            pairs.fail(UserId(number), UserId(number + 1), at(0));
            pairs.fail(UserId(1), UserId(2), at(0));
        }
        assert!(pairs.pairs.len() <= MOST && pairs.failed.len() <= MOST);
        pairs.fail(UserId(1), UserId(2), at(60));
        assert_eq!((pairs.pairs.len(), pairs.failed.len()), (1, 1));
    }
}
