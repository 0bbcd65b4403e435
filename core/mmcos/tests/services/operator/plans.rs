//! Planned messages and maintenance.

use std::time::Duration;

use mmcos_core::{calendar::UtcText, game::Game as _, seam::Wall};
use mmcos_game::{Mmcos, Record};

use super::{
    ANN, BEN, ELSEWHERE, HERE, Request, audit, server, state, view,
    world::{self, get_elite, login, login_answer},
};
use crate::rig::{Rig, body, status};

fn menu(rig: &mut Rig<Mmcos>) -> String {
    rig.request(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Plans something for hours from now.
fn plan(rig: &mut Rig<Mmcos>, (from, until): (i64, i64), rest: &str) -> String {
    let now = rig.wall().as_secs();
    let [from, until] = [from, until].map(|hours| now + hours * 3600);
    let plan = format!(r#"{{"from":{from},"until":{until}{rest}}}"#);
    Request::from(ELSEWHERE).operator().command(rig, ("POST", "plans", &plan))
}

#[test]
fn maintenance_is_announced_begins_and_ends_by_itself() {
    let mut rig = server();
    let ann = login(&mut rig, ANN, "Ann");
    let start = Wall::from_secs(rig.wall().as_secs() + 2 * 3600);
    let start = UtcText::from(start).to_string().replace('T', " ");
    let answer = plan(&mut rig, (2, 3), r#","maintenance":true"#);
    assert_eq!((status(&answer), body(&answer)), ("200", r#"{"number":1}"#));
    assert!(menu(&mut rig).contains(r#"display="false""#), "two hours before");
    rig.pass(Duration::from_mins(61));
    let announced = menu(&mut rig);
    let expected = format!("Maintenance from {} to ", start.split_at(16).0);
    assert!(announced.contains(&expected) && announced.contains(r#"accessible="true""#), "{announced}");
    assert_eq!(status(&login_answer(&mut rig, BEN, "Ben")), "200");
    // A server that restarts meanwhile keeps to it.
    let rows: Vec<Record> = rig.server.service().rows().collect();
    assert!(rows.iter().any(|row| matches!(row, Record::Plan(_))));
    let mut again = world::restarted(&rig, super::config(), rig.wall());
    for rig in [&mut rig, &mut again] {
        rig.pass(Duration::from_hours(1));
        assert!(menu(rig).contains(r#"accessible="false""#));
        assert_eq!(status(&login_answer(rig, BEN, "Ben")), "503");
        assert_eq!(status(&Request::from(HERE).get(rig, "/readyz")), "503");
        assert_eq!(state(rig)["server"]["maintenance"], true);
    }
    assert_eq!(status(&get_elite(&mut rig, &ann)), "200", "players that are in play on");
    rig.pass(Duration::from_hours(1));
    assert!(menu(&mut rig).contains(r#"accessible="true""#));
    assert_eq!(status(&login_answer(&mut rig, BEN, "Ben")), "200");
    assert_eq!(view(&mut rig, "plans").as_array().unwrap().len(), 0);
}

#[test]
fn a_message_holds_between_its_start_and_its_end() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    operator().command(&mut rig, ("PUT", "settings/message", r#"{"value":"Every day"}"#));
    login(&mut rig, ANN, "Ann");
    assert_eq!(status(&plan(&mut rig, (1, 4), r#","message":"{online} at the cup""#)), "200");
    assert_eq!(status(&plan(&mut rig, (2, 3), r#","message":"The final""#)), "200");
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(state(&mut rig)["server"]["message"].as_str().unwrap().to_owned());
        rig.pass(Duration::from_mins(61));
    }
    assert_eq!(seen, ["Every day", "0 at the cup", "The final", "0 at the cup", "Every day"]);

    plan(&mut rig, (0, 1), r#","message":"Too early""#);
    assert!(menu(&mut rig).contains("Too early"));
    let number = view(&mut rig, "plans")[0]["number"].clone();
    assert_eq!(view(&mut rig, "plans").as_array().unwrap().len(), 1, "plans that have ended are gone");
    let remove = format!("plans/{number}");
    assert_eq!(status(&operator().command(&mut rig, ("DELETE", &remove, ""))), "200");
    assert!(menu(&mut rig).contains("Every day"));
    assert_eq!(status(&operator().command(&mut rig, ("DELETE", &remove, ""))), "404");
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert!(entry["before"].as_str().unwrap().starts_with("the message \"Too early\" from "), "{entry}");
}

#[test]
fn plans_that_make_no_sense_are_rejected() {
    let mut rig = server();
    for (hours, rest) in [
        ((2, 1), r#","maintenance":true"#),
        ((1, 1), r#","maintenance":true"#),
        ((-2, -1), r#","maintenance":true"#),
        ((1, 2), ""),
        ((1, 2), r#","message":"""#),
        ((1, 2), r#","message":"two\nlines""#),
    ] {
        assert_eq!(status(&plan(&mut rig, hours, rest)), "400", "{hours:?} {rest}");
    }
    for _ in 0..100 {
        assert_eq!(status(&plan(&mut rig, (1, 2), r#","message":"x""#)), "200");
    }
    let answer = plan(&mut rig, (1, 2), r#","message":"x""#);
    assert!(status(&answer) == "400" && answer.contains("remove one first"), "{answer}");
}
