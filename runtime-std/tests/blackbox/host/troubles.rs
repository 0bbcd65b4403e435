//! Troubles that pass: a locked store, a full disk, a log that is not read, a hang-up. The server goes on, does not
//! acknowledge unsaved changes, and resumes by itself.
//!
//! Each trouble lasts 9 s, or as many seconds as `MMCOS_TROUBLE_SECONDS` says.

use std::{
    env, fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mmcos_core::link::COMMIT_TIMEOUT;
use rusqlite::Connection;

use crate::blackbox::rig::{
    client::{Client, get, post},
    player::{Player, RACE, login, stays_alone},
    process::{Said, Scratch, Server, files, program, run},
    served::Served,
    tls,
};

const STATUS: &str = "/MMCOS/MMCOS-ServerStatus/ServerStatus.xml";

fn trouble_time() -> Duration {
    let seconds = env::var("MMCOS_TROUBLE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(9))
}

/// Sends a request on a connection of its own. Returns the connection.
fn send(server: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(request).unwrap();
    stream
}

/// Returns the first bytes of a response, if one comes within this time.
fn hears(stream: &mut TcpStream, time: Duration) -> Option<String> {
    stream.set_read_timeout(Some(time)).unwrap();
    let mut bytes = [0; 4096];
    match stream.read(&mut bytes) {
        Ok(count) => Some(String::from_utf8_lossy(&bytes[..count]).into_owned()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
        Err(_) => Some(String::new()),
    }
}

fn ask(server: SocketAddr, request: &[u8]) -> String {
    hears(&mut send(server, request), Duration::from_secs(10)).expect("an answer")
}

/// Repeats a request until the response has this status.
fn ask_until(server: SocketAddr, request: &[u8], status: &str) -> String {
    let start = Instant::now();
    loop {
        // Does not wait for a held response: the next request may be rejected already.
        let answer = hears(&mut send(server, request), Duration::from_secs(1)).unwrap_or_default();
        if answer.starts_with(&format!("HTTP/1.1 {status} ")) {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no {status}: {answer}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Returns the numbers of the players in a store.
fn kept(data: &Path) -> Vec<u32> {
    let store = Connection::open(data.join("mmcos.db")).unwrap();
    let mut players = store.prepare("SELECT steam_id FROM players ORDER BY steam_id").unwrap();
    let numbers = players.query_map((), |row| row.get::<_, u64>(0)).unwrap();
    numbers.map(|steam_id| u32::try_from(steam_id.unwrap() % 10_000).unwrap()).collect()
}

/// Checks a server whose store cannot be written for this reason: the requests that it serves, and those that it
/// rejects.
fn assert_goes_on(server: &Server, reason: &str, until: Instant) {
    let refused = ask_until(server.http, &login(9), "503");
    assert!(refused.contains("Retry-After: 5"), "{refused}");
    let ready = ask_until(server.http, &get("/readyz"), "503");
    assert!(ready.contains(reason), "{ready}");
    loop {
        for path in [STATUS, "/healthz", "/api/v1/status", "/"] {
            assert!(ask(server.http, &get(path)).starts_with("HTTP/1.1 200"), "{path}");
        }
        assert!(ask(server.http, &login(9)).starts_with("HTTP/1.1 503"));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(Duration::from_millis(500)));
    }
}

/// Asserts that the trouble is over: everything is served again, and the log has two lines about it.
fn assert_resumes(server: &Server) {
    ask_until(server.http, &login(9), "200");
    ask_until(server.http, &get("/readyz"), "200");
    server.logs("saved after");
    let told = server.log_so_far();
    assert!(!told.iter().any(|line| line.contains("cannot save")), "{told:?}");
}

#[test]
fn an_edit_left_open_in_a_database_browser_is_waited_for() {
    let mut server = Server::start();
    let mut player = Player::with(Client::plain(server.http), 1);
    let until = Instant::now() + trouble_time();
    let browser = Connection::open(server.data().join("mmcos.db")).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE; UPDATE players SET name = 'edited'").unwrap();
    player.search(RACE);
    let mut held_back = send(server.http, &login(2));
    let held_since = Instant::now();
    assert_eq!(hears(&mut held_back, Duration::from_secs(1)), None, "what is not kept is not acknowledged");
    server.logs("another program has locked it");
    stays_alone(&mut player);
    assert_goes_on(&server, "another program has locked", until);
    let doctor = Command::new(crate::PROGRAM)
        .args(["doctor", "--http", "off", "--https", "off", "--data-dir"])
        .arg(server.data())
        .output()
        .unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    let words = doctor.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("PROBLEM store it cannot be written at the moment"), "{doctor}");
    browser.execute_batch("ROLLBACK").unwrap();
    let held_until = Instant::now();
    assert_resumes(&server);
    let answer = hears(&mut held_back, Duration::from_secs(10)).unwrap();
    // The next attempt comes within a second.
    if held_until.duration_since(held_since) + Duration::from_secs(2) < COMMIT_TIMEOUT {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    server.signal("-TERM");
    assert!(server.end().success());
    assert_eq!(kept(&server.data()), [1, 2, 9]);
}

#[test]
fn what_waits_for_a_locked_store_is_closed_after_a_while_and_kept_later() {
    let mut server = Server::start_with(&["--poll-seconds", "60"]);
    let mut player = Player::with(Client::plain(server.http), 1);
    let browser = Connection::open(server.data().join("mmcos.db")).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE").unwrap();
    player.search(RACE);
    let mut idle = send(server.http, &get(STATUS));
    assert!(hears(&mut idle, Duration::from_secs(10)).unwrap().starts_with("HTTP/1.1 200"));
    let start = Instant::now();
    let mut plain = Client::plain(server.http);
    let mut by_tls = Client::tls(server.https, &tls::game());
    plain.send(&login(2));
    by_tls.send(&login(3));
    for client in [&mut plain, &mut by_tls] {
        assert_eq!(client.end().escape_ascii().to_string(), "", "nothing is acknowledged");
        assert!(start.elapsed() + Duration::from_secs(1) > COMMIT_TIMEOUT, "{:?}", start.elapsed());
    }
    idle.write_all(&get(STATUS)).unwrap();
    assert!(hears(&mut idle, Duration::from_secs(10)).unwrap().starts_with("HTTP/1.1 200"));
    player.cancel(server.http);
    assert!(player.client.answer().status < 500, "a poll that depends on no record stays");
    browser.execute_batch("ROLLBACK").unwrap();
    ask_until(server.http, &login(2), "200");
    server.signal("-TERM");
    assert!(server.end().success());
    assert_eq!(kept(&server.data()), [1, 2, 3]);
}

/// A small disk, removed on drop.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_waited_for() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(&scratch.data()) else {
        eprintln!("NOT RUN: a_full_disk_is_waited_for needs the right to mount a tmpfs (root)");
        return;
    };
    let mut server = Server::start_in(scratch, &["--poll-seconds", "3", "--requests-per-second", "0"]);
    let mut player = Player::with(Client::plain(server.http), 1);
    let until = Instant::now() + trouble_time();
    let ballast = disk.0.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    drop(file);
    player.search(RACE);
    let mut acknowledged = vec![1];
    // Changes that fit into allocated space are kept.
    for number in 10..4_000 {
        let answer = hears(&mut send(server.http, &login(number)), Duration::from_millis(500));
        match answer.as_deref().and_then(|answer| answer.split(' ').nth(1)) {
            Some("200") => acknowledged.push(number),
            _ => break,
        }
    }
    server.logs("disk is full");
    stays_alone(&mut player);
    assert_goes_on(&server, "the disk is full", until);
    fs::remove_file(&ballast).unwrap();
    assert_resumes(&server);
    acknowledged.push(9);
    // Acknowledged changes survive a kill, which is like a power cut.
    server.signal("-KILL");
    server.end();
    let kept = kept(&server.data());
    assert!(acknowledged.iter().all(|number| kept.contains(number)), "{acknowledged:?} of {kept:?}");
}

/// A server whose log goes to a pipe that this test may leave unread. The reader of standard output is gone.
struct Unread {
    served: Served,
    _scratch: Scratch,
}

impl Unread {
    fn start() -> Self {
        let scratch = Scratch::new();
        let arguments =
            ["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--identity", "trust", "--poll-seconds", "3"];
        Self { served: Served::start(&mut program(&scratch, &arguments)), _scratch: scratch }
    }

    /// Makes more lines than a pipe takes.
    fn fill_log(&self) {
        let function = [b"X-EgoNet-Function: ".as_slice(), &[0xFF; 15_000], b"\r\n"].concat();
        let head = b"POST /MicroMachines/STEAM/1.0/ HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n";
        let request = [head.as_slice(), &function, b"\r\n"].concat();
        for _ in 0..250 {
            assert!(ask(self.served.http, &request).starts_with("HTTP/1.1 200"));
        }
    }

    fn stop(&mut self) {
        Command::new("kill").args(["-TERM", &self.served.child.id().to_string()]).status().unwrap();
        let start = Instant::now();
        while self.served.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(15), "it waits for a reader of its log");
            thread::sleep(Duration::from_millis(10));
        }
        assert!(self.served.child.wait().unwrap().success());
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let mut server = Unread::start();
    let until = Instant::now() + trouble_time();
    server.fill_log();
    while Instant::now() < until {
        let mut player = Player::with(Client::plain(server.served.http), 1);
        player.search(RACE);
        stays_alone(&mut player);
    }
    let pipe = server.served.child.stderr.take().unwrap();
    let reader = thread::spawn(move || BufReader::new(pipe).lines().map(Result::unwrap).collect::<Vec<_>>());
    ask(server.served.http, &get("/no-such-path"));
    thread::sleep(Duration::from_secs(1));
    server.stop();
    let lines = reader.join().unwrap();
    assert!(lines.iter().map(String::len).sum::<usize>() > 66_000, "the pipe was full");
    assert!(lines.iter().all(|line| line.chars().count() < 600), "lines are cut");
    assert!(lines.iter().any(|line| line.contains("more like it (unseen)")), "the flood is counted");
    assert!(lines.last().unwrap().contains("stopping"), "{:?}", lines.last());
}

#[test]
fn a_log_that_nobody_reads_does_not_keep_the_process_from_ending() {
    let mut server = Unread::start();
    server.fill_log();
    server.stop();
}

#[test]
fn a_reader_of_the_log_who_is_gone_stops_nothing() {
    let mut server = Unread::start();
    drop(server.served.child.stderr.take());
    server.fill_log();
    assert!(ask(server.served.http, &login(1)).starts_with("HTTP/1.1 200"));
    server.stop();
}

#[test]
fn no_client_forges_a_line_or_steers_a_terminal() {
    let server = Server::start();
    let forged = "1&#10;2026-11-27T00:00:00Z warn  203.0.113.9:4711 was refused&#x9b;31m&#x202e;";
    let body = format!(
        "<AddPoints><SessionToken>x</SessionToken><RaceKey>0</RaceKey><Points>{forged}</Points></AddPoints>"
    );
    ask(server.http, &post("/MMCOS/MMCOS-GameProgression/GameProgressionService.svc/AddPoints", &body));
    let line = server.logs("AddPoints refused");
    assert!(line.contains("1\\n2026-11-27T00:00:00Z") && line.contains("\\u{9b}31m\\u{202e}"), "{line}");
    let (time, rest) = line.split_once("Z ").unwrap();
    let marks = [4, 10].map(|place| time.as_bytes().get(place).copied());
    assert_eq!((time.len(), marks), (19, [Some(b'-'), Some(b'T')]), "{line}");
    assert!(rest.starts_with("warn "), "{line}");
}

#[test]
fn a_hang_up_reads_the_certificates_again_and_ends_nothing() {
    let server = Server::start();
    let mut player = Player::with(Client::plain(server.http), 1);
    player.search(RACE);
    server.signal("-HUP");
    server.logs("SIGHUP: reading the certificates again");
    stays_alone(&mut player);
    assert!(server.stop().data().exists());
}

#[test]
fn a_backup_that_no_server_could_start_from_takes_no_stores_place() {
    const COLUMNS: &str = "user_facing_id, name, renamed, title, level, prestige, season, points, division, bonus, \
                           games, hosted, hosted_unconfirmed, first_seen, last_seen";
    let server = Server::start();
    Player::with(Client::plain(server.http), 1);
    let scratch = server.stop();
    let kept = || -> Vec<PathBuf> {
        // Files of readers, and the time of the last backup, come and go.
        let is_kept = |file: &PathBuf| {
            !file.to_str().is_some_and(|name| name.contains(".db-") || name.ends_with("last-backup"))
        };
        files(&scratch.data()).into_iter().filter(is_kept).collect()
    };
    let before = kept();
    for (file, change) in [
        ("unmade.db", "DROP TABLE bans; PRAGMA user_version = 0"),
        ("unread.db", "UPDATE players SET points = 9000000000"),
        (
            "twice.db",
            &format!(
                "INSERT INTO players (user_id, steam_id, {COLUMNS}) SELECT 2, steam_id, {COLUMNS} FROM players"
            ),
        ),
    ] {
        let path = scratch.0.join(file);
        assert_eq!(run(&scratch, &["backup", path.to_str().unwrap()]).status, Some(0));
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let Said { status, errors } = run(&scratch, &["restore", path.to_str().unwrap()]);
        assert_eq!((status, kept()), (Some(1), before.clone()), "{file}: {errors}");
        assert!(errors.contains(&format!("{file} is damaged (")) && errors.lines().count() == 1, "{errors}");
    }
    let server = Server::start_in(scratch, &[]);
    assert_eq!(ask(server.http, &get("/healthz")).lines().next(), Some("HTTP/1.1 200 OK"));
}

#[test]
fn commands_say_what_they_did_and_what_was_wrong() {
    let server = Server::start();
    Player::with(Client::plain(server.http), 1);
    let scratch = server.stop();
    let said = |arguments: &[&str]| {
        let output = program(&scratch, arguments).output().unwrap();
        let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), out, errors)
    };
    let (done, out, _) = said(&["backup", "a.db"]);
    assert!(done && out.starts_with("Saved 1 player (") && out.ends_with(" kB) to a.db\n"), "{out}");
    let (done, out, _) = said(&["export", "--json", "a.json"]);
    assert!(done && out.starts_with("Exported 1 player ("), "{out}");
    let (done, out, _) = said(&["restore", "a.db"]);
    assert!(
        done && out.contains("Restored 1 player (") && out.contains("The replaced store is now"),
        "{out}"
    );
    for file in ["a.db", "a.json", "data/mmcos.db", "data/mmcos.db.before-restore-1"] {
        let mode = fs::metadata(scratch.0.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let (done, _, errors) = said(&["backup", "a.db"]);
    assert!(!done && errors.contains("a.db exists already"), "{errors}");
    for file in ["/etc/passwd", "a.json", "data"] {
        let (done, _, errors) = said(&["restore", file]);
        assert!(!done && errors.contains("is not a backup of mmcos"), "{errors}");
    }
    let wrong = Scratch::new();
    for arguments in [["backup", "b.db"], ["export", "--json"], ["restore", "/etc/passwd"]] {
        let errors = run(&wrong, &arguments).errors;
        assert!(errors.contains("--data-dir DIRECTORY") || errors.contains("not a backup"), "{errors}");
    }
    assert_eq!(fs::read_dir(&wrong.0).unwrap().count(), 0, "nothing is made");
    let mut export = program(&scratch, &["export", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(export.stdout.take());
    let mut errors = String::new();
    export.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    export.wait().unwrap();
    assert_eq!(errors, "", "a reader who leaves early is no trouble of the disk");

    if let Some(disk) = Disk::mount(&scratch.0.join("small")) {
        while fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(disk.0.join("ballast"))
            .unwrap()
            .write_all(&[7; 4096])
            .is_ok()
        {}
        let (done, _, errors) = said(&["backup", "small/b.db"]);
        assert!(!done && errors.contains("small/b.db") && errors.contains("df -h"), "{errors}");
        assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 1, "no piece of a backup is left");
    } else {
        eprintln!("NOT RUN: a backup to a full disk needs the right to mount a tmpfs (root)");
    }
}
