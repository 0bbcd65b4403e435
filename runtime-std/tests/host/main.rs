//! The host of Micro Machines World Series: it starts, persists its records, examines itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test: a panic is its failure"
)]

mod doctor;
#[path = "../../src/system/scratch.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod scratch;
mod store;
#[path = "../../../core/examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

use mmcos_core::{game::Game as _, info::Info};
use mmcos_game::{Mmcos, Settings};
use mmcos_std::cli;
use mmcos_std::config::{Keys, Loaded, Sources};
use mmcos_std::data_dir::DataDir;
use mmcos_std::host::{Host, HostError, start};
use scratch::Scratch;

fn load(dir: &DataDir, flags: &[(&str, &str)]) -> Loaded<Settings> {
    let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { flags, directory: dir.path().to_owned(), ..Sources::default() }.load::<Mmcos>().unwrap()
}

#[test]
fn starts_in_an_empty_directory_and_again() {
    let Scratch(dir) = &Scratch::new("host");
    let data_dir = dir.file("data").display().to_string();
    let loaded = load(dir, &[("http", "0"), ("https", "0"), ("data-dir", &data_dir)]);
    let host = Host::<Mmcos>::start(&loaded).unwrap();
    let https = host.https.as_ref().unwrap();
    assert_eq!(host.setup.https.unwrap().address, https.bound.address);
    assert_ne!(host.http.as_ref().unwrap().address.port(), 0);
    https.renewal.run();
    let second = Host::<Mmcos>::start(&loaded).unwrap_err().to_string();
    assert!(
        second.contains(&format!("(process {}) uses the data directory", std::process::id())),
        "{second}"
    );
    let key = host.key.clone();
    drop(host);
    assert_eq!(Host::<Mmcos>::start(&loaded).unwrap().key, key);
}

#[test]
fn something_must_be_served() {
    let Scratch(dir) = &Scratch::new("host-off");
    let data_dir = dir.file("data").display().to_string();
    let off = load(dir, &[("http", "off"), ("https", "off"), ("data-dir", &data_dir)]);
    assert!(matches!(Host::<Mmcos>::start(&off), Err(HostError::NothingToServe)));
    assert!(!dir.file("data").exists());
    let plain = load(dir, &[("http", "0"), ("https", "off"), ("data-dir", &data_dir)]);
    assert!(Host::<Mmcos>::start(&plain).unwrap().https.is_none());
    assert!(!dir.file("data/certificate-rsa.pem").exists(), "no certificate without HTTPS");
}

#[test]
fn a_command_that_only_prints_gives_no_host() {
    assert!(start::<Mmcos>(["--version"]).unwrap().is_none());
    assert!(matches!(start::<Mmcos>(["serve"]), Err(HostError::Cli(_))));
    assert!(matches!(start::<Mmcos>(["--colour", "red"]), Err(HostError::Config(_))));
}

#[test]
fn help_shows_every_key_once() {
    let keys = Keys::of::<Mmcos>();
    let help = cli::help(&Mmcos::INFO, keys);
    assert!(help.contains("\n  ticket HEX "), "{help}");
    for key in keys.iter() {
        let usage = format!("\n  {} {}\n", keys.flag(key), key.hint);
        assert_eq!(help.matches(&usage).count(), 1, "{usage}");
        assert!(help.contains(&format!("{}]", keys.variable(key))));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        assert!(words(&help).contains(&words(&keys.about(key))), "{}", key.name());
    }
    assert!(help.lines().all(|line| line.len() <= 110));
    assert!(help.contains("\n  admin-link "));
    let bare = Info { has_dashboard: false, ..Mmcos::INFO };
    assert!(!cli::help(&bare, keys).contains("admin-link  "), "there is no dashboard to log in to");
}
