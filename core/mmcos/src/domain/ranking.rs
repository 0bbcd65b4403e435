//! Ranking of all players, by order statistics.
#![expect(clippy::arithmetic_side_effects, reason = "numbers of players, none above the number in the tree")]

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::ids::{Points, UserId};

/// A block with this many places is split.
const BLOCK: usize = 512;

/// A player's place in the order: most points first, the older account first among equals. (The official order among
/// equals is unknown, capture 11 shows ties in no order of its fields; ours is stable.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    points: Reverse<Points>,
    user: UserId,
}

impl Place {
    /// Returns the place of `user` with `points`.
    pub const fn new(points: Points, user: UserId) -> Self {
        Self { points: Reverse(points), user }
    }

    /// Returns the player at this place.
    pub const fn user(self) -> UserId {
        self.user
    }
}

/// All players' [`Place`]s in order.
///
/// Sorted blocks of up to 512 places, since no standard collection can tell a rank. An operation looks at the length of
/// each block ahead and moves the places of one: with a million players some microseconds.
///
/// ```
/// use mmcos_game::ids::{Points, UserId};
/// use mmcos_game::ranking::{Place, Ranking};
/// let mut ranking = Ranking::default();
/// let (first, second) = (Place::new(Points(60), UserId(2)), Place::new(Points(40), UserId(1)));
/// ranking.insert(second);
/// ranking.insert(first);
/// assert_eq!(ranking.rank_of(second), 1);
/// assert!(ranking.range(0, 100).eq([first, second]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    len: u32,
    /// None is empty; the places of one come before those of the next.
    blocks: Vec<Vec<Place>>,
}

impl Ranking {
    /// Returns the number of places.
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Returns true if no player is ranked.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Inserts a place that is not in the ranking.
    pub fn insert(&mut self, place: Place) {
        let at = self.block_of(place);
        self.len += 1;
        let Some(block) = self.blocks.get_mut(at) else { return self.blocks.push(vec![place]) };
        block.insert(ahead(block, place), place);
        if block.len() >= BLOCK {
            let right = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, right);
        }
    }

    /// Removes a place. Returns true if it was in the ranking.
    pub fn remove(&mut self, place: Place) -> bool {
        let at = self.block_of(place);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(found) = block.binary_search(&place) else { return false };
        block.remove(found);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        }
        true
    }

    /// Returns the rank of a place, in the ranking or not: the number of places ahead of it.
    pub fn rank_of(&self, place: Place) -> u32 {
        self.rank_in(self.block_of(place), place)
    }

    /// Returns the place at this rank.
    pub fn at(&self, rank: u32) -> Option<Place> {
        self.range(rank, 1).next()
    }

    /// Returns a page of the leaderboard: at most `n` places from rank `start` on, best first.
    pub fn range(&self, start: u32, n: u32) -> impl Iterator<Item = Place> {
        let mut skipped = start as usize;
        let first = self.blocks.iter().take_while(|block| {
            let is_ahead = block.len() <= skipped;
            skipped -= if is_ahead { block.len() } else { 0 };
            is_ahead
        });
        let first = first.count();
        self.blocks.iter().skip(first).flatten().skip(skipped).take(n as usize).copied()
    }

    /// The block that a place is in or belongs into: the last that does not begin after it, or the first.
    fn block_of(&self, place: Place) -> usize {
        self.blocks.partition_point(|block| block.first() <= Some(&place)).saturating_sub(1)
    }

    /// The rank of a place that belongs into this block.
    fn rank_in(&self, at: usize, place: Place) -> u32 {
        let blocks = self.blocks.iter().take(at).map(Vec::len).sum::<usize>();
        count(blocks + self.blocks.get(at).map_or(0, |block| ahead(block, place)))
    }
}

impl FromIterator<Place> for Ranking {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable();
        // Three quarters full, so that the first insertions split none.
        let blocks = places.chunks(BLOCK / 4 * 3).map(<[Place]>::to_vec).collect();
        Self { len: count(places.len()), blocks }
    }
}

/// The number of places of a block that are ahead of this one.
fn ahead(block: &[Place], place: Place) -> usize {
    block.partition_point(|other| *other < place)
}

fn count(places: usize) -> u32 {
    u32::try_from(places).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Few points and users, so that ties and repeated insertions are common; and the extremes.
    fn places() -> impl Strategy<Value = Place> {
        let points = prop_oneof![8 => -3..6_i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
        (points, 0..2_000_u32).prop_map(|(points, user)| Place::new(Points(points), UserId(user)))
    }

    fn toggle(ranking: &mut Ranking, naive: &mut BTreeSet<Place>, place: Place) {
        if naive.remove(&place) {
            assert!(ranking.remove(place));
        } else {
            assert!(!ranking.remove(place));
            naive.insert(place);
            let rank = ranking.rank_of(place);
            ranking.insert(place);
            assert_eq!(ranking.rank_of(place), rank);
            assert_eq!(ranking.at(rank), Some(place));
        }
    }

    fn assert_same(ranking: &Ranking, naive: &BTreeSet<Place>) {
        assert_eq!(ranking.len() as usize, naive.len());
        assert!(ranking.range(0, u32::MAX).eq(naive.iter().copied()));
        for (rank, place) in (0..).zip(naive) {
            assert_eq!(ranking.rank_of(*place), rank);
        }
        assert!(ranking.blocks.iter().all(|block| (1..BLOCK).contains(&block.len())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn ranks_equal_a_naive_sort_after_any_changes(toggled in prop::collection::vec(places(), 1..1_500)) {
            let (mut ranking, mut naive) = (Ranking::default(), BTreeSet::new());
            for place in toggled {
                toggle(&mut ranking, &mut naive, place);
            }
            assert_same(&ranking, &naive);
        }

        #[test]
        fn a_ranking_that_is_built_at_once_is_that_of_insertions(
            built in prop::collection::vec(places(), 0..8_000),
            toggled in prop::collection::vec(places(), 0..500),
        ) {
            let mut naive: BTreeSet<Place> = built.into_iter().collect();
            let mut ranking: Ranking = naive.iter().rev().copied().collect();
            assert_same(&ranking, &naive);
            for place in toggled {
                toggle(&mut ranking, &mut naive, place);
            }
            assert_same(&ranking, &naive);
        }

        #[test]
        fn a_page_is_a_part_of_the_whole(start in 0_u32..600, n in 0_u32..600) {
            let mut ranking = Ranking::default();
            let all = (0..500).map(|user| Place::new(Points(0), UserId(user)));
            all.clone().for_each(|place| ranking.insert(place));
            prop_assert!(ranking.range(start, n).eq(all.skip(start as usize).take(n as usize)));
        }
    }

    #[test]
    fn a_ranking_of_many_blocks_grows_and_shrinks_in_any_direction() {
        let all: Vec<Place> =
            (0..12_000).map(|user| Place::new(Points(user % 7), UserId(user.unsigned_abs()))).collect();
        let [up, down, mixed]: [fn(usize) -> usize; 3] = [|i| i, |i| 11_999 - i, |i| i * 7_919 % 12_000];
        for (grow, shrink) in [(up, up), (down, mixed), (mixed, down)] {
            let (mut ranking, mut naive) = (Ranking::default(), BTreeSet::new());
            for i in 0..12_000 {
                ranking.insert(all[grow(i)]);
                naive.insert(all[grow(i)]);
            }
            assert_same(&ranking, &naive);
            assert!(ranking.blocks.len() > 20);
            for i in 0..11_990 {
                assert!(ranking.remove(all[shrink(i)]));
                naive.remove(&all[shrink(i)]);
            }
            assert_same(&ranking, &naive);
        }
    }
}
