//! Everything that an operator does, with real clicks, on a phone and on a wide screen, with few and with many players.

use std::time::Duration;

use super::{
    browser::{Browser, Page},
    fits, go, log_in, player,
    rig::{
        player::{ELIMINATION, Player, meet, search},
        process::Server,
    },
    sent, text, type_in,
};

/// Clicks the middle of an element, which must be in sight once it is scrolled to.
fn press(page: &mut Page<'_>, selector: &str) {
    page.wait(&format!("document.querySelector('{selector}')"));
    let place = page.evaluate(&format!(
        "(() => {{ const one = document.querySelector('{selector}'); one.scrollIntoView({{ block: 'center' }}); \
         const {{ x, y, width, height }} = one.getBoundingClientRect(); \
         const place = [x + width / 2, y + height / 2]; \
         return one.contains(document.elementFromPoint(...place)) ? place : null; }})()"
    ));
    assert!(place.is_array(), "{selector} cannot be clicked");
    page.press([0, 1].map(|index| place[index].as_f64().unwrap()), Duration::from_millis(20));
}

/// Clicks an element that asks a question, and says yes. Returns the question.
fn press_and_confirm(page: &mut Page<'_>, selector: &str) -> String {
    page.wait(&format!("document.querySelector('{selector}')?.offsetParent"));
    page.answer(&format!("document.querySelector('{selector}').click()"), true)
}

/// Fills the fields of the dialog that is open, and sends it.
fn complete(page: &mut Page<'_>, name: &str, fields: &[(&str, &str)]) {
    page.wait("document.querySelector('#dialog').open");
    fits(page, name);
    for (field, value) in fields {
        type_in(page, &format!("#dialog-{field}"), value);
    }
    press(page, "#dialog-act");
}

fn reports(page: &mut Page<'_>, start: &str) {
    page.wait(&format!("document.querySelector('#result').textContent.startsWith('{start}')"));
    assert_eq!(text(page, "#notice span"), "");
}

fn set(page: &mut Page<'_>, setting: &str, value: &str) {
    go(page, "settings");
    type_in(page, &format!("#setting-{setting}"), value);
    press(page, &format!("[aria-label=\"Set {setting}\"]"));
    reports(page, &format!("Set {setting} to "));
}

fn walk(width: u32, players: u32) {
    let server = Server::start_with(&["--poll-seconds", "25", "--gather-seconds", "0.5"]);
    for number in 4..=players {
        player(&server, number, &format!("Racer {number:04}"));
    }
    let mut racers: Vec<Player> =
        (1..).zip(["Ann", "Ben", "Chlo\u{e9}"]).map(|(number, name)| player(&server, number, name)).collect();
    search(&mut racers, ELIMINATION);
    meet(&mut racers);
    let mut browser = Browser::start();
    let page = &mut browser.open(&format!("http://{}/admin", server.http), width, 900);
    log_in(page, &server);
    // Accounts are numbered in the order of their first login.
    let ann = players - 2;

    checklist_and_match(page);
    moderation(page, &server, ann);
    player_page(page, ann, players);
    settings_and_season(page, ann);
    operators_and_audit(page);
    assert!(server.backup().is_file());
    corrections(page, ann);
    // Of the players that are gone.
    let complaints = page.complaints();
    assert!(complaints.iter().all(|complaint| complaint.contains("/details")), "{complaints:?}");
}

fn checklist_and_match(page: &mut Page<'_>) {
    // What a new server needs, until the operator hides it.
    page.wait("document.querySelector('#checks').textContent.includes('Done: first player')");
    assert!(text(page, "#checks").contains("To do: backups"), "{}", text(page, "#checks"));
    press(page, "#checklist-hide");
    page.wait("!document.querySelector('#checklist').offsetParent");

    // End the match.
    let asked = press_and_confirm(page, "#running tr[data-key] [aria-label^=End]");
    assert!(asked.contains("Results that have not arrived yet will not count"), "{asked}");
    reports(page, "Ended match");
}

fn moderation(page: &mut Page<'_>, server: &Server, ann: u32) {
    let row = format!("#players tr[data-key=\"{ann}\"]");
    // Find a player, ban for a day, lift the ban, kick.
    go(page, "players");
    type_in(page, "#players-search", "ann");
    page.wait(&format!(
        "document.querySelectorAll('#players tr[data-key]').length === 1 && document.querySelector('{row}')"
    ));
    press(page, &format!("{row} [aria-label^=Ban]"));
    complete(page, "ban", &[("hours", "24"), ("reason", "rammed everyone"), ("note", "second time")]);
    reports(page, "Banned");
    go(page, "moderation");
    page.wait("document.querySelector('#bans tr[data-key]')?.textContent.includes('Ann')");
    press_and_confirm(page, "#bans [aria-label^=Lift]");
    reports(page, "Lifted the ban");
    page.wait("!document.querySelector('#bans tr[data-key]:not(.gone)')");
    let _ann = player(server, 1, "Ann");
    go(page, "players?search=ann");
    press(page, &format!("{row} [aria-label^=Kick]"));
    complete(page, "kick", &[("reason", "away from the wheel")]);
    reports(page, "Kicked");
}

fn player_page(page: &mut Page<'_>, ann: u32, players: u32) {
    let row = format!("#players tr[data-key=\"{ann}\"]");
    // A player's page: identity, points, data.
    press(page, &format!("{row} a.name"));
    page.wait("document.querySelector('#player-title').textContent === 'Ann'");
    page.wait("document.querySelector('#player-terms dd')");
    press(page, "#player-actions [aria-label^=\"Change the points\"]");
    complete(page, "points", &[("change", "60"), ("reason", "a crash of the server")]);
    reports(page, "Changed the points");
    page.wait("document.querySelector('#player-adjustments').textContent.includes('a crash of the server')");
    page.wait("document.querySelector('#player-terms').textContent.includes('60 points, rank 1')");
    press(page, "#player-actions [aria-label^=\"Change the title\"]");
    complete(page, "title", &[("key", "lng_player_title_elite"), ("reason", "won the cup")]);
    reports(page, "Gave");
    page.wait("document.querySelector('#player-terms').textContent.includes('lng_player_title_elite')");
    press(page, "#player-actions a[download]");
    page.wait("true");
    let data = page.evaluate(
        "fetch(document.querySelector('#player-actions a[download]').href).then((answer) => answer.json())",
    );
    assert_eq!(data["player"]["profile"]["name"], "Ann");
    assert!(sent(page, "/data") >= 1);

    // Any place of the leaderboard.
    go(page, "leaderboard");
    page.wait("document.querySelector('#leaderboard tr[data-key] .name')?.textContent === 'Ann'");
    if players > 50 {
        press(page, "#leaderboard-list .pages button:last-child");
        page.wait("document.querySelector('#leaderboard tr[data-key] td').textContent === '51'");
    }
}

fn settings_and_season(page: &mut Page<'_>, ann: u32) {
    // Message, maintenance, time to search.
    set(page, "message", "Races at eight");
    set(page, "search-seconds", "180");
    set(page, "maintenance", "true");
    page.wait("document.querySelector('#mode').textContent.startsWith('MAINTENANCE')");
    press(page, "[aria-label=\"Reset maintenance\"]");
    page.wait("document.querySelector('#mode').textContent === 'Players can log in.'");

    // A planned message and special event, in the zone of the browser, and their end.
    type_in(page, "#plan-from", "2030-01-01T20:00");
    type_in(page, "#plan-until", "2030-01-01T22:00");
    type_in(page, "#plan-message", "Cup on New Year");
    type_in(page, "#plan-event", "endurance");
    press(page, "#plan button");
    let plan = "Cup on New Year; event endurance";
    reports(page, &format!("Planned {plan}."));
    page.wait(&format!(
        "document.querySelector('#plans tr[data-key] td:nth-child(3)')?.textContent === '{plan}'"
    ));
    assert_eq!(page.evaluate("document.querySelector('#plan-event').value"), "");
    page.wait("document.querySelector('#season').textContent.includes('endurance from ')");
    assert!(
        page.evaluate("document.querySelector('#plans time').textContent").as_str().unwrap().contains("20")
    );
    press_and_confirm(page, "#plans .actions button");
    reports(page, "Removed a plan.");
    page.wait("document.querySelector('#plans tr[data-key]').classList.contains('gone')");

    // An event, the next season, past seasons.
    go(page, "season");
    press(page, "#event button:not(.danger)");
    reports(page, "Started the event");
    press_and_confirm(page, "#event-stop");
    reports(page, "Stopped the event");
    let season = text(page, "#season dd");
    press_and_confirm(page, "#season-start");
    if season.ends_with("(ended)") {
        page.wait("document.querySelector('#notice').textContent.startsWith('the season ended at')");
        press(page, "#notice-close");
    } else {
        reports(page, "Season");
        go(page, &format!("players/{ann}"));
        page.wait(&format!(
            "document.querySelector('#player-seasons tr[data-key] td')?.textContent === '{season}'"
        ));
    }
}

fn operators_and_audit(page: &mut Page<'_>) {
    // Several operators with roles.
    go(page, "operators");
    type_in(page, "#operator-name", "anna");
    type_in(page, "#operator-role", "moderator");
    press(page, "#operator-add button");
    page.wait("document.querySelector('#new-password code').textContent.length > 20");
    press_and_confirm(page, "#operators tr[data-key=\"anna\"] .danger");
    reports(page, "Removed anna");

    // The audit log has it all, with before and after.
    go(page, "audit?search=search-seconds");
    page.wait("document.querySelector('#audit tr[data-key]')?.textContent.includes('After: 180.')");
    go(page, "audit");
    page.wait("document.querySelectorAll('#audit tr[data-key]').length >= 13");
    assert!(text(page, "#audit tbody").contains("operator from 127.0.0.1"), "{}", text(page, "#audit tbody"));
    fits(page, "audit");
    go(page, "log?search=anna");
    page.wait("document.querySelector('#log tr[data-key]')");
    press(page, "#log-list form button");
    fits(page, "log");

    // A copy of the store.
    go(page, "system");
    press(page, "#backup");
    reports(page, "Copying the store");
}

fn corrections(page: &mut Page<'_>, ann: u32) {
    let [ben, chloe] = [ann + 1, ann + 2];
    let open = |page: &mut Page<'_>, user: u32, name: &str| {
        go(page, &format!("players/{user}"));
        page.wait(&format!("document.querySelector('#player-title').textContent === '{name}'"));
        page.wait(&format!("document.querySelector('#player-terms').textContent.includes('Account{user}')"));
    };
    // Another name, and two accounts of one person.
    open(page, ben, "Ben");
    press(page, "#player-actions [aria-label^=Kick]");
    complete(page, "kick", &[]);
    reports(page, "Kicked \u{2068}Ben");
    open(page, chloe, "Chlo\u{e9}");
    press(page, "#player-actions [aria-label^=Kick]");
    complete(page, "kick", &[]);
    reports(page, "Kicked \u{2068}Chlo");
    press(page, "#player-actions [aria-label^=Rename]");
    complete(page, "rename", &[("name", "Guest 7"), ("reason", "an insult")]);
    reports(page, "Renamed");
    page.wait("document.querySelector('#player-title').textContent === 'Guest 7'");
    press(page, "#player-actions [aria-label^=Merge]");
    complete(page, "merge", &[("other", &ben.to_string()), ("reason", "two accounts")]);
    reports(page, &format!("Merged account {ben} into"));

    // A player goes: with a reason, in a dialog that says what stays.
    press(page, "#player-actions [aria-label^=Delete]");
    page.wait("document.querySelector('#dialog').open");
    let asked = text(page, "#dialog-text");
    assert!(asked.contains("cannot be undone") && asked.contains("What stays"), "{asked}");
    complete(page, "delete", &[("reason", "asked for it")]);
    reports(page, "Deleted player");
    page.wait("location.hash === '#/players?filter=all'");
    for user in [ben, chloe] {
        go(page, &format!("players/{user}"));
        page.wait("document.querySelector('#player-title').textContent === 'No such player'");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn every_task_on_a_phone_with_three_players() {
    walk(390, 3);
}

#[test]
#[ignore = "needs Chromium"]
fn every_task_on_a_wide_screen_with_three_players() {
    walk(1440, 3);
}

#[test]
#[ignore = "needs Chromium"]
fn every_task_on_a_phone_with_five_thousand_players() {
    walk(390, 5000);
}

#[test]
#[ignore = "needs Chromium"]
fn every_task_on_a_wide_screen_with_five_thousand_players() {
    walk(1440, 5000);
}

#[test]
#[ignore = "needs Chromium"]
fn a_dialog_can_be_cancelled_and_gives_the_focus_back() {
    let server = Server::start_with(&[]);
    let _ann = player(&server, 1, "Ann");
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin#/players/1", server.http), 390, 800);
    log_in(&mut page, &server);
    let button = "#player-actions [aria-label^=\"Change the points\"]";
    press(&mut page, button);
    page.wait("document.querySelector('#dialog').open && document.activeElement.id === 'dialog-change'");
    // Without a reason, nothing is sent.
    type_in(&mut page, "#dialog-change", "5");
    press(&mut page, "#dialog-act");
    page.wait("document.querySelector('#dialog').open");
    press(&mut page, "#dialog-cancel");
    page.wait(&format!("document.activeElement === document.querySelector('{button}')"));
    assert_eq!(sent(&page, "/points"), 0);
}
