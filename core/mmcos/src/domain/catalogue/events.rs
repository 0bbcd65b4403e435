use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use super::Playlist;

/// In the order of their numbers, from 1.
const NAMES: [&str; 13] = [
    "chaos",
    "emergency_response",
    "endurance",
    "gi_joe",
    "koth_decay_zones",
    "mystery_vehicles",
    "payload",
    "poison_flag",
    "pure_racing",
    "simple_battle",
    "ultimate_bomb",
    "ultimate_ctf",
    "ultimate_koth",
];

/// One of the 13 events that the game has texts for. (Its strings `lng_event_…_title` and `lng_event_…_desc`; no
/// capture shows an event.)
///
/// ```
/// use mmcos_game::catalogue::EventName;
/// let event: EventName = "gi_joe".parse()?;
/// assert_eq!((event.as_str(), event.id()), ("gi_joe", 4));
/// assert_eq!(EventName::all().count(), 13);
/// assert!("rally".parse::<EventName>().is_err());
/// # Ok::<(), mmcos_game::catalogue::UnknownEvent>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EventName(u8);

/// Not the name of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an event ({}), found \"{found}\"", NAMES.join(", "))]
pub struct UnknownEvent {
    /// The text in place of a name.
    pub found: String,
}

impl EventName {
    /// Returns all events, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..13).map(Self)
    }

    /// Returns the event of the week with this number; the events take turns.
    pub fn of_week(week: i64) -> Self {
        Self(u8::try_from(week.rem_euclid(13)).unwrap_or_default())
    }

    /// Returns the name, as in the game's strings.
    pub fn as_str(self) -> &'static str {
        NAMES.get(self.index()).copied().unwrap_or_default()
    }

    /// Returns the `EventID`, from 1; 0 stands for no event. (Our choice; the official numbers are not known.)
    pub fn id(self) -> u32 {
        u32::from(self.0).saturating_add(1)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl FromStr for EventName {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::all()
            .find(|event| event.as_str() == text)
            .ok_or_else(|| UnknownEvent { found: text.to_string() })
    }
}

impl From<EventName> for String {
    fn from(event: EventName) -> Self {
        event.as_str().into()
    }
}

impl TryFrom<String> for EventName {
    type Error = UnknownEvent;

    fn try_from(text: String) -> Result<Self, UnknownEvent> {
        text.parse()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Configuration of an event while it runs, as the game receives it. No capture shows that: the names of the parts
/// are those of the empty one in capture 02, their contents are inferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event.
    pub name: EventName,
    /// Prize for taking part, e.g. `Boxes:1:chaos`.
    pub prize_code: String,
    /// A picture behind the event's page.
    pub background_image_url: Option<String>,
    /// A picture on the event's button.
    pub button_image_url: Option<String>,
    /// Playlist of the event: an extra one, id 15, of type `special`. It follows the others (our choice).
    pub playlist: Playlist,
}
