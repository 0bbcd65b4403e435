//! The table of the API: requests, the access that they require, and their description.

use alloc::{string::String, vec::Vec};

use serde_json::{Map, Value, json};

use super::{Endpoint, Maker};
use crate::{
    host::info::INFO,
    operator::{command, log_in, operators, plans, players, season, view},
};
use mmcos_core::{
    admin::{Desk, Operation, RequiredAccess, Role, document},
    settings::LiveSetting,
    wire::http::{Method, Status},
};

/// Access to commands about players and matches.
const MODERATOR: RequiredAccess = RequiredAccess::Role(Role::Moderator);

/// Routes of the API, both to serve and to describe it. Each names the least role that it takes: by default, reading
/// takes a viewer, and everything else an admin.
pub(super) static API: &[(Operation, Maker)] = &[
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
            .with_commands(&["operators"])
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Vec<view::OperatorRow>>(),
        |_| Endpoint::Operators,
    ),
    (
        put(
            "/api/v1/operators/{name}",
            "Adds an operator, a person or a program, and returns its password; or changes role and end of one.",
        )
        .with_commands(&["operator name role"])
        .with_body::<operators::PutOperator>()
        .returns::<view::NewPassword>()
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::PutOperator(name),
    ),
    (
        post("/api/v1/operators/{name}/password", "Replaces an operator's password, and ends its admin sessions.")
            .with_commands(&["new-password name"])
            .returns::<view::NewPassword>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::RenewPassword(name),
    ),
    (
        delete("/api/v1/operators/{name}", "Removes an operator, and ends its admin sessions.")
            .with_commands(&["remove-operator name"])
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::RemoveOperator(name),
    ),
    (
        get("/api/v1/sessions", "Returns the admin sessions: browsers that are logged in.")
            .with_commands(&["sessions"])
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Vec<view::SessionRow>>(),
        |_| Endpoint::Sessions,
    ),
    (
        delete("/api/v1/sessions/{number}", "Ends an admin session.")
            .with_commands(&["end-session number"])
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
        .with_commands(&["audit [search]"])
        .with_access(RequiredAccess::Role(Role::Admin))
        .returns::<view::Page<view::AuditRow>>(),
        |_| Endpoint::Audit,
    ),
    (
        get("/api/v1/state", "Returns the state of this moment.")
            .with_commands(&["state"])
            .returns::<view::State>(),
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
    (
        get("/api/v1/history", "Returns the charts.")
            .with_commands(&["charts"])
            .returns::<view::Charts>(),
        |_| Endpoint::History,
    ),
    (
        get(
            "/api/v1/checklist",
            "Returns what a new server needs, and what is done. What depends on the machine is as of the start.",
        )
        .with_commands(&["checklist"])
        .returns::<Vec<view::Check>>(),
        |_| Endpoint::Checklist,
    ),
    (
        list(
            "/api/v1/players",
            "Returns 50 players: `search` for a part of a name, a SteamID64 or the game's number; `filter` all, \
             online, searching, racing or banned; `sort` by number, name, points, games, level or seen; `order` \
             asc or desc; from `start` (0) on.",
        )
        .with_commands(&["players [search]"])
        .returns::<view::Page<view::PlayerRow>>(),
        |_| Endpoint::Players,
    ),
    (
        get("/api/v1/players/{user_id}/details", "Returns everything that is known of a player.")
            .with_commands(&["player user_id"])
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
        .with_commands(&["matches [search]"])
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
        .with_commands(&["results [search]"])
        .returns::<view::Page<view::ResultRow>>(),
        |_| Endpoint::Results,
    ),
    (
        list(
            "/api/v1/log",
            "Returns 50 of the last 500 log lines of the game and its connections: `search` for a part of the text; \
             `filter` all, warn or info; `sort` by at; `order` asc or desc; from `start` (0) on.",
        )
        .with_commands(&["log [search]"])
        .with_access(MODERATOR)
        .returns::<view::Page<view::LogRow>>(),
        |_| Endpoint::Log,
    ),
    (
        post("/api/v1/players/{user_id}/kick", "Ends a player's search and player session.")
            .with_commands(&["kick user_id [reason]"])
            .with_access(MODERATOR)
            .with_body::<players::Kick>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::Kick(user),
    ),
    (
        get("/api/v1/players/{user_id}/data", "Returns everything that is known of a player, as it is stored.")
            .with_commands(&["data user_id"])
            .with_access(RequiredAccess::Role(Role::Admin))
            .returns::<Map<String, Value>>()
            .fails_with(&[Status::NOT_FOUND]),
        |user| Endpoint::PlayerData(user),
    ),
    (
        post("/api/v1/players/{user_id}/points", "Changes a player's points.")
            .with_commands(&["points user_id change reason"])
            .with_access(MODERATOR)
            .with_body::<players::AdjustPoints>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::AdjustPoints(user),
    ),
    (
        post("/api/v1/players/{user_id}/name", "Gives a player a name on this server, or the game's name again.")
            .with_commands(&["rename user_id name reason", "reset-name user_id reason"])
            .with_access(MODERATOR)
            .with_body::<players::Rename>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::Rename(user),
    ),
    (
        post("/api/v1/players/{user_id}/title", "Gives a player a title, until the player chooses another.")
            .with_commands(&["title user_id title reason"])
            .with_access(MODERATOR)
            .with_body::<players::Retitle>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::Retitle(user),
    ),
    (
        post(
            "/api/v1/players/{user_id}/merge",
            "Adds the points and the history of another account to a player's, and deletes the other account. Both \
             players must be offline.",
        )
        .with_commands(&["merge user_id other reason"])
        .with_body::<players::Merge>()
        .fails_with(&[Status::NOT_FOUND, Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::Merge(user),
    ),
    (
        post("/api/v1/players/{user_id}/delete", "Deletes a player and what is stored of the player.")
            .with_commands(&["delete-player user_id reason"])
            .with_body::<players::DeletePlayer>()
            .fails_with(&[Status::NOT_FOUND, Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |user| Endpoint::DeletePlayer(user),
    ),
    (
        post("/api/v1/matches/{session}/end", "Closes a match. Results that arrive later do not count.")
            .with_commands(&["end-match session"])
            .with_access(MODERATOR)
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |session| Endpoint::EndMatch(session),
    ),
    (
        post("/api/v1/apart/{pair}/end", "Lets two players that are kept apart meet again. The pair is `7-9`: their `user_id`s.")
            .with_commands(&["reunite pair"])
            .with_access(MODERATOR)
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |pair| Endpoint::Reunite(pair),
    ),
    (
        post(
            "/api/v1/backup",
            "Copies the store to a file in the folder `backups` of the data directory, which keeps the last six. The \
             program's log says when it is done.",
        )
        .with_commands(&["backup"])
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::Backup,
    ),
    (
        list(
            "/api/v1/bans",
            "Returns 50 bans: `search` for a part of the subject, name, reason or note; `filter` all, active or \
             expired; `sort` by since, until or subject; `order` asc or desc; from `start` (0) on.",
        )
        .with_commands(&["bans [search]"])
        .returns::<view::Page<view::Ban>>(),
        |_| Endpoint::Bans,
    ),
    (
        post("/api/v1/bans", "Bans a player or addresses.")
            .with_commands(&["ban subject"])
            .with_access(MODERATOR)
            .with_body::<command::NewBan>()
            .fails_with(&[Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::Ban,
    ),
    (
        post("/api/v1/bans/lift", "Lifts a ban.")
            .with_commands(&["lift subject"])
            .with_access(MODERATOR)
            .with_body::<command::LiftBan>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::LiftBan,
    ),
    (
        post("/api/v1/season/start", "Begins the next season at once. Does nothing if this season is on already.")
            .with_commands(&["start-season season"])
            .with_body::<season::StartSeason>()
            .fails_with(&[Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StartSeason,
    ),
    (
        post(
            "/api/v1/season/undo",
            "Undoes a season that was begun early, within a day: the season before continues, with its points. Does \
             nothing if that season is on already.",
        )
        .with_commands(&["undo-season season"])
        .with_body::<season::UndoSeason>()
        .fails_with(&[Status::CONFLICT, Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::UndoSeason,
    ),
    (
        get("/api/v1/events", "Returns the names of all special events, in the order of their numbers.")
            .with_commands(&["events"])
            .returns::<Vec<String>>(),
        |_| Endpoint::Events,
    ),
    (
        post("/api/v1/event/start", "Starts a special event in place of the one that is on. A later plan replaces it.")
            .with_commands(&["start-event event hours"])
            .with_body::<command::StartEvent>()
            .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StartEvent,
    ),
    (
        post("/api/v1/event/stop", "Stops the special event that is on, planned or not, until its end.")
            .with_commands(&["stop-event"])
            .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::StopEvent,
    ),
    (
        get(
            "/api/v1/plans",
            "Returns the planned messages, maintenance and special events that have not ended, the next first.",
        )
        .with_commands(&["plans"])
        .returns::<Vec<plans::PlanRow<'_>>>(),
        |_| Endpoint::Plans,
    ),
    (
        post(
            "/api/v1/plans",
            "Plans a message, maintenance, a special event, or several of them, from a start to an end. In the hour \
             before it, the game's menu announces maintenance. Of events that overlap, the one that began last is on.",
        )
        .with_commands(&["plan from until"])
        .with_body::<plans::NewPlan>()
        .returns::<plans::PlanNumber>()
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        |_| Endpoint::AddPlan,
    ),
    (
        delete("/api/v1/plans/{number}", "Removes a plan; what it does ends.")
            .with_commands(&["remove-plan number"])
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |number| Endpoint::RemovePlan(number),
    ),
    (
        get("/api/v1/settings", "Returns the settings that can change while the server runs.")
            .with_commands(&["settings"])
            .returns::<Vec<LiveSetting>>(),
        |_| Endpoint::Settings,
    ),
    (
        put("/api/v1/settings/{name}", "Sets a setting such as `message` or `maintenance`, also for after a restart.")
            .with_commands(&["set name value", "message name=message value", "maintenance name=maintenance value"])
            .with_body::<command::Set>()
            .fails_with(&[Status::NOT_FOUND, Status::SERVICE_UNAVAILABLE]),
        |name| Endpoint::Set(name),
    ),
    (
        delete("/api/v1/settings/{name}", "Resets a setting: the configuration counts again.")
            .with_commands(&["reset name"])
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
pub(in crate::operator) fn description() -> Value {
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
