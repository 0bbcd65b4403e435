//! The message of the day, with its placeholders filled.

use alloc::{borrow::Cow, string::ToString as _, sync::Arc};
use core::time::Duration;

use mmcos_core::seam::{Monotonic, Now, Wall};

use crate::{Mmcos, mode_of_the_day::MenuMode};

/// Time for which a filled message is sent again: the menus of many games ask for it. (Our choice.)
const PERIOD: Duration = Duration::from_secs(1);

/// A message as last filled.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    at: Monotonic,
    text: Arc<str>,
}

impl Mmcos {
    /// Returns the mode of the day.
    pub fn mode_of_the_day(&self, now: Wall) -> Option<MenuMode> {
        self.settings.mode_of_the_day.at(now)
    }

    /// Returns the message of the day.
    pub(crate) fn message(&self, now: Now) -> Option<Cow<'_, str>> {
        let message = self.settings.message.as_deref()?;
        if !message.contains('{') {
            return Some(message.into());
        }
        let searching: u32 =
            self.matchmaker().buckets().map(|bucket| bucket.players).fold(0, u32::saturating_add);
        let mode = self.mode_of_the_day(now.wall).map_or("any mode", |mode| mode.title);
        let text = message
            .replace("{online}", &self.sessions.presence.count(now.wall).to_string())
            .replace("{searching}", &searching.to_string())
            .replace("{mode_of_the_day}", mode)
            .replace("{next_race_night}", &self.next_night_text(now.wall));
        Some(text.into())
    }

    /// Returns the message of the day for the game's menu: filled anew once a second at most, however many games ask.
    pub(crate) fn menu_message(&mut self, now: Now) -> Option<Arc<str>> {
        if let Some(filled) =
            self.filled_message.as_ref().filter(|filled| now.monotonic.since(filled.at) < PERIOD)
        {
            return Some(Arc::clone(&filled.text));
        }
        let text: Arc<str> = self.message(now)?.into();
        self.filled_message = Some(Filled { at: now.monotonic, text: Arc::clone(&text) });
        Some(text)
    }
}
