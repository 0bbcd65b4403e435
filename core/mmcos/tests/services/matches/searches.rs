//! Searches as clients live through them: held, matched, cancelled, cut short.

use std::time::Duration;

use mmcos_core::seam::Input;
use mmcos_game::Mmcos;

use crate::{
    rig::{Rig, body, status},
    world::{CANCEL, Search, lobbies, login, millis, post, rig, server, text, texts, trusting},
};

const FIRST: u64 = 76_561_198_000_004_001;

fn players<const N: usize>(rig: &mut Rig<Mmcos>) -> [String; N] {
    let mut ids = FIRST..;
    [(); N].map(|()| login(rig, ids.next().unwrap_or_default(), "Racer"))
}

#[test]
fn two_who_search_meet_in_one_answer() {
    for (game_type, rule_set, teams) in
        [("QuickRace", "Race", ["0", "0"]), ("RankedBattle", "Battle", ["1", "2"])]
    {
        let mut rig = server();
        let [ann, bea] = players(&mut rig);
        let search = |token, lobby| Search { game_type, rule_set, ..Search::race(token, lobby) };
        let conns = [search(&ann, 1), search(&bea, 2)].map(|search| search.begin(&mut rig));
        rig.pass(millis(4_999));
        assert_eq!(conns.map(|conn| rig.read(conn)), ["", ""]);
        rig.pass(millis(1));
        let [one, other] = conns.map(|conn| rig.read(conn));
        assert_eq!(one, other);
        assert_eq!(lobbies(&one, "GameLobbyId"), [1, 2]);
        assert_eq!(lobbies(&one, "GroupLobbyId"), [1001, 1002]);
        assert_eq!(texts(&one, "Team"), teams);
        assert_eq!(texts(&one, "IsHost").iter().filter(|is_host| **is_host == "true").count(), 1);
        assert_eq!(text(&one, "RaceKey").len(), 16);
    }
}

#[test]
fn who_searches_for_something_else_is_not_met() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    let race = Search::race(&ann, 1).begin(&mut rig);
    let battle =
        Search { game_type: "QuickBattle", rule_set: "Battle", ..Search::race(&bea, 2) }.begin(&mut rig);
    rig.pass(millis(24_500));
    assert_eq!(lobbies(&rig.read(race), "GameLobbyId"), [1]);
    assert_eq!(lobbies(&rig.read(battle), "GameLobbyId"), [2]);
}

#[test]
fn a_lone_search_is_held_as_long_as_the_host_says_less_its_margin() {
    for (seconds, held) in [(25, 24_500), (3, 2_940), (60, 58_800)] {
        let mut config = trusting();
        config.poll_seconds = Duration::from_secs(seconds);
        let mut rig = rig(config);
        let [ann] = players(&mut rig);
        let conn =
            Search { game_type: "RankedBattle", rule_set: "Battle", ..Search::race(&ann, 1) }.begin(&mut rig);
        rig.pass(millis(held - 1));
        assert_eq!(rig.read(conn), "");
        rig.pass(millis(1));
        assert_eq!(text(&rig.read(conn), "Team"), "0");
    }
}

#[test]
fn who_is_content_with_ai_is_answered_at_once() {
    for (rule_set, team) in [("Race", "0"), ("Elimination", "0"), ("Battle", "1")] {
        let mut rig = server();
        let [ann] = players(&mut rig);
        let conn = Search { rule_set, ignore: true, ..Search::race(&ann, 1) }.begin(&mut rig);
        let answer = rig.read(conn);
        assert_eq!((text(&answer, "Team"), text(&answer, "IsHost")), (team, "true"));
    }
}

#[test]
fn giving_up_ends_the_search() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    let conn = Search::race(&ann, 1).begin(&mut rig);
    let cancel =
        post(CANCEL, &format!("<CancelMatchmaking><SessionToken>{ann}</SessionToken></CancelMatchmaking>"));
    let answer = rig.request(&cancel);
    assert_eq!((status(&answer), body(&answer)), ("200", ""));
    assert_eq!(text(&rig.read(conn), "Error"), "cancelled");
    nobody_is_met(&mut rig, &bea);
}

#[test]
fn leaving_ends_the_search() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    let conn = Search::race(&ann, 1).begin(&mut rig);
    rig.leave(conn);
    assert_eq!(rig.server.service().matchmaker().load().tickets, 0);
    nobody_is_met(&mut rig, &bea);
}

fn nobody_is_met(rig: &mut Rig<Mmcos>, token: &str) {
    let conn = Search::race(token, 9).begin(rig);
    rig.pass(millis(24_500));
    assert_eq!(lobbies(&rig.read(conn), "GameLobbyId"), [9]);
}

#[test]
fn a_second_poll_has_the_first_answered_alone_at_once() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let first = Search::race(&ann, 1).begin(&mut rig);
    rig.pass(millis(3_000));
    let second = Search::race(&ann, 2).begin(&mut rig);
    assert_eq!(lobbies(&rig.read(first), "GameLobbyId"), [1]);
    assert_eq!(rig.read(second), "");
    // The old connection is not the new poll's.
    rig.leave(first);
    rig.pass(millis(24_500));
    assert_eq!(lobbies(&rig.read(second), "GameLobbyId"), [2]);
}

#[test]
fn a_server_that_stops_answers_every_search() {
    let mut rig = server();
    let [ann, bea, cat] = players(&mut rig);
    let race = Search::race(&ann, 1);
    let conns = [race, Search::race(&bea, 2), Search { rule_set: "Battle", ..Search::race(&cat, 3) }]
        .map(|search| search.begin(&mut rig));
    rig.input(Input::Shutdown { grace: Duration::from_secs(5) });
    let [one, two, three] = conns.map(|conn| rig.read(conn));
    assert_eq!(one, two);
    assert_eq!((lobbies(&one, "GameLobbyId"), lobbies(&three, "GameLobbyId")), (vec![1, 2], vec![3]));
    assert!(one.contains("\r\nConnection: close\r\n"));
    assert!(rig.server.is_idle());
}

#[test]
fn nobody_searches_with_the_token_of_another_server() {
    let mut rig = server();
    let mut other = crate::world::Hosted::from(trusting());
    other.life.key = [0xEE; 32];
    let [stranger] = players(&mut crate::world::rig(other));
    let [_ann] = players(&mut rig);
    let conn = Search::race(&stranger, 1).begin(&mut rig);
    assert_eq!(status(&rig.read(conn)), "401");
    assert_eq!(rig.server.service().matchmaker().load().tickets, 0);
}
