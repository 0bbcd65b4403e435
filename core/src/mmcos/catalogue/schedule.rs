use alloc::string::String;

use super::Playlist;

/// What the configuration says that changes with time. Dates are text as the game reads it: `2023-11-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule<'a> {
    /// The event that runs now.
    pub event: Option<&'a Event>,
    /// When the next event starts; the start of today if none is planned. (Capture 02.)
    pub next_event: &'a str,
    /// When the next season starts.
    pub next_active_season: &'a str,
    /// When the running season, or else the next one, goes inactive.
    pub next_inactive_season: &'a str,
}

/// A weekend event. No capture shows one: the names of the parts are those of the empty one in capture 02, what they
/// hold is inferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// From 1; 0 stands for no event.
    pub id: u32,
    /// A name for people.
    pub dev_name: String,
    /// What taking part earns, e.g. `Boxes:1:chaos`.
    pub prize_code: String,
    /// The key of a text that the game ships, e.g. `lng_event_chaos_title`.
    pub title: String,
    /// The key of a text that the game ships, e.g. `lng_event_chaos_desc`.
    pub description: String,
    /// A picture behind the event's page.
    pub background_image_url: Option<String>,
    /// A picture on the event's button.
    pub button_image_url: Option<String>,
    /// What is played: an extra playlist, id 15, of type `special`. It follows the others (our choice).
    pub playlist: Playlist,
}
