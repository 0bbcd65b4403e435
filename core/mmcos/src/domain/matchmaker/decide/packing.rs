//! Choice of the groups that go together: as many players as seats allow, no party split. Two teams of a Battle are as
//! even in size as parties allow, then as even in points.

use super::super::config::Seats;

/// Maximum number of groups considered for one match. A bucket that could offer more has long released one.
pub(in super::super) const MAX_CANDIDATES: usize = 64;

/// Chooses among groups, given by size in the order of their claim. The first always goes, as many players as
/// possible go, and of all such choices the one that takes the earlier groups wins. The result has bit `i` set if the
/// `i`th group goes. With teams, the chosen groups can be split into two that both fit.
pub(in super::super) fn choose(seats: Seats, sizes: &[u8]) -> u64 {
    let grid = Grid::new(seats);
    let Some((first, rest)) = sizes.split_first() else { return 0 };
    let seated = grid.add(Grid::EMPTY_MATCH, *first);
    // With few players online all fit, and there is nothing to choose.
    if rest.iter().fold(seated, |fillings, size| grid.add(fillings, *size)) != 0 {
        // Of 64 groups too: the shift gives 0, and 0 - 1 has all bits set.
        return (1_u64.unbounded_shl(u32::try_from(sizes.len()).unwrap_or(0))).wrapping_sub(1);
    }
    let reachable = rest.iter().fold(seated, |fillings, size| fillings | grid.add(fillings, *size));
    let Some(goal) =
        (0..=seats.total()).rev().map(|total| grid.of_total(total)).find(|goal| reachable & goal != 0)
    else {
        return 0;
    };

    // From the end: a group may go only if the groups after it can still complete the largest match.
    let mut promising = [goal; MAX_CANDIDATES];
    let mut later = goal;
    for (size, slot) in rest.iter().zip(&mut promising).rev() {
        *slot = later;
        later |= grid.take(later, *size);
    }
    let (mut fillings, mut chosen) = (seated, 1_u64);
    for ((size, promising), bit) in rest.iter().zip(promising).zip(1_u32..) {
        let with = grid.add(fillings, *size) & promising;
        // `promising` has looked ahead, so earlier groups can simply come first.
        if with != 0 {
            fillings = with;
            chosen |= 1_u64.unbounded_shl(bit);
        }
    }
    chosen
}

/// Sets of ways to fill the seats, as bits: bit `a·(team + 1) + b` is a match with `a` players in one team and
/// `b` in the other. Without teams `a` is 0. At most 49 bits.
struct Grid {
    seats: Seats,
    width: u32,
    /// The first bit of each row.
    rows: u64,
}

impl Grid {
    const EMPTY_MATCH: u64 = 1;

    fn new(seats: Seats) -> Self {
        let width = u32::from(seats.team).saturating_add(1);
        let count = if seats.teams == 1 { 1 } else { width };
        let rows = (0..count).fold(0, |rows, row| rows | 1_u64.unbounded_shl(row.saturating_mul(width)));
        Self { seats, width, rows }
    }

    /// Returns the fillings with at least `players` in the second team.
    fn columns_from(&self, players: u8) -> u64 {
        let row = 1_u64.unbounded_shl(self.width).saturating_sub(1_u64.unbounded_shl(u32::from(players)));
        self.rows.wrapping_mul(row)
    }

    fn row_shift(&self, size: u8) -> u32 {
        // Without teams there is no other row: the shift drops all fillings.
        if self.seats.teams == 1 { u64::BITS } else { self.width.saturating_mul(u32::from(size)) }
    }

    /// Returns all fillings after one more group.
    fn add(&self, fillings: u64, size: u8) -> u64 {
        // The mask drops what has spilled into the next row: a second team that is too large.
        let second = fillings.unbounded_shl(u32::from(size)) & self.columns_from(size);
        let first = fillings.unbounded_shl(self.row_shift(size)) & self.columns_from(0);
        first | second
    }

    /// Returns all fillings that one more group would turn into one of `fillings`.
    fn take(&self, fillings: u64, size: u8) -> u64 {
        let second = (fillings & self.columns_from(size)).unbounded_shr(u32::from(size));
        fillings.unbounded_shr(self.row_shift(size)) | second
    }

    /// Returns the fillings with `total` players.
    fn of_total(&self, total: u8) -> u64 {
        let diagonal = |a: u8| {
            let b = total.checked_sub(a).filter(|b| *b <= self.seats.team)?;
            Some(1_u64.unbounded_shl(u32::from(a).saturating_mul(self.width).saturating_add(u32::from(b))))
        };
        let rows = if self.seats.teams == 1 { 0 } else { self.seats.team };
        (0..=rows).filter_map(diagonal).fold(0, |set, bit| set | bit)
    }
}

/// One group to place: its number of players, and the points of each of them.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Side {
    pub(in super::super) players: u8,
    pub(in super::super) points: i32,
}

/// Returns the best split, found by trying all of them (2,048 for twelve groups). Bit `i` is set if group `i` is in
/// team 2. Group 0 is in team 1. Takes at most 12 groups; with two or more, neither team is empty.
pub(in super::super) fn split(groups: &[Side]) -> u16 {
    let all = groups.iter().fold(Sums::default(), |sums, group| sums.with(*group));
    // Group 0 stays in team 1: exchanging the teams gives no new split.
    let Some((_, movable)) = groups.split_first() else { return 0 };
    let splits = 1_u16.unbounded_shl(u32::try_from(movable.len()).unwrap_or(0).min(11));
    let (mut second, mut members) = (Sums::default(), 0_u16);
    let mut best = (second.difference(all), members);
    // Gray code: from one split to the next a single group changes sides.
    for step in 1..splits {
        let moved = step.trailing_zeros();
        members ^= 1_u16.unbounded_shl(moved);
        if let Some(group) = movable.get(usize::try_from(moved).unwrap_or(0)) {
            let joins = members.unbounded_shr(moved) & 1 == 1;
            second = if joins { second.with(*group) } else { second.without(*group) };
        }
        let difference = second.difference(all);
        if difference < best.0 {
            best = (difference, members);
        }
    }
    // Bit 0 is for group 0, which is not among the movable ones.
    best.1 << 1
}

/// Sum of players, and sum of their points.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    players: i64,
    points: i64,
}

impl Sums {
    const fn with(self, group: Side) -> Self {
        // Weighted by size: teams are compared by the mean of their players, not of their groups.
        let (players, points) = (group.players as i64, group.points as i64);
        Self {
            players: self.players.wrapping_add(players),
            points: self.points.wrapping_add(points.wrapping_mul(players)),
        }
    }

    const fn without(self, group: Side) -> Self {
        let (players, points) = (group.players as i64, group.points as i64);
        Self {
            players: self.players.wrapping_sub(players),
            points: self.points.wrapping_sub(points.wrapping_mul(players)),
        }
    }

    /// Returns the distance between this team and the rest of `all`: in players, then in mean points. The means are
    /// compared without dividing: where the players differ equally, the product of both team sizes is the same.
    const fn difference(self, all: Self) -> (u64, u64) {
        let rest = Self {
            players: all.players.wrapping_sub(self.players),
            points: all.points.wrapping_sub(self.points),
        };
        let means =
            self.points.wrapping_mul(rest.players).wrapping_sub(rest.points.wrapping_mul(self.players));
        (self.players.abs_diff(rest.players), means.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn fits(seats: Seats, sizes: &[u8], chosen: u64) -> bool {
        let picked: Vec<u8> = (0..sizes.len()).filter(|i| chosen >> i & 1 == 1).map(|i| sizes[i]).collect();
        let total: u8 = picked.iter().sum();
        (0..1_u32 << picked.len()).any(|team| {
            let one: u8 = (0..picked.len()).filter(|i| team >> i & 1 == 1).map(|i| picked[i]).sum();
            if seats.teams == 1 {
                total <= seats.team
            } else {
                one.max(total.saturating_sub(one)) <= seats.team
            }
        })
    }

    /// Returns the best of all subsets with the first group: most players, then the earliest groups.
    fn best(seats: Seats, sizes: &[u8]) -> u64 {
        let players = |set: u64| (0..sizes.len()).filter(|i| set >> i & 1 == 1).map(|i| sizes[i]).sum::<u8>();
        let all = (0..1_u64 << sizes.len()).filter(|set| set & 1 == 1 && fits(seats, sizes, *set));
        all.max_by_key(|set| (players(*set), set.reverse_bits())).unwrap()
    }

    proptest! {
        #[test]
        fn the_choice_is_the_best_of_all(
            sizes in prop::collection::vec(1_u8..=6, 1..8),
            seats in prop::sample::select(alloc::vec![
                Seats::solo(12), Seats::solo(6), Seats { teams: 2, team: 6 }, Seats { teams: 2, team: 4 },
            ]),
        ) {
            let sizes: Vec<u8> = sizes.into_iter().map(|size| size.min(seats.largest())).collect();
            prop_assert_eq!(choose(seats, &sizes), best(seats, &sizes));
        }
    }

    #[test]
    fn a_party_that_fills_the_match_is_preferred_to_an_earlier_one() {
        assert_eq!(choose(Seats::solo(6), &[4, 1, 2]), 0b101);
        assert_eq!(choose(Seats { teams: 2, team: 6 }, &[4, 4, 4, 2]), 0b1011);
    }

    fn split_of(groups: &[(u8, i32)]) -> u16 {
        let groups: Vec<Side> = groups.iter().map(|&(players, points)| Side { players, points }).collect();
        split(&groups)
    }

    #[test]
    fn sizes_come_before_points() {
        assert_eq!(split_of(&[(1, 0), (1, 1000)]), 0b10);
        assert_eq!(split_of(&[(3, 0), (1, 900), (1, 900), (1, 900)]), 0b1110);
    }

    #[test]
    fn even_sizes_are_split_by_points() {
        assert_eq!(split_of(&[(1, 400), (1, 300), (1, 200), (1, 100)]), 0b110);
    }

    #[test]
    fn a_group_alone_is_team_one() {
        assert_eq!(split_of(&[(6, 5)]), 0);
    }
}
