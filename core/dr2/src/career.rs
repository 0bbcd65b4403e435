//! The career. It is no matter of this server's, but the game's screen *Events* crashes without these answers: a
//! championship of rallies and one of rallycross, neither begun. Shapes and counts are *seen*; what is driven where is
//! *ours*.

use alloc::{string::String, vec::Vec};

use mmcos_core::seam::Wall;

use crate::catalogue::{CIRCUITS, LOCATIONS};
use crate::damage::Damage;
use crate::shapes::{Challenge, Discipline, Shape, dict, event};

/// How long a championship can be entered, in seconds: two years.
const OPEN: i64 = 2 * 365 * 24 * 60 * 60;
const EVENTS: usize = 6;
const STAGES: usize = 4;

/// A ladder of the career.
struct Ladder {
    discipline: Discipline,
    drivers: u32,
    difficulty: i32,
}

const RALLY: Ladder = Ladder {
    discipline: Discipline { id: 1, restarts: 5, entrants: 30, stage_type: 0, laps: 0, service_settings: 3 },
    drivers: 150,
    difficulty: 50,
};
const RALLYCROSS: Ladder = Ladder {
    discipline: Discipline { id: 2, restarts: 5, entrants: 20, stage_type: 2, laps: 4, service_settings: 5 },
    drivers: 100,
    difficulty: 0,
};

/// Returns the answer to a function of `RaceNetCareerLadder`, without that name in front; `None` if it is not known.
pub(crate) fn answer(function: &str, now: Wall) -> Option<Shape> {
    let (ladder, what) = match (function.split_once("Rallycross"), function.split_once("Rally")) {
        (Some(what), _) => (RALLYCROSS, what),
        (None, Some(what)) => (RALLY, what),
        (None, None) => return None,
    };
    Some(match what {
        ("Get", "TierList") => dict! { vdic "TierList": tiers(&ladder) },
        ("Get", "Championship") => dict! {
            vdic "Championship": championship(&ladder, now), vdic "Progress": not_begun(), bool "IsNewChamp": true,
        },
        ("Reset", "Championship") => dict! {
            vdic "Championship": championship(&ladder, now), vdic "TierList": tiers(&ladder),
            vdic "Progress": not_begun(),
        },
        // (*works*)
        ("", "ChampionshipBegin" | "StageBegin" | "StageComplete") => dict! { bool "Accepted": true },
        _ => return None,
    })
}

fn tiers(ladder: &Ladder) -> Shape {
    let drivers = (0..ladder.drivers).map(|driver| dict! { ui32 "DriverID": driver });
    dict! { vvtr "TierList": drivers, si32 "PrevPlayerTier": 0, si32 "PlayerTier": 0 }
}

fn championship(ladder: &Ladder, now: Wall) -> Shape {
    let places: Vec<(u32, u32, Vec<u32>)> = match ladder.discipline.laps {
        0 => LOCATIONS.iter().map(|place| (place.number, place.day, place.all_tracks().collect())).collect(),
        _ => CIRCUITS
            .iter()
            .cycle()
            .take(EVENTS)
            .map(|(place, track)| (*place, 1, [*track; STAGES].into()))
            .collect(),
    };
    let events = places.into_iter().take(EVENTS).map(|(location, conditions, tracks)| {
        let stages = (1..).zip(tracks).take(STAGES);
        let stages = stages.map(|(id, track)| (id, track, 0));
        event(&ladder.discipline, [0, 0], [location, conditions], stages)
    });
    let now = now.as_secs();
    Challenge {
        name: String::new(),
        id: 0,
        board: 0,
        club: 0,
        vehicle_class: None,
        events: events.collect(),
        entrants: 0,
        difficulty: ladder.difficulty,
        window: [now, now.saturating_add(OPEN)],
        tiers: &[10, 35, 75, 100],
        rules: [false, true, true, true],
    }
    .dict()
}

/// Returns the progress of a championship that was not begun: state 5, and no set-up.
fn not_begun() -> Shape {
    dict! {
        si32 "ChallengeID": 0, si32 "EventIndex": 0, si32 "StageIndex": 0, si32 "State": 5, ui32 "StageTimeMs": 0,
        si64 "VehicleInstId": 0, ui32 "VehicleId": 0, ui32 "LiveryId": 0, si32 "MetersDriven": 0,
        si32 "Percentile": 0, ui32 "ChampTimeMs": 0, bool "HasRepaired": false, ui32 "RepairPenalty": 0,
        vdic "VehicleDamage": Damage::default().dict(), ui32 "TyreCompound": 0, ui32 "TyresRemaining": 0,
        si32 "AttemptsLeft": 0,
    }
}
