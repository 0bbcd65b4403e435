//! What fuzzing found worth keeping goes on holding.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{fs, path::Path};

use mmcos_fuzz::targets;
use proptest::prelude::*;

fn replay(target: fn(&[u8]), name: &str) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let paths: Vec<_> = fs::read_dir(seeds).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!paths.is_empty());
    for path in paths {
        println!("{}", path.display());
        target(&fs::read(&path).unwrap());
    }
}

#[test]
fn enter_matchmaking2_bytes() {
    replay(targets::enter_matchmaking2_bytes, "enter_matchmaking2_bytes");
}

#[test]
fn matchmaker_events() {
    replay(targets::matchmaker_events, "matchmaker_events");
}

#[test]
fn connection() {
    replay(targets::connection, "connection");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_events(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        targets::matchmaker_events(&bytes);
    }

    #[test]
    fn any_bytes_on_connections(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        targets::connection(&bytes);
    }
}
