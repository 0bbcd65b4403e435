//! Matches and their race keys: which results count, what is written for them, and that keys cannot be misused.

use std::time::Duration;

use mmcos_game::{Mmcos, Record, matchmaker::Folding, settings::preset::ByPreset};

use crate::{
    rig::{Rig, status},
    world::{
        Hosted, REGISTER, Search, add_points, login, post, register, restarted, rig, server, text, texts,
        trusting,
    },
};

const FIRST: u64 = 76_561_198_000_006_001;

fn players<const N: usize>(rig: &mut Rig<Mmcos>) -> [String; N] {
    let mut ids = FIRST..;
    [(); N].map(|()| login(rig, ids.next().unwrap_or_default(), "Racer"))
}

/// Returns the race key of a match of these searches.
fn meet<const N: usize>(rig: &mut Rig<Mmcos>, searches: [Search<'_>; N]) -> String {
    let conns = searches.map(|search| search.begin(rig));
    // Where searches are frequent, two wait for a third.
    rig.pass(Duration::from_secs(25));
    let answers = conns.map(|conn| rig.read(conn));
    assert!(answers.iter().all(|answer| texts(answer, "GameLobbyId").len() == N), "{answers:?}");
    text(&answers[0], "RaceKey").to_owned()
}

fn key_against_ai(rig: &mut Rig<Mmcos>, token: &str) -> String {
    let conn = Search { ignore: true, ..Search::race(token, 7) }.begin(rig);
    text(&rig.read(conn), "RaceKey").to_owned()
}

fn score(rig: &mut Rig<Mmcos>, token: &str, key: &str) -> String {
    text(&add_points(rig, token, key, 40), "Points").to_owned()
}

#[test]
fn everyone_of_a_party_counts_whoever_registers_the_race() {
    let shapes: [&[(usize, &[u64])]; 6] = [
        &[],                                                    // the registration is lost
        &[(0, &[FIRST])],                                       // the leader registers itself alone
        &[(1, &[FIRST + 1]), (0, &[FIRST]), (2, &[FIRST + 2])], // each client registers itself alone
        &[(1, &[FIRST + 1])],                                   // only the member does
        &[(0, &[FIRST, FIRST + 1, FIRST + 2])],                 // all in one list
        &[(2, &[FIRST + 2])],                                   // only the other group does
    ];
    for shape in shapes {
        let mut rig = server();
        let [leader, member, other, stranger] = players(&mut rig);
        let key = meet(&mut rig, [Search { size: 2, ..Search::race(&leader, 1) }, Search::race(&other, 2)]);
        let tokens = [&leader, &member, &other];
        for (by, listed) in shape {
            register(&mut rig, tokens[*by], &key, listed);
        }
        let points = tokens.map(|token| score(&mut rig, token, &key));
        assert_eq!(points, ["40", "40", "40"], "{shape:?}");
        assert_eq!(score(&mut rig, &stranger, &key), "0", "three seats: {shape:?}");
        assert_eq!(score(&mut rig, &member, &key), "40", "once: {shape:?}");
    }
}

#[test]
fn a_race_against_ai_has_no_result_before_it_can_be_over() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let key = key_against_ai(&mut rig, &ann);
    register(&mut rig, &ann, &key, &[FIRST]);
    for _ in 0..30 {
        assert_eq!(score(&mut rig, &ann, &key), "0");
        rig.pass(Duration::from_secs(1));
    }
    assert_eq!(score(&mut rig, &ann, &key), "40", "it is not used up");
    assert!(rig.events.iter().any(|event| event.contains("TooSoon")), "{:?}", rig.events);
}

#[test]
fn asking_for_keys_all_day_brings_few_points_and_few_rows() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let (before, mut keys) = (rig.records.len(), Vec::new());
    for second in 0..3_600 {
        let key = key_against_ai(&mut rig, &ann);
        register(&mut rig, &ann, &key, &[FIRST]);
        keys.push(key);
        if let Some(old) = keys.len().checked_sub(31) {
            add_points(&mut rig, &ann, &keys[old], 140);
        }
        if second % 40 == 39 {
            // From time to time, as a patient cheat would.
            rig.pass(Duration::from_secs(30));
            add_points(&mut rig, &ann, keys.last().expect("a key"), 140);
        }
        rig.pass(Duration::from_secs(1));
    }
    let points = rig.server.service().players().iter().next().map_or(0, |player| player.standing.points.0);
    let hours = f64::from(u32::try_from(rig.elapsed().as_secs()).expect("hours")) / 3_600.0;
    assert!(f64::from(points) <= 140.0 * (5.0 + 30.0 * hours), "{points} points in {hours} hours");
    let mut races = std::collections::BTreeSet::new();
    for record in &rig.records[before..] {
        match record {
            Record::Match(race) => drop(races.insert(race.id)),
            Record::MatchForgotten(session) => drop(races.remove(session)),
            _ => {}
        }
    }
    assert!(races.len() <= 120, "{} rows of races stay in {hours} hours", races.len());
}

#[test]
fn two_accounts_that_meet_each_other_all_day_score_no_more_than_who_races() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    for lobby in 0..300 {
        let conns = [Search::race(&ann, 10 + lobby), Search::race(&bea, 2_000 + lobby)];
        let conns = conns.map(|search| search.begin(&mut rig));
        rig.pass(Duration::from_secs(25));
        let [answer, _] = conns.map(|conn| rig.read(conn));
        let key = text(&answer, "RaceKey").to_owned();
        add_points(&mut rig, &ann, &key, 140);
        add_points(&mut rig, &bea, &key, 140);
    }
    let points = rig.server.service().players().iter().map(|player| player.standing.points.0).max();
    let most = 140 * (5 + i32::try_from(rig.elapsed().as_secs()).expect("hours") / 120);
    assert!(points <= Some(most), "{points:?} points, at most {most}");
}

#[test]
fn polls_that_find_nobody_are_not_recorded() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let before = rig.records.len();
    for lobby in 1..=20 {
        let conn = Search { ignore: lobby % 4 == 0, ..Search::race(&ann, lobby) }.begin(&mut rig);
        rig.pass(Duration::from_secs(26));
        assert_eq!(text(&rig.read(conn), "RaceKey").len(), 16);
    }
    assert_eq!(rig.records.len(), before);
}

#[test]
fn a_key_that_was_never_recorded_counts_after_a_crash_for_its_player_alone_and_once() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    let old = key_against_ai(&mut rig, &ann);
    rig.pass(Duration::from_mins(1));
    let key = key_against_ai(&mut rig, &ann);
    let later = mmcos_core::seam::Wall::from_secs(rig.wall().as_secs() + 300);
    let mut rig = restarted(&rig, trusting(), later);
    assert_eq!(score(&mut rig, &bea, &key), "0");
    assert_eq!(score(&mut rig, &ann, "0123456789ABCDEF"), "0");
    assert_eq!(score(&mut rig, &ann, &key), "40");
    assert_eq!(score(&mut rig, &ann, &key), "40");
    let mut rig = restarted(&rig, trusting(), later);
    assert_eq!(score(&mut rig, &ann, &key), "40", "also after the next");
    let newer = key_against_ai(&mut rig, &ann);
    assert_eq!(score(&mut rig, &ann, &old), "40", "superseded by a newer one");
    let mut other = Hosted::from(trusting());
    other.life.is_recorded = true;
    let mut rig = restarted(&rig, other, later);
    assert_eq!(score(&mut rig, &ann, &newer), "40", "of another secret");
    let day_after = mmcos_core::seam::Wall::from_secs(later.as_secs() + 86_400);
    let mut rig = restarted(&rig, trusting(), day_after);
    assert_eq!(score(&mut rig, &ann, &newer), "40", "too old");
}

#[test]
fn a_key_that_a_newer_search_superseded_does_not_count() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let old = key_against_ai(&mut rig, &ann);
    rig.pass(Duration::from_mins(1));
    let newer = key_against_ai(&mut rig, &ann);
    rig.pass(Duration::from_mins(1));
    assert_eq!(score(&mut rig, &ann, &old), "0");
    assert_eq!(score(&mut rig, &ann, &newer), "40");
}

#[test]
fn the_key_of_a_search_that_another_pc_superseded_counts() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let first = Search::race(&ann, 1).begin(&mut rig);
    let second = Search::race(&ann, 2).begin(&mut rig);
    let key = text(&rig.read(first), "RaceKey").to_owned();
    register(&mut rig, &ann, &key, &[FIRST]);
    rig.pass(Duration::from_secs(25));
    assert_ne!(text(&rig.read(second), "RaceKey"), key);
    rig.pass(Duration::from_mins(1));
    assert_eq!(score(&mut rig, &ann, &key), "40");
}

#[test]
fn a_repeated_registration_is_no_quicker_than_the_first_is_durable() {
    let mut rig = server();
    let [ann] = players(&mut rig);
    let key = key_against_ai(&mut rig, &ann);
    let request = format!(
        "<RegisterActiveGameWithPlayers><SessionToken>{ann}</SessionToken><RaceKey>{key}</RaceKey>\
         <PlatformIDs>{FIRST}</PlatformIDs></RegisterActiveGameWithPlayers>"
    );
    for time in ["first", "second"] {
        let before = rig.records.len();
        assert_eq!(status(&rig.request(&post(REGISTER, &request))), "200");
        let begun = |record: &Record| matches!(record, Record::Match(race) if race.begun.is_some());
        assert!(rig.records[before..].iter().any(begun), "{time}: {:?}", &rig.records[before..]);
    }
}

#[test]
fn a_race_is_recorded_with_the_mode_of_its_host() {
    let mut config = trusting();
    config.bucket = ByPreset::Own(Folding::AnyUnranked);
    let mut rig = rig(config);
    let [ann, bea] = players(&mut rig);
    let battle = Search { game_type: "QuickBattle", rule_set: "Battle", ..Search::race(&bea, 2) };
    meet(&mut rig, [Search::race(&ann, 1), Search { size: 2, ..battle }]);
    let Some(Record::Match(race)) =
        rig.records.iter().rev().find(|record| matches!(record, Record::Match(_)))
    else {
        panic!("no race in {:?}", rig.records);
    };
    assert_eq!(race.mode.game_type.0.as_str(), "QuickBattle", "the larger party hosts");
}

#[test]
fn a_host_is_confirmed_whenever_the_registration_or_a_result_comes() {
    for wait in [1, 119, 121, 3_600, 80_000] {
        for by_result in [false, true] {
            let mut rig = server();
            let [ann, bea] = players(&mut rig);
            let key = meet(&mut rig, [Search::race(&ann, 1), Search::race(&bea, 2)]);
            rig.pass(Duration::from_secs(wait));
            for token in [&ann, &bea] {
                if by_result {
                    score(&mut rig, token, &key);
                } else {
                    register(&mut rig, token, &key, &[]);
                }
            }
            let players = rig.server.service().players();
            let hosted: Vec<_> = players.iter().map(|player| player.profile.hosted).collect();
            let confirmed: u32 = hosted.iter().map(|hosted| hosted.confirmed).sum();
            let unconfirmed: u32 = hosted.iter().map(|hosted| hosted.unconfirmed).sum();
            assert_eq!((confirmed, unconfirmed), (1, 0), "{wait} s, {hosted:?}");
        }
    }
}

#[test]
fn a_host_whose_match_failed_does_not_host_the_next() {
    let mut rig = server();
    let [ann, bea] = players(&mut rig);
    let host = |rig: &mut Rig<Mmcos>, lobby: u64| {
        let conns =
            [Search::race(&ann, lobby), Search::race(&bea, lobby + 1)].map(|search| search.begin(rig));
        rig.pass(Duration::from_secs(5));
        let [answer, _] = conns.map(|conn| rig.read(conn));
        let hosts = texts(&answer, "IsHost");
        let key = text(&answer, "RaceKey").to_owned();
        (hosts.iter().position(|host| *host == "true").expect("a host"), key)
    };
    let (first, key) = host(&mut rig, 10);
    register(&mut rig, &ann, &key, &[]);
    rig.pass(Duration::from_mins(10));
    let (again, _) = host(&mut rig, 20);
    assert_eq!(first, again, "a match of this host took place");
    rig.pass(Duration::from_mins(10));
    assert_ne!(host(&mut rig, 30).0, first, "the last one did not");
}
