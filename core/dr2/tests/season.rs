//! A season of a club, as its players see it; the same after crashes.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

mod common;

use std::time::Duration;

use common::{
    Game, Server, game, get_clubs, login, post_time, rows, server, settings, stage_begin, standings,
};
use dr2::Record;
use mmcos_core::row::{self, Change, Row as _};
use mmcos_core::{
    game::Game as _,
    seam::{Input, Storage, StorageTrouble, Wall},
    wire::egonet::{Dict, UnixTime, Value},
};

const DAY: Duration = Duration::from_hours(24);
/// Monday, 20 November 2023, is day −42 of the count; the first Monday that counts is 1 January 2024.
const FIRST_MONDAY: i64 = 1_704_067_200;

/// Returns a server whose clock says Monday noon, at the start of a season.
fn monday() -> Server {
    let mut rig = server(&settings());
    rig.set_wall(Wall::from_secs(FIRST_MONDAY + 2 * 7 * 86_400 + 12 * 3600));
    rig
}

fn board_of(challenge: i32, stage: Option<i64>) -> i64 {
    (i64::from(challenge) << 4) + stage.map_or(0, |stage| stage + 1)
}

fn ranked(names: &[(&str, i64)]) -> Vec<(String, i32, i64)> {
    (1..).zip(names).map(|(rank, (name, millis))| ((*name).to_owned(), rank, *millis)).collect()
}

/// Login, club, three stages, the second rally, a time trial, leaderboards: as the game does it.
#[test]
fn a_season() {
    let mut rig = monday();
    let (ann, bob) = (Game::log_in(&mut rig, "Ann"), Game::log_in(&mut rig, "Bob"));
    assert_ne!(ann.account, bob.account);
    let clubs = ann.call(&mut rig, "Clubs.GetClubs", &get_clubs());
    let value = clubs.value();
    assert_eq!(value.field("Clubs/0/Name"), Ok("Gravel"));
    let numbers: [Result<i32, _>; 2] =
        ["AmountOfEvents", "EventIndex"].map(|name| value.field(&format!("Clubs/0/{name}")));
    assert_eq!(numbers, [Ok(2), Ok(0)]);
    assert_eq!(value.field("Clubs/0/HasStandings"), Ok(false));
    assert_eq!(value.field("Challenges/0/ClubId"), value.field::<i64>("Clubs/0/Id"));
    assert_eq!(value.field("Challenges/0/Requirements/0/Value"), Ok(72_u32));
    assert_eq!(value.field("Challenges/0/Events/0/LocationId"), Ok(37_u32));
    let serviced =
        [0, 1, 2].map(|at| value.field(&format!("Challenges/0/Events/0/Stages/{at}/HasServiceArea")));
    assert_eq!(serviced, [Ok(true), Ok(false), Ok(true)]);
    let first: i32 = value.field("Challenges/0/ChallengeID").unwrap();
    assert_eq!(value.field("Challenges/0/Events/0/Stages/2/LeaderboardId"), Ok(first * 16 + 3));

    // After a stage the game requests the leaderboard before it reports the time.
    let begun = ann.begin(&mut rig, first, 0);
    assert_eq!(begun.value().field("Progress/TuningSetup"), Ok(common::setup().as_slice()));
    let preview = ann.entries(&mut rig, board_of(first, Some(0)), 100_500, true);
    assert_eq!(rows(&preview), (ranked(&[("Ann", 100_500)]), 1));
    assert_eq!(preview.value().field("Entries/0/VehicleId"), Ok(382_u32));
    assert_eq!(bob.board(&mut rig, board_of(first, Some(0))), (vec![], 0), "no other player sees it");

    let done = ann.complete(&mut rig, first, 0, 100.5);
    let value = done.value();
    let progress = |name: &str| value.field::<i32>(&format!("Progress/{name}")).unwrap();
    assert_eq!([progress("StageIndex"), progress("State"), progress("MetersDriven")], [1, 0, 6000]);
    assert_eq!(value.field("Progress/ChampTimeMs"), Ok(100_500_u32));
    // Damage and mud come back as they were, in the order of responses.
    assert_eq!(value.field("Progress/VehicleDamage/WheelsWear"), Ok(0x0102_0304_u32));
    assert_eq!(value.field("Progress/VehicleDamage/Clutch"), Ok(0.25_f32));
    assert_eq!(value.field("Progress/VehicleDamage/QuickRepairs"), Ok(1_u16));
    assert_eq!(value.field("Progress/VehicleMud"), Ok(&Value::from(common::mud())));
    let clubs = ann.call(&mut rig, "Clubs.GetClubs", &get_clubs());
    assert_eq!(clubs.value().field("Progress/0/State"), Ok(1_i32), "the rally is under way");

    bob.drive(&mut rig, first, 0, 99.0);
    for stage in [1, 2] {
        ann.drive(&mut rig, first, stage, 100.0);
        bob.drive(&mut rig, first, stage, 101.0);
    }
    let last = bob.complete(&mut rig, first, 2, 101.0);
    assert_eq!(last.value().field("Progress/State"), Ok(2_i32));
    assert_eq!(last.value().field("Progress/StageIndex"), Ok(2_i32));
    assert_eq!(
        ann.board(&mut rig, board_of(first, Some(0))),
        (ranked(&[("Bob", 99_000), ("Ann", 100_500)]), 2)
    );
    assert_eq!(
        bob.board(&mut rig, board_of(first, None)),
        (ranked(&[("Ann", 300_500), ("Bob", 301_000)]), 2)
    );
    let cumulative = ann.entries(&mut rig, board_of(first, Some(1)), 0, true);
    assert_eq!(rows(&cumulative).0[0].0, "Bob", "200.0 s against 200.5 s");
    assert_eq!(cumulative.value().field("Entries/1/TimeDiff"), Ok(500_i64));
    assert_eq!(cumulative.value().field("Entries/1/Presence/EgoNetId"), Ok(ann.account));

    second_rally(&mut rig, &ann, &bob, first);
    time_trials(&mut rig, &ann);
    restored(&rig);
}

/// Checks that the second rally appears when the first is done.
fn second_rally(rig: &mut Server, ann: &Game, bob: &Game, first: i32) {
    let clubs = ann.call(rig, "Clubs.GetClubs", &get_clubs());
    let value = clubs.value();
    assert_eq!(value.field("Clubs/0/EventIndex"), Ok(1_i32));
    assert_eq!(value.field("Clubs/0/HasStandings"), Ok(true));
    assert_eq!(value.field("Challenges/0/Name"), Ok("Second"));
    assert_eq!(value.field("Challenges/0/AllowAssists"), Ok(false));
    let second: i32 = value.field("Challenges/0/ChallengeID").unwrap();
    assert_ne!(first, second);
    ann.drive(rig, second, 0, 50.0);
    let table = bob.call(rig, "Clubs.GetChampionshipLeaderboard", &standings(7));
    let value = table.value();
    let points = [0, 1].map(|at| {
        (value.field(&format!("Entries/{at}/Presence/Name")), value.field(&format!("Entries/{at}/Points")))
    });
    assert_eq!(points, [(Ok("Ann"), Ok(50_i32)), (Ok("Bob"), Ok(18))]);
    assert_eq!(value.field("PlayerRank"), Ok(2_i32));
}

/// Checks that the best time stays.
fn time_trials(rig: &mut Server, ann: &Game) {
    let board = ann.trial(rig, 93, 505);
    for (seconds, best) in [(70.25, 70_250), (71.0, 70_250), (69.0, 69_000)] {
        let posted = ann.post_time(rig, 505, seconds);
        assert_eq!(posted.value().field("Accepted"), Ok(true));
        assert_eq!(ann.board(rig, board), (ranked(&[("Ann", best)]), 1));
    }
}

/// Checks that a server restored row by row, or from a store's rows, is the same.
fn restored(rig: &Server) {
    let all: Vec<Record> = rig.server.service().rows().collect();
    for rows in [rig.records.clone(), all.clone()] {
        let mut other = server(&settings());
        for row in rows {
            other.server.restore(row).unwrap();
        }
        assert_eq!(other.server.service().rows().collect::<Vec<_>>(), all);
    }
    let table = |record: &Record| match row::write(record).unwrap() {
        Change::Put(table, _) | Change::Remove(table, _) => table.name,
    };
    let position = |row| Record::SCHEMA.tables.iter().position(|other| other.name == table(row)).unwrap();
    assert!(all.iter().map(position).is_sorted(), "not in the order of the tables");
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Record>>(&json).unwrap(), all);
}

/// The same season, with a crash after every step: sessions, progress and times are there again.
#[test]
fn a_season_with_crashes() {
    let mut rig = monday();
    let ann = Game::log_in(&mut rig, "Ann");
    let crash = |rig: &mut Server| rig.crash(game(&settings()));
    crash(&mut rig);
    let first = ann.challenge(&mut rig);
    for stage in 0..3 {
        let begun = ann.begin(&mut rig, first, stage);
        assert_eq!(begun.result(), "0");
        crash(&mut rig);
        let done = ann.complete(&mut rig, first, stage, 60.0);
        assert_eq!(done.value().field("Progress/ChampTimeMs"), Ok(60_000 * (stage.unsigned_abs() + 1)));
        crash(&mut rig);
        // The response was lost, and the game reports again: the stage counts once.
        let again = ann.complete(&mut rig, first, stage, 50.0);
        assert_eq!(again.body, done.body);
    }
    let trials = ann.trial(&mut rig, 72, 626);
    ann.post_time(&mut rig, 626, 42.0);
    ann.call(&mut rig, "Repairs.SetLivery", &Dict::new().si64("VehicleInstId", 382).ui32("LiveryId", 9));
    crash(&mut rig);
    assert_eq!(ann.board(&mut rig, board_of(first, None)).0, ranked(&[("Ann", 180_000)]));
    assert_eq!(ann.board(&mut rig, trials).0, ranked(&[("Ann", 42_000)]));
    let inventory = ann.call(&mut rig, "RaceNetInventory.GetInventory", &Dict::new());
    let (livery, id) = (
        inventory.value().field("Inventory/Vehicles/0/LiveryId"),
        inventory.value().field("Inventory/Vehicles/0/Id"),
    );
    assert_eq!((livery, id), (Ok(9_u32), Ok(382_i64)));
    assert_ne!(ann.challenge(&mut rig), first, "the second rally");
    assert_eq!(Game::log_in(&mut rig, "Ann").account, ann.account);
    assert_ne!(Game::log_in(&mut rig, "Bob").account, ann.account);
}

/// Nothing is acknowledged before it is durable.
#[test]
fn a_stage_that_is_not_committed_is_not_acknowledged() {
    let mut rig = monday();
    let ann = Game::log_in(&mut rig, "Ann");
    let first = ann.challenge(&mut rig);
    ann.drive(&mut rig, first, 0, 60.0);
    ann.begin(&mut rig, first, 1);
    rig.hold_commits();
    let conn = rig.open();
    let body = common::encoded(&common::stage_complete(first, 1, 61.0));
    let head = format!(
        "POST /RP17/1.18.0/STEAM/ HTTP/1.1\r\nHost: x\r\nX-EgoNet-Function: RaceNetChallenges.StageComplete\r\n\
         X-EgoNet-SessionID: {}\r\nContent-Length: {}\r\n\r\n",
        ann.session,
        body.len()
    );
    rig.send(conn, &[head.as_bytes(), &body].concat());
    assert_eq!(rig.read(conn), "");
    rig.crash(game(&settings()));
    assert_eq!(ann.board(&mut rig, board_of(first, Some(1))).0, vec![]);
    let done = ann.complete(&mut rig, first, 1, 61.0);
    assert_eq!(done.value().field("Progress/StageIndex"), Ok(2_i32));
    assert_eq!(ann.board(&mut rig, board_of(first, Some(1))).0, ranked(&[("Ann", 61_000)]));
}

#[test]
fn without_storage_nothing_is_changed_and_everything_can_be_read() {
    let mut rig = monday();
    let ann = Game::log_in(&mut rig, "Ann");
    let first = ann.challenge(&mut rig);
    rig.input(Input::Storage(Storage::Unavailable(StorageTrouble::Full)));
    let before: Vec<Record> = rig.server.service().rows().collect();
    for (function, body) in [
        ("Login.Login", login("Bob")),
        ("RaceNetChallenges.StageBegin", stage_begin(first, 0)),
        ("RaceNetChallenges.StageComplete", common::stage_complete(first, 0, 1.0)),
        ("TimeTrial.PostTime", post_time(626, 1.0)),
        ("Repairs.SetLivery", Dict::new().si64("VehicleInstId", 382).ui32("LiveryId", 9)),
        ("Repairs.FitTuning", Dict::new().si64("VehicleInstId", 382).ui32("EngineTuningId", 281)),
    ] {
        let refused = ann.call(&mut rig, function, &body);
        assert_eq!((refused.status, refused.result(), refused.body.len()), (503, "1", 0), "{function}");
    }
    assert_eq!(rig.server.service().rows().collect::<Vec<_>>(), before);
    assert_eq!(ann.challenge(&mut rig), first);
    rig.input(Input::Storage(Storage::Available));
    ann.drive(&mut rig, first, 0, 60.0);
}

#[test]
fn a_rally_ends_when_its_days_are_over_and_a_new_season_begins_after_the_last() {
    let mut rig = monday();
    let ann = Game::log_in(&mut rig, "Ann");
    let window = |rig: &mut Server| {
        let clubs = ann.call(rig, "Clubs.GetClubs", &get_clubs());
        let value = clubs.value();
        let time = |name| value.field::<UnixTime>(&format!("Challenges/0/EntryWindow/{name}")).unwrap().0;
        let [start, end] = ["Start", "End"].map(time);
        let name: &str = value.field("Challenges/0/Name").unwrap();
        (name.to_owned(), i64::from(start), i64::from(end))
    };
    let begin = FIRST_MONDAY + 14 * 86_400;
    let week = 7 * 86_400;
    let first = ann.challenge(&mut rig);
    assert_eq!(window(&mut rig), ("First".into(), begin, begin + week));
    ann.begin(&mut rig, first, 0);
    rig.pass(7 * DAY);
    assert_eq!(window(&mut rig), ("Second".into(), begin + week, begin + 2 * week));
    // A stage that was begun in time counts, and no stage can be begun any more.
    let late = ann.complete(&mut rig, first, 0, 60.0);
    assert_eq!(late.result(), "0");
    let too_late = ann.begin(&mut rig, first, 1);
    assert_eq!((too_late.result(), too_late.body.len()), ("1", 0));
    rig.pass(7 * DAY);
    assert_eq!(window(&mut rig), ("First".into(), begin + 2 * week, begin + 3 * week));
    assert_ne!(ann.challenge(&mut rig), first);
    // A player that finishes early may go on at once.
    let next = ann.challenge(&mut rig);
    for stage in 0..3 {
        ann.drive(&mut rig, next, stage, 60.0);
    }
    assert_eq!(window(&mut rig), ("Second".into(), begin + 2 * week, begin + 4 * week));
}
