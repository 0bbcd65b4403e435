//! Requests of a browser, a monitor and a host's tests, beside the game's.
#![cfg(test)]

mod common;

use common::{Game, server, settings};
use dr2::Dr2;
use mmcos_core::{
    admin::{self, DeskConfig, VisitorPage},
    engine::Limits,
    game::{Game as _, Life},
    info::Trust,
    seam::ListenerKind,
    testing::{Rig, body, status},
};

#[test]
fn the_probe_shows_this_server_and_no_other() {
    let mut rig = server(&settings());
    let probe = Dr2::INFO.probe;
    let response = rig.request(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", probe.path).as_bytes());
    assert_eq!(status(&response), "200");
    assert!(response.contains(probe.mark) && body(&response).contains(probe.body), "{response}");
    let other = rig.request(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(status(&other), "404");
    assert_eq!(Dr2::INFO.hosts[0], "prod.egonet.codemasters.com");
    assert_eq!(Dr2::INFO.trust, Trust::System { steam_app: Some(690_790) });
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
    assert_eq!(body(&rig.request(&get("/"))), "Your server is 203.0.113.5.\n");
    assert_eq!(status(&rig.request(&get("/healthz"))), "200");
    assert_eq!(status(&rig.request(&get("/readyz"))), "200");
    Game::log_in(&mut rig, "Ann");
    let metrics = rig.request(&get("/metrics"));
    assert!(metrics.contains("\ndr2_accounts 1\n"), "{metrics}");
}

#[test]
fn a_listener_for_operators_has_metrics_and_nothing_of_the_game() {
    let admin = admin::Config { open_metrics: true, own_listener: true, ..admin::Config::default() };
    let life = Life { desk: DeskConfig { admin: Some(admin), ..DeskConfig::default() }, ..Life::default() };
    let game = Dr2::new(&dr2::Settings::defaults().unwrap(), &life).unwrap();
    let mut rig = Rig::new(game, Limits::default());
    for listener in ListenerKind::ALL {
        let is_admin = listener == ListenerKind::Admin;
        let paths = [("/metrics", is_admin), (Dr2::INFO.probe.path, !is_admin), ("/readyz", true)];
        for (path, is_served) in paths {
            let conn = rig.open_at(listener, [127, 0, 0, 1]);
            rig.send(conn, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
            let found = status(&rig.read(conn)) == "200";
            assert_eq!(found, is_served, "{path} {listener:?}");
        }
    }
}
