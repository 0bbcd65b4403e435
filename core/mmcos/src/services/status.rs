//! Files that the game requests before it logs in: the redirect file and the state of the server (captures 01, 09).

use alloc::{borrow::Cow, string::ToString as _, sync::Arc};
use core::time::Duration;

use mmcos_core::{
    seam::{Monotonic, Now, Wall},
    wire::http::Status,
};

use super::response::{Response, writer};
use crate::{Mmcos, mode_of_the_day::MenuMode};

/// A field of our own on `ServerStatus.xml`: it distinguishes this server from any other on the game's port, for the
/// players' scripts. The game ignores fields that it does not know.
const MARK: [(&str, &str); 1] = [("X-Mmcos", "1")];

/// Responds with the redirect file, which holds a server type. `Live` sends the game to the official host names, at
/// which this server is found. The official server sent the game's two oldest versions to `Localhost`; a revived one
/// wants all three.
pub(crate) fn redirect() -> Response<'static> {
    Response::bytes("text/plain", b"Live".into())
}

impl Mmcos {
    /// Responds with `ServerStatus.xml`. Only a server that is up was ever captured. That `display` shows the message
    /// in the game's menu, and that `accessible="false"` means maintenance, is inferred from the names.
    pub(crate) fn server_status(&mut self, now: Now) -> Response<'static> {
        let message = self.menu_message(now);
        let message = message.as_deref();
        let mut xml = writer();
        xml.open("OnlineServiceStatus");
        xml.text_with(
            "Message",
            &[("display", truth(message.is_some())), ("localize", "false")],
            message.unwrap_or("Server is up!"),
        );
        xml.empty_with("ServerStatus", &[("accessible", truth(!self.is_closed(now.wall)))]);
        xml.empty_with("Egonet", &[("enabled", "true")]);
        xml.close("OnlineServiceStatus");
        Response::bytes("text/xml", xml.into_bytes()).with(Status::OK, &MARK)
    }
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

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
        let planned = self.plans.message(now.wall);
        let message = planned.or_else(|| self.settings.message.as_deref().map(Into::into))?;
        if !message.contains('{') {
            return Some(message);
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

    /// Returns the message of the day for the game's menu. It is filled anew after any request that may change it, and
    /// for the time alone once a second at most, however many games ask.
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
