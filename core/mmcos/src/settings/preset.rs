//! Presets: settings of matchmaking that fit together. A single setting overrides its part of the preset.

use core::time::Duration;

use mmcos_core::settings::{Choice, Datum, Kind, Value};

use crate::matchmaker::Folding;

/// A set of settings for a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The official server's ways, for a game with thousands of players.
    Official,
    /// A few players that know each other.
    Friends,
    /// A server that is known to many, with a few of them online at most times.
    Community,
}

impl Choice for Preset {
    const HINT: &'static str = "official|friends|community";
    const EXPECTED: &'static str = "official, friends or community";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("official", Self::Official), ("friends", Self::Friends), ("community", Self::Community)];
}

/// The settings of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    /// `search-seconds`.
    pub(crate) search: Duration,
    /// `call-seconds`.
    pub(crate) call: Duration,
    /// `bucket`. Folded buckets are in no preset while no real game has shown that it follows a host of another mode.
    pub(crate) bucket: Folding,
    /// `gather-seconds`.
    pub(crate) gather: Duration,
    /// `ai-hold`.
    pub(crate) ai_hold: Duration,
}

impl Preset {
    /// Returns the settings of this preset. `MATCHMAKING.md` has their effect.
    pub(crate) const fn values(self) -> Values {
        let seconds = Duration::from_secs;
        match self {
            Self::Official => Values {
                search: seconds(70),
                call: seconds(300),
                bucket: Folding::Exact,
                gather: seconds(5),
                ai_hold: seconds(0),
            },
            Self::Friends => Values {
                search: seconds(180),
                call: seconds(300),
                bucket: Folding::Exact,
                gather: seconds(5),
                ai_hold: seconds(0),
            },
            Self::Community => Values {
                search: seconds(120),
                call: seconds(300),
                bucket: Folding::Exact,
                gather: seconds(5),
                ai_hold: seconds(20),
            },
        }
    }
}

/// A setting that follows the preset unless it has a value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByPreset<T> {
    /// As the preset has it.
    Preset,
    /// This value.
    Own(T),
}

impl<T: Copy> ByPreset<T> {
    /// Returns the value in force, with this one in the preset.
    pub(crate) const fn or(self, preset: T) -> T {
        match self {
            Self::Preset => preset,
            Self::Own(value) => value,
        }
    }
}

/// Text of a setting that follows the preset.
const PRESET: &str = "preset";

impl<T: Value> Value for ByPreset<T> {
    const HINT: &'static str = T::HINT;
    const EXPECTED: &'static str = T::EXPECTED;
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Option<Self> {
        if text == PRESET { Some(Self::Preset) } else { T::parse(text).map(Self::Own) }
    }

    fn to_datum(&self) -> Datum {
        match self {
            Self::Preset => Datum::Text(PRESET.into()),
            Self::Own(value) => value.to_datum(),
        }
    }
}
