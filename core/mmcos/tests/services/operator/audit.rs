//! The audit log.

use std::time::Duration;

use mmcos_core::{
    game::Game as _,
    seam::{Input, Storage, StorageTrouble},
};
use mmcos_game::{Mmcos, Record};
use serde_json::Value;

use super::{
    ANN, ELSEWHERE, PASSWORD, Request, json, log_in, password, roles, server, state,
    world::{self, login},
};
use crate::rig::{Rig, status};

pub(super) fn audit(rig: &mut Rig<Mmcos>, query: &str) -> Vec<Value> {
    let found = json(&Request::from(ELSEWHERE).operator().get(rig, &format!("/api/v1/audit{query}")));
    found["rows"].as_array().unwrap().clone()
}

fn command(rig: &mut Rig<Mmcos>, order: (&str, &str, &str)) {
    let answer = Request::from(ELSEWHERE).operator().command(rig, order);
    assert_eq!(status(&answer), "200", "{order:?}: {answer}");
}

fn texts(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_change_is_there_with_before_and_after() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    let ban = |hours: u32| format!(r#"{{"subject":"{ANN}","hours":{hours},"reason":"cheating"}}"#);
    for order in [
        ("PUT", "settings/message", r#"{"value":"One"}"#),
        ("PUT", "settings/message", r#"{"value":"Two"}"#),
        ("DELETE", "settings/message", ""),
        ("POST", "bans", &ban(1)),
        ("POST", "bans", &ban(2)),
        ("POST", "bans/lift", &ban(2).replace(r#","hours":2,"reason":"cheating""#, "")),
        ("PUT", "operators/anna", r#"{"role":"viewer"}"#),
        ("PUT", "operators/anna", r#"{"role":"admin"}"#),
        ("DELETE", "operators/anna", ""),
        ("POST", "event/start", r#"{"event":"chaos","hours":3}"#),
        ("POST", "event/stop", ""),
    ] {
        command(&mut rig, order);
    }
    let season = state(&mut rig)["season"]["id"].as_i64().unwrap();
    command(&mut rig, ("POST", "season/start", &format!(r#"{{"season":{}}}"#, season + 1)));
    let [this, next] = [season, season + 1].map(|season| format!("season {season}"));
    let mut rows = audit(&mut rig, "");
    rows.reverse();
    let changes: Vec<(String, String)> =
        texts(&rows, "before").into_iter().zip(texts(&rows, "after")).collect();
    let expected = [
        ("", "One"),
        ("One", "Two"),
        ("Two", ""),
        ("", "is banned until"),
        ("is banned until", "is banned until"),
        ("is banned until", ""),
        ("", "viewer"),
        ("viewer", "admin"),
        ("admin", ""),
        ("", "chaos"),
        ("chaos", ""),
        (&this, &next),
    ];
    assert_eq!(changes.len(), expected.len(), "{rows:?}");
    for ((before, after), expected) in changes.iter().zip(expected) {
        let fits =
            |found: &str, expected: &str| found.is_empty() == expected.is_empty() && found.contains(expected);
        assert!(fits(before, expected.0) && fits(after, expected.1), "{before:?} {after:?} {expected:?}");
    }
    assert_eq!((&rows[3]["about"], &rows[0]["about"]), (&1.into(), &Value::Null), "the player's number");
}

#[test]
fn the_log_outlives_a_restart_and_what_is_refused_is_not_in_it() {
    let mut rig = server();
    command(&mut rig, ("PUT", "settings/message", r#"{"value":"One"}"#));
    for refused in
        [("PUT", "settings/nothing", r#"{"value":"1"}"#), ("POST", "bans/lift", r#"{"subject":"10.0.0.1"}"#)]
    {
        assert_ne!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, refused)), "200");
    }
    let secret = roles::add(&mut rig, "anna", "viewer");
    let anna = Request::from(ELSEWHERE).with("Authorization", &format!("Bearer {secret}"));
    assert_eq!(status(&anna.command(&mut rig, ("POST", "event/stop", ""))), "403");
    assert_eq!(
        status(&Request::from(ELSEWHERE).command(&mut rig, ("POST", "session", &password("wrong")))),
        "401"
    );
    let before = audit(&mut rig, "");
    assert_eq!(before.len(), 2, "{before:?}");
    let now = rig.wall();
    let mut next = world::restarted(&rig, super::config(), now);
    assert_eq!(audit(&mut next, ""), before);
    command(&mut next, ("DELETE", "settings/message", ""));
    let rows = audit(&mut next, "");
    assert_eq!((&rows[0]["number"], &rows[0]["at"]), (&3.into(), &next.wall().as_secs().into()));
}

#[test]
fn entries_are_paged_and_found() {
    let mut rig = server();
    for number in 0..60 {
        command(&mut rig, ("PUT", "settings/message", &format!(r#"{{"value":"Number {number}"}}"#)));
    }
    let first = audit(&mut rig, "");
    assert_eq!((first.len(), &first[0]["after"]), (50, &"Number 59".into()));
    let rest = audit(&mut rig, "?start=50");
    assert_eq!((rest.len(), &rest[0]["after"]), (10, &"Number 9".into()));
    let found = audit(&mut rig, "?search=NUMBER+31");
    assert_eq!(texts(&found, "after"), ["Number 32", "Number 31"].map(str::to_owned)[..], "before and after");
    assert_eq!(audit(&mut rig, "?search=203.0.113.7").len(), 50);
    assert_eq!(audit(&mut rig, "?search=nothing"), [] as [Value; 0]);
    login(&mut rig, ANN, "Ann");
    command(&mut rig, ("POST", "players/1/kick", "{}"));
    log_in(&mut rig, ELSEWHERE);
    let lengths = ["all", "players", "changes"].map(|filter| {
        json(
                &Request::from(ELSEWHERE).operator().get(&mut rig, &format!("/api/v1/audit?filter={filter}")),
            )["total"]
                .clone()
    });
    assert_eq!(lengths, [62, 1, 61].map(Value::from));
}

#[test]
fn addresses_go_after_30_days_and_entries_stay() {
    let mut rig = server();
    command(&mut rig, ("PUT", "settings/message", r#"{"value":"Old"}"#));
    let ban = |subject: &str, rest: &str| format!(r#"{{"subject":"{subject}"{rest}}}"#);
    for (subject, rest) in [
        ("198.51.100.0/24", r#","hours":1"#),
        ("198.51.101.0/24", ""),
        ("76561202255230009", r#","hours":1"#),
    ] {
        command(&mut rig, ("POST", "bans", &ban(subject, rest)));
    }
    rig.pass(Duration::from_hours(24 * 20));
    command(&mut rig, ("PUT", "settings/message", r#"{"value":"New"}"#));
    let count = |rig: &mut Rig<Mmcos>| {
        let rows = audit(rig, "");
        let with = rows.iter().filter(|row| row["address"] == "203.0.113.7").count();
        let bans = json(&Request::from(ELSEWHERE).operator().get(rig, "/api/v1/bans"));
        (rows.len(), with, bans["rows"].as_array().unwrap().len())
    };
    assert_eq!(count(&mut rig), (5, 5, 3));
    rig.pass(Duration::from_hours(24 * 11));
    audit(&mut rig, "");
    assert_eq!(count(&mut rig), (5, 1, 2), "a ban that holds keeps its addresses");
    // What is stored has forgotten them too.
    let now = rig.wall();
    let mut next = world::restarted(&rig, super::config(), now);
    assert_eq!(count(&mut next), (5, 1, 2));
    command(&mut next, ("PUT", "settings/address-days", r#"{"value":"0"}"#));
    next.pass(Duration::from_hours(2));
    audit(&mut next, "");
    assert_eq!(count(&mut next).1, 0);
}

#[test]
fn addresses_of_logins_are_for_moderators_and_go_too() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    let secret = roles::add(&mut rig, "anna", "viewer");
    let logins = |rig: &mut Rig<Mmcos>, token: &str| {
        let request = Request::from(ELSEWHERE).with("Authorization", &format!("Bearer {token}"));
        json(&request.get(rig, "/api/v1/players/1/details"))["logins"].as_array().map_or(0, Vec::len)
    };
    let lines = |rig: &mut Rig<Mmcos>| super::view(rig, "log?search=Ann")["total"].as_u64().unwrap();
    assert_eq!([logins(&mut rig, &secret), logins(&mut rig, PASSWORD)], [0, 1]);
    assert!(lines(&mut rig) > 0);
    rig.pass(Duration::from_hours(24 * 31));
    logins(&mut rig, PASSWORD);
    assert_eq!(logins(&mut rig, PASSWORD), 0);
    assert_eq!(lines(&mut rig), 0);
}

#[test]
fn logging_in_works_while_nothing_can_be_saved() {
    let mut rig = server();
    let log_in = ("POST", "session", &*password(PASSWORD));
    assert_eq!(status(&Request::from(ELSEWHERE).command(&mut rig, log_in)), "200");
    assert_eq!(rig.records.iter().filter(|record| matches!(record, Record::Audit(_))).count(), 1);
    rig.input(Input::Storage(Storage::Unavailable(StorageTrouble::Full)));
    assert_eq!(status(&Request::from(ELSEWHERE).command(&mut rig, log_in)), "200");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, ("POST", "links", ""))), "200");
    assert_eq!(rig.records.iter().filter(|record| matches!(record, Record::Audit(_))).count(), 1);
    let kept = rig.server.service().rows().filter(|row| matches!(row, Record::Audit(_)));
    assert_eq!(kept.count(), 1, "memory has no more than the store");
}
