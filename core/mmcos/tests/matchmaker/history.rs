//! Random histories.

use mmcos_game::matchmaker::Config;
use proptest::prelude::*;

use crate::world::{Event, World};

fn enter(usual_mode: usize) -> impl Strategy<Value = Event> {
    let size = prop_oneof![5 => Just(1_u8), 3 => 2..=4_u8, 2 => 5..=13_u8];
    (
        0..12_u32,
        prop_oneof![4 => Just(usual_mode), 1 => 0..4_usize],
        size,
        prop::bool::weighted(0.2),
        -500..500_i32,
        0..3_u32,
    )
        .prop_map(|(account, mode, size, ignore_minimum, points, confirmed)| Event::Enter {
            account,
            mode,
            size,
            ignore_minimum,
            points,
            confirmed,
        })
}

fn event(usual_mode: usize, jumps: bool) -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => enter(usual_mode),
        1 => (0..12_u32).prop_map(|account| Event::Cancel { account }),
        1 => (0..12_u32).prop_map(|account| Event::Disconnect { account }),
        6 => prop_oneof![0..100_u64, 0..5_000_u64, 900..1_500_u64, 24_000..25_000_u64]
            .prop_map(|millis| Event::Wait { millis }),
        u32::from(jumps) => (0..200_000_u64).prop_map(|millis| Event::Jump { millis }),
    ]
}

/// Up to 60 events, most in one mode, with forward jumps of the clock or without.
pub(crate) fn history(jumps: bool) -> impl Strategy<Value = Vec<Event>> {
    (0..4_usize).prop_flat_map(move |usual| prop::collection::vec(event(usual, jumps), 0..60))
}

/// Configurations that lead to different decisions.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    use core::time::Duration;
    (prop::sample::select(vec![0, 5]), prop::sample::select(vec![0, 20]), any::<bool>()).prop_map(
        |(gather, ai_hold, ai)| Config {
            gather: Duration::from_secs(gather),
            ai_hold: Duration::from_secs(ai_hold),
            ai,
            ..Config::default()
        },
    )
}

/// Returns the world after a history, with every poll ended. The world would not let one end again.
pub(crate) fn play(config: Config, history: &[Event]) -> World {
    let mut world = World::new(config);
    for event in history {
        world.happen(*event);
    }
    world.shutdown();
    assert!(world.open.is_empty());
    world.shutdown();
    world
}
