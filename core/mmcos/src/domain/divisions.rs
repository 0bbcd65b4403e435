//! Divisions: earned by points, and kept down to a lower bound.

use alloc::vec::Vec;

use crate::catalogue::Catalogue;
use crate::ids::Points;

/// A division, from 0; the last of the ladder is called Elite. The `DivisionID` of the protocol.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Division(pub u8);

/// A player's points and division in a season.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Standing {
    /// Season points, never negative.
    pub points: Points,
    /// The division held, which the points need not have reached at the moment.
    pub division: Division,
}

/// The rules of one division. (`DivisionBands` and `GENERIC_AllowLosingPoints_Division_…` of capture 02.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Band {
    /// Points that earn the division.
    pub min_points: Points,
    /// Points below which the division is lost; 0 means never.
    pub relegation_min_points: Points,
    /// Points with which its holders start the next season.
    pub bonus_points: Points,
    /// True if a result can take points from its holders.
    pub may_lose: bool,
}

/// The bands of all divisions, from division 0 up.
///
/// ```
/// use mmcos_game::divisions::{Band, Division, Ladder, Standing};
/// use mmcos_game::ids::Points;
/// let second = Band { min_points: Points(500), relegation_min_points: Points(400), may_lose: true, ..Band::default() };
/// let ladder = Ladder::new(vec![Band::default(), second]);
/// let promoted = ladder.after(Standing::default(), Points(520));
/// assert_eq!(promoted.division, Division(1));
/// assert_eq!(ladder.after(promoted, Points(-40)).division, Division(1));
/// assert_eq!(ladder.after(promoted, Points(-140)).division, Division(0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ladder {
    bands: Vec<Band>,
}

impl Ladder {
    /// Returns the ladder of these bands, division 0 first.
    pub const fn new(bands: Vec<Band>) -> Self {
        Self { bands }
    }

    /// Returns the ladder of a catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let bands = (0_u8..).zip(&catalogue.divisions.bands).map(|(division, band)| Band {
            min_points: band.min_points,
            relegation_min_points: band.relegation_min_points,
            bonus_points: band.bonus_points,
            may_lose: catalogue.divisions.losing_allowed(division),
        });
        Self::new(bands.collect())
    }

    /// Returns the standing after a change of points, which may be negative.
    ///
    /// Every division up to the highest whose `min_points` are reached is won. Of those held, each is lost only below
    /// its own `relegation_min_points`. Points do not fall below zero, nor at all where `may_lose` is false. (Kept
    /// divisions show in capture 11: division 5 with 2,380 points, division 6 with 2,910.)
    #[must_use]
    pub fn after(&self, before: Standing, change: Points) -> Standing {
        let may_lose = self.band(before.division).is_some_and(|band| band.may_lose);
        let change = if may_lose { change.0 } else { change.0.max(0) };
        let points = Points(before.points.0.saturating_add(change).max(0));
        let kept = self
            .highest(|division, band| division <= before.division && points >= band.relegation_min_points);
        Standing { points, division: self.earned(points).max(kept) }
    }

    /// Returns the highest division whose `min_points` these points reach.
    pub fn earned(&self, points: Points) -> Division {
        self.highest(|_, band| points >= band.min_points)
    }

    /// Returns the points with which a player of this division starts the next season.
    pub fn bonus(&self, division: Division) -> Points {
        self.band(division).map_or(Points(0), |band| band.bonus_points)
    }

    fn band(&self, division: Division) -> Option<&Band> {
        self.bands.get(usize::from(division.0))
    }

    fn highest(&self, allowed: impl Fn(Division, &Band) -> bool) -> Division {
        let divisions = (0..=u8::MAX).map(Division).zip(&self.bands);
        divisions
            .filter(|(division, band)| allowed(*division, band))
            .map(|(division, _)| division)
            .last()
            .unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the official figures.
    pub(crate) fn official() -> Ladder {
        let bands = [
            (0, 0, 0, false),
            (500, 0, 0, false),
            (1000, 750, 100, true),
            (1500, 1250, 250, true),
            (2000, 1750, 500, true),
            (2500, 2250, 750, true),
            (3000, 0, 750, true),
        ];
        let band = |(min, relegation_min, bonus, may_lose)| Band {
            min_points: Points(min),
            relegation_min_points: Points(relegation_min),
            bonus_points: Points(bonus),
            may_lose,
        };
        Ladder::new(bands.into_iter().map(band).collect())
    }

    fn standing(points: i32, division: u8) -> Standing {
        Standing { points: Points(points), division: Division(division) }
    }

    #[test]
    fn official_ladder() {
        let table = [
            // before, change, after
            ((0, 0), 40, (40, 0)),
            ((480, 0), 40, (520, 1)),
            ((480, 0), 20, (500, 1)),
            ((480, 0), 19, (499, 0)),
            ((480, 0), -40, (480, 0)),
            ((700, 1), -40, (700, 1)),
            ((1000, 2), -250, (750, 2)),
            ((1000, 2), -251, (749, 1)),
            ((2500, 5), -120, (2380, 5)),
            ((2260, 5), -11, (2249, 4)),
            ((2260, 5), -600, (1660, 3)),
            ((1500, 3), -1500, (0, 1)),
            ((3000, 6), -90, (2910, 6)),
            ((3000, 6), -4000, (0, 6)),
            ((0, 0), 2600, (2600, 5)),
            ((2380, 5), 700, (3080, 6)),
            ((i32::MAX, 6), 1, (i32::MAX, 6)),
            ((0, 6), i32::MIN, (0, 6)),
        ];
        for ((points, division), change, (points_after, division_after)) in table {
            let after = official().after(standing(points, division), Points(change));
            assert_eq!(after, standing(points_after, division_after), "{points} in {division}, {change}");
        }
    }

    #[test]
    fn a_division_that_the_ladder_does_not_have_becomes_one_that_it_has() {
        assert_eq!(official().after(standing(2600, 9), Points(-10)), standing(2600, 6));
        assert_eq!(Ladder::new(Vec::new()).after(standing(5, 3), Points(10)), standing(15, 0));
    }

    fn results() -> impl Strategy<Value = Vec<i32>> {
        prop::collection::vec(prop_oneof![9 => -400..500_i32, 1 => any::<i32>()], 1..60)
    }

    proptest! {
        #[test]
        fn no_order_of_results_takes_points_below_zero_or_a_division_below_what_is_guaranteed(results in results()) {
            let ladder = official();
            let mut now = Standing::default();
            for change in results {
                let before = now;
                now = ladder.after(before, Points(change));
                let held = ladder.bands[usize::from(now.division.0)];
                prop_assert!(now.points >= Points(0));
                prop_assert!(now.points >= held.relegation_min_points);
                prop_assert!(now.division >= ladder.earned(now.points));
                for lost in (now.division.0..=before.division.0).skip(1) {
                    prop_assert!(now.points < ladder.bands[usize::from(lost)].relegation_min_points);
                }
                if before.division == Division(6) {
                    prop_assert_eq!(now.division, Division(6));
                }
                if change >= 0 || before.division < Division(2) {
                    prop_assert!(now.points >= before.points && now.division >= before.division);
                }
            }
        }

        #[test]
        fn points_are_the_sum_of_results_that_do_not_lose(results in prop::collection::vec(0..500_i32, 0..60)) {
            let start = Standing::default();
            let end = results.iter().fold(start, |now, &change| official().after(now, Points(change)));
            prop_assert_eq!(end.points, Points(results.iter().sum()));
            prop_assert_eq!(end.division, official().earned(end.points));
        }
    }
}
