use std::cmp::Reverse;

/// All players in the order of the leaderboard: by points, then by account number.
#[derive(Debug, Default)]
pub(super) struct Standings(Vec<(Reverse<i32>, u32)>);

impl Standings {
    /// Creates the order from the points of each player.
    pub(super) fn of(points: impl Iterator<Item = i32>) -> Self {
        let mut order: Vec<_> = (0..).zip(points).map(|(slot, points)| (Reverse(points), slot)).collect();
        order.sort_unstable();
        Self(order)
    }

    pub(super) fn add(&mut self, slot: usize, points: i32) {
        let at = self.ahead_of(slot, points);
        self.0.insert(at, (Reverse(points), slot as u32));
    }

    pub(super) fn change(&mut self, slot: usize, before: i32, after: i32) {
        if before != after {
            self.0.remove(self.ahead_of(slot, before));
            self.add(slot, after);
        }
    }

    /// Returns how many others would be ahead of the player with `held` points if it had `points`.
    pub(super) fn rank(&self, slot: usize, held: i32, points: i32) -> u32 {
        let itself = usize::from(held > points);
        (self.ahead_of(slot, points) - itself) as u32
    }

    fn ahead_of(&self, slot: usize, points: i32) -> usize {
        self.0.partition_point(|entry| *entry < (Reverse(points), slot as u32))
    }

    /// Returns the points and the slot of each player from this rank on.
    pub(super) fn from(&self, rank: u32) -> impl ExactSizeIterator<Item = (i32, usize)> {
        self.0.iter().skip(rank as usize).map(|(points, slot)| (points.0, *slot as usize))
    }
}
