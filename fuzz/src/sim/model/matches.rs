//! The model of matches: which players may send a result, and what the result must lead to.

use std::time::Duration;

use mmcos_core::{seam::Wall, wire::steam::SteamId};
use mmcos_game::{
    ids::{Points, RaceKey, UserId},
    results::KEEP,
};

use super::{Account, Model, Undo, division, expect};
use crate::{
    client::{AddPointsResult, MatchmakingResult},
    sim::store::CommitSeq,
};

/// Shortest time between the key of a race against AI and its result.
const SHORTEST_RACE: Duration = Duration::from_secs(30);

/// Time after its issue for which a key is recognised without anything else, in milliseconds; half of the time that
/// it tells.
const LONGEST_RECOGNISED: i64 = 36 * 3_600_000;

/// A match whose key was given to players.
#[derive(Clone, Debug, Default)]
pub(super) struct Race {
    /// The match number.
    session: u64,
    /// Time of its response by the clock that the server goes by, and by the true one.
    made: Wall,
    given: Duration,
    seats: usize,
    players: Vec<UserId>,
    /// Players that were listed while it was not sure which others are in it.
    perhaps: Vec<UserId>,
    /// True for a race of one group against AI.
    alone: bool,
    /// Time of the first registration or result, by the clock that the server goes by.
    begun: Option<Wall>,
    /// True if the server was gone since, and kept nothing of it but the key itself.
    fragile: bool,
    /// True if its only player has searched on.
    superseded: bool,
    counted: Vec<Counted>,
}

/// A result that counted.
#[derive(Clone, Copy, Debug)]
struct Counted {
    user: UserId,
    response: AddPointsResult,
    seq: CommitSeq,
}

/// A result that a player sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) user: UserId,
    pub(crate) race_key: RaceKey,
    pub(crate) change: Points,
}

/// Returns true if a race that began `then` cannot be over `now`. If the clock was set back since, nothing is too
/// soon.
fn is_sooner(now: Wall, then: Wall) -> bool {
    (0..SHORTEST_RACE.as_millis() as i64).contains(&(now.as_millis() - then.as_millis()))
}

/// The effect that a result must have.
enum Due {
    /// It counts.
    Yes,
    /// It does not count.
    No,
    /// Both would be right. If it has counted before, so would be its first response.
    Perhaps(Option<Counted>),
    /// It has counted, with this response.
    Already(Counted),
}

impl Model {
    /// Notes that these players were given the key of a match.
    pub(crate) fn give(
        &mut self,
        response: &MatchmakingResult,
        leaders: Vec<UserId>,
        (made, given): (Wall, Duration),
        seq: CommitSeq,
    ) {
        let Some(race_key) = response.race_key.filter(|key| !self.races.contains_key(key)) else { return };
        let alone = response.groups.len() == 1;
        for leader in &leaders {
            let before = self.searching.remove(leader);
            if let Some(race) = before.and_then(|key| self.races.get_mut(&key)) {
                let at_once = |begun| race.counted.is_empty() && is_sooner(made, begun);
                race.superseded |= race.begun.is_none_or(at_once);
            }
        }
        if let (true, [alone]) = (alone, leaders.as_slice()) {
            self.searching.insert(*alone, race_key);
        }
        if !alone {
            self.note(seq, |_| Undo::Race(race_key, None));
        }
        let seats = usize::from(response.humans());
        let session = response.session;
        self.races.insert(
            race_key,
            Race { session, made, given, seats, alone, players: leaders, ..Race::default() },
        );
    }

    /// Notes that a player was given a key with a search that another of its own had ended: the server need not know
    /// the key.
    pub(crate) fn give_in_vain(
        &mut self,
        (race_key, session): (RaceKey, u64),
        user: UserId,
        (made, given): (Wall, Duration),
    ) {
        if let Some(race) = self.searching.remove(&user).and_then(|key| self.races.get_mut(&key)) {
            (race.superseded, race.fragile) = (race.superseded || race.begun.is_none(), true);
        }
        let players = vec![user];
        // It counts until the player's other search gets its response.
        let (alone, superseded, fragile) = (true, true, true);
        let race =
            Race { session, made, given, seats: 1, alone, players, superseded, fragile, ..Race::default() };
        self.races.entry(race_key).or_insert(race);
    }

    /// Notes the players that a player has listed for a race.
    pub(crate) fn list(&mut self, race_key: RaceKey, by: UserId, listed: &[SteamId], seq: CommitSeq) {
        let due = self.due(race_key, by);
        let users: Vec<UserId> = listed.iter().filter_map(|id| self.user(*id)).collect();
        if matches!(due, Due::No) {
            return;
        }
        self.note_race(race_key, seq);
        let now = self.now;
        let Some(race) = self.races.get_mut(&race_key) else { return };
        let sure = race.perhaps.is_empty() && matches!(due, Due::Yes | Due::Already(_));
        race.begun.get_or_insert(now);
        for user in std::iter::once(by).chain(users) {
            if race.players.contains(&user) {
            } else if !sure {
                race.perhaps.push(user);
            } else if race.players.len() < race.seats {
                race.players.push(user);
            }
        }
    }

    /// Notes how to undo the next change of a race.
    fn note_race(&mut self, race_key: RaceKey, seq: CommitSeq) {
        self.note(seq, |model| Undo::Race(race_key, model.races.get(&race_key).cloned()));
    }

    /// Ends a match by an operator's command: later results do not count.
    pub(super) fn end(&mut self, session: u64, seq: CommitSeq) -> Result<(), String> {
        // A number that nothing durable has may have been given before.
        let numbered = self.races.iter().filter(|(_, race)| race.session == session);
        let Some((race_key, _)) = numbered.max_by_key(|(_, race)| race.given) else {
            return Err(format!("there was no match {session}"));
        };
        let race_key = *race_key;
        self.note_race(race_key, seq);
        let Some(race) = self.races.get_mut(&race_key) else { return Ok(()) };
        race.players = race.counted.iter().map(|counted| counted.user).collect();
        race.perhaps.clear();
        race.seats = race.players.len();
        self.searching.retain(|_, key| *key != race_key);
        Ok(())
    }

    /// Checks the response to a result. `seq` is the commit number of its records, and everything up to `durable`
    /// is durable. `is_counted` says what the server did with a result that may count or not.
    pub(crate) fn score(
        &mut self,
        Report { user, race_key, change }: Report,
        response: AddPointsResult,
        is_counted: bool,
        (seq, durable): (CommitSeq, CommitSeq),
    ) -> Result<(), String> {
        let due = self.due(race_key, user);
        let counts = match self.unless_too_soon(race_key, due) {
            Due::Already(Counted { response: first, seq, .. }) => {
                expect("whether the first time is durable", &(seq <= durable), &true)?;
                return expect("the response of the first time", &response, &first);
            }
            Due::Yes => true,
            Due::No => false,
            Due::Perhaps(first) if first.is_some_and(|first| first.response == response) => return Ok(()),
            Due::Perhaps(_) => is_counted,
        };
        let Some(account) = self.account(user) else { return Err(format!("no account {}", user.0)) };
        if !counts {
            return self.check(user, response.points, Some(response.division), response.rank);
        }
        let (points, division) = self.after(*account, change);
        let rank = self.rank(user, account, points);
        expect("the response to the result", &response, &AddPointsResult { division, points, rank })?;
        self.change(user, seq, |account| (account.points, account.division) = (points, division));
        self.note_race(race_key, seq);
        let now = self.now;
        if let Some(race) = self.races.get_mut(&race_key) {
            race.begun.get_or_insert(now);
            if !race.players.contains(&user) && race.perhaps.is_empty() {
                race.players.push(user);
            }
            race.counted.push(Counted { user, response, seq });
        }
        Ok(())
    }

    fn after(&self, account: Account, reported: Points) -> (i32, u8) {
        let honest = &self.honest[usize::from(account.division)];
        let counted = reported.clamp(*honest.start(), *honest.end()).0;
        let may_lose = self.catalogue.divisions.losing_allowed(account.division);
        let change = if may_lose { counted } else { counted.max(0) };
        let points = (account.points + change).max(0);
        (points, division(&self.catalogue, points, account.division))
    }

    fn due(&self, race_key: RaceKey, user: UserId) -> Due {
        let Some(race) = self.races.get(&race_key) else { return Due::No };
        let member = race.players.contains(&user);
        let free = race.players.len() < race.seats;
        let counted = race.counted.iter().find(|counted| counted.user == user).copied();
        let age = self.now.as_millis() - race.made.as_millis();
        // If only the key was left, the leader's account tells whose it is.
        let lost = race.fragile
            && (race.players.first() != Some(&user)
                || age.abs() > LONGEST_RECOGNISED
                || age >= KEEP.as_millis() as i64);
        match counted {
            None if race.superseded && race.alone && race.begun.is_none() && !race.fragile => Due::No,
            _ if self.is_old(race) || race.superseded && (member || free) => Due::Perhaps(counted),
            Some(first) => Due::Already(first),
            None if lost => Due::Perhaps(None),
            None if member => Due::Yes,
            None if !race.perhaps.is_empty() => Due::Perhaps(None),
            // Its leader may have been given another key on a connection that broke.
            None if free && race.alone && race.begun.is_none() => Due::Perhaps(None),
            None if free => Due::Yes,
            None => Due::No,
        }
    }

    /// Rejects a result of a race against AI that comes sooner than the race can be over, whatever else it would lead
    /// to.
    fn unless_too_soon(&self, race_key: RaceKey, due: Due) -> Due {
        let Some(race) = self.races.get(&race_key).filter(|race| race.alone) else { return due };
        // If only the key was left, it tells whole seconds.
        let earliest = Wall::from_millis(race.made.as_millis() - if race.fragile { 999 } else { 0 });
        match due {
            Due::Yes | Due::Perhaps(None) => {
                match (is_sooner(self.now, race.made), is_sooner(self.now, earliest)) {
                    (true, true) => Due::No,
                    (false, false) => due,
                    _ => Due::Perhaps(None),
                }
            }
            Due::No | Due::Perhaps(Some(_)) | Due::Already(_) => due,
        }
    }

    /// Notes that the server is gone: of a key that it gave to one group and heard nothing of, nothing is kept.
    pub(super) fn lose_keys(&mut self) {
        for race in self.races.values_mut() {
            race.fragile |= race.alone && race.begun.is_none();
        }
    }

    /// Returns true if the server may have dropped the match. Its wall clock has no influence on that.
    fn is_old(&self, race: &Race) -> bool {
        self.true_now.saturating_sub(race.given) >= KEEP
    }

    /// Returns the numbers of the matches that the server may have dropped.
    pub(crate) fn old_races(&self) -> std::collections::BTreeSet<u64> {
        self.races.values().filter(|race| self.is_old(race)).map(|race| race.session).collect()
    }

    /// Removes matches that are too old for any player to come back to.
    pub(crate) fn prune(&mut self, before: Duration) {
        self.races.retain(|_, race| race.given >= before);
    }
}
