//! Requests that no game sends: each gets the protocol's response, changes nothing, and never panics.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

mod common;

use common::{
    Game, Server, encoded, entries, game, get_clubs, login, post, post_time, put, server, set, settings,
    stage_begin, stage_complete, standings, trial,
};
use dr2::{Record, RestoreError};
use mmcos_core::game::Game as _;
use mmcos_core::wire::egonet::{Dict, Value};
use proptest::prelude::*;

fn logged_in() -> (Server, Game, i32) {
    let mut rig = server(&settings());
    let ann = Game::log_in(&mut rig, "Ann");
    let challenge = ann.challenge(&mut rig);
    (rig, ann, challenge)
}

fn state(rig: &Server) -> Vec<Record> {
    rig.server.service().rows().collect()
}

/// Returns every function that reads its request, with a request that it accepts.
fn requests(challenge: i32) -> Vec<(&'static str, Dict<'static>)> {
    vec![
        ("Login.Login", login("Ann")),
        ("RaceNetChallenges.StageBegin", stage_begin(challenge, 0)),
        ("RaceNetChallenges.StageComplete", stage_complete(challenge, 0, 60.0)),
        ("RaceNetLeaderboard.GetLeaderboardEntries", entries(i64::from(challenge) << 4, 5, false)),
        ("Clubs.GetChampionshipLeaderboard", standings(7)),
        ("TimeTrial.GetLeaderboardId", trial(72, 626)),
        ("TimeTrial.PostTime", post_time(626, 60.0)),
        ("Repairs.SetLivery", Dict::new().si64("VehicleInstId", 382).ui32("LiveryId", 1)),
        ("Repairs.FitTuning", Dict::new().si64("VehicleInstId", 382).ui32("EngineTuningId", 1)),
    ]
}

/// The names of a request that its function reads.
const READ: &[(&str, &[&str])] = &[
    ("Login.Login", &["Name"]),
    (
        "RaceNetChallenges.StageBegin",
        &[
            "VehicleId",
            "LiveryId",
            "StageIndex",
            "TuningSetup",
            "ChallengeId",
            "NationalityId",
            "TyresRemaining",
            "TyreCompound",
        ],
    ),
    (
        "RaceNetChallenges.StageComplete",
        &[
            "VehicleId",
            "VehicleMud",
            "CompDamage",
            "LiveryId",
            "StageIndex",
            "ChallengeId",
            "NationalityId",
            "StageTime",
            "MetersDriven",
            "RaceStatus",
        ],
    ),
    (
        "RaceNetLeaderboard.GetLeaderboardEntries",
        &["Limit", "PlayerBest", "StartRank", "LeaderboardId", "PlayerCumulBest", "SortCumulative"],
    ),
    ("Clubs.GetChampionshipLeaderboard", &["Limit", "ClubId", "StartRank"]),
    ("TimeTrial.GetLeaderboardId", &["VehicleClassId", "TrackModelId", "ConditionsId", "Category"]),
    (
        "TimeTrial.PostTime",
        &["VehicleId", "LiveryId", "TrackModelId", "NationalityId", "StageTime", "ConditionsId", "Category"],
    ),
    ("Repairs.SetLivery", &["VehicleInstId", "LiveryId"]),
    ("Repairs.FitTuning", &["VehicleInstId", "EngineTuningId"]),
];

#[track_caller]
fn assert_refused(response: &common::Response, what: &str) {
    assert_eq!(
        (response.status, response.result(), response.body.len()),
        (200, "1", 0),
        "{what}: {}",
        response.head
    );
}

#[test]
fn a_missing_field_or_one_of_another_type_is_refused_and_changes_nothing() {
    let (mut rig, ann, challenge) = logged_in();
    ann.begin(&mut rig, challenge, 0);
    let before = state(&rig);
    for (function, request) in requests(challenge) {
        let read = READ.iter().find(|(name, _)| *name == function).unwrap().1;
        for name in read {
            let mut without = request.clone();
            without.0.retain(|(own, _)| own != name);
            assert_eq!(without.0.len() + 1, request.0.len(), "{function}.{name}");
            assert_refused(&ann.call(&mut rig, function, &without), &format!("{function} without {name}"));
            let mut of_other_type = request.clone();
            put(&mut of_other_type, name, &Value::Uuid([1; 16]));
            assert_refused(
                &ann.call(&mut rig, function, &of_other_type),
                &format!("{function} with a uuid {name}"),
            );
            assert_eq!(state(&rig), before, "{function}.{name}");
        }
    }
    let refused = rig.events.iter().filter(|event| event.starts_with("Refused")).count();
    assert_eq!(refused, 2 * READ.iter().map(|(_, names)| names.len()).sum::<usize>());
}

#[test]
fn bodies_that_are_no_values_are_refused() {
    let (mut rig, ann, challenge) = logged_in();
    let before = state(&rig);
    let deep = b"vvtr\x01\0\0\0".repeat(300);
    let bomb = b"vvtr\xff\xff\xff\xff".to_vec();
    let text = Value::from("Ann");
    let mut a_text = Vec::new();
    mmcos_core::wire::egonet::encode(&text, &mut a_text).unwrap();
    for (function, request) in requests(challenge) {
        let whole = encoded(&request);
        let trailing = [whole.as_slice(), b"\0"].concat();
        for body in [b"".as_slice(), b"{}", &deep, &bomb, &a_text, &whole[..whole.len() - 1], &trailing] {
            assert_refused(&post(&mut rig, function, Some(&ann.session), body), function);
        }
    }
    assert_eq!(state(&rig), before);
    // Functions that read nothing accept any body.
    assert_eq!(post(&mut rig, "Staff.GetStaff", Some(&ann.session), &deep).result(), "0");
}

#[test]
fn without_a_session_of_this_server_only_the_login_is_served() {
    let (mut rig, ann, challenge) = logged_in();
    let forged = "0123456789abcdef0123456789abcdef";
    let before = state(&rig);
    for (function, request) in
        requests(challenge).into_iter().skip(1).chain([("Clubs.GetClubs", get_clubs())])
    {
        for session in [None, Some(""), Some(forged), Some("é"), ann.session.get(1..)] {
            assert_refused(&post(&mut rig, function, session, &encoded(&request)), function);
        }
    }
    assert_eq!(state(&rig), before);
}

#[test]
fn an_account_has_four_sessions() {
    let mut rig = server(&settings());
    let games: Vec<Game> = (0..5).map(|_| Game::log_in(&mut rig, "Ann")).collect();
    assert!(games.iter().all(|game| game.account == games[0].account));
    let responses: Vec<_> = games
        .iter()
        .map(|game| game.call(&mut rig, "Login.Tick", &Dict::new()).result().to_owned())
        .collect();
    assert_eq!(responses, ["1", "0", "0", "0", "0"]);
    assert_eq!(state(&rig).len(), 1);
    assert!(rig.events.iter().all(|event| games.iter().all(|game| !event.contains(&game.session))));
}

/// Names are only shown, so no name refuses a login.
#[test]
fn any_name_logs_in() {
    let mut rig = server(&settings());
    let mut body = encoded(&login("Zo?"));
    let at = body.windows(3).position(|bytes| bytes == b"Zo?").unwrap();
    body[at + 2] = 0xeb;
    let response = post(&mut rig, "Login.Login", None, &body);
    assert_eq!(response.value().field("AccountId"), Ok(1_i64));
    assert_eq!(Game::log_in(&mut rig, "Zo").account, 1, "what is not UTF-8 is left out");
    for name in ["", "\u{0}\r\n", &"x".repeat(60_000)] {
        Game::log_in(&mut rig, name);
    }
    let Record::Account(long) = state(&rig).pop().unwrap() else { panic!() };
    assert_eq!(long.name, "x".repeat(32));
}

#[test]
fn accounts_are_bounded() {
    let mut rig = server(&set(&[("max-accounts", "2")]));
    for name in ["Ann", "Bob", "Ann"] {
        Game::log_in(&mut rig, name);
    }
    assert_refused(&post(&mut rig, "Login.Login", None, &encoded(&login("Eve"))), "a third name");
    Game::log_in(&mut rig, "Bob");
}

#[test]
fn challenges_and_stages_that_are_not_to_be_driven_are_refused() {
    let (mut rig, ann, challenge) = logged_in();
    let bob = Game::log_in(&mut rig, "Bob");
    let second = challenge + 1;
    let before = state(&rig);
    for (challenge, stage) in [
        (0, 0),
        (-1, 0),
        (i32::MIN, 0),
        (i32::MAX, 0),
        (second, 0),
        (challenge, 1),
        (challenge, -1),
        (challenge, 3),
    ] {
        let begun = ann.begin(&mut rig, challenge, stage);
        assert_refused(&begun, &format!("{challenge} {stage}"));
        let done = ann.complete(&mut rig, challenge, stage, 9.0);
        assert_refused(&done, &format!("{challenge} {stage}"));
    }
    assert_refused(&ann.complete(&mut rig, challenge, 0, 9.0), "not begun");
    assert_eq!(state(&rig), before);
    // Bob cannot complete a stage that Ann has begun.
    ann.begin(&mut rig, challenge, 0);
    assert_refused(&bob.complete(&mut rig, challenge, 0, 9.0), "Ann's");
    for seconds in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e9] {
        let done = ann.complete(&mut rig, challenge, 0, seconds);
        assert_refused(&done, &format!("{seconds} s"));
    }
    // A stage that was aborted counts nothing, and can be driven again.
    let mut given_up = stage_complete(challenge, 0, 9.0);
    given_up.0.last_mut().unwrap().1 = Value::U32(5);
    let before = state(&rig);
    let response = ann.call(&mut rig, "RaceNetChallenges.StageComplete", &given_up);
    assert_eq!(response.value().field("Progress/ChampTimeMs"), Ok(0_u32));
    assert_eq!(state(&rig), before);
    ann.drive(&mut rig, challenge, 0, 9.0);
}

#[test]
fn a_malformed_set_up_is_never_handed_back() {
    let (mut rig, ann, challenge) = logged_in();
    let good = common::setup();
    let with = |at: usize, byte: u8| {
        let mut setup = good.clone();
        setup[at] = byte;
        setup
    };
    for setup in [
        vec![],
        good[..16].to_vec(),
        with(0, 2),
        with(4, 17),
        with(12, 1),
        with(16, 0),
        [good.clone(), vec![0; 5000]].concat(),
    ] {
        let mut request = stage_begin(challenge, 0);
        put(&mut request, "TuningSetup", &Value::Blob(setup.into()));
        assert_refused(&ann.call(&mut rig, "RaceNetChallenges.StageBegin", &request), "set-up");
    }
}

#[test]
fn other_clubs_boards_and_vehicles() {
    let (mut rig, ann, _) = logged_in();
    assert_refused(&ann.call(&mut rig, "Clubs.GetChampionshipLeaderboard", &standings(8)), "club");
    assert_refused(&ann.call(&mut rig, "Clubs.GetChampionshipLeaderboard", &standings(i64::MIN)), "club");
    for board in [0, -1, i64::MIN, i64::MAX, 1 << 40] {
        assert_eq!(ann.board(&mut rig, board), (vec![], 0));
        let mine = ann.entries(&mut rig, board, i64::MAX, true);
        assert_eq!(mine.value().field("TotalEntries"), Ok(0_i32));
    }
    for (vehicle, result) in [(1, "1"), (i64::MAX, "1"), (-2, "0"), (0, "0"), (i64::MIN, "0")] {
        let fitted = ann.call(
            &mut rig,
            "Repairs.SetLivery",
            &Dict::new().si64("VehicleInstId", vehicle).ui32("LiveryId", 1),
        );
        assert_eq!(fitted.result(), result, "{vehicle}");
    }
    assert_eq!(state(&rig).len(), 1, "nothing of it is kept");
}

#[test]
fn a_time_trial_needs_its_look_up_or_a_stage_on_its_track() {
    let (mut rig, ann, challenge) = logged_in();
    let post = |rig: &mut Server, track, seconds| {
        let posted = ann.post_time(rig, track, seconds);
        posted.value().field::<bool>("Accepted").unwrap()
    };
    assert!(!post(&mut rig, 626, 60.0));
    let board = ann.trial(&mut rig, 93, 505);
    assert!(!post(&mut rig, 506, 60.0), "another track");
    assert!(post(&mut rig, 505, 60.0));
    assert_eq!(ann.board(&mut rig, board).0.len(), 1);
    // After a club's stage the game posts its time too, before it completes the stage.
    ann.begin(&mut rig, challenge, 0);
    assert!(!post(&mut rig, 627, 60.0), "the second stage");
    assert!(post(&mut rig, 626, 60.0));
    let board = ann.trial(&mut rig, 72, 626);
    assert_eq!(ann.board(&mut rig, board).0.len(), 1);
    for (name, number) in [("VehicleClassId", -1_i64), ("TrackModelId", 1 << 16), ("Category", 256)] {
        let mut request = trial(72, 626);
        put(&mut request, name, &Value::I64(number));
        assert_refused(&ann.call(&mut rig, "TimeTrial.GetLeaderboardId", &request), name);
    }
}

#[test]
fn the_times_of_a_player_are_bounded() {
    let (mut rig, ann, challenge) = logged_in();
    let post = |rig: &mut Server, track: u32, seconds: f32| {
        ann.call(rig, "TimeTrial.GetLeaderboardId", &trial(72, track));
        let mut request = post_time(track, seconds);
        request.0.retain(|(name, _)| name != "GhostData");
        ann.call(rig, "TimeTrial.PostTime", &request).value().field::<bool>("Accepted").unwrap()
    };
    let kept = (0..5_010).filter(|track| post(&mut rig, *track, 60.0)).count();
    assert_eq!((kept, state(&rig).len()), (5_000, 5_001));
    // A club's stages count all the same, also after a restart.
    rig.crash(game(&settings()));
    assert!(!post(&mut rig, 5_009, 60.0));
    ann.drive(&mut rig, challenge, 0, 60.0);
    assert_eq!(ann.board(&mut rig, (i64::from(challenge) << 4) + 1).0.len(), 1);
}

#[test]
fn requests_that_are_not_the_games() {
    let mut rig = server(&settings());
    let page = rig.request(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 404 "), "{page}");
    let get = rig.request(b"GET /RP17/1.18.0/STEAM/ HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(get.starts_with("HTTP/1.1 405 ") && get.contains("\r\nAllow: POST\r\n"), "{get}");
    for function in ["", "X-EgoNet-Function: \r\n", "X-EgoNet-Function: \u{e9}\r\n"] {
        let request =
            format!("POST /RP17/1.18.0/STEAM/ HTTP/1.1\r\nHost: x\r\n{function}Content-Length: 0\r\n\r\n");
        let response = rig.request(request.as_bytes());
        assert!(
            response.starts_with("HTTP/1.1 200 ") && response.contains("\r\nX-EgoNet-Result: 1\r\n"),
            "{response}"
        );
    }
}

#[test]
fn a_row_without_its_account_is_not_restored() {
    let (mut rig, ann, challenge) = logged_in();
    ann.drive(&mut rig, challenge, 0, 60.0);
    for row in state(&rig).into_iter().filter(|row| !matches!(row, Record::Account(_))) {
        let mut other = server(&settings());
        let error = other.server.restore(row.clone()).unwrap_err();
        assert_eq!(error, RestoreError { account: ann.account });
        assert!(error.to_string().contains("restore a backup"), "{error}");
    }
}

/// A season that ended, or a rally that was taken out of the settings, leaves rows that nothing refers to.
#[test]
fn rows_of_rallies_that_are_no_longer_in_the_settings_are_kept() {
    let (mut rig, ann, challenge) = logged_in();
    ann.drive(&mut rig, challenge, 0, 60.0);
    let rows = state(&rig);
    rig.crash(game(&set(&[("clubs", "[]")])));
    assert_eq!(state(&rig), rows);
    let clubs = ann.call(&mut rig, "Clubs.GetClubs", &get_clubs());
    assert_eq!(clubs.shape(), "{Challenges: [], Progress: [], Clubs: []}");
    assert_refused(&ann.begin(&mut rig, challenge, 1), "gone");
}

fn scalars() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<i32>().prop_map(Value::I32),
        any::<u32>().prop_map(Value::U32),
        any::<i64>().prop_map(Value::I64),
        any::<u16>().prop_map(Value::U16),
        any::<bool>().prop_map(Value::Bool),
        any::<f32>().prop_map(|number| Value::F32(number.into())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Blob(bytes.into())),
        ".{0,40}".prop_map(|text| Value::Text(text.into())),
        Just(Value::List(vec![])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Requests with changed values, in any order: every one gets a response, and the stored rows can be restored.
    #[test]
    fn no_request_panics(
        calls in prop::collection::vec((0_usize..9, any::<prop::sample::Index>(), scalars(), any::<bool>()), 1..40),
    ) {
        let (mut rig, ann, challenge) = logged_in();
        for (function, at, value, changed) in calls {
            let (function, mut request) = requests(challenge).swap_remove(function);
            if changed {
                let at = at.index(request.0.len());
                request.0[at].1 = value;
            }
            let response = ann.call(&mut rig, function, &request);
            prop_assert!(response.status == 200 && ["0", "1"].contains(&response.result()), "{}", response.head);
            prop_assert_eq!(response.result() == "1", response.body.is_empty());
        }
        let rows = state(&rig);
        let mut other = server(&settings());
        for row in rig.records {
            other.server.restore(row).unwrap();
        }
        prop_assert_eq!(state(&other), rows);
    }

    #[test]
    fn no_bytes_panic(function in 0_usize..9, at in any::<prop::sample::Index>(), byte: u8) {
        let (mut rig, ann, challenge) = logged_in();
        let (function, request) = requests(challenge).swap_remove(function);
        let mut body = encoded(&request);
        let at = at.index(body.len());
        body[at] = byte;
        let response = post(&mut rig, function, Some(&ann.session), &body);
        prop_assert!(response.status == 200 && ["0", "1"].contains(&response.result()), "{}", response.head);
    }
}
