//! Special events in login responses, and the way in which a player in the game learns of a change.

use std::time::Duration;

use mmcos_core::{
    game::Game as _,
    seam::Wall,
    settings::{Line, Value as _},
};
use mmcos_game::{
    Mmcos, Record, Settings,
    catalogue::EventName,
    settings::preset::ByPreset,
    special_events::{ByHand, Plan},
};

use super::world::Hosted;
use super::{
    rig::Rig,
    world::{login, login_answer, on, race, restarted, rig, server, text, texts, trusting},
};

const ANN: u64 = 76_561_198_000_006_001;

fn weekly() -> Settings {
    Settings { events: Plan::Weekly, ..trusting() }
}

/// Returns what a login response says of special events: the id and title of the current one, the next, and the
/// special playlist.
fn told(rig: &mut Rig<Mmcos>, now: Wall) -> [String; 4] {
    rig.skip_to(now);
    let answer = login_answer(rig, ANN, "Ann");
    let title = texts(&answer, "TitleLocString").first().copied().unwrap_or_default();
    let special = answer.contains("<Name>Special Event</Name><PlaylistID>15</PlaylistID>");
    assert_eq!(special, answer.contains("<Type>special</Type>"));
    assert_eq!(special, texts(&answer, "PlaylistID")[0] == "15");
    [text(&answer, "EventID"), title, text(&answer, "NextEvent"), if special { "special" } else { "" }]
        .map(str::to_owned)
}

fn hash(rig: &mut Rig<Mmcos>, now: Wall) -> String {
    rig.skip_to(now);
    text(&login_answer(rig, ANN, "Ann"), "Hash").to_owned()
}

/// Returns true if the game is told to log in again after a match.
fn changed(rig: &mut Rig<Mmcos>, token: &str, now: Wall) -> bool {
    rig.skip_to(now);
    text(&race(rig, token, 10), "GameConfigChanged") == "true"
}

#[test]
fn an_event_is_announced_runs_and_ends() {
    let mut rig = rig(weekly());
    let next = "2026-11-27T12:00:00Z";
    assert_eq!(told(&mut rig, on(2026, 11, 23, 15)), ["0", "", next, ""]);
    assert_eq!(told(&mut rig, on(2026, 11, 27, 11)), ["0", "", next, ""]);
    let running = ["6", "lng_event_mystery_vehicles_title", "2026-12-04T12:00:00Z", "special"];
    assert_eq!(told(&mut rig, on(2026, 11, 27, 12)), running);
    assert_eq!(told(&mut rig, on(2026, 11, 30, 11)), running);
    assert_eq!(told(&mut rig, on(2026, 11, 30, 12)), ["0", "", "2026-12-04T12:00:00Z", ""]);
    assert_eq!(told(&mut rig, on(2026, 12, 4, 12))[0], "7");
}

#[test]
fn the_hash_is_of_what_runs_and_not_of_when() {
    let mut rig = rig(weekly());
    let without = hash(&mut server(), on(2026, 11, 28, 12));
    let running = hash(&mut rig, on(2026, 11, 28, 12));
    assert_ne!(running, without);
    assert_eq!(hash(&mut rig, on(2026, 11, 29, 12)), running);
    assert_eq!(hash(&mut rig, on(2026, 12, 1, 12)), without);
    assert_ne!(hash(&mut rig, on(2026, 12, 5, 12)), running);
    // 13 weeks later the same special event runs again.
    assert_eq!(hash(&mut rig, on(2027, 2, 27, 12)), running);
}

#[test]
fn the_game_is_told_when_an_event_starts_or_ends() {
    let mut rig = rig(weekly());
    rig.skip_to(on(2026, 11, 26, 12));
    let before = login(&mut rig, ANN, "Ann");
    assert!(!changed(&mut rig, &before, on(2026, 11, 26, 13)));
    assert!(!changed(&mut rig, &before, on(2026, 11, 27, 11)), "another day alone is no change");
    assert!(changed(&mut rig, &before, on(2026, 11, 27, 13)));
    let during = login(&mut rig, ANN, "Ann");
    assert!(!changed(&mut rig, &during, on(2026, 11, 30, 11)));
    assert!(changed(&mut rig, &during, on(2026, 11, 30, 13)));
    assert!(!changed(&mut rig, &before, on(2026, 11, 30, 13)), "it is what it was");
}

#[test]
fn the_game_is_told_when_a_season_starts() {
    let mut rig = server();
    rig.skip_to(on(2026, 10, 31, 12));
    let ann = login(&mut rig, ANN, "Ann");
    assert!(!changed(&mut rig, &ann, on(2026, 10, 31, 23)));
    assert!(changed(&mut rig, &ann, on(2026, 11, 1, 0)));
    let ann = login(&mut rig, ANN, "Ann");
    assert!(!changed(&mut rig, &ann, on(2026, 11, 1, 1)));
}

#[test]
fn the_game_is_told_when_the_host_changed_a_setting() {
    let mut rig = rig(weekly());
    rig.skip_to(on(2026, 11, 23, 12));
    let ann = login(&mut rig, ANN, "Ann");
    let now = on(2026, 11, 23, 13);
    assert!(!changed(&mut restarted(&rig, weekly(), now), &ann, now));
    let search_seconds = Settings { search_seconds: ByPreset::Own(Duration::from_secs(30)), ..weekly() };
    assert!(changed(&mut restarted(&rig, search_seconds, now), &ann, now));
    let mut tables = Hosted::from(weekly());
    tables.built_in.catalogue.scoring.generic.first_play_xp = 2_000;
    assert!(changed(&mut restarted(&rig, tables, now), &ann, now));
    let of_no_matter = Settings { message: Line::parse("hello"), events: Plan::Off, ..trusting() };
    assert!(!changed(&mut restarted(&rig, of_no_matter, now), &ann, now));
}

#[test]
fn what_an_operator_did_holds_after_a_restart() {
    let mut rig = rig(weekly());
    let now = on(2026, 11, 24, 12);
    assert_eq!(told(&mut rig, now)[0], "0");
    let ann = login(&mut rig, ANN, "Ann");
    let event: EventName = "payload".parse().unwrap();
    let record = Record::EventByHand(ByHand { event: Some(event), from: now, until: on(2026, 11, 25, 12) });
    rig.server.restore(record.clone()).unwrap();
    rig.records.push(record.clone());
    assert!(rig.server.service().rows().any(|kept| kept == record));
    let mut next = restarted(&rig, weekly(), now);
    for rig in [&mut rig, &mut next] {
        assert!(changed(rig, &ann, now));
        let running = ["7", "lng_event_payload_title", "2026-11-27T12:00:00Z", "special"];
        assert_eq!(told(rig, on(2026, 11, 25, 11)), running);
        assert_eq!(told(rig, on(2026, 11, 25, 12))[0], "0");
    }
}
