//! Clubs: seasons of rallies, one after the other, and the points of their players.
//!
//! A championship of N rallies is N challenges, one at a time: a player is shown the first that the player has not
//! finished and that has not ended. (*seen*) Windows are back to back; a player that finishes early may go on at
//! once. (*ours*)

use alloc::{collections::BTreeMap, vec::Vec};

use mmcos_core::{seam::Wall, wire::egonet::Value};
use serde::{Deserialize, Serialize};

use crate::boards::{Board, count, window};
use crate::settings::{Club, Rally};
use crate::shapes::{self, Kind, Shape, dict, event, presence};
use crate::stages::Phase;
use crate::{AccountId, BoardId, Dr2, Outcome, Refusal};

/// Monday, 1 January 2024, 00:00 UTC: seasons are counted from here, so rallies of seven days begin on Mondays.
/// (*ours*)
const FIRST_DAY: i64 = 1_704_067_200;
const DAY: i64 = 24 * 60 * 60;
/// A club's rally: values that another server sends (*works*), but no restarts (*ours*).
const IN_CLUB: Kind =
    Kind { discipline: 1, restarts: 0, entrants: 0, stages: 0, laps: 0, service: 2, level: 0 };
/// Points of the first ten of a rally. (*ours*)
const POINTS: [i32; 10] = [25, 18, 15, 12, 10, 8, 6, 4, 2, 1];

/// Number of a rally in a season of a club, `ChallengeID` on the wire: the season's first day (17 bits), the club (6)
/// and the rally (4). Leaderboards have four bits more. (*ours*)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChallengeId(pub i32);

impl ChallengeId {
    fn new(season: u32, club: u8, rally: usize) -> Self {
        let rally = u32::try_from(rally).unwrap_or(0xf) & 0xf;
        let number = (season & 0x1_ffff) << 10 | (u32::from(club) & 0x3f) << 4 | rally;
        Self(number.cast_signed())
    }

    /// Returns the leaderboard of the whole rally.
    pub(crate) const fn board(self) -> BoardId {
        BoardId((self.0 as i64) << 4)
    }

    /// Returns the leaderboard of a stage.
    pub(crate) fn stage_board(self, stage: usize) -> BoardId {
        let stage = i64::try_from(stage).unwrap_or(0xe).min(0xe);
        BoardId(self.board().0.saturating_add(stage).saturating_add(1))
    }

    /// Returns the rally of a leaderboard.
    pub(crate) fn of_board(board: BoardId) -> Option<Self> {
        i32::try_from(board.0 >> 4).ok().map(Self)
    }

    /// Returns the club and the rally.
    const fn parts(self) -> (u8, usize) {
        let number = self.0.cast_unsigned();
        ((number >> 4 & 0x3f) as u8, (number & 0xf) as usize)
    }
}

/// The rally of a club that a player is shown: the first that has not ended and that the player has not finished, or
/// the last one.
pub(crate) struct Round<'s> {
    club: &'s Club,
    pub(crate) challenge: ChallengeId,
    pub(crate) rally: &'s Rally,
    /// Index in the season.
    index: usize,
    /// Times at which it opens and ends, in Unix seconds.
    window: [i64; 2],
}

/// Returns the days since [`FIRST_DAY`], and those since the season's first.
fn season(club: &Club, now: Wall) -> (u32, u32) {
    let length: u32 = club.rallies.iter().map(|rally| rally.days).fold(0, u32::saturating_add);
    let today = now.as_secs().saturating_sub(FIRST_DAY).div_euclid(DAY);
    let today = u32::try_from(today).unwrap_or(0);
    let since = today.checked_rem(length).unwrap_or(0);
    (today.saturating_sub(since), since)
}

impl Dr2 {
    /// Returns the rally of each club that a player is shown.
    pub(crate) fn rounds(&self, account: AccountId, now: Wall) -> impl Iterator<Item = Round<'_>> {
        self.settings.clubs.all().iter().filter_map(move |club| {
            let (season, today) = season(club, now);
            let mut ends = 0_u32;
            let mut slots = club.rallies.iter().enumerate().map(|(index, rally)| {
                let begins = ends;
                ends = ends.saturating_add(rally.days);
                (begins, ends, ChallengeId::new(season, club.id, index), index, rally)
            });
            let (begins, ends, challenge, index, rally) = slots.find(|(_, ends, challenge, index, _)| {
                let attempt = self.attempts.get(&(*challenge, account));
                let is_finished = attempt.is_some_and(|attempt| attempt.phase == Phase::Finished);
                index.saturating_add(1) == club.rallies.len() || (today < *ends && !is_finished)
            })?;
            let opened = if begins <= today { begins } else { 0 };
            let window = [opened, ends].map(|day| season.saturating_add(day));
            let window = window.map(|day| FIRST_DAY.saturating_add(DAY.saturating_mul(day.into())));
            Some(Round { club, challenge, rally, index, window })
        })
    }

    /// Returns the rally of a challenge, in any season.
    pub(crate) fn rally(&self, challenge: ChallengeId) -> Option<&Rally> {
        let (club, rally) = challenge.parts();
        self.settings.clubs.all().iter().find(|other| other.id == club)?.rallies.get(rally)
    }

    /// Responds to `Clubs.GetClubs`. (Shape *seen* elsewhere, and accepted by the game.)
    pub(crate) fn clubs(&self, account: AccountId, now: Wall) -> Shape {
        let rounds: Vec<_> = self.rounds(account, now).collect();
        let challenges = rounds.iter().map(|round| self.challenge(round));
        let attempts = rounds.iter().filter_map(|round| {
            let attempt = self.attempts.get(&(round.challenge, account))?;
            Some(attempt.progress(round.rally.stages.len(), false))
        });
        let clubs = rounds.iter().map(|round| {
            let club = round.club;
            let (season, _) = season(club, now);
            let mut boards = (0..club.rallies.len()).map(|at| ChallengeId::new(season, club.id, at).board());
            let has_standings = boards.any(|board| self.boards.contains_key(&board));
            dict! {
                si64 "Id": club.id.into(), dstr "CreatorName": "dr2", dstr "Name": club.name.clone(),
                bool "HasStandings": has_standings, bool "IsOtherPlatform": false,
                si32 "AmountOfEvents": count(club.rallies.len()), si32 "EventIndex": count(round.index),
                bool "IsUpcoming": false,
            }
        });
        dict! { vvtr "Challenges": challenges, vvtr "Progress": attempts, vvtr "Clubs": clubs }
    }

    fn challenge(&self, round: &Round<'_>) -> Shape {
        let (rally, challenge) = (round.rally, round.challenge);
        let (place, day, _) = rally.location().copied().unwrap_or_default();
        let stages = rally.stages.iter().enumerate();
        let stages = stages.map(|(at, track)| (count(at), *track, challenge.stage_board(at).short()));
        let all = (challenge, AccountId(i64::MIN))..=(challenge, AccountId(i64::MAX));
        let entrants = count(self.attempts.range(all).count());
        let kind = Kind { entrants, ..IN_CLUB };
        let ids = [challenge.0, challenge.board().short()];
        let event = event(&kind, ids, [place, rally.conditions.unwrap_or(day)], stages);
        let rules = [rally.hardcore_damage, rally.exterior_cameras, rally.assists, rally.unexpected_moments];
        let (name, class) = (rally.name.clone(), rally.class as u32);
        shapes::challenge(&kind, name, ids, Some((round.club.id, class)), [event].into(), round.window, rules)
    }

    /// Returns the points of the players in the running season.
    fn points(&self, club: &Club, now: Wall) -> BTreeMap<AccountId, (i32, u32)> {
        let (season, _) = season(club, now);
        let mut points: BTreeMap<AccountId, (i32, u32)> = BTreeMap::new();
        for rally in 0..club.rallies.len() {
            let board = ChallengeId::new(season, club.id, rally).board();
            let worth = POINTS.into_iter().chain(core::iter::repeat(0));
            let times = self.boards.get(&board).into_iter().flat_map(Board::ranking);
            for (time, worth) in times.zip(worth) {
                let (points, nationality) = points.entry(time.account).or_default();
                *points = points.saturating_add(worth);
                *nationality = time.drive.nationality;
            }
        }
        points
    }

    /// Responds to `Clubs.GetChampionshipLeaderboard`. (Request *seen*, response *works*.)
    pub(crate) fn standings(&self, account: AccountId, body: &Value<'_>, now: Wall) -> Outcome {
        let id: i64 = body.field("ClubId")?;
        let [start, limit] = window(body)?;
        let club = self.settings.clubs.all().iter().find(|club| i64::from(club.id) == id);
        let points = self.points(club.ok_or(Refusal::Missing("club", id))?, now);
        let mut sorted: Vec<_> = points.into_iter().collect();
        // The sort is stable, so among equals the older account is ahead.
        sorted.sort_by_key(|(_, (points, _))| core::cmp::Reverse(*points));
        let own = sorted.iter().position(|(player, _)| *player == account);
        let total = count(sorted.len());
        let entries = (1..).zip(sorted).skip(start).take(limit).map(|(rank, (player, (points, nationality)))| {
            dict! {
                vdic "Presence": presence(&self.accounts, player, true), si32 "Points": points, si32 "Rank": rank,
                bool "IsVIP": false, ui32 "Nationality": nationality,
            }
        });
        let own = own.map_or(0, |at| count(at.saturating_add(1)));
        Ok(dict! { si32 "TotalEntries": total, vvtr "Entries": entries, si32 "PlayerRank": own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_rallies_and_stages_differ_and_fit_32_bits() {
        let challenge = ChallengeId::new(0x1_ffff, 63, 15);
        assert_eq!(challenge.parts(), (63, 15));
        let boards = (0..15).map(|stage| challenge.stage_board(stage)).chain([challenge.board()]);
        let boards: alloc::collections::BTreeSet<_> = boards.collect();
        assert_eq!(boards.len(), 16);
        for board in boards {
            assert!(i32::try_from(board.0).is_ok());
            assert_eq!(ChallengeId::of_board(board), Some(challenge));
        }
        assert_ne!(challenge, ChallengeId::new(0x1_ffff, 63, 14));
        assert_eq!(ChallengeId::of_board(BoardId(i64::MAX)), None);
    }

    #[test]
    fn a_season_begins_anew_when_its_last_rally_has_ended() {
        let rally = |days| Rally { days, ..Rally::default() };
        let club = Club { rallies: [rally(7), rally(3)].into(), ..Club::default() };
        let on = |day: i64, second: i64| season(&club, Wall::from_secs(FIRST_DAY + day * DAY + second));
        assert_eq!(on(0, 0), (0, 0));
        assert_eq!(on(9, DAY - 1), (0, 9));
        assert_eq!(on(10, 0), (10, 0));
        assert_eq!(on(27, 5), (20, 7));
        assert_eq!(season(&club, Wall::from_secs(-5)), (0, 0), "a clock before 2024");
    }
}
