use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error};

use super::error::BrokenRule;

/// The playlists in the order in which the game receives them (capture 02), ids unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlists(Vec<Playlist>);

impl Playlists {
    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Playlist> {
        self.0.iter()
    }
}

/// One entry of the game's menu: what may be drawn for a match.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlist {
    /// The id by which the game knows it: 7 to 14; 15 is the special event's.
    pub id: u32,
    /// A name for people; the game shows its own.
    pub name: String,
    /// Whether points are at stake.
    pub kind: PlaylistType,
    /// `race`, `elimination`, `battle` or `random`.
    pub subtype: String,
    /// The game's names of the modes, e.g. `ctf`.
    pub modes: Vec<String>,
    /// The game's names of the levels, e.g. `track_kchn_a`.
    pub levels: Vec<String>,
    /// The game's names of the vehicles, e.g. `HotRod`.
    pub vehicles: Vec<String>,
    /// Changes to the rules.
    pub mutators: Vec<Mutator>,
}

/// The `Type` of a playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaylistType {
    /// Season points are at stake.
    Ranked,
    /// Nothing is at stake.
    Quick,
    /// A weekend event.
    Special,
}

impl PlaylistType {
    /// As the game reads it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ranked => "ranked",
            Self::Quick => "quick",
            Self::Special => "special",
        }
    }
}

/// A change to the rules, by the game's name of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutator {
    /// E.g. `XpModifier`.
    pub name: String,
    /// Decimal numbers as text, which the game receives unchanged; what they mean is the mutator's affair.
    pub parameters: [String; 2],
}

impl<'de> Deserialize<'de> for Playlists {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Definitions::deserialize(input)?.resolve().map_err(D::Error::custom)
    }
}

/// Lists of names that subtypes refer to.
type Sets = BTreeMap<String, Vec<String>>;

/// The playlists as the catalogue's text defines them, by reference to named sets.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Definitions {
    list: Vec<Entry>,
    subtypes: BTreeMap<String, Subtype>,
    levels: Sets,
    vehicles: Sets,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u32,
    #[serde(rename = "type")]
    kind: PlaylistType,
    subtype: String,
    name: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Subtype {
    modes: Vec<String>,
    levels: Vec<String>,
    vehicles: Vec<String>,
    mutators: Vec<Mutator>,
}

impl Definitions {
    fn resolve(mut self) -> Result<Playlists, BrokenRule> {
        let mut ids = BTreeSet::new();
        if let Some(repeated) = self.list.iter().find(|entry| !ids.insert(entry.id)) {
            return Err(BrokenRule::RepeatedPlaylist(repeated.id));
        }
        let entries = core::mem::take(&mut self.list);
        entries.into_iter().map(|entry| self.playlist(entry)).collect::<Result<_, _>>().map(Playlists)
    }

    fn playlist(&self, entry: Entry) -> Result<Playlist, BrokenRule> {
        let subtype = defined("a subtype", &self.subtypes, &entry.subtype)?;
        Ok(Playlist {
            id: entry.id,
            name: entry.name,
            kind: entry.kind,
            modes: subtype.modes.clone(),
            levels: union("a set of levels", &self.levels, &subtype.levels)?,
            vehicles: union("a set of vehicles", &self.vehicles, &subtype.vehicles)?,
            mutators: subtype.mutators.clone(),
            subtype: entry.subtype,
        })
    }
}

/// The members of the named sets, one set after the other.
fn union(kind: &'static str, sets: &Sets, names: &[String]) -> Result<Vec<String>, BrokenRule> {
    let mut members = Vec::new();
    for name in names {
        members.extend_from_slice(defined(kind, sets, name)?);
    }
    Ok(members)
}

fn defined<'a, T>(
    kind: &'static str,
    definitions: &'a BTreeMap<String, T>,
    name: &str,
) -> Result<&'a T, BrokenRule> {
    definitions.get(name).ok_or_else(|| BrokenRule::Undefined { kind, found: name.into() })
}
