//! Values that keep their slot from when they come until they go; a freed slot is used again, so nothing is
//! allocated once the slab has been as full as it gets.

use alloc::vec::Vec;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    /// No value: the end of a list, an empty cell. Smaller than an `Option<Slot>`.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// The slot of the `place`th value of a slab.
    pub(super) fn at(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The place of the slot in a table beside the slab.
    pub(super) fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The slot, unless it is none.
    pub(super) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }

    /// A number that looks random and is always the same for the same slot.
    pub(super) const fn scrambled(self) -> u32 {
        let mut bits = self.0.wrapping_add(0x9E37_79B9);
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x85EB_CA6B);
        bits = (bits ^ (bits >> 13)).wrapping_mul(0xC2B2_AE35);
        bits ^ (bits >> 16)
    }
}

#[derive(Clone, Debug)]
enum Entry<T> {
    Used(T),
    Free { next: Slot },
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Slot,
    len: usize,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), free: Slot::NONE, len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity().saturating_mul(size_of::<Entry<T>>())
    }

    pub(super) fn insert(&mut self, value: T) -> Slot {
        self.len = self.len.saturating_add(1);
        let slot = self.free;
        if let Some(entry) = self.entries.get_mut(slot.place()) {
            if let Entry::Free { next } = *entry {
                self.free = next;
            }
            *entry = Entry::Used(value);
            return slot;
        }
        self.entries.push(Entry::Used(value));
        Slot::at(self.entries.len().saturating_sub(1))
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<T> {
        let entry = self.entries.get_mut(slot.place()).filter(|entry| matches!(entry, Entry::Used(_)))?;
        let Entry::Used(value) = core::mem::replace(entry, Entry::Free { next: self.free }) else {
            return None;
        };
        self.free = slot;
        self.len = self.len.saturating_sub(1);
        Some(value)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        match self.entries.get(slot.place())? {
            Entry::Used(value) => Some(value),
            Entry::Free { .. } => None,
        }
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        match self.entries.get_mut(slot.place())? {
            Entry::Used(value) => Some(value),
            Entry::Free { .. } => None,
        }
    }

    /// In the order of the slots: the same for the same history.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Used(value) => Some(value),
            Entry::Free { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_slot_is_used_again() {
        let mut slab = Slab::new();
        let (first, second) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.remove(first), Some('a'));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.insert('c'), first);
        assert_eq!((slab.get(first), slab.get(second), slab.len()), (Some(&'c'), Some(&'b'), 2));
        assert!(slab.iter().eq(&['c', 'b']));
    }
}
