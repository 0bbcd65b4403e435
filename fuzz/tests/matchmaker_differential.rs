//! The matchmaker and its naive model end the same polls together, at the same time, for the same reason.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests may panic"
)]

use std::time::Duration;

use mmcos_fuzz::rules::{Both, Event};
use mmcos_game::matchmaker::{Config, RuleSet};
use proptest::prelude::*;

fn rule_set() -> impl Strategy<Value = RuleSet> {
    prop::sample::select(vec![RuleSet::Race, RuleSet::Elimination, RuleSet::Battle])
}

fn event(usual: RuleSet, sizes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Event> {
    let rule_set = prop_oneof![5 => Just(usual), 1 => rule_set()];
    let size = prop_oneof![1 => Just(1), 1 => sizes];
    let enter = (0..12_u32, rule_set, size, -300..300_i32, prop::bool::weighted(0.15), 0..6_u32);
    prop_oneof![
        8 => enter.prop_map(|(account, rule_set, size, points, ignore_minimum, hosting)| {
            Event::Enter { account, rule_set, size, points, ignore_minimum, hosting }
        }),
        1 => (0..12_u32).prop_map(|account| Event::Cancel { account }),
        1 => (0..12_u32).prop_map(|account| Event::Disconnect { account }),
        6 => prop_oneof![2 => 0..3_u32, 2 => 5..60_u32, 1 => 200..260_u32].prop_map(|steps| Event::Wait { steps }),
    ]
}

fn trace(sizes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Vec<Event>> {
    rule_set().prop_flat_map(move |usual| prop::collection::vec(event(usual, sizes.clone()), 0..60))
}

fn config() -> impl Strategy<Value = Config> {
    (0..2_u64, 0..2_u64, any::<bool>()).prop_map(|(gather, ai_hold, ai)| Config {
        gather: Duration::from_secs(gather * 5),
        ai_hold: Duration::from_secs(ai_hold * 20),
        ai,
        ..Config::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_matchmaker_does_what_its_model_does(config in config(), trace in trace(1..=13)) {
        let mut both = Both::new(config);
        for event in trace {
            both.happen(event).unwrap();
        }
        both.happen(Event::Wait { steps: 300 }).unwrap();
    }

    #[test]
    fn also_where_waiting_pays(config in config(), trace in trace(1..=4), searches in 0..60_u32) {
        let mut both = Both::new(config);
        both.crowd(searches).unwrap();
        for event in trace {
            both.happen(event).unwrap();
        }
        both.happen(Event::Wait { steps: 300 }).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn also_in_a_crowd_that_chooses_by_points(config in config(), trace in trace(1..=2)) {
        let mut both = Both::new(config);
        both.crowd(800).unwrap();
        for event in trace {
            both.happen(event).unwrap();
        }
        both.happen(Event::Wait { steps: 300 }).unwrap();
    }
}

/// Of two groups of one party, the one with less than three seconds left goes, though no group came or went at that
/// moment.
#[test]
fn a_search_goes_first_from_the_moment_at_which_it_has_little_time() {
    let config = Config { ai_hold: Duration::from_secs(20), ..Config::default() };
    let mut both = Both::new(config);
    both.crowd(800).unwrap();
    let enter = |account, size, points, ignore_minimum| {
        let (rule_set, hosting) = (RuleSet::Elimination, 2);
        Event::Enter { account, rule_set, size, points, ignore_minimum, hosting }
    };
    for event in [
        enter(2, 1, -78, false),
        Event::Wait { steps: 30 },
        enter(9, 1, 195, false),
        enter(1, 2, 207, true),
        Event::Wait { steps: 1 },
        enter(10, 2, 92, false),
        Event::Wait { steps: 230 },
    ] {
        both.happen(event).unwrap();
    }
}
