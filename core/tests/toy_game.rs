//! Tests that the example game on the same engine does what its page says.
#![cfg(test)]

#[path = "../examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

use std::time::Duration;

use mmcos_core::game::{Game as _, Life};
use mmcos_core::testing::{Scenario, TestGame};

struct Fresh;

impl TestGame for Fresh {
    type Service = toy_game::Duel;

    fn service(&self, _: &[(String, String)]) -> toy_game::Duel {
        let settings = toy_game::Settings::defaults().unwrap();
        toy_game::Duel::new(&settings, &Life::default()).unwrap()
    }
}

#[test]
fn a_duel_is_the_same_however_its_bytes_arrive() {
    let head = "< HTTP/1.1 200 OK\n< Content-Type: {{…}}\n< Date: {{…}}\n< Content-Length: {{length}}\n<\n";
    Scenario::parse(&format!(
        "client ann\n> GET /duel?ann HTTP/1.1\n> Host: duel\n>\nheld\nwait 9.9s\nheld\n\
         client bob\n> GET /duel?bob HTTP/1.1\n> Host: duel\n>\n{head}< ann\\n\nclient ann\n{head}< bob\\n\n"
    ))
    .check(&Fresh);
}

#[test]
fn a_victory_that_was_answered_survives_a_crash_and_another_was_never_answered() {
    let won = |scenario: Scenario| scenario.sends("GET /won?ann HTTP/1.1\nHost: duel\n");
    let counted = won(Scenario::new().client("ann")).responds(200, "1\n");
    let lost = won(counted.uncommitted()).held().crash();
    let again = won(lost.client("ann")).responds(200, "2\n").wait(Duration::from_secs(1));
    won(won(again).responds(200, "3\n").uncommitted()).held().commit().responds(200, "4\n").check(&Fresh);
}

#[test]
#[should_panic(expected = "sent too soon")]
fn a_scenario_can_fail() {
    let request = Scenario::new().client("ann").sends("GET /won?ann HTTP/1.1\nHost: duel\n");
    request.held().check(&Fresh);
}

#[test]
fn two_meet_and_one_waits_in_vain() {
    let lines = toy_game::script().unwrap();
    assert_eq!(
        lines,
        [
            r#"1 reads "bob\n""#,
            r#"2 reads "ann\n""#,
            "log: ann meets bob",
            "keep that bob has won: 1",
            r#"2 reads "1\n""#,
            r#"1 reads "nobody came\n""#
        ]
    );
}
