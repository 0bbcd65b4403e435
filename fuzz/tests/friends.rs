//! Friends that press the button together race together.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::time::Duration;

use mmcos_core::engine::Limits;
use mmcos_fuzz::{
    client::{Client, MatchmakingResult, Mode, RuleSet},
    random::Random,
    referee::Referee,
    virtual_time::{VirtualTime, trusting},
};
use mmcos_game::matchmaker::Config;

/// Starts `friends` polls, each at a moment within four seconds, and returns the responses.
fn responses(friends: u8, rule_set: RuleSet, seed: u64) -> Vec<MatchmakingResult> {
    let mut time = VirtualTime::new(&trusting(), Limits::default(), [4; 32]);
    let mut random = Random::new(seed, 0);
    let mut moments: Vec<Duration> =
        (0..friends).map(|_| Duration::from_secs_f64(random.between(0.0, 4.0))).collect();
    moments.sort_unstable();
    let mut referee = Referee::new(&Config::default());
    let mut read = Vec::new();
    let mut wait = |time: &mut VirtualTime, referee: &mut Referee, end| {
        while let Some((conn, response)) = time.response_until(end) {
            let response = MatchmakingResult::read(response.granted()).unwrap();
            referee.responded(conn, time.now(), &response);
            read.push(response);
        }
    };
    for (number, moment) in (1..).zip(moments) {
        let mut client = Client::log_in(&mut time, number);
        wait(&mut time, &mut referee, moment);
        referee.sent(client.poll(&mut time, Mode { rule_set, ranked: false }, 1, false));
    }
    wait(&mut time, &mut referee, Duration::from_secs(30));
    assert!(referee.breaches().is_empty(), "{:?}", referee.breaches());
    read
}

#[test]
fn two_to_twelve_friends_within_four_seconds_end_in_one_match() {
    for rule_set in RuleSet::ALL {
        for (friends, seed) in (2..=rule_set.cap()).flat_map(|friends| [1, 2, 3].map(|seed| (friends, seed)))
        {
            let responses = responses(friends, rule_set, seed);
            let first = responses.first().unwrap();
            assert_eq!(first.groups.len(), usize::from(friends), "{rule_set:?} {friends} {seed}");
            assert_eq!(responses.len(), usize::from(friends));
            assert!(responses.iter().all(|response| response == first));
        }
    }
}

#[test]
fn a_late_friend_is_not_in_a_full_match() {
    let responses = responses(7, RuleSet::Elimination, 1);
    let sizes: Vec<usize> = responses.iter().map(|response| response.groups.len()).collect();
    assert_eq!(sizes, [6, 6, 6, 6, 6, 6, 1]);
}
