//! One poll of a client: a request that is held until somebody is found or its time is up.

use core::num::NonZeroU8;

use super::mode::Mode;
use crate::ids::{LobbyId, Points, UserId};

/// The caller's name for a held request. Increasing: a later poll has a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollId(pub u64);

/// How many players search as one party: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupSize(NonZeroU8);

impl GroupSize {
    /// One player alone.
    pub const ONE: Self = Self(NonZeroU8::MIN);

    /// The size, unless it is 0. One above the cap of its mode is possible: such a party meets nobody.
    pub fn new(players: u8) -> Option<Self> {
        NonZeroU8::new(players).map(Self)
    }

    /// How many players.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

/// What became of the matches that a player hosted lately. The caller keeps count, and lets old ones go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostHistory {
    /// Those that a player confirmed, by `RegisterActiveGameWithPlayers` or by a result.
    pub confirmed: u32,
    /// Those since the last confirmed one, which no player confirmed.
    pub unconfirmed: u32,
}

/// What `EnterMatchmaking2` asks, and what this server knows about who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The request to answer.
    pub id: PollId,
    /// Who searches: the same account is the same searcher, whatever lobby it comes with.
    pub account: UserId,
    /// What for.
    pub mode: Mode,
    /// The lobby of the party, which stays the same.
    pub group_lobby: LobbyId,
    /// The lobby of this attempt, where all would meet if this group hosts. New with every poll.
    pub game_lobby: LobbyId,
    /// Players in the party.
    pub size: GroupSize,
    /// The account's points on this server, never the request's `SkillLevel`.
    pub points: Points,
    /// Content with AI if nobody waits: `IgnoreMinimumMatchRequirements`.
    pub ignore_minimum: bool,
    /// How well this account hosts.
    pub host_history: HostHistory,
}

impl Poll {
    /// Returns whether other groups can join this one: whether its lobbies are lobbies.
    pub const fn can_host(&self) -> bool {
        self.group_lobby.is_joinable() && self.game_lobby.is_joinable()
    }
}
