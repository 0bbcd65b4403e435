//! Results, each counted once: the matches that take results, the players that may bring one, and the responses to
//! them.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::time::Duration;

use crate::{
    divisions::Standing,
    ids::{MatchId, Points, RaceKey, UserId},
    matchmaker::{HostHistory, Mode},
    seasons::SeasonId,
};
use mmcos_core::seam::{Monotonic, Wall};

/// Time for which a match takes results after it is made, or after a restart, by the monotonic clock: no jump of the
/// wall clock drops a match. (Our choice: a race lasts 4 to 7 minutes, so this is for results that waited for a server
/// to come back.)
pub const KEEP: Duration = Duration::from_hours(24);

/// Maximum number of matches that take results. Beyond it, the oldest is dropped. (Our choice: some 60 MB, and more
/// than 1,000 players race in a day.)
pub const MAX_MATCHES: usize = 250_000;

/// A match whose key was issued.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Match {
    /// The match number.
    pub id: MatchId,
    /// The key that a result must show.
    pub race_key: RaceKey,
    /// Mode that its host searched for.
    pub mode: Mode,
    /// Number of players, parties included: the match takes as many results.
    pub seats: u16,
    /// Time at which the key was issued.
    pub made: Wall,
    /// Time of the registration, or else of the first result.
    pub begun: Option<Wall>,
    /// Players that may bring a result: the host, the other players that searched, then players that were registered
    /// or showed the key.
    pub players: Vec<UserId>,
}

/// A result that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MatchResult {
    /// The match.
    pub match_id: MatchId,
    /// Player that brought it.
    pub user: UserId,
    /// Time of its arrival.
    pub at: Wall,
    /// Change of points that the game claimed.
    pub claimed: Points,
    /// Change that was counted: no more than one game can bring.
    pub counted: Points,
    /// Change of the player's standing.
    pub progress: Progress,
}

/// Change of a player's standing through a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// The season that it counts for.
    pub season: SeasonId,
    /// The standing before.
    pub before: Standing,
    /// The standing after.
    pub after: Standing,
    /// The rank after.
    pub rank: u32,
}

/// State of a race key for one player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultState {
    /// The player may bring the result of this match: the key was given to the player, or the player shows it while a
    /// seat is free.
    Open(MatchId),
    /// The player has brought this result already.
    Counted(MatchResult),
    /// There is no such match, it was dropped, or all of its seats are taken by other players.
    None,
}

#[derive(Clone, Debug)]
struct Entry {
    race: Match,
    /// True if the match has a row in the store. The key of a poll that found no opponent has none until it is used.
    is_kept: bool,
    /// Time at which this server first knew of the match.
    since: Monotonic,
    /// In the order of `UserId`s.
    results: Vec<MatchResult>,
}

/// The matches that take results: those made within [`KEEP`], [`MAX_MATCHES`] of them.
///
/// A lone player gets a key with every poll that finds no opponent (captures 03, 06, 07) and races with the last of
/// them. So a player's earlier key is dropped when the next is issued, unless its match has begun; and it is not
/// stored until then. A race against AI that began is dropped as well if the player asks for the next one sooner than
/// a race can end: it was not raced.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    by_id: BTreeMap<MatchId, Entry>,
    by_key: BTreeMap<RaceKey, MatchId>,
    /// The match that each player was last given alone, unless it was closed.
    alone: BTreeMap<UserId, MatchId>,
    /// All players that were given a key since the server started.
    given: BTreeSet<UserId>,
    /// The latest matches that each player hosted, oldest first, at most [`HOSTED`].
    hosted: BTreeMap<UserId, VecDeque<MatchId>>,
    /// The time by which matches expire.
    now: Monotonic,
}

/// Number of a player's hosted matches that count for the choice of a host.
const HOSTED: usize = 8;

/// Relation of a new match to its player's earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// Several groups meet.
    Match,
    /// A poll found no opponent: the game searches on, or starts against AI.
    Alone,
    /// The player asked for a race against AI. An earlier one that began less than this long ago, without a result,
    /// was not raced.
    Ai(Duration),
}

impl Matches {
    /// Returns the number of matches that take results.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns true if no match takes results.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Returns all matches that have a row in the store, the oldest first, each with its results in the order of
    /// accounts.
    pub fn iter(&self) -> impl Iterator<Item = (&Match, &[MatchResult])> {
        let kept = self.by_id.values().filter(|entry| entry.is_kept);
        kept.map(|entry| (&entry.race, entry.results.as_slice()))
    }

    /// Returns all matches, stored or not, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = (&Match, &[MatchResult])> {
        self.by_id.values().rev().map(|entry| (&entry.race, entry.results.as_slice()))
    }

    /// Adds a match whose key was given to its players. Returns the stored matches that it supersedes.
    pub fn issue(&mut self, race: Match, how: Issued) -> Vec<MatchId> {
        let earlier: Vec<MatchId> =
            race.players.iter().filter_map(|user| self.alone.get(user).copied()).collect();
        let mut forgotten = Vec::new();
        for id in earlier {
            let Some(entry) = self.by_id.get(&id) else { continue };
            let is_unused = match (entry.race.begun, how) {
                (None, _) => true,
                (Some(begun), Issued::Ai(shortest)) => {
                    entry.results.is_empty() && is_sooner(race.made, begun, shortest)
                }
                (Some(_), Issued::Match | Issued::Alone) => false,
            };
            if is_unused {
                forgotten.extend(entry.is_kept.then_some(id));
                self.forget(id);
            }
        }
        self.given.extend(&race.players);
        self.insert(race, how == Issued::Match, how != Issued::Match);
        forgotten
    }

    /// Restores a match, or replaces an earlier state of it.
    pub fn put(&mut self, race: Match, is_alone: bool) {
        self.insert(race, true, is_alone);
    }

    /// Adds a race against AI whose key was recognised, as if it had been there all along.
    pub fn recognise(&mut self, race: Match) {
        self.insert(race, false, true);
    }

    fn insert(&mut self, race: Match, is_kept: bool, is_alone: bool) {
        if let Some(earlier) = self.by_id.get(&race.id) {
            stop_searching(&mut self.alone, &earlier.race);
        }
        match race.players.first() {
            Some(leader) if is_alone => drop(self.alone.insert(*leader, race.id)),
            Some(host) => {
                let hosted = self.hosted.entry(*host).or_default();
                if !hosted.contains(&race.id) {
                    hosted.push_back(race.id);
                }
                if hosted.len() > HOSTED {
                    hosted.pop_front();
                }
            }
            None => {}
        }
        self.by_key.insert(race.race_key, race.id);
        if let Some(entry) = self.by_id.get_mut(&race.id) {
            (entry.race, entry.is_kept) = (race, is_kept);
        } else {
            let entry = Entry { is_kept, since: self.now, results: Vec::new(), race };
            self.by_id.insert(entry.race.id, entry);
        }
    }

    /// Returns how a player's recently hosted matches ended: those within [`KEEP`], eight at most.
    pub fn hosting(&self, user: UserId) -> HostHistory {
        let mut history = HostHistory::default();
        for id in self.hosted.get(&user).into_iter().flatten() {
            if self.by_id.get(id).is_some_and(|entry| entry.race.begun.is_some()) {
                history = HostHistory { confirmed: history.confirmed.saturating_add(1), unconfirmed: 0 };
            } else {
                history.unconfirmed = history.unconfirmed.saturating_add(1);
            }
        }
        history
    }

    /// Returns true if this player was given a key since the server started: earlier keys are superseded then.
    pub fn has_given(&self, user: UserId) -> bool {
        self.given.contains(&user)
    }

    /// Returns the number of the match with this key.
    pub fn find(&self, race_key: RaceKey) -> Option<MatchId> {
        self.by_key.get(&race_key).copied()
    }

    /// Notes that a player showed the key of this match and listed its players. Returns the match and what was new;
    /// `None` if the player is not in the match and no seat is free.
    ///
    /// Only the leader of a party polls, so the others become known by a registration that lists them or by the key
    /// that they show. Both are accepted as long as the match has free seats.
    pub fn begin(
        &mut self,
        id: MatchId,
        by: UserId,
        now: Wall,
        listed: impl IntoIterator<Item = UserId>,
    ) -> Option<(&Match, News)> {
        let entry = self.by_id.get_mut(&id)?;
        let race = &mut entry.race;
        let known = (race.begun, race.players.len(), entry.is_kept);
        for user in core::iter::once(by).chain(listed) {
            if race.players.len() < usize::from(race.seats) && !race.players.contains(&user) {
                race.players.push(user);
            }
            if !race.players.contains(&by) {
                return None;
            }
        }
        race.begun = race.begun.or(Some(now));
        entry.is_kept = true;
        let news = match known {
            (None, ..) => News::Begun,
            known if known == (race.begun, race.players.len(), true) => News::None,
            _ => News::Players,
        };
        Some((race, news))
    }

    /// Returns the state of this key for this player.
    pub fn state(&self, race_key: RaceKey, by: UserId) -> ResultState {
        let entry = self.by_key.get(&race_key).and_then(|id| self.by_id.get(id));
        let Some(Entry { race, results, .. }) = entry else { return ResultState::None };
        match results.iter().find(|result| result.user == by) {
            Some(result) => ResultState::Counted(*result),
            None if race.players.contains(&by) => ResultState::Open(race.id),
            None if race.players.len() < usize::from(race.seats) => ResultState::Open(race.id),
            None => ResultState::None,
        }
    }

    /// Stores a result, in place of the player's earlier one. Ignores a result of a match that was dropped.
    pub fn count(&mut self, result: MatchResult) {
        let Some(entry) = self.by_id.get_mut(&result.match_id) else { return };
        match entry.results.binary_search_by_key(&result.user, |earlier| earlier.user) {
            Ok(at) => entry.results.splice(at..=at, [result]).for_each(drop),
            Err(at) => entry.results.insert(at, result),
        }
    }

    /// Closes a match to results that have not come. Returns it as it is then, with only those players that brought a
    /// result. The match stays, so that its number is not given again.
    pub fn close(&mut self, id: MatchId) -> Option<&Match> {
        let Entry { race, results, is_kept, .. } = self.by_id.get_mut(&id)?;
        *is_kept = true;
        stop_searching(&mut self.alone, race);
        race.players.retain(|user| results.iter().any(|result| result.user == *user));
        race.seats = u16::try_from(race.players.len()).unwrap_or(u16::MAX);
        Some(race)
    }

    /// Drops the results of a player.
    pub fn forget_results(&mut self, user: UserId) {
        for entry in self.by_id.values_mut() {
            entry.results.retain(|result| result.user != user);
        }
    }

    /// Drops matches that are too old or too many. Matches added from now on are of this moment.
    pub fn expire(&mut self, now: Monotonic) {
        self.now = now;
        while let Some((id, entry)) = self.by_id.first_key_value()
            && (now.since(entry.since) >= KEEP || self.len() > MAX_MATCHES)
        {
            self.forget(*id);
        }
    }

    /// Drops a match and its results.
    pub fn forget(&mut self, id: MatchId) {
        let Some(Entry { race, .. }) = self.by_id.remove(&id) else { return };
        self.by_key.remove(&race.race_key);
        stop_searching(&mut self.alone, &race);
        if let Some(host) = race.players.first()
            && let Some(hosted) = self.hosted.get_mut(host)
        {
            hosted.retain(|other| *other != id);
            if hosted.is_empty() {
                self.hosted.remove(host);
            }
        }
    }

    /// Returns the match with this number.
    pub fn get(&self, id: MatchId) -> Option<&Match> {
        self.by_id.get(&id).map(|entry| &entry.race)
    }
}

/// News about a match from a player that showed its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The match begins: no player had said so.
    Begun,
    /// More players.
    Players,
    /// Nothing new.
    None,
}

/// Returns true if `time` has passed since `then`.
pub(crate) fn is_past(now: Wall, then: Wall, time: Duration) -> bool {
    let age = now.as_millis().saturating_sub(then.as_millis());
    u128::try_from(age).is_ok_and(|age| age >= time.as_millis())
}

/// Returns true if `now` is less than `time` after `then`. A clock that was set back since makes nothing too soon.
pub(crate) fn is_sooner(now: Wall, then: Wall, time: Duration) -> bool {
    let age = now.as_millis().saturating_sub(then.as_millis());
    u128::try_from(age).is_ok_and(|age| age < time.as_millis())
}

/// Marks the match as one that its player can no longer search on from.
fn stop_searching(alone: &mut BTreeMap<UserId, MatchId>, race: &Match) {
    if let Some(leader) = race.players.first()
        && alone.get(leader) == Some(&race.id)
    {
        alone.remove(leader);
    }
}

#[cfg(test)]
mod tests;
