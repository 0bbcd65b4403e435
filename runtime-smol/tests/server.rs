//! The server on smol, from outside.
#![cfg(unix)]

use mmcos_core::{link::WriteLimits, seam::Core};
use mmcos_smol::{Hub, Server};
use mmcos_std::{
    driver::Driver,
    serving::{Listener, RunError},
};

#[path = "../../runtime-std/tests/blackbox/mod.rs"]
mod blackbox;

use blackbox::rig::{
    client::{Client, REDIRECT, get},
    process,
};

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");

/// Serves at one listener until the store fails.
fn run<C: Core + 'static>(driver: Driver<C>, listener: Listener) -> Result<(), RunError> {
    Server { hub: Hub::new(driver, WriteLimits::default()), listeners: vec![listener] }
        .run(std::future::pending())
}

/// One thread accepts and reads: it must not accept the whole queue before it reads that these clients have left.
#[test]
fn connections_that_ended_before_they_were_accepted_keep_nobody_out() {
    let server = process::Server::start_with(&["--max-connections-per-address", "10"]);
    server.signal("-STOP");
    for _ in 0..50 {
        Client::plain(server.http).send(&get(REDIRECT));
    }
    let mut last = Client::plain(server.http);
    last.send(&get(REDIRECT));
    server.signal("-CONT");
    last.answer().ok();
}
