use std::time::Duration;

use mmcos_game::matchmaker::{Config, RuleSet};

use crate::rules::{ACCOUNTS, Both, Event};

/// Sizes of groups: some of them fit nowhere.
const SIZES: [u8; 8] = [1, 1, 1, 2, 3, 5, 6, 13];

/// Takes any history of searches: the first byte configures the matchmaker, then each event takes four bytes.
///
/// # Panics
/// If the matchmaker and its reference model end a poll differently.
pub fn matchmaker_events(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut both = Both::new(config(*first));
    // Where many search, waiting pays, and points decide who meets.
    let searches = [0, 0, 30, 800][usize::from(first >> 6)];
    let events = rest.as_chunks::<4>().0.iter().copied().flat_map(events);
    let result = both.crowd(searches).and_then(|()| events.clone().try_for_each(|event| both.happen(event)));
    let result = result.and_then(|()| both.happen(Event::Wait { steps: 300 }));
    assert_eq!(result, Ok(()), "after {:?}", events.collect::<Vec<_>>());
}

fn config(byte: u8) -> Config {
    Config {
        gather: Duration::from_secs(if byte & 16 == 0 { 5 } else { 0 }),
        ai_hold: Duration::from_secs([0, 20, 3, 60][usize::from(byte >> 2 & 3)]),
        ai: byte & 32 == 0,
        ..Config::default()
    }
}

fn events([kind, detail, points, pause]: [u8; 4]) -> [Event; 2] {
    let account = u32::from(kind >> 4) % ACCOUNTS;
    let rule_set = [RuleSet::Race, RuleSet::Elimination, RuleSet::Battle][usize::from(detail & 31) % 3];
    let event = match kind & 15 {
        kind @ 0..12 => Event::Enter {
            account,
            rule_set,
            size: SIZES[usize::from(detail >> 5)],
            points: i32::from(points) * 2 - 256,
            ignore_minimum: kind >= 8,
            hosting: u32::from(detail & 31) % 6,
        },
        12 | 13 => Event::Cancel { account },
        14 => Event::Disconnect { account },
        _ => Event::Wait { steps: u32::from(points) },
    };
    [event, Event::Wait { steps: u32::from(pause) }]
}
