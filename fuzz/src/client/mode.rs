//! Modes that players search for.

/// A rule set of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleSet {
    /// Up to 12 players.
    Race,
    /// Up to 6 players.
    Elimination,
    /// Two teams of up to 6 players.
    Battle,
}

impl RuleSet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Race, Self::Elimination, Self::Battle];

    /// Returns its name in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Race => "Race",
            Self::Elimination => "Elimination",
            Self::Battle => "Battle",
        }
    }

    /// Returns the maximum number of players.
    pub const fn cap(self) -> u8 {
        match self {
            Self::Race | Self::Battle => 12,
            Self::Elimination => 6,
        }
    }
}

/// A mode of the game: an entry of its menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mode {
    /// The rule set.
    pub rule_set: RuleSet,
    /// True for a ranked mode.
    pub ranked: bool,
}

impl Mode {
    /// Returns its `GameType` in a request.
    pub const fn game_type(self) -> &'static str {
        match (self.ranked, self.rule_set) {
            (false, RuleSet::Race) => "QuickRace",
            (false, RuleSet::Elimination) => "QuickElimination",
            (false, RuleSet::Battle) => "QuickBattle",
            (true, RuleSet::Race) => "RankedRace",
            (true, RuleSet::Elimination) => "RankedElimination",
            (true, RuleSet::Battle) => "RankedBattle",
        }
    }
}
