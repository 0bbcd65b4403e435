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
