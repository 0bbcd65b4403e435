use alloc::{string::String, vec::Vec};

use serde_json::{Map, Value, json};

use crate::host::info::INFO;

use super::{asset::Asset, command, log_in, operators, players, view};
use mmcos_core::{
    admin::{Desk, Operation, RequiredAccess, Role, document},
    settings::LiveSetting,
    wire::http::{Method, Status},
};

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
    /// Delete a player.
    DeletePlayer(&'a str),
    /// End a player's matchmaking ticket and session.
    Kick(&'a str),
    /// End a match.
    EndMatch(&'a str),
    /// Let two players meet that are kept apart.
    Reunite(&'a str),
    /// Get a page of bans.
    Bans,
    /// Set a ban.
    Ban,
    /// Lift a ban.
    LiftBan,
    /// Start the next season at once.
    StartSeason,
    /// Get the names of all events.
    Events,
    /// Start an event.
    StartEvent,
    /// Stop the event that is on.
    StopEvent,
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

/// Access to commands about players and matches.
const MODERATOR: RequiredAccess = RequiredAccess::Role(Role::Moderator);

/// Routes of the API, both to serve and to describe it. Each names the least role that it takes: by default, reading
/// takes a viewer, and everything else an admin.
static API: &[(Operation, Maker)] = &[
    (
        get("/api/v1/openapi.json", "Returns this description.")
            .with_access(RequiredAccess::Public)
            .returns::<Map<String, Value>>(),
        |_| Endpoint::Description,
    ),
    (
        get("/api/v1/session", "Returns the access of the sender.")
            .with_access(RequiredAccess::SameSite)
            .returns::<view::Session>(),
        |_| Endpoint::Session,
    ),
    (
        post("/api/v1/session", "Logs a browser in: the response sets its cookie.")
            .with_access(RequiredAccess::SameSite)
            .with_body::<log_in::LogIn>(),
        |_| Endpoint::LogIn,
    ),
    (
        delete("/api/v1/session", "Logs a browser out.").with_access(RequiredAccess::SameSite),
        |_| Endpoint::LogOut,
    ),
    (
        post("/api/v1/links", "Makes a one-time link that logs a browser in, as the sender.")
            .with_access(RequiredAccess::Role(Role::Viewer))
            .returns::<view::Link>(),
        |_| Endpoint::MakeLink,
    ),
    (
        get("/api/v1/operators", "Returns the named operators.")
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Vec<view::OperatorRow>>(),
        |_| Endpoint::Operators,
    ),
    (
        put(
            "/api/v1/operators/{name}",
            "Adds an operator, a person or a program, and returns its password; or changes role and end of one.",
        )
        .with_body::<operators::PutOperator>()
        .returns::<view::NewPassword>()
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::PutOperator(name),
    ),
    (
        post("/api/v1/operators/{name}/password", "Replaces an operator's password, and ends its admin sessions.")
            .returns::<view::NewPassword>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::RenewPassword(name),
    ),
    (
        delete("/api/v1/operators/{name}", "Removes an operator, and ends its admin sessions.")
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::RemoveOperator(name),
    ),
    (
        get("/api/v1/sessions", "Returns the admin sessions: browsers that are logged in.")
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Vec<view::SessionRow>>(),
        |_| Endpoint::Sessions,
    ),
    (
        delete("/api/v1/sessions/{number}", "Ends an admin session.")
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |number| Endpoint::EndSession(number),
    ),
    (
        list(
            "/api/v1/audit",
            "Returns 50 commands that operators carried out: `search` for an operator, an address, a command or a \
             text; `filter` all, players (commands about one) or changes (no logins); `sort` by number or operator; \
             `order` asc or desc; from `start` (0) on.",
        )
        .with_access(RequiredAccess::Role(Role::Admin))
        .returns::<view::Page<view::AuditRow>>(),
        |_| Endpoint::Audit,
    ),
    (
        get("/api/v1/state", "Returns the state of this moment.").returns::<view::State>(),
        |_| Endpoint::State,
    ),
    (
        get(
            "/api/v1/live",
            "Streams server-sent events: `session` once, `state` and `history` now and when they change, at most \
             once a second.",
        )
        .returns_text("text/event-stream")
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::Live,
    ),
    (get("/api/v1/history", "Returns the charts.").returns::<view::Charts>(), |_| Endpoint::History),
    (
        list(
            "/api/v1/players",
            "Returns 50 players: `search` for a part of a name, a SteamID64 or the game's number; `filter` all, \
             online, searching, racing or banned; `sort` by number, name, points, games, level or seen; `order` \
             asc or desc; from `start` (0) on.",
        )
        .returns::<view::Page<view::PlayerRow>>(),
        |_| Endpoint::Players,
    ),
    (
        get("/api/v1/players/{user_id}/details", "Returns everything that is known of a player.")
            .returns::<view::PlayerDetails>()
            .fails_with(&[Status::NOT_FOUND]),
        |user| Endpoint::PlayerDetails(user),
    ),
    (
        list(
            "/api/v1/matches",
            "Returns 50 matches of those that run and recent ones: `search` for a part of a player's name or of \
             the mode, or a number; `filter` all, running or ended; `sort` by made, mode or players; `order` \
             asc or desc; from `start` (0) on.",
        )
        .returns::<view::Page<view::MatchRow>>(),
        |_| Endpoint::Matches,
    ),
    (
        list(
            "/api/v1/results",
            "Returns 50 recent results: `search` for a player, a mode or the number of a match; `filter` all or \
             adjusted (not counted as reported); `sort` by at, name, change or points; `order` asc or desc; \
             from `start` (0) on.",
        )
        .returns::<view::Page<view::ResultRow>>(),
        |_| Endpoint::Results,
    ),
    (
        post("/api/v1/players/{user_id}/kick", "Ends a player's search and session.")
            .with_access(MODERATOR)
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::Kick(user),
    ),
    (
        get("/api/v1/players/{user_id}/data", "Returns everything that is known of a player, as it is stored.")
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Map<String, Value>>()
            .fails_with(&[Status::NOT_FOUND]),
        |user| Endpoint::PlayerData(user),
    ),
    (
        post("/api/v1/players/{user_id}/points", "Changes a player's points.")
            .with_access(MODERATOR)
            .with_body::<players::AdjustPoints>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::AdjustPoints(user),
    ),
    (
        post("/api/v1/players/{user_id}/delete", "Deletes a player and everything that is stored of it.")
            .with_body::<players::DeletePlayer>()
            .fails_with(&[Status::NOT_FOUND, Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::DeletePlayer(user),
    ),
    (
        post("/api/v1/matches/{session}/end", "Closes a match. Results that have not come will not count.")
            .with_access(MODERATOR)
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |session| Endpoint::EndMatch(session),
    ),
    (
        post("/api/v1/apart/{pair}/end", "Lets two players that are kept apart meet again. The pair is `7-9`: their `user_id`s.")
            .with_access(MODERATOR)
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |pair| Endpoint::Reunite(pair),
    ),
    (
        list(
            "/api/v1/bans",
            "Returns 50 bans: `search` for a part of the subject, name, reason or note; `filter` all, active or \
             expired; `sort` by since, until or subject; `order` asc or desc; from `start` (0) on.",
        )
        .returns::<view::Page<view::Ban>>(),
        |_| Endpoint::Bans,
    ),
    (
        post("/api/v1/bans", "Bans a player or addresses.")
            .with_access(MODERATOR)
            .with_body::<command::NewBan>()
            .fails_with(&[Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::Ban,
    ),
    (
        post("/api/v1/bans/lift", "Lifts a ban.")
            .with_access(MODERATOR)
            .with_body::<command::LiftBan>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::LiftBan,
    ),
    (
        post("/api/v1/season/start", "Begins the next season at once. Does nothing if this season is on already.")
            .with_body::<command::StartSeason>()
            .fails_with(&[Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StartSeason,
    ),
    (
        get("/api/v1/events", "Returns the names of all special events, in the order of their numbers.")
            .returns::<Vec<String>>(),
        |_| Endpoint::Events,
    ),
    (
        post("/api/v1/event/start", "Starts a special event, and stops the one that is on.")
            .with_body::<command::StartEvent>()
            .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StartEvent,
    ),
    (
        post("/api/v1/event/stop", "Stops the special event that is on.")
            .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StopEvent,
    ),
    (
        get("/api/v1/settings", "Returns the settings that can change while the server runs.")
            .returns::<Vec<LiveSetting>>(),
        |_| Endpoint::Settings,
    ),
    (
        put("/api/v1/settings/{name}", "Sets a setting such as `message` or `maintenance`, also for after a restart.")
            .with_body::<command::Set>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::Set(name),
    ),
    (
        delete("/api/v1/settings/{name}", "Resets a setting: the configuration counts again.")
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::Reset(name),
    ),
];

const fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::Get, path, summary)
}

const fn list(path: &'static str, summary: &'static str) -> Operation {
    get(path, summary).with_query(view::PARAMETERS).fails_with(&[Status::BAD_REQUEST])
}

const fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::Post, path, summary)
}

const fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::Put, path, summary)
}

const fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::Delete, path, summary)
}

/// Returns the description of the API.
pub(super) fn description() -> Value {
    let about = "The API of the dashboard. Times are in seconds since 1970. Steam IDs and match numbers are \
                 strings, since a browser's numbers end at 2^53. Requests need a password as a bearer token, or the \
                 cookie of an admin session, except those that say otherwise. `security` names the least role: viewer, \
                 moderator or admin.";
    let info = json!({
        "title": INFO.name,
        "version": "1",
        "license": { "name": "MIT", "identifier": "MIT" },
        "description": about,
    });
    document(
        &info,
        API.iter().map(|(operation, _)| *operation).chain(crate::public::OPERATIONS).chain(Desk::OPERATIONS),
    )
}

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
