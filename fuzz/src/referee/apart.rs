use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mmcos_game::ids::RaceKey;

/// Maximum number of groups of a match that can keep two players apart.
const FEW: usize = 4;

/// Time by which a match without news is over: a third member registered it.
const LONGEST: Duration = Duration::from_mins(30);

/// Time from the end of the first failure to the end of the time apart that the second one brings.
const REMEMBERED: Duration = Duration::from_mins(60 + 10);

/// Time within which players that search again have not raced.
const BRIEF: Duration = Duration::from_secs(30);

/// The players that the server may keep apart: those that twice in a row were in a match and did not race. Judged by
/// the bytes on the wire, so it allows a little more than the server does.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart {
    races: BTreeMap<RaceKey, Race>,
    /// The last race of each client.
    last: BTreeMap<u32, RaceKey>,
    /// Races of two clients, the smaller number first.
    together: BTreeMap<(u32, u32), Vec<RaceKey>>,
    /// Times at which a client lost a poll whose response may have been on its way.
    lost: BTreeMap<u32, Vec<Duration>>,
}

#[derive(Clone, Debug)]
struct Race {
    met: Duration,
    members: BTreeSet<u32>,
    /// True if anything was heard of it.
    is_heard: bool,
    /// Members that searched again within seconds.
    early: BTreeSet<u32>,
}

impl Race {
    /// Returns true if it may not have taken place for these two.
    fn may_have_failed(&self, pair: (u32, u32)) -> bool {
        !self.is_heard || self.early.contains(&pair.0) && self.early.contains(&pair.1)
    }
}

impl Apart {
    pub(super) fn met(&mut self, race_key: RaceKey, members: BTreeSet<u32>, now: Duration) {
        if members.len() > FEW {
            return;
        }
        for (place, one) in members.iter().enumerate() {
            self.last.insert(*one, race_key);
            for other in members.iter().skip(place + 1) {
                self.together.entry((*one, *other)).or_default().push(race_key);
            }
        }
        let race = Race { met: now, members, is_heard: false, early: BTreeSet::new() };
        self.races.insert(race_key, race);
    }

    /// Notes that a client searches.
    pub(super) fn searches(&mut self, client: u32, now: Duration) {
        let last = self.last.remove(&client).and_then(|race_key| self.races.get_mut(&race_key));
        if let Some(race) = last.filter(|race| now < race.met + BRIEF) {
            race.early.insert(client);
        }
    }

    pub(super) fn raced(&mut self, race_key: RaceKey, client: u32) {
        if let Some(race) = self.races.get_mut(&race_key).filter(|race| race.members.contains(&client)) {
            race.is_heard = true;
        }
    }

    pub(super) fn lost(&mut self, client: u32, now: Duration) {
        self.lost.entry(client).or_default().push(now);
    }

    pub(super) fn are_apart(&self, one: u32, other: u32, now: Duration) -> bool {
        let is_late = |at: Duration| now <= at + LONGEST + REMEMBERED;
        let lost = |client| {
            self.lost.get(&client).map_or(0, |moments| moments.iter().filter(|at| is_late(**at)).count())
        };
        let pair = (one.min(other), one.max(other));
        let races = self.together.get(&pair).into_iter().flatten().rev();
        let failed = races
            .filter_map(|race_key| self.races.get(race_key))
            .take_while(|race| race.may_have_failed(pair) && is_late(race.met))
            .count();
        failed + lost(one).min(lost(other)) >= 2
    }
}
