//! Short seasons in which everything goes wrong.
#![allow(clippy::panic, reason = "tests may panic")]

use mmcos_fuzz::sim::{Faults, Scenario, run, run_thrice};

/// Half a minute of these seeds shows most mistakes; `simulate --seeds 1-1000` looks for the rest.
#[test]
fn everything_holds_whatever_goes_wrong() {
    for seed in 1..=60 {
        if let Err(failure) = run(&Scenario::short(seed)) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_again_and_byte_by_byte_come_to_the_same() {
    for seed in 1..=3 {
        let scenario = Scenario { days: 0.05, ..Scenario::short(seed) };
        if let Err(failure) = run_thrice(&scenario) {
            panic!("{failure}");
        }
    }
}

#[test]
fn another_seed_gives_another_run() {
    let digests = [1, 2].map(|seed| run(&Scenario::short(seed)).map(|outcome| outcome.digest));
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_season_ends_among_many_players_without_faults() {
    let scenario = Scenario { players: 100, days: 2.0, faults: Faults::NONE, ..Scenario::long(3) };
    match run(&scenario) {
        Ok(outcome) => assert!(outcome.requests > 2_000, "{outcome}"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn race_nights_follow_local_clocks_over_a_change() {
    // Seeds with nights: clocks change in each of these months.
    for seed in [14, 25, 29, 39] {
        let scenario = Scenario { players: 12, days: 30.0, faults: Faults::NONE, ..Scenario::long(seed) };
        match run(&scenario) {
            Ok(outcome) => assert!(outcome.nights >= 3, "{outcome}"),
            Err(failure) => panic!("{failure}"),
        }
    }
}
