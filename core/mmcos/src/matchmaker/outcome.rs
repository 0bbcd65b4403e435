//! How polls end.

use alloc::vec::Vec;

use super::poll::{GroupSize, PollId};
use crate::ids::{LobbyId, RaceKey, SessionId, UserId};

/// Why an answer was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Humans meet.
    Matched,
    /// Nobody was found while the poll was held.
    NobodyFound,
    /// Nobody waited, and the player is content with AI.
    Ai,
    /// The account came with another poll; this one is of no use any more.
    Superseded,
    /// The server stops.
    Shutdown,
}

/// One group of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The request to answer.
    pub poll: PollId,
    /// Who asked.
    pub account: UserId,
    /// The lobby of the party.
    pub group_lobby: LobbyId,
    /// The lobby of this poll; all meet in that of the host.
    pub game_lobby: LobbyId,
    /// Players in the party.
    pub size: GroupSize,
    /// True for exactly one group of an answer.
    pub is_host: bool,
    /// 1 or 2 in Battle, 0 otherwise; alone: 1 for a player who turns to AI in Battle, 0 otherwise (captures 03,
    /// 06, 07).
    pub team: u8,
}

/// One answer, the same for every group in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'o> {
    /// The key of the race.
    pub race_key: RaceKey,
    /// The number of the race.
    pub session: SessionId,
    /// Why now.
    pub reason: Reason,
    /// Whose polls it answers, and who races: those who searched longest first.
    pub groups: &'o [Group],
}

/// How polls ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'o> {
    /// These polls are answered.
    Answered(Answer<'o>),
    /// The player gave up the search; the poll is of no interest any more.
    Cancelled {
        /// The request.
        poll: PollId,
        /// Whose.
        account: UserId,
    },
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Answered { race_key: RaceKey, session: SessionId, reason: Reason, groups: usize },
    Cancelled { poll: PollId, account: UserId },
}

/// Where the matchmaker writes outcomes. The caller owns it, reads it, clears it, and uses it again.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    entries: Vec<Entry>,
    groups: Vec<Group>,
}

impl Outcomes {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), groups: Vec::new() }
    }

    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.groups.clear();
    }

    /// Whether nothing ended.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// In the order in which it was decided.
    pub fn iter(&self) -> impl Iterator<Item = Outcome<'_>> {
        let mut rest = self.groups.as_slice();
        self.entries.iter().map(move |entry| match *entry {
            Entry::Cancelled { poll, account } => Outcome::Cancelled { poll, account },
            Entry::Answered { race_key, session, reason, groups } => {
                let (groups, behind) = rest.split_at_checked(groups).unwrap_or((rest, &[]));
                rest = behind;
                Outcome::Answered(Answer { race_key, session, reason, groups })
            }
        })
    }

    pub(super) fn cancelled(&mut self, poll: PollId, account: UserId) {
        self.entries.push(Entry::Cancelled { poll, account });
    }

    /// Returns the groups as they are kept.
    pub(super) fn answered(
        &mut self,
        (race_key, session): (RaceKey, SessionId),
        reason: Reason,
        groups: impl ExactSizeIterator<Item = Group>,
    ) -> &[Group] {
        self.entries.push(Entry::Answered { race_key, session, reason, groups: groups.len() });
        let before = self.groups.len();
        self.groups.extend(groups);
        self.groups.get(before..).unwrap_or(&[])
    }
}
