use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// Planned events in the order of time; events of one moment in the order of planning.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<E> {
    entries: BinaryHeap<Reverse<Entry<E>>>,
    planned: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    /// Nanoseconds, then the number of the event: one comparison for both.
    at: u128,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { entries: BinaryHeap::new(), planned: 0 }
    }
}

impl<E> Agenda<E> {
    pub(crate) fn plan(&mut self, at: Duration, event: E) {
        self.planned += 1;
        let at = at.as_nanos() << 64 | u128::from(self.planned);
        self.entries.push(Reverse(Entry { at, event }));
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.entries.peek().map(|Reverse(entry)| Duration::from_nanos((entry.at >> 64) as u64))
    }

    pub(crate) fn pop(&mut self) -> Option<E> {
        self.entries.pop().map(|Reverse(entry)| entry.event)
    }
}
