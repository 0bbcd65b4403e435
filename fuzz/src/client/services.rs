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
    pub(super) path: &'static str,
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

/// Makes a service whose sample is an element with these lines.
macro_rules! xml {
    ($service:literal $name:literal $($line:literal)*) => {
        Service {
            name: $name,
            path: concat!("MMCOS/MMCOS-", $service, "/", $service, "Service.svc/", $name),
            sample: concat!("<", $name, ">\r\n", $("  ", $line, "\r\n",)* "</", $name, ">").as_bytes(),
        }
    };
}

/// All of them.
#[rustfmt::skip] // Several lines of an element in one.
pub static SERVICES: [Service; 13] = [
    xml!("Account" "Login"
        "<ProtocolVersion>1</ProtocolVersion>" "<PlatformType>Steam</PlatformType>"
        "<PlatformID>{PlatformID}</PlatformID>" "<DisplayName>Ann &amp; Bea</DisplayName>"
        "<DefaultTitle>lng_player_title_box_001</DefaultTitle>" "<ExtraSeason>45</ExtraSeason>"),
    xml!("Account" "UpdateAccountTitle"
        "<SessionToken>{SessionToken}</SessionToken>" "<Title>lng_player_title_box_004</Title>"),
    xml!("Matchmaking" "EnterMatchmaking2"
        "<SessionToken>{SessionToken}</SessionToken>" "<GroupLobbyId>109775240917155001</GroupLobbyId>"
        "<GameLobbyId>109775240917155002</GameLobbyId>" "<NetworkVersion>1</NetworkVersion>"
        "<GameType>QuickRace</GameType>" "<GroupSize>1</GroupSize>" "<SkillLevel>263127040</SkillLevel>"
        "<RuleSet>Race</RuleSet>" "<Ranking>NotRanked</Ranking>"
        "<IgnoreMinimumMatchRequirements>false</IgnoreMinimumMatchRequirements>"),
    xml!("Matchmaking" "CancelMatchmaking" "<SessionToken>{SessionToken}</SessionToken>"),
    xml!("Matchmaking" "RegisterActiveGameWithPlayers"
        "<SessionToken>{SessionToken}</SessionToken>" "<RaceKey>{RaceKey}</RaceKey>"
        "<HostPlatformID>x</HostPlatformID>" "<GameLobbyId>x</GameLobbyId>" "<NetworkVersion>1</NetworkVersion>"
        "<GameType>x</GameType>" "<RuleSet>Race</RuleSet>" "<Ranking>NotRanked</Ranking>"
        "<Team1Size>0</Team1Size>" "<Team2Size>0</Team2Size>"
        "<SecondsItTookToMatchmake>0</SecondsItTookToMatchmake>" "<PlatformIDs>76561197960265729</PlatformIDs>"),
    xml!("GameProgression" "AddPoints"
        "<SessionToken>{SessionToken}</SessionToken>" "<RaceKey>{RaceKey}</RaceKey>" "<Points>-40</Points>"
        "<Level>34</Level>" "<Prestige>8</Prestige>"),
    xml!("Leaderboard" "GetElite"
        "<SessionToken>{SessionToken}</SessionToken>" "<StartRank>0</StartRank>" "<NumResults>100</NumResults>"),
    xml!("Leaderboard" "GetFriends"
        "<SessionToken>{SessionToken}</SessionToken>" "<PlatformIds>" "  <PlatformIdEntry>"
        "    <PlatformId>76561197960265729</PlatformId>" "  </PlatformIdEntry>" "  <PlatformIdEntry>"
        "    <PlatformId>76561197960265730</PlatformId>" "  </PlatformIdEntry>" "</PlatformIds>"
        "<MaxEntries>100</MaxEntries>"),
    xml!("Leaderboard" "GetEliteRank" "<SessionToken>{SessionToken}</SessionToken>"),
    xml!("Matchmaking" "RegisterServer" "<SessionToken>{SessionToken}</SessionToken>"),
    xml!("Matchmaking" "GetGames" "<SessionToken>{SessionToken}</SessionToken>"),
    xml!("Matchmaking" "DebugMessage" "<SessionToken>{SessionToken}</SessionToken>"),
    Service {
        name: "LoginService.Login",
        path: "MicroMachines/STEAM/1.0/",
        sample: b"vdic\x02\0\0\0\x04Namedstr\x08\0\0\0Player 1\x0bSteamTicketblob\x04\0\0\0\xde\xad\xbe\xef",
    },
];
