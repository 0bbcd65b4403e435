//! Commands about one player: its data, points, deletion.

use mmcos_core::{game::Game as _, row::Row, testing::Rows};
use mmcos_game::{Mmcos, Record};

use super::{
    ANN, BEN, ELSEWHERE, Request, audit, json, server, state, view,
    world::{self, get_elite, login, race},
};
use crate::rig::{Rig, status};

const NAME: &str = "Annabella";

fn operator() -> Request<'static> {
    Request::from(ELSEWHERE).operator()
}

fn adjust(rig: &mut Rig<Mmcos>, user: u32, change: i32) -> String {
    let body = format!(r#"{{"change":{change},"reason":"a crash of the server"}}"#);
    operator().command(rig, ("POST", &format!("players/{user}/points"), &body))
}

fn delete(rig: &mut Rig<Mmcos>, user: u32) {
    let path = format!("players/{user}/delete");
    let answer = operator().command(rig, ("POST", &path, r#"{"reason":"asked for","confirm":true}"#));
    assert_eq!(status(&answer), "200", "{answer}");
}

fn points(rig: &mut Rig<Mmcos>, user: u32) -> i64 {
    view(rig, &format!("players/{user}/details"))["points"].as_i64().unwrap()
}

#[test]
fn points_are_changed_with_a_reason_and_the_change_is_a_record() {
    let mut rig = server();
    let ann = login(&mut rig, ANN, NAME);
    login(&mut rig, BEN, "Ben");
    race(&mut rig, &ann, 60);
    assert_eq!(status(&adjust(&mut rig, 2, 500)), "200");
    assert_eq!((points(&mut rig, 1), points(&mut rig, 2)), (60, 500));
    let leaders = get_elite(&mut rig, &ann);
    assert_eq!(world::texts(&leaders, "Points")[..2], ["500", "60"], "{leaders}");
    let Some(Record::Adjusted(kept)) =
        rig.records.iter().find(|record| matches!(record, Record::Adjusted(_)))
    else {
        panic!("{:?}", rig.records)
    };
    assert_eq!(
        (kept.user.0, kept.change.0, &*kept.operator, &*kept.reason),
        (2, 500, "operator", "a crash of the server")
    );
    assert_eq!((kept.before.points.0, kept.after.points.0, kept.after.division.0), (0, 500, 1));
    // Two at the same moment are two.
    for _ in 0..2 {
        assert_eq!(status(&adjust(&mut rig, 1, -10)), "200");
    }
    assert_eq!(points(&mut rig, 1), 40, "also in the first division, where a result takes none away");
    assert_eq!(status(&adjust(&mut rig, 2, -100_000)), "200");
    assert_eq!(points(&mut rig, 2), 0);
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert!(entry["text"].as_str().unwrap().contains("a crash of the server"), "{entry}");
    assert_eq!((&entry["before"], &entry["about"]), (&"500 points, division 1".into(), &2.into()));

    let shown = view(&mut rig, "players/1/details")["adjustments"].clone();
    assert_eq!(
        (shown.as_array().unwrap().len(), &shown[0]["points"], &shown[1]["change"]),
        (2, &40.into(), &(-10).into()),
        "the latest first: {shown}"
    );

    let rows: Vec<Record> = rig.server.service().rows().collect();
    let mut next = world::restarted(&rig, super::config(), rig.wall());
    let adjustments = |rows: &[Record]| rows.iter().filter(|row| matches!(row, Record::Adjusted(_))).count();
    assert_eq!(adjustments(&rows), 4);
    assert_eq!(next.server.service().rows().collect::<Vec<_>>(), rows);
    assert_eq!(points(&mut next, 1), 40);

    for (user, body) in [
        (9, r#"{"change":1,"reason":"x"}"#),
        (1, r#"{"change":1,"reason":" "}"#),
        (1, r#"{"change":1}"#),
        (1, r#"{"change":100001,"reason":"x"}"#),
        (1, r#"{"change":1,"reason":"two\nlines"}"#),
    ] {
        let answer = operator().command(&mut rig, ("POST", &format!("players/{user}/points"), body));
        assert_eq!(status(&answer), if user == 9 { "404" } else { "400" }, "{answer}");
    }
}

#[test]
fn a_name_of_an_operator_outlives_logins_until_it_is_taken_back() {
    let mut rig = server();
    let name = |rig: &mut Rig<Mmcos>| view(rig, "players/1/details")["name"].clone();
    let rename = |rig: &mut Rig<Mmcos>, body: &str| {
        let answer = operator().command(rig, ("POST", "players/1/name", body));
        assert_eq!(status(&answer), "200", "{answer}");
    };
    let ann = login(&mut rig, ANN, "An insult");
    rename(&mut rig, r#"{"name":"Guest\u202e 7","reason":"an insult"}"#);
    assert!(get_elite(&mut rig, &ann).contains("<Name>Guest 7<"), "cleaned as a name of the game");
    login(&mut rig, ANN, "Another insult");
    assert_eq!(name(&mut rig), "Guest 7");
    let entry = audit::audit(&mut rig, "?filter=players")[0].clone();
    assert_eq!((&entry["before"], &entry["after"]), (&"An insult".into(), &"Guest 7".into()));
    let now = rig.wall();
    let mut rig = world::restarted(&rig, super::config(), now);
    login(&mut rig, ANN, "Another insult");
    assert_eq!(name(&mut rig), "Guest 7");
    rename(&mut rig, r#"{"reason":"said sorry"}"#);
    assert_eq!(name(&mut rig), "Guest 7", "the game's name is not known before the next login");
    login(&mut rig, ANN, NAME);
    assert_eq!(name(&mut rig), NAME);
    assert_eq!(status(&operator().command(&mut rig, ("POST", "players/9/name", r#"{"reason":"x"}"#))), "404");
}

#[test]
fn a_title_of_an_operator_is_shown_until_the_player_chooses_another() {
    const ELITE: &str = "<Title>lng_player_title_elite</Title>";
    let mut rig = server();
    let ann = login(&mut rig, ANN, NAME);
    race(&mut rig, &ann, 60);
    let give = |rig: &mut Rig<Mmcos>, user: u32, body: &str| {
        status(&operator().command(rig, ("POST", &format!("players/{user}/title"), body))).to_owned()
    };
    let elite = r#"{"title":"lng_player_title_elite","reason":"won the cup"}"#;
    assert_eq!(give(&mut rig, 1, elite), "200");
    assert!(get_elite(&mut rig, &ann).contains(ELITE));
    let entry = audit::audit(&mut rig, "?filter=players")[0].clone();
    assert_eq!(entry["text"], "gave Annabella (player 1) the title lng_player_title_elite: won the cup");
    assert_eq!(entry["after"], "lng_player_title_elite");
    let now = rig.wall();
    let mut rig = world::restarted(&rig, super::config(), now);
    let ann = login(&mut rig, ANN, NAME);
    assert!(get_elite(&mut rig, &ann).contains(ELITE), "a login sends no title");
    world::update_title(&mut rig, &ann, "lng_player_title_box_004");
    assert!(!get_elite(&mut rig, &ann).contains(ELITE));
    for (user, body, expected) in [
        (1, r#"{"title":"Elite!","reason":"x"}"#, "400"),
        (1, r#"{"title":"","reason":"x"}"#, "400"),
        (1, r#"{"title":"elite","reason":""}"#, "400"),
        (9, elite, "404"),
    ] {
        assert_eq!(give(&mut rig, user, body), expected, "{body}");
    }
}

#[test]
fn a_kick_may_have_a_reason() {
    let mut rig = server();
    login(&mut rig, ANN, NAME);
    let kick = |rig: &mut Rig<Mmcos>, body: &str| {
        status(&operator().command(rig, ("POST", "players/1/kick", body))).to_owned()
    };
    assert_eq!(kick(&mut rig, r#"{"reason":"rams everyone"}"#), "200");
    assert_eq!(audit::audit(&mut rig, "")[0]["text"], "kicked Annabella (76561202255230001): rams everyone");
    assert_eq!(kick(&mut rig, "{}"), "200");
    assert_eq!(audit::audit(&mut rig, "")[0]["text"], "kicked Annabella (76561202255230001)");
    assert_eq!(kick(&mut rig, r#"{"reason":"two\nlines"}"#), "400");
}

#[test]
fn a_backup_is_a_milestone_of_the_store() {
    let mut rig = server();
    login(&mut rig, ANN, NAME);
    assert_eq!(status(&operator().command(&mut rig, ("POST", "backup", ""))), "200");
    adjust(&mut rig, 1, 5);
    let copies: Vec<_> = rig.records.iter().filter_map(Row::milestone).collect();
    let (backups, others): (Vec<_>, Vec<_>) = copies.iter().partition(|copy| copy.folder == "backups");
    assert!(matches!(backups[..], [copy] if copy.name == "backup"), "{backups:?}");
    assert!(others.iter().all(|copy| copy.folder == "seasons"), "{others:?}");
}

#[test]
fn a_second_account_is_added_to_the_first_and_deleted() {
    let mut rig = server();
    let [ann, ben] = [(ANN, NAME), (BEN, "Benedict")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 60);
    race(&mut rig, &ben, 20);
    adjust(&mut rig, 2, 500);
    operator().command(&mut rig, ("POST", "bans", &format!(r#"{{"subject":"{BEN}","hours":1}}"#)));
    let merge = |rig: &mut Rig<Mmcos>, path: &str, other: u32, confirm: bool| {
        let body = format!(r#"{{"other":{other},"reason":"two accounts","confirm":{confirm}}}"#);
        operator().command(rig, ("POST", &format!("players/{path}/merge"), &body))
    };
    let refused = |rig: &mut Rig<Mmcos>, confirm: bool, expected: &str| {
        let answer = merge(rig, "1", 2, confirm);
        assert!(status(&answer) == "409" && answer.contains(expected), "{answer}");
    };
    refused(&mut rig, true, "is online: kick the player first");
    for user in [1, 2] {
        assert_eq!(
            status(&operator().command(&mut rig, ("POST", &format!("players/{user}/kick"), "{}"))),
            "200"
        );
    }
    refused(&mut rig, false, "Benedict (76561202255230002) would be deleted, and its 520 points added");
    for (path, other, expected) in [("1", 1, "400"), ("1", 9, "404"), ("9", 1, "404"), ("x", 1, "404")] {
        assert_eq!(status(&merge(&mut rig, path, other, true)), expected, "{other} into {path}");
    }
    let before = view(&mut rig, "players/1/details");
    assert_eq!(status(&merge(&mut rig, "1", 2, true)), "200");
    let after = view(&mut rig, "players/1/details");
    assert_eq!((&after["points"], &after["games"], &after["name"]), (&580.into(), &2.into(), &NAME.into()));
    assert_eq!((&before["points"], &before["games"], &after["division"]), (&60.into(), &1.into(), &1.into()));
    let data = json(&operator().get(&mut rig, "/api/v1/players/1/data"));
    let change = data["adjustments"][0].clone();
    assert_eq!(
        (&change["change"], &change["reason"]),
        (&520.into(), &"player 2 was merged into this one: two accounts".into())
    );
    assert_eq!(status(&operator().get(&mut rig, "/api/v1/players/2/data")), "404");
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert_eq!(
        (&entry["about"], &entry["before"], &entry["after"]),
        (&1.into(), &"60 points, division 0".into(), &"580 points, division 1".into())
    );
    // As a deletion does it: the ban that holds is all that names the second.
    let named = |text: &str| stored(&rig).into_iter().filter(|row| row.contains(text)).collect::<Vec<_>>();
    assert_eq!(named("Benedict"), [""; 0]);
    assert!(
        named(&BEN.to_string()).iter().all(|row| row.starts_with("{\"Ban\"")),
        "{:?}",
        named(&BEN.to_string())
    );
    assert_eq!(status(&world::login_answer(&mut rig, BEN, "Benedict")), "403");

    let rows: Vec<Record> = rig.server.service().rows().collect();
    let mut next = world::restarted(&rig, super::config(), rig.wall());
    assert_eq!(next.server.service().rows().collect::<Vec<_>>(), rows);
    assert_eq!(points(&mut next, 1), 580);
}

#[test]
fn players_in_a_match_are_not_merged() {
    let mut rig = server();
    let [ann, ben] = [(ANN, NAME), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    world::Search::race(&ann, 10).begin(&mut rig);
    world::Search::race(&ben, 20).begin(&mut rig);
    rig.pass(std::time::Duration::from_secs(40));
    let body = r#"{"other":2,"reason":"two accounts","confirm":true}"#;
    for user in [1, 2] {
        operator().command(&mut rig, ("POST", &format!("players/{user}/kick"), "{}"));
    }
    let answer = operator().command(&mut rig, ("POST", "players/1/merge", body));
    assert!(
        status(&answer) == "409" && answer.contains("is in a match: wait until it is over, or end it"),
        "{answer}"
    );
    let number = state(&mut rig)["matches"]["list"][0]["session"].as_str().unwrap().to_owned();
    operator().command(&mut rig, ("POST", &format!("matches/{number}/end"), ""));
    assert_eq!(status(&operator().command(&mut rig, ("POST", "players/1/merge", body))), "200");
}

#[test]
fn all_data_of_a_player_is_read() {
    let mut rig = server();
    let [ann, ben] = [(ANN, NAME), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 60);
    race(&mut rig, &ben, 20);
    adjust(&mut rig, 1, 5);
    let ban = format!(r#"{{"subject":"{ANN}","hours":1,"reason":"cheating"}}"#);
    operator().command(&mut rig, ("POST", "bans", &ban));
    let data = json(&operator().get(&mut rig, "/api/v1/players/1/data"));
    let count = |key: &str| data[key].as_array().unwrap().len();
    assert_eq!(data["player"]["profile"]["name"], NAME);
    assert_eq!(
        ["matches", "results", "adjustments", "bans", "commands"].map(count),
        [1, 1, 1, 1, 2],
        "{data}"
    );
    assert_eq!((&data["results"][0]["user"], &data["results"][0]["counted"]), (&1.into(), &60.into()));
    assert!(
        !data.to_string().contains("203.0.113.7"),
        "the operator's address is not the player's data: {data}"
    );
    assert_eq!(status(&operator().get(&mut rig, "/api/v1/players/9/data")), "404");
}

/// Returns the rows of the store, as text.
fn stored(rig: &Rig<Mmcos>) -> Vec<String> {
    let mut rows = Rows::default();
    for record in &rig.records {
        rows.put(record.clone()).unwrap();
    }
    rows.records(rig.wall()).map(|record| serde_json::to_string(&record).unwrap()).collect()
}

#[test]
fn a_deleted_player_is_gone_and_may_begin_anew() {
    let mut rig = server();
    let [ann, ben] = [(ANN, NAME), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 60);
    race(&mut rig, &ben, 20);
    adjust(&mut rig, 1, 5);
    // A podium, and entries of the audit log that name the player.
    let season = state(&mut rig)["season"]["id"].as_i64().unwrap();
    operator().command(&mut rig, ("POST", "season/start", &format!(r#"{{"season":{}}}"#, season + 1)));
    let ban = format!(r#"{{"subject":"{ANN}","hours":1,"reason":"{NAME}"}}"#);
    operator().command(&mut rig, ("POST", "bans", &ban));
    operator().command(&mut rig, ("POST", "bans/lift", &format!(r#"{{"subject":"{ANN}"}}"#)));
    operator().command(&mut rig, ("POST", "players/1/kick", "{}"));
    let shown = rig.server.service().players().iter().next().unwrap().user_facing_id().as_str().to_owned();
    let search = world::Search::race(&login(&mut rig, ANN, NAME), 10).begin(&mut rig);

    let asked = operator().command(&mut rig, ("POST", "players/1/delete", r#"{"reason":"asked for"}"#));
    assert!(status(&asked) == "409" && asked.contains("cannot be undone"), "{asked}");
    delete(&mut rig, 1);
    assert!(rig.read(search).contains("cancelled"));
    for text in [NAME, &ANN.to_string(), &shown] {
        let found: Vec<String> = stored(&rig).into_iter().filter(|row| row.contains(text)).collect();
        assert!(found.is_empty(), "{text}: {found:?}");
        let rows =
            rig.server.service().rows().filter(|row| serde_json::to_string(row).unwrap().contains(text));
        assert_eq!(rows.count(), 0, "{text}");
        assert_eq!(view(&mut rig, &format!("log?search={text}"))["total"], 0);
    }
    assert!(stored(&rig).iter().any(|row| row.contains("\"PlayerDeleted\"")));
    let entry = audit::audit(&mut rig, "")[0].clone();
    assert_eq!((&entry["text"], &entry["about"]), (&"deleted player 1: asked for".into(), &1.into()));
    assert_eq!(status(&operator().get(&mut rig, "/api/v1/players/1/data")), "404");
    let found = json(&operator().get(&mut rig, &format!("/api/v1/players?search={NAME}")));
    assert_eq!(found["total"], 0);
    let leaders = get_elite(&mut rig, &ben);
    assert!(!leaders.contains(NAME) && leaders.contains("Ben"), "{leaders}");
    assert_eq!(status(&get_elite(&mut rig, &ann)), "401");

    // The same in a server that starts from the store.
    let rows: Vec<Record> = rig.server.service().rows().collect();
    let mut kept = Rows::default();
    rig.records.iter().for_each(|record| kept.put(record.clone()).unwrap());
    let mut next = Rig::new(world::game(super::config(), 4), mmcos_core::engine::Limits::default());
    kept.records(rig.wall()).for_each(|record| next.server.restore(record).unwrap());
    next.set_wall(rig.wall());
    assert_eq!(next.server.service().rows().collect::<Vec<_>>(), rows);
    let log = next.events.clone();
    login(&mut next, ANN, NAME);
    assert!(!next.events.iter().any(|event| event.contains("AccountsMissing")), "{log:?}");
    let player = next.server.service().players().iter().last().unwrap();
    assert_eq!((player.user_id.0, player.standing.points.0), (3, 0), "an account of its own");
}

#[test]
fn the_number_of_the_last_player_is_not_given_again() {
    let mut rig = server();
    login(&mut rig, ANN, NAME);
    let ben = login(&mut rig, BEN, "Ben");
    race(&mut rig, &ben, 20);
    delete(&mut rig, 2);
    let now = rig.wall();
    for mut rig in [world::restarted(&rig, super::config(), now), rig] {
        login(&mut rig, BEN + 7, "Eve");
        let eve = rig.server.service().players().iter().last().unwrap();
        assert_eq!(eve.user_id.0, 3);
        assert_eq!(status(&get_elite(&mut rig, &ben)), "401");
    }
}

#[test]
fn a_ban_that_holds_outlives_the_player_and_one_that_ended_does_not() {
    for (hours, kept) in [(1, 0), (100, 1)] {
        let mut rig = server();
        login(&mut rig, ANN, NAME);
        let ban = format!(r#"{{"subject":"{ANN}","hours":{hours}}}"#);
        operator().command(&mut rig, ("POST", "bans", &ban));
        rig.pass(std::time::Duration::from_hours(2));
        delete(&mut rig, 1);
        let found = stored(&rig).into_iter().filter(|row| row.contains(&ANN.to_string()));
        assert_eq!(found.count(), kept, "{hours} h");
        let expected = if kept == 0 { "200" } else { "403" };
        assert_eq!(status(&world::login_answer(&mut rig, ANN, NAME)), expected);
    }
    assert!(Record::SCHEMA.table("deleted_players").is_some());
}
