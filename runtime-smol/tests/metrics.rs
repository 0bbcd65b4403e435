//! The metrics as Prometheus reads them: `cargo test -p mmcos-smol --test metrics -- --ignored`, with its `promtool`.
#![cfg(unix)]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must fail; others use more of what is taken in"
)]

#[path = "../../runtime-std/tests/blackbox/rig/mod.rs"]
mod rig;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use rig::client::Client;
use rig::player::{ELIMINATION, Player, RACE, meet, search};
use rig::process::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");

/// Returns the complaints of `promtool` about the metrics; empty if they are correct.
fn complaints(server: &Server) -> String {
    let token = server.password();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
    let metrics = Client::plain(server.http).ask(request.as_bytes()).ok().body;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(&metrics).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let text = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    if said.status.success() { text } else { format!("{}: {text}", said.status) }
}

#[test]
#[ignore = "needs promtool"]
fn promtool_accepts_the_metrics_of_a_new_server_and_of_a_used_one() {
    let server = Server::start();
    assert_eq!(complaints(&server), "");
    let mut players = [1, 2, 3].map(|number| Player::with(Client::plain(server.http), number));
    search(&mut players[..2], RACE);
    let met = meet(&mut players[..2]);
    players[0].score(&met.race_key, 12);
    players[2].search(ELIMINATION);
    Client::plain(server.http)
        .ask(&rig::client::post("/MMCOS/MMCOS-Account/AccountService.svc/Login", "<Login/>"));
    Client::plain(server.http).ask(&rig::client::get("/nothing"));
    assert_eq!(complaints(&server), "");
}
