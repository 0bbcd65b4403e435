//! One poll of a client: a request that is held until a match is found or its time is up.

use core::{num::NonZeroU8, time::Duration};

use super::config::Config;
use super::mode::Mode;
use crate::ids::{LobbyId, Points, UserId};

/// The caller's number for a held request. A later poll has a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollId(pub u64);

/// Number of players in a party: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupSize(NonZeroU8);

impl GroupSize {
    /// A single player.
    pub const ONE: Self = Self(NonZeroU8::MIN);

    /// Returns the size, or `None` for 0. A size above the cap of its mode is possible: such a party meets no other
    /// group.
    pub fn new(players: u8) -> Option<Self> {
        NonZeroU8::new(players).map(Self)
    }

    /// Returns the number of players.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

/// Results of the matches that a player hosted lately. The caller counts them and drops old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostHistory {
    /// Matches that a player confirmed, by `RegisterActiveGameWithPlayers` or by a result.
    pub confirmed: u32,
    /// Matches since the last confirmed one, which no player confirmed.
    pub unconfirmed: u32,
}

/// The content of an `EnterMatchmaking2` request, with what this server knows about its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The held request.
    pub id: PollId,
    /// The account that searches. It stays the same searcher, whichever lobby it comes with.
    pub account: UserId,
    /// The mode that the player searches for.
    pub mode: Mode,
    /// The lobby of the party, which stays the same.
    pub group_lobby: LobbyId,
    /// The lobby of this attempt, in which all groups meet if this one hosts. New with every poll.
    pub game_lobby: LobbyId,
    /// Players in the party.
    pub size: GroupSize,
    /// The account's points on this server, never the request's `SkillLevel`.
    pub points: Points,
    /// `IgnoreMinimumMatchRequirements`: accepts AI if no other group waits.
    pub ignore_minimum: bool,
    /// Results of the matches that this account hosted.
    pub host_history: HostHistory,
}

impl Poll {
    /// Returns true if other groups can join this one: both its lobby ids are those of lobbies.
    pub const fn can_host(&self) -> bool {
        self.group_lobby.is_joinable() && self.game_lobby.is_joinable()
    }
}

impl Config {
    /// Returns the longest time between a poll and its response: a fiftieth less than the client's patience (24.5 s
    /// of 25 s), for the way back.
    pub fn longest_hold(&self) -> Duration {
        // A fixed half second would take a sixth of a poll of 3 s (decision 0005).
        self.poll.saturating_sub(self.poll.checked_div(50).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_follows_the_length_of_a_poll() {
        let held = |secs| Config { poll: Duration::from_secs(secs), ..Config::default() }.longest_hold();
        assert_eq!(held(25), Duration::from_millis(24_500));
        assert_eq!(held(3), Duration::from_millis(2_940));
    }
}
