//! What an operator can have done.

use std::time::Duration;

use mmcos_core::mmcos::{Mmcos, Record};
use serde_json::Value;

use super::{
    ANN, BEN, ELSEWHERE, HERE, Request, json, server, state,
    world::{self, Search, get_elite, login, login_answer},
};
use crate::rig::{Rig, status};

#[test]
fn settings_hold_at_once_are_kept_and_can_be_taken_back() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    let status_xml = |rig: &mut Rig<Mmcos>| {
        rig.ask(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!(
        status(
            &operator().order(&mut rig, ("PUT", "settings/message", r#"{"value":"Races at eight & nine"}"#))
        ),
        "200"
    );
    assert!(status_xml(&mut rig).contains("Races at eight &amp; nine"));
    assert_eq!(
        status(&operator().order(&mut rig, ("PUT", "settings/maintenance", r#"{"value":"true"}"#))),
        "200"
    );
    assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "503");
    let ready = Request::from(HERE).get(&mut rig, "/readyz");
    assert_eq!(status(&ready), "503");

    let kept: Vec<Record> = std::mem::take(&mut rig.records);
    let mut again = server();
    for record in kept {
        again.server.restore(record).unwrap();
    }
    assert!(status_xml(&mut again).contains("Races at eight &amp; nine"));
    assert_eq!(status(&login_answer(&mut again, ANN, "Ann")), "503");
    assert!(again.server.service().snapshot().any(|record| matches!(record, Record::Setting { .. })));
    for name in ["message", "maintenance"] {
        assert_eq!(status(&operator().order(&mut again, ("DELETE", &format!("settings/{name}"), ""))), "200");
    }
    assert!(status_xml(&mut again).contains("Server is up!"));
    assert_eq!(status(&login_answer(&mut again, ANN, "Ann")), "200");
    for (path, body) in [
        ("settings/nothing", r#"{"value":"1"}"#),
        ("settings/poll-seconds", r#"{"value":"0"}"#),
        ("settings/message", "{"),
    ] {
        let refused = operator().order(&mut again, ("PUT", path, body));
        assert!(["400", "404"].contains(&status(&refused)), "{refused}");
    }
}

#[test]
fn a_kicked_player_searches_no_more_and_logs_in_anew() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let search = Search::race(&token, 10).begin(&mut rig);
    let kick = ("POST", "players/1/kick", "");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, kick)), "200");
    assert!(rig.read(search).contains("cancelled"));
    assert_eq!(status(&get_elite(&mut rig, &token)), "401");
    rig.pass(Duration::from_secs(1));
    let token = login(&mut rig, ANN, "Ann");
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
}

#[test]
fn a_banned_player_is_out_until_the_ban_is_lifted() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let operator = || Request::from(ELSEWHERE).operator();
    let ban = format!(r#"{{"subject":"{ANN}","hours":1,"reason":"cheating","note":"seen"}}"#);
    assert_eq!(status(&operator().order(&mut rig, ("POST", "bans", &ban))), "200");
    assert_eq!(status(&get_elite(&mut rig, &token)), "403");
    let bans = json(&operator().get(&mut rig, "/api/v1/bans"));
    assert_eq!(
        (&bans[0]["name"], &bans[0]["reason"], &bans[0]["holds"]),
        (&"Ann".into(), &"cheating".into(), &true.into())
    );
    let lift = format!(r#"{{"subject":"{ANN}"}}"#);
    assert_eq!(status(&operator().order(&mut rig, ("POST", "bans/lift", &lift))), "200");
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
}

#[test]
fn a_match_that_is_ended_takes_no_result() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let searches = [(0, 10), (1, 20)]
        .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(&mut rig));
    rig.pass(Duration::from_secs(30));
    let answer = rig.read(searches[0]);
    let [session, race_key] = ["SessionId", "RaceKey"].map(|name| world::text(&answer, name).to_owned());
    let end = format!("matches/{session}/end");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["matches"]["running"], 0);
    let scored = world::add_points(&mut rig, &tokens[0], &race_key, 10);
    assert_eq!(world::text(&scored, "Points"), "0");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "404");
}

#[test]
fn an_event_is_started_and_stopped() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    assert_eq!(
        status(&operator().order(&mut rig, ("POST", "event/start", r#"{"event":"chaos","hours":3}"#))),
        "200"
    );
    let event = state(&mut rig)["event"].clone();
    assert_eq!((&event["name"], &event["on"]), (&"chaos".into(), &true.into()));
    assert_eq!(status(&operator().order(&mut rig, ("POST", "event/stop", ""))), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["event"], Value::Null);
    assert_eq!(
        status(&operator().order(&mut rig, ("POST", "event/start", r#"{"event":"rally","hours":3}"#))),
        "400"
    );
}
