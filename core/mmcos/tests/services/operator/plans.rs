//! Planned messages, maintenance and special events.

use std::time::Duration;

use mmcos_core::{admin, calendar::UtcText, game::Game as _, seam::Wall};
use mmcos_game::{Mmcos, Record, Settings, special_events::Plan};
use serde_json::Value;

use super::{
    ANN, BEN, ELSEWHERE, HERE, PASSWORD, Request, audit, json, server, state, view,
    world::{self, Hosted, Search, get_elite, login, login_answer, on, text, trusting},
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
        ((1, 2), r#","event":"rally""#),
        ((1, 2), r#","event":"","message":"x""#),
        ((2, 1), r#","event":"chaos""#),
    ] {
        assert_eq!(status(&plan(&mut rig, hours, rest)), "400", "{hours:?} {rest}");
    }
    for _ in 0..100 {
        assert_eq!(status(&plan(&mut rig, (1, 2), r#","message":"x""#)), "200");
    }
    let answer = plan(&mut rig, (1, 2), r#","message":"x""#);
    assert!(status(&answer) == "400" && answer.contains("remove one first"), "{answer}");
}

/// Saturday, 06:00 UTC, in the weekend of `mystery_vehicles`.
const SATURDAY: (u16, u8, u8, i64) = (2026, 11, 28, 6);

/// Returns a server with an event each weekend, on that Saturday.
fn weekend() -> Rig<Mmcos> {
    let settings = Settings { events: Plan::Weekly, ..trusting() };
    let password = Some(admin::Password::new(PASSWORD, &[1; 32]));
    let hosted = Hosted::from(settings).with_admin(admin::Config { password, ..admin::Config::default() });
    let mut rig = world::rig(hosted);
    let (year, month, day, hour) = SATURDAY;
    rig.skip_to(on(year, month, day, hour));
    rig
}

/// Returns the special event and the start of the next one, as a login response has them.
fn told(rig: &mut Rig<Mmcos>) -> (String, String) {
    let answer = login_answer(rig, BEN, "Ben");
    let name = if text(&answer, "EventID") == "0" { "" } else { text(&answer, "DevName") };
    (name.to_owned(), text(&answer, "NextEvent").to_owned())
}

fn event(rig: &mut Rig<Mmcos>) -> String {
    told(rig).0
}

/// Returns true if the game of this session is told to log in again.
fn is_changed(rig: &mut Rig<Mmcos>, token: &str) -> bool {
    text(&world::add_points(rig, token, "0000000000000000", 0), "GameConfigChanged") == "true"
}

/// Returns the name, the state and the end of the event in a view.
fn shown(view: &Value) -> (&str, bool, i64) {
    let event = &view["event"];
    (event["name"].as_str().unwrap(), event["on"].as_bool().unwrap(), event["ends"].as_i64().unwrap())
}

fn command(rig: &mut Rig<Mmcos>, method: &str, path: &str, body: &str) {
    let answer = Request::from(ELSEWHERE).operator().command(rig, (method, path, body));
    assert_eq!(status(&answer), "200", "{answer}");
}

fn in_hours(rig: &Rig<Mmcos>, hours: i64) -> Wall {
    Wall::from_secs(rig.wall().as_secs() + hours * 3600)
}

#[test]
fn it_begins_and_ends_by_itself_and_the_game_is_told() {
    let mut rig = server();
    let ann = login(&mut rig, ANN, "Ann");
    let (starts, ends) = (in_hours(&rig, 2), in_hours(&rig, 3));
    let answer = plan(&mut rig, (2, 3), r#","event":"chaos""#);
    assert_eq!((status(&answer), body(&answer)), ("200", r#"{"number":1}"#));
    assert_eq!(view(&mut rig, "plans")[0]["event"], "chaos");
    assert!(rig.server.service().rows().any(|row| matches!(row, Record::Plan(_))));
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert!(entry["after"].as_str().unwrap().starts_with("the event chaos from "), "{entry}");
    let mut again = world::restarted(&rig, super::config(), rig.wall());
    for rig in [&mut rig, &mut again] {
        assert_eq!(told(rig), (String::new(), UtcText::from(starts).to_string()));
        assert!(!is_changed(rig, &ann), "a date alone is no change");
        assert_eq!(shown(&state(rig)), ("chaos", false, ends.as_secs()));
        rig.skip_to(starts);
        assert_eq!(event(rig), "chaos");
        assert!(is_changed(rig, &ann));
        rig.pass(Duration::from_secs(2));
        assert_eq!(shown(&state(rig)), ("chaos", true, ends.as_secs()));
        assert_eq!(
            shown(&json(&Request::from(HERE).get(rig, "/api/v1/status"))),
            ("chaos", true, ends.as_secs())
        );
        let front = Request::from(HERE).get(rig, "/now");
        assert!(front.contains("Special event <strong>chaos</strong> is on until "), "{front}");
        rig.skip_to(ends);
        assert_eq!(event(rig), "");
        assert!(!is_changed(rig, &ann), "it is what it was at the login");
    }
    assert_eq!(view(&mut rig, "plans").as_array().unwrap().len(), 0);
}

#[test]
fn of_several_the_one_that_began_last_is_on_and_hides_that_of_the_week() {
    let mut rig = weekend();
    for (hours, what) in [((2, 8), "payload"), ((4, 6), "chaos"), ((4, 5), "endurance")] {
        assert_eq!(status(&plan(&mut rig, hours, &format!(r#","event":"{what}""#))), "200");
    }
    let hour = Duration::from_hours(1);
    let mut seen = Vec::new();
    for _ in 0..10 {
        let (name, next) = told(&mut rig);
        let state = state(&mut rig);
        let (shown, is_on, ends) = shown(&state);
        assert_eq!((shown, is_on), (name.as_str(), true));
        let hours = |moment: i64| (moment - on(2026, 11, 28, 6).as_secs()) / 3600;
        let next =
            (0..200).find(|hour| UtcText::from(on(2026, 11, 28, 6 + hour)).to_string() == next).unwrap();
        seen.push((name, hours(ends), next));
        rig.skip(hour);
    }
    let week = || "mystery_vehicles".to_owned();
    let expected = [
        (week(), 2, 2),
        (week(), 2, 2),
        ("payload".into(), 4, 4),
        ("payload".into(), 4, 4),
        // Of two that begin together, the one that was planned last.
        ("endurance".into(), 5, 5),
        ("chaos".into(), 6, 6),
        ("payload".into(), 8, 8),
        ("payload".into(), 8, 8),
        // It is on until Monday, 12:00; the next begins on Friday.
        (week(), 54, 150),
        (week(), 54, 150),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn removed_while_it_is_on_it_ends_at_once_and_the_event_below_goes_on() {
    let mut rig = weekend();
    plan(&mut rig, (-1, 4), r#","event":"payload","message":"Cup night""#);
    assert_eq!(event(&mut rig), "payload");
    let ann = login(&mut rig, ANN, "Ann");
    let since = rig.wall();
    assert_eq!(view(&mut rig, "plans")[0]["from"], since.as_secs(), "a start in the past means now");
    rig.skip(Duration::from_hours(1));
    command(&mut rig, "DELETE", "plans/1", "");
    assert!(is_changed(&mut rig, &ann));
    assert_eq!(event(&mut rig), "mystery_vehicles");
    let entry = audit::audit(&mut rig, "")[0].clone();
    let before = entry["before"].as_str().unwrap();
    assert!(before.starts_with("the message \"Cup night\" and the event payload from "), "{entry}");
}

#[test]
fn a_plan_and_what_is_done_by_hand_give_way_to_what_begins_later() {
    let mut rig = weekend();
    plan(&mut rig, (1, 2), r#","event":"payload""#);
    plan(&mut rig, (3, 6), r#","event":"chaos""#);
    plan(&mut rig, (5, 7), r#","event":"endurance""#);
    command(&mut rig, "POST", "event/start", r#"{"event":"gi_joe","hours":3}"#);
    let mut seen = Vec::new();
    for hour in 0..9 {
        if hour == 4 {
            // What would be on without it stays off until its end, here Monday; what begins later is not affected.
            command(&mut rig, "POST", "event/stop", "");
        }
        seen.push(event(&mut rig));
        rig.skip(Duration::from_hours(1));
    }
    assert_eq!(seen, ["gi_joe", "payload", "gi_joe", "chaos", "", "endurance", "endurance", "", ""]);
}

#[test]
fn stopped_by_hand_it_is_off_until_its_end() {
    let mut rig = server();
    plan(&mut rig, (0, 3), r#","event":"payload""#);
    plan(&mut rig, (0, 1), r#","event":"chaos""#);
    rig.skip(Duration::from_mins(1));
    assert_eq!(event(&mut rig), "chaos");
    command(&mut rig, "POST", "event/stop", "");
    for _ in 0..4 {
        assert_eq!(event(&mut rig), "");
        rig.skip(Duration::from_mins(50));
    }
}

#[test]
fn searches_and_matches_outlive_it() {
    let mut rig = server();
    plan(&mut rig, (0, 1), r#","event":"chaos""#);
    let [ann, ben] = [(ANN, "Ann"), (BEN, "Ben")].map(|(steam_id, name)| login(&mut rig, steam_id, name));
    let first = Search { rule_set: "Sumo", ..Search::race(&ann, 1) }.begin(&mut rig);
    command(&mut rig, "DELETE", "plans/1", "");
    assert_eq!(rig.read(first), "", "the search goes on");
    let second = Search { rule_set: "Sumo", ..Search::race(&ben, 2) }.begin(&mut rig);
    rig.pass(Duration::from_mins(1));
    let [first, second] = [first, second].map(|conn| text(&rig.read(conn), "RaceKey").to_owned());
    assert_eq!(first, second, "they meet");

    plan(&mut rig, (0, 1), r#","event":"chaos""#);
    let ann = login(&mut rig, ANN, "Ann");
    rig.pass(Duration::from_mins(2));
    command(&mut rig, "DELETE", "plans/1", "");
    let answer = world::add_points(&mut rig, &ann, &first, 10);
    assert_eq!((text(&answer, "GameConfigChanged"), status(&answer)), ("true", "200"), "{answer}");
    let counted = rig.records.iter().filter(|record| matches!(record, Record::Result(_))).count();
    assert_eq!(counted, 1, "{answer}");
}
