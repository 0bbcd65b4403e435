use super::Event;

/// The part of the configuration that changes with time. Dates are text as the game reads it: `2023-11-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule<'a> {
    /// The event that runs now.
    pub event: Option<&'a Event>,
    /// Start of the next event; the start of today if none is planned. (Capture 02.)
    pub next_event: &'a str,
    /// Start of the next season.
    pub next_active_season: &'a str,
    /// Time at which the running season, or else the next one, goes inactive.
    pub next_inactive_season: &'a str,
}
