//! Open connections without requests.

use std::{sync::Arc, time::Instant};

use mmcos_std::open_files;
use rustls::ClientConfig;

use crate::blackbox::rig::{
    client::{Answer, Client, PATIENCE, REDIRECT, get},
    process::Server,
    tls,
};

#[test]
fn two_hundred_idle_connections_are_held_and_the_next_is_told() {
    hold(200);
}

#[test]
#[ignore = "10,000: cargo test --release -p mmcos-smol --test server idle -- --ignored --nocapture"]
fn ten_thousand_idle_connections_are_held_and_the_next_is_told() {
    hold(10_000);
}

/// Opens as many connections as the server permits, and one more.
fn hold(count: usize) {
    open_files::allow_connections(count).unwrap();
    let most = count.to_string();
    let server = Server::start_with(&["--max-connections", &most, "--max-connections-per-address", &most]);
    let resident = || server.memory().map_or(0, |memory| memory.resident);
    let (before, start, config) = (resident(), Instant::now(), tls::modern());
    let mut held: Vec<Client> = (0..count).map(|_| asked(&server, &config)).collect();
    let kb = resident().saturating_sub(before);
    println!(
        "{count} connections in {:.1?}, {kb} kB more than the {before} kB without them",
        start.elapsed()
    );

    let answer = ask_one_more(&server);
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("Try again in a moment"), "{}", answer.text());
    server.logs("refused a connection from 127.0.0.1");

    let start = Instant::now();
    for client in &mut held {
        ask(client).ok();
    }
    println!("all of them asked again in {:.1?}", start.elapsed());
    drop(held);
    let start = Instant::now();
    while ask_one_more(&server).status == 503 {
        assert!(start.elapsed() < PATIENCE, "there is no room, though all have gone");
    }
}

/// Opens a connection and sends a request: from then on it may be idle.
fn asked(server: &Server, config: &Arc<ClientConfig>) -> Client {
    let mut client = Client::tls(server.https, config);
    ask(&mut client).ok();
    client
}

fn ask(client: &mut Client) -> Answer {
    client.ask(&get(REDIRECT))
}

fn ask_one_more(server: &Server) -> Answer {
    let mut client = Client::plain(server.http);
    // A full server responds before it gets a request.
    let _ = client.try_send(&get(REDIRECT));
    client.answer()
}
