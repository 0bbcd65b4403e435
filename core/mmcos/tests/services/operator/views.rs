//! Views, at once and as they change.

use std::time::Duration;

use mmcos_core::{game::Game as _, seam::Input};
use mmcos_game::Record;

use super::{
    ANN, BEN, ELSEWHERE, HERE, Request, field, json, server, state, view,
    world::{Search, login},
};

#[test]
fn everybody_sees_the_status_from_any_site() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    Search::race(&token, 10).begin(&mut rig);
    rig.pass(Duration::from_secs(2));
    let answer = Request::from(ELSEWHERE)
        .at("evil.example")
        .with("Origin", "http://evil.example")
        .get(&mut rig, "/api/v1/status");
    assert_eq!(field(&answer, "Access-Control-Allow-Origin"), Some("*"));
    let status = json(&answer);
    assert_eq!(
        (&status["players"], &status["searching"][0]["mode"]),
        (&1.into(), &"QuickRace".into()),
        "{status}"
    );
    assert_eq!(status["searching"][0]["players"], 1);
}

#[test]
fn a_search_is_seen_with_its_reason_and_a_match_with_its_players() {
    let mut rig = server();
    let [ann, ben] =
        [(ANN, "Ann"), (BEN, "<img src=x onerror=alert(1)>")].map(|(id, name)| login(&mut rig, id, name));
    let started = rig.wall().as_secs();
    Search::race(&ann, 10).begin(&mut rig);
    rig.pass(Duration::from_secs(3));
    let seen = state(&mut rig);
    let search = &seen["searches"]["list"][0];
    assert_eq!(
        (&search["name"], &search["mode"], &search["since"]),
        (&"Ann".into(), &"QuickRace".into(), &started.into())
    );
    assert_eq!(search["why"], "no other player searches for this");
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(1));
    assert!(state(&mut rig)["searches"]["list"][0]["why"].as_str().unwrap().starts_with("2 could race"));
    rig.pass(Duration::from_secs(30));
    let seen = state(&mut rig);
    assert_eq!((&seen["searches"]["players"], &seen["matches"]["running"]), (&0.into(), &1.into()), "{seen}");
    let players = &seen["matches"]["list"][0]["players"];
    assert_eq!(players.as_array().unwrap().len(), 2);
    assert!(
        players.as_array().unwrap().iter().any(|player| player["name"] == "<img src=x onerror=alert(1)>"),
        "as it is: a page must escape it"
    );
    assert_eq!(seen["players"]["online"], 2);
    let found = view(&mut rig, "players?search=%3Cimg");
    assert_eq!(found["rows"][0]["steam_id"], BEN.to_string());
}

#[test]
fn who_watches_is_told_once_a_second_and_only_what_is_new() {
    let mut rig = server();
    let conn = rig.open_from(HERE);
    rig.send(conn, &Request::from(HERE).operator().bytes("GET", "/api/v1/live", ""));
    let first = rig.read(conn);
    assert!(first.contains("text/event-stream") && !first.contains("Content-Length"), "{first}");
    let events: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events, ["session", "state", "history"]);
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.read(conn), "", "nothing happened");
    rig.pass(Duration::from_secs(6));
    assert_eq!(rig.read(conn), ": still here\n\n");
    login(&mut rig, ANN, "Ann");
    login(&mut rig, BEN, "Ben");
    rig.pass(Duration::from_secs(1));
    let news = rig.read(conn);
    assert_eq!(news.matches("event: state").count(), 1, "{news}");
    assert!(news.contains(r#""online":2"#), "{news}");
    rig.pass(Duration::from_mins(1));
    assert!(rig.read(conn).contains("event: history"));
    rig.leave(conn);
    rig.pass(Duration::from_secs(2));
    let quiet = rig.server.next_deadline();
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.server.next_deadline(), quiet, "nobody watches, so nothing is rendered");
}

#[test]
fn who_watches_is_let_go_when_the_server_stops() {
    let mut rig = server();
    let conn = rig.open_from(HERE);
    rig.send(conn, &Request::from(HERE).operator().bytes("GET", "/api/v1/live", ""));
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    assert!(rig.closed(conn).is_some() && rig.server.is_idle());
}

#[test]
fn however_many_modes_are_searched_for_a_view_stays_small() {
    let mut rig = server();
    for number in 0..60_u64 {
        let token = login(&mut rig, ANN + number, &format!("Player {number}"));
        let game_type = format!("Quick{number}");
        Search { game_type: &game_type, ..Search::race(&token, 1000 + number * 10) }.begin(&mut rig);
    }
    let searches = state(&mut rig)["searches"].clone();
    assert_eq!((&searches["searches"], &searches["different_modes"]), (&60.into(), &60.into()));
    for list in ["modes", "list"] {
        assert_eq!(searches[list].as_array().unwrap().len(), 50, "{list}");
    }
    assert_eq!(searches["list"][0]["name"], "Player 0", "the longest first");
    let public = json(&Request::from(ELSEWHERE).get(&mut rig, "/api/v1/status"));
    assert_eq!((&public["players"], public["searching"].as_array().unwrap().len()), (&60.into(), 50));
}

#[test]
fn versions_of_the_game_are_told_apart_by_the_operator_and_counted_together_for_everybody() {
    let mut rig = server();
    for (number, version) in [(0, 1), (1, 2)] {
        let token = login(&mut rig, ANN + number, &format!("Player {number}"));
        let request = String::from_utf8(Search::race(&token, 10 + number * 10).request()).unwrap();
        let request = request.replace("<NetworkVersion>1<", &format!("<NetworkVersion>{version}<"));
        let conn = rig.open();
        rig.send(conn, request.as_bytes());
    }
    rig.pass(Duration::from_secs(2));
    let searches = state(&mut rig)["searches"].clone();
    for list in ["modes", "list"] {
        let mut versions: Vec<_> =
            searches[list].as_array().unwrap().iter().map(|row| &row["version"]).collect();
        versions.sort_by_key(|version| version.as_u64());
        assert_eq!(versions, [1, 2], "{searches}");
        assert!(searches[list][0]["why"].as_str().unwrap().contains("another version"), "{searches}");
    }
    let public = json(&Request::from(ELSEWHERE).get(&mut rig, "/api/v1/status"));
    let searching = public["searching"].as_array().unwrap();
    assert_eq!((searching.len(), &searching[0]["players"]), (1, &2.into()), "{public}");
}

#[test]
fn players_are_listed_in_an_order_that_stays() {
    let mut rig = server();
    let tokens: Vec<String> = (0..4).map(|number| login(&mut rig, ANN + number, "Player")).collect();
    let ids = |rig: &mut crate::rig::Rig<mmcos_game::Mmcos>| {
        let list = view(rig, "players?filter=online")["rows"].as_array().unwrap().clone();
        list.iter().map(|player| player["user_id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut rig), [1, 2, 3, 4]);
    for number in [2, 0, 3] {
        rig.pass(Duration::from_secs(1));
        Search::race(&tokens[number], 10 + number as u64 * 10).begin(&mut rig);
        assert_eq!(ids(&mut rig), [1, 2, 3, 4]);
    }
}

#[test]
fn the_charts_come_back_after_a_restart() {
    let mut rig = server();
    for _ in 0..5 {
        login(&mut rig, ANN, "Ann");
        rig.pass(Duration::from_mins(5));
    }
    login(&mut rig, ANN, "Ann");
    let online = |rig: &mut crate::rig::Rig<mmcos_game::Mmcos>, chart: &str| {
        let values = view(rig, "history")[chart]["online"].as_array().unwrap().clone();
        values.iter().filter_map(serde_json::Value::as_u64).max()
    };
    assert_eq!(["hour", "day", "week"].map(|chart| online(&mut rig, chart)), [Some(1); 3]);
    let kept = |record: &&Record| matches!(record, Record::Load(_) | Record::MinuteLoads(_));
    let kept: Vec<Record> = rig.records.iter().filter(kept).cloned().collect();
    assert!((2..=4).contains(&kept.len()), "a row of each for one or two quarters: {kept:?}");
    assert!(kept.iter().all(|record| rig.server.service().rows().any(|row| row == *record)));
    let mut again = server();
    for record in kept {
        again.server.restore(record).unwrap();
    }
    again.set_wall(rig.wall());
    login(&mut again, ANN + 5, "Eve");
    assert_eq!(["hour", "day", "week"].map(|chart| online(&mut again, chart)), [Some(1); 3]);
}
