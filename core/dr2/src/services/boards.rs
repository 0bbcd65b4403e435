//! Leaderboards: the best time of each player.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use mmcos_core::{seam::Wall, wire::egonet::Value};
use serde::{Deserialize, Serialize};

use crate::shapes::{dict, presence};
use crate::{AccountId, ChallengeId, Dr2, Outcome, Refusal};

/// The most rows of one response. The game asks for 50. (*seen*)
const LIMIT: usize = 100;

/// Number of a leaderboard, `LeaderboardId` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoardId(pub i64);

impl BoardId {
    /// Returns the number as challenges have it, in 32 bits.
    pub(crate) fn short(self) -> i32 {
        i32::try_from(self.0).unwrap_or(0)
    }
}

/// Vehicle of a drive, and the driver's country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    /// The vehicle.
    pub vehicle: u32,
    /// Its livery.
    pub livery: u32,
    /// Nationality of the driver.
    pub nationality: u32,
}

impl Drive {
    /// Reads the fields that requests about a drive have in common. (*seen*)
    pub(crate) fn read(body: &Value<'_>) -> Result<Self, Refusal> {
        let (vehicle, livery) = (body.field("VehicleId")?, body.field("LiveryId")?);
        Ok(Self { vehicle, livery, nationality: body.field("NationalityId")? })
    }
}

/// The best time of a player on a leaderboard. The key of the row is `board` and `account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// The leaderboard.
    pub board: BoardId,
    /// The player.
    pub account: AccountId,
    /// The time, in milliseconds.
    pub millis: u32,
    /// The time from the start of the rally to the end of this stage, in milliseconds.
    pub total: u32,
    /// The vehicle.
    pub drive: Drive,
    /// Time of the report.
    pub at: Wall,
}

/// Place in an order: among equal times, the earlier report is ahead.
type Place = (u32, Wall, AccountId);

impl Time {
    /// Returns the places in both orders: by time, by total.
    const fn places(&self) -> [Place; 2] {
        [(self.millis, self.at, self.account), (self.total, self.at, self.account)]
    }
}

/// A leaderboard.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) times: BTreeMap<AccountId, Time>,
    orders: [BTreeSet<Place>; 2],
}

/// A page of a leaderboard.
struct Page<'b> {
    /// Ranks, from 1, and times.
    rows: Vec<(i32, &'b Time)>,
    first: Option<&'b Time>,
    total: i32,
    /// The player's own rank; 0 if there is none.
    own_rank: i32,
}

impl Board {
    /// Adds a time, in place of the player's former one. Returns true if there was none.
    fn put(&mut self, time: Time) -> bool {
        let places = time.places();
        let before = self.times.insert(time.account, time);
        for (order, place) in self.orders.iter_mut().zip(before.iter().flat_map(Time::places)) {
            order.remove(&place);
        }
        for (order, place) in self.orders.iter_mut().zip(places) {
            order.insert(place);
        }
        before.is_none()
    }

    /// Returns the times, the best first.
    pub(crate) fn ranking(&self) -> impl Iterator<Item = &Time> {
        let [by_time, _] = &self.orders;
        by_time.iter().filter_map(|place| self.times.get(&place.2))
    }

    /// Returns rows from `start` on, with `own`, if given, in place of the player's row.
    fn page<'b>(
        &'b self,
        by_total: bool,
        of: AccountId,
        own: Option<&'b Time>,
        part: [usize; 2],
    ) -> Page<'b> {
        let [start, limit] = part;
        let [by_time, total] = &self.orders;
        let order = if by_total { total } else { by_time };
        let own = own.or_else(|| self.times.get(&of));
        let own_place = own.map(Time::places).map(|[by_time, total]| if by_total { total } else { by_time });
        let is_ahead = |place: &&Place| own_place.is_none_or(|own| **place < own);
        let others = || order.iter().filter(|place| place.2 != of);
        let time_of = |place: &Place| self.times.get(&place.2);
        let ahead = || others().take_while(is_ahead).filter_map(time_of);
        let times = || ahead().chain(own).chain(others().skip_while(is_ahead).filter_map(time_of));
        Page {
            rows: (1..).zip(times()).skip(start).take(limit).collect(),
            first: times().next(),
            total: count(times().count()),
            own_rank: own.map_or(0, |_| count(ahead().count().saturating_add(1))),
        }
    }
}

/// Returns a count as the wire's `i32`. Saturates.
pub(crate) fn count(things: usize) -> i32 {
    i32::try_from(things).unwrap_or(i32::MAX)
}

/// Returns the number of rows to leave out (`StartRank`) and the maximum number of rows to return (`Limit`, at most
/// [`LIMIT`]). A negative number counts as 0. (The fields are *seen*; counting `StartRank` from 0 *works*.)
pub(crate) fn window(body: &Value<'_>) -> Result<[usize; 2], Refusal> {
    let [start, limit]: [i32; 2] = [body.field("StartRank")?, body.field("Limit")?];
    Ok([usize::try_from(start).unwrap_or(0), usize::try_from(limit).unwrap_or(0).min(LIMIT)])
}

impl Dr2 {
    /// Adds a time, in place of the player's former one on that leaderboard.
    pub(crate) fn put_time(&mut self, time: Time) {
        let kept = self.kept.entry(time.account).or_default();
        let is_new = self.boards.entry(time.board).or_default().put(time);
        *kept = kept.saturating_add(usize::from(is_new));
    }

    /// Responds to `RaceNetLeaderboard.GetLeaderboardEntries`. The request is *seen*; the response *works*, its
    /// official widths are unknown. `FilterFlags`, `SinglePlatform` and `UseRaceNetNames` make no difference here.
    pub(crate) fn leaderboard(&self, account: AccountId, body: &Value<'_>, now: Wall) -> Outcome {
        let id = BoardId(body.field("LeaderboardId")?);
        let empty = Board::default();
        let board = self.boards.get(&id).unwrap_or(&empty);
        let by_total = body.field("SortCumulative")?;
        let best = [body.field("PlayerBest")?, body.field("PlayerCumulBest")?];
        let provisional = self.provisional(id, account, best, now);
        let page = board.page(by_total, account, provisional.as_ref(), window(body)?);
        let sorted = |time: &Time| if by_total { time.total } else { time.millis };
        let first = page.first.map_or(0, sorted);
        let entries = page.rows.iter().map(|(rank, time)| {
            dict! {
                vdic "Presence": presence(&self.accounts, time.account, false),
                si64 "PersonalBest": time.millis.into(), si64 "CumulativeBest": time.total.into(),
                // Relative to the best time, it seems. (Unknown officially.)
                si64 "TimeDiff": sorted(time).saturating_sub(first).into(), si32 "Rank": *rank,
                ui32 "VehicleId": time.drive.vehicle, bool "IsFounder" "IsVIP": false,
                ui32 "Nationality": time.drive.nationality, bool "GhostAvailable": false,
                ui32 "LiveryId": time.drive.livery,
            }
        });
        let (total, own) = (page.total, page.own_rank);
        Ok(dict! { si32 "TotalEntries": total, vvtr "Entries": entries, si32 "PlayerRank": own })
    }

    /// Returns the row of a time that the game shows before it reports it. The game requests the leaderboard of a
    /// stage before it sends `StageComplete`, with the new time in `PlayerBest`; without this row players miss
    /// themselves. (*said*) It is shown to that player alone, and not stored.
    fn provisional(&self, id: BoardId, account: AccountId, best: [i64; 2], at: Wall) -> Option<Time> {
        let [best, total] = best.map(|millis| u32::try_from(millis).ok().filter(|millis| *millis > 0));
        let kept = self.boards.get(&id).and_then(|board| board.times.get(&account));
        let millis = best.filter(|best| kept.is_none_or(|kept| *best < kept.millis))?;
        let challenge = ChallengeId::of_board(id);
        let attempt = challenge.and_then(|challenge| self.attempts.get(&(challenge, account)));
        let drive = attempt.map(|attempt| attempt.drive).or(kept.map(|kept| kept.drive)).unwrap_or_default();
        Some(Time { board: id, account, millis, total: total.unwrap_or(millis), drive, at })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn time(account: i64, millis: u32, total: u32) -> Time {
        let (board, account, at) = (BoardId(1), AccountId(account), Wall::from_secs(0));
        Time { board, account, millis, total, drive: Drive::default(), at }
    }

    #[test]
    fn pages_are_sorted_either_way_and_show_a_time_that_is_not_kept_yet() {
        let mut board = Board::default();
        for time in [time(1, 30, 60), time(2, 10, 90), time(3, 20, 70), time(1, 25, 65)] {
            board.put(time);
        }
        let own = time(1, 15, 55);
        let page = |by_total, account, own, window| {
            let page = board.page(by_total, AccountId(account), own, window);
            let rows: Vec<_> = page.rows.iter().map(|(rank, time)| (*rank, time.account.0)).collect();
            (rows, page.own_rank, page.total)
        };
        assert_eq!(page(false, 1, None, [0, 50]), (vec![(1, 2), (2, 3), (3, 1)], 3, 3));
        assert_eq!(page(true, 1, None, [1, 1]), (vec![(2, 3)], 1, 3));
        assert_eq!(page(false, 1, Some(&own), [0, 50]), (vec![(1, 2), (2, 1), (3, 3)], 2, 3));
        assert_eq!(page(false, 9, None, [0, 2]), (vec![(1, 2), (2, 3)], 0, 3));
        assert_eq!(Board::default().page(false, AccountId(1), Some(&own), [0, 50]).own_rank, 1);
    }
}
