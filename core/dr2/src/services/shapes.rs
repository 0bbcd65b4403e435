//! Parts that several responses have in common. Names, types and order are the wire's: the game crashes on others.

use alloc::{string::String, vec::Vec};

use mmcos_core::wire::egonet::{Dict, UnixTime, Value};

use crate::{AccountId, accounts::Accounts, damage::Damage};

/// A dictionary in the notation of the protocol's page: the tag, the name or several, the value.
macro_rules! dict {
    ($($tag:ident $($name:literal)+: $value:expr),* $(,)?) => {
        mmcos_core::wire::egonet::Dict::new()$($(.$tag($name, $value))+)*
    };
}
pub(crate) use dict;

/// A dictionary that borrows nothing.
pub(crate) type Shape = Dict<'static>;

/// Returns an empty list.
pub(crate) const fn none() -> Vec<Value<'static>> {
    Vec::new()
}

/// Returns Unix seconds in the form of the wire.
fn time(seconds: i64) -> UnixTime {
    UnixTime(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

/// Returns the player of a leaderboard row. Both ids must be the `AccountId` of the login, or the game does not mark
/// the player's own row. (*said*) In standings `NetworkId` is shorter. (*works*)
pub(crate) fn presence(accounts: &Accounts, account: AccountId, in_standings: bool) -> Shape {
    let presence = dict! { dstr "Name": String::from(accounts.name(account)), bool "IsCrossPlatform": false };
    let network = if in_standings { Value::I32(0) } else { Value::I64(0) };
    presence.with("NetworkId", network).si64("EgoNetId", account.0).si64("AccountRef", account.0)
}

/// Values that the events of a kind of challenge share.
pub(crate) struct Kind {
    /// 1 is rally, 2 rallycross. (*works*)
    pub(crate) discipline: u32,
    pub(crate) restarts: i32,
    pub(crate) entrants: i32,
    /// `StageType`.
    pub(crate) stages: i32,
    pub(crate) laps: i32,
    /// `SvcSettingsId`.
    pub(crate) service: u32,
    /// `DifficultyLevel`.
    pub(crate) level: i32,
}

/// Returns an event: its id and its leaderboard, its place and conditions, its stages, which have an id, a track and
/// a leaderboard. Other values are those that another server sends (*works*); the temperatures are unknown.
pub(crate) fn event(
    kind: &Kind,
    [id, board]: [i32; 2],
    [location, conditions]: [u32; 2],
    stages: impl Iterator<Item = (i32, u32, i32)>,
) -> Shape {
    let stages = stages.enumerate().map(|(at, (id, track, board))| {
        let serviced = at % 2 == 0 && kind.laps == 0;
        dict! {
            si32 "StageId": id, ui32 "TrackModelId": track, bool "HasServiceArea": serviced, si32 "NumberPractises": 0,
            ui32 "StageConditions": conditions, ui32 "WeatherPresetId": 1, ui32 "TimeOfDayId": 4,
            ui32 "SurfaceCondId": 1, fp32 "SurfaceDegrad": 0.25, fp32 "AmbientTemp" "TrackTemp": 20.0,
            si32 "DryingTime": 3600, si32 "StageType": kind.stages, si32 "NumberLaps": kind.laps,
            si32 "LeaderboardId": board, fp32 "DeltaTime": 0.0, ui32 "SvcSettingsId": kind.service,
        }
    });
    dict! {
        si32 "EventId": id, ui32 "LocationId": location, ui32 "DisciplineId": kind.discipline,
        si32 "NumberRestarts": kind.restarts, si32 "NumberEntrants": kind.entrants, si32 "NumberClasses": 1,
        vvtr "Stages": stages, si32 "LeaderboardId": board,
    }
}

/// Returns a challenge: a club's rally, for which the club and the class of vehicles are given, or a championship of
/// the career. `rules` are hardcore damage, exterior cameras, assists, unexpected moments.
pub(crate) fn challenge(
    kind: &Kind,
    name: String,
    [id, board]: [i32; 2],
    club: Option<(u8, u32)>,
    events: Vec<Shape>,
    window: [i64; 2],
    rules: [bool; 4],
) -> Shape {
    // Type 1 is a class, 0 a single vehicle. (The latter *seen*.) In a club an empty list crashes some screens.
    // (*said*)
    let requirements = club.map(|(_, class)| dict! { si32 "Type": 1, ui32 "Value": class });
    let [start, end] = window.map(time);
    let window = dict! { tutc "Visible": start, tutc "Start": start, tutc "LastEntry": end, tutc "End": end };
    // Best percentages of the entrants, one for each tier of rewards.
    let tiers: &[i32] = if club.is_some() { &[10] } else { &[10, 35, 75, 100] };
    let tiers = tiers.iter().map(|percent| {
        dict! {
            vdic "Item": item(0, vehicle([0; 3], 0, false)), si32 "MinSoftCurrency" "MaxSoftCurrency": 0,
            si32 "PercentLimit": *percent, fp32 "BarrierTime": 0.0,
        }
    });
    let reward = dict! { si32 "SoftCurrency": 0, vvtr "TierRewards": tiers };
    let [hardcore, cameras, assists, moments] = rules;
    // Values of a club's rally are those of another server (*works*), those of the career are *seen* in part.
    let of = |in_club: i32, career: i32| if club.is_some() { in_club } else { career };
    let [category, mode] = if club.is_some() { [4, 1] } else { [0, 0] };
    dict! {
        dstr "Name": name, si32 "ChallengeType": of(2, 1), si32 "ScoringType": of(2, 0), si32 "ChallengeID": id,
        vvtr "Requirements": requirements, vvtr "Events": events, si32 "NumEntrants": of(kind.entrants, 0),
        si32 "DifficultyLevel": kind.level, vdic "EntryWindow": window, si32 "State": 0, vdic "Reward": reward,
        si32 "MinEventCredits": 0, si32 "MaxEventCredits": of(10_000, 0), si32 "LeaderboardId": board,
        bool "IsHardcore": hardcore, bool "ExteriorCams": cameras, bool "AllowAssists": assists,
        bool "UnxpectdMoments": moments, si32 "DirtPlusSeason": 0, bool "IsPromo": false, ui08 "Category": category,
        ui08 "Mode": mode, bool "UseInvVehicle": false, si64 "ClubId": club.map_or(0, |(club, _)| club.into()),
        si32 "EsportsMonthId": 0, si32 "AttemptsAllowed": of(1, 0),
    }
}

/// Returns an item that can be bought or won. Only the part that `kind` names counts.
pub(crate) fn item(kind: u8, vehicle: Shape) -> Shape {
    let never = time(0);
    dict! {
        ui08 "ItemType": kind,
        vdic "Booster": dict! { ui32 "BoosterId": 0, bool "IsStarted": false, tutc "StartedAt": never, si64 "Id": 0 },
        vdic "Entitlement": dict! { ui32 "EntitlementId": 0, si64 "Id": 0 },
        vdic "Livery": dict! { ui32 "LiveryId": 0, si64 "Id": 0 },
        vdic "Upgrade": dict! { ui32 "UpgradeId": 0, si64 "Id": 0 },
        vdic "Vehicle": vehicle,
    }
}

/// Returns a vehicle: its number, livery and tuning. In rewards it lacks the two kinds of damage.
pub(crate) fn vehicle([number, livery, tuning]: [u32; 3], id: i64, with_damage: bool) -> Shape {
    let vehicle = dict! {
        ui32 "VehicleId": number, ui32 "LiveryId": livery, ui32 "TuningId": tuning, si32 "UpgAvailable" "UpgEnabled":
        127, si32 "TuningReady": 15, si32 "TuningPurchased": 63, bool "IsNew" "IsRepairFree" "IsSellable": false,
    };
    let damage = with_damage.then(undamaged).unwrap_or_default();
    let rest = dict! {
        si32 "SellPrice": 0, ui32 "ResearchTarget": 0, fp32 "ResearchPercent": 1.0, bool "IsLocked": false,
        si32 "LockChallengeId": 0, si64 "LockEntity": 0, si32 "LockReason": 0, tutc "LockExpiry": time(0),
        ui32 "LockLocation": 0, si32 "DistanceDriven" "Podiums" "EventsEntered" "EventsFinished" "Terminals": 0,
        si64 "Id": id,
    };
    Dict([vehicle.0, damage.0, rest.0].concat())
}

/// Returns the two kinds of damage of an undamaged vehicle.
pub(crate) fn undamaged() -> Shape {
    let damage = dict! {
        ui16 "QuickRepairs": 0, fp32 "Bodywork" "Brakes" "Gearbox" "Differential" "Wheels" "Engine" "Radiator" "Turbo"
        "Exhaust" "Dampers" "Clutch" "Springs" "Lights": 0.0,
    };
    dict! { vdic "Damage": damage, vdic "CompDamage": Damage::default().dict() }
}
