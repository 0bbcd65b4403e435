//! Reports of the first player that searches.

use mmcos_game::Mmcos;

use crate::{
    rig::Rig,
    world::{CANCEL, Search, login, millis, post, rig, server, trusting},
};

const FIRST: u64 = 76_561_198_000_005_001;

/// Logs in two players, Ann and Bea.
fn ann_and_bea(rig: &mut Rig<Mmcos>) -> [String; 2] {
    [login(rig, FIRST, "Ann"), login(rig, FIRST + 1, "Bea")]
}

/// Returns the players reported as the first since the last call.
fn told(rig: &mut Rig<Mmcos>) -> Vec<String> {
    let events = std::mem::take(&mut rig.events);
    let told = events.iter().filter(|event| event.contains("news: Searching"));
    let told = told.filter_map(|event| event.strip_prefix("Call { name: Name(\""));
    told.filter_map(|event| event.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn the_first_is_told_of_and_who_joins_is_not() {
    let mut rig = server();
    let [ann, bea] = ann_and_bea(&mut rig);
    assert!(told(&mut rig).is_empty(), "a login is no search");
    Search::race(&ann, 1).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann"]);
    Search { game_type: "QuickBattle", rule_set: "Battle", ..Search::race(&bea, 2) }.begin(&mut rig);
    assert!(told(&mut rig).is_empty());
}

#[test]
fn a_search_that_goes_on_is_told_of_once() {
    let mut rig = server();
    let [ann, _] = ann_and_bea(&mut rig);
    for lobby in 1..=4 {
        Search::race(&ann, lobby).begin(&mut rig);
        // Held for 24.5 s; the game polls again 0.9 s later.
        rig.pass(millis(25_400));
    }
    assert_eq!(told(&mut rig), ["Ann"]);
}

#[test]
fn a_poll_that_takes_the_place_of_another_is_none_to_tell_of() {
    let mut rig = server();
    let [ann, _] = ann_and_bea(&mut rig);
    Search::race(&ann, 1).begin(&mut rig);
    Search::race(&ann, 2).begin(&mut rig);
    Search { game_type: "QuickBattle", rule_set: "Battle", ..Search::race(&ann, 3) }.begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann"]);
}

#[test]
fn who_gave_up_left_or_stayed_away_begins_anew() {
    let mut rig = server();
    let [ann, bea] = ann_and_bea(&mut rig);
    Search::race(&ann, 1).begin(&mut rig);
    rig.request(&post(
        CANCEL,
        &format!("<CancelMatchmaking><SessionToken>{ann}</SessionToken></CancelMatchmaking>"),
    ));
    let conn = Search::race(&ann, 2).begin(&mut rig);
    rig.leave(conn);
    Search::race(&bea, 3).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann", "Ann", "Bea"]);
    // The response comes after 24.5 s, and the search is remembered for 5 s more. No tick comes: the poll itself
    // brings the time.
    rig.pass(millis(24_500));
    rig.skip(millis(5_000));
    Search::race(&bea, 4).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Bea"]);
}

#[test]
fn whom_others_wait_for_is_not_the_first_when_coming_back() {
    let mut rig = server();
    let [ann, bea] = ann_and_bea(&mut rig);
    let conn = Search::race(&ann, 1).begin(&mut rig);
    Search { game_type: "QuickBattle", rule_set: "Battle", ..Search::race(&bea, 2) }.begin(&mut rig);
    rig.leave(conn);
    Search::race(&ann, 3).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann"]);
}

#[test]
fn who_was_sent_to_a_race_begins_anew() {
    let mut rig = server();
    let [ann, bea] = ann_and_bea(&mut rig);
    // Against AI, at once.
    Search { ignore: true, ..Search::race(&ann, 1) }.begin(&mut rig);
    Search { ignore: true, ..Search::race(&ann, 2) }.begin(&mut rig);
    assert!(told(&mut rig).is_empty(), "whoever accepts AI does not wait for friends");
    Search::race(&ann, 3).begin(&mut rig);
    Search::race(&bea, 4).begin(&mut rig);
    rig.pass(millis(5_000));
    Search::race(&bea, 5).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann"], "Ann may be about to come back from the same race");
    rig.pass(millis(24_500));
    assert_eq!(told(&mut rig), ["Bea"]);
}

#[test]
fn a_party_is_told_of_once_and_with_its_size() {
    let mut rig = server();
    let [ann, bea] = ann_and_bea(&mut rig);
    let party = |token, lobby| {
        let request = String::from_utf8(Search::race(token, lobby).request()).expect("it is text");
        request
            .replace("<GroupSize>1<", "<GroupSize>2<")
            .replace("<GroupLobbyId>109775241000001002<", "<GroupLobbyId>109775241000001001<")
    };
    for request in [party(&ann, 1), party(&bea, 2)] {
        let conn = rig.open();
        rig.send(conn, request.as_bytes());
    }
    assert!(rig.events.iter().any(|event| event.contains("size: GroupSize(2)")), "{:?}", rig.events);
    assert_eq!(told(&mut rig), ["Ann"]);
}

#[test]
fn a_search_that_was_refused_is_none() {
    let mut rig = rig(trusting());
    Search::race("nobody's token", 1).begin(&mut rig);
    assert!(told(&mut rig).is_empty());
    let [ann, _] = ann_and_bea(&mut rig);
    Search::race(&ann, 1).begin(&mut rig);
    assert_eq!(told(&mut rig), ["Ann"]);
}
