//! Matches that an operator ends.

use std::time::Duration;

use mmcos_core::game::Game as _;
use mmcos_game::Mmcos;

use super::{
    ANN, BEN, ELSEWHERE, Request, server, state,
    world::{self, Search, login},
};
use crate::rig::{Rig, status};

/// Matches Ann and Ben, and returns their response.
fn meet(rig: &mut Rig<Mmcos>, tokens: &[String; 2]) -> String {
    let searches = [(0, 10), (1, 20)]
        .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(rig));
    rig.pass(Duration::from_secs(30));
    rig.read(searches[0])
}

fn end(rig: &mut Rig<Mmcos>, session: &str) -> String {
    let order = format!("matches/{session}/end");
    status(&Request::from(ELSEWHERE).operator().command(rig, ("POST", &order, ""))).to_owned()
}

#[test]
fn a_match_that_is_ended_takes_no_result() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let answer = meet(&mut rig, &tokens);
    let [session, race_key] = ["SessionId", "RaceKey"].map(|name| world::text(&answer, name).to_owned());
    assert_eq!(end(&mut rig, &session), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["matches"]["running"], 0);
    let scored = world::add_points(&mut rig, &tokens[0], &race_key, 10);
    assert_eq!(world::text(&scored, "Points"), "0");
    assert_eq!(end(&mut rig, &session), "404");
}

#[test]
fn what_has_not_come_of_an_ended_match_does_not_count_and_what_has_come_stays() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let answer = meet(&mut rig, &tokens);
    let [session, race_key] = ["SessionId", "RaceKey"].map(|name| world::text(&answer, name).to_owned());
    let score = |rig: &mut Rig<Mmcos>, player: usize| {
        let answer = world::add_points(rig, &tokens[player], &race_key, 10);
        world::text(&answer, "Points").to_owned()
    };
    assert_eq!(score(&mut rig, 0), "10");
    assert_eq!(end(&mut rig, &session), "200");
    assert_eq!(score(&mut rig, 1), "0", "it comes too late");
    assert_eq!(score(&mut rig, 0), "10", "it is told again what it was told");
    let records = std::mem::take(&mut rig.records);
    let mut again = server();
    for record in records {
        again.server.restore(record).unwrap();
    }
    assert_eq!([score(&mut again, 1), score(&mut again, 0)], ["0", "10"]);
}

#[test]
fn the_number_of_an_ended_match_is_not_given_again_after_a_restart() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let number = |rig: &mut Rig<Mmcos>| world::text(&meet(rig, &tokens), "SessionId").parse::<u64>().unwrap();
    let first = number(&mut rig);
    assert_eq!(end(&mut rig, &first.to_string()), "200");
    let mut again = server();
    for record in rig.server.service().rows() {
        again.server.restore(record).unwrap();
    }
    assert!(number(&mut again) > first);
}
