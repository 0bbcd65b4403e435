//! Queues in the order of a key, with their links in one table beside a slab: a treap.
//!
//! Whoever comes with the greatest key so far (a new search, a new deadline) is put in, taken out and stepped
//! to in constant time on average, whatever the length of the queue; only a place further ahead, for one that
//! keeps its seniority, costs the logarithm of how far ahead it is. A plain list would walk there.

use alloc::vec::Vec;

use super::slab::Slot;

/// The ends of one queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    first: Slot,
    last: Slot,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { first: Slot::NONE, last: Slot::NONE };

    pub(super) fn first(self) -> Option<Slot> {
        self.first.some()
    }

    /// Whether two or more wait in it.
    pub(super) fn has_two(self) -> bool {
        self.first != self.last
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    key: u64,
    parent: Slot,
    left: Slot,
    right: Slot,
}

const ALONE: Node = Node { key: 0, parent: Slot::NONE, left: Slot::NONE, right: Slot::NONE };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

use Side::{Left, Right};

impl Side {
    const fn other(self) -> Self {
        match self {
            Left => Right,
            Right => Left,
        }
    }
}

/// The links of all queues over one slab. A slot is in one of them at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    nodes: Vec<Node>,
    steps: u64,
}

impl Links {
    /// The memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity().saturating_mul(size_of::<Node>())
    }

    /// How many nodes were visited to put in and to take out, ever.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// The key that `slot` was put in with.
    pub(super) fn key(&self, slot: Slot) -> u64 {
        self.node(slot).key
    }

    /// The least key of the queue.
    pub(super) fn first_key(&self, queue: Queue) -> Option<u64> {
        queue.first().map(|slot| self.key(slot))
    }

    /// Who stands behind `slot`.
    pub(super) fn next(&self, slot: Slot) -> Option<Slot> {
        self.beside(slot, Right)
    }

    /// Puts in `slot`, behind all whose key is not greater.
    pub(super) fn insert(&mut self, queue: &mut Queue, slot: Slot, key: u64) {
        if self.nodes.len() <= slot.place() {
            self.nodes.resize(slot.place().saturating_add(1), ALONE);
        }
        self.update(slot, |node| *node = Node { key, ..ALONE });
        if queue.first == Slot::NONE {
            *queue = Queue { first: slot, last: slot };
            return;
        }
        let (parent, side) = self.leaf_for(queue.last, key);
        self.hang(parent, side, slot);
        if side == Left && parent == queue.first {
            queue.first = slot;
        }
        if side == Right && parent == queue.last {
            queue.last = slot;
        }
        while rises(slot, self.node(slot).parent) {
            self.rotate_up(slot);
        }
    }

    /// Takes out `slot`, which is in this queue.
    pub(super) fn remove(&mut self, queue: &mut Queue, slot: Slot) {
        if queue.first == slot {
            queue.first = self.beside(slot, Right).unwrap_or(Slot::NONE);
        }
        if queue.last == slot {
            queue.last = self.beside(slot, Left).unwrap_or(Slot::NONE);
        }
        loop {
            self.steps = self.steps.wrapping_add(1);
            let Node { parent, left, right, .. } = self.node(slot);
            if left != Slot::NONE && right != Slot::NONE {
                self.rotate_up(if rises(left, right) { left } else { right });
                continue;
            }
            let child = if left == Slot::NONE { right } else { left };
            self.replace_child(parent, slot, child);
            self.update(slot, |node| *node = ALONE);
            return;
        }
    }

    /// Where a node of this key hangs: up from the last as far as needed, then down.
    fn leaf_for(&mut self, last: Slot, key: u64) -> (Slot, Side) {
        let mut at = last;
        while key < self.key(at) && self.node(at).parent != Slot::NONE {
            self.steps = self.steps.wrapping_add(1);
            at = self.node(at).parent;
        }
        loop {
            self.steps = self.steps.wrapping_add(1);
            let side = if key < self.key(at) { Left } else { Right };
            match self.child(at, side).some() {
                Some(child) => at = child,
                None => return (at, side),
            }
        }
    }

    /// The neighbour in the order of the keys.
    fn beside(&self, slot: Slot, side: Side) -> Option<Slot> {
        if let Some(mut at) = self.child(slot, side).some() {
            while let Some(child) = self.child(at, side.other()).some() {
                at = child;
            }
            return Some(at);
        }
        let mut at = slot;
        loop {
            let parent = self.node(at).parent.some()?;
            if self.child(parent, side) != at {
                return Some(parent);
            }
            at = parent;
        }
    }

    fn rotate_up(&mut self, slot: Slot) {
        let parent = self.node(slot).parent;
        let above = self.node(parent).parent;
        let side = if self.child(parent, Left) == slot { Left } else { Right };
        let inner = self.child(slot, side.other());
        self.hang(parent, side, inner);
        self.replace_child(above, parent, slot);
        self.hang(slot, side.other(), parent);
    }

    fn replace_child(&mut self, parent: Slot, old: Slot, new: Slot) {
        if parent == Slot::NONE {
            self.update(new, |node| node.parent = Slot::NONE);
        } else {
            let side = if self.child(parent, Left) == old { Left } else { Right };
            self.hang(parent, side, new);
        }
    }

    fn hang(&mut self, parent: Slot, side: Side, child: Slot) {
        self.update(parent, |node| match side {
            Left => node.left = child,
            Right => node.right = child,
        });
        self.update(child, |node| node.parent = parent);
    }

    fn child(&self, slot: Slot, side: Side) -> Slot {
        let node = self.node(slot);
        match side {
            Left => node.left,
            Right => node.right,
        }
    }

    fn node(&self, slot: Slot) -> Node {
        self.nodes.get(slot.place()).copied().unwrap_or(ALONE)
    }

    fn update(&mut self, slot: Slot, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(slot.place()) {
            change(node);
        }
    }
}

/// Whether the treap wants `slot` above `other`. False if there is no other.
fn rises(slot: Slot, other: Slot) -> bool {
    other != Slot::NONE && slot.scrambled() < other.scrambled()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use proptest::prelude::*;

    use super::*;

    fn in_order(links: &Links, queue: Queue) -> Vec<Slot> {
        core::iter::successors(queue.first(), |slot| links.next(*slot)).collect()
    }

    proptest! {
        #[test]
        fn a_queue_keeps_the_order_of_its_keys(steps in prop::collection::vec((0usize..30, 0u64..20), 0..200)) {
            let (mut links, mut queue, mut sorted) = (Links::default(), Queue::EMPTY, Vec::<(u64, Slot)>::new());
            for (place, key) in steps {
                let slot = Slot::at(place);
                if let Some(at) = sorted.iter().position(|(_, other)| *other == slot) {
                    links.remove(&mut queue, slot);
                    sorted.remove(at);
                } else {
                    links.insert(&mut queue, slot, key);
                    sorted.insert(sorted.partition_point(|(other, _)| *other <= key), (key, slot));
                }
                prop_assert_eq!(in_order(&links, queue), sorted.iter().map(|(_, slot)| *slot).collect::<Vec<_>>());
                prop_assert_eq!(queue.last.some(), sorted.last().map(|(_, slot)| *slot));
                prop_assert_eq!(queue.has_two(), sorted.len() >= 2);
            }
        }
    }

    #[test]
    fn the_steps_of_a_queue_do_not_grow_with_its_length() {
        let (mut links, mut queue) = (Links::default(), Queue::EMPTY);
        let mut steps = |upto: usize, from: usize| {
            let before = links.steps();
            (from..upto).for_each(|place| links.insert(&mut queue, Slot::at(place), place as u64));
            (from..upto).step_by(2).for_each(|place| links.remove(&mut queue, Slot::at(place)));
            (links.steps() - before) / (upto - from) as u64
        };
        assert!(steps(1_000, 0) <= 5);
        assert!(steps(100_000, 1_000) <= 5);
    }
}
