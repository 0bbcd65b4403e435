//! Reports of `mmcos doctor` and `mmcos health` about a running server.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::PROGRAM;
use crate::blackbox::rig::process::{Scratch, Server};

fn ask(command: &str, data: &Path, flags: &[&str]) -> Output {
    let mut program = Command::new(PROGRAM);
    program.arg(command).arg("--data-dir").arg(data).args(flags).current_dir(data).output().unwrap()
}

/// Returns the exit status, and the findings on one line each, unwrapped.
pub(crate) fn doctor(data: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let output = ask("doctor", data, flags);
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn doctor_knows_how_the_running_server_was_started() {
    let server = Server::start_in(Scratch::new(), &["--public-address", "203.0.113.5"]);
    let (status, report) = doctor(&server.data(), &[]);
    assert_eq!(status, Some(0), "{report}");
    for found in [
        format!("ok http mmcos responds on {}", server.http),
        format!("ok https mmcos responds on {}", server.https),
        "warning identity identity = \"trust\"".to_owned(),
        "players use 203.0.113.5".to_owned(),
        "ok server it runs".to_owned(),
        "public-address".to_owned(),
    ] {
        assert!(report.contains(&found), "{found}: {report}");
    }
    for absent in ["players need a ticket", "trust this machine's clock"] {
        assert!(!report.contains(absent), "{report}");
    }
    let data = server.data();
    let scratch = server.stop();
    let (_, report) = doctor(&data, &["--http", "off", "--https", "127.0.0.1:0"]);
    assert!(report.contains("players need a ticket") && !report.contains("ok server"), "{report}");
    drop(scratch);
}

#[test]
fn doctor_says_why_the_running_server_keeps_players_out() {
    let server = Server::start_with(&["--maintenance", "true"]);
    let (_, report) = doctor(&server.data(), &[]);
    assert!(report.contains("warning server it keeps players out: closed for maintenance."), "{report}");
}

#[test]
fn health_is_whether_the_server_answers() {
    for flags in [&[][..], &["--admin", "false"], &["--maintenance", "true"]] {
        let server = Server::start_with(flags);
        let healthy = ask("health", &server.data(), &[]);
        assert!(healthy.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&healthy.stderr));
        assert_eq!(healthy.stdout, b"ok\n");
        let data = server.data();
        let scratch = server.stop();
        let gone = ask("health", &data, &[]);
        assert_eq!(gone.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&gone.stderr).contains("no server with the data directory"));
        drop(scratch);
    }
}

#[test]
fn config_writes_a_file_that_a_server_reads() {
    let server = Server::start();
    let data = server.data();
    let (scratch, file) = (server.stop(), data.join("made.toml"));
    let name = file.to_str().unwrap();
    let written = Command::new(PROGRAM).args(["config", name, "--poll-seconds", "7"]).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    assert!(std::fs::read_to_string(&file).unwrap().contains("\npoll-seconds = 7\n"));
    let again = Command::new(PROGRAM).args(["config", name]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("name a new file"));
    let server = Server::start_in(scratch, &["--config", name]);
    assert!(server.data().join("running.toml").exists());
}
