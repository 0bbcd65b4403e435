mod table;

use alloc::string::String;

use super::asset::Asset;
use mmcos_core::{admin::RequiredAccess, wire::http::Method};

use table::API;
pub(super) use table::description;

/// Request to the operator's pages and API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    /// A file of the dashboard.
    Asset(Asset),
    /// Get the description of the API.
    Description,
    /// Get the access of the sender.
    Session,
    /// Log in.
    LogIn,
    /// Log out.
    LogOut,
    /// Log in by a one-time link.
    OpenLink(&'a str),
    /// Make a one-time link.
    MakeLink,
    /// Get the named operators.
    Operators,
    /// Add a named operator, or change one.
    PutOperator(&'a str),
    /// Replace the password of a named operator.
    RenewPassword(&'a str),
    /// Remove a named operator.
    RemoveOperator(&'a str),
    /// Get the admin sessions.
    Sessions,
    /// End an admin session.
    EndSession(&'a str),
    /// Get the audit log.
    Audit,
    /// Get the state of this moment.
    State,
    /// Get the same, again whenever it changes.
    Live,
    /// Get the charts.
    History,
    /// Get the checklist of a new server.
    Checklist,
    /// Get a page of players.
    Players,
    /// Get everything that is known of a player.
    PlayerDetails(&'a str),
    /// Get a page of matches.
    Matches,
    /// Get a page of results.
    Results,
    /// Get everything that is known of a player.
    PlayerData(&'a str),
    /// Change a player's points.
    AdjustPoints(&'a str),
    /// Give a player another name.
    Rename(&'a str),
    /// Give a player another title.
    Retitle(&'a str),
    /// Add another account to a player's.
    Merge(&'a str),
    /// Delete a player.
    DeletePlayer(&'a str),
    /// Get a page of the last log lines.
    Log,
    /// End a player's matchmaking ticket and session.
    Kick(&'a str),
    /// End a match.
    EndMatch(&'a str),
    /// Let two players meet that are kept apart.
    Reunite(&'a str),
    /// Copy the store.
    Backup,
    /// Get a page of bans.
    Bans,
    /// Set a ban.
    Ban,
    /// Lift a ban.
    LiftBan,
    /// Start the next season at once.
    StartSeason,
    /// Undo a season that was begun early.
    UndoSeason,
    /// Get the names of all events.
    Events,
    /// Start an event.
    StartEvent,
    /// Stop the event that is on.
    StopEvent,
    /// Get the planned messages and maintenance.
    Plans,
    /// Plan a message or maintenance.
    AddPlan,
    /// Remove a plan.
    RemovePlan(&'a str),
    /// Get the live settings.
    Settings,
    /// Set a live setting.
    Set(&'a str),
    /// Reset a live setting to the configuration's value.
    Reset(&'a str),
}

/// Requests that a path has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A request, the access that it requires, and its path with names in braces.
    Endpoint(Endpoint<'a>, RequiredAccess, &'static str),
    /// Requests with other methods only: these, in the form of the field `Allow`.
    Allow(String),
}

/// A route makes its request from the segment of the path that its pattern has in braces.
type Maker = fn(&str) -> Endpoint<'_>;

/// Pages and files for a browser. They are public: a one-time link proves itself.
static PAGES: [(&str, Maker); 7] = [
    ("/admin", |_| Endpoint::Asset(Asset::Page)),
    ("/admin/", |_| Endpoint::Asset(Asset::Page)),
    ("/admin/style.css", |_| Endpoint::Asset(Asset::Style)),
    ("/admin/script.js", |_| Endpoint::Asset(Asset::Script)),
    ("/admin/icon.svg", |_| Endpoint::Asset(Asset::Icon)),
    ("/favicon.ico", |_| Endpoint::Asset(Asset::Icon)),
    ("/admin/link/{link}", |link| Endpoint::OpenLink(link)),
];

impl<'a> Endpoint<'a> {
    /// Returns the request at this path; `None` if there is none here. (`Get` stands for HEAD as well.)
    pub(super) fn find(method: Method, path: &'a str) -> Option<Found<'a>> {
        let method = if method == Method::Head { Method::Get } else { method };
        let mut allowed = String::new();
        let pages =
            PAGES.iter().map(|(pattern, endpoint)| (Method::Get, *pattern, RequiredAccess::Public, endpoint));
        let api = API.iter().map(|(operation, endpoint)| {
            (operation.method(), operation.path(), operation.access(), endpoint)
        });
        for (wanted, pattern, access, endpoint) in pages.chain(api) {
            let Some(subject) = subject(pattern, path) else { continue };
            if wanted == method {
                return Some(Found::Endpoint(endpoint(subject), access, pattern));
            }
            let separator = if allowed.is_empty() { "" } else { ", " };
            allowed.extend([separator, token(wanted)]);
        }
        (!allowed.is_empty()).then_some(Found::Allow(allowed))
    }
}

/// Returns the segment of the path at the pattern's braces, empty if it has none; `None` if the path does not match.
fn subject<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else { return (pattern == path).then_some("") };
    let (_, after) = rest.split_once('}')?;
    path.strip_prefix(before)?.strip_suffix(after).filter(|subject| !subject.contains('/'))
}

/// Returns the method's name, as in the field `Allow`.
const fn token(method: Method) -> &'static str {
    match method {
        Method::Get | Method::Head => "GET, HEAD",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmcos_core::admin::Role;

    #[test]
    fn paths_are_found_by_method() {
        let find = |method, path| Endpoint::find(method, path);
        let allow = |methods: &str| Some(Found::Allow(methods.into()));
        let public = |endpoint, path| Some(Found::Endpoint(endpoint, RequiredAccess::Public, path));
        let for_role =
            |role, endpoint, path| Some(Found::Endpoint(endpoint, RequiredAccess::Role(role), path));
        assert_eq!(find(Method::Get, "/admin"), public(Endpoint::Asset(Asset::Page), "/admin"));
        assert_eq!(
            find(Method::Head, "/api/v1/openapi.json"),
            public(Endpoint::Description, "/api/v1/openapi.json")
        );
        assert_eq!(find(Method::Post, "/api/v1/openapi.json"), allow("GET, HEAD"));
        assert_eq!(find(Method::Other, "/api/v1/session"), allow("GET, HEAD, POST, DELETE"));
        assert_eq!(
            find(Method::Post, "/api/v1/players/7/kick"),
            for_role(Role::Moderator, Endpoint::Kick("7"), "/api/v1/players/{user_id}/kick")
        );
        assert_eq!(find(Method::Get, "/api/v1/players/7/kick"), allow("POST"));
        assert_eq!(
            find(Method::Put, "/api/v1/settings/message"),
            for_role(Role::Admin, Endpoint::Set("message"), "/api/v1/settings/{name}")
        );
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
}
