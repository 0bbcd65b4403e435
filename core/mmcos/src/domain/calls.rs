//! Calls: news to friends outside the game that a player is alone, and of what became of it.
//!
//! At most one call is out. It begins with the login of a player while no other player is online, or with a search
//! while no other player searches. It ends when the search ends: with other players, with AI, or cancelled. A player
//! that has just met others is not alone: these come back from the same race, and may search again at once. Such a
//! search calls only after a poll that found no match.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use super::{
    ids::UserId,
    matchmaker::{GroupSize, Mode},
    mode_of_the_day::MenuMode,
    players::Name,
};
use mmcos_core::{
    notice::{CallState, Topic},
    seam::Monotonic,
};

/// Time after a match in which its players may come back together: longer than a race. (Our choice.)
const COMPANY_STAYS: Duration = Duration::from_mins(10);

/// Time after which a call whose player did not begin a search is over. (Our choice.)
const CALL_LASTS: Duration = Duration::from_mins(15);

/// The calls of a server.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Number of the last call.
    last: u32,
    open: Option<Call>,
    /// A search that calls if its poll finds no match.
    doubtful: Option<(Caller, Wish, Duration)>,
    /// Players of recent matches, the oldest first.
    company: VecDeque<(Monotonic, UserId)>,
    /// Number of entries of each player in `company`.
    recent: BTreeMap<UserId, u32>,
}

/// A player that calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Account.
    pub(crate) user: UserId,
    /// Name.
    pub(crate) name: Name,
}

/// A call that is out.
#[derive(Clone, Debug)]
struct Call {
    number: u32,
    caller: Caller,
    since: Monotonic,
    search: Option<Wish>,
}

/// News of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The call that they belong to.
    pub(crate) topic: Topic,
    /// Name of the caller.
    pub(crate) name: Name,
    /// The news.
    pub(crate) news: CallNews,
}

/// A caller's search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Mode. Its names are the client's.
    pub mode: Mode,
    /// Players of the party, as the client says.
    pub size: GroupSize,
}

/// Latest state of a call, with its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallNews {
    /// A player is online, and no other.
    Online {
        /// Mode that friends are pointed to.
        mode_of_the_day: Option<MenuMode>,
    },
    /// A player searches, and no other does.
    Searching {
        /// The search.
        search: Wish,
        /// Time for which it goes on.
        waits: Duration,
    },
    /// The player has met others.
    Met {
        /// Mode of the search.
        search: Wish,
        /// Players of the match.
        players: u8,
    },
    /// The search has ended without others.
    Over {
        /// The search.
        search: Wish,
    },
}

impl Calls {
    fn open(&mut self, caller: Caller, now: Monotonic, search: Option<Wish>) -> Topic {
        self.last = self.last.wrapping_add(1);
        self.open = Some(Call { number: self.last, caller, since: now, search });
        Topic::Call(self.last)
    }

    /// Notes the login of a player while no other player is online.
    pub(crate) fn at_login(
        &mut self,
        caller: Caller,
        now: Monotonic,
        mode_of_the_day: Option<MenuMode>,
    ) -> Option<Told> {
        let is_out = self.open.as_ref().is_some_and(|call| now.since(call.since) < CALL_LASTS);
        let name = caller.name.clone();
        let news = CallNews::Online { mode_of_the_day };
        (!is_out).then(|| Told { topic: self.open(caller, now, None), name, news })
    }

    /// Notes a search that begins while no other player searches. It goes on for `waits`.
    pub(crate) fn at_search(
        &mut self,
        caller: Caller,
        now: Monotonic,
        search: Wish,
        waits: Duration,
    ) -> Option<Told> {
        self.forget_company(now);
        if self.recent.contains_key(&caller.user) {
            self.doubtful = Some((caller, search, waits));
            return None;
        }
        Some(self.call(caller, now, search, waits))
    }

    fn call(&mut self, caller: Caller, now: Monotonic, search: Wish, waits: Duration) -> Told {
        let name = caller.name.clone();
        let topic = match &mut self.open {
            // The login called already: friends read on in the same message.
            Some(call) if call.search.is_none() && now.since(call.since) < CALL_LASTS => {
                (call.caller, call.search) = (caller, Some(search));
                Topic::Update { call: call.number, state: CallState::Out }
            }
            _ => self.open(caller, now, Some(search)),
        };
        Told { topic, name, news: CallNews::Searching { search, waits } }
    }

    /// Notes a poll that found no match, while no other player searches.
    pub(crate) fn at_lonely_poll(&mut self, user: UserId, now: Monotonic) -> Option<Told> {
        let (caller, search, waits) = self.doubtful.take_if(|(caller, ..)| caller.user == user)?;
        Some(self.call(caller, now, search, waits))
    }

    /// Notes a match of so many players. Returns news of the call that it answers.
    pub(crate) fn at_match(&mut self, members: &[UserId], players: u8, now: Monotonic) -> Option<Told> {
        self.forget_company(now);
        for player in members {
            self.company.push_back((now, *player));
            let entries = self.recent.entry(*player).or_default();
            *entries = entries.saturating_add(1);
        }
        self.doubtful = None;
        let call = self.open.take_if(|call| call.search.is_some() && members.contains(&call.caller.user))?;
        let topic = Topic::Update { call: call.number, state: CallState::Met };
        Some(Told { topic, name: call.caller.name, news: CallNews::Met { search: call.search?, players } })
    }

    /// Notes the end of a search without other players.
    pub(crate) fn at_end(&mut self, user: UserId) -> Option<Told> {
        self.doubtful.take_if(|(caller, ..)| caller.user == user);
        let call = self.open.take_if(|call| call.caller.user == user && call.search.is_some())?;
        let topic = Topic::Update { call: call.number, state: CallState::Over };
        Some(Told { topic, name: call.caller.name, news: CallNews::Over { search: call.search? } })
    }

    fn forget_company(&mut self, now: Monotonic) {
        while let Some((_, player)) = self.company.pop_front_if(|(met, _)| now.since(*met) >= COMPANY_STAYS) {
            let entries = self.recent.remove(&player).unwrap_or_default().saturating_sub(1);
            if entries > 0 {
                self.recent.insert(player, entries);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::matchmaker::{GameType, Label, RuleSet};

    const ANN: UserId = UserId(1);
    const BEA: UserId = UserId(2);

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default().after(Duration::from_secs(seconds))
    }

    fn race() -> Wish {
        let game_type = GameType(Label::new("QuickRace").unwrap());
        Wish { mode: Mode { network_version: 1, game_type, rule_set: RuleSet::Race }, size: GroupSize::ONE }
    }

    fn caller(user: UserId) -> Caller {
        Caller { user, name: Name::new(if user == ANN { "Ann" } else { "Bea" }) }
    }

    fn update(call: u32, state: CallState) -> Topic {
        Topic::Update { call, state }
    }

    /// Returns the topic of news.
    fn topic(told: Option<Told>) -> Option<Topic> {
        told.map(|told| told.topic)
    }

    const WAITS: Duration = Duration::from_mins(5);

    #[test]
    fn a_search_continues_the_call_of_the_login() {
        let mut calls = Calls::default();
        assert_eq!(topic(calls.at_login(caller(ANN), at(0), None)), Some(Topic::Call(1)));
        assert_eq!(calls.at_login(caller(ANN), at(10), None), None, "it is out");
        let searching = calls.at_search(caller(ANN), at(20), race(), WAITS).unwrap();
        assert_eq!(searching.topic, update(1, CallState::Out));
        assert_eq!(searching.news, CallNews::Searching { search: race(), waits: WAITS });
        let met = calls.at_match(&[BEA, ANN], 2, at(250)).unwrap();
        assert_eq!((met.topic, met.name), (update(1, CallState::Met), Name::new("Ann")));
        assert_eq!(met.news, CallNews::Met { search: race(), players: 2 });
        assert_eq!(calls.at_end(ANN), None);
    }

    #[test]
    fn a_search_that_ends_without_others_ends_the_call() {
        let mut calls = Calls::default();
        assert_eq!(topic(calls.at_search(caller(ANN), at(0), race(), WAITS)), Some(Topic::Call(1)));
        assert_eq!(calls.at_end(BEA), None);
        assert_eq!(topic(calls.at_end(ANN)), Some(update(1, CallState::Over)));
        assert_eq!(topic(calls.at_search(caller(BEA), at(60), race(), WAITS)), Some(Topic::Call(2)));
    }

    #[test]
    fn players_that_come_back_from_a_race_call_only_after_a_lonely_poll() {
        let mut calls = Calls::default();
        assert_eq!(calls.at_match(&[ANN, BEA], 2, at(0)), None);
        assert_eq!(calls.at_search(caller(ANN), at(300), race(), WAITS), None);
        assert_eq!(calls.at_lonely_poll(BEA, at(320)), None);
        assert_eq!(calls.at_match(&[ANN, BEA], 2, at(320)), None);
        assert_eq!(calls.at_search(caller(ANN), at(600), race(), WAITS), None);
        assert_eq!(topic(calls.at_lonely_poll(ANN, at(625))), Some(Topic::Call(1)));
        assert_eq!(calls.at_lonely_poll(ANN, at(650)), None);
        // Ten minutes after the last race.
        assert_eq!(topic(calls.at_search(caller(BEA), at(920), race(), WAITS)), Some(Topic::Call(2)));
        assert!(calls.company.is_empty() && calls.recent.is_empty());
    }
}
