//! The game's services through the seam: fixtures of every service, and tests that no fixture can express.
#![cfg(test)]
#![expect(clippy::string_slice, clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

#[path = "../../../tests/signing/mod.rs"]
mod signing;

mod clock;
mod durability;
mod events;
mod http;
mod limits;
mod matches;
mod nights;
mod operator;
mod others;
mod players;
mod public;
mod scene;
mod seasons;
mod trace;
mod world;

use mmcos_core::testing::{self as rig, Delivery, Scenario};

macro_rules! fixtures {
    ($($name:ident)*) => {
        const FIXTURES: &[&str] = &[$(concat!(stringify!($name), ".http")),*];
        $(
            #[test]
            fn $name() {
                Scenario::parse(include_str!(concat!("../fixtures/", stringify!($name), ".http"))).check(&scene::Fresh);
            }
        )*
    };
}

fixtures! {
    add_points
    body_too_large
    cancel_matchmaking
    egonet_analytics
    egonet_login
    egonet_malformed
    egonet_unknown
    enter_matchmaking_battle
    enter_matchmaking_held
    enter_matchmaking_ignore
    enter_matchmaking_two
    expired_session
    get_elite
    get_elite_rank
    get_friends
    login
    login_bad_ticket
    login_maintenance
    malformed_http
    malformed_xml
    redirect_head
    register_active_game
    server_status_message
    unknown_path
    unknown_session
    update_account_title
    wrong_method
}

/// Plays the conformance suite, which is for any server, with virtual time.
#[test]
fn conformance() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance")).unwrap();
    for file in folder.map(|file| file.unwrap().path()) {
        println!("{}", file.display());
        let scenario = Scenario::parse(&std::fs::read_to_string(&file).unwrap());
        for delivery in [Delivery::Whole, Delivery::ByteByByte, Delivery::Rewritten] {
            scenario.play(&scene::Fresh, delivery);
        }
    }
}

#[test]
fn every_fixture_is_played() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).unwrap();
    let mut files: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut played = FIXTURES.to_vec();
    played.sort_unstable();
    assert_eq!(played, files);
}
