//! The dashboard in a real browser, headless Chromium: `cargo test -p mmcos-smol --test dashboard -- --ignored`.
//!
//! `MMCOS_SCREENSHOTS=docs/images` in the environment writes what it looks like there.
#![cfg(unix)]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must fail; others use more of what is taken in"
)]

#[path = "browser/mod.rs"]
mod browser;
#[path = "../../runtime-std/tests/blackbox/client.rs"]
mod client;
#[path = "../../runtime-std/tests/blackbox/player.rs"]
mod player;
#[path = "../../runtime-std/tests/blackbox/process.rs"]
mod process;
#[path = "../../runtime-std/tests/blackbox/tls.rs"]
mod tls;

use std::{env, fs, path::PathBuf, thread, time::Duration};

use browser::{Browser, Page};
use client::Client;
use player::{BATTLE, ELIMINATION, Player, RACE, meet, search};
use process::Server;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

fn player(server: &Server, number: u32, name: &str) -> Player {
    Player::named(Client::plain(server.http), number, name)
}

fn text(page: &mut Page<'_>, selector: &str) -> String {
    page.evaluate(&format!("document.querySelector('{selector}').textContent")).as_str().unwrap().to_owned()
}

fn log_in(page: &mut Page<'_>, server: &Server) {
    let password = fs::read_to_string(server.data().join("operator-password")).unwrap();
    page.evaluate(&format!(
        "document.querySelector('#password').value = '{}'; document.querySelector('#login button').click()",
        password.trim()
    ));
    page.wait("document.body.classList.contains('operator') && document.querySelector('#settings form')");
}

#[test]
#[ignore = "needs Chromium"]
fn the_dashboard_lives_in_a_browser() {
    let server = Server::start_with(&["--poll-seconds", "25", "--gather-seconds", "0.5"]);
    let origin = format!("http://{}", server.http);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{origin}/admin"), 1440, 1000);
    page.wait("document.querySelector('#connection').textContent === 'live'");
    assert!(text(&mut page, "#players tbody").contains("Nobody is online."));
    assert_eq!(page.evaluate("getComputedStyle(document.querySelector('#bans')).display !== 'none' && document.querySelector('#bans').offsetParent !== null"), false);

    // Two clients meet, and the page shows it by itself.
    let mut players = [player(&server, 1, "Ann"), player(&server, 2, HOSTILE)];
    search(&mut players[..1], RACE);
    page.wait("document.querySelector('#searches tbody').textContent.includes('Ann')");
    search(&mut players[1..], RACE);
    meet(&mut players);
    page.wait("document.querySelector('#matches tbody').textContent.includes('Ann')");

    // A name stays text.
    assert!(text(&mut page, "#players tbody").contains(HOSTILE));
    assert_eq!(page.evaluate("document.querySelectorAll('main img').length"), 0);

    // An action works, with the password.
    log_in(&mut page, &server);
    page.evaluate(
        "document.querySelector('#setting-message').value = 'Races at <b>eight</b>'; \
         document.querySelector('[aria-label=\"Set message\"]').click()",
    );
    page.wait("document.querySelector('#server').textContent.includes('Races at <b>eight</b>')");

    // What it asked for was this server alone, and nothing was blocked or thrown.
    assert!(page.requests().iter().all(|url| url.starts_with(&origin)), "{:?}", page.requests());
    assert!(page.requests().len() >= 6, "{:?}", page.requests());
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
}

#[test]
#[ignore = "needs Chromium"]
fn a_season_begins_early_only_after_a_yes() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 390, 800);
    page.wait("document.querySelector('#season dd')");
    assert_eq!(page.evaluate("document.querySelector('#season-start').offsetParent"), Value::Null);
    log_in(&mut page, &server);
    assert_eq!(page.evaluate("document.querySelector('#season-start').offsetParent !== null"), true);

    let orders =
        |page: &Page<'_>| page.requests().iter().filter(|url| url.ends_with("/season/start")).count();
    let before = text(&mut page, "#season dd");
    let number: i32 = before.trim_end_matches(" (over)").parse().unwrap();
    let click = "document.querySelector('#season-start').click()";
    let asked = page.answer(click, false);
    assert!(asked.starts_with(&format!("Begin season {} now?", number + 1)), "{asked}");
    assert!(asked.ends_with("This cannot be taken back."), "{asked}");
    // What is set after a "no" arrives, and no order did before it.
    page.evaluate(
        "document.querySelector('#setting-message').value = 'Still here'; \
         document.querySelector('[aria-label=\"Set message\"]').click()",
    );
    page.wait("document.querySelector('#server').textContent.includes('Still here')");
    assert_eq!((text(&mut page, "#season dd"), orders(&page)), (before.clone(), 0));

    page.answer(click, true);
    if before.ends_with("(over)") {
        // Between two seasons of the calendar there is none to end.
        page.wait("document.querySelector('#notice').textContent.startsWith('the season is over since')");
    } else {
        page.wait(&format!("document.querySelector('#season dd').textContent === '{}'", number + 1));
    }
    assert_eq!(orders(&page), 1);
}

#[test]
#[ignore = "needs Chromium"]
fn what_went_wrong_is_in_sight_until_it_is_closed() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 390, 800);
    log_in(&mut page, &server);
    page.evaluate(
        "document.querySelector('#ban-subject').value = 'nobody'; \
         document.querySelector('#ban button').scrollIntoView(); document.querySelector('#ban button').click()",
    );
    page.wait("document.querySelector('#notice').textContent.includes('SteamID64')");
    assert_eq!(page.evaluate("scrollY > innerHeight"), true);
    let sight = "document.querySelector('#notice').getBoundingClientRect()";
    page.wait(&format!("{sight}.top >= 0 && {sight}.bottom < innerHeight"));
    page.evaluate("document.querySelector('#notice-close').click()");
    assert_eq!(page.evaluate(&format!("{sight}.height")), 0);
}

#[test]
#[ignore = "needs Chromium"]
fn it_fits_a_phone_and_a_wide_screen() {
    let server = Server::start_with(&["--poll-seconds", "60", "--gather-seconds", "1"]);
    let named = |names: &[&str], first: u32| -> Vec<Player> {
        names.iter().zip(first..).map(|(name, number)| player(&server, number, name)).collect()
    };
    let mut racers = named(&["Ann", "Ben", "Chlo\u{e9}"], 1);
    search(&mut racers, ELIMINATION);
    let met = meet(&mut racers);
    let pictures = env::var_os("MMCOS_SCREENSHOTS");
    if pictures.is_some() {
        racers[0].score(&met.race_key, 25);
        racers[1].score(&met.race_key, 12);
        // For charts with something in them.
        thread::sleep(Duration::from_secs(150));
    }
    let mut browser = Browser::start();
    let mut others = named(&["Dmitri", "Eve", HOSTILE], 4);
    search(&mut others[..1], RACE);
    search(&mut others[1..2], BATTLE);
    let mut late = named(&["Finn", "Gwen"], 7);
    search(&mut late, ELIMINATION);
    meet(&mut late);
    for (width, name, scheme) in [
        (390, "dashboard-phone", "light"),
        (1440, "dashboard-wide", "light"),
        (1440, "dashboard-dark", "dark"),
    ] {
        let mut page = browser.open(&format!("http://{}/admin", server.http), width, 900);
        page.prefer(scheme);
        page.wait("document.querySelector('#connection').textContent === 'live'");
        if name == "dashboard-wide" {
            log_in(&mut page, &server);
        }
        page.wait("document.querySelector('#searches tbody').textContent.includes('Eve')");
        let overflow =
            page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(overflow, 0, "{name} scrolls sideways");
        if let Some(folder) = &pictures {
            let file = PathBuf::from("..").join(folder).join(name).with_extension("png");
            fs::write(&file, page.screenshot()).unwrap();
        }
    }
}
