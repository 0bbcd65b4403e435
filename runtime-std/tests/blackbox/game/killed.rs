//! The server is killed under load, repeatedly: no acknowledged change is lost, and none counts twice.

#[cfg(feature = "postgres")]
use std::{
    fs,
    net::{TcpListener, TcpStream},
    time::Instant,
};
use std::{io, net::SocketAddr, thread, time::Duration};

use crate::blackbox::rig::{
    caller::Caller,
    client::element,
    process::{Scratch, Server, program},
};
#[cfg(feature = "postgres")]
use crate::blackbox::rig::{
    client::{Client, get},
    cluster::Cluster,
};

pub(super) const PLAYERS: u32 = 8;
const KILLS: u64 = 6;

pub(super) fn arguments(store: &str) -> Vec<&str> {
    let arguments = ["--log", "error", "--min-race-seconds", "0", "--store", store];
    // Players send requests as fast as the disk permits.
    let unlimited = ["--requests-per-second", "0", "--account-requests-per-second", "0"];
    [&arguments[..], &unlimited].concat()
}

fn start(scratch: Option<Scratch>, store: &str) -> Server {
    match scratch {
        Some(scratch) => Server::start_in(scratch, &arguments(store)),
        None => Server::start_with(&arguments(store)),
    }
}

/// The client view of a player so far.
#[derive(Debug, Default)]
pub(super) struct Player {
    number: u32,
    token: String,
    points: i32,
    title: String,
    /// A title that was requested, without a response: it may or may not be set.
    title_asked: Option<String>,
    /// A match that was begun, and its result if that was sent.
    race: Option<(String, i32)>,
    races: i32,
}

impl Player {
    pub(super) fn new(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    /// Plays until the server is gone.
    pub(super) fn play(&mut self, server: SocketAddr) {
        let gone = self.play_on(server).unwrap_err();
        assert_ne!(gone.kind(), io::ErrorKind::WouldBlock, "no answer in time");
    }

    fn play_on(&mut self, server: SocketAddr) -> io::Result<()> {
        let mut client = Caller::connect(server, self.number, &self.token)?;
        loop {
            if self.token.is_empty() {
                client.login()?;
                self.token.clone_from(&client.token);
            }
            self.settle(&mut client, false)?;
            let key = client.search()?;
            self.race = Some((key.clone(), 1 + self.races % 40));
            client.register(&key)?;
            self.settle(&mut client, false)?;
            let title = format!("title_{}", self.races);
            self.title_asked = Some(title.clone());
            client.title(&title)?;
            (self.title, self.title_asked) = (title, None);
        }
    }

    /// Sends the result of the match that was begun, in this run of the server or an earlier one. In one run, five
    /// results count at once. The response to one that does not count has the unchanged points.
    fn settle(&mut self, client: &mut Caller, must_count: bool) -> io::Result<()> {
        if let Some((key, points)) = &self.race {
            let total = client.add_points(key, *points)?;
            if must_count || total != self.points {
                self.points += points;
            }
            assert_eq!(total, self.points, "player {}, race {}", self.number, self.races);
            (self.race, self.races) = (None, self.races + 1);
        }
        Ok(())
    }

    #[cfg(feature = "postgres")]
    pub(super) fn races(&self) -> i32 {
        self.races
    }

    /// Compares the client view with the server's state.
    pub(super) fn check(&mut self, server: SocketAddr) -> io::Result<()> {
        let mut client = Caller::connect(server, self.number, &self.token)?;
        self.settle(&mut client, true)?;
        let answer = client.login()?;
        assert_eq!(answer.element("Points"), self.points.to_string());
        let rows = client.leaderboard()?;
        let row = rows
            .text()
            .split("</LeaderboardEntry>")
            .find(|row| row.contains(&format!("<Name>Player {}<", self.number)));
        let title = element(row.unwrap(), "Title");
        let asked = self.title_asked.take().filter(|asked| asked == title);
        self.title = asked.unwrap_or_else(|| self.title.clone());
        let expected = if self.title.is_empty() { "lng_player_title_box_001" } else { &self.title };
        assert_eq!(title, expected, "player {}", self.number);
        Ok(())
    }
}

#[test]
fn whatever_was_acknowledged_is_there_after_a_kill_and_counts_once() {
    play_and_kill("sqlite", KILLS, 100);
}

#[cfg(feature = "postgres")]
#[test]
fn whatever_was_acknowledged_is_in_the_database_after_a_kill_and_counts_once() {
    let Some(cluster) = Cluster::shared() else { return };
    play_and_kill(&cluster.database(), KILLS, 50);
}

fn play_and_kill(store: &str, kills: u64, least: i32) {
    let mut players: Vec<Player> = (1..=PLAYERS).map(Player::new).collect();
    let mut scratch = None;
    for kill in 0..kills {
        let server = start(scratch, store);
        let address = server.http;
        scratch = thread::scope(|scope| {
            for player in &mut players {
                scope.spawn(move || player.play(address));
            }
            thread::sleep(Duration::from_millis(150 + 97 * kill));
            Some(server.kill())
        });
        let server = start(scratch, store);
        for player in &mut players {
            player.check(server.http).unwrap();
        }
        scratch = Some(server.kill());
    }
    let races: i32 = players.iter().map(|player| player.races).sum();
    assert!(races > least, "this was no load: {races} races");
}

/// Notes each commit, renewal and beginning of a lease with its epoch, outside of the server's own tables. The row is
/// locked meanwhile, so the notes are in the order of the changes.
#[cfg(feature = "postgres")]
pub(super) const HISTORY: &str = "CREATE SCHEMA audit;
    CREATE TABLE audit.history (id BIGSERIAL, number BIGINT, epoch BIGINT);
    CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit.history (number, epoch) VALUES (new.number, new.epoch); RETURN new; END $$;
    CREATE TRIGGER note AFTER UPDATE ON commits FOR EACH ROW EXECUTE FUNCTION audit.note()";
/// Selects the number of changes by a leader after a later one had begun, and of commits out of order.
#[cfg(feature = "postgres")]
pub(super) const FAULTS: &str =
    "SELECT count(*) FROM (SELECT number - lag(number) OVER (ORDER BY id) AS counted,
    epoch - lag(epoch) OVER (ORDER BY id) AS elected FROM audit.history) AS steps
    WHERE counted NOT IN (0, 1) OR elected NOT IN (0, 1) OR counted = 1 AND elected = 1";

/// Ends of a leader's time.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Killed,
    Paused,
    CutOff,
}

/// Leaders are killed, paused, and cut off from the database, by turns: each once, or as many as `MMCOS_TAKEOVERS`
/// says.
#[cfg(feature = "postgres")]
#[test]
fn a_standby_takes_over_from_a_leader_that_is_killed_paused_or_cut_off() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = &cluster.database();
    let rounds = std::env::var("MMCOS_TAKEOVERS").map_or(3, |rounds| rounds.parse().unwrap());
    let mut players: Vec<Player> = (1..=PLAYERS).map(Player::new).collect();
    let mut network = cluster.network();
    let mut leader = start(None, &network.url(url));
    cluster.sql(url, HISTORY);
    let mut longest = Duration::ZERO;
    for (round, end) in (0..rounds).zip([End::Killed, End::Paused, End::CutOff].into_iter().cycle()) {
        let scratch = Scratch::new();
        fs::create_dir(scratch.data()).unwrap();
        // Tokens hold where servers share the key.
        fs::copy(leader.data().join("server.key"), scratch.data().join("server.key")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let next_network = cluster.network();
        let next_url = &next_network.url(url);
        let next = thread::scope(|scope| {
            let standby = scope.spawn(move || Server::start_at(scratch, address, &arguments(next_url)));
            let ready = || {
                // It may not listen yet.
                TcpStream::connect(address).ok()?;
                Some(Client::plain(address).ask(&get("/readyz")))
            };
            let answer = (0..1000).find_map(|_| {
                thread::sleep(Duration::from_millis(20));
                ready()
            });
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.text()), (503, "standby: another server leads\n"));
            let http = leader.http;
            for player in &mut players {
                scope.spawn(move || player.play(http));
            }
            thread::sleep(Duration::from_millis(400));
            match end {
                End::Killed => leader.signal("-KILL"),
                End::Paused => leader.signal("-STOP"),
                End::CutOff => network.cut(),
            }
            let start = Instant::now();
            let next = standby.join().unwrap();
            let took = start.elapsed();
            longest = longest.max(took);
            eprintln!("round {round}, {end:?}: the next leads after {took:?}");
            match end {
                End::Killed => {}
                End::Paused => leader.signal("-CONT"),
                End::CutOff => {
                    assert_eq!(Client::plain(http).ask(&get("/readyz")).status, 503, "it was not ready");
                    network.mend();
                }
            }
            assert!(!leader.end().success(), "it has lost the lease");
            next
        });
        for player in &mut players {
            player.check(next.http).unwrap();
        }
        (leader, network) = (next, next_network);
    }
    // The lease lasts 5 s.
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    assert_eq!(cluster.sql(url, FAULTS), "0", "one leads at a time");
    assert_eq!(cluster.sql(url, "SELECT count(DISTINCT epoch) FROM audit.history"), (rounds + 1).to_string());
    let commits = cluster.sql(url, "SELECT number FROM commits");
    let races: i32 = players.iter().map(|player| player.races).sum();
    eprintln!("{rounds} take-overs, {races} races, {commits} commits, the longest after {longest:?}");
    assert!(races > 4 * rounds, "this was no load: {races} races");
}

#[test]
fn backup_export_and_restore_on_the_command_line() {
    let server = start(None, "sqlite");
    let backup = server.scratch().0.join("backup.db");
    let file = backup.to_str().unwrap();
    let run = |scratch: &Scratch, arguments: &[&str]| {
        let output = program(scratch, arguments).arg("--http").arg("off").output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let mut client = Caller::connect(server.http, 1, "").unwrap();
    client.login().unwrap();
    let (saved, message) = run(server.scratch(), &["backup", file]);
    assert!(saved && message.starts_with("Saved 1 player ("), "{message}");
    client.title("later").unwrap();
    let (in_use, message) = run(server.scratch(), &["restore", file]);
    assert!(!in_use && message.contains("another mmcos (process "), "{message}");
    let (second, message) = run(server.scratch(), &["--https", "127.0.0.1:0"]);
    assert!(!second && message.contains("--data-dir DIRECTORY"), "{message}");
    assert!(run(server.scratch(), &["export", "--json"]).1.contains("\"title\":\"later\""));
    let scratch = server.kill();
    let (restored, message) = run(&scratch, &["restore", file]);
    assert!(restored && message.contains("mmcos.db.before-restore-1"), "{message}");
    assert!(run(&scratch, &["export", "--json"]).1.contains("\"title\":\"lng_player_title_box_001\""));
}
