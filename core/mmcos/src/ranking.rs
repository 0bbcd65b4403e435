//! Ranking of all players, by order statistics.
#![expect(clippy::arithmetic_side_effects, reason = "numbers of players, none above the number in the tree")]

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::mem;

use super::ids::{Points, UserId};

/// A leaf with this many places is split. (128 by 32 was the fastest of those measured at 1,000,000 places.)
const LEAF: usize = 128;
/// A branch with this many children is split.
const BRANCH: usize = 32;

/// A player's place in the order: most points first, the older account first among equals. (The official order among
/// equals is unknown, capture 11 shows ties in no order of its fields; ours is stable.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    points: Reverse<Points>,
    user: UserId,
}

impl Place {
    /// A place that no other comes before.
    const FIRST: Self = Self::new(Points(i32::MAX), UserId(0));

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
/// A B+ tree whose branches count the places below each child, since no standard collection can tell a rank. Every
/// operation takes O(log n) steps; memory is allocated only when a node is split, about once in a hundred insertions.
///
/// ```
/// use mmcos_game::ids::{Points, UserId};
/// use mmcos_game::ranking::{Place, Ranking};
/// let mut ranking = Ranking::default();
/// let (first, second) = (Place::new(Points(60), UserId(2)), Place::new(Points(40), UserId(1)));
/// assert_eq!(ranking.insert(second), 0);
/// assert_eq!(ranking.insert(first), 0);
/// assert_eq!(ranking.rank_of(second), 1);
/// assert!(ranking.range(0, 100).eq([first, second]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    root: Tree,
}

#[derive(Clone, Debug, Default)]
struct Tree {
    /// Number of places in all leaves.
    count: u32,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<Place>),
    /// Never empty; all children are of one height.
    Branch(Vec<Child>),
}

#[derive(Clone, Debug)]
struct Child {
    /// Lower bound: places from this one on, up to that of the next child, belong here.
    from: Place,
    tree: Tree,
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Ranking {
    /// Returns the number of places.
    pub const fn len(&self) -> u32 {
        self.root.count
    }

    /// Returns true if no player is ranked.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inserts a place that is not in the ranking. Returns its rank.
    pub fn insert(&mut self, place: Place) -> u32 {
        let rank = self.root.insert(place);
        if let Some(right) = self.root.split() {
            let left = Child { from: Place::FIRST, tree: mem::take(&mut self.root) };
            let count = left.tree.count + right.tree.count;
            self.root = Tree { count, node: Node::Branch(vec![left, right]) };
        }
        rank
    }

    /// Removes a place. Returns true if it was in the ranking.
    pub fn remove(&mut self, place: Place) -> bool {
        let removed = self.root.remove(place);
        if let Node::Branch(children) = &mut self.root.node
            && children.len() == 1
            && let Some(only) = children.pop()
        {
            self.root = only.tree;
        }
        removed
    }

    /// Returns the rank of a place, in the ranking or not: the number of places ahead of it.
    pub fn rank_of(&self, place: Place) -> u32 {
        let (mut tree, mut rank) = (&self.root, 0);
        loop {
            match &tree.node {
                Node::Leaf(places) => return rank + count(places.partition_point(|other| *other < place)),
                Node::Branch(children) => {
                    let (at, ahead) = find(children, place);
                    rank += ahead;
                    let Some(child) = children.get(at) else { return rank };
                    tree = &child.tree;
                }
            }
        }
    }

    /// Returns the place at this rank.
    pub fn at(&self, rank: u32) -> Option<Place> {
        let (mut tree, mut ahead) = (&self.root, rank);
        loop {
            match &tree.node {
                Node::Leaf(places) => return places.get(ahead as usize).copied(),
                Node::Branch(children) => {
                    tree = children.iter().map(|child| &child.tree).find(|tree| {
                        let found = ahead < tree.count;
                        ahead -= if found { 0 } else { tree.count };
                        found
                    })?;
                }
            }
        }
    }

    /// Returns a page of the leaderboard: at most `n` places from rank `start` on, best first. O(log n) for each.
    pub fn range(&self, start: u32, n: u32) -> impl Iterator<Item = Place> {
        (start..start.saturating_add(n)).map_while(|rank| self.at(rank))
    }
}

impl FromIterator<Place> for Ranking {
    /// Sorts the places and builds the tree from below: about ten times as fast as inserting them one after the
    /// other.
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable();
        let leaf = |places: &[Place]| {
            let tree = Tree { count: count(places.len()), node: Node::Leaf(places.to_vec()) };
            Some(Child { from: *places.first()?, tree })
        };
        // Three quarters full, so that the first insertions split no node.
        let mut level: Vec<Child> = places.chunks(LEAF / 4 * 3).filter_map(leaf).collect();
        while level.len() > 1 {
            level = parents(level);
        }
        Self { root: level.pop().map(|child| child.tree).unwrap_or_default() }
    }
}

/// Groups neighbouring nodes of one height into branches.
fn parents(children: Vec<Child>) -> Vec<Child> {
    let mut children = children.into_iter();
    let mut parents = Vec::new();
    loop {
        let children: Vec<Child> = children.by_ref().take(BRANCH / 4 * 3).collect();
        let Some(from) = children.first().map(|child| child.from) else { return parents };
        let count = children.iter().map(|child| child.tree.count).sum();
        parents.push(Child { from, tree: Tree { count, node: Node::Branch(children) } });
    }
}

impl Tree {
    fn insert(&mut self, place: Place) -> u32 {
        self.count += 1;
        match &mut self.node {
            Node::Leaf(places) => {
                let at = places.partition_point(|other| *other < place);
                places.insert(at, place);
                count(at)
            }
            Node::Branch(children) => {
                let (at, ahead) = find(children, place);
                let Some(child) = children.get_mut(at) else { return ahead };
                let rank = ahead + child.tree.insert(place);
                if let Some(right) = child.tree.split() {
                    children.insert(at + 1, right);
                }
                rank
            }
        }
    }

    /// Splits off the right half if the node is full.
    fn split(&mut self) -> Option<Child> {
        let child = match &mut self.node {
            Node::Leaf(places) if places.len() >= LEAF => {
                let right = places.split_off(LEAF / 2);
                let (from, count) = (*right.first()?, count(right.len()));
                Child { from, tree: Self { count, node: Node::Leaf(right) } }
            }
            Node::Branch(children) if children.len() >= BRANCH => {
                let right = children.split_off(BRANCH / 2);
                let (from, count) = (right.first()?.from, right.iter().map(|child| child.tree.count).sum());
                Child { from, tree: Self { count, node: Node::Branch(right) } }
            }
            _ => return None,
        };
        self.count -= child.tree.count;
        Some(child)
    }

    fn remove(&mut self, place: Place) -> bool {
        let removed = match &mut self.node {
            Node::Leaf(places) => places.binary_search(&place).map(|at| places.remove(at)).is_ok(),
            Node::Branch(children) => {
                let (at, _) = find(children, place);
                let removed = children.get_mut(at).is_some_and(|child| child.tree.remove(place));
                if removed {
                    merge(children, at);
                    merge(children, at.saturating_sub(1));
                }
                removed
            }
        };
        self.count -= u32::from(removed);
        removed
    }

    /// Returns true if both nodes fit into one with room left, so that the next insertion does not split it again.
    fn fits(&self, right: &Self) -> bool {
        match (&self.node, &right.node) {
            (Node::Leaf(left), Node::Leaf(right)) => left.len() + right.len() <= LEAF / 4 * 3,
            (Node::Branch(left), Node::Branch(right)) => left.len() + right.len() <= BRANCH / 4 * 3,
            _ => false,
        }
    }

    fn append(&mut self, right: Self) {
        match (&mut self.node, right.node) {
            (Node::Leaf(left), Node::Leaf(mut right)) => left.append(&mut right),
            (Node::Branch(left), Node::Branch(mut right)) => left.append(&mut right),
            _ => return,
        }
        self.count += right.count;
    }
}

/// Returns the index of the child that a place belongs to, and the number of places in the children before that.
fn find(children: &[Child], place: Place) -> (usize, u32) {
    let at = children.partition_point(|child| child.from <= place).saturating_sub(1);
    (at, children.iter().take(at).map(|child| child.tree.count).sum())
}

/// Merges the child at `at` with the next, if they fit into one.
fn merge(children: &mut Vec<Child>, at: usize) {
    if let Some([left, right]) = children.get(at..=at + 1)
        && left.tree.fits(&right.tree)
    {
        let right = children.remove(at + 1);
        if let Some(left) = children.get_mut(at) {
            left.tree.append(right.tree);
        }
    }
}

/// Returns a number of places; there are no more than there are [`UserId`]s.
fn count(places: usize) -> u32 {
    u32::try_from(places).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Generates few points and users, so that ties and repeated insertions are common; and the extremes.
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
            assert_eq!(ranking.insert(place), rank);
            assert_eq!(ranking.at(rank), Some(place));
        }
    }

    fn assert_same(ranking: &Ranking, naive: &BTreeSet<Place>) {
        assert_eq!(ranking.len() as usize, naive.len());
        assert!(ranking.range(0, u32::MAX).eq(naive.iter().copied()));
        for (rank, place) in (0..).zip(naive) {
            assert_eq!(ranking.rank_of(*place), rank);
        }
        assert_balanced(&ranking.root);
    }

    /// Checks that all leaves are at one depth, that counts are right, and that the tree has neither too many leaves
    /// nor, for their number, too many levels.
    fn assert_balanced(tree: &Tree) {
        let (height, leaves) = height_and_leaves(tree);
        assert!(leaves <= 2 + tree.count as usize / (LEAF / 4), "{leaves} leaves for {}", tree.count);
        assert!(leaves >= 2_usize.pow(height), "{leaves} leaves, {height} high");
    }

    fn height_and_leaves(tree: &Tree) -> (u32, usize) {
        let Node::Branch(children) = &tree.node else { return (0, 1) };
        assert!(children.is_sorted_by_key(|child| child.from));
        assert_eq!(tree.count, children.iter().map(|child| child.tree.count).sum::<u32>());
        let below: Vec<(u32, usize)> = children.iter().map(|child| height_and_leaves(&child.tree)).collect();
        assert!(below.windows(2).all(|pair| pair[0].0 == pair[1].0));
        (1 + below[0].0, below.iter().map(|(_, leaves)| leaves).sum())
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
            all.clone().for_each(|place| { ranking.insert(place); });
            prop_assert!(ranking.range(start, n).eq(all.skip(start as usize).take(n as usize)));
        }
    }

    #[test]
    fn a_tree_of_three_levels_grows_and_shrinks_in_any_direction() {
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
            assert!(height_and_leaves(&ranking.root).0 >= 2);
            for i in 0..11_990 {
                assert!(ranking.remove(all[shrink(i)]));
                naive.remove(&all[shrink(i)]);
            }
            assert_same(&ranking, &naive);
        }
    }
}
