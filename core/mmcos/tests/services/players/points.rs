//! Accounts and their points: identity, divisions, ranks.

use crate::{
    rig::{body, status},
    world::{
        ADD_POINTS, add_points, get_elite, login, login_answer, login_request, platform_id, post, race,
        server, text,
    },
};

const ANN: u64 = 76_561_198_000_002_001;
const BEA: u64 = 76_561_198_000_002_002;
const ANY_KEY: &str = "00000000000000AB";

#[test]
fn a_login_is_the_same_account_again_whatever_the_name() {
    let mut rig = server();
    let first = login_answer(&mut rig, ANN, "Ann");
    let other = login_answer(&mut rig, BEA, "Ann");
    let again = login_answer(&mut rig, ANN, "Annabel");
    for name in ["UserID", "UserFacingID", "PlatformID"] {
        assert_eq!(text(&first, name), text(&again, name));
        assert_ne!(text(&first, name), text(&other, name));
    }
    let facing = text(&first, "UserFacingID");
    assert_eq!(facing.len(), 13);
    assert!(facing.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{facing}");
    assert_eq!(rig.server.service().players().len(), 2);
}

#[test]
fn points_add_up_and_win_divisions() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    for (total, division) in [("120", "0"), ("240", "0"), ("360", "0"), ("480", "0"), ("600", "1")] {
        let answer = race(&mut rig, &token, 120);
        assert_eq!((text(&answer, "Points"), text(&answer, "NewDivision")), (total, division));
        assert_eq!(text(&answer, "OldDivision"), "0");
    }
    let answer = login_answer(&mut rig, ANN, "Ann");
    assert_eq!((text(&answer, "Points"), text(&answer, "Division")), ("600", "1"));
    assert_eq!((text(&answer, "UntrustedLevel"), text(&answer, "UntrustedPrestige")), ("3", "1"));
}

#[test]
fn divisions_0_and_1_lose_nothing_and_division_2_does() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    for (change, total, division) in [
        (-60, 0, 0),
        (100, 100, 0),
        (-60, 100, 0),
        (130, 230, 0),
        (130, 360, 0),
        (140, 500, 1),
        (-60, 500, 1),
        (130, 630, 1),
        (130, 760, 1),
        (130, 890, 1),
        (130, 1_020, 2),
        (-60, 960, 2),
        (-60, 900, 2),
        (-60, 840, 2),
        (-60, 780, 2),
        (-31, 749, 1),
        (-60, 749, 1),
    ] {
        let answer = race(&mut rig, &token, change);
        let read = (text(&answer, "Points"), text(&answer, "NewDivision"));
        assert_eq!(read, (&*total.to_string(), &*division.to_string()), "{change}");
    }
}

#[test]
fn no_game_brings_more_than_the_tables_allow() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    assert_eq!(text(&race(&mut rig, &token, 1_000_000), "Points"), "140");
    assert!(rig.events.iter().any(|event| event.starts_with("Exaggerated")), "{:?}", rig.events);
    assert_eq!(text(&race(&mut rig, &token, i32::MIN), "Points"), "140");
}

#[test]
fn the_most_that_a_race_can_bring_is_no_exaggeration() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let mut exaggerated = |points| {
        race(&mut rig, &token, points);
        rig.events.iter().filter(|event| event.starts_with("Exaggerated")).count()
    };
    assert_eq!([-60, 0, 140, 141, 140].map(&mut exaggerated), [0, 0, 0, 1, 1]);
}

#[test]
fn ranks_count_from_0_and_the_older_account_wins_a_tie() {
    let mut rig = server();
    let [ann, bea] = [(ANN, "Ann"), (BEA, "Bea")].map(|(id, name)| login(&mut rig, id, name));
    let rank = |rig: &mut _, token: &str| text(&get_elite(rig, token), "PlayerRank").to_owned();
    assert_eq!([&ann, &bea].map(|token| rank(&mut rig, token)), ["0", "1"]);
    assert_eq!(text(&race(&mut rig, &bea, 40), "Rank"), "0");
    assert_eq!([&ann, &bea].map(|token| rank(&mut rig, token)), ["1", "0"]);
    assert_eq!(text(&race(&mut rig, &ann, 40), "Rank"), "0");
    assert_eq!([&ann, &bea].map(|token| rank(&mut rig, token)), ["0", "1"]);
}

#[test]
fn two_behind_one_address_are_two() {
    let mut rig = server();
    let [one, two] = [[192, 0, 2, 7]; 2].map(|address| rig.open_from(address));
    rig.send(one, &login_request(&platform_id(ANN), "Player"));
    rig.send(two, &login_request(&platform_id(BEA), "Player"));
    let [ann, bea] = [one, two].map(|conn| text(&rig.read(conn), "SessionToken").to_owned());
    assert_eq!(text(&race(&mut rig, &ann, 100), "UserID"), "1");
    assert_eq!(text(&race(&mut rig, &bea, 50), "UserID"), "2");
    let points: Vec<_> =
        rig.server.service().players().iter().map(|player| player.standing.points.0).collect();
    assert_eq!(points, [100, 50]);
}

#[test]
fn nobody_acts_with_a_token_that_was_tampered_with() {
    let mut rig = server();
    let [ann, bea] = [(ANN, "Ann"), (BEA, "Bea")].map(|(id, name)| login(&mut rig, id, name));
    // The claims of one token with the seal of another.
    let mixed = format!("{}{}", &ann[..28], &bea[28..]);
    for token in [mixed, format!("{ann}AAAA"), ann[4..].to_owned(), ann.to_lowercase()] {
        let answer = add_points(&mut rig, &token, ANY_KEY, 100);
        assert_eq!(status(&answer), "401", "{answer}");
    }
    assert_eq!(text(&race(&mut rig, &ann, 0), "Points"), "0");
}

#[test]
fn an_error_tells_nothing_of_the_server() {
    let mut rig = server();
    for request in [
        "<AddPoints><a></b></AddPoints>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><AddPoints>&b;</AddPoints>",
    ] {
        let answer = rig.request(&post(ADD_POINTS, request));
        assert_eq!(status(&answer), "400");
        for word in ["src/", ".rs", "panic", "passwd", "root:"] {
            assert!(!body(&answer).contains(word), "{answer}");
        }
    }
}

#[test]
fn a_token_is_worth_nothing_where_its_account_is_somebody_elses() {
    let token = login(&mut server(), ANN, "Ann");
    let mut rig = server();
    assert_eq!(status(&add_points(&mut rig, &token, ANY_KEY, 100)), "401");
    login(&mut rig, BEA, "Bea");
    assert_eq!(status(&add_points(&mut rig, &token, ANY_KEY, 100)), "401");
    assert_eq!(text(&login_answer(&mut rig, BEA, "Bea"), "Points"), "0");
}

#[test]
fn the_host_reads_of_requests_that_nobody_has_seen() {
    let mut rig = server();
    rig.request(&post("MMCOS-Matchmaking/MatchmakingService.svc/GetGames", "<GetGames/>"));
    rig.request(&post("MicroMachines/STEAM/1.0/", ""));
    let [.., games, egonet] = &rig.events[..] else { panic!("{:?}", rig.events) };
    assert!(games.starts_with("Unseen") && games.contains("GetGames"), "{games}");
    assert!(egonet.starts_with("Unseen"), "{egonet}");
}
