//! The life of a match, from the decision until it is closed.

use mmcos_game::{
    ids::{MatchId, UserId},
    matchmaker::MatchState,
};

use super::rules::{RACE, ai, enter, seconds, world};

#[test]
fn a_match_lives_from_made_to_closed() {
    let mut world = world();
    world.reports = false;
    enter(&mut world, 1, RACE, |_| ());
    enter(&mut world, 2, RACE, |_| ());
    world.wait(seconds(5.0));
    let key = world.endings[0].match_id.unwrap();
    let now = world.now;
    let matchmaker = &mut world.matchmaker;
    assert_eq!(matchmaker.find_match(key).unwrap().state, MatchState::Made);
    matchmaker.register(now, MatchId(0), UserId(1));
    matchmaker.register(now, key, UserId(3));
    assert_eq!(matchmaker.find_match(key).unwrap().state, MatchState::Made, "no member has reported");
    matchmaker.register(now, key, UserId(2));
    assert_eq!(matchmaker.find_match(key).unwrap().state, MatchState::Registered);
    matchmaker.register(now, key, UserId(1));
    matchmaker.score(now, key, UserId(1));
    matchmaker.score(now, key, UserId(1));
    assert_eq!(matchmaker.find_match(key).unwrap().state, MatchState::Scored);
    matchmaker.score(now, key, UserId(2));
    assert!(matchmaker.find_match(key).is_none());
    let counts = matchmaker.match_counts();
    assert_eq!((counts.made, counts.registered, counts.scored, counts.completed), (1, 1, 1, 1));
}

#[test]
fn a_match_of_which_nothing_is_heard_is_closed() {
    let mut world = world();
    world.reports = false;
    enter(&mut world, 1, RACE, ai);
    let key = world.endings[0].match_id.unwrap();
    world.wait(seconds(119.9));
    assert!(world.matchmaker.find_match(key).is_some());
    world.wait(seconds(0.1));
    assert!(world.matchmaker.find_match(key).is_none());
    assert_eq!(world.matchmaker.match_counts().timed_out, 1);
}

#[test]
fn two_who_twice_search_again_within_seconds_are_kept_apart_though_they_registered() {
    let meet = |between: f64, scores: bool| {
        let mut world = world();
        world.scores = scores;
        for _ in 0..2 {
            enter(&mut world, 1, RACE, |_| ());
            enter(&mut world, 2, RACE, |_| ());
            world.wait(seconds(5.0));
            assert_eq!(world.last_match().map(|ending| ending.groups.len()), Some(2));
            world.wait(seconds(between));
        }
        enter(&mut world, 1, RACE, |_| ());
        enter(&mut world, 2, RACE, |_| ());
        let (one, other) = (UserId(1), UserId(2));
        let apart = world.are_apart(one, other);
        assert_eq!(world.matchmaker.reunite(world.now, other, one), apart);
        assert!(!world.are_apart(one, other), "an operator lets them meet");
        apart
    };
    assert_eq!(
        [(20.0, false), (31.0, false), (20.0, true)].map(|(between, scores)| meet(between, scores)),
        [true, false, false]
    );
}
