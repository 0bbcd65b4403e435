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

/// The players that the server may keep apart: those that twice in a row were in a match and did not race. Judged by
/// the bytes on the wire, so it allows a little more than the server does.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart {
    /// Members of the races of which nothing was heard.
    members: BTreeMap<RaceKey, BTreeSet<u32>>,
    /// Times at which two clients were put into a match since they last raced, the smaller number first.
    unheard: BTreeMap<(u32, u32), Vec<Duration>>,
    /// Times at which a client lost a poll whose response may have been on its way.
    lost: BTreeMap<u32, Vec<Duration>>,
}

impl Apart {
    pub(super) fn met(&mut self, race_key: RaceKey, members: BTreeSet<u32>, now: Duration) {
        if members.len() > FEW {
            return;
        }
        for (place, one) in members.iter().enumerate() {
            for other in members.iter().skip(place + 1) {
                self.unheard.entry((*one, *other)).or_default().push(now);
            }
        }
        self.members.insert(race_key, members);
    }

    pub(super) fn raced(&mut self, race_key: RaceKey, client: u32) {
        if !self.members.get(&race_key).is_some_and(|members| members.contains(&client)) {
            return;
        }
        for other in self.members.remove(&race_key).into_iter().flatten() {
            self.unheard.remove(&pair(client, other));
        }
    }

    pub(super) fn lost(&mut self, client: u32, now: Duration) {
        self.lost.entry(client).or_default().push(now);
    }

    pub(super) fn are_apart(&self, one: u32, other: u32, now: Duration) -> bool {
        let lately = |moments: Option<&Vec<Duration>>| {
            let counts = |at: &&Duration| now <= **at + LONGEST + REMEMBERED;
            moments.map_or(0, |moments| moments.iter().filter(counts).count())
        };
        let lost = |client| lately(self.lost.get(&client));
        lately(self.unheard.get(&pair(one, other))) + lost(one).min(lost(other)) >= 2
    }
}

fn pair(one: u32, other: u32) -> (u32, u32) {
    (one.min(other), one.max(other))
}
