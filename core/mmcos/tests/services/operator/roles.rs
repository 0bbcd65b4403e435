//! Named operators: their roles, passwords and admin sessions.

use std::time::Duration;

use mmcos_core::game::Game as _;
use mmcos_game::{Mmcos, Record};
use serde_json::{Value, json as value};

use super::{
    ANN, ELSEWHERE, PASSWORD, Request, field, json, log_in, password, server,
    world::{self, login},
};
use crate::rig::{Rig, body, status};

/// Adds an operator, and returns its password.
pub(super) fn add(rig: &mut Rig<Mmcos>, name: &str, role: &str) -> String {
    put(rig, name, &value!({ "role": role }))["password"].as_str().unwrap().to_owned()
}

fn put(rig: &mut Rig<Mmcos>, name: &str, body: &Value) -> Value {
    let path = format!("operators/{name}");
    json(&Request::from(ELSEWHERE).operator().command(rig, ("PUT", &path, &body.to_string())))
}

fn bearer(password: &str) -> Request<'static> {
    Request::from(ELSEWHERE).with("Authorization", &format!("Bearer {password}"))
}

fn browser(cookie: &str) -> Request<'static> {
    Request::from(ELSEWHERE).with("Cookie", cookie).with("Origin", "http://192.168.1.20")
}

fn cookie_of(rig: &mut Rig<Mmcos>, secret: &str) -> String {
    let answer = Request::from(ELSEWHERE).command(rig, ("POST", "session", &password(secret)));
    assert_eq!(status(&answer), "200", "{answer}");
    field(&answer, "Set-Cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn session(rig: &mut Rig<Mmcos>, request: &Request<'_>) -> Value {
    json(&request.get(rig, "/api/v1/session"))
}

#[test]
fn a_named_operator_logs_in_with_the_password_that_the_server_made() {
    let mut rig = server();
    let secret = add(&mut rig, "anna", "moderator");
    assert!(secret.len() >= 22, "128 bits: {secret}");
    let stored = rig.records.iter().map(|record| serde_json::to_string(record).unwrap());
    assert!(
        stored.clone().any(|record| record.contains("anna")) && !stored.clone().any(|r| r.contains(&secret))
    );
    let seen = session(&mut rig, &bearer(&secret));
    assert_eq!(
        (&seen["access"], &seen["name"], &seen["role"]),
        (&"operator".into(), &"anna".into(), &"moderator".into())
    );
    let cookie = cookie_of(&mut rig, &secret);
    assert_eq!(session(&mut rig, &browser(&cookie))["name"], "anna");
    login(&mut rig, ANN, "Ann");
    assert_eq!(status(&browser(&cookie).command(&mut rig, ("POST", "players/1/kick", "{}"))), "200");
    assert!(
        rig.events.last().unwrap().contains("anna"),
        "the log names the operator: {:?}",
        rig.events.last()
    );
    let host = session(&mut rig, &Request::from(ELSEWHERE).operator());
    assert_eq!((&host["name"], &host["role"]), (&"operator".into(), &"admin".into()));
}

#[test]
fn a_change_of_role_counts_at_once_and_so_does_a_removal() {
    let mut rig = server();
    let secret = add(&mut rig, "anna", "viewer");
    let cookie = cookie_of(&mut rig, &secret);
    let set = ("PUT", "settings/message", r#"{"value":"Hello"}"#);
    for request in [bearer(&secret), browser(&cookie)] {
        let refused = request.command(&mut rig, set);
        assert!(
            status(&refused) == "403" && refused.contains("needs the role admin; yours is viewer"),
            "{refused}"
        );
    }
    assert_eq!(put(&mut rig, "anna", &value!({ "role": "admin" }))["password"], Value::Null, "it stays");
    for request in [bearer(&secret), browser(&cookie)] {
        assert_eq!(status(&request.command(&mut rig, set)), "200");
    }
    let watch = |rig: &mut Rig<Mmcos>, request: &Request<'_>| {
        let conn = rig.open_from(ELSEWHERE);
        rig.send(conn, &request.bytes("GET", "/api/v1/live", ""));
        assert!(rig.read(conn).contains("event: state"));
        conn
    };
    let streams = [watch(&mut rig, &bearer(&secret)), watch(&mut rig, &browser(&cookie))];
    let own = log_in(&mut rig, ELSEWHERE);
    let other = watch(&mut rig, &browser(&own));
    assert_eq!(
        status(&Request::from(ELSEWHERE).operator().command(&mut rig, ("DELETE", "operators/anna", ""))),
        "200"
    );
    for conn in streams {
        assert!(rig.closed(conn).is_some(), "at once");
    }
    assert!(rig.closed(other).is_none());
    assert_eq!(status(&bearer(&secret).get(&mut rig, "/api/v1/state")), "401");
    assert_eq!(status(&browser(&cookie).get(&mut rig, "/api/v1/state")), "401");
    // An operator of the same name inherits nothing.
    add(&mut rig, "anna", "admin");
    assert_eq!(status(&bearer(&secret).get(&mut rig, "/api/v1/state")), "401");
    assert_eq!(status(&browser(&cookie).get(&mut rig, "/api/v1/state")), "401");
}

#[test]
fn a_new_password_ends_what_the_old_one_began() {
    let mut rig = server();
    let old = add(&mut rig, "anna", "viewer");
    let cookie = cookie_of(&mut rig, &old);
    let link =
        json(&bearer(&old).command(&mut rig, ("POST", "links", "")))["path"].as_str().unwrap().to_owned();
    let renew = ("POST", "operators/anna/password", "");
    let new = json(&Request::from(ELSEWHERE).operator().command(&mut rig, renew));
    let new = new["password"].as_str().unwrap();
    for (request, expected) in [(bearer(&old), "401"), (browser(&cookie), "401"), (bearer(new), "200")] {
        assert_eq!(status(&request.get(&mut rig, "/api/v1/state")), expected);
    }
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, &link)), "410");
    assert_eq!(session(&mut rig, &bearer(new))["role"], "viewer", "the role stays");
}

#[test]
fn a_link_logs_its_own_operator_in() {
    let mut rig = server();
    let secret = add(&mut rig, "anna", "viewer");
    let link =
        json(&bearer(&secret).command(&mut rig, ("POST", "links", "")))["path"].as_str().unwrap().to_owned();
    let opened = Request::from(ELSEWHERE).get(&mut rig, &link);
    let cookie = field(&opened, "Set-Cookie").unwrap().split(';').next().unwrap().to_owned();
    let seen = session(&mut rig, &browser(&cookie));
    assert_eq!((&seen["name"], &seen["role"]), (&"anna".into(), &"viewer".into()));
}

#[test]
fn access_with_an_end_ends() {
    let mut rig = server();
    let secret = put(&mut rig, "chat-bot", &value!({ "role": "viewer", "days": 1 }));
    let secret = secret["password"].as_str().unwrap();
    let conn = rig.open_from(ELSEWHERE);
    rig.send(conn, &bearer(secret).bytes("GET", "/api/v1/live", ""));
    assert!(rig.read(conn).contains("event: state"));
    rig.pass(Duration::from_hours(24));
    let refused = bearer(secret).get(&mut rig, "/api/v1/state");
    assert!(status(&refused) == "401" && refused.contains("Your access ended at"), "{refused}");
    assert!(rig.closed(conn).is_some(), "its stream ends");
    let rows = json(&Request::from(ELSEWHERE).operator().get(&mut rig, "/api/v1/operators"));
    assert_eq!((&rows[0]["name"], &rows[0]["holds"]), (&"chat-bot".into(), &false.into()));
    // It can be prolonged.
    put(&mut rig, "chat-bot", &value!({ "role": "viewer" }));
    assert_eq!(status(&bearer(secret).get(&mut rig, "/api/v1/state")), "200");
}

#[test]
fn operators_outlive_a_restart_and_their_sessions_do_not() {
    let mut rig = server();
    let [anna, ben] = ["anna", "ben"].map(|name| add(&mut rig, name, "moderator"));
    let cookie = cookie_of(&mut rig, &anna);
    Request::from(ELSEWHERE).operator().command(&mut rig, ("DELETE", "operators/ben", ""));
    let now = rig.wall();
    let mut next = world::restarted(&rig, super::config(), now);
    assert_eq!(status(&bearer(&anna).get(&mut next, "/api/v1/state")), "200");
    assert_eq!(status(&bearer(&ben).get(&mut next, "/api/v1/state")), "401");
    assert_eq!(status(&browser(&cookie).get(&mut next, "/api/v1/state")), "401");
    let kept = next.server.service().rows().filter(|row| matches!(row, Record::Operator(_)));
    assert_eq!(kept.count(), 1);
}

#[test]
fn names_are_plain_and_those_of_the_host_are_taken() {
    let mut rig = server();
    let put = |rig: &mut Rig<Mmcos>, name: &str, body: &str| {
        let path = format!("operators/{name}");
        Request::from(ELSEWHERE).operator().command(rig, ("PUT", &path, body))
    };
    let viewer = r#"{"role":"viewer"}"#;
    for name in ["operator", "console", "Anna", "anna%20b", &"a".repeat(33), ""] {
        let refused = put(&mut rig, name, viewer);
        assert_eq!(status(&refused), "400", "{name}: {refused}");
    }
    for wrong in [r#"{"role":"boss"}"#, r#"{"role":"viewer","days":0}"#, "{}"] {
        assert_eq!(status(&put(&mut rig, "anna", wrong)), "400", "{wrong}");
    }
    for number in 0..100 {
        assert_eq!(status(&put(&mut rig, &format!("anna-{number}"), viewer)), "200");
    }
    let refused = put(&mut rig, "one-more", viewer);
    assert!(status(&refused) == "400" && refused.contains("remove one first"), "{refused}");
    assert_eq!(status(&put(&mut rig, "anna-7", r#"{"role":"admin"}"#)), "200");
}

#[test]
fn admin_sessions_are_listed_and_ended() {
    let mut rig = server();
    let secret = add(&mut rig, "anna", "viewer");
    let [own, other] = [log_in(&mut rig, ELSEWHERE), cookie_of(&mut rig, &secret)];
    let list = |rig: &mut Rig<Mmcos>| json(&browser(&own).get(rig, "/api/v1/sessions"));
    let sessions = list(&mut rig);
    let shown = |index: usize| ["name", "address", "own"].map(|key| sessions[index][key].clone());
    assert_eq!(shown(0), [value!("operator"), value!("203.0.113.7"), value!(true)]);
    assert_eq!(shown(1), [value!("anna"), value!("203.0.113.7"), value!(false)]);
    let end = format!("sessions/{}", sessions[1]["number"]);
    assert_eq!(status(&browser(&own).command(&mut rig, ("DELETE", &end, ""))), "200");
    assert_eq!(status(&browser(&other).get(&mut rig, "/api/v1/state")), "401");
    assert_eq!(status(&browser(&own).command(&mut rig, ("DELETE", &end, ""))), "404");
    assert_eq!(list(&mut rig).as_array().unwrap().len(), 1);
}

/// Guesses are throttled as those at the host's password, and a right one is accepted all the same.
#[test]
fn wrong_passwords_never_keep_a_named_operator_out() {
    let mut rig = server();
    let secret = add(&mut rig, "anna", "viewer");
    for _ in 0..200 {
        bearer("wrong").get(&mut rig, "/api/v1/state");
    }
    assert_eq!(
        status(&bearer(PASSWORD).get(&mut rig, "/api/v1/state")),
        "429",
        "a chosen one could be guessed"
    );
    let answer = bearer(&secret).get(&mut rig, "/api/v1/state");
    assert_eq!(status(&answer), "200", "{}", body(&answer));
}
