//! Warnings to operators while the wall clock is in doubt, and about a season that lies ahead.

use std::time::Duration;

use mmcos_core::{
    engine::{Limits, SETTLING},
    seam::Wall,
};
use mmcos_game::Mmcos;
use serde_json::Value;

use super::{
    ANN, ELSEWHERE, HERE, Request, json, server, state, view,
    world::{self, login, on, restarted},
};
use crate::rig::{Rig, status};
use crate::world::game;

const DAY: i64 = 24 * 3_600;

fn jump(rig: &mut Rig<Mmcos>, secs: i64) {
    rig.set_wall(Wall::from_secs(rig.wall().as_secs() + secs));
}

/// Returns what the dashboard says of the clock, and the metric.
fn shown(rig: &mut Rig<Mmcos>) -> (Value, bool) {
    let metrics = Request::from(HERE).operator().get(rig, "/metrics");
    let is_doubted = metrics.contains("\nmmcos_clock_doubted 1\n");
    assert_ne!(is_doubted, metrics.contains("\nmmcos_clock_doubted 0\n"), "{metrics}");
    let seen = state(rig)["server"]["clock_trouble"].clone();
    let public = json(&Request::from(ELSEWHERE).get(rig, "/api/v1/status"))["clock_trouble"].clone();
    assert_eq!(public, seen, "`mmcos doctor` reads it there");
    (seen, is_doubted)
}

#[test]
fn a_doubted_clock_is_shown_until_it_is_right_or_believed() {
    for (secs, text) in [(5 * 3_600, "it has jumped ahead"), (-5 * 3_600, "it has jumped back")] {
        let mut rig = server();
        rig.pass(Duration::from_mins(1));
        assert_eq!(shown(&mut rig), (Value::Null, false));
        jump(&mut rig, secs);
        rig.pass(Duration::from_secs(2));
        assert_eq!(shown(&mut rig), (text.into(), true));
        // Players are served as ever, so there is no reason to send them elsewhere.
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, "/readyz")), "200");
        jump(&mut rig, -secs);
        rig.pass(Duration::from_secs(2));
        assert_eq!(shown(&mut rig), (Value::Null, false));
        jump(&mut rig, secs);
        rig.pass(Duration::from_secs(1));
        rig.pass(SETTLING);
        rig.pass(Duration::from_secs(2));
        assert_eq!(shown(&mut rig), (Value::Null, false));
    }
}

#[test]
fn a_start_is_no_trouble_and_a_start_at_a_wrong_time_is() {
    let mut before = server();
    before.set_wall(on(2026, 11, 18, 12));
    login(&mut before, ANN, "Ann");
    for (now, expected) in [
        (on(2026, 11, 18, 13), Value::Null),
        (on(2026, 10, 18, 12), "it has jumped back".into()),
        (on(2036, 11, 18, 12), "it has jumped ahead".into()),
    ] {
        let mut rig = Rig::new(game(super::config(), 4), Limits::default());
        for record in &before.records {
            rig.server.restore(record.clone()).unwrap();
        }
        rig.set_wall(now);
        rig.pass(Duration::from_secs(2));
        let is_doubted = !expected.is_null();
        assert_eq!(shown(&mut rig), (expected, is_doubted));
    }
}

#[test]
fn a_season_that_lies_ahead_is_shown_with_its_right_number_until_it_has_it() {
    let mut wrong = server();
    wrong.set_wall(on(2036, 11, 18, 12));
    let ann = login(&mut wrong, ANN, "Ann");
    world::race(&mut wrong, &ann, 100);
    assert_eq!(state(&mut wrong)["season"]["renumber_to"], Value::Null);
    let mut rig = restarted(&wrong, super::config(), on(2026, 11, 18, 12));
    let season = state(&mut rig)["season"].clone();
    assert_eq!((&season["id"], &season["renumber_to"]), (&117.into(), &57.into()));
    let order = ("POST", "season/start", &*format!(r#"{{"season":{}}}"#, season["renumber_to"]));
    assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, order)), "200");
    let season = state(&mut rig)["season"].clone();
    assert_eq!((&season["id"], &season["renumber_to"]), (&57.into(), &Value::Null));
    assert_eq!(view(&mut rig, "players?sort=points")["rows"][0]["points"], 100);
}

#[test]
fn points_won_before_a_season_was_renumbered_bring_the_bonus_of_the_next() {
    let mut wrong = server();
    wrong.set_wall(on(2036, 11, 18, 12));
    let ann = login(&mut wrong, ANN, "Ann");
    login(&mut wrong, ANN + 1, "Bea");
    world::race(&mut wrong, &ann, 100);
    let mut rig = restarted(&wrong, super::config(), on(2026, 11, 18, 12));
    let order = ("POST", "season/start", r#"{"season":57}"#);
    assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, order)), "200");
    let points = |mut rig: Rig<Mmcos>| {
        rig.skip_to(on(2027, 1, 2, 12));
        login(&mut rig, ANN, "Ann");
        let leaderboard = view(&mut rig, "players?sort=points")["rows"].clone();
        [0, 1].map(|rank| leaderboard[rank]["points"].as_i64())
    };
    let after_a_restart = restarted(&rig, super::config(), on(2026, 11, 18, 13));
    for rig in [rig, after_a_restart] {
        assert_eq!(points(rig), [Some(300), Some(0)], "Bea has not raced");
    }
}

#[test]
fn a_season_is_not_offered_another_number_while_the_clock_is_doubted() {
    let mut rig = server();
    rig.set_wall(on(2026, 11, 18, 12));
    login(&mut rig, ANN, "Ann");
    let starts = state(&mut rig)["season"]["starts"].as_i64().unwrap();
    let back = rig.wall().as_secs() - starts + 2 * DAY;
    jump(&mut rig, -back);
    rig.pass(Duration::from_secs(2));
    assert_eq!(state(&mut rig)["season"]["renumber_to"], Value::Null);
    rig.pass(SETTLING);
    login(&mut rig, ANN, "Ann");
    assert_eq!(state(&mut rig)["season"]["renumber_to"], 56);
}
