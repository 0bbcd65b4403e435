//! Seasons: their dates, and the effect of a change of season on a standing. (`state/standings.rs` carries out the
//! change.)
#![expect(clippy::arithmetic_side_effects, reason = "counts of two-month periods in years of 16 bits")]

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::catalogue::Catalogue;
use crate::divisions::{Ladder, Standing};
use crate::ids::Points;
use crate::players::Player;
use crate::ranking::{Place, Ranking};
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
    /// The season's number.
    pub id: SeasonId,
    /// Its first moment.
    pub starts: Wall,
    /// End of the active time. From here until the next season, no season is active.
    pub inactive_from: Wall,
    /// The first moment of the next season: `NextActiveSeasonDate`, both while this one is active and after that.
    pub next_starts: Wall,
}

impl Season {
    /// The season of a server that has not seen any.
    pub(crate) const NONE: Self = {
        let never = Wall::from_millis(i64::MIN);
        Self { id: SeasonId(i32::MIN), starts: never, inactive_from: never, next_starts: never }
    };

    /// Returns the season that a moment is in, active or not. (A moment outside of the years 0 to 9999 counts as the
    /// nearest one inside.)
    pub fn at(moment: Wall) -> Self {
        let today = Date::of(moment);
        Self::of_period(i32::from(today.year) * 6 + (i32::from(today.month) - 1) / 2)
    }

    /// Returns the season that began at this moment with this number.
    pub fn that_began(starts: Wall, id: SeasonId) -> Self {
        Self { id, starts, ..Self::at(starts) }
    }

    /// Returns the calendar's season at a later moment.
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

    /// Returns the season that follows this one if it begins at this moment.
    #[must_use]
    pub fn early(&self, now: Wall) -> Self {
        Self::that_began(now, self.id.plus(1))
    }

    /// Returns the calendar's season instead, if this one begins only later: it began while the clock was ahead.
    pub fn renumbered(&self, now: Wall) -> Option<Self> {
        (now < self.starts).then(|| self.at_later(now))
    }

    /// Returns the number of the season at a moment before this one began. If others were begun early meanwhile, it
    /// may be one before that.
    pub fn of_earlier(&self, moment: Wall) -> SeasonId {
        let begun_early_before = self.begun_early().saturating_sub(i32::from(self.is_early()));
        Self::at(moment).id.plus(begun_early_before).min(self.id.plus(-1))
    }

    /// Returns true if an operator began this season early.
    pub(crate) fn is_early(&self) -> bool {
        self.starts > Self::at(self.starts).starts
    }

    /// Returns the number of seasons that were begun early, up to this one.
    fn begun_early(&self) -> i32 {
        self.id.0.saturating_sub(Self::at(self.starts).id.0)
    }

    /// Returns true while the season is active. (Points count all the same: our choice.)
    pub fn is_active(&self, now: Wall) -> bool {
        (self.starts..self.inactive_from).contains(&now)
    }

    /// Returns the next moment at which a season goes inactive: `NextInactiveSeasonDate`. That is this season's own
    /// date while it is active; after that, the next season's (inferred: both captures are of an active season).
    pub fn next_inactive(&self, now: Wall) -> Wall {
        if now < self.inactive_from { self.inactive_from } else { Self::at(self.next_starts).inactive_from }
    }

    /// Returns the last moment before the next season.
    pub(crate) const fn last_moment(&self) -> Wall {
        Wall::from_millis(self.next_starts.as_millis().saturating_sub(1))
    }

    /// Returns the season of a period of two months, counted from the start of the year 0.
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
    /// Number of ranks, from the first on, that the row applies to.
    pub min_rank: u32,
    /// Points with which these players start the next season, in addition to those of their division and of other
    /// rows that apply to them.
    pub bonus_points: Points,
}

impl RankBonus {
    /// Returns the table of a catalogue.
    pub fn all_of(catalogue: &Catalogue) -> Vec<Self> {
        let rows = catalogue.ranks.rewards.iter();
        rows.map(|row| Self { min_rank: row.min_rank, bonus_points: row.bonus_points }).collect()
    }
}

/// Effect of a change of season on every player: a function of the player's own row and nothing else. So rows can be
/// brought into the new season in any order and in pieces, and after a crash the remaining rows change in the same
/// way (decision 0083).
///
/// The initial standing is the bonus of the division and those of all rows of [`RankBonus`] that the rank is in, and the
/// division which these points earn. The old points are gone.
///
/// Inferred: no capture shows a change of season. That `MinRank` 10, 100, 1,000, 10,000 mean the first 10, 100, … is
/// read off `RankPrizes`, which gives the row of 10 the most. That all rows count follows from their bonuses, 50, 100, 150
/// and 0: with the first row alone, the eleventh would begin ahead of the first.
///
/// ```
/// use mmcos_game::divisions::{Band, Division, Ladder, Standing};
/// use mmcos_game::ids::{Points, UserId};
/// use mmcos_game::players::Player;
/// use mmcos_game::ranking::Ranking;
/// use mmcos_game::seasons::{Prizes, RankBonus, RollOver, SeasonId};
/// use mmcos_core::{seam::Wall, wire::steam::SteamId};
/// let [first, second] = [1, 2].map(|user| {
///     let steam_id = SteamId::new(76_561_202_255_230_000 + u64::from(user));
///     let mut player = Player::new(UserId(user), steam_id, SeasonId(57), Wall::from_secs(1_795_000_000));
///     player.standing.points = Points(40);
///     player
/// });
/// let ranking: Ranking = [first.place(), second.place()].into_iter().collect();
/// let ladder = Ladder::new(vec![Band { bonus_points: Points(100), ..Band::default() }]);
/// let rank_bonus = [RankBonus { min_rank: 1, bonus_points: Points(50) }];
/// let roll_over = RollOver::new(ladder, &rank_bonus, &ranking, Prizes::default());
/// assert_eq!([first, second].map(|player| roll_over.begins(&player).points), [Points(150), Points(100)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RollOver {
    ladder: Ladder,
    /// The last place that each row of the table is for, and its bonus.
    rank_bonus: Vec<(Place, Points)>,
    /// Prizes of the season that ended.
    pub prizes: Prizes,
}

impl RollOver {
    /// Returns the change after a season that ended with this ranking.
    pub fn new(ladder: Ladder, rank_bonus: &[RankBonus], ranking: &Ranking, prizes: Prizes) -> Self {
        let last = |row: &RankBonus| {
            let rank = row.min_rank.min(ranking.len()).checked_sub(1)?;
            Some((ranking.at(rank)?, row.bonus_points))
        };
        Self { ladder, rank_bonus: rank_bonus.iter().filter_map(last).collect(), prizes }
    }

    /// Returns the initial standing of a player, given as the player was at the end of the season before.
    pub fn begins(&self, player: &Player) -> Standing {
        if player.standing.points == player.bonus {
            // A player that won nothing in a season has no bonus for the next: otherwise players that never race
            // would get one.
            return Standing::default();
        }
        let place = player.place();
        let for_rank = self.rank_bonus.iter().filter(|(last, _)| place <= *last).map(|(_, bonus)| bonus.0);
        let for_rank = for_rank.fold(0_i32, i32::saturating_add);
        let points = Points(self.ladder.bonus(player.standing.division).0.saturating_add(for_rank).max(0));
        Standing { points, division: self.ladder.earned(points) }
    }
}

/// A change of season. Its effect on each player follows from the player's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SeasonStarted {
    /// The season that began.
    pub season: SeasonId,
    /// Its first moment.
    pub starts: Wall,
    /// Effect on players of the season before; `None` if they keep their points, and the season only got another
    /// number.
    pub roll_over: Option<Box<RollOver>>,
    /// The first moment of the season before, if this one was begun early: it may be undone.
    #[serde(default)]
    pub returns_to: Option<Wall>,
    /// True if this season goes on because the next one was undone: players get back their [`Ended`] standings.
    #[serde(default)]
    pub is_undone: bool,
}

/// Age of a season that was begun early, in milliseconds, from which it cannot be undone. (Our choice.)
const UNDO_MILLIS: i64 = 86_400_000;

impl SeasonStarted {
    /// Returns the season that goes on if this one is undone; `None` if that is not possible, or not any more.
    pub fn undone(&self, now: Wall) -> Option<Season> {
        let age = now.as_millis().saturating_sub(self.starts.as_millis());
        let starts = self.returns_to.filter(|_| (0..UNDO_MILLIS).contains(&age))?;
        Some(Season::that_began(starts, self.season.plus(-1)))
    }
}

/// A player's standing at the end of a season that an operator ended early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ended {
    /// Points and division.
    pub standing: Standing,
    /// The part of the points that was given at the start of that season.
    pub bonus: Points,
}

/// Prizes at the end of a season, as the game reads them, e.g. `Boxes:3:`; empty for none. The game hands them out by
/// itself (inferred); they are stored with the final standings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prizes {
    /// By division, from 0 up.
    pub by_division: Vec<Box<str>>,
    /// The best ranks first, each with the number of ranks that it is for.
    pub by_rank: Vec<(u32, Box<str>)>,
}

impl Prizes {
    /// Returns the prizes of a catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let by_division = catalogue.divisions.season_prizes.iter().map(|prize| prize.as_str().into());
        let by_rank = catalogue.ranks.rewards.iter().map(|row| (row.min_rank, row.prize.as_str().into()));
        Self { by_division: by_division.collect(), by_rank: by_rank.collect() }
    }

    /// Returns the prizes of a season that has ended, one by one.
    pub fn each(&self, season: SeasonId) -> impl Iterator<Item = Prize> {
        let prize = move |kind, bound, prize: &str| Prize { season, kind, bound, prize: prize.into() };
        let divisions = (0..).zip(&self.by_division).filter(|(_, prize)| !prize.is_empty());
        let by_division = divisions.map(move |(division, text)| prize(PrizeKind::Division, division, text));
        // A row without a prize hides those for more ranks.
        let by_rank = self.by_rank.iter().map(move |(ranks, text)| prize(PrizeKind::Rank, *ranks, text));
        by_division.chain(by_rank)
    }
}

/// One prize of a season that has ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prize {
    /// The season.
    pub season: SeasonId,
    /// Kind of standing that earns it.
    pub kind: PrizeKind,
    /// The division, or the number of ranks.
    pub bound: u32,
    /// The prize, as the game reads it. Empty for none.
    pub prize: Box<str>,
}

/// Kind of standing that earns a prize.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrizeKind {
    /// A division.
    Division,
    /// The first ranks.
    Rank,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::divisions::Division;
    use crate::divisions::tests::official;
    use crate::ids::UserId;
    use mmcos_core::calendar::UtcText;
    use mmcos_core::wire::steam::SteamId;

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
        let place = |rank: u32| Place::new(Points(7), UserId(rank + 1));
        let ranking = (0..20_001).map(place).collect();
        let roll_over = RollOver::new(official(), &rank_bonus, &ranking, Prizes::default());
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
            let user = place(rank).user();
            let mut player = Player::new(user, SteamId::new(u64::from(user.0)), SeasonId(1), Wall::default());
            player.standing = Standing { points: Points(7), division: Division(division) };
            let expected = Standing { points: Points(points), division: Division(new_division) };
            assert_eq!(roll_over.begins(&player), expected);
            player.bonus = Points(7);
            assert_eq!(roll_over.begins(&player), Standing::default(), "nothing was won");
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
