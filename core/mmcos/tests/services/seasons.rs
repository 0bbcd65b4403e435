//! The calendar, as logins tell of it.

use mmcos_core::{engine::SETTLING, wire::steam::SteamId};
use mmcos_game::{Mmcos, Record, seasons::FinalStanding};

use super::{
    rig::Rig,
    world::{
        LOGIN, get_elite, just_restarted, login, login_answer, login_request, on, platform_id, post, race,
        restarted, server, session_key, text, texts, trusting,
    },
};

const ANN: u64 = 76_561_198_000_005_001;
const BEA: u64 = 76_561_198_000_005_002;

/// The answer to a login, in which a date is wanted.
fn dates(rig: &mut Rig<Mmcos>) -> [String; 4] {
    let answer = login_answer(rig, ANN, "Ann");
    ["NextInactiveSeasonDate", "NextActiveSeasonDate", "NextEvent", "IsSeasonActive"]
        .map(|name| text(&answer, name).trim_end_matches("T00:00:00Z").to_owned())
}

#[test]
fn dates_are_those_of_the_captures() {
    let mut rig = server();
    // In any order: what was rendered before does not stick.
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

/// Season 38, at the end of which Ann is first, in division 2, and Bea second.
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

/// What a login tells of seasons.
fn seen(rig: &mut Rig<Mmcos>, id: u64, name: &str) -> [String; 7] {
    let answer = login_answer(rig, id, name);
    ["OldSeasonID", "NewSeasonID", "PlayerSeasonID", "CurrentSeasonID", "BonusPoints", "Points", "Division"]
        .map(|name| texts(&answer, name).last().unwrap_or(&"").to_string())
}

/// What a login tells of seasons, after which the player asks for something with its token.
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
    // A crash forgets nothing of that.
    let mut rig = restarted(&rig, trusting(), on(2023, 11, 3, 9));
    assert_eq!(heard(&mut rig, ANN, "Ann"), change);
    assert_eq!(seen(&mut rig, ANN, "Ann")[0], "39");
    // Nor is it told of again, when that answer is lost, several seasons later.
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
        let answer = rig.ask(&post(LOGIN, &body));
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

/// Where the player stood at the end of each season, as it is recorded: season, rank, points, division prize.
fn history(rig: &Rig<Mmcos>, id: u64) -> Vec<(i32, u32, i32, &str)> {
    let players = rig.server.service().players();
    let user = players.by_steam_id(SteamId::new(id)).unwrap().user_id;
    let started = rig.records.iter().filter_map(|record| match record {
        Record::SeasonStarted(started) => Some(started),
        _ => None,
    });
    let standings = started.flat_map(|started| {
        let with_prize = |standing: &FinalStanding| {
            let prize = started.prizes.of_division(standing.ended.division).unwrap_or_default();
            (standing.user, (standing.season.0, standing.rank, standing.ended.points.0, prize))
        };
        started.standings.iter().map(with_prize).collect::<Vec<_>>()
    });
    standings.filter(|(of, _)| *of == user).map(|(_, standing)| standing).collect()
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
        assert_eq!(history(&rig, ANN), [(38, 0, 1_080, "Boxes:2:")]);
        let mut rig = restarted(&rig, trusting(), on(2023, 11, 4, 9));
        assert_eq!(seen(&mut rig, ANN, "Ann"), ["39", "39", "39", "39", "0", "400", "0"]);
    }
}

#[test]
fn seasons_in_which_the_server_was_off_are_one_change() {
    let mut rig = restarted(&season_38(), trusting(), on(2024, 3, 2, 9));
    assert_eq!(seen(&mut rig, ANN, "Ann"), ["38", "41", "41", "41", "400", "400", "0"]);
    assert_eq!(history(&rig, ANN), [(38, 0, 1_080, "Boxes:2:")]);
}

#[test]
fn a_player_who_was_away_for_seasons_is_told_of_the_first_and_the_last() {
    let mut rig = season_38();
    for now in [on(2023, 11, 2, 9), on(2024, 1, 2, 9), on(2024, 3, 2, 9)] {
        rig.skip_to(now);
        seen(&mut rig, BEA, "Bea");
    }
    // In the first season that passed Ann did not race, so that it brought nothing for the next.
    assert_eq!(seen(&mut rig, ANN, "Ann"), ["38", "41", "41", "41", "0", "0", "0"]);
    let expected = [(38, 0, 1_080, "Boxes:2:"), (39, 0, 400, "Boxes:1:"), (40, 0, 0, "Boxes:1:")];
    assert_eq!(history(&rig, ANN), expected);
}
