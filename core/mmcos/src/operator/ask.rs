use alloc::string::String;

use super::asset::Asset;
use mmcos_core::wire::http::Method;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask<'a> {
    /// A file of the dashboard.
    Asset(Asset),
    /// How the server does, in a few numbers for everybody.
    Status,
    /// What the asker may do.
    Session,
    /// To be let in.
    LogIn,
    /// To be let go.
    LogOut,
    /// To be let in by a one-time link.
    OpenLink(&'a str),
    /// That a one-time link be made.
    MakeLink,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Something that can be asked for.
    Ask(Ask<'a>),
    /// Something, but not for this method: for these, as the field `Allow` has them.
    Allow(String),
}

/// What is at a path for a method. A star in the path stands for the one segment that the ask is about.
type Route = (Method, &'static str, fn(&str) -> Ask<'_>);

/// All that there is. (`Get` stands for HEAD as well.)
const ROUTES: [Route; 29] = [
    (Method::Get, "/admin", |_| Ask::Asset(Asset::Page)),
    (Method::Get, "/admin/", |_| Ask::Asset(Asset::Page)),
    (Method::Get, "/admin/style.css", |_| Ask::Asset(Asset::Style)),
    (Method::Get, "/admin/script.js", |_| Ask::Asset(Asset::Script)),
    (Method::Get, "/admin/icon.svg", |_| Ask::Asset(Asset::Icon)),
    (Method::Get, "/favicon.ico", |_| Ask::Asset(Asset::Icon)),
    (Method::Get, "/admin/link/*", |link| Ask::OpenLink(link)),
    (Method::Get, "/api/v1/openapi.json", |_| Ask::Asset(Asset::OpenApi)),
    (Method::Get, "/api/v1/status", |_| Ask::Status),
    (Method::Get, "/api/v1/session", |_| Ask::Session),
    (Method::Post, "/api/v1/session", |_| Ask::LogIn),
    (Method::Delete, "/api/v1/session", |_| Ask::LogOut),
    (Method::Post, "/api/v1/links", |_| Ask::MakeLink),
    (Method::Get, "/api/v1/state", |_| Ask::State),
    (Method::Get, "/api/v1/live", |_| Ask::Live),
    (Method::Get, "/api/v1/history", |_| Ask::History),
    (Method::Get, "/api/v1/players", |_| Ask::Players),
    (Method::Post, "/api/v1/players/*/kick", |user| Ask::Kick(user)),
    (Method::Post, "/api/v1/matches/*/end", |session| Ask::EndMatch(session)),
    (Method::Get, "/api/v1/bans", |_| Ask::Bans),
    (Method::Post, "/api/v1/bans", |_| Ask::Ban),
    (Method::Post, "/api/v1/bans/lift", |_| Ask::LiftBan),
    (Method::Post, "/api/v1/season/start", |_| Ask::StartSeason),
    (Method::Get, "/api/v1/events", |_| Ask::Events),
    (Method::Post, "/api/v1/event/start", |_| Ask::StartEvent),
    (Method::Post, "/api/v1/event/stop", |_| Ask::StopEvent),
    (Method::Get, "/api/v1/settings", |_| Ask::Settings),
    (Method::Put, "/api/v1/settings/*", |name| Ask::Set(name)),
    (Method::Delete, "/api/v1/settings/*", |name| Ask::Reset(name)),
];

impl<'a> Ask<'a> {
    /// What this request asks for; `None` if nothing of ours is at the path.
    pub(super) fn find(method: Method, path: &'a str) -> Option<Found<'a>> {
        let method = if method == Method::Head { Method::Get } else { method };
        let mut allowed = String::new();
        for (wanted, pattern, ask) in ROUTES {
            let Some(subject) = subject(pattern, path) else { continue };
            if wanted == method {
                return Some(Found::Ask(ask(subject)));
            }
            let separator = if allowed.is_empty() { "" } else { ", " };
            allowed.extend([separator, token(wanted)]);
        }
        (!allowed.is_empty()).then_some(Found::Allow(allowed))
    }

    /// Returns whether only the operator is answered.
    pub(super) const fn needs_proof(&self) -> bool {
        match self {
            Self::Asset(_)
            | Self::Status
            | Self::Session
            | Self::LogIn
            | Self::LogOut
            | Self::OpenLink(_) => false,
            Self::MakeLink
            | Self::State
            | Self::Live
            | Self::History
            | Self::Players
            | Self::Bans
            | Self::Settings
            | Self::Events
            | Self::Kick(_)
            | Self::EndMatch(_)
            | Self::Ban
            | Self::LiftBan
            | Self::StartSeason
            | Self::StartEvent
            | Self::StopEvent
            | Self::Set(_)
            | Self::Reset(_) => true,
        }
    }

    /// Returns whether the response is public and depends on nothing that the request says: it is sent under any name, to any
    /// site and to any version of HTTP. A one-time link proves itself.
    pub(super) const fn is_for_everybody(&self) -> bool {
        matches!(self, Self::Status | Self::Asset(_) | Self::OpenLink(_))
    }
}

/// What stands in the path where the pattern has its star, if it has one; `None` if it is another path.
fn subject<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once('*') else { return (pattern == path).then_some("") };
    path.strip_prefix(before)?.strip_suffix(after).filter(|subject| !subject.contains('/'))
}

/// As in the field `Allow`.
const fn token(method: Method) -> &'static str {
    match method {
        Method::Get | Method::Head => "GET, HEAD",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use serde_json::Value;

    use super::*;

    #[test]
    fn paths_are_found_by_method() {
        let find = |method, path| Ask::find(method, path);
        let allow = |methods: &str| Some(Found::Allow(methods.into()));
        assert_eq!(find(Method::Get, "/admin"), Some(Found::Ask(Ask::Asset(Asset::Page))));
        assert_eq!(find(Method::Head, "/api/v1/status"), Some(Found::Ask(Ask::Status)));
        assert_eq!(find(Method::Post, "/api/v1/status"), allow("GET, HEAD"));
        assert_eq!(find(Method::Other, "/api/v1/session"), allow("GET, HEAD, POST, DELETE"));
        assert_eq!(find(Method::Post, "/api/v1/players/7/kick"), Some(Found::Ask(Ask::Kick("7"))));
        assert_eq!(find(Method::Get, "/api/v1/players/7/kick"), allow("POST"));
        assert_eq!(find(Method::Put, "/api/v1/settings/message"), Some(Found::Ask(Ask::Set("message"))));
        for path in [
            "/",
            "",
            "/admin/x",
            "//admin",
            "/api",
            "/api/v1",
            "/api/v1/",
            "/api/v2/status",
            "/api/v1/players/7",
            "/api/v1/players/7/8/kick",
        ] {
            assert_eq!(find(Method::Get, path), None, "{path}");
        }
    }

    fn described_proof(operation: &Value) -> bool {
        !operation["security"].as_array().expect("every operation says what it needs").is_empty()
    }

    #[test]
    fn the_description_has_every_route_with_what_it_takes_and_no_other() {
        let (_, text) = Asset::OpenApi.file();
        let description: Value = serde_json::from_str(text).unwrap();
        let mut described = Vec::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                described.push((path.clone(), method.to_uppercase(), described_proof(operation)));
            }
        }
        let routes = ROUTES.into_iter().map(|(method, path, ask)| (method, path, ask("subject")));
        let served = routes.filter(|(_, _, ask)| !matches!(ask, Ask::Asset(_) | Ask::OpenLink(_))).map(
            |(method, path, ask)| {
                let subject = match ask {
                    Ask::Kick(_) => "{user}",
                    Ask::EndMatch(_) => "{session}",
                    _ => "{name}",
                };
                (path.replace('*', subject), token(method).replace(", HEAD", ""), ask.needs_proof())
            },
        );
        // The desk's, see `mmcos_core::admin::Desk`.
        let of_any_game = [("/healthz", false), ("/metrics", true), ("/readyz", false)];
        let of_any_game = of_any_game.map(|(path, proof)| (String::from(path), String::from("GET"), proof));
        let mut served: Vec<_> = served.chain(of_any_game).collect();
        described.sort();
        served.sort();
        assert_eq!(described, served);
    }
}
