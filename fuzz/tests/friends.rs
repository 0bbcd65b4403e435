//! Friends who press the button together race together.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{engine::Limits, mmcos::matchmaker::Config, seam::ConnId};
use mmcos_fuzz::{
    client::{Client, MatchmakingResult, Mode, Poll, RuleSet},
    random::Random,
    referee::Referee,
    virtual_time::{VirtualTime, trusting},
};

/// Lets so many search, each at a moment within four seconds, and gives what each of them is answered.
fn answers(friends: u8, rule_set: RuleSet, seed: u64) -> Vec<(Duration, MatchmakingResult)> {
    let mut time = VirtualTime::new(trusting(), Limits::default(), [4; 32]);
    let mut random = Random::new(seed, 0);
    let mut referee = Referee::new(&Config::default());
    let mut moments: Vec<f64> = (0..friends).map(|_| random.between(0.0, 4.0)).collect();
    moments.sort_by(f64::total_cmp);
    let mut polls: BTreeMap<ConnId, Poll> = BTreeMap::new();
    for (number, moment) in (1..).zip(moments) {
        let mut client = Client::log_in(&mut time, number);
        time.pass(Duration::from_secs_f64(moment) - time.now());
        let poll = client.poll(&mut time, Mode { rule_set, ranked: false }, 1, false);
        referee.sent(poll);
        polls.insert(poll.conn, poll);
    }
    time.pass(Duration::from_secs(25));
    let mut read = Vec::new();
    while let Some((conn, response)) = time.next_answer() {
        let answer = MatchmakingResult::read(response.granted()).unwrap();
        referee.answered(conn, Duration::ZERO, &answer);
        read.push((polls.remove(&conn).unwrap().sent, answer));
    }
    assert!(referee.breaches().is_empty(), "{:?}", referee.breaches());
    read
}

#[test]
fn two_to_twelve_friends_within_four_seconds_end_in_one_match() {
    for rule_set in RuleSet::ALL {
        for (friends, seed) in (2..=rule_set.cap()).flat_map(|friends| [1, 2, 3].map(|seed| (friends, seed)))
        {
            let answers = answers(friends, rule_set, seed);
            let (_, first) = answers.first().unwrap();
            assert_eq!(first.groups.len(), usize::from(friends), "{rule_set:?} {friends} {seed}");
            assert_eq!(answers.len(), usize::from(friends));
            assert!(answers.iter().all(|(_, answer)| answer == first));
        }
    }
}

#[test]
fn who_comes_when_the_match_is_full_is_not_in_it() {
    let answers = answers(7, RuleSet::Elimination, 1);
    let sizes: Vec<usize> = answers.iter().map(|(_, answer)| answer.groups.len()).collect();
    assert_eq!(sizes, [6, 6, 6, 6, 6, 6, 1]);
}
