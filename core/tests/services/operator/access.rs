//! Who is let in, and who is not.

use std::time::Duration;

use mmcos_core::{
    mmcos::Mmcos,
    seam::{ConnId, Input, ListenerId},
};

use super::{
    ANN, ELSEWHERE, HERE, ORDERS, PASSWORD, Request, field, json, log_in, password, server, server_with,
    world::{self, login, trusting},
};
use crate::rig::{Rig, status};

#[test]
fn every_order_takes_the_password_from_anywhere() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    rig.records.clear();
    for from in [HERE, ELSEWHERE] {
        for order in ORDERS {
            let answer = Request::from(from).order(&mut rig, order);
            assert_eq!(status(&answer), "401", "{order:?} {answer}");
            let answer =
                Request::from(from).with("Cookie", "mmcos_operator=x").with("Origin", "http://192.168.1.20");
            assert_eq!(status(&answer.order(&mut rig, order)), "401", "{order:?}");
        }
    }
    assert!(rig.records.is_empty(), "{:?}", rig.records);
    for order in ORDERS {
        let answer = Request::from(ELSEWHERE).operator().order(&mut rig, order);
        let expected = if order.1 == "matches/1/end" { "404" } else { "200" };
        assert_eq!(status(&answer), expected, "{order:?} {answer}");
    }
    assert!(rig.events.iter().filter(|event| event.contains("Operator {")).count() >= 8, "{:?}", rig.events);
}

#[test]
fn this_machine_looks_without_a_password_and_nobody_else_does() {
    let mut rig = server();
    let looks = ["state", "live", "history", "players", "bans", "settings", "events"]
        .map(|path| format!("/api/v1/{path}"));
    let operations = ["/metrics", "/healthz", "/readyz"].map(str::to_owned);
    for path in looks.iter().chain(&operations) {
        assert_eq!(status(&Request::from(HERE).get(&mut rig, path)), "200", "{path}");
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, path)), "401", "{path}");
        assert_eq!(status(&Request::from(ELSEWHERE).operator().get(&mut rig, path)), "200", "{path}");
        for proxied in ["X-Forwarded-For", "Forwarded", "Via", "x-real-ip", "X-Forwarded-Proto"] {
            let answer = Request::from(HERE).with(proxied, "203.0.113.7").get(&mut rig, path);
            assert_eq!(status(&answer), "401", "{path} {proxied}");
        }
    }
    let conn = rig.open_from(HERE);
    rig.send(conn, b"GET /api/v1/state HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!(status(&rig.read(conn)), "401", "a proxy that leaves no trace");
    let mut closed = server_with(|admin| admin.open_to_this_machine = false);
    assert_eq!(status(&Request::from(HERE).get(&mut closed, "/api/v1/state")), "401");
    let mut open = server_with(|admin| admin.open_metrics = true);
    for path in &operations {
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut open, path)), "200", "{path}");
    }
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut open, "/api/v1/state")), "401");
}

#[test]
fn other_sites_and_other_names_are_refused() {
    let mut rig = server();
    let cookie = log_in(&mut rig, ELSEWHERE);
    let ours = || Request::from(ELSEWHERE).with("Cookie", &cookie);
    let order = ORDERS[0];
    assert_eq!(status(&ours().with("Origin", "http://192.168.1.20").order(&mut rig, order)), "200");
    for origin in [
        "http://evil.example",
        "null",
        "http://192.168.1.20:81",
        "http://192.168.1.200",
        "https://192.168.1.20.evil.example",
    ] {
        let answer = ours().with("Origin", origin).order(&mut rig, order);
        assert_eq!(status(&answer), "403", "{origin}");
    }
    assert_eq!(status(&ours().order(&mut rig, order)), "403", "a browser says where it comes from");
    for site in ["cross-site", "same-site"] {
        let answer =
            ours().with("Origin", "http://192.168.1.20").with("Sec-Fetch-Site", site).order(&mut rig, order);
        assert_eq!(status(&answer), "403", "{site}");
        let answer = Request::from(HERE).with("Sec-Fetch-Site", site).get(&mut rig, "/api/v1/state");
        assert_eq!(status(&answer), "403", "{site}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.1.20.evil.example:80"] {
        assert_eq!(status(&Request::from(HERE).at(host).get(&mut rig, "/api/v1/state")), "403", "{host}");
        assert_eq!(
            status(&Request::from(ELSEWHERE).operator().at(host).order(&mut rig, order)),
            "403",
            "{host}"
        );
    }
    for host in ["localhost:8080", "[::1]", "race.example.org"] {
        assert_eq!(status(&Request::from(HERE).at(host).get(&mut rig, "/api/v1/state")), "200", "{host}");
    }
    let foreign = Request::from(ELSEWHERE).with("Origin", "http://evil.example");
    assert_eq!(
        status(&foreign.order(&mut rig, ("POST", "session", &password(PASSWORD)))),
        "403",
        "a login by another site"
    );
}

#[test]
fn a_browser_logs_in_and_out() {
    let mut rig = server();
    let cookie = log_in(&mut rig, ELSEWHERE);
    let browser = || {
        Request::from(ELSEWHERE)
            .with("Cookie", &format!("theme=dark; {cookie}"))
            .with("Origin", "http://192.168.1.20")
    };
    let access = |rig: &mut Rig<Mmcos>| json(&browser().get(rig, "/api/v1/session"))["access"].clone();
    assert_eq!(access(&mut rig), "order");
    assert_eq!(status(&browser().order(&mut rig, ("DELETE", "session", ""))), "200");
    assert_eq!(access(&mut rig), "public");
    let again = log_in(&mut rig, ELSEWHERE);
    assert_ne!(again, cookie);
    rig.pass(Duration::from_hours(13));
    assert_eq!(
        status(&Request::from(ELSEWHERE).with("Cookie", &again).get(&mut rig, "/api/v1/state")),
        "401"
    );
}

#[test]
fn a_session_that_began_on_tls_is_never_sent_in_the_clear() {
    let mut rig = server();
    let (conn, peer) = (ConnId(900), (ELSEWHERE, 50_000).into());
    rig.input(Input::Opened { conn, listener: ListenerId(1), peer });
    rig.send(conn, &Request::from(ELSEWHERE).bytes("POST", "/api/v1/session", &password(PASSWORD)));
    assert!(field(&rig.read(conn), "Set-Cookie").unwrap().contains("; Secure"));
}

#[test]
fn wrong_passwords_slow_down_whoever_tries_them_and_are_logged() {
    let mut rig = server();
    let try_it = |rig: &mut Rig<Mmcos>, from, text: &str| {
        let answer = Request::from(from).order(rig, ("POST", "session", &password(text)));
        status(&answer).to_owned()
    };
    for _ in 0..3 {
        assert_eq!(try_it(&mut rig, ELSEWHERE, "wrong"), "401");
    }
    assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "429", "even with the right one");
    let bearer = Request::from(ELSEWHERE).operator().get(&mut rig, "/api/v1/state");
    assert_eq!((status(&bearer), field(&bearer, "Retry-After")), ("429", Some("2")), "{bearer}");
    assert_eq!(try_it(&mut rig, [198, 51, 100, 9], PASSWORD), "200", "others are not held up");
    rig.pass(Duration::from_secs(2));
    assert_eq!(try_it(&mut rig, ELSEWHERE, "wrong"), "401");
    rig.pass(Duration::from_secs(1));
    assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "429", "it takes longer each time");
    rig.pass(Duration::from_secs(2));
    assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "200");
    assert!(rig.events.iter().filter(|event| event.contains("WrongPassword")).count() == 4);
}

#[test]
fn without_a_password_nobody_orders_and_without_a_dashboard_nobody_sees() {
    let mut rig = server_with(|admin| admin.password = None);
    assert_eq!(status(&Request::from(HERE).order(&mut rig, ("POST", "session", &password("")))), "401");
    assert_eq!(
        status(&Request::from(HERE).with("Authorization", "Bearer ").order(&mut rig, ORDERS[0])),
        "401"
    );
    let mut config = trusting();
    config.admin = None;
    let mut none = world::rig(config);
    for path in ["/admin", "/api/v1/status", "/metrics", "/healthz"] {
        assert_eq!(status(&Request::from(HERE).get(&mut none, path)), "404", "{path}");
    }
}
