//! Results that count once: which races there are, who may bring a result of them, and what it was answered.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use super::{
    divisions::Standing,
    ids::{Points, RaceKey, SessionId, UserId},
    matchmaker::Mode,
    seasons::SeasonId,
};
use crate::seam::Wall;

/// How long after its making a race takes results. (Our choice: a race lasts 4 to 7 minutes, so this is for results that
/// waited for a server to come back.)
pub const KEEP: Duration = Duration::from_hours(24);

/// How many races take results at most; beyond that the oldest is let go. (Our choice: some 60 MB, and more than 1,000
/// players race in a day.)
pub const MOST: usize = 250_000;

/// A race whose key was issued.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Race {
    /// Its number.
    pub session: SessionId,
    /// Its key.
    pub race_key: RaceKey,
    /// What its host searched for.
    pub mode: Mode,
    /// Players in it, parties included: so many results it takes.
    pub seats: u16,
    /// When the key was issued.
    pub made: Wall,
    /// When it was registered, or else when its first result came.
    pub begun: Option<Wall>,
    /// Who may bring a result: the leaders of parties, who got the key, then those whom they registered.
    pub players: Vec<UserId>,
}

/// A result that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RaceResult {
    /// The race.
    pub session: SessionId,
    /// Whose result.
    pub user: UserId,
    /// When it came.
    pub at: Wall,
    /// The change that the game claimed.
    pub claimed: Points,
    /// What was counted of it: no more than one game can bring.
    pub counted: Points,
    /// What came of it.
    pub progress: Progress,
}

/// What a result brought.
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

/// What a race key is to a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The player may bring the result of this race.
    Open(SessionId),
    /// It has been brought: this one.
    Counted(RaceResult),
    /// There is no such race, it was let go, or it is others'.
    None,
}

#[derive(Clone, Debug)]
struct Entry {
    race: Race,
    /// In the order of `UserId`s.
    results: Vec<RaceResult>,
}

/// The races that take results: those made within [`KEEP`], [`MOST`] of them.
///
/// A player alone gets a key with every poll that finds nobody (captures 03, 06, 07) and races with the last of them.
/// So a player's earlier key is let go when the next is issued, unless its race has begun.
#[derive(Clone, Debug, Default)]
pub struct Races {
    by_session: BTreeMap<SessionId, Entry>,
    by_key: BTreeMap<RaceKey, SessionId>,
    /// The race that this player was given alone, and that has not begun.
    searching: BTreeMap<UserId, SessionId>,
}

impl Races {
    /// How many races take results.
    pub fn len(&self) -> usize {
        self.by_session.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.by_session.is_empty()
    }

    /// All races, the oldest first, each with its results in the order of accounts.
    pub fn iter(&self) -> impl Iterator<Item = (&Race, &[RaceResult])> {
        self.by_session.values().map(|entry| (&entry.race, entry.results.as_slice()))
    }

    /// The same, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = (&Race, &[RaceResult])> {
        self.by_session.values().rev().map(|entry| (&entry.race, entry.results.as_slice()))
    }

    /// A key was given to these players. Returns the races that are let go instead.
    pub fn issue(&mut self, race: Race) -> Vec<SessionId> {
        let before: Vec<SessionId> =
            race.players.iter().filter_map(|user| self.searching.remove(user)).collect();
        for session in &before {
            self.forget(*session);
        }
        self.put(race);
        before
    }

    /// Puts in a race, in the place of an earlier state of it.
    pub fn put(&mut self, race: Race) {
        if let Some(earlier) = self.by_session.get(&race.session) {
            stop_searching(&mut self.searching, &earlier.race);
        }
        if let (&[alone], None) = (race.players.as_slice(), race.begun) {
            self.searching.insert(alone, race.session);
        }
        self.by_key.insert(race.race_key, race.session);
        match self.by_session.get_mut(&race.session) {
            Some(entry) => entry.race = race,
            None => drop(self.by_session.insert(race.session, Entry { race, results: Vec::new() })),
        }
    }

    /// The number of the race with this key.
    pub fn find(&self, race_key: RaceKey) -> Option<SessionId> {
        self.by_key.get(&race_key).copied()
    }

    /// A player said that this race begins, and who is in it. Returns the race if that is news.
    ///
    /// A party's leader alone polls, so only a registration can say who else is in the party. It is believed as far as
    /// the race has seats that nobody holds.
    pub fn begin(
        &mut self,
        session: SessionId,
        by: UserId,
        now: Wall,
        listed: impl IntoIterator<Item = UserId>,
    ) -> Option<&Race> {
        let race = &mut self.by_session.get_mut(&session)?.race;
        if !race.players.contains(&by) {
            return None;
        }
        let known = (race.begun, race.players.len());
        race.begun = race.begun.or(Some(now));
        for user in listed {
            if race.players.len() < usize::from(race.seats) && !race.players.contains(&user) {
                race.players.push(user);
            }
        }
        if known == (race.begun, race.players.len()) {
            return None;
        }
        stop_searching(&mut self.searching, race);
        Some(race)
    }

    /// What this key is to this player.
    pub fn claim(&self, race_key: RaceKey, by: UserId) -> Claim {
        let entry = self.by_key.get(&race_key).and_then(|session| self.by_session.get(session));
        let Some(entry) = entry.filter(|entry| entry.race.players.contains(&by)) else { return Claim::None };
        let counted = entry.results.iter().find(|result| result.user == by);
        counted.map_or(Claim::Open(entry.race.session), |result| Claim::Counted(*result))
    }

    /// Keeps a result, in the place of one that the player has. One of a race that was let go is passed over.
    pub fn count(&mut self, result: RaceResult) {
        let Some(entry) = self.by_session.get_mut(&result.session) else { return };
        match entry.results.binary_search_by_key(&result.user, |earlier| earlier.user) {
            Ok(at) => entry.results.splice(at..=at, [result]).for_each(drop),
            Err(at) => entry.results.insert(at, result),
        }
    }

    /// Has a race take no result that has not come. Returns it as it is then, with only those in it who brought one. It
    /// stays, so that its number is not given again.
    pub fn close(&mut self, session: SessionId) -> Option<&Race> {
        let Entry { race, results } = self.by_session.get_mut(&session)?;
        stop_searching(&mut self.searching, race);
        race.players.retain(|user| results.iter().any(|result| result.user == *user));
        race.seats = u16::try_from(race.players.len()).unwrap_or(u16::MAX);
        Some(race)
    }

    /// Lets go of what is too old or too much.
    pub fn expire(&mut self, now: Wall) {
        let keep = i64::try_from(KEEP.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.as_millis().saturating_sub(keep);
        while let Some((session, entry)) = self.by_session.first_key_value()
            && (entry.race.made.as_millis() <= oldest || self.len() > MOST)
        {
            self.forget(*session);
        }
    }

    /// Lets go of a race, and of its results.
    pub fn forget(&mut self, session: SessionId) {
        let Some(Entry { race, .. }) = self.by_session.remove(&session) else { return };
        self.by_key.remove(&race.race_key);
        stop_searching(&mut self.searching, &race);
    }
}

/// This race is not, or no longer, one that its player could search on from.
fn stop_searching(searching: &mut BTreeMap<UserId, SessionId>, race: &Race) {
    if let Some(leader) = race.players.first()
        && searching.get(leader) == Some(&race.session)
    {
        searching.remove(leader);
    }
}

#[cfg(test)]
mod tests;
