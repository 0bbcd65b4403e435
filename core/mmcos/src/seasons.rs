//! Seasons: when they are, and what a change of season does to a standing.
#![expect(clippy::arithmetic_side_effects, reason = "counts of two-month periods in years of 16 bits")]

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::catalogue::Catalogue;
use super::divisions::{Division, Ladder, Standing};
use super::ids::{Points, UserId};
use mmcos_core::calendar::Date;
use mmcos_core::seam::Wall;

/// The number of a season, consecutive. Season 1 began on 2017-07-01, the day after the game came out in most
/// countries, so season 46 on 2025-01-01, where the community server's count agrees, and season 57 on 2026-11-01.
///
/// The official ids were ahead of this rule (8 on 2018-01-01, where it gives 4) and stood at 45 in the end (captures
/// of 2023-09 and 2023-11). A game that has seen 45 never meets it again as a new season: since 2025 all are later.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct SeasonId(pub i32);

impl SeasonId {
    const fn plus(self, seasons: i32) -> Self {
        Self(self.0.saturating_add(seasons))
    }
}

/// The number of two-month periods from the year 0 to that of season 0.
const SEASON_ZERO: i32 = 2017 * 6 + 2;

/// One season of two months: it starts on the first of an odd month and is inactive from the 15th of the next month.
/// (Dates in captures of 2023-09-16 and 2023-11-18.)
///
/// An operator may begin one early ([`Season::early`], our choice). It ends when the calendar's would have ended, and
/// all later ones have a number more: how many were begun early follows from the number and the start of any season.
///
/// ```
/// use mmcos_core::calendar::UtcText;
/// use mmcos_game::seasons::{Season, SeasonId};
/// use mmcos_core::seam::Wall;
/// let now = Wall::from_secs(1_795_000_000); // 2026-11-18
/// let season = Season::at(now);
/// assert_eq!(season.id, SeasonId(57));
/// assert!(season.is_active(now));
/// assert_eq!(UtcText::from(season.next_inactive(now)).as_str(), "2026-12-15T00:00:00Z");
/// assert_eq!(UtcText::from(season.next_starts).as_str(), "2027-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Season {
    /// Its number.
    pub id: SeasonId,
    /// Its first moment.
    pub starts: Wall,
    /// From here on it is over, and none is active.
    pub inactive_from: Wall,
    /// The first moment of the next season: `NextActiveSeasonDate`, whether this one is still active or not.
    pub next_starts: Wall,
}

impl Season {
    /// That of a server that has not seen any.
    pub(super) const NONE: Self = {
        let never = Wall::from_millis(i64::MIN);
        Self { id: SeasonId(i32::MIN), starts: never, inactive_from: never, next_starts: never }
    };

    /// The season that a moment is in, active or not. (Moments outside of the years 0 to 9999 are in the season of
    /// the nearest that is inside.)
    pub fn at(moment: Wall) -> Self {
        let today = Date::of(moment);
        Self::of_period(i32::from(today.year) * 6 + (i32::from(today.month) - 1) / 2)
    }

    /// The season that began at this moment with this number.
    pub fn that_began(starts: Wall, id: SeasonId) -> Self {
        Self { id, starts, ..Self::at(starts) }
    }

    /// The season that the calendar has at a later moment.
    ///
    /// ```
    /// use mmcos_game::seasons::{Season, SeasonId};
    /// use mmcos_core::seam::Wall;
    /// let now = Wall::from_secs(1_795_000_000); // 2026-11-18
    /// let season = Season::at(now);
    /// assert_eq!(season.at_later(season.next_starts), Season::at(season.next_starts));
    /// let early = season.early(now);
    /// assert_eq!((early.id, early.starts, early.next_starts), (SeasonId(58), now, season.next_starts));
    /// assert_eq!(early.at_later(early.next_starts).id, SeasonId(59));
    /// ```
    #[must_use]
    pub fn at_later(&self, moment: Wall) -> Self {
        let season = Self::at(moment);
        Self { id: season.id.plus(self.begun_early()), ..season }
    }

    /// The season that follows this one if it begins at this moment.
    #[must_use]
    pub fn early(&self, now: Wall) -> Self {
        Self::that_began(now, self.id.plus(1))
    }

    /// The season that the calendar has instead, if this one begins only later: it began while the clock was ahead.
    pub fn renumbered(&self, now: Wall) -> Option<Self> {
        (now < self.starts).then(|| self.at_later(now))
    }

    /// The season of a moment before this one began. If others were begun early meanwhile, it may be one before that.
    pub fn of_earlier(&self, moment: Wall) -> SeasonId {
        let was_early = self.starts > Self::at(self.starts).starts;
        let begun_early_before = self.begun_early().saturating_sub(i32::from(was_early));
        Self::at(moment).id.plus(begun_early_before).min(self.id.plus(-1))
    }

    /// How many seasons were begun early, up to this one.
    fn begun_early(&self) -> i32 {
        self.id.0.saturating_sub(Self::at(self.starts).id.0)
    }

    /// Whether it is not over at this moment. (Points count all the same: our choice.)
    pub fn is_active(&self, now: Wall) -> bool {
        (self.starts..self.inactive_from).contains(&now)
    }

    /// When next a season goes inactive: `NextInactiveSeasonDate`. This season's own date while it is active; after
    /// that, the next season's (inferred: both captures are of an active season).
    pub fn next_inactive(&self, now: Wall) -> Wall {
        if now < self.inactive_from { self.inactive_from } else { Self::at(self.next_starts).inactive_from }
    }

    /// The last moment before the next season.
    pub(super) const fn last_moment(&self) -> Wall {
        Wall::from_millis(self.next_starts.as_millis().saturating_sub(1))
    }

    /// Of the period so many times two months after the start of the year 0.
    fn of_period(period: i32) -> Self {
        Self {
            id: SeasonId(period - SEASON_ZERO),
            starts: day_in_period(period, 0, 1),
            inactive_from: day_in_period(period, 1, 15),
            next_starts: day_in_period(period + 1, 0, 1),
        }
    }
}

fn day_in_period(period: i32, month: i32, day: u8) -> Wall {
    let year = u16::try_from(period / 6).unwrap_or_default();
    let month = u8::try_from(period % 6 * 2 + month + 1).unwrap_or_default();
    Date { year, month, day }.start()
}

/// One row of the table that rewards ranks at the end of a season. (`RankBonus` of capture 02.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankBonus {
    /// The row is for the players in the first so many ranks.
    pub min_rank: u32,
    /// The points that they start the next season with, beside those of their division and of the other rows that are for
    /// them.
    pub bonus_points: Points,
}

/// Returns the initial standing for a player who finished the previous season in `division` with `rank` players ahead: the
/// bonus of the division and those of all rows of `rank_bonus` that the rank is in, and the division which these points
/// earn. The old points are gone.
///
/// Inferred: no capture shows a change of season. That `MinRank` 10, 100, 1,000, 10,000 mean the first 10, 100, … is
/// read off `RankPrizes`, which gives the row of 10 the most. That all rows count follows from their bonuses, 50, 100, 150
/// and 0: with the first row alone, the eleventh would begin ahead of the first.
///
/// ```
/// use mmcos_game::divisions::{Band, Division, Ladder, Standing};
/// use mmcos_game::ids::Points;
/// use mmcos_game::seasons::{RankBonus, roll_over};
/// let ladder = Ladder::new(vec![Band { bonus_points: Points(100), ..Band::default() }]);
/// let rank_bonus = [RankBonus { min_rank: 10, bonus_points: Points(50) }];
/// assert_eq!(roll_over(Division(0), 9, &ladder, &rank_bonus).points, Points(150));
/// assert_eq!(roll_over(Division(0), 10, &ladder, &rank_bonus).points, Points(100));
/// ```
pub fn roll_over(division: Division, rank: u32, ladder: &Ladder, rank_bonus: &[RankBonus]) -> Standing {
    let for_rank = rank_bonus.iter().filter(|row| rank < row.min_rank).map(|row| row.bonus_points.0);
    let for_rank = for_rank.fold(0_i32, i32::saturating_add);
    let points = Points(ladder.bonus(division).0.saturating_add(for_rank).max(0));
    Standing { points, division: ladder.earned(points) }
}

/// A change of season: what it did to everybody, for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SeasonStarted {
    /// The season that began.
    pub season: SeasonId,
    /// Its first moment.
    pub starts: Wall,
    /// Everybody who was not in it yet, best first.
    pub standings: Vec<FinalStanding>,
    /// What the season that ended was worth.
    pub prizes: Prizes,
}

/// Where a player stood at the end of a season, and how the next began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FinalStanding {
    /// Who.
    pub user: UserId,
    /// The last season that the player was in; not the one before, if nobody asked this server anything meanwhile.
    pub season: SeasonId,
    /// The number of players ahead, in the end.
    pub rank: u32,
    /// Points and division in the end.
    pub ended: Standing,
    /// Points and division to begin with.
    pub begins: Standing,
}

/// The prizes at the end of a season, as the game reads them, e.g. `Boxes:3:`. The game hands them out by itself (inferred);
/// they are noted with a player's standing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prizes {
    by_division: Vec<Box<str>>,
    /// The best ranks first, each with the number of ranks that it is for.
    by_rank: Vec<(u32, Box<str>)>,
}

impl Prizes {
    /// Those of a catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let by_rank = catalogue.ranks.rewards.iter().map(|row| (row.min_rank, row.prize.as_str().into()));
        Self {
            by_division: catalogue
                .divisions
                .season_prizes
                .iter()
                .map(|prize| prize.as_str().into())
                .collect(),
            by_rank: by_rank.collect(),
        }
    }

    /// For who ended in this division; `None` if there is none.
    pub fn of_division(&self, division: Division) -> Option<&str> {
        self.by_division.get(usize::from(division.0)).map(|prize| &**prize).filter(|prize| !prize.is_empty())
    }

    /// For who ended with so many players ahead; `None` if there is none.
    pub fn of_rank(&self, rank: u32) -> Option<&str> {
        let row = self.by_rank.iter().find(|(min_rank, _)| rank < *min_rank);
        row.map(|(_, prize)| &**prize).filter(|prize| !prize.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::super::divisions::tests::official;
    use super::*;
    use mmcos_core::calendar::UtcText;

    fn on(year: u16, month: u8, day: u8) -> Wall {
        Date { year, month, day }.start()
    }

    fn just_before(moment: Wall) -> Wall {
        Wall::from_millis(moment.as_millis() - 1)
    }

    #[test]
    fn captured_dates() {
        let table = [
            (on(2023, 9, 16), "2023-10-15T00:00:00Z", "2023-11-01T00:00:00Z"),
            (on(2023, 11, 18), "2023-12-15T00:00:00Z", "2024-01-01T00:00:00Z"),
        ];
        for (now, next_inactive, next_active) in table {
            let season = Season::at(now);
            assert!(season.is_active(now));
            assert_eq!(UtcText::from(season.next_inactive(now)).to_string(), next_inactive);
            assert_eq!(UtcText::from(season.next_starts).to_string(), next_active);
        }
    }

    #[test]
    fn both_next_dates_lie_ahead_while_no_season_is_active() {
        let now = on(2023, 10, 15);
        let season = Season::at(now);
        assert!(!season.is_active(now));
        assert!(season.is_active(just_before(now)));
        assert_eq!(season.next_starts, on(2023, 11, 1));
        assert_eq!(season.next_inactive(now), on(2023, 12, 15));
    }

    #[test]
    fn ids_agree_with_the_community_server() {
        for (id, starts) in [(1, on(2017, 7, 1)), (46, on(2025, 1, 1)), (57, on(2026, 11, 1))] {
            assert_eq!((Season::at(starts).id, Season::at(starts).starts), (SeasonId(id), starts));
            assert_eq!(Season::at(just_before(starts)).id, SeasonId(id - 1));
        }
    }

    #[test]
    fn seasons_follow_each_other_without_gap_or_overlap_from_2017_to_2100() {
        let mut season = Season::at(on(2017, 1, 1));
        assert_eq!(season.starts, on(2017, 1, 1));
        while season.starts < on(2101, 1, 1) {
            assert!(season.starts < season.inactive_from && season.inactive_from < season.next_starts);
            assert_eq!(Season::at(just_before(season.next_starts)), season);
            let next = Season::at(season.next_starts);
            assert_eq!((next.id.0, next.starts), (season.id.0 + 1, season.next_starts));
            season = next;
        }
        assert_eq!(season.starts, on(2101, 1, 1));
    }

    #[test]
    fn seasons_begun_early_count_and_the_calendar_goes_on() {
        let calendar = Season::at(on(2026, 11, 20));
        let early = calendar.early(on(2026, 11, 20));
        let again = early.early(on(2026, 11, 21));
        assert_eq!([early, again].map(|season| season.id), [SeasonId(58), SeasonId(59)]);
        for season in [early, again] {
            assert!(season.is_active(season.starts) && !season.is_active(just_before(season.starts)));
            assert_eq!(
                (season.inactive_from, season.next_starts),
                (calendar.inactive_from, calendar.next_starts)
            );
            assert_eq!(Season::that_began(season.starts, season.id), season);
        }
        let next = again.at_later(on(2027, 1, 1));
        assert_eq!(next, Season { id: SeasonId(60), ..Season::at(on(2027, 1, 1)) });
        assert_eq!(next.at_later(on(2027, 9, 9)).id, SeasonId(64));
        assert_eq!(again.of_earlier(on(2026, 11, 20)), SeasonId(58));
        assert_eq!(early.of_earlier(on(2026, 11, 19)), SeasonId(57));
        assert_eq!(early.of_earlier(on(2026, 10, 31)), SeasonId(56));
        assert_eq!(calendar.of_earlier(on(2026, 10, 31)), SeasonId(56));
        assert_eq!(calendar.of_earlier(on(2026, 3, 1)), SeasonId(53));
    }

    #[test]
    fn any_clock_gives_a_season() {
        for moment in [i64::MIN, 0, i64::MAX].map(Wall::from_millis) {
            let season = Season::at(moment);
            assert!(season.next_inactive(moment) > season.starts);
        }
    }

    #[test]
    fn official_roll_over() {
        let rank_bonus = [(10, 50), (100, 100), (1_000, 150), (10_000, 0)]
            .map(|(min_rank, bonus)| RankBonus { min_rank, bonus_points: Points(bonus) });
        let table = [
            ((6, 0), (1_050, 2)),
            ((6, 9), (1_050, 2)),
            ((6, 10), (1_000, 2)),
            ((5, 999), (900, 1)),
            ((5, 1_000), (750, 1)),
            ((4, 20_000), (500, 1)),
            ((3, 99), (500, 1)),
            ((0, 5_000), (0, 0)),
            ((200, 5_000), (0, 0)),
        ];
        for ((division, rank), (points, new_division)) in table {
            let expected = Standing { points: Points(points), division: Division(new_division) };
            assert_eq!(roll_over(Division(division), rank, &official(), &rank_bonus), expected);
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_season(secs in 1_483_228_800..4_133_980_800_i64) {
            let now = Wall::from_secs(secs);
            let season = Season::at(now);
            prop_assert!(season.starts <= now && now < season.next_starts);
            prop_assert_eq!(season.is_active(now), now < season.inactive_from);
            prop_assert!(season.next_inactive(now) > now);
        }
    }
}
