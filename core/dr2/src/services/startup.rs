//! Requests of the game at its start, before and after the login: the responses are the same for all players.

use crate::shapes::{Shape, dict, none};

/// The last version of the game, which it also sends as `X-EgoNet-Game-Version`. (*seen*)
const GAME_VERSION: i32 = 1_309_032;

/// Returns the response to a function that the game also calls without a session.
pub(crate) fn without_session(function: &str) -> Option<Shape> {
    Some(match function {
        "Esports.SeasonActivityCheck" => dict! { bool "IsActive": false, si32 "Type": 0 },
        // DiRT 4 has a ui32 here; the official type is unknown. (*works*)
        "Login.GetCurrentVersion" => dict! { si32 "Version": GAME_VERSION },
        _ => return None,
    })
}

/// Returns the response to a function for which all players get the same.
pub(crate) fn respond(function: &str) -> Option<Shape> {
    Some(match function {
        "Login.Tick" => dict! {},
        "Announcements.GetAnnouncements" => dict! { vvtr "Announcements": none() },
        "Advertising.EnabledCheck" | "Esports.EnabledCheck" => dict! { bool "IsEnabled": false },
        "VanityFlags.GetVanityFlags" => dict! { si32 "VanityFlags": 0 },
        "Season.Get" => dict! { si32 "SeasonId": 5 },
        "RaceNetInventory.GetRewards" => dict! { vvtr "Rewards": none() },
        "RaceNet.CheckAccountLinked" => dict! { bool "IsLinked": true },
        "Esports.ActivityCheck" => dict! { bool "IsActive": false, si32 "Type": 0 },
        "RaceNetChallenges.GetChallenges" => dict! { vvtr "Challenges": none(), vvtr "Progress": none() },
        "RaceNetChallenges.GetStageSplits" => dict! { vvtr "Splits": none(), vvtr "Entries": none() },
        known if is_acknowledged(known) => dict! { bool "Accepted": true },
        _ => return None,
    })
}

/// Returns true if a function is acknowledged and has no effect. (*works*)
fn is_acknowledged(function: &str) -> bool {
    let (service, name) = function.split_once('.').unwrap_or_default();
    match service {
        "RaceNet" => ["SignIn", "CreateAccount", "AcceptTerms"].contains(&name),
        "RaceNetChallenges" => ["StartChallenge", "ResumeChallenge", "AbortChallenge"].contains(&name),
        "RaceNetInventory" => ["Purchase", "Sell"].contains(&name),
        _ => ["DataMining.DataEvent", "Esports.HasAcceptedTerms", "Clubs.UpdateVehicleDamage"]
            .contains(&function),
    }
}
