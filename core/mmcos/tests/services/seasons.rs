//! The calendar in login responses.

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{
    engine::{Limits, SETTLING},
    seam::{Input, Storage, StorageTrouble},
};
use mmcos_game::{Mmcos, Record, Settings, divisions::Standing, ids::Points};

use super::{
    rig::Rig,
    world::{
        LOGIN, get_elite, just_restarted, login, login_answer, login_request, on, platform_id, post, race,
        restarted, rig, server, session_key, text, texts, trusting,
    },
};

const ANN: u64 = 76_561_198_000_005_001;
const BEA: u64 = 76_561_198_000_005_002;

/// Returns the dates of a login response.
fn dates(rig: &mut Rig<Mmcos>) -> [String; 4] {
    let answer = login_answer(rig, ANN, "Ann");
    ["NextInactiveSeasonDate", "NextActiveSeasonDate", "NextEvent", "IsSeasonActive"]
        .map(|name| text(&answer, name).trim_end_matches("T00:00:00Z").to_owned())
}

#[test]
fn dates_are_those_of_the_captures() {
    let mut rig = server();
    // In any order: an earlier response is not reused.
    for (now, expected) in [
        (on(2023, 11, 18, 19), ["2023-12-15", "2024-01-01", "2023-11-18", "true"]),
        (on(2023, 9, 16, 16), ["2023-10-15", "2023-11-01", "2023-09-16", "true"]),
    ] {
        let mut fresh = server();
        fresh.skip_to(now);
        assert_eq!(dates(&mut fresh), expected);
    }
    for (now, expected) in [
        (on(2023, 9, 16, 16), ["2023-10-15", "2023-11-01", "2023-09-16", "true"]),
        (on(2023, 9, 16, 23), ["2023-10-15", "2023-11-01", "2023-09-16", "true"]),
        (on(2023, 9, 17, 0), ["2023-10-15", "2023-11-01", "2023-09-17", "true"]),
        (on(2023, 10, 14, 23), ["2023-10-15", "2023-11-01", "2023-10-14", "true"]),
        (on(2023, 10, 15, 0), ["2023-12-15", "2023-11-01", "2023-10-15", "false"]),
        (on(2023, 11, 1, 0), ["2023-12-15", "2024-01-01", "2023-11-01", "true"]),
        (on(2023, 11, 18, 19), ["2023-12-15", "2024-01-01", "2023-11-18", "true"]),
    ] {
        rig.skip_to(now);
        assert_eq!(dates(&mut rig), expected, "{now:?}");
    }
}

#[test]
fn the_configuration_is_the_same_but_for_its_dates() {
    let mut rig = server();
    let mut part = |now| {
        rig.skip_to(now);
        let answer = login_answer(&mut rig, ANN, "Ann");
        let dated = ["NextInactiveSeasonDate", "NextActiveSeasonDate", "NextEvent"]
            .map(|name| text(&answer, name).to_owned());
        let configuration = text(&answer, "GameConfigurationData").to_owned();
        dated.iter().fold(configuration, |text, date| text.replace(date, ""))
    };
    assert_eq!(part(on(2023, 9, 16, 16)), part(on(2023, 11, 18, 19)));
}

/// Returns a server in season 38, at the end of which Ann is first, in division 2, and Bea second.
fn season_38() -> Rig<Mmcos> {
    let mut rig = server();
    rig.skip_to(on(2023, 10, 20, 12));
    let [ann, bea] = [(ANN, "Ann"), (BEA, "Bea")].map(|(id, name)| login(&mut rig, id, name));
    for _ in 0..9 {
        race(&mut rig, &ann, 120);
    }
    race(&mut rig, &bea, 40);
    rig
}

/// Returns what a login response says of seasons.
fn seen(rig: &mut Rig<Mmcos>, id: u64, name: &str) -> [String; 7] {
    let answer = login_answer(rig, id, name);
    ["OldSeasonID", "NewSeasonID", "PlayerSeasonID", "CurrentSeasonID", "BonusPoints", "Points", "Division"]
        .map(|name| texts(&answer, name).last().unwrap_or(&"").to_string())
}

/// Returns what a login response says of seasons. The player then sends a request with the new token.
fn heard(rig: &mut Rig<Mmcos>, id: u64, name: &str) -> [String; 7] {
    let told = seen(rig, id, name);
    let token = login(rig, id, name);
    get_elite(rig, &token);
    told
}

#[test]
fn a_change_of_season_is_told_until_it_was_heard() {
    let mut rig = season_38();
    let before = login(&mut rig, ANN, "Ann");
    rig.skip_to(on(2023, 11, 2, 9));
    let change = ["38", "39", "39", "39", "400", "400", "0"];
    for _ in 0..3 {
        assert_eq!(seen(&mut rig, ANN, "Ann"), change, "the answers are lost");
        get_elite(&mut rig, &before);
    }
    // A crash loses nothing of that.
    let mut rig = restarted(&rig, trusting(), on(2023, 11, 3, 9));
    assert_eq!(heard(&mut rig, ANN, "Ann"), change);
    assert_eq!(seen(&mut rig, ANN, "Ann")[0], "39");
    // Nor is it reported again when that response is lost, several seasons later.
    rig.skip_to(on(2024, 3, 2, 9));
    for _ in 0..2 {
        assert_eq!(seen(&mut rig, ANN, "Ann")[..4], ["39", "41", "41", "41"]);
    }
}

#[test]
fn whoever_logs_in_while_a_season_is_overdue_is_told_of_it_when_it_begins() {
    let mut rig = just_restarted(&season_38(), trusting(), on(2023, 11, 3, 9));
    let before = login(&mut rig, ANN, "Ann");
    assert_eq!(seen(&mut rig, ANN, "Ann")[..4], ["38", "38", "38", "38"], "the clock is not believed yet");
    rig.pass(SETTLING);
    get_elite(&mut rig, &before);
    let change = ["38", "39", "39", "39", "400", "400", "0"];
    assert_eq!(seen(&mut rig, ANN, "Ann"), change, "the answer is lost");
    assert_eq!(heard(&mut rig, ANN, "Ann"), change);
    assert_eq!(seen(&mut rig, ANN, "Ann")[0], "39");
}

#[test]
fn a_game_that_knows_the_season_is_told_of_no_change() {
    let mut rig = season_38();
    rig.skip_to(on(2024, 3, 2, 9));
    let mut old = |said: &str| {
        let request = login_request(&platform_id(ANN), "Ann");
        let request = String::from_utf8(request).expect("it is text");
        let head = request.split("<Login>").next().expect("a head").len();
        let body = request[head..].replace(">38</Extra", &format!(">{said}</Extra"));
        let answer = rig.request(&post(LOGIN, &body));
        text(&answer, "OldSeasonID").to_owned()
    };
    assert_eq!(["37", "38", "39", "", "x", "99"].map(&mut old), ["38", "38", "39", "38", "38", "38"]);
    assert_eq!(["41", "38"].map(&mut old), ["41", "41"], "and the server remembers that it does");
}

#[test]
fn whoever_was_better_does_not_begin_behind_whoever_was_worse() {
    let mut rig = server();
    rig.set_wall(on(2023, 10, 20, 12));
    let ids: Vec<u64> = (0..13).map(|player| ANN + player).collect();
    for (place, id) in (0..).zip(&ids) {
        let token = login(&mut rig, *id, "Racer");
        for _ in 0..(12 - place) / 3 {
            race(&mut rig, &token, 100 - place);
        }
    }
    let players = |rig: &Rig<Mmcos>| -> Vec<(u64, i32)> {
        let players = rig.server.service().players().leaderboard(0, 20);
        players.map(|player| (player.steam_id.get(), player.standing.points.0)).collect()
    };
    let ended = players(&rig);
    rig.skip_to(on(2023, 11, 2, 9));
    login(&mut rig, ids[0], "Racer");
    let began = players(&rig);
    assert!(ended.iter().map(|(id, _)| id).eq(began.iter().map(|(id, _)| id)), "{ended:?} {began:?}");
    let points: Vec<i32> = began.iter().map(|(_, points)| *points).collect();
    assert_eq!(
        points,
        [300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 0, 0, 0],
        "the last three never raced"
    );
}

/// Returns the player's records of ended seasons: season, points.
fn history(rig: &Rig<Mmcos>, id: u64) -> Vec<(i32, i32)> {
    let rows = rig.records.iter().filter_map(|record| match record {
        Record::Player(player) if player.steam_id.get() == id => {
            Some((player.season.0, player.standing.points.0))
        }
        _ => None,
    });
    let mut last: BTreeMap<i32, i32> = rows.collect();
    last.pop_last();
    last.into_iter().collect()
}

#[test]
fn a_login_tells_of_a_change_of_season_once() {
    let mut rig = season_38();
    rig.skip_to(on(2023, 11, 2, 9));
    // Division 2 brings 100 points, a rank among the first ten 50 + 100 + 150 more.
    assert_eq!(heard(&mut rig, ANN, "Ann"), ["38", "39", "39", "39", "400", "400", "0"]);
    assert_eq!(heard(&mut rig, BEA, "Bea"), ["38", "39", "39", "39", "300", "300", "0"]);
    assert_eq!(seen(&mut rig, ANN, "Ann"), ["39", "39", "39", "39", "0", "400", "0"]);
}

#[test]
fn a_season_starts_for_who_is_in_the_game_too() {
    let mut rig = server();
    rig.skip_to(on(2023, 10, 31, 23));
    let ann = login(&mut rig, ANN, "Ann");
    assert_eq!(text(&race(&mut rig, &ann, 100), "NewSeason"), "38");
    assert_eq!(text(&get_elite(&mut rig, &ann), "PlayerScore"), "100");
    rig.skip_to(on(2023, 11, 1, 0));
    assert_eq!(text(&get_elite(&mut rig, &ann), "PlayerScore"), "300");
    assert_eq!(texts(&get_elite(&mut rig, &ann), "Points"), ["300"]);
    assert_eq!(text(&race(&mut rig, &ann, 10), "NewSeason"), "39");
    assert!(session_key().verify(&ann, rig.wall()).is_ok());
}

#[test]
fn a_login_tells_of_a_change_of_season_after_a_restart_too() {
    let mut before = season_38();
    let mut after = season_38();
    after.skip_to(on(2023, 11, 2, 9));
    assert_eq!(seen(&mut after, BEA, "Bea")[4], "300", "so the season has begun");
    for lived in [&mut before, &mut after] {
        let mut rig = restarted(lived, trusting(), on(2023, 11, 3, 9));
        assert_eq!(heard(&mut rig, ANN, "Ann"), ["38", "39", "39", "39", "400", "400", "0"]);
        assert_eq!(seen(&mut rig, ANN, "Ann")[0], "39", "once");
        assert_eq!(history(&rig, ANN), [(38, 1_080)]);
        let mut rig = restarted(&rig, trusting(), on(2023, 11, 4, 9));
        assert_eq!(seen(&mut rig, ANN, "Ann"), ["39", "39", "39", "39", "0", "400", "0"]);
    }
}

#[test]
fn seasons_in_which_the_server_was_off_are_one_change() {
    let mut rig = restarted(&season_38(), trusting(), on(2024, 3, 2, 9));
    assert_eq!(seen(&mut rig, ANN, "Ann"), ["38", "41", "41", "41", "400", "400", "0"]);
    assert_eq!(history(&rig, ANN), [(38, 1_080)]);
}

#[test]
fn a_player_who_was_away_for_seasons_is_told_of_the_first_and_the_last() {
    let mut rig = season_38();
    for now in [on(2023, 11, 2, 9), on(2024, 1, 2, 9), on(2024, 3, 2, 9)] {
        rig.skip_to(now);
        seen(&mut rig, BEA, "Bea");
    }
    // Ann did not race in the first season that passed, so it brought nothing for the next.
    assert_eq!(seen(&mut rig, ANN, "Ann"), ["38", "41", "41", "41", "0", "0", "0"]);
    assert_eq!(history(&rig, ANN), [(38, 1_080), (39, 400), (40, 0)]);
}

/// Number of rows that enter a season at a time, out of ten players.
const PIECE: usize = 3;

fn in_pieces() -> Settings {
    Settings { season_rows: u32::try_from(PIECE).unwrap(), ..trusting() }
}

/// Returns a server at the end of season 38 with ten players, one of which never raced.
fn ten_players() -> Rig<Mmcos> {
    let mut rig = rig(in_pieces());
    rig.skip_to(on(2023, 10, 20, 12));
    for player in 0..10 {
        let token = login(&mut rig, ANN + player, "Racer");
        for _ in 0..player {
            race(&mut rig, &token, 90);
        }
    }
    rig
}

/// Returns season, standing and initial points of each player.
fn standings(rig: &Rig<Mmcos>) -> Vec<(i32, Standing, Points)> {
    let players = rig.server.service().players();
    players.iter().map(|player| (player.season.0, player.standing, player.bonus)).collect()
}

/// Returns a server restored from the rows that a store has after these records.
fn restored(records: &[Record]) -> Rig<Mmcos> {
    let (mut season, mut players) = (None, BTreeMap::new());
    for record in records {
        match record {
            Record::SeasonStarted(_) => season = Some(record),
            Record::Player(player) => drop(players.insert(player.user_id, record)),
            _ => {}
        }
    }
    let mut rig = Rig::new(super::world::game(in_pieces(), 5), Limits::default());
    for record in season.into_iter().chain(players.into_values()) {
        rig.server.restore(record.clone()).expect("what was recorded fits");
    }
    rig.set_wall(on(2023, 11, 2, 10));
    rig
}

/// Reports commits until no more records come.
fn commit_all(rig: &mut Rig<Mmcos>) {
    loop {
        let before = rig.records.len();
        rig.input(Input::Committed { took: Duration::ZERO });
        rig.pass(Duration::from_secs(1));
        let piece = rig.records.len() - before;
        assert!(piece <= PIECE, "{piece} rows at once");
        if piece == 0 {
            return;
        }
    }
}

#[test]
fn a_change_of_season_becomes_durable_in_pieces_one_after_the_other() {
    let mut rig = ten_players();
    let before = rig.records.len();
    rig.skip_to(on(2023, 11, 2, 9));
    get_status(&mut rig);
    let after = |rig: &Rig<Mmcos>| -> Vec<Record> {
        let is_other = |record: &&Record| {
            !matches!(
                record,
                Record::Prize(_)
                    | Record::Podium(_)
                    | Record::Hour(_)
                    | Record::Load(_)
                    | Record::MinuteLoads(_)
            )
        };
        rig.records[before..].iter().filter(is_other).cloned().collect()
    };
    assert_eq!(after(&rig).len(), 1 + PIECE, "{:?}", &rig.records[before..]);
    rig.pass(Duration::from_secs(10));
    assert_eq!(after(&rig).len(), 1 + PIECE, "the next piece waits for the commit of this one");
    rig.input(Input::Committed { took: Duration::ZERO });
    rig.input(Input::Storage(Storage::Delayed(StorageTrouble::Full)));
    rig.pass(Duration::from_secs(10));
    assert_eq!(after(&rig).len(), 1 + PIECE, "nor is it for a disk in trouble");
    rig.input(Input::Storage(Storage::Available));
    commit_all(&mut rig);
    let records = after(&rig);
    let saved = records[1..].iter().map(|record| match record {
        Record::Player(player) => (player.user_id.0, player.season.0),
        other => panic!("{other:?}"),
    });
    assert!(saved.eq((1..=10).map(|user| (user, 39))), "{:?}", &rig.records[before..]);
    for record in &rig.records[before..] {
        let size = serde_json::to_string(record).expect("a record is text").len();
        assert!(size < 2_500, "a record of {size} bytes for ten players");
    }
}

#[test]
fn after_a_kill_in_the_middle_of_a_change_of_season_it_is_as_it_was_acknowledged() {
    let mut rig = ten_players();
    let before = rig.records.len();
    rig.skip_to(on(2023, 11, 2, 9));
    get_status(&mut rig);
    let began = standings(&rig);
    assert!(began.iter().all(|(season, ..)| *season == 39));
    let points: Vec<i32> = began.iter().map(|(_, standing, _)| standing.points.0).collect();
    assert_eq!(points, [0, 300, 300, 300, 300, 300, 300, 300, 300, 300], "the first never raced");
    // A player who is late in the order, between two pieces.
    let token = login(&mut rig, ANN + 9, "Racer");
    race(&mut rig, &token, 70);
    let mut raced = began.clone();
    raced[9].1.points = Points(370);
    commit_all(&mut rig);
    assert_eq!(standings(&rig), raced);

    let after = before + 1..=rig.records.len();
    for kept in after {
        let records = &rig.records[..kept];
        let has_raced = records
            .iter()
            .any(|record| matches!(record, Record::Player(player) if player.standing.points == Points(370)));
        let expected = if has_raced { &raced } else { &began };
        let mut next = restored(records);
        assert_eq!(&standings(&next), expected, "from {kept} records");
        // The rest is written, and nothing after that.
        get_status(&mut next);
        commit_all(&mut next);
        let rows = [records, &next.records].concat();
        for user in 1..=10 {
            let row = rows.iter().rev().find_map(|record| match record {
                Record::Player(player) if player.user_id.0 == user => Some(player.season.0),
                _ => None,
            });
            assert_eq!(row, Some(39), "player {user} from {kept} records");
        }
        let mut last = restored(&rows);
        get_status(&mut last);
        commit_all(&mut last);
        assert_eq!((standings(&last), last.records.len()), (expected.clone(), 0), "from {kept} records");
    }
}

#[test]
fn a_row_is_never_two_changes_of_season_behind() {
    let mut rig = ten_players();
    rig.skip_to(on(2023, 11, 2, 9));
    get_status(&mut rig);
    let before = rig.records.len();
    rig.skip_to(on(2024, 1, 2, 9));
    get_status(&mut rig);
    let second = rig.records[before..].iter().position(|record| matches!(record, Record::SeasonStarted(_)));
    assert_eq!(second, Some(10 - PIECE), "the rest of the first comes before the second");
    let kept = restored(&rig.records[..=before + 10 - PIECE]);
    assert_eq!(standings(&kept), standings(&rig));
}

fn get_status(rig: &mut Rig<Mmcos>) {
    let answer = rig.request(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.contains(" 200 "), "{answer}");
}
