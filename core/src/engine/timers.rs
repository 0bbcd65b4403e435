use alloc::collections::BTreeMap;

use crate::seam::Monotonic;

/// A handle of a timer, to cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerId {
    at: Monotonic,
    serial: u64,
}

impl TimerId {
    /// Returns the time at which it fires.
    pub const fn at(self) -> Monotonic {
        self.at
    }
}

/// Timers in the order in which they fire: by time, then by the order in which they were set.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    queue: BTreeMap<TimerId, T>,
    set: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), set: 0 }
    }
}

impl<T> Timers<T> {
    pub(super) fn set(&mut self, at: Monotonic, value: T) -> TimerId {
        // Two timers of one moment need two keys, in the same order in a replay.
        self.set = self.set.saturating_add(1);
        let id = TimerId { at, serial: self.set };
        self.queue.insert(id, value);
        id
    }

    pub(super) fn cancel(&mut self, id: TimerId) {
        self.queue.remove(&id);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn next(&self) -> Option<Monotonic> {
        self.queue.first_key_value().map(|(id, _)| id.at)
    }

    pub(super) fn pop_due(&mut self, now: Monotonic) -> Option<T> {
        let first = self.queue.first_entry()?;
        (first.key().at <= now).then(|| first.remove())
    }
}
