//! Paths and their services. The game's own are in PROTOCOL.md; each is also found below `/MMCOS`, since the game
//! sends that prefix to the official host names and leaves it out in its Localhost setting.

use mmcos_core::wire::http::Method;

/// Services of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Redirect,
    ServerStatus,
    Login,
    UpdateAccountTitle,
    EnterMatchmaking2,
    CancelMatchmaking,
    RegisterActiveGameWithPlayers,
    /// Known from the game's list of services, never captured: the response is empty, and the request is logged.
    NameOnly,
    AddPoints,
    GetElite,
    GetFriends,
    GetEliteRank,
    EgoNet,
}

impl Endpoint {
    /// Returns true if a request can change durable state.
    pub(crate) const fn may_record(self) -> bool {
        match self {
            Self::Login
            | Self::UpdateAccountTitle
            | Self::EnterMatchmaking2
            | Self::RegisterActiveGameWithPlayers
            | Self::AddPoints => true,
            Self::Redirect
            | Self::ServerStatus
            | Self::CancelMatchmaking
            | Self::NameOnly
            | Self::GetElite
            | Self::GetFriends
            | Self::GetEliteRank
            | Self::EgoNet => false,
        }
    }
}

/// A path and its service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    path: &'static str,
    /// `Get` includes HEAD.
    pub(crate) method: Method,
    pub(crate) endpoint: Endpoint,
    /// The outermost element of an error response.
    pub(crate) result: &'static str,
}

impl Route {
    /// Returns the part of the path after the last slash.
    pub(crate) fn name(&self) -> &'static str {
        let path = self.path.trim_end_matches('/');
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }
}

const fn get(path: &'static str, endpoint: Endpoint) -> Route {
    Route { path, method: Method::Get, endpoint, result: "Result" }
}

const fn post(path: &'static str, endpoint: Endpoint, result: &'static str) -> Route {
    Route { path, method: Method::Post, endpoint, result }
}

macro_rules! service {
    (account $name:literal) => {
        concat!("/MMCOS-Account/AccountService.svc/", $name)
    };
    (matchmaking $name:literal) => {
        concat!("/MMCOS-Matchmaking/MatchmakingService.svc/", $name)
    };
    (progression $name:literal) => {
        concat!("/MMCOS-GameProgression/GameProgressionService.svc/", $name)
    };
    (leaderboard $name:literal) => {
        concat!("/MMCOS-Leaderboard/LeaderboardService.svc/", $name)
    };
}

const ROUTES: &[Route] = &[
    get("/redirect_steam_submission1.txt", Endpoint::Redirect),
    get("/redirect_steam_submission2.txt", Endpoint::Redirect),
    get("/redirect_steam_submission3.txt", Endpoint::Redirect),
    get("/MMCOS-ServerStatus/ServerStatus.xml", Endpoint::ServerStatus),
    post(service!(account "Login"), Endpoint::Login, "LoginDetails"),
    post(service!(account "UpdateAccountTitle"), Endpoint::UpdateAccountTitle, "UpdateAccountTitleResult"),
    post(service!(matchmaking "EnterMatchmaking2"), Endpoint::EnterMatchmaking2, "MatchmakingResult"),
    post(service!(matchmaking "CancelMatchmaking"), Endpoint::CancelMatchmaking, "CancelMatchmakingResult"),
    post(
        service!(matchmaking "RegisterActiveGameWithPlayers"),
        Endpoint::RegisterActiveGameWithPlayers,
        "RegisterActiveGameWithPlayersResult",
    ),
    post(service!(matchmaking "RegisterServer"), Endpoint::NameOnly, "RegisterServerResult"),
    post(service!(matchmaking "GetGames"), Endpoint::NameOnly, "GetGamesResult"),
    post(service!(matchmaking "DebugMessage"), Endpoint::NameOnly, "DebugMessageResult"),
    post(service!(progression "AddPoints"), Endpoint::AddPoints, "AddPointsResult"),
    post(service!(leaderboard "GetElite"), Endpoint::GetElite, "LeaderboardEntries"),
    post(service!(leaderboard "GetFriends"), Endpoint::GetFriends, "LeaderboardEntries"),
    post(service!(leaderboard "GetEliteRank"), Endpoint::GetEliteRank, "LeaderboardEntries"),
    post("/MicroMachines/STEAM/1.0/", Endpoint::EgoNet, "Result"),
];

/// Returns the route of this path, with or without `/MMCOS` before it.
pub(crate) fn find(path: &str) -> Option<&'static Route> {
    let below = path.strip_prefix("/MMCOS").filter(|below| below.starts_with('/'));
    let path = below.unwrap_or(path);
    ROUTES.iter().find(|route| route.path == path)
}

/// Returns true if a service of the game is at this path.
pub fn is_service(path: &str) -> bool {
    find(path).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_found_with_and_without_the_prefix_once() {
        for route in ROUTES {
            let plain = find(route.path).map(|found| found.endpoint);
            assert_eq!(plain, Some(route.endpoint));
            assert_eq!(find(&alloc::format!("/MMCOS{}", route.path)).map(|found| found.endpoint), plain);
            assert!(find(&alloc::format!("/MMCOS/MMCOS{}", route.path)).is_none());
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in
            ["", "/", "/MMCOS", "/MMCOS/", "*", "/mmcos/redirect_steam_submission3.txt", "/MicroMachines"]
        {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
