//! Outcomes: the ways in which polls end.

use alloc::vec::Vec;

use super::poll::{GroupSize, PollId};
use crate::ids::{LobbyId, MatchId, UserId};

/// The reason for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A match of two groups or more.
    Matched,
    /// No match was found while the poll was held.
    NoMatch,
    /// No other group waited, and the player accepts AI.
    Ai,
    /// The account sent another poll, so this one is of no use any more.
    Superseded,
    /// The server stops.
    Shutdown,
}

/// One group of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The request to respond to.
    pub poll: PollId,
    /// The account that searched.
    pub account: UserId,
    /// The lobby of the party.
    pub group_lobby: LobbyId,
    /// The lobby of this poll. All groups meet in that of the host.
    pub game_lobby: LobbyId,
    /// Players in the party.
    pub size: GroupSize,
    /// True for exactly one group of a response.
    pub is_host: bool,
    /// 1 or 2 in Battle, 0 otherwise; alone: 1 for a player who turns to AI in Battle, 0 otherwise (captures 03,
    /// 06, 07).
    pub team: u8,
}

/// A response, the same for every group in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'o> {
    /// The match number.
    pub match_id: MatchId,
    /// The reason for the response.
    pub reason: Reason,
    /// The groups that receive the response and race together. Those that searched longest come first.
    pub groups: &'o [Group],
}

/// The end of polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'o> {
    /// These polls get a response.
    Decided(Decision<'o>),
    /// The player cancelled the search; the poll needs no match any more.
    Cancelled {
        /// The request.
        poll: PollId,
        /// The account that sent it.
        account: UserId,
    },
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Decided { match_id: MatchId, reason: Reason, groups: usize },
    Cancelled { poll: PollId, account: UserId },
}

/// The list in which the matchmaker writes outcomes. The caller owns it, reads it, clears it, and reuses it.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    entries: Vec<Entry>,
    groups: Vec<Group>,
}

impl Outcomes {
    /// Creates an empty list.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), groups: Vec::new() }
    }

    /// Removes all outcomes, keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.groups.clear();
    }

    /// Returns true if no poll ended.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the outcomes in the order of the decisions.
    pub fn iter(&self) -> impl Iterator<Item = Outcome<'_>> {
        // All groups are in one list, in the order of the entries: a response needs no list of its own.
        let mut rest = self.groups.as_slice();
        self.entries.iter().map(move |entry| match *entry {
            Entry::Cancelled { poll, account } => Outcome::Cancelled { poll, account },
            Entry::Decided { match_id, reason, groups } => {
                let (groups, behind) = rest.split_at_checked(groups).unwrap_or((rest, &[]));
                rest = behind;
                Outcome::Decided(Decision { match_id, reason, groups })
            }
        })
    }

    pub(super) fn cancelled(&mut self, poll: PollId, account: UserId) {
        self.entries.push(Entry::Cancelled { poll, account });
    }

    /// Adds a response. Returns its groups as stored.
    pub(super) fn decided(
        &mut self,
        match_id: MatchId,
        reason: Reason,
        groups: impl ExactSizeIterator<Item = Group>,
    ) -> &[Group] {
        self.entries.push(Entry::Decided { match_id, reason, groups: groups.len() });
        let before = self.groups.len();
        self.groups.extend(groups);
        self.groups.get(before..).unwrap_or(&[])
    }
}
