use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mmcos_game::ids::RaceKey;

/// Matches of more groups keep no two apart.
const FEW: usize = 4;

/// A match that nothing is heard of is over by then: it was registered by a third member.
const LONGEST: Duration = Duration::from_mins(30);

/// From the end of the first failure to the end of the time apart that the second one brings.
const REMEMBERED: Duration = Duration::from_mins(60 + 10);

/// The players whom the server may keep apart: those who twice in a row were in a match and did not race. It goes by what
/// was seen on the wire, so it allows a little more than the server does.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart {
    /// Of the races that nothing was heard of.
    members: BTreeMap<RaceKey, BTreeSet<u32>>,
    /// When two clients were put into a match since they last raced, the smaller number first.
    unheard: BTreeMap<(u32, u32), Vec<Duration>>,
    /// When a client lost a poll of which the answer may have been on its way.
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
