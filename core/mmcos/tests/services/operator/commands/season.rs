//! A season that was begun early and is undone.

use std::time::Duration;

use mmcos_core::{engine::Limits, game::Game as _, seam::Wall, testing::Rows};
use mmcos_game::{Mmcos, Record, divisions::Standing, ids::Points, players::Player};
use serde_json::{Value, json as value};

use super::super::{
    ANN, BEN, ELSEWHERE, Request, audit, config, json, state,
    world::{self, Hosted, get_elite, login, login_answer, race, restarted, text, texts},
};
use crate::rig::{Rig, status};

/// Number of the season that the calendar has at the start.
const FIRST: i64 = 39;
const CARL: u64 = BEN + 1;

/// Configuration of a server whose rows follow a change of season one at a time.
fn in_pieces() -> Hosted {
    let mut hosted = config();
    hosted.settings.season_rows = 1;
    hosted
}

fn command(rig: &mut Rig<Mmcos>, path: &str, body: &Value) -> String {
    Request::from(ELSEWHERE).operator().command(rig, ("POST", path, &body.to_string()))
}

fn start(rig: &mut Rig<Mmcos>, season: i64) {
    let answer = command(rig, "season/start", &value!({ "season": season, "confirm": true }));
    assert_eq!(status(&answer), "200", "{answer}");
}

fn undo(rig: &mut Rig<Mmcos>, season: i64, confirm: bool) -> String {
    command(rig, "season/undo", &value!({ "season": season, "confirm": confirm }))
}

/// Asserts that the season cannot be undone, and that nothing has changed.
fn refuses(rig: &mut Rig<Mmcos>, season: i64, expected: &str) {
    let before = standings(rig);
    let answer = undo(rig, season, true);
    assert!(status(&answer) == "400" && answer.contains(expected), "{answer}");
    assert_eq!(standings(rig), before);
}

/// Season, standing and bonus of every player, with the rank.
type Standings = Vec<(i32, Standing, Points, Option<u32>)>;

fn standings(rig: &Rig<Mmcos>) -> Standings {
    let players = rig.server.service().players();
    let row =
        |player: &Player| (player.season.0, player.standing, player.bonus, players.rank_of(player.user_id));
    players.iter().map(row).collect()
}

fn season(rig: &mut Rig<Mmcos>) -> (i64, Option<i64>) {
    let season = &state(rig)["season"];
    (season["id"].as_i64().unwrap(), season["undo_to"].as_i64())
}

/// Returns a server on which Ann has points and a division, Ben fewer points, and Carl none.
fn raced(hosted: Hosted) -> Rig<Mmcos> {
    let mut rig = world::rig(hosted);
    let [ann, ben, _] =
        [(ANN, "Ann"), (BEN, "Ben"), (CARL, "Carl")].map(|(id, name)| login(&mut rig, id, name));
    for _ in 0..9 {
        race(&mut rig, &ann, 120);
    }
    race(&mut rig, &ben, 40);
    rig
}

/// Returns the time an hour later.
fn later(rig: &Rig<Mmcos>) -> Wall {
    Wall::from_secs(rig.wall().as_secs() + 3_600)
}

/// Returns a server that is restored from the rows which a store has after these records.
fn restored(records: &[Record], now: Wall) -> Rig<Mmcos> {
    let mut rows = Rows::default();
    for record in records {
        rows.put(record.clone()).unwrap();
    }
    let mut rig = Rig::new(world::game(in_pieces(), 5), Limits::default());
    for record in rows.records(now) {
        rig.server.restore(record).unwrap();
    }
    rig.set_wall(now);
    rig
}

#[test]
fn all_is_as_before_if_nothing_counted_meanwhile() {
    let mut rig = raced(config());
    let (before, elite) = (standings(&rig), {
        let ann = login(&mut rig, ANN, "Ann");
        get_elite(&mut rig, &ann)
    });
    assert_eq!(season(&mut rig), (FIRST, None), "the calendar began it");
    start(&mut rig, FIRST + 1);
    assert_eq!(season(&mut rig), (FIRST + 1, Some(FIRST)));
    assert_ne!(standings(&rig), before);
    refuses(&mut rig, FIRST - 1, "`season` must be 39");
    rig.pass(Duration::from_hours(23));
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "200");
    assert_eq!((standings(&rig), season(&mut rig)), (before.clone(), (FIRST, None)));
    let ann = login(&mut rig, ANN, "Ann");
    assert_eq!(texts(&get_elite(&mut rig, &ann), "Points"), texts(&elite, "Points"));
    assert_eq!(json(&get(&mut rig, "/api/v1/seasons")), value!([]), "the season has not ended");
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert_eq!((&entry["before"], &entry["after"]), (&"season 40".into(), &"season 39".into()));
    // A client that got no response sends it again.
    let records = rig.records.len();
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "200");
    assert!(!rig.records[records..].iter().any(|record| matches!(record, Record::SeasonStarted(_))));
    // Points go on from there, and the calendar's next change is as if nothing had been.
    assert_eq!(text(&race(&mut rig, &ann, 10), "NewSeason"), "39");
    rig.skip_to(world::on(2024, 1, 2, 9));
    let told = login_answer(&mut rig, ANN, "Ann");
    let told = ["OldSeasonID", "NewSeasonID", "BonusPoints"].map(|name| *texts(&told, name).last().unwrap());
    assert_eq!(told, ["39", "40", "400"]);
    assert_eq!(json(&get(&mut rig, "/api/v1/seasons"))[0]["season"], FIRST);
    refuses(&mut rig, FIRST, "seasons/before-season-40.db in the data directory");
}

fn get(rig: &mut Rig<Mmcos>, path: &str) -> String {
    Request::from(ELSEWHERE).get(rig, path)
}

#[test]
fn what_counted_meanwhile_is_dropped_once_that_is_confirmed() {
    let mut rig = raced(config());
    let before = standings(&rig);
    start(&mut rig, FIRST + 1);
    let [ben, dora] = [(BEN, "Ben"), (CARL + 1, "Dora")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ben, 30);
    let asked = undo(&mut rig, FIRST, false);
    assert!(status(&asked) == "409" && asked.contains("the points of 1 player have changed"), "{asked}");
    race(&mut rig, &dora, 30);
    let asked = undo(&mut rig, FIRST, false);
    assert!(asked.contains("the points of 2 players have changed"), "{asked}");
    assert_eq!(season(&mut rig).0, FIRST + 1, "it only asks");
    let mut search = world::Search::race(&ben, 8);
    search.ignore = true;
    let conn = search.begin(&mut rig);
    rig.pass(Duration::from_mins(2));
    let race_key = text(&rig.read(conn), "RaceKey").to_owned();
    assert_eq!(status(&undo(&mut rig, FIRST, true)), "200");
    let after = standings(&rig);
    assert_eq!(after[..3], before[..]);
    assert_eq!(
        (after[3].0, after[3].1.points, after[3].2),
        (39, Points(0), Points(0)),
        "Dora came meanwhile"
    );
    // A match that was under way counts, in the season that goes on.
    world::add_points(&mut rig, &ben, &race_key, 25);
    assert_eq!(standings(&rig)[1].1.points, Points(before[1].1.points.0 + 25));
}

#[test]
fn points_that_an_operator_changed_meanwhile_are_asked_for_too() {
    let mut rig = raced(config());
    let before = standings(&rig);
    start(&mut rig, FIRST + 1);
    let given = value!({ "change": 5, "reason": "a crash" });
    assert_eq!(status(&command(&mut rig, "players/3/points", &given)), "200");
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "409");
    assert_eq!(status(&undo(&mut rig, FIRST, true)), "200");
    assert_eq!(standings(&rig), before);
}

#[test]
fn accounts_that_were_merged_meanwhile_have_the_points_of_both() {
    let mut rig = raced(config());
    let before = standings(&rig);
    start(&mut rig, FIRST + 1);
    for user in [1, 2] {
        assert_eq!(status(&command(&mut rig, &format!("players/{user}/kick"), &value!({}))), "200");
    }
    let merge = value!({ "other": 2, "reason": "two accounts", "confirm": true });
    let merged = command(&mut rig, "players/1/merge", &merge);
    assert_eq!(status(&merged), "200", "{merged}");
    assert_eq!(status(&undo(&mut rig, FIRST, true)), "200");
    let points = before[0].1.points.0 + before[1].1.points.0;
    assert_eq!(standings(&rig)[0].1.points, Points(points));
}

#[test]
fn a_season_is_undone_after_a_restart_and_stays_so() {
    let mut rig = raced(config());
    let before = standings(&rig);
    start(&mut rig, FIRST + 1);
    let mut rig = restarted(&rig, config(), later(&rig));
    assert_eq!(season(&mut rig), (FIRST + 1, Some(FIRST)));
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "200");
    let mut rig = restarted(&rig, config(), later(&rig));
    assert_eq!((standings(&rig), season(&mut rig)), (before.clone(), (FIRST, None)));
    // A store that was written anew from the state of the server, too.
    start(&mut rig, FIRST + 1);
    let rows: Vec<Record> = rig.server.service().rows().collect();
    let mut rig = restored(&rows, later(&rig));
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "200");
    assert_eq!(standings(&rig), before);
}

#[test]
fn after_a_kill_while_rows_are_written_it_is_as_it_was_acknowledged() {
    let mut rig = raced(in_pieces());
    let before = standings(&rig);
    let began = rig.records.len();
    start(&mut rig, FIRST + 1);
    let early = standings(&rig);
    assert_eq!(status(&undo(&mut rig, FIRST, false)), "200");
    assert_eq!(standings(&rig), before);
    let is_start = |record: &Record| matches!(record, Record::SeasonStarted(_));
    let starts = rig.records.iter().enumerate().filter(|(_, record)| is_start(record)).map(|(at, _)| at + 1);
    let starts: Vec<usize> = starts.filter(|at| *at > began).collect();
    assert_eq!(starts.len(), 2);
    for kept in starts[0]..=rig.records.len() {
        let mut next = restored(&rig.records[..kept], later(&rig));
        let is_undone = kept >= starts[1];
        assert_eq!(&standings(&next), if is_undone { &before } else { &early }, "from {kept} records");
        if !is_undone {
            assert_eq!(status(&undo(&mut next, FIRST, false)), "200", "from {kept} records");
            assert_eq!(standings(&next), before, "from {kept} records");
        }
    }
}

#[test]
fn a_season_is_not_undone_after_a_day_or_another_change() {
    let mut rig = raced(config());
    start(&mut rig, FIRST + 1);
    let early = standings(&rig);
    rig.pass(Duration::from_hours(24));
    assert_eq!(season(&mut rig), (FIRST + 1, None));
    refuses(&mut rig, FIRST, "seasons/before-season-40.db in the data directory");
    // Of two, the second is undone, and then the first no more.
    start(&mut rig, FIRST + 2);
    assert_eq!(season(&mut rig), (FIRST + 2, Some(FIRST + 1)));
    refuses(&mut rig, FIRST, "`season` must be 40");
    assert_eq!(status(&undo(&mut rig, FIRST + 1, false)), "200");
    assert_eq!(standings(&rig), early);
    assert_eq!(season(&mut rig), (FIRST + 1, None));
    refuses(&mut rig, FIRST, "season 40 cannot be undone");
}

#[test]
fn a_season_is_not_undone_while_the_clock_is_in_doubt() {
    let mut rig = raced(config());
    start(&mut rig, FIRST + 1);
    rig.set_wall(world::on(2023, 11, 5, 12));
    refuses(&mut rig, FIRST, "clock has jumped and may be wrong");
    assert_eq!(season(&mut rig).1, None);
}
