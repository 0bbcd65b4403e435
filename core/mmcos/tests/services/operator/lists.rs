//! Lists by pages, and all about one player.

use std::time::Duration;

use serde_json::Value;

use super::{
    ANN, BEN, HERE, Request, Rig, json,
    roles::add,
    server, view,
    world::{Search, login, race},
};
use crate::rig::{body, status};
use mmcos_game::Mmcos;

/// Returns this member of each row of a list, and the number of all items.
fn column(rig: &mut Rig<Mmcos>, path: &str, name: &str) -> (Vec<Value>, u64) {
    let page = view(rig, path);
    let rows = page["rows"].as_array().unwrap().iter().map(|row| row[name].clone());
    (rows.collect(), page["total"].as_u64().unwrap())
}

fn names(rig: &mut Rig<Mmcos>, query: &str) -> Vec<String> {
    let (names, total) = column(rig, &format!("players{query}"), "name");
    assert!(total >= names.len() as u64);
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn ban(rig: &mut Rig<Mmcos>, body: &str) {
    assert_eq!(status(&Request::from(HERE).operator().command(rig, ("POST", "bans", body))), "200");
}

#[test]
fn players_are_searched_filtered_sorted_and_cut_into_pages() {
    let mut rig = server();
    for number in 3..130 {
        login(&mut rig, ANN + number, &format!("Racer {number:03}"));
    }
    rig.pass(Duration::from_mins(11));
    let ann = login(&mut rig, ANN, "\u{c1}nn");
    let zoe = login(&mut rig, BEN, "ZO\u{cb}");
    race(&mut rig, &zoe, 9);
    Search::race(&ann, 10).begin(&mut rig);
    assert_eq!(names(&mut rig, "?search=zoe"), ["ZO\u{cb}"]);
    assert_eq!(names(&mut rig, "?search=%20ANN"), ["\u{c1}nn"]);
    assert_eq!(names(&mut rig, &format!("?search={BEN}")), ["ZO\u{cb}"]);
    assert_eq!(names(&mut rig, "?filter=searching"), ["\u{c1}nn"]);
    assert_eq!(names(&mut rig, "?filter=online&sort=name"), ["\u{c1}nn", "ZO\u{cb}"]);
    assert_eq!(names(&mut rig, "?filter=online&sort=name&order=desc"), ["ZO\u{cb}", "\u{c1}nn"]);
    assert_eq!(names(&mut rig, "?sort=points")[0], "ZO\u{cb}", "the highest first");
    ban(&mut rig, &format!(r#"{{"subject":"{}"}}"#, ANN + 50));
    assert_eq!(names(&mut rig, "?filter=banned"), ["Racer 050"]);
    assert_eq!(view(&mut rig, "players?sort=points")["rows"][0]["rank"], 1);

    let pages: Vec<Vec<String>> =
        [0, 50, 100, 150].map(|start| names(&mut rig, &format!("?sort=name&start={start}"))).into();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 29, 0]);
    assert_eq!([&*pages[0][0], &*pages[1][0], &*pages[2][28]], ["\u{c1}nn", "Racer 052", "ZO\u{cb}"]);
    assert_eq!(view(&mut rig, "players?start=100&search=racer")["total"], 127);
}

#[test]
fn a_query_that_no_list_takes_says_what_it_takes() {
    let mut rig = server();
    for (query, expected) in [
        ("players?sort=height", "`sort` must be one of number, name, points, games, level, seen"),
        ("matches?filter=online", "`filter` must be one of all, running, ended"),
        ("results?order=up", "`order` must be asc or desc"),
        ("bans?start=-1", "`start` must be a number"),
    ] {
        let answer = Request::from(HERE).operator().get(&mut rig, &format!("/api/v1/{query}"));
        assert_eq!(status(&answer), "400");
        assert!(body(&answer).contains(expected), "{answer}");
    }
    assert_eq!(view(&mut rig, "players?search=&filter=&sort=&order=&start=")["total"], 0);
}

#[test]
fn matches_that_run_and_that_have_ended_are_in_one_list() {
    let mut rig = server();
    let [ann, ben] = [(ANN, "Ann"), (BEN, "B\u{e9}n")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 7);
    rig.pass(Duration::from_mins(40));
    Search::race(&ann, 10).begin(&mut rig);
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(40));
    let states = |rig: &mut Rig<Mmcos>, query: &str| column(rig, &format!("matches{query}"), "state").0;
    assert_eq!(states(&mut rig, "?sort=made"), ["made", "ended"], "the latest first");
    assert_eq!(states(&mut rig, "?order=asc"), ["ended", "made"]);
    assert_eq!(states(&mut rig, "?filter=running"), ["made"]);
    assert_eq!(states(&mut rig, "?filter=ended"), ["ended"]);
    assert_eq!(states(&mut rig, "?search=ben"), ["made"]);
    let number = view(&mut rig, "matches?filter=ended")["rows"][0]["session"].as_str().unwrap().to_owned();
    assert_eq!(states(&mut rig, &format!("?search={number}")), ["ended"]);
}

#[test]
fn results_are_found_by_player_and_those_that_were_adjusted_apart() {
    let mut rig = server();
    let [ann, ben] = [(ANN, "Ann"), (BEN, "B\u{e9}n")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 7);
    rig.pass(Duration::from_mins(5));
    race(&mut rig, &ben, 1_000_000);
    let changes = |rig: &mut Rig<Mmcos>, query: &str| column(rig, &format!("results{query}"), "claimed").0;
    assert_eq!(changes(&mut rig, ""), [1_000_000, 7], "the latest first");
    assert_eq!(changes(&mut rig, "?sort=change&order=asc"), [7, 1_000_000]);
    assert_eq!(changes(&mut rig, "?search=ben"), [1_000_000]);
    assert_eq!(changes(&mut rig, "?filter=adjusted"), [1_000_000]);
}

#[test]
fn bans_are_found_by_any_of_their_texts() {
    let mut rig = server();
    login(&mut rig, ANN, "\u{c1}nn");
    ban(&mut rig, &format!(r#"{{"subject":"{ANN}","hours":1,"reason":"insults"}}"#));
    rig.pass(Duration::from_hours(2));
    ban(&mut rig, r#"{"subject":"203.0.113.0/24","note":"bots, seen by Zo\u00eb"}"#);
    let subjects = |rig: &mut Rig<Mmcos>, query: &str| column(rig, &format!("bans{query}"), "subject").0;
    let (account, range) = (ANN.to_string(), "203.0.113.0/24".to_owned());
    assert_eq!(subjects(&mut rig, ""), [&*range, &*account], "the latest first");
    assert_eq!(subjects(&mut rig, "?filter=active"), [&*range]);
    assert_eq!(subjects(&mut rig, "?filter=expired"), [&*account]);
    for (search, found) in [("ann", &account), ("INSULT", &account), ("zoe", &range), ("203.0", &range)] {
        assert_eq!(subjects(&mut rig, &format!("?search={search}")), [&**found], "{search}");
    }
}

#[test]
fn the_details_of_a_player_are_in_one_place() {
    let mut rig = server();
    let first = rig.wall().as_secs();
    let ann = login(&mut rig, ANN, "Ann");
    race(&mut rig, &ann, 7);
    rig.pass(Duration::from_mins(40));
    let [ann, ben] = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let again = rig.wall().as_secs();
    Search::race(&ann, 10).begin(&mut rig);
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(40));
    ban(&mut rig, r#"{"subject":"198.51.100.0/24","reason":"another network","note":"seen"}"#);
    let found = view(&mut rig, "players/1/details");
    let member = |path: &str| found.pointer(path).unwrap_or_else(|| panic!("{path}: {found}")).clone();
    assert_eq!(member("/steam_id"), ANN.to_string());
    assert_eq!((member("/first_seen"), member("/does")), (first.into(), "racing".into()));
    assert_eq!((member("/results/0/change"), member("/results/0/points")), (7.into(), 7.into()));
    assert_eq!([member("/logins/0/at"), member("/logins/1/at")], [again, first]);
    assert_eq!(member("/logins/0/address"), "127.0.0.1");
    let running = view(&mut rig, "matches?filter=running");
    assert_eq!(member("/session"), running["rows"][0]["session"]);
    assert_eq!(member("/bans"), Value::Array(Vec::new()), "no other network's");
    assert_eq!(member("/user_facing_id").as_str().unwrap().len(), 13);
    ban(&mut rig, r#"{"subject":"127.0.0.0/24","note":"this network","confirm":true}"#);
    ban(&mut rig, &format!(r#"{{"subject":"{ANN}","reason":"insults"}}"#));
    let found = view(&mut rig, "players/1/details");
    let bans = found["bans"].as_array().unwrap();
    assert_eq!(
        (bans.len(), &bans[0]["reason"], &bans[1]["note"]),
        (2, &"insults".into(), &"this network".into())
    );
    let viewer = add(&mut rig, "vera", "viewer");
    let viewer = Request::from(HERE).with("Authorization", &format!("Bearer {viewer}"));
    let found = json(&viewer.get(&mut rig, "/api/v1/players/1/details"));
    assert_eq!(
        (&found["name"], &found["logins"]),
        (&"Ann".into(), &Value::Null),
        "addresses are not for viewers"
    );
    for path in ["players/3/details", "players/x/details"] {
        let answer = Request::from(HERE).operator().get(&mut rig, &format!("/api/v1/{path}"));
        assert_eq!(status(&answer), "404");
    }
}

#[test]
fn the_log_is_searched_and_filtered_by_level() {
    let mut rig = server();
    for number in 0..300 {
        login(&mut rig, ANN + number, &format!("Racer {number:03}"));
    }
    login(&mut rig, ANN + 999, "Zo\u{eb}");
    assert_eq!(status(&Request::from(HERE).get(&mut rig, "/nothing")), "404");
    let all = view(&mut rig, "log");
    assert!(all["rows"][0]["text"].as_str().unwrap().contains("/nothing"), "the latest first: {all}");
    assert!((300..=500).contains(&all["total"].as_u64().unwrap()), "{}", all["total"]);
    let found = view(&mut rig, "log?search=zoe");
    assert!(found["rows"][0]["text"].as_str().unwrap().contains("Zo\u{eb}"), "{found}");
    let (levels, _) = column(&mut rig, "log?filter=warn", "level");
    assert!(levels.iter().all(|level| level == "warn"));
    let infos = column(&mut rig, "log?filter=info", "level").1;
    assert_eq!(
        infos + column(&mut rig, "log?filter=warn", "level").1,
        view(&mut rig, "log")["total"].as_u64().unwrap()
    );
    let viewer = add(&mut rig, "vera", "viewer");
    let viewer = Request::from(HERE).with("Authorization", &format!("Bearer {viewer}"));
    assert_eq!(status(&viewer.get(&mut rig, "/api/v1/log")), "403", "the log has addresses");
}
