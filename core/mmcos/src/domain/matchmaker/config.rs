//! Settings of the matchmaker, and what follows from them.

use core::time::Duration;

use super::{BucketKey, Folding, RuleSet};

/// Maximum number of players of any match: the longest scoring tables of the game have 12 places (capture 02).
pub const MAX_PLAYERS: u8 = 12;

/// Maximum number of players, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8")]
pub struct Limited<const MIN: u8, const MAX: u8>(u8);

/// Maximum number of players of a match without teams: 2 to 12.
pub type Cap = Limited<2, MAX_PLAYERS>;

/// Maximum number of players of a team: 1 to 6.
pub type TeamCap = Limited<1, 6>;

impl<const MIN: u8, const MAX: u8> Limited<MIN, MAX> {
    /// Returns the cap, or `None` if it is out of bounds.
    pub fn new(players: u8) -> Option<Self> {
        (MIN..=MAX).contains(&players).then_some(Self(players))
    }

    /// Returns the number of players.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<const MIN: u8, const MAX: u8> TryFrom<u8> for Limited<MIN, MAX> {
    type Error = &'static str;

    fn try_from(players: u8) -> Result<Self, Self::Error> {
        Self::new(players).ok_or("too few or too many players")
    }
}

/// Maximum number of players of a match, by rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caps {
    /// Race: 12.
    pub race: Cap,
    /// Elimination: 6.
    pub elimination: Cap,
    /// Each of the two teams of Battle: 6.
    pub battle_team: TeamCap,
    /// Rule sets that no capture has shown: 6, so that no lobby can overflow (our choice).
    pub other: Cap,
}

impl Default for Caps {
    fn default() -> Self {
        // The scoring tables of the game (capture 02) have 12 places for Race and 6 for Elimination.
        Self { race: Limited(12), elimination: Limited(6), battle_team: Limited(6), other: Limited(6) }
    }
}

/// Configuration of the matchmaker. The default is meant for a public server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// Maximum number of players of a match.
    pub caps: Caps,
    /// Rule by which modes meet each other.
    pub folding: Folding,
    /// Maximum time for which a poll is held, a margin included: 25 s in the captures.
    pub poll: Duration,
    /// Time for which a match that is not full waits for more players after its newest search began: 5 s, so that
    /// friends who press the button together race together (our choice).
    pub gather: Duration,
    /// Time for which a player who accepts AI is held if another player is likely to come: 0 s (captures 03 and 07).
    pub ai_hold: Duration,
    /// True if a player may accept AI at all. If not, such a poll is held like any other.
    pub ai: bool,
    /// Value of a race of two humans, in seconds that each of them would wait for it: 120 (our choice).
    pub pair_worth_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            caps: Caps::default(),
            folding: Folding::Exact,
            poll: Duration::from_secs(25),
            gather: Duration::from_secs(5),
            ai_hold: Duration::ZERO,
            ai: true,
            pair_worth_seconds: 120,
        }
    }
}

impl Config {
    /// Returns the seats of a match of this bucket.
    pub(super) fn seats(&self, key: &BucketKey) -> Seats {
        let Caps { race, elimination, battle_team, other } = self.caps;
        match key.rule_set {
            Some(RuleSet::Race) => Seats::solo(race.0),
            Some(RuleSet::Elimination) => Seats::solo(elimination.0),
            Some(RuleSet::Battle) => Seats { teams: 2, team: battle_team.0 },
            Some(RuleSet::Other(_)) => Seats::solo(other.0),
            // Any rule set may come out. At least 2, since a team cap of 1 would allow no match.
            None => Seats::solo(race.0.min(elimination.0).min(battle_team.0).min(other.0).max(2)),
        }
    }
}

/// The seats of a match: the number of teams (1 or 2), and the players of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seats {
    pub(super) teams: u8,
    pub(super) team: u8,
}

impl Seats {
    pub(super) const fn solo(players: u8) -> Self {
        Self { teams: 1, team: players }
    }

    pub(super) const fn total(self) -> u8 {
        self.teams.saturating_mul(self.team)
    }

    /// Returns the largest group that leaves room for another one.
    pub(super) const fn largest(self) -> u8 {
        // In Battle a party may fill a team: the other team has room for its opponents.
        if self.teams == 1 { self.team.saturating_sub(1) } else { self.team }
    }

    /// Returns the largest group that fits beside one of this size, which is admitted.
    pub(super) const fn beside(self, size: u8) -> u8 {
        // With teams, one of this size leaves the other team free.
        if self.teams == 1 { self.team.saturating_sub(size) } else { self.team }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_have_limits() {
        assert_eq!([1, 13].map(Cap::new), [None; 2]);
        assert_eq!([0, 7].map(TeamCap::new), [None; 2]);
        assert_eq!(Cap::new(12), Some(Caps::default().race));
    }

    #[test]
    fn a_folded_bucket_has_the_smallest_cap() {
        let key = BucketKey { network_version: 1, ranked: false, game_type: None, rule_set: None };
        assert_eq!(Config::default().seats(&key), Seats::solo(6));
    }
}
