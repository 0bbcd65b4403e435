//! The dashboard in a real browser, headless Chromium: `cargo test -p mmcos-smol --test dashboard -- --ignored`.
//!
//! In the environment, `MMCOS_SCREENSHOTS=docs/images` writes screenshots there, and `MMCOS_AXE=axe.min.js` names a
//! file of axe-core, with which each view is checked for accessibility.
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
#[path = "dashboard/memory.rs"]
mod memory;
#[path = "../../runtime-std/tests/blackbox/rig/mod.rs"]
mod rig;
#[path = "dashboard/tasks.rs"]
mod tasks;
#[path = "dashboard/views.rs"]
mod views;

use std::{
    env, fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use browser::{Browser, Page};
use rig::client::Client;
use rig::player::{BATTLE, ELIMINATION, Player, RACE, meet, search};
use rig::process::{Scratch, Server};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");
/// All views, as their addresses.
const VIEWS: [&str; 13] = [
    "now",
    "players",
    "players/1",
    "matches?filter=all",
    "results",
    "leaderboard",
    "season",
    "moderation",
    "settings",
    "log",
    "audit",
    "system",
    "operators",
];
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

fn player(server: &Server, number: u32, name: &str) -> Player {
    Player::named(Client::plain(server.http), number, name)
}

fn text(page: &mut Page<'_>, selector: &str) -> String {
    page.evaluate(&format!("document.querySelector('{selector}').textContent")).as_str().unwrap().to_owned()
}

fn log_in(page: &mut Page<'_>, server: &Server) {
    page.wait("!document.querySelector('#login').hidden");
    page.evaluate(&format!(
        "document.querySelector('#password').value = '{}'; document.querySelector('#login button').click()",
        server.password()
    ));
    page.wait("document.body.classList.contains('operator') && document.querySelector('#settings form')");
    page.wait("document.querySelector('#connection').textContent === 'live'");
}

/// Logs in, unless the browser is logged in already.
fn log_in_once(page: &mut Page<'_>, server: &Server) {
    let access = "fetch('/api/v1/session').then((answer) => answer.json()).then(({ access }) => access)";
    if page.evaluate(access) == "public" {
        log_in(page, server);
    }
}

/// Goes to a view, such as `players?filter=all`.
fn go(page: &mut Page<'_>, view: &str) {
    page.evaluate(&format!("location.hash = '#/{view}'"));
    let name = view.split(['?', '/']).next().unwrap();
    let name = if view.starts_with("players/") { "player" } else { name };
    page.wait(&format!("!document.querySelector('#view-{name}').hidden"));
}

/// Types into an input, as far as the page can tell.
fn type_in(page: &mut Page<'_>, selector: &str, text: &str) {
    page.evaluate(&format!(
        "{{ const input = document.querySelector('{selector}'); input.focus(); input.value = '{text}'; \
         input.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
    ));
}

fn sent(page: &Page<'_>, end: &str) -> usize {
    page.requests().iter().filter(|url| url.ends_with(end)).count()
}

#[test]
#[ignore = "needs Chromium"]
fn the_dashboard_lives_in_a_browser() {
    let server = Server::start_with(&["--poll-seconds", "25", "--gather-seconds", "0.5"]);
    let origin = format!("http://{}", server.http);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{origin}/admin"), 1440, 1000);
    page.wait("!document.querySelector('#login').hidden");
    assert_eq!(page.evaluate("document.querySelector('#main').hidden"), true);
    assert!(page.requests().iter().all(|url| !url.ends_with("/state") && !url.ends_with("/live")));
    log_in(&mut page, &server);
    go(&mut page, "players");
    page.wait("document.querySelector('#players tbody').textContent.includes('No player is online.')");
    go(&mut page, "now");

    // Two clients meet, and the page shows that without a reload.
    let mut players = [player(&server, 1, "Ann"), player(&server, 2, HOSTILE)];
    search(&mut players[..1], RACE);
    page.wait("document.querySelector('#searches tbody').textContent.includes('Ann')");
    search(&mut players[1..], RACE);
    meet(&mut players);
    page.wait("document.querySelector('#running tbody').textContent.includes('Ann')");

    // The page shows a name as text.
    go(&mut page, "players");
    page.wait("document.querySelectorAll('#players tr[data-key]').length === 2");
    assert!(text(&mut page, "#players tbody").contains(HOSTILE));
    assert_eq!(page.evaluate("document.querySelectorAll('main img').length"), 0);

    // An action succeeds, and the page reports it.
    page.evaluate(
        "document.querySelector('#setting-message').value = 'Matches at <b>eight</b>'; \
         document.querySelector('[aria-label=\"Set message\"]').click()",
    );
    page.wait("document.querySelector('#server').textContent.includes('Matches at <b>eight</b>')");
    assert!(text(&mut page, "#result").starts_with("Set message"), "{}", text(&mut page, "#result"));

    // The page made requests to this server alone, without errors or blocked contents.
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
    assert_eq!(page.evaluate("document.querySelector('#season-start').offsetParent"), Value::Null);
    log_in(&mut page, &server);
    page.wait("document.querySelector('#season dd')");
    go(&mut page, "season");
    assert_eq!(page.evaluate("document.querySelector('#season-start').offsetParent !== null"), true);

    let orders =
        |page: &Page<'_>| page.requests().iter().filter(|url| url.ends_with("/season/start")).count();
    let before = text(&mut page, "#season dd");
    let number: i32 = before.trim_end_matches(" (over)").parse().unwrap();
    let click = "document.querySelector('#season-start').click()";
    let asked = page.answer(click, false);
    assert!(asked.starts_with(&format!("Begin season {} now?", number + 1)), "{asked}");
    assert!(asked.ends_with("For a day this can be undone, without the points won meanwhile."), "{asked}");
    let undo = "document.querySelector('#season-undo')";
    assert_eq!(page.evaluate(&format!("{undo}.hidden")), true, "the calendar began this one");
    // The command after a "no" arrives, and no earlier one did.
    page.evaluate(
        "document.querySelector('#setting-message').value = 'Still here'; \
         document.querySelector('[aria-label=\"Set message\"]').click()",
    );
    page.wait("document.querySelector('#server').textContent.includes('Still here')");
    assert_eq!((text(&mut page, "#season dd"), orders(&page)), (before.clone(), 0));

    page.answer(click, true);
    if before.ends_with("(over)") {
        // Between two seasons of the calendar there is no season to end.
        page.wait("document.querySelector('#notice').textContent.startsWith('the season ended at')");
    } else {
        page.wait(&format!("document.querySelector('#season dd').textContent === '{}'", number + 1));
        page.wait(&format!("!{undo}.hidden"));
        let asked = page.answer(&format!("{undo}.click()"), true);
        assert!(
            asked.starts_with(&format!("Undo season {} and go on with season {number}?", number + 1)),
            "{asked}"
        );
        page.wait(&format!(
            "document.querySelector('#season dd').textContent === '{number}' && {undo}.hidden"
        ));
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
    go(&mut page, "moderation");
    page.evaluate(
        "document.querySelector('#ban-subject').value = 'nobody'; \
         document.querySelector('footer').scrollIntoView(); document.querySelector('#ban button').click()",
    );
    page.wait("document.querySelector('#notice').textContent.includes('SteamID64')");
    page.wait("scrollY > 0");
    let sight = "document.querySelector('#notice').getBoundingClientRect()";
    page.wait(&format!("{sight}.top >= 0 && {sight}.bottom < innerHeight"));
    page.evaluate("document.querySelector('#notice-close').click()");
    assert_eq!(page.evaluate(&format!("{sight}.height")), 0);
}

/// Starts players that log in and search again and again, until the end of the test.
fn bustle(http: std::net::SocketAddr, players: u32) -> Arc<AtomicBool> {
    let over = Arc::new(AtomicBool::new(false));
    for number in 1..=players {
        let over = Arc::clone(&over);
        thread::spawn(move || {
            let mut turn = u64::from(number);
            while !over.load(Ordering::Relaxed) {
                let mut player = Player::named(Client::plain(http), number, &format!("Racer {number}"));
                player.search(if turn % 3 == 0 { RACE } else { ELIMINATION });
                turn += 1;
                thread::sleep(Duration::from_millis(150 + (turn * 7919) % 500));
                player.client.reset();
            }
        });
    }
    over
}

#[test]
#[ignore = "needs Chromium"]
fn forty_aimed_kicks_hit() {
    let server =
        Server::start_with(&["--poll-seconds", "2", "--gather-seconds", "0.2", "--search-seconds", "10"]);
    let over = bustle(server.http, 12);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1440, 1000);
    log_in(&mut page, &server);
    go(&mut page, "players");
    page.wait("document.querySelectorAll('#players tr[data-key]').length === 12");
    page.evaluate("document.querySelector('#players').scrollIntoView({ block: 'center' })");
    let mut hits = 0;
    for shot in 0..40 {
        let target = shot * 5 % 12;
        let aimed = page.evaluate(&format!(
            "(() => {{ const row = document.querySelectorAll('#players tr[data-key]')[{target}]; \
             const button = row.querySelector('[aria-label^=Kick]'); button.scrollIntoView({{ block: 'nearest' }}); \
             const {{ x, y, width, height }} = button.getBoundingClientRect(); \
             return [x + width / 2, y + height / 2, button.getAttribute('aria-label')]; }})()"
        ));
        let [x, y] = [0, 1].map(|index| aimed[index].as_f64().unwrap());
        thread::sleep(Duration::from_millis(400));
        page.press([x, y], Duration::from_millis(100));
        page.wait("document.querySelector('#dialog').open");
        let asked = text(&mut page, "#dialog-title");
        hits += usize::from(asked == format!("{}?", aimed[2].as_str().unwrap()));
        page.evaluate("document.querySelector('#dialog-cancel').click()");
    }
    over.store(true, Ordering::Relaxed);
    assert_eq!(hits, 40);
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
}

#[test]
#[ignore = "needs Chromium"]
fn focus_and_typed_text_survive_updates_and_commands() {
    let server = Server::start_with(&["--poll-seconds", "2", "--gather-seconds", "0.2"]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1440, 1000);
    log_in(&mut page, &server);
    let _player = player(&server, 1, "Ann");
    go(&mut page, "players");
    page.wait("document.querySelector('#players tr[data-key=\"1\"]')");
    go(&mut page, "moderation");
    type_in(&mut page, "#ban-reason", "half a reason");
    go(&mut page, "settings");
    type_in(&mut page, "#setting-message", "half a mess");
    // Commands about other things, and updates by other clients.
    page.evaluate("document.querySelector('#players [aria-label^=Kick]').click()");
    page.evaluate("document.querySelector('#dialog-act').click()");
    page.wait("document.querySelector('#result').textContent.startsWith('Kicked')");
    page.wait("document.querySelector('#summary strong').textContent === '0'");
    page.evaluate(
        "{ const select = document.querySelector('#setting-maintenance'); select.value = 'true'; \
         document.querySelector('[aria-label=\"Set maintenance\"]').click(); }",
    );
    page.wait("document.querySelector('#mode').textContent.startsWith('MAINTENANCE')");
    page.evaluate("document.querySelector('[aria-label=\"Reset maintenance\"]').click()");
    page.wait("document.querySelector('#mode').textContent === 'Players can log in.'");
    let _ben = player(&server, 2, "Ben");
    page.wait("document.querySelector('#summary strong').textContent === '1'");
    assert_eq!(page.evaluate("document.querySelector('#setting-message').value"), "half a mess");
    assert_eq!(page.evaluate("document.querySelector('#ban-reason').value"), "half a reason");
    assert_eq!(page.evaluate("document.activeElement.id"), "setting-message");
}

#[test]
#[ignore = "needs Chromium"]
fn a_restarted_server_asks_for_a_login_and_loses_no_text() {
    let server = Server::start_with(&[]);
    let address = server.http;
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{address}/admin"), 1440, 1000);
    log_in(&mut page, &server);
    type_in(&mut page, "#setting-message", "half a mess");
    let scratch = server.stop();
    page.wait("document.querySelector('#connection').textContent.startsWith('Connection lost')");
    assert!(text(&mut page, "#connection").contains("as of"), "{}", text(&mut page, "#connection"));
    assert_eq!(page.evaluate("document.querySelector('#season-start').disabled"), true);
    let server = Server::start_at(scratch, address, &[]);
    page.wait("!document.querySelector('#login').hidden");
    assert!(text(&mut page, "#connection").starts_with("Your session has ended. Log in again."));
    assert_eq!(page.evaluate("document.querySelector('#season-start').disabled"), true);
    log_in(&mut page, &server);
    assert_eq!(page.evaluate("document.querySelector('#setting-message').value"), "half a mess");
    assert_eq!(page.evaluate("document.querySelector('#season-start').disabled"), false);
}

#[test]
#[ignore = "needs Chromium and libfaketime"]
fn a_wrong_clock_is_in_sight_and_a_season_from_the_future_gets_its_number() {
    let library = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut library = library.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    let library =
        library.find(|path| path.exists()).expect("libfaketime is missing (apt-get install faketime)");
    let scratch = Scratch::new();
    let clock = scratch.0.join("clock");
    let set = |offset: &str| {
        fs::write(clock.with_extension("new"), offset).unwrap();
        fs::rename(clock.with_extension("new"), &clock).unwrap();
    };
    set("+3y\n");
    let fake = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let server = Server::start_with_environment(scratch, &fake, &[]);
    drop(player(&server, 1, "Ann"));
    let scratch = server.stop();
    set("+0\n");
    let server = Server::start_with_environment(scratch, &fake, &[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 390, 800);
    log_in(&mut page, &server);
    page.wait("document.querySelector('#mode').textContent.includes('began while the clock was ahead')");
    go(&mut page, "season");
    picture(&mut page, "season-ahead");
    let wrong: i32 = text(&mut page, "#season dd").parse().unwrap();
    let button = text(&mut page, "#season-start");
    let right: i32 = button.strip_prefix("Renumber to season ").unwrap().parse().unwrap();
    assert_eq!(wrong, right + 18, "three years of six seasons");
    let asked = page.answer("document.querySelector('#season-start').click()", true);
    assert!(asked.starts_with(&format!("Renumber season {wrong} to {right}? All points stay")), "{asked}");
    page.wait("document.querySelector('#mode').textContent === 'Players can log in.'");
    page.wait(&format!("document.querySelector('#season dd').textContent.startsWith('{right}')"));
    assert_eq!(text(&mut page, "#season-start"), "Begin the next season now");

    set("+5h\n");
    page.wait(
        "document.querySelector('#mode.alert')?.textContent.includes('Clock in doubt: it has jumped ahead')",
    );
    assert!(text(&mut page, "#server").contains("timedatectl"), "{}", text(&mut page, "#server"));
    go(&mut page, "system");
    picture(&mut page, "clock-in-doubt");
    assert_eq!(
        page.evaluate("(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector('#mode'))"),
        0
    );
    set("+0\n");
    page.wait("document.querySelector('#mode').textContent === 'Players can log in.'");
}

/// Takes a picture to look at, if the environment names a folder for it.
fn picture(page: &mut Page<'_>, name: &str) {
    if let Some(folder) = env::var_os("MMCOS_PICTURES") {
        fs::write(PathBuf::from(folder).join(name).with_extension("png"), page.screenshot()).unwrap();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_session_that_is_ended_elsewhere_leaves_a_login_form() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 390, 800);
    log_in(&mut page, &server);
    page.evaluate("fetch('/api/v1/session', { method: 'DELETE' })");
    page.wait("!document.querySelector('#login').hidden");
    page.wait("document.querySelector('#connection').textContent.startsWith('Your session has ended.')");
    log_in(&mut page, &server);
}

#[test]
#[ignore = "needs Chromium"]
fn a_dangerous_ban_is_asked_about() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1440, 1000);
    log_in(&mut page, &server);
    go(&mut page, "moderation");
    type_in(&mut page, "#ban-subject", "203.0.113.0/2");
    page.evaluate("document.querySelector('#ban button').click()");
    page.wait("document.querySelector('#notice').textContent.includes('would ban all of 192.0.0.0/2')");
    type_in(&mut page, "#ban-subject", "12.0.0.0/8");
    let click = "document.querySelector('#ban button').click()";
    let asked = page.answer(click, false);
    assert!(asked.contains("12.0.0.0/8 is a large part of the internet"), "{asked}");
    assert_eq!(page.evaluate("document.querySelectorAll('#bans tr[data-key]').length"), 0);
    page.answer(click, true);
    page.wait("document.querySelector('#bans tr[data-key=\"12.0.0.0/8\"]')");
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
        // Time for data in the charts.
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
        log_in_once(&mut page, &server);
        page.wait("document.querySelector('#connection').textContent === 'live'");
        page.wait("document.querySelector('#searches tbody').textContent.includes('Eve')");
        fits(&mut page, &format!("{name} checklist"));
        // It names folders of this machine.
        page.evaluate("document.querySelector('#checklist-hide').click()");
        for view in VIEWS {
            go(&mut page, view);
            let file = match view {
                "now" => name,
                "players/1" if name == "dashboard-wide" => "dashboard-player",
                "players" if name == "dashboard-phone" => "dashboard-players-phone",
                _ => "",
            };
            page.wait("document.querySelector('.view:not([hidden]) :is(tbody tr, dd, form)')");
            fits(&mut page, &format!("{name} {view}"));
            if let Some(folder) = pictures.as_ref().filter(|_| !file.is_empty()) {
                let file = PathBuf::from("..").join(folder).join(file).with_extension("png");
                fs::write(&file, page.screenshot()).unwrap();
            }
        }
    }
}

/// Checks a view that is shown: it fits, and axe-core finds nothing serious.
fn fits(page: &mut Page<'_>, name: &str) {
    let overflow =
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "{name} scrolls sideways");
    if let Some(axe) = env::var_os("MMCOS_AXE") {
        if page.evaluate("typeof axe") == "undefined" {
            page.evaluate(&fs::read_to_string(axe).unwrap());
        }
        let found = page.evaluate(
            "axe.run().then(({ violations }) => violations\
             .filter(({ impact }) => ['serious', 'critical'].includes(impact))\
             .map(({ id, nodes }) => `${id}: ${nodes[0].html}`))",
        );
        assert!(found.as_array().unwrap().is_empty(), "{name}: {found}");
    }
    assert!(page.complaints().is_empty(), "{name}: {:?}", page.complaints());
}
