//! The two teams of a Battle: as even in size as parties allow, then as even in points.

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

    use super::*;

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
