use alloc::vec::Vec;

use super::{Access, Asset};
use crate::wire::http::Method;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask<'a> {
    /// A file of the dashboard.
    Asset(Asset),
    /// How the server does, in a few numbers for everybody.
    Status,
    /// All numbers, for Prometheus.
    Metrics,
    /// Whether the server answers at all.
    Health,
    /// Whether it takes players.
    Ready,
    /// What the asker may do.
    Session,
    /// To be let in.
    LogIn,
    /// To be let go.
    LogOut,
    /// All that the dashboard shows.
    State,
    /// The same, again whenever it changes.
    Live,
    /// The charts.
    History,
    /// Players, by a part of their name.
    Players,
    /// That a player's search ends, and the session with it.
    Kick(&'a str),
    /// That a match ends.
    EndMatch(&'a str),
    /// Who may not play.
    Bans,
    /// That somebody may not play.
    Ban,
    /// That somebody may play again.
    LiftBan,
    /// That the next season begin at once.
    StartSeason,
    /// The names of all events.
    Events,
    /// That an event start.
    StartEvent,
    /// That the event that is on stop.
    StopEvent,
    /// What can be set while the server runs.
    Settings,
    /// That something be set.
    Set(&'a str),
    /// That it be as the configuration says.
    Reset(&'a str),
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Something that can be asked for.
    Ask(Ask<'a>),
    /// Something, but not for this method: for these.
    Allow(&'static str),
}

impl<'a> Ask<'a> {
    /// What this request asks for; `None` if nothing of ours is at the path. `Get` stands for HEAD as well.
    pub fn find(method: Method, path: &'a str) -> Option<Found<'a>> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let get = |ask| only(method, Method::Get, "GET, HEAD", ask);
        let post = |ask| only(method, Method::Post, "POST", ask);
        Some(match *segments.as_slice() {
            ["admin"] | ["admin", ""] => get(Ask::Asset(Asset::Page)),
            ["admin", "style.css"] => get(Ask::Asset(Asset::Style)),
            ["admin", "script.js"] => get(Ask::Asset(Asset::Script)),
            ["admin", "icon.svg"] => get(Ask::Asset(Asset::Icon)),
            ["metrics"] => get(Ask::Metrics),
            ["healthz"] => get(Ask::Health),
            ["readyz"] => get(Ask::Ready),
            ["api", "v1", ref below @ ..] => match *below {
                ["openapi.json"] => get(Ask::Asset(Asset::OpenApi)),
                ["status"] => get(Ask::Status),
                ["session"] => match method {
                    Method::Get | Method::Head => Found::Ask(Ask::Session),
                    Method::Post => Found::Ask(Ask::LogIn),
                    Method::Delete => Found::Ask(Ask::LogOut),
                    _ => Found::Allow("GET, HEAD, POST, DELETE"),
                },
                ["state"] => get(Ask::State),
                ["live"] => get(Ask::Live),
                ["history"] => get(Ask::History),
                ["players"] => get(Ask::Players),
                ["players", user, "kick"] => post(Ask::Kick(user)),
                ["matches", session, "end"] => post(Ask::EndMatch(session)),
                ["bans"] => match method {
                    Method::Get | Method::Head => Found::Ask(Ask::Bans),
                    Method::Post => Found::Ask(Ask::Ban),
                    _ => Found::Allow("GET, HEAD, POST"),
                },
                ["bans", "lift"] => post(Ask::LiftBan),
                ["season", "start"] => post(Ask::StartSeason),
                ["events"] => get(Ask::Events),
                ["event", "start"] => post(Ask::StartEvent),
                ["event", "stop"] => post(Ask::StopEvent),
                ["settings"] => get(Ask::Settings),
                ["settings", name] => match method {
                    Method::Put => Found::Ask(Ask::Set(name)),
                    Method::Delete => Found::Ask(Ask::Reset(name)),
                    _ => Found::Allow("PUT, DELETE"),
                },
                _ => return None,
            },
            _ => return None,
        })
    }

    /// What it takes to be answered.
    pub const fn takes(&self) -> Access {
        match self {
            Self::Asset(_) | Self::Status | Self::Session | Self::LogIn | Self::LogOut => Access::Public,
            Self::Metrics
            | Self::Health
            | Self::Ready
            | Self::State
            | Self::Live
            | Self::History
            | Self::Players
            | Self::Bans
            | Self::Settings
            | Self::Events => Access::Look,
            Self::Kick(_)
            | Self::EndMatch(_)
            | Self::Ban
            | Self::LiftBan
            | Self::StartSeason
            | Self::StartEvent
            | Self::StopEvent
            | Self::Set(_)
            | Self::Reset(_) => Access::Order,
        }
    }

    /// Whether it is for whoever may see metrics.
    pub const fn is_metrics(&self) -> bool {
        matches!(self, Self::Metrics | Self::Health | Self::Ready)
    }

    /// Whether other sites may show it: it is public, and the same for everybody.
    pub const fn is_for_all_sites(&self) -> bool {
        matches!(self, Self::Status | Self::Asset(_))
    }
}

fn only<'a>(method: Method, wanted: Method, allow: &'static str, ask: Ask<'a>) -> Found<'a> {
    let method = if method == Method::Head { Method::Get } else { method };
    if method == wanted { Found::Ask(ask) } else { Found::Allow(allow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_by_method() {
        let find = |method, path| Ask::find(method, path);
        assert_eq!(find(Method::Get, "/admin"), Some(Found::Ask(Ask::Asset(Asset::Page))));
        assert_eq!(find(Method::Head, "/api/v1/status"), Some(Found::Ask(Ask::Status)));
        assert_eq!(find(Method::Post, "/api/v1/status"), Some(Found::Allow("GET, HEAD")));
        assert_eq!(find(Method::Post, "/api/v1/players/7/kick"), Some(Found::Ask(Ask::Kick("7"))));
        assert_eq!(find(Method::Get, "/api/v1/players/7/kick"), Some(Found::Allow("POST")));
        assert_eq!(find(Method::Put, "/api/v1/settings/message"), Some(Found::Ask(Ask::Set("message"))));
        for path in
            ["/", "", "/admin/x", "/api", "/api/v1", "/api/v1/", "/api/v2/status", "/api/v1/players/7"]
        {
            assert_eq!(find(Method::Get, path), None, "{path}");
        }
    }
}
