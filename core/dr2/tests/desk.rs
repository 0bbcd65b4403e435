//! What a browser, a monitor and a host's tests ask, beside the game.
#![cfg(test)]

mod common;

use common::{Game, server, settings};
use dr2::Dr2;
use mmcos_core::{
    admin::{self, DeskConfig, VisitorPage},
    engine::Limits,
    game::{Game as _, Life},
    info::Trust,
    seam::{ConnId, Input, Now},
    testing::{Recording, Rig, body, status},
    trace::{Start, replay},
};

#[test]
fn the_probe_shows_this_server_and_no_other() {
    let mut rig = server(&settings());
    let probe = Dr2::INFO.probe;
    let answer = rig.ask(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", probe.path).as_bytes());
    assert_eq!(status(&answer), "200");
    assert!(answer.contains(probe.mark) && body(&answer).contains(probe.body), "{answer}");
    let other = rig.ask(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(status(&other), "404");
    assert_eq!(Dr2::INFO.hosts[0], "prod.egonet.codemasters.com");
    assert_eq!(Dr2::INFO.trust, Trust::System { steam_app: 690_790 });
}

#[test]
fn a_host_can_show_pages_health_and_metrics() {
    let page = VisitorPage {
        path: "/".into(),
        content_type: "text/plain".into(),
        policy: "default-src 'none'".into(),
        by_ip: "Your server is {address}.\n".into(),
        by_name: String::new(),
        unknown: None,
    };
    let admin = admin::Config { open_metrics: true, ..admin::Config::default() };
    let desk = DeskConfig { admin: Some(admin), pages: vec![page], ..DeskConfig::default() };
    let settings = dr2::Settings::defaults().unwrap();
    let life = Life { desk, ..Life::default() };
    let mut rig = Rig::new(Dr2::new(&settings, &life).unwrap(), Limits::default());
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: 203.0.113.5\r\n\r\n").into_bytes();
    assert_eq!(body(&rig.ask(&get("/"))), "Your server is 203.0.113.5.\n");
    assert_eq!(status(&rig.ask(&get("/healthz"))), "200");
    assert_eq!(status(&rig.ask(&get("/readyz"))), "200");
    Game::log_in(&mut rig, "Ann");
    let metrics = rig.ask(&get("/metrics"));
    assert!(metrics.contains("\ndr2_accounts 1\n"), "{metrics}");
}

/// A run is repeated from its trace, with its sessions, and from what was durable before it.
#[test]
fn a_recorded_run_plays_again() {
    let mut before = server(&settings());
    Game::log_in(&mut before, "Bob");
    let records = before.server.service().rows().collect();
    let life = Life { seed: [7; 32], ..Life::default() };
    let start = Start::<Dr2> { life, limits: Limits::default(), settings: settings(), records };
    let mut recording = Recording::new(&start).unwrap();
    let (conn, now) = (ConnId(1), Now::default());
    let peer = ([198, 18, 0, 1], 50_000).into();
    recording.input(now, Input::Opened { conn, tls: true, peer });
    let body = common::encoded(&common::login("Ann"));
    let head = format!(
        "POST /RP17/1.18.0/STEAM/ HTTP/1.1\r\nHost: x\r\nX-EgoNet-Function: Login.Login\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), &body].concat();
    let sent = recording.input(now, Input::Received { conn, bytes: &bytes });
    assert_eq!(common::answer(&sent).value().field("AccountId"), Ok(2_i64));
    replay::<Dr2>(&recording.trace).unwrap();
    let changed = recording.trace.replace("Login.Login", "Login.Loggo");
    assert!(replay::<Dr2>(&changed).is_err());
}
