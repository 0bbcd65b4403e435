//! The server is killed under load, repeatedly: no acknowledged change is lost, and none counts twice.

use std::{
    io::{self, BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::PROGRAM;
use crate::blackbox::rig::caller::{Caller, element};

const PLAYERS: u32 = 8;
const KILLS: u64 = 6;

/// A server process, killed when the test is over, if not before.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(data_dir: &Path) -> Self {
        let mut child = command(data_dir)
            .args(["--identity", "trust", "--http", "127.0.0.1:0", "--https", "off", "--log", "error"])
            .args(["--min-race-seconds", "0"])
            // Players send requests as fast as the disk permits.
            .args(["--requests-per-second", "0", "--account-requests-per-second", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut setup = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = setup.find(|line| line.starts_with("HTTP ")).unwrap();
        let address = line.trim_start_matches("HTTP ").trim().parse().unwrap();
        // Keeps reading: a process that writes into a closed pipe is killed.
        thread::spawn(move || setup.for_each(drop));
        Self { child, address }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--data-dir").arg(data_dir).current_dir(data_dir.parent().unwrap());
    command
}

/// The client view of a player so far.
#[derive(Debug, Default)]
struct Player {
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
    /// Plays until the server is gone.
    fn play(&mut self, server: SocketAddr) {
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

    /// Compares the client view with the server's state.
    fn check(&mut self, server: SocketAddr) -> io::Result<()> {
        let mut client = Caller::connect(server, self.number, &self.token)?;
        self.settle(&mut client, true)?;
        let answer = client.login()?;
        assert_eq!(element(&answer, "Points"), self.points.to_string());
        let rows = client.leaderboard()?;
        let row =
            rows.split("</LeaderboardEntry>").find(|row| row.contains(&format!("<Name>P{}<", self.number)));
        let title = element(row.unwrap(), "Title");
        let asked = self.title_asked.take().filter(|asked| asked == title);
        self.title = asked.unwrap_or_else(|| self.title.clone());
        let expected = if self.title.is_empty() { "lng_player_title_default" } else { &self.title };
        assert_eq!(title, expected, "player {}", self.number);
        Ok(())
    }
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mmcos-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn whatever_was_acknowledged_is_there_after_a_kill_and_counts_once() {
    let place = scratch("kill");
    let data_dir = place.join("data");
    let mut players: Vec<Player> =
        (1..=PLAYERS).map(|number| Player { number, ..Player::default() }).collect();
    for kill in 0..KILLS {
        let mut server = Process::start(&data_dir);
        let address = server.address;
        thread::scope(|scope| {
            for player in &mut players {
                scope.spawn(move || player.play(address));
            }
            thread::sleep(Duration::from_millis(150 + 97 * kill));
            server.kill();
        });
        let server = Process::start(&data_dir);
        for player in &mut players {
            player.check(server.address).unwrap();
        }
    }
    let races: i32 = players.iter().map(|player| player.races).sum();
    assert!(races > 100, "this was no load: {races} races");
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn backup_export_and_restore_on_the_command_line() {
    let place = scratch("commands");
    let (data_dir, backup) = (place.join("data"), place.join("backup.db"));
    let run = |arguments: &[&str]| {
        let output = command(&data_dir).args(arguments).arg("--http").arg("off").output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let file = backup.to_str().unwrap();
    let mut server = Process::start(&data_dir);
    let mut client = Caller::connect(server.address, 1, "").unwrap();
    client.login().unwrap();
    let (saved, message) = run(&["backup", file]);
    assert!(saved && message.starts_with("Saved 1 player ("), "{message}");
    client.title("later").unwrap();
    let (in_use, message) = run(&["restore", file]);
    assert!(!in_use && message.contains("another mmcos (process "), "{message}");
    let (second, message) = run(&["--https", "127.0.0.1:0"]);
    assert!(!second && message.contains("--data-dir DIRECTORY"), "{message}");
    assert!(run(&["export", "--json"]).1.contains("\"title\":\"later\""));
    server.kill();
    let (restored, message) = run(&["restore", file]);
    assert!(restored && message.contains("mmcos.db.before-restore-1"), "{message}");
    assert!(run(&["export", "--json"]).1.contains("\"title\":\"lng_player_title_default\""));
    std::fs::remove_dir_all(place).unwrap();
}
