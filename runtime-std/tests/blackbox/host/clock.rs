//! A machine whose clock is wrong for a while: 10 years ahead, 5 hours ahead, 10 minutes and a day back, while the
//! server runs and when it starts. No season begins, no point is lost, no player is logged out.
//!
//! Needs libfaketime (Debian's package `faketime`). Without it the test says so and does nothing, unless
//! `MMCOS_FAKETIME` is set. The clock is wrong for 2 s each time, once for as many seconds as `MMCOS_TROUBLE_SECONDS`
//! says.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::doctor::doctor;
use crate::blackbox::rig::{
    client::{Client, get, post},
    player::{login, login_that_knows},
    process::{Scratch, Server},
};

const ELITE: &str = "/MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetElite";

fn library() -> Option<PathBuf> {
    let name = "faketime/libfaketimeMT.so.1";
    let multiarch = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    multiarch
        .chain([PathBuf::from("/usr/lib64")])
        .map(|directory| directory.join(name))
        .find(|path| path.exists())
}

struct Clock(PathBuf);

impl Clock {
    fn set(&self, offset: &str) {
        // Replaced at once: libfaketime takes half a line for the right time.
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{offset}\n")).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}

/// Returns the response to a login: its season and points, and its session token.
fn told(server: SocketAddr) -> (Vec<String>, String) {
    let answer = Client::plain(server).ask(&login(1)).ok();
    let score = answer.element("ScoreInfo").to_owned();
    let field = |name: &str| {
        let (_, rest) = score.split_once(&format!("<{name}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let fields = ["CurrentSeasonID", "PlayerSeasonID", "Points"].map(field).to_vec();
    (fields, answer.element("SessionToken").to_owned())
}

fn assert_logged_in(server: SocketAddr, token: &str, when: &str) {
    let body = format!(
        "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank><NumResults>10</NumResults></GetElite>"
    );
    assert_eq!(Client::plain(server).ask(&post(ELITE, &body)).status, 200, "{when}");
}

fn assert_nothing_changes(server: SocketAddr, expected: &[String], tokens: &mut Vec<String>, when: &str) {
    let seconds = env::var("MMCOS_TROUBLE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let seconds = seconds.filter(|_| when == "+10y").unwrap_or(2);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        for token in tokens.iter() {
            assert_logged_in(server, token, when);
        }
        let (fields, token) = told(server);
        assert_eq!(fields, expected, "{when}");
        tokens.push(token);
        tokens.drain(2..tokens.len() - 1);
        thread::sleep(Duration::from_millis(500));
    }
}

/// A server with a clock that this test sets, and a player with 900 points.
struct Rig {
    server: Server,
    clock: Clock,
    expected: Vec<String>,
    tokens: Vec<String>,
}

impl Rig {
    /// Returns `None` without libfaketime.
    fn new() -> Option<Self> {
        let Some(library) = library() else {
            assert!(env::var_os("MMCOS_FAKETIME").is_none(), "libfaketime is missing");
            eprintln!("not tested: libfaketime is missing (apt-get install faketime)");
            return None;
        };
        let scratch = Scratch::new();
        let clock = Clock(scratch.0.join("clock"));
        clock.set("+0");
        let fake = [
            ("LD_PRELOAD", library.to_str().unwrap().to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", clock.0.to_str().unwrap().to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        let server = start(scratch, &fake);
        let (_, token) = told(server.http);
        let scratch = server.stop();
        let store = Connection::open(scratch.data().join("mmcos.db")).unwrap();
        store.execute("UPDATE players SET points = 900, division = 1", ()).unwrap();
        drop(store);
        let server = start(scratch, &fake);
        let (expected, _) = told(server.http);
        assert_eq!(expected[2], "900");
        Some(Self { server, clock, expected, tokens: vec![token.clone(), token] })
    }

    fn assert_nothing_changes(&mut self, when: &str) {
        assert_nothing_changes(self.server.http, &self.expected, &mut self.tokens, when);
    }

    fn assert_one_season(&self) {
        let store = Connection::open(self.server.data().join("mmcos.db")).unwrap();
        let seasons: u32 = store.query_row("SELECT count(*) FROM seasons", (), |row| row.get(0)).unwrap();
        assert_eq!(seasons, 1);
    }
}

fn start(scratch: Scratch, fake: &[(&str, String)]) -> Server {
    let fake: Vec<_> = fake.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Server::start_with_environment(scratch, &fake, &[])
}

#[test]
fn a_clock_that_is_wrong_for_a_while_begins_no_season_and_logs_nobody_out() {
    let Some(mut rig) = Rig::new() else { return };
    for offset in ["+10y", "+5h", "-10m", "-1d"] {
        rig.clock.set(offset);
        rig.assert_nothing_changes(offset);
        let (_, report) = doctor(&rig.server.data(), &[]);
        let jumped = if offset.starts_with('+') { "it has jumped ahead" } else { "it has jumped back" };
        let told = format!("PROBLEM server it does not trust this machine's clock: {jumped}.");
        assert!(report.contains(&told), "{offset}: {report}");
        rig.clock.set("+0");
        rig.assert_nothing_changes(&format!("{offset} and back"));
    }
    rig.assert_one_season();
}

/// Returns the change of season in the response to a login, whose game knows season `known`: the old season, the new
/// one, the bonus.
fn change(server: SocketAddr, number: u32, known: i64) -> [i64; 3] {
    let answer = Client::plain(server).ask(&login_that_knows(number, known)).ok();
    let bonus = answer.element("SeasonInfo").split_once("<BonusPoints>").unwrap().1;
    let bonus = bonus.split_once('<').unwrap().0;
    [answer.element("OldSeasonID"), answer.element("NewSeasonID"), bonus]
        .map(|number| number.parse().unwrap())
}

fn seasons(data: &Path) -> u32 {
    let store = Connection::open(data.join("mmcos.db")).unwrap();
    store.query_row("SELECT count(*) FROM seasons", (), |row| row.get(0)).unwrap()
}

/// Moves a store into the season before, with the first player ahead of the others.
pub(in crate::blackbox) const SEASON_BEFORE: &str =
    "UPDATE players SET season = season - 1, points = 1000 - 100 * user_id,
        last_seen = (SELECT starts FROM seasons) - CAST(5 AS BIGINT) * 86400000;
    UPDATE seasons SET season = season - 1, starts = starts - CAST(61 AS BIGINT) * 86400000";

/// Moves the store into the season before. Returns the number of the calendar's season.
pub(in crate::blackbox) fn in_the_season_before(data: &Path) -> i64 {
    let store = Connection::open(data.join("mmcos.db")).unwrap();
    let season = store.query_row("SELECT season FROM seasons", (), |row| row.get(0)).unwrap();
    store.execute_batch(SEASON_BEFORE).unwrap();
    season
}

#[test]
fn a_season_begins_over_a_restart_once_the_clock_has_been_plausible() {
    let server = Server::start();
    for number in [1, 2] {
        Client::plain(server.http).ask(&login(number)).ok();
    }
    let scratch = server.stop();
    let season = in_the_season_before(&scratch.data());
    let server = Server::start_in(scratch, &[]);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(change(server.http, 1, season - 1)[1], season - 1, "not within two seconds of a start");
    let scratch = server.stop();

    let server = Server::start_with_environment(scratch, &[("MMCOS_CLOCK_WAIT_SECONDS", "1")], &[]);
    let patience = Instant::now() + Duration::from_secs(30);
    while seasons(&server.data()) < 2 {
        assert!(Instant::now() < patience, "the season has not begun");
        // The season begins with the first request.
        Client::plain(server.http).ask(&get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml")).ok();
        thread::sleep(Duration::from_millis(100));
    }
    let [old, new, bonus] = change(server.http, 1, season - 1);
    assert_eq!((old, new), (season - 1, season));
    assert!(bonus > 0, "{bonus}");
    assert_eq!(change(server.http, 1, season - 1), [old, new, bonus], "until the game knows it");
    let worse = change(server.http, 2, season - 1)[2];
    assert!(worse <= bonus, "{worse} for the second, {bonus} for the first");
    assert_eq!(change(server.http, 1, season), [season, season, 0], "the game knows it");
    let copy = server.data().join(format!("seasons/before-season-{season}.db"));
    while !copy.exists() {
        assert!(Instant::now() < patience, "there is no copy");
        thread::sleep(Duration::from_millis(100));
    }
}
