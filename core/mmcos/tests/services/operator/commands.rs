//! The operator's commands.

mod season;

use std::time::Duration;

use mmcos_core::{game::Game as _, seam::Wall};
use mmcos_game::{Mmcos, Record};
use serde_json::Value;

use super::{
    ANN, BEN, ELSEWHERE, HERE, Request, json, server, state, view,
    world::{self, Search, get_elite, login, login_answer, texts},
};
use crate::rig::{Rig, status};

#[test]
fn settings_hold_at_once_are_kept_and_can_be_taken_back() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    let status_xml = |rig: &mut Rig<Mmcos>| {
        rig.request(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!(
        status(
            &operator()
                .command(&mut rig, ("PUT", "settings/message", r#"{"value":"Races at eight & nine"}"#))
        ),
        "200"
    );
    assert!(status_xml(&mut rig).contains("Races at eight &amp; nine"));
    assert_eq!(
        status(&operator().command(&mut rig, ("PUT", "settings/maintenance", r#"{"value":"true"}"#))),
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
    assert!(again.server.service().rows().any(|record| matches!(record, Record::Setting { .. })));
    for name in ["message", "maintenance"] {
        assert_eq!(
            status(&operator().command(&mut again, ("DELETE", &format!("settings/{name}"), ""))),
            "200"
        );
    }
    assert!(status_xml(&mut again).contains("Server is up!"));
    assert_eq!(status(&login_answer(&mut again, ANN, "Ann")), "200");
    for (path, body) in [
        ("settings/nothing", r#"{"value":"1"}"#),
        ("settings/poll-seconds", r#"{"value":"0"}"#),
        ("settings/message", "{"),
    ] {
        let refused = operator().command(&mut again, ("PUT", path, body));
        assert!(["400", "404"].contains(&status(&refused)), "{refused}");
    }
}

#[test]
fn a_kicked_player_searches_no_more_and_logs_in_anew() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let search = Search::race(&token, 10).begin(&mut rig);
    let kick = ("POST", "players/1/kick", "{}");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, kick)), "200");
    assert!(rig.read(search).contains("cancelled"));
    assert_eq!(status(&get_elite(&mut rig, &token)), "401");
    rig.pass(Duration::from_secs(1));
    let token = login(&mut rig, ANN, "Ann");
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
}

/// Returns the last record that is no entry of the audit log.
fn last_record(rig: &Rig<Mmcos>) -> Option<&Record> {
    rig.records.iter().rev().find(|record| !matches!(record, Record::Audit(_)))
}

#[test]
fn a_banned_player_is_out_until_the_ban_is_lifted() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let operator = || Request::from(ELSEWHERE).operator();
    let ban = format!(r#"{{"subject":"{ANN}","hours":1,"reason":"cheating","note":"seen"}}"#);
    assert_eq!(status(&operator().command(&mut rig, ("POST", "bans", &ban))), "200");
    assert!(matches!(last_record(&rig), Some(Record::Ban(_))));
    assert_eq!(status(&get_elite(&mut rig, &token)), "403");
    let bans = json(&operator().get(&mut rig, "/api/v1/bans"))["rows"].clone();
    assert_eq!(
        (&bans[0]["name"], &bans[0]["reason"], &bans[0]["holds"]),
        (&"Ann".into(), &"cheating".into(), &true.into())
    );
    let lift = format!(r#"{{"subject":"{ANN}"}}"#);
    assert_eq!(status(&operator().command(&mut rig, ("POST", "bans/lift", &lift))), "200");
    assert!(matches!(last_record(&rig), Some(Record::Unban(_))));
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
    assert_eq!(status(&operator().command(&mut rig, ("POST", "bans/lift", &lift))), "404");
}

#[test]
fn a_ban_of_a_player_or_of_addresses_ends_the_searches_that_it_covers() {
    let mut rig = server();
    let tokens = [ANN, BEN].map(|player| login(&mut rig, player, "A"));
    for subject in [ANN.to_string(), "203.0.113.40".to_owned()] {
        // Both accept no AI, and each searches for a mode of its own.
        let [covered, other] =
            [(0, 40, "QuickRace"), (1, 41, "RankedRace")].map(|(player, from, game_type)| {
                let conn = rig.open_from([203, 0, 113, from]);
                rig.send(conn, &Search { game_type, ..Search::race(&tokens[player], 10) }.request());
                conn
            });
        let operator = || Request::from([198, 51, 100, 1]).operator();
        let body = format!(r#"{{"subject":"{subject}"}}"#);
        assert_eq!(status(&operator().command(&mut rig, ("POST", "bans", &body))), "200");
        assert!(rig.read(covered).contains("<Error>cancelled</Error>"), "{subject}");
        assert_eq!(rig.read(other), "", "{subject}");
        assert_eq!(status(&operator().command(&mut rig, ("POST", "bans/lift", &body))), "200");
        rig.leave(other);
    }
}

#[test]
fn a_kicked_player_logs_in_anew_though_the_clock_was_set_back() {
    let mut rig = server();
    let kick = ("POST", "players/1/kick", "{}");
    let old = login(&mut rig, ANN, "Ann");
    for back in [0, 1, 3600] {
        assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, kick)), "200");
        rig.set_wall(Wall::from_secs(rig.wall().as_secs() - back));
        let new = login(&mut rig, ANN, "Ann");
        assert_eq!(status(&get_elite(&mut rig, &new)), "200", "{back} s back");
    }
    assert_eq!(status(&get_elite(&mut rig, &old)), "401");
}

#[test]
fn the_next_season_begins_once_when_it_is_ordered_by_its_number() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    world::race(&mut rig, &token, 60);
    let season = |rig: &mut Rig<Mmcos>| state(rig)["season"]["id"].as_i64().unwrap();
    let points =
        |rig: &mut Rig<Mmcos>| view(rig, "players?sort=points")["rows"][0]["points"].as_i64().unwrap();
    let first = season(&mut rig);
    // The rig's season began long ago.
    let start = |rig: &mut Rig<Mmcos>, season: i64| {
        let body = format!(r#"{{"season":{season}}}"#);
        status(&Request::from(ELSEWHERE).operator().command(rig, ("POST", "season/start", &body))).to_owned()
    };
    assert_eq!([start(&mut rig, first), start(&mut rig, first + 2)], ["200", "400"]);
    assert_eq!((season(&mut rig), points(&mut rig)), (first, 60));
    let records = rig.records.len();
    assert_eq!([start(&mut rig, first + 1), start(&mut rig, first + 1)], ["200", "200"]);
    let begun = rig.records[records..].iter().filter(|record| matches!(record, Record::SeasonStarted(_)));
    assert_eq!(begun.count(), 1);
    assert_eq!(season(&mut rig), first + 1);
    assert_eq!(start(&mut rig, first + 2), "409", "a button that was pressed twice");
    assert_eq!(season(&mut rig), first + 1);
    assert_eq!(points(&mut rig), 300, "the bonuses for the first ten");
    // The next result tells the game, and it logs in again; the calendar goes on.
    let told = world::race(&mut rig, &token, 10);
    assert_eq!(world::text(&told, "GameConfigChanged"), "true");
    let answer = world::login_answer(&mut rig, ANN, "Ann");
    let ids = ["OldSeasonID", "NewSeasonID", "BonusPoints"]
        .map(|name| *world::texts(&answer, name).last().unwrap());
    assert_eq!(ids, [&*first.to_string(), &*(first + 1).to_string(), "300"]);
    let next = state(&mut rig)["season"]["next"].as_i64().unwrap();
    rig.skip_to(Wall::from_secs(next));
    login(&mut rig, ANN, "Ann");
    assert_eq!(season(&mut rig), first + 2);
}

#[test]
fn no_season_begins_early_while_none_is_on() {
    let mut rig = server();
    rig.skip_to(world::on(2023, 12, 20, 12));
    login(&mut rig, ANN, "Ann");
    let next = state(&mut rig)["season"]["id"].as_i64().unwrap() + 1;
    let body = format!(r#"{{"season":{next}}}"#);
    let answer = Request::from(ELSEWHERE).operator().command(&mut rig, ("POST", "season/start", &body));
    assert_eq!(status(&answer), "400");
    assert!(answer.contains("2024-01-01T00:00:00Z"), "{answer}");
}

#[test]
fn no_season_begins_early_while_the_clock_is_before_its_start() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    let season = state(&mut rig)["season"].clone();
    let body = format!(r#"{{"season":{}}}"#, season["id"].as_i64().unwrap() + 1);
    rig.set_wall(Wall::from_secs(season["starts"].as_i64().unwrap() - 1_000));
    let start = |rig: &mut Rig<Mmcos>| {
        Request::from(ELSEWHERE).operator().command(rig, ("POST", "season/start", &body))
    };
    let answer = start(&mut rig);
    assert_eq!(status(&answer), "400");
    assert!(answer.contains("clock has jumped and may be wrong"), "{answer}");
    rig.pass(Duration::from_mins(10));
    let answer = start(&mut rig);
    assert_eq!(status(&answer), "400");
    assert!(answer.contains("mmcos restore"), "{answer}");
}

#[test]
fn an_event_is_started_and_stopped() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let is_changed = |rig: &mut Rig<Mmcos>| {
        let response = world::add_points(rig, &token, "0000000000000000", 0);
        world::text(&response, "GameConfigChanged") == "true"
    };
    assert!(!is_changed(&mut rig));
    let operator = || Request::from(ELSEWHERE).operator();
    assert_eq!(
        status(&operator().command(&mut rig, ("POST", "event/start", r#"{"event":"chaos","hours":3}"#))),
        "200"
    );
    let event = state(&mut rig)["event"].clone();
    assert_eq!((&event["name"], &event["on"]), (&"chaos".into(), &true.into()));
    assert!(is_changed(&mut rig));
    assert_eq!(status(&operator().command(&mut rig, ("POST", "event/stop", ""))), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["event"], Value::Null);
    assert!(!is_changed(&mut rig), "it is what it was at the login");
    assert_eq!(
        status(&operator().command(&mut rig, ("POST", "event/start", r#"{"event":"rally","hours":3}"#))),
        "400"
    );
}

#[test]
fn a_dangerous_ban_needs_a_confirmation_and_a_mistyped_one_is_refused() {
    let mut rig = server();
    let ban = |rig: &mut Rig<Mmcos>, subject: &str, rest: &str| {
        let body = format!(r#"{{"subject":"{subject}"{rest}}}"#);
        Request::from(ELSEWHERE).operator().command(rig, ("POST", "bans", &body))
    };
    for (subject, says) in [
        ("203.0.113.0/2", "203.0.113.0/2 would ban all of 192.0.0.0/2"),
        ("203.0.113.7/24", "or 203.0.113.7/32"),
    ] {
        let refused = ban(&mut rig, subject, r#","confirm":true"#);
        assert!(status(&refused) == "400" && refused.contains(says), "{refused}");
    }
    for (subject, says) in [
        ("192.0.0.0/2", "your own address"),
        ("0.0.0.0/0", "your own address"),
        ("12.0.0.0/8", "a large part of the internet"),
        ("::/0", "this machine"),
        ("127.0.0.1", "this machine"),
        ("203.0.113.7", "contains your own address 203.0.113.7"),
    ] {
        let refused = ban(&mut rig, subject, "");
        assert!(status(&refused) == "409" && refused.contains(says), "{subject}: {refused}");
        let refused: Value = serde_json::from_str(crate::rig::body(&refused)).unwrap();
        assert!(refused["confirm"].as_str().unwrap().starts_with(subject), "{refused}");
    }
    let bans = rig.records.iter().filter(|record| matches!(record, Record::Ban(_)));
    assert_eq!(bans.count(), 0);
    assert_eq!(status(&ban(&mut rig, "12.0.0.0/8", r#","confirm":true"#)), "200");
    assert_eq!(status(&ban(&mut rig, "203.0.112.0/24", "")), "200");
}

#[test]
fn two_that_are_kept_apart_meet_again_when_the_operator_says_so() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let search = |rig: &mut Rig<Mmcos>| {
        let searches = [(0, 10), (1, 20)]
            .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(rig));
        rig.pass(Duration::from_secs(30));
        searches.map(|conn| texts(&rig.read(conn), "GameLobbyId").len())
    };
    assert_eq!([search(&mut rig), search(&mut rig), search(&mut rig)], [[2, 2], [2, 2], [1, 1]]);
    let seen = state(&mut rig);
    let pair = &seen["searches"]["apart"][0];
    assert_eq!((&pair["one"]["name"], &pair["other"]["name"]), (&"Ann".into(), &"Ben".into()), "{seen}");
    // Noticed when they searched for the third time, half a minute ago.
    assert_eq!(pair["until"], rig.wall().as_secs() + 570);
    let forget = |rig: &mut Rig<Mmcos>, pair: &str| {
        let path = format!("apart/{pair}/end");
        status(&Request::from(ELSEWHERE).operator().command(rig, ("POST", &path, ""))).to_owned()
    };
    assert_eq!(
        ["1-3", "1", "a-b", "2-1", "1-2"].map(|pair| forget(&mut rig, pair)),
        ["404", "404", "404", "200", "404"]
    );
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["searches"]["apart"], Value::Array(vec![]));
    assert_eq!(search(&mut rig), [2, 2]);
}
