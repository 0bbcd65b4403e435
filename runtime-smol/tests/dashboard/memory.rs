//! The memory of the page, over minutes of live play: `MMCOS_MINUTES=10` in the environment sets their number, which is
//! 2 by default.

use std::{env, sync::atomic::Ordering, thread, time::Duration};

use super::{browser::Browser, bustle, go, log_in, rig::process::Server};

#[test]
#[ignore = "needs Chromium, and minutes"]
fn the_page_does_not_grow() {
    let minutes = env::var("MMCOS_MINUTES").map_or(2, |minutes| minutes.parse().unwrap());
    let server =
        Server::start_with(&["--poll-seconds", "2", "--gather-seconds", "0.2", "--search-seconds", "10"]);
    let over = bustle(server.http, 12);
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("http://{}/admin", server.http), 1440, 1000);
    log_in(&mut page, &server);
    let mut samples: Vec<[u64; 2]> = Vec::new();
    // In the first minute, every view is built, and the lists fill.
    for minute in 0..=minutes {
        for view in ["players", "matches?filter=all", "results", "players/1", "leaderboard", "log"] {
            go(&mut page, view);
            thread::sleep(Duration::from_secs(5));
        }
        go(&mut page, "now");
        thread::sleep(Duration::from_secs(30));
        let [heap, nodes] = page.memory();
        let rows = page.evaluate("document.querySelectorAll('tr').length");
        println!("minute {minute}: {} kB of heap, {nodes} nodes, {rows} rows", heap / 1000);
        samples.push([heap, nodes]);
    }
    over.store(true, Ordering::Relaxed);
    let [first, last] = [&samples[1], &samples[samples.len() - 1]];
    assert!(last[0] < first[0] + first[0] / 10, "bytes of heap: {samples:?}");
    assert!(last[1] < first[1] + first[1] / 10, "nodes: {samples:?}");
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
}
