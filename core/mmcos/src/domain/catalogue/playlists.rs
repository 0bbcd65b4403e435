use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use alloc::{format, string::String};

use serde::de::{Deserialize, Deserializer, Error};

use super::{Event, EventName};

/// The id of the playlist that is present while an event runs.
const SPECIAL_ID: u32 = 15;

/// The playlists in the order in which the game receives them (capture 02), ids unique; and those of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlists {
    always: Vec<Playlist>,
    /// All events, in the order of their numbers.
    events: Vec<Event>,
}

impl Playlists {
    /// Returns the permanent playlists, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Playlist> {
        self.always.iter()
    }

    /// Returns an event with its playlist.
    pub fn event(&self, name: EventName) -> Option<&Event> {
        self.events.get(name.index())
    }
}

/// One entry of the game's menu: the modes, levels and vehicles that may be drawn for a match.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlist {
    /// The id by which the game knows it: 7 to 14; 15 is the special event's.
    pub id: u32,
    /// A name for people; the game shows its own.
    pub name: String,
    /// Type of the playlist, which says whether points are at stake.
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
    /// Returns the type as the game reads it.
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
    /// Decimal numbers as text, which the game receives unchanged; their meaning depends on the mutator.
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
    events: BTreeMap<EventName, EventEntry>,
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

/// Playlist of an event. The pictures are optional.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEntry {
    subtype: String,
    modes: Vec<String>,
    levels: Vec<String>,
    vehicles: Vec<String>,
    mutators: Vec<Mutator>,
    prize: String,
    background_image_url: Option<String>,
    button_image_url: Option<String>,
}

impl Definitions {
    fn resolve(mut self) -> Result<Playlists, String> {
        let mut ids = BTreeSet::from([SPECIAL_ID]);
        if let Some(repeated) = self.list.iter().find(|entry| !ids.insert(entry.id)) {
            let id = repeated.id;
            return Err(format!(
                "expected every playlist to have an id of its own, found {id} twice (15 is reserved for events)"
            ));
        }
        let entries = core::mem::take(&mut self.list);
        let always = entries.into_iter().map(|entry| self.playlist(entry)).collect::<Result<_, _>>()?;
        let mut events = core::mem::take(&mut self.events);
        let missing = |name| format!("expected a playlist for each of the 13 events, found none for {name}");
        let event = |name| self.event(name, events.remove(&name).ok_or_else(|| missing(name))?);
        Ok(Playlists { always, events: EventName::all().map(event).collect::<Result<_, _>>()? })
    }

    fn playlist(&self, entry: Entry) -> Result<Playlist, String> {
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

    fn event(&self, name: EventName, entry: EventEntry) -> Result<Event, String> {
        defined("a subtype", &self.subtypes, &entry.subtype)?;
        Ok(Event {
            name,
            prize_code: entry.prize,
            background_image_url: entry.background_image_url,
            button_image_url: entry.button_image_url,
            playlist: Playlist {
                id: SPECIAL_ID,
                name: "Special Event".into(),
                kind: PlaylistType::Special,
                subtype: entry.subtype,
                modes: entry.modes,
                levels: union("a set of levels", &self.levels, &entry.levels)?,
                vehicles: union("a set of vehicles", &self.vehicles, &entry.vehicles)?,
                mutators: entry.mutators,
            },
        })
    }
}

/// Returns the members of the named sets, one set after the other.
fn union(kind: &'static str, sets: &Sets, names: &[String]) -> Result<Vec<String>, String> {
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
) -> Result<&'a T, String> {
    definitions
        .get(name)
        .ok_or_else(|| format!("expected the name of {kind}, found \"{name}\", which is not defined"))
}
