//! The public pages in a real browser, headless Chromium:
//! `cargo test -p mmcos-smol --test public_pages -- --ignored`.
//!
//! In the environment, `MMCOS_SCREENSHOTS=docs/images` writes screenshots there, and `MMCOS_AXE=axe.min.js` names a
//! file of axe-core, with which each page is checked for accessibility.
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
#[path = "../../runtime-std/tests/blackbox/rig/mod.rs"]
mod rig;

use std::{env, fs, path::PathBuf};

use browser::{Browser, Page};
use rig::client::Client;
use rig::player::{Player, RACE, meet, search};
use rig::process::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");
const HOSTILE: &str = "<img src=x onerror=alert(1)>";
/// 32 letters without a space, and one that needs room below and above.
const WIDE: &str = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\u{e5}";
const PAGES: [&str; 4] = ["/", "/leaderboard", "/players/1", "/seasons"];

fn server(players: u32) -> (Server, Vec<Player>) {
    let server = Server::start_with(&["--poll-seconds", "60", "--gather-seconds", "1"]);
    let name = |number| match number {
        1 => HOSTILE.to_owned(),
        2 => WIDE.to_owned(),
        number => format!("Racer {number}"),
    };
    let player = |number| Player::named(Client::plain(server.http), number, &name(number));
    let first = (1..=players.min(3)).map(player).collect();
    // The others leave again: a server holds only so many connections from one address.
    (4..=players).map(player).for_each(drop);
    (server, first)
}

/// Checks a page that is open: it fits, complains of nothing, and asks no other server.
fn check(page: &mut Page<'_>, origin: &str, path: &str) {
    let size = page
        .evaluate("fetch(location.href).then((page) => page.arrayBuffer()).then((page) => page.byteLength)");
    assert!((500..50_000).contains(&size.as_u64().unwrap()), "{path}: {size} bytes");
    let overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert!(overflow.as_i64().unwrap() <= 0, "{path}: {overflow} pixels too wide");
    assert_eq!(page.evaluate("document.querySelectorAll('main img').length"), 0, "{path}: a name is markup");
    assert!(page.requests().iter().all(|url| url.starts_with(origin)), "{:?}", page.requests());
    assert!(page.complaints().is_empty(), "{path}: {:?}", page.complaints());
    if let Some(axe) = env::var_os("MMCOS_AXE") {
        page.evaluate(&fs::read_to_string(axe).unwrap());
        let found = page.evaluate(
            "axe.run().then(({ violations }) => violations\
             .filter(({ impact }) => ['serious', 'critical'].includes(impact))\
             .map(({ id, nodes }) => `${id}: ${nodes[0].html}`))",
        );
        assert!(found.as_array().unwrap().is_empty(), "{path}: {found}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn every_page_fits_phones_and_screens_with_few_and_many_players() {
    for number in [0, 3, 500] {
        let (server, mut players) = server(number);
        if players.len() >= 3 {
            search(&mut players[..2], RACE);
            let met = meet(&mut players[..2]);
            players[0].score(&met.race_key, 25);
            search(&mut players[2..3], RACE);
        }
        let origin = format!("http://{}", server.http);
        let mut browser = Browser::start();
        for path in PAGES {
            if path == "/players/1" && players.is_empty() {
                continue;
            }
            for (width, scheme) in [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")] {
                let mut page = browser.open(&format!("{origin}{path}"), width, 900);
                page.prefer(scheme);
                check(&mut page, &origin, path);
                let name = match (path, width, scheme) {
                    ("/", 390, "light") => "public-phone",
                    ("/", 1440, "dark") => "public-dark",
                    ("/leaderboard", 1440, "light") => "public-leaderboard",
                    _ => continue,
                };
                if let Some(folder) = env::var_os("MMCOS_SCREENSHOTS").filter(|_| number == 3) {
                    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
                    fs::write(folder.join(format!("{name}.png")), page.screenshot()).unwrap();
                }
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_first_page_stays_up_to_date_and_works_without_scripts() {
    let (server, mut players) = server(3);
    let url = format!("http://{}/", server.http);
    let mut browser = Browser::start();
    let mut page = browser.open(&url, 390, 900);
    page.wait("document.querySelector('#now').textContent.includes('No player is searching')");
    // The visitor's time zone is named by its offset or abbreviation: `UTC` is from the server.
    page.wait("!document.querySelector('#now time').textContent.endsWith('UTC')");
    search(&mut players[2..], RACE);
    page.wait("document.querySelector('#now td')?.textContent === 'QuickRace'");
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
    let text = page.evaluate("fetch('/').then((page) => page.text())");
    let text = text.as_str().unwrap();
    assert!(text.contains("QuickRace") && text.contains("setup.cmd"), "{text}");
}
