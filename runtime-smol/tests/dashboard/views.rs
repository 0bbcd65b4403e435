//! Views: their addresses, lists of many players, and that nothing jumps.

use std::{sync::atomic::Ordering, thread, time::Duration};

use super::{
    HOSTILE, VIEWS,
    browser::Browser,
    bustle, fits, go, log_in, log_in_once, player,
    rig::{
        player::{ELIMINATION, Player, search},
        process::Server,
    },
    text, type_in,
};

#[test]
#[ignore = "needs Chromium"]
fn a_table_is_one_tab_stop() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1440, 1000);
    log_in(&mut page, &server);
    let _players: Vec<Player> =
        (1..=20).map(|number| player(&server, number, &format!("Racer {number}"))).collect();
    go(&mut page, "players");
    page.wait("document.querySelectorAll('#players tr[data-key]').length === 20");
    let stops = "[...document.querySelectorAll('#main *')].filter((one) => one.tabIndex >= 0 && one.offsetParent && \
                 !one.disabled && !one.closest('#settings, #ban')).length";
    assert!(page.evaluate(stops).as_u64().unwrap() <= 16, "{}", page.evaluate(stops));
    page.evaluate("document.querySelector('#players [aria-label^=Kick]').focus()");
    page.key("ArrowDown");
    page.wait(
        "document.activeElement.closest('tr') === document.querySelectorAll('#players tr[data-key]')[1]",
    );
    thread::sleep(Duration::from_millis(1500));
    page.wait(
        "document.activeElement.closest('tr') === document.querySelectorAll('#players tr[data-key]')[1]",
    );
}

#[test]
#[ignore = "needs Chromium"]
fn every_view_has_an_address_a_title_and_a_way_back() {
    let server = Server::start_with(&[]);
    let _ann = player(&server, 1, "Ann");
    let origin = format!("http://{}/admin", server.http);
    let mut browser = Browser::start();
    for width in [390, 1440] {
        let mut page = browser.open(&format!("{origin}#/players/1"), width, 900);
        log_in_once(&mut page, &server);
        page.wait("document.querySelector('#player-title').textContent === 'Ann'");
        page.wait("document.title.includes('Ann') && document.querySelector('#player-terms dd')");
        for view in VIEWS {
            go(&mut page, view);
            assert_eq!(
                page.evaluate(
                    "[...document.querySelectorAll('.view')].filter((view) => view.offsetParent).length"
                ),
                1
            );
            let current = page.evaluate("document.querySelector('#sections [aria-current=page]').hash");
            assert_eq!(current, format!("#/{}", view.split(['?', '/']).next().unwrap()));
            // The title of the view has the focus, so that a screen reader reads it.
            page.wait("document.activeElement.matches('.view:not([hidden]) h2')");
            page.wait(
                "[document.querySelector('.view:not([hidden]) h2').textContent, '\u{2068}Ann'] \
                 .some((title) => document.title.startsWith(title))",
            );
            fits(&mut page, &format!("{width} {view}"));
        }
        page.evaluate("history.back()");
        page.wait("location.hash === '#/system' && !document.querySelector('#view-system').hidden");
        assert!(text(&mut page, "footer").starts_with("Times are those of "));
        go(&mut page, "players/77");
        page.wait("document.querySelector('#player-title').textContent === 'No such player'");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn five_thousand_players_are_searched_sorted_and_turned_over() {
    let server = Server::start_with(&[]);
    for number in 1..=5000 {
        player(
            &server,
            number,
            &if number == 4711 { "ZO\u{cb} \u{15e}ahin".into() } else { format!("Racer {number:04}") },
        );
    }
    let mut browser = Browser::start();
    for width in [390, 1440] {
        let mut page = browser.open(&format!("http://{}/admin#/players", server.http), width, 900);
        log_in_once(&mut page, &server);
        let first = "document.querySelector('#players tr[data-key] .name')?.textContent";
        page.wait(&format!("{first} === 'Racer 0001'"));
        let pages = "document.querySelector('#players-list .pages span').textContent";
        assert_eq!(page.evaluate(pages), "1\u{2013}50 of 5,000 players");
        page.evaluate("document.querySelector('#players-list .pages button:last-child').click()");
        page.wait(&format!("{first} === 'Racer 0051' && location.hash.includes('start=50')"));
        page.evaluate("document.querySelector('#players th .sort').click()");
        page.wait(&format!("{first} === 'Racer 0001' && location.hash === '#/players?sort=name'"));
        page.evaluate("document.querySelector('#players th .sort').click()");
        page.wait(&format!("{first} === 'ZO\u{cb} \u{15e}ahin'"));
        assert_eq!(
            page.evaluate("document.querySelector('#players th').getAttribute('aria-sort')"),
            "descending"
        );
        fits(&mut page, &format!("{width}"));
        // An address is enough to get there again.
        page.evaluate("window.isOld = true; location.reload()");
        page.wait(&format!("!window.isOld && {first} === 'ZO\u{cb} \u{15e}ahin'"));
        go(&mut page, "players");
        type_in(&mut page, "#players-search", "zoe sahin");
        page.wait(&format!("{first} === 'ZO\u{cb} \u{15e}ahin' && {pages} === '1\u{2013}1 of 1 players'"));
        assert_eq!(page.evaluate("document.activeElement.id"), "players-search");
        page.evaluate("document.querySelector('#players tr[data-key] a').click()");
        page.wait("location.hash === '#/players/4711' && document.querySelector('#player-terms dd')");
        fits(&mut page, &format!("{width} player"));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn nothing_jumps_during_live_play() {
    let server =
        Server::start_with(&["--poll-seconds", "2", "--gather-seconds", "0.2", "--search-seconds", "10"]);
    let over = bustle(server.http, 12);
    let mut browser = Browser::start();
    for width in [1440, 390] {
        let mut page = browser.open(&format!("http://{}/admin", server.http), width, 1000);
        log_in_once(&mut page, &server);
        for view in ["now", "players", "matches?filter=all", "results", "players/1"] {
            go(&mut page, view);
            page.wait("document.querySelector('.view:not([hidden]) :is(tbody tr, dd)')");
            thread::sleep(Duration::from_secs(4));
            page.evaluate(
                "void (window.shift = 0, window.observer?.disconnect(), \
             window.observer = new PerformanceObserver((list) => { \
             for (const entry of list.getEntries()) window.shift += entry.value; }), \
             window.observer.observe({ type: 'layout-shift' }))",
            );
            thread::sleep(Duration::from_secs(if view == "now" || view == "players" { 30 } else { 8 }));
            let shift = page.evaluate("window.shift").as_f64().unwrap();
            println!("{width} {view}: layout shift {shift:.4}");
            assert!(shift < 0.05, "{width} {view}: {shift}");
        }
    }
    over.store(true, Ordering::Relaxed);
}

#[test]
#[ignore = "needs Chromium"]
fn hostile_names_keep_to_their_cells() {
    let server = Server::start_with(&["--poll-seconds", "25"]);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1024, 800);
    log_in(&mut page, &server);
    let names = ["\u{202e}drawkcab", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "\u{200b}\u{200b}\u{2060}", HOSTILE];
    let mut players: Vec<Player> =
        (1..).zip(names).map(|(number, name)| player(&server, number, name)).collect();
    search(&mut players, ELIMINATION);
    page.wait("document.querySelectorAll('#searches tr[data-key]').length === 4 || document.querySelector('#running tr[data-key]')");
    for (view, id, label) in
        [("now", "running", "End"), ("matches", "matches", "End"), ("players", "players", "Kick")]
    {
        go(&mut page, view);
        page.wait(&format!("document.querySelector('#{id} tr[data-key]')"));
        let inside = page.evaluate(&format!(
            "[...document.querySelectorAll('#{id} [aria-label^={label}]')].every((button) => {{ \
             const [inner, outer] = [button, button.closest('.scroll')].map((one) => one.getBoundingClientRect()); \
             return inner.left >= outer.left && inner.right <= outer.right; }})"
        ));
        assert_eq!(inside, true, "{label} is out of sight");
    }
    assert_eq!(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
        0
    );
    assert_eq!(
        page.evaluate("[...document.querySelectorAll('.name')].every((name) => getComputedStyle(name).unicodeBidi === 'isolate')"),
        true
    );
    assert_eq!(page.evaluate("document.querySelectorAll('main img').length"), 0);
    // Whichever of these names the server keeps, no row lacks a visible one.
    assert_eq!(
        page.evaluate("[...document.querySelectorAll('#players tr[data-key] td:first-child')].every((cell) => cell.textContent.replace(/[\\p{C}\\p{Z}]/gu, '') !== '')"),
        true
    );
}
