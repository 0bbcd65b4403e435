//! Inputs that fuzzing found, and that are worth keeping, still pass.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{fs, path::Path};

use mmcos_fuzz::{client::services::SERVICES, targets};
use mmcos_game::Mmcos;
use mmcos_std::config::Sources;
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

macro_rules! targets {
    ($($name:ident)*) => {
        const TARGETS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                replay(targets::$name, stringify!($name));
            }
        )*
    };
}

targets! {
    configuration_file
    connections
    egonet_value
    http_decoder
    matchmaker_events
    proxy_header
    service_request
    session_token
    steam_ticket
    xml_document
}

#[test]
fn all_seeds_are_replayed() {
    let seeds = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")).unwrap();
    let mut folders: Vec<_> = seeds.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS);
}

/// Makes seeds of all that needs no file.
#[test]
fn samples_of_all_services_and_a_file_with_every_setting_pass() {
    for (number, service) in (0..).zip(&SERVICES) {
        targets::service_request(&[&[number], service.sample].concat());
    }
    let all = Sources::default().load::<Mmcos>().unwrap().to_string();
    targets::configuration_file(all.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_events(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        targets::matchmaker_events(&bytes);
    }

    #[test]
    fn any_bytes_on_connections(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        targets::connections(&bytes);
    }
}
