//! From a key to its slot: open addressing with linear probing. It keeps hashes and slots, the keys stay in
//! the slab; taking out leaves no tombstones, so that it never has to be rebuilt while it does not grow.

use alloc::vec;
use alloc::vec::Vec;

use super::slab::Slot;

/// Hashes with a secret, so that nobody can choose keys that collide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hasher {
    pub(super) secret: [u64; 2],
}

impl Hasher {
    /// Mixes one more word into a hash; begin with 0.
    pub(super) const fn mix(self, hash: u64, word: u64) -> u64 {
        let [salt, factor] = self.secret;
        let mut bits = (word ^ salt ^ hash.rotate_left(23)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 32)).wrapping_mul(factor | 1);
        bits ^ (bits >> 29)
    }
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    hash: u32,
    slot: Slot,
}

const EMPTY: Cell = Cell { hash: 0, slot: Slot::NONE };

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Empty, or a power of two and at most three quarters full.
    cells: Vec<Cell>,
    len: usize,
}

impl Index {
    /// The memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity().saturating_mul(size_of::<Cell>())
    }

    /// The slot with this hash that `is` the one looked for.
    pub(super) fn find(&self, hash: u64, is: impl Fn(Slot) -> bool) -> Option<Slot> {
        self.place_of(short(hash), is).map(|place| self.cell(place).slot)
    }

    pub(super) fn insert(&mut self, hash: u64, slot: Slot) {
        if self.len.saturating_mul(4) >= self.cells.len().saturating_mul(3) {
            self.grow();
        }
        self.put(Cell { hash: short(hash), slot });
        self.len = self.len.saturating_add(1);
    }

    pub(super) fn remove(&mut self, hash: u64, slot: Slot) {
        let Some(mut hole) = self.place_of(short(hash), |other| other == slot) else { return };
        self.len = self.len.saturating_sub(1);
        let mut place = hole;
        loop {
            place = self.after(place);
            let cell = self.cell(place);
            if cell.slot == Slot::NONE {
                break;
            }
            // Whoever was pushed past the hole from a place at or before it moves into it.
            let pushed = place.wrapping_sub(self.home(cell.hash)) & self.mask();
            if pushed >= place.wrapping_sub(hole) & self.mask() {
                self.set(hole, cell);
                hole = place;
            }
        }
        self.set(hole, EMPTY);
    }

    fn place_of(&self, hash: u32, is: impl Fn(Slot) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        loop {
            let cell = self.cell(place);
            if cell.slot == Slot::NONE {
                return None;
            }
            if cell.hash == hash && is(cell.slot) {
                return Some(place);
            }
            place = self.after(place);
        }
    }

    fn grow(&mut self) {
        let cells = vec![EMPTY; self.cells.len().saturating_mul(2).max(8)];
        for cell in core::mem::replace(&mut self.cells, cells) {
            if cell.slot != Slot::NONE {
                self.put(cell);
            }
        }
    }

    fn put(&mut self, cell: Cell) {
        let mut place = self.home(cell.hash);
        while self.cell(place).slot != Slot::NONE {
            place = self.after(place);
        }
        self.set(place, cell);
    }

    fn mask(&self) -> usize {
        self.cells.len().saturating_sub(1)
    }

    fn home(&self, hash: u32) -> usize {
        usize::try_from(hash).unwrap_or(0) & self.mask()
    }

    fn after(&self, place: usize) -> usize {
        place.wrapping_add(1) & self.mask()
    }

    fn cell(&self, place: usize) -> Cell {
        self.cells.get(place).copied().unwrap_or(EMPTY)
    }

    fn set(&mut self, place: usize, cell: Cell) {
        if let Some(at) = self.cells.get_mut(place) {
            *at = cell;
        }
    }
}

fn short(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_index_finds_what_a_map_finds(steps in prop::collection::vec((any::<bool>(), 0usize..40), 0..300)) {
            // A poor hash on purpose: five homes for forty keys.
            let hash = |key: usize| (key as u64 % 5) << 32;
            let (mut index, mut map) = (Index::default(), BTreeMap::new());
            for (insert, key) in steps {
                if insert && !map.contains_key(&key) {
                    index.insert(hash(key), Slot::at(key));
                    map.insert(key, Slot::at(key));
                } else {
                    index.remove(hash(key), Slot::at(key));
                    map.remove(&key);
                }
                for key in 0..40 {
                    let found = index.find(hash(key), |slot| slot == Slot::at(key));
                    prop_assert_eq!(found, map.get(&key).copied());
                }
            }
        }
    }
}
