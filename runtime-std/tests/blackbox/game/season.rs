//! A change of season with many players: no request waits for it, and a kill in the middle loses nothing.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::blackbox::host::clock::in_the_season_before;
use crate::blackbox::rig::{
    client::{Client, PATIENCE, get},
    player::login,
    process::Server,
};

const PLAYERS: i64 = 60_000;

fn store(data: &Path) -> Connection {
    let store = Connection::open(data.join("mmcos.db")).unwrap();
    store.busy_timeout(PATIENCE).unwrap();
    store
}

fn number(data: &Path, sql: &str) -> i64 {
    store(data).query_row(sql, (), |row| row.get(0)).unwrap()
}

/// Fills a store that has one player with many more. Each has a different number of points.
fn fill(data: &Path) {
    let rows = "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO players (user_id, steam_id, user_facing_id, name, renamed, title, level, prestige, season, points,
            division, bonus, games, hosted, hosted_unconfirmed, first_seen, last_seen)
        SELECT n, 76561202255230000 + n + 1000000, printf('%013d', n), 'Player ' || n, 0, title, 5, 0, season, 0,
            0, 0, 3, 1, 0, first_seen, last_seen FROM n, players WHERE user_id = 1";
    let store = store(data);
    store.execute(rows, [PLAYERS]).unwrap();
}

fn status(server: &Server) {
    Client::plain(server.http).ask(&get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml")).ok();
}

#[test]
fn a_kill_in_the_middle_of_a_change_of_season_loses_nothing_and_the_next_start_goes_on() {
    let server = Server::start();
    Client::plain(server.http).ask(&login(1)).ok();
    let scratch = server.stop();
    let data = scratch.data();
    fill(&data);
    let season = in_the_season_before(&data);
    store(&data).execute("UPDATE players SET points = 7 + user_id * 7919 % 100003", ()).unwrap();

    let server = Server::start_with_environment(scratch, &[("MMCOS_CLOCK_WAIT_SECONDS", "0")], &[]);
    let start = Instant::now();
    status(&server);
    let took = start.elapsed();
    let scratch = server.kill();
    let late = number(&data, &format!("SELECT count(*) FROM players WHERE season < {season}"));
    let begun = number(&data, &format!("SELECT count(*) FROM seasons WHERE season = {season}"));
    assert_eq!(begun, 1, "it was acknowledged");
    assert!(late > 0, "this was no kill in the middle: the first response took {took:?}");

    // By now the clock would not begin a season.
    let server = Server::start_in(scratch, &[]);
    status(&server);
    let patience = Instant::now() + 3 * PATIENCE;
    let mut slowest = Duration::ZERO;
    while number(&data, &format!("SELECT count(*) FROM players WHERE season < {season}")) > 0 {
        assert!(Instant::now() < patience, "it does not go on");
        let start = Instant::now();
        Client::plain(server.http).ask(&login(1)).ok();
        slowest = slowest.max(start.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
    assert!(slowest < Duration::from_secs(5), "a login waited {slowest:?}");

    // Every player has a final standing, and the new standing follows from it.
    let ended = season - 1;
    let wrong = format!(
        "SELECT count(*) FROM players LEFT JOIN standings USING (user_id) WHERE standings.season IS NOT {ended}
         OR standings.points <> 7 + user_id * 7919 % 100003
         OR players.points <> CASE WHEN rank < 10 THEN 300 WHEN rank < 100 THEN 250 WHEN rank < 1000 THEN 150 ELSE 0 END
         OR players.bonus <> players.points OR players.season <> {season}"
    );
    assert_eq!(number(&data, &wrong), 0);
    assert_eq!(number(&data, &format!("SELECT count(*) FROM standings WHERE season = {ended}")), PLAYERS);
}
