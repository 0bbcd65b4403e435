//! Requests while the store cannot be written: rejected before they change anything, or served without it.

use mmcos_core::{
    game::Game as _,
    seam::{Input, Storage, StorageTrouble},
};

use super::{
    ANN, BEN, COMMANDS, HERE, Request, field, json, server, state,
    world::{self, Search, add_points, get_elite, login, login_answer, on, text},
};
use crate::rig::status;

const FULL: Storage = Storage::Unavailable(StorageTrouble::Full);

#[test]
fn requests_that_need_a_record_are_rejected_and_change_nothing() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    world::race(&mut rig, &token, 40);
    let before: Vec<_> = rig.server.service().rows().collect();
    rig.records.clear();
    rig.input(Input::Storage(FULL));
    let conn = Search::race(&token, 7).begin(&mut rig);
    let title =
        "<UpdateAccountTitle><SessionToken>x</SessionToken><Title>title_9</Title></UpdateAccountTitle>";
    let answers = [
        login_answer(&mut rig, ANN, "Ann"),
        login_answer(&mut rig, BEN, "Ben"),
        add_points(&mut rig, &token, "0123456789ABCDEF", 40),
        rig.request(&world::post(world::UPDATE_TITLE, title)),
        rig.read(conn),
    ];
    for answer in &answers {
        assert_eq!((status(answer), field(answer, "Retry-After")), ("503", Some("5")), "{answer}");
        assert!(text(answer, "Error").contains("the disk is full"), "{answer}");
    }
    for order in COMMANDS {
        let answer = Request::from(HERE).operator().command(&mut rig, order);
        assert_eq!((status(&answer), field(&answer, "Retry-After")), ("503", Some("5")), "{answer}");
    }
    assert_eq!(rig.server.service().rows().collect::<Vec<_>>(), before);
    // A season that begins meanwhile waits as well.
    let now = rig.wall();
    rig.set_wall(on(2025, 1, 1, 0));
    assert_eq!(
        status(&rig.request(b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\n\r\n")),
        "200"
    );
    rig.set_wall(now);
    assert_eq!(rig.records, []);
    assert!(!rig.events.iter().any(|event| event.contains("Rejected")), "{:?}", rig.events);

    rig.input(Input::Storage(Storage::Available));
    assert_eq!(status(&login_answer(&mut rig, BEN, "Ben")), "200");
}

#[test]
fn requests_without_a_record_are_served_and_operators_are_told() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let held = Search::race(&token, 7).begin(&mut rig);
    rig.input(Input::Storage(FULL));
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
    for path in ["/api/v1/status", "/healthz", "/metrics", "/api/v1/settings", "/admin"] {
        assert_eq!(status(&Request::from(HERE).operator().get(&mut rig, path)), "200", "{path}");
    }
    let ready = Request::from(HERE).operator().get(&mut rig, "/readyz");
    assert!(status(&ready) == "503" && ready.contains("the disk is full"), "{ready}");
    assert_eq!(state(&mut rig)["server"]["storage_trouble"], "the disk is full");
    login_answer(&mut rig, BEN, "Ben");
    let metrics = Request::from(HERE).operator().get(&mut rig, "/metrics");
    assert!(metrics.contains("mmcos_store_trouble{reason=\"full\"} 1"), "{metrics}");
    assert!(metrics.contains("mmcos_store_rejected_total 1"), "{metrics}");
    rig.pass(world::millis(25_000));
    assert_eq!(status(&rig.read(held)), "200", "a held poll is answered");

    rig.input(Input::Storage(Storage::Available));
    assert_eq!(status(&Request::from(HERE).operator().get(&mut rig, "/readyz")), "200");
    assert_eq!(
        json(&Request::from(HERE).operator().get(&mut rig, "/api/v1/state"))["server"]["storage_trouble"],
        serde_json::Value::Null
    );
}

#[test]
fn a_short_delay_rejects_nothing() {
    let mut rig = server();
    rig.input(Input::Storage(Storage::Delayed(StorageTrouble::Locked)));
    assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "200");
    assert_eq!(status(&Request::from(HERE).operator().get(&mut rig, "/readyz")), "200");
    assert!(!rig.records.is_empty());
}
