//! The career. It does not matter to this server, but the game's screen *Events* crashes without these responses: a
//! championship of rallies and one of rallycross, neither begun. Shapes and counts are *seen*; the vehicles and
//! places are *ours*.

use alloc::{string::String, vec::Vec};

use mmcos_core::seam::Wall;

use crate::catalogue::{CIRCUITS, LOCATIONS};
use crate::shapes::{Kind, Shape, challenge, dict, event};
use crate::stages::Attempt;

/// Time for which a championship can be entered, in seconds: two years.
const OPEN: i64 = 2 * 365 * 24 * 60 * 60;
const EVENTS: usize = 6;
const STAGES: usize = 4;

const RALLY: Kind =
    Kind { discipline: 1, restarts: 5, entrants: 30, stages: 0, laps: 0, service: 3, level: 50 };
const RALLYCROSS: Kind =
    Kind { discipline: 2, entrants: 20, stages: 2, laps: 4, service: 5, level: 0, ..RALLY };

/// Returns the response to a function of `RaceNetCareerLadder`, named without that prefix; `None` if it is not known.
pub(crate) fn respond(function: &str, now: Wall) -> Option<Shape> {
    let (kind, drivers, what) = match (function.split_once("Rallycross"), function.split_once("Rally")) {
        (Some(what), _) => (RALLYCROSS, 100, what),
        (None, Some(what)) => (RALLY, 150, what),
        (None, None) => return None,
    };
    Some(match what {
        ("Get", "TierList") => dict! { vdic "TierList": tiers(drivers) },
        ("Get", "Championship") => dict! {
            vdic "Championship": championship(&kind, now), vdic "Progress": Attempt::not_begun(),
            bool "IsNewChamp": true,
        },
        ("Reset", "Championship") => dict! {
            vdic "Championship": championship(&kind, now), vdic "TierList": tiers(drivers),
            vdic "Progress": Attempt::not_begun(),
        },
        // (*works*)
        ("", "ChampionshipBegin" | "StageBegin" | "StageComplete") => dict! { bool "Accepted": true },
        _ => return None,
    })
}

fn tiers(drivers: u32) -> Shape {
    let drivers = (0..drivers).map(|driver| dict! { ui32 "DriverID": driver });
    dict! { vvtr "TierList": drivers, si32 "PrevPlayerTier" "PlayerTier": 0 }
}

fn championship(kind: &Kind, now: Wall) -> Shape {
    let rallies = LOCATIONS
        .iter()
        .map(|(place, day, tracks)| (*place, *day, tracks.iter().cloned().flatten().collect()));
    let circuits = CIRCUITS.iter().cycle().map(|(place, track)| (*place, 1, Vec::from([*track; STAGES])));
    let places: Vec<_> =
        if kind.laps == 0 { rallies.take(EVENTS).collect() } else { circuits.take(EVENTS).collect() };
    let events = places.into_iter().map(|(place, conditions, tracks)| {
        let stages = (1..).zip(tracks).take(STAGES).map(|(id, track)| (id, track, 0));
        event(kind, [0, 0], [place, conditions], stages)
    });
    let window = [now.as_secs(), now.as_secs().saturating_add(OPEN)];
    challenge(kind, String::new(), [0, 0], None, events.collect(), window, [false, true, true, true])
}
