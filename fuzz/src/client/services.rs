//! Every service that takes a body, with a request as the game writes it (captures 02 to 08, 13; only the names of
//! the last four of the XML services are known).

use super::requests;

/// Placeholder of a [`Service::sample`] for a `PlatformID`.
pub const PLATFORM_ID: &[u8] = b"{PlatformID}";
/// Placeholder of a [`Service::sample`] for a session token.
pub const SESSION_TOKEN: &[u8] = b"{SessionToken}";
/// Placeholder of a [`Service::sample`] for a race key.
pub const RACE_KEY: &[u8] = b"{RaceKey}";

/// A service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    path: &'static str,
    /// The body of a request.
    pub sample: &'static [u8],
}

impl Service {
    /// Returns a request with this body.
    pub fn request(&self, body: &[u8]) -> Vec<u8> {
        let fields = if self.is_egonet() {
            "X-EgoNet-Function: LoginService.Login\r\ncontent-type: application/egonet-stream\r\n"
        } else {
            "content-type: application/xml\r\n"
        };
        requests::post_with(self.path, fields, body)
    }

    /// Returns true if it uses `EgoNet`, not XML.
    pub fn is_egonet(&self) -> bool {
        self.name == "LoginService.Login"
    }
}

/// All of them.
pub static SERVICES: [Service; 13] = [
    Service {
        name: "Login",
        path: "MMCOS/MMCOS-Account/AccountService.svc/Login",
        sample: b"<Login>\r\n  <ProtocolVersion>1</ProtocolVersion>\r\n  <PlatformType>Steam</PlatformType>\r\n  \
            <PlatformID>{PlatformID}</PlatformID>\r\n  <DisplayName>Ann &amp; Bea</DisplayName>\r\n  \
            <DefaultTitle>lng_player_title_box_001</DefaultTitle>\r\n  <ExtraSeason>45</ExtraSeason>\r\n</Login>",
    },
    Service {
        name: "UpdateAccountTitle",
        path: "MMCOS/MMCOS-Account/AccountService.svc/UpdateAccountTitle",
        sample: b"<UpdateAccountTitle>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  \
            <Title>lng_player_title_box_004</Title>\r\n</UpdateAccountTitle>",
    },
    Service {
        name: "EnterMatchmaking2",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2",
        sample: b"<EnterMatchmaking2>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  \
            <GroupLobbyId>109775240917155001</GroupLobbyId>\r\n  <GameLobbyId>109775240917155002</GameLobbyId>\r\n  \
            <NetworkVersion>1</NetworkVersion>\r\n  <GameType>QuickRace</GameType>\r\n  \
            <GroupSize>1</GroupSize>\r\n  <SkillLevel>263127040</SkillLevel>\r\n  <RuleSet>Race</RuleSet>\r\n  \
            <Ranking>NotRanked</Ranking>\r\n  \
            <IgnoreMinimumMatchRequirements>false</IgnoreMinimumMatchRequirements>\r\n</EnterMatchmaking2>",
    },
    Service {
        name: "CancelMatchmaking",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/CancelMatchmaking",
        sample: b"<CancelMatchmaking>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n</CancelMatchmaking>",
    },
    Service {
        name: "RegisterActiveGameWithPlayers",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/RegisterActiveGameWithPlayers",
        sample: b"<RegisterActiveGameWithPlayers>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  \
            <RaceKey>{RaceKey}</RaceKey>\r\n  <HostPlatformID>x</HostPlatformID>\r\n  \
            <GameLobbyId>x</GameLobbyId>\r\n  <NetworkVersion>1</NetworkVersion>\r\n  <GameType>x</GameType>\r\n  \
            <RuleSet>Race</RuleSet>\r\n  <Ranking>NotRanked</Ranking>\r\n  <Team1Size>0</Team1Size>\r\n  \
            <Team2Size>0</Team2Size>\r\n  <SecondsItTookToMatchmake>0</SecondsItTookToMatchmake>\r\n  \
            <PlatformIDs>76561197960265729</PlatformIDs>\r\n</RegisterActiveGameWithPlayers>",
    },
    Service {
        name: "AddPoints",
        path: "MMCOS/MMCOS-GameProgression/GameProgressionService.svc/AddPoints",
        sample: b"<AddPoints>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  \
            <RaceKey>{RaceKey}</RaceKey>\r\n  <Points>-40</Points>\r\n  <Level>34</Level>\r\n  \
            <Prestige>8</Prestige>\r\n</AddPoints>",
    },
    Service {
        name: "GetElite",
        path: "MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetElite",
        sample: b"<GetElite>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  <StartRank>0</StartRank>\r\n  \
            <NumResults>100</NumResults>\r\n</GetElite>",
    },
    Service {
        name: "GetFriends",
        path: "MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetFriends",
        sample: b"<GetFriends>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n  <PlatformIds>\r\n    \
            <PlatformIdEntry>\r\n      <PlatformId>76561197960265729</PlatformId>\r\n    </PlatformIdEntry>\r\n    \
            <PlatformIdEntry>\r\n      <PlatformId>76561197960265730</PlatformId>\r\n    </PlatformIdEntry>\r\n  \
            </PlatformIds>\r\n  <MaxEntries>100</MaxEntries>\r\n</GetFriends>",
    },
    Service {
        name: "GetEliteRank",
        path: "MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetEliteRank",
        sample: b"<GetEliteRank>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n</GetEliteRank>",
    },
    Service {
        name: "RegisterServer",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/RegisterServer",
        sample: b"<RegisterServer>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n</RegisterServer>",
    },
    Service {
        name: "GetGames",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/GetGames",
        sample: b"<GetGames>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n</GetGames>",
    },
    Service {
        name: "DebugMessage",
        path: "MMCOS/MMCOS-Matchmaking/MatchmakingService.svc/DebugMessage",
        sample: b"<DebugMessage>\r\n  <SessionToken>{SessionToken}</SessionToken>\r\n</DebugMessage>",
    },
    Service {
        name: "LoginService.Login",
        path: "MicroMachines/STEAM/1.0/",
        sample: b"vdic\x02\0\0\0\x04Namedstr\x08\0\0\0Player 1\x0bSteamTicketblob\x04\0\0\0\xde\xad\xbe\xef",
    },
];
