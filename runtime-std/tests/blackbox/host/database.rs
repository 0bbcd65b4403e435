//! The server with its store in `PostgreSQL`: its commands, and what it does while the database is gone.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::Output,
    thread,
    time::{Duration, Instant},
};

use super::doctor::doctor;
use crate::blackbox::rig::{
    caller::Caller,
    client::{Client, get},
    cluster::Cluster,
    player::login,
    process::{Scratch, Server, program},
};

fn run(scratch: &Scratch, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } =
        program(scratch, arguments).args(["--http", "off"]).output().unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn commands_do_with_a_database_what_they_do_with_a_file() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = &cluster.database();
    let server = Server::start_in(Scratch::new(), &["--store", url]);
    let scratch = server.scratch();
    let mut client = Caller::connect(server.http, 1, "").unwrap();
    client.login().unwrap();
    client.title("title_1").unwrap();
    assert!(!server.data().join("mmcos.db").exists());
    let backup = scratch.0.join("backup.db");
    let file = backup.to_str().unwrap();
    let with_store = |words: &[&str]| run(server.scratch(), &[words, &["--store", url]].concat());
    let (saved, message) = with_store(&["backup", file]);
    assert!(saved && message.starts_with("Saved 1 player ("), "{message}");
    client.title("title_2").unwrap();
    let (_, exported) = with_store(&["export", "--json"]);
    let exported: serde_json::Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(exported["players"][0]["title"], "title_2");
    assert!(exported["players"][0]["steam_id"].is_string() && exported.get("commits").is_none());
    let (in_use, message) = with_store(&["restore", file]);
    assert!(!in_use && message.contains("another mmcos (process "), "{message}");
    let (status, report) = doctor(&server.data(), &[]);
    assert!(status == Some(0) && report.contains("ok store undamaged, with 1 players"), "{report}");
    assert!(!report.contains("postgres://mmcos@"), "{report}");

    // An orderly end gives the lease back.
    let scratch = server.stop();
    let with_store = |words: &[&str]| run(&scratch, &[words, &["--store", url]].concat());
    let (restored, message) = with_store(&["restore", file]);
    assert!(restored && message.contains("mmcos.db.before-restore-1"), "{message}");
    assert!(with_store(&["export", "--json"]).1.contains("\"title\":\"title_1\""));
    let (moved, message) = run(&scratch, &["move-store", url, "sqlite"]);
    assert!(moved && message.starts_with("Copied 1 player ("), "{message}");
    assert!(run(&scratch, &["export", "--json"]).1.contains("\"title\":\"title_1\""));
    let (again, message) = run(&scratch, &["move-store", "sqlite", url]);
    assert!(!again && message.contains("exists already"), "{message}");
    assert!(run(&scratch, &["move-store", "sqlite", &cluster.database()]).0);
    let (same, message) = run(&scratch, &["move-store", "sqlite", "sqlite"]);
    assert!(!same && message.contains("copies from a file to a database"), "{message}");
    fs::remove_file(backup).unwrap();
}

/// Waits until `/readyz` has this status.
fn until_ready(server: &Server, status: u16) {
    let answer = (0..300).find(|_| {
        thread::sleep(Duration::from_millis(100));
        Client::plain(server.http).ask(&get("/readyz")).status == status
    });
    assert!(answer.is_some(), "no {status}");
}

#[test]
fn a_standby_says_so_at_the_listener_for_operators_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = &cluster.database();
    let leader = Server::start_with(&["--store", url]);
    let scratch = Scratch::new();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (http, admin) = (free(), free());
    let listeners =
        [("--http", http), ("--admin-listen", admin)].map(|(key, at)| [key.into(), at.to_string()]);
    let flags = ["--store", url, "--https", "127.0.0.1:0"].map(String::from);
    let flags: Vec<&str> = listeners.as_flattened().iter().chain(&flags).map(String::as_str).collect();
    let mut standby = program(&scratch, &flags).spawn().unwrap();
    for (address, path) in [(http, "/readyz"), (admin, "/readyz"), (admin, "/admin")] {
        let connected = (0..200).find_map(|_| {
            thread::sleep(Duration::from_millis(50));
            TcpStream::connect(address).ok()
        });
        let tcp = connected.unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut client = Client::plain_over(tcp);
        client.send(&get(path));
        let answer = client.try_answer().map(|answer| (answer.status, answer.text().to_owned()));
        let expected = (503, "standby: another server leads\n".to_owned());
        assert_eq!(answer.ok(), Some(expected), "{address} {path}");
    }
    standby.kill().unwrap();
    standby.wait().unwrap();
    leader.stop();
}

#[test]
fn a_leader_without_its_database_is_not_ready_though_nothing_waits() {
    let Some(cluster) = &Cluster::start() else { return };
    let network = cluster.network();
    let server = Server::start_with(&["--store", &network.url(&cluster.database())]);
    for trouble in ["stopped", "paused", "cut off"] {
        until_ready(&server, 200);
        match trouble {
            "stopped" => cluster.stop(),
            "paused" => cluster.pause(),
            _ => network.cut(),
        }
        let start = Instant::now();
        until_ready(&server, 503);
        // Before the lease of 5 s ends, and another server may lead. (It was renewed up to a second before.)
        assert!(start.elapsed() < Duration::from_millis(4500), "{trouble}: {:?}", start.elapsed());
        // Longer than a response is waited for.
        thread::sleep(Duration::from_secs(3));
        until_ready(&server, 503);
        match trouble {
            "stopped" => cluster.go_on(),
            "paused" => cluster.resume(),
            _ => network.mend(),
        }
        until_ready(&server, 200);
        server.logs("can save again after");
    }
    Caller::connect(server.http, 1, "").unwrap().login().unwrap();
}

#[test]
fn a_database_that_is_gone_is_waited_for() {
    let Some(cluster) = &Cluster::start() else { return };
    let server = Server::start_with(&["--store", &cluster.database()]);
    let ready = |status| until_ready(&server, status);
    let mut client = Caller::connect(server.http, 1, "").unwrap();
    client.login().unwrap();
    client.title("title_1").unwrap();
    cluster.stop();
    // Held until the database is there again.
    client.send(&client.title_request("title_2")).unwrap();
    assert!(!client.hears_within(Duration::from_millis(300)));
    cluster.go_on();
    ready(200);
    for pauses in [true, false] {
        if pauses {
            cluster.pause();
        } else {
            cluster.stop();
        }
        let number = if pauses { "title_3" } else { "title_4" };
        // The other one may have been closed, if the database was gone for long.
        client = Caller::connect(server.http, 1, &client.token).unwrap();
        client.send(&client.title_request(number)).unwrap();
        ready(503);
        assert_eq!(Client::plain(server.http).ask(&login(2)).status, 503);
        if pauses {
            cluster.resume();
        } else {
            cluster.go_on();
        }
        ready(200);
        let mut client = Caller::connect(server.http, 1, &client.token).unwrap();
        let kept = client.leaderboard().unwrap();
        assert!(kept.text().contains(&format!("<Title>{number}</Title>")), "{}", kept.text());
    }
    server.logs("saved after");
}
