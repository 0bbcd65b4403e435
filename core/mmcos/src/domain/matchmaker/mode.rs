//! Modes that a player can search for, and the buckets that follow from them.

use alloc::string::String;
use core::fmt;

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

    /// Returns true for the ranked modes. The request's `Ranking` says `NotRanked` even then (capture 06).
    pub fn is_ranked(&self) -> bool {
        self.0.bytes.starts_with(b"Ranked")
    }
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
        let ranked = mode.game_type.is_ranked();
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

#[cfg(test)]
mod tests {
    use super::*;

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
