//! The start, as an operator sees it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::blackbox::rig::{
    client::{Client, get},
    process::{Scratch, Server, files, run},
};

#[test]
fn the_first_start_makes_certificates_and_the_second_keeps_them() {
    let first = Server::start_in(Scratch::new(), &[]);
    let made = files(&first.data());
    let names = made.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    let certificates = names.filter(|name| name.starts_with("certificate-")).count();
    assert!(certificates >= 2, "RSA and P-256: {made:?}");
    assert_private(&made);
    let secrets: Vec<_> = made.iter().filter(|path| !is_of_one_run(path)).collect();
    let read = || -> Vec<_> { secrets.iter().map(|path| fs::read(path).unwrap()).collect() };
    let before = read();
    let second = Server::start_in(first.stop(), &[]);
    assert_eq!(files(&second.data()), made);
    for ((path, now), before) in secrets.iter().zip(read()).zip(before) {
        assert!(now == before, "{} was changed", path.display());
    }
    Client::plain(second.http).ask(&get("/redirect_steam_submission3.txt")).ok();
}

/// A journal or the log of a container keeps what is printed, for anyone who may read it.
#[test]
fn the_first_password_is_not_printed_into_a_journal() {
    let server = Server::start_in(Scratch::new(), &[]);
    server.says("with the password in");
    server.settle();
    let said = server.said_so_far();
    assert!(!said.contains(&server.password()), "{said}");
    assert!(server.log_so_far().iter().all(|line| !line.contains(&server.password())));
}

/// The store, its lock, and the files about the running server change with every start.
fn is_of_one_run(path: &Path) -> bool {
    let starts = ["mmcos.", "admin-console", "running.toml"];
    path.file_name().is_some_and(|name| starts.iter().any(|start| name.to_string_lossy().starts_with(start)))
}

fn assert_private(files: &[impl AsRef<Path>]) {
    for file in files {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.as_ref().display());
    }
}

#[test]
fn the_first_answer_comes_soon_after_the_start() {
    let scratch = Server::start().stop();
    let start = Instant::now();
    let server = Server::start_in(scratch, &[]);
    Client::plain(server.http).ask(&get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml")).ok();
    // A debug build on a busy machine; without existing certificates it would be longer.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn an_unknown_key_is_an_error_that_names_its_line() {
    let scratch = Scratch::new();
    let file = scratch.0.join("mmcos.toml");
    fs::write(&file, "# Ours.\nhttp = \"127.0.0.1:0\"\npoll-second = 3\n").unwrap();
    let said = run(&scratch, &["--https", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
    assert_eq!(said.status, Some(1), "{}", said.errors);
    assert!(said.errors.contains(&format!("{}:3", file.display())), "{}", said.errors);
    assert!(said.errors.contains("poll-seconds"), "it could guess what was meant: {}", said.errors);
}

#[test]
fn too_few_open_files_are_announced() {
    let server = Server::start_with(&["--max-connections", "2000000000"]);
    assert!(server.logs("max-connections = 2000000000").contains("LimitNOFILE"));
}

#[test]
fn a_port_in_use_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = run(&Scratch::new(), &["--http", "127.0.0.1:0", "--https", &address]);
    assert_eq!(said.status, Some(1), "{}", said.errors);
    for help in [address.as_str(), "another program already listens", "ss -ltnp", "--https"] {
        assert!(said.errors.contains(help), "{help}: {}", said.errors);
    }
}
