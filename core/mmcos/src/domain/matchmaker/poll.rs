//! Polls: requests that are held until a match is found or their time is up. What they search for, and how they end.
//! (`decide.rs` decides and expires them.)

use alloc::{string::String, vec::Vec};
use core::{fmt, num::NonZeroU8, time::Duration};

use super::Config;
use crate::ids::{LobbyId, MatchId, Points, UserId};

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

/// A name from a request that this server need not know: up to 23 bytes, kept as received.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Label {
    len: u8,
    bytes: [u8; Self::MAX],
}

impl Label {
    /// Maximum length, in bytes. The longest name seen or expected, `RankedElimination`, has 17.
    pub const MAX: usize = 23;

    /// Stands for a name that is no longer known.
    pub const UNKNOWN: Self = {
        let mut bytes = [0; Self::MAX];
        if let Some(start) = bytes.first_chunk_mut::<7>() {
            *start = *b"Unknown";
        }
        Self { len: 7, bytes }
    };

    /// Returns the label, or `None` if the text is longer than [`MAX`](Self::MAX).
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { len: u8::try_from(text.len()).ok()?, bytes })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        // The bytes come from a `str`, so the default is never used.
        self.bytes.get(..usize::from(self.len)).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.as_str().into()
    }
}

impl TryFrom<String> for Label {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("longer than the 23 bytes of a label")
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `GameType` of a poll: `QuickElimination` and `RankedBattle` were seen (captures 03 and 06); others follow the
/// pattern or belong to special events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct GameType(pub Label);

impl GameType {
    /// The game type of a match of which only the key was left after a crash.
    pub const UNKNOWN: Self = Self(Label::UNKNOWN);
}

/// The `RuleSet` of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum RuleSet {
    /// Every player for themselves, over laps.
    Race,
    /// Every player for themselves; players that fall behind are out.
    Elimination,
    /// Two teams.
    Battle,
    /// A rule set that no capture has shown.
    Other(Label),
}

impl RuleSet {
    /// Parses the name in a request. Returns `None` if it is longer than a [`Label`].
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Race" => Self::Race,
            "Elimination" => Self::Elimination,
            "Battle" => Self::Battle,
            // Players of an unknown rule set can meet too; `Caps::other` keeps their matches small.
            _ => Self::Other(Label::new(name)?),
        })
    }

    /// Returns the name as requests spell it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Race => "Race",
            Self::Elimination => "Elimination",
            Self::Battle => "Battle",
            Self::Other(label) => label.as_str(),
        }
    }
}

impl From<RuleSet> for String {
    fn from(rule_set: RuleSet) -> Self {
        rule_set.as_str().into()
    }
}

impl TryFrom<String> for RuleSet {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or("longer than the 23 bytes of a label")
    }
}

/// The mode that a poll searches for. Only polls of the same build and mode can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Mode {
    /// Number shared by the builds of the game that can play with each other.
    pub network_version: u32,
    /// See [`GameType`].
    pub game_type: GameType,
    /// See [`RuleSet`].
    pub rule_set: RuleSet,
}

impl Mode {
    /// Returns true if the response splits a match into teams 1 and 2.
    pub(super) fn has_teams(&self) -> bool {
        self.rule_set == RuleSet::Battle
    }
}

/// Rule by which modes are folded into buckets. Groups in the same bucket can meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Folding {
    /// Only polls of the same mode meet.
    #[default]
    Exact,
    /// Polls of the same rule set meet, ranked and unranked apart.
    RuleSet,
    /// All unranked polls meet and play what the host plays; ranked modes as with `RuleSet`. The cap is the smallest
    /// of all rule sets, since any of them may come out.
    AnyUnranked,
}

/// The key of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey {
    /// See [`Mode`].
    pub network_version: u32,
    /// True for a bucket of ranked modes.
    pub ranked: bool,
    /// The game type, unless folded.
    pub game_type: Option<GameType>,
    /// The rule set, unless folded.
    pub rule_set: Option<RuleSet>,
}

impl BucketKey {
    /// Returns the key of the bucket for a mode.
    pub fn of(mode: &Mode, folding: Folding) -> Self {
        // The `Ranking` of a request says `NotRanked` in the ranked modes, too (capture 06).
        let ranked = mode.game_type.0.bytes.starts_with(b"Ranked");
        let any = folding == Folding::AnyUnranked && !ranked;
        Self {
            // Never folded: builds with other numbers cannot play together.
            network_version: mode.network_version,
            ranked,
            game_type: (folding == Folding::Exact).then_some(mode.game_type),
            rule_set: (!any).then_some(mode.rule_set),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_follows_the_length_of_a_poll() {
        let held = |secs| Config { poll: Duration::from_secs(secs), ..Config::default() }.longest_hold();
        assert_eq!(held(25), Duration::from_millis(24_500));
        assert_eq!(held(3), Duration::from_millis(2_940));
    }

    fn mode(game_type: &str, rule_set: &str) -> Mode {
        let game_type = GameType(Label::new(game_type).unwrap());
        Mode { network_version: 1, game_type, rule_set: RuleSet::parse(rule_set).unwrap() }
    }

    #[test]
    fn a_label_keeps_its_text_and_has_a_limit() {
        assert_eq!(Label::new("RankedElimination").unwrap().as_str(), "RankedElimination");
        assert!(Label::new(&"x".repeat(Label::MAX)).is_some());
        assert_eq!(Label::new(&"x".repeat(Label::MAX + 1)), None);
        assert_eq!(RuleSet::parse("Sumo"), Some(RuleSet::Other(Label::new("Sumo").unwrap())));
    }

    #[test]
    fn folding_puts_more_modes_together() {
        let same = |folding, one: (&str, &str), other: (&str, &str)| {
            let key = |(game_type, rule_set)| BucketKey::of(&mode(game_type, rule_set), folding);
            key(one) == key(other)
        };
        let (quick, event) = (("QuickRace", "Race"), ("EventRace", "Race"));
        let (ranked, battle) = (("RankedRace", "Race"), ("QuickBattle", "Battle"));
        assert!(!same(Folding::Exact, quick, event));
        assert!(same(Folding::RuleSet, quick, event) && !same(Folding::RuleSet, quick, ranked));
        assert!(!same(Folding::RuleSet, quick, battle) && same(Folding::AnyUnranked, quick, battle));
        assert!(!same(Folding::AnyUnranked, ranked, ("RankedBattle", "Battle")));
    }
}
