//! The operator's side: who is let in, what is seen, what is done, and that nobody else sees or does it.

use std::time::Duration;

use mmcos_core::{
    admin::{self, Password, StaticPage},
    mmcos::{Mmcos, Record},
    seam::{ConnId, Input, ListenerId, Wall},
};
use serde_json::Value;

use super::{
    rig::{Rig, body, status},
    world::{self, Search, get_elite, login, login_answer, rig, trusting},
};

const PASSWORD: &str = "right horse battery";
const HERE: [u8; 4] = [127, 0, 0, 1];
const ELSEWHERE: [u8; 4] = [203, 0, 113, 7];
const ANN: u64 = 76_561_202_255_230_001;
const BEN: u64 = 76_561_202_255_230_002;

/// Every order, with a body that makes sense.
const ORDERS: [(&str, &str, &str); 9] = [
    ("PUT", "settings/message", r#"{"value":"Hello"}"#),
    ("DELETE", "settings/message", ""),
    ("POST", "players/1/kick", ""),
    ("POST", "matches/1/end", ""),
    ("POST", "bans", r#"{"subject":"76561202255230001"}"#),
    ("POST", "bans/lift", r#"{"subject":"76561202255230001"}"#),
    ("POST", "event/start", r#"{"event":"chaos","hours":3}"#),
    ("POST", "event/stop", ""),
    ("PUT", "settings/maintenance", r#"{"value":"true"}"#),
];

fn server() -> Rig<Mmcos> {
    server_with(|_| {})
}

fn server_with(change: impl FnOnce(&mut admin::Config)) -> Rig<Mmcos> {
    let mut config = trusting();
    let mut admin = admin::Config {
        password: Some(Password::new(PASSWORD, &[1; 32])),
        names: vec!["race.example.org".into()],
        tls: Some(ListenerId(1)),
        ..admin::Config::default()
    };
    change(&mut admin);
    config.admin = Some(admin);
    rig(config)
}

/// A request as a browser or a program sends it.
struct Request<'a> {
    from: [u8; 4],
    host: &'a str,
    fields: String,
}

impl<'a> Request<'a> {
    fn from(from: [u8; 4]) -> Self {
        Self { from, host: "192.168.1.20", fields: String::new() }
    }

    fn at(self, host: &'a str) -> Self {
        Self { host, ..self }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields = format!("{}{name}: {value}\r\n", self.fields);
        self
    }

    fn operator(self) -> Self {
        self.with("Authorization", &format!("Bearer {PASSWORD}"))
    }

    fn bytes(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let Self { host, fields, .. } = self;
        let length = body.len();
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    fn send(&self, rig: &mut Rig<Mmcos>, method: &str, path: &str, body: &str) -> String {
        let conn = rig.open_from(self.from);
        rig.send(conn, &self.bytes(method, path, body));
        let answer = rig.read(conn);
        rig.leave(conn);
        answer
    }

    fn get(&self, rig: &mut Rig<Mmcos>, path: &str) -> String {
        self.send(rig, "GET", path, "")
    }

    fn order(&self, rig: &mut Rig<Mmcos>, (method, path, body): (&str, &str, &str)) -> String {
        self.send(rig, method, &format!("/api/v1/{path}"), body)
    }
}

fn json(answer: &str) -> Value {
    assert_eq!(status(answer), "200", "{answer}");
    serde_json::from_str(body(answer)).unwrap()
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn state(rig: &mut Rig<Mmcos>) -> Value {
    json(&Request::from(HERE).get(rig, "/api/v1/state"))
}

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

fn password(password: &str) -> String {
    serde_json::json!({ "password": password }).to_string()
}

/// Gives the cookie as a browser sends it back.
fn log_in(rig: &mut Rig<Mmcos>, from: [u8; 4]) -> String {
    let answer = Request::from(from).order(rig, ("POST", "session", &password(PASSWORD)));
    assert_eq!(status(&answer), "200", "{answer}");
    let cookie = field(&answer, "Set-Cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
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

#[test]
fn everybody_sees_the_status_from_any_site() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    Search::race(&token, 10).begin(&mut rig);
    rig.pass(Duration::from_secs(2));
    let answer = Request::from(ELSEWHERE)
        .at("evil.example")
        .with("Origin", "http://evil.example")
        .get(&mut rig, "/api/v1/status");
    assert_eq!(field(&answer, "Access-Control-Allow-Origin"), Some("*"));
    let status = json(&answer);
    assert_eq!(
        (&status["players"], &status["searching"][0]["mode"]),
        (&1.into(), &"QuickRace".into()),
        "{status}"
    );
    assert_eq!(status["searching"][0]["players"], 1);
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let mut rig = server();
    for path in ["/admin", "/admin/style.css", "/admin/script.js", "/admin/icon.svg", "/api/v1/openapi.json"]
    {
        let answer = Request::from(ELSEWHERE).get(&mut rig, path);
        assert_eq!(status(&answer), "200", "{path}");
        let policy = field(&answer, "Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let links = body(&answer).replace("http://www.w3.org/2000/svg", "").replace("http://localhost", "");
        assert!(!links.contains("http://") && !links.contains("https://"), "{path} names another host");
        for word in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "onclick=", "style="]
        {
            assert!(!links.contains(word), "{path} has {word}");
        }
    }
    assert!(
        serde_json::from_str::<Value>(body(&Request::from(HERE).get(&mut rig, "/api/v1/openapi.json")))
            .is_ok()
    );
}

#[test]
fn the_description_of_the_api_names_every_path_and_method() {
    let mut rig = server();
    let text = Request::from(HERE).get(&mut rig, "/api/v1/openapi.json");
    let described = json(&text);
    let paths = described["paths"].as_object().unwrap();
    for (path, methods) in paths {
        let path = path.replace("{user}", "1").replace("{session}", "1").replace("{name}", "message");
        for method in methods.as_object().unwrap().keys() {
            let answer = Request::from(ELSEWHERE).send(&mut rig, &method.to_uppercase(), &path, "");
            assert!(!["404", "405"].contains(&status(&answer)), "{method} {path}: {answer}");
        }
    }
    for (method, path, _) in ORDERS {
        let path = path
            .replace("/1/", "/{}/")
            .replace("settings/message", "settings/{}")
            .replace("settings/maintenance", "settings/{}");
        let described = paths.iter().find(|(known, _)| {
            known.replace("{user}", "{}").replace("{session}", "{}").replace("{name}", "{}")
                == format!("/api/v1/{path}")
        });
        assert!(
            described.is_some_and(|(_, methods)| methods.get(method.to_lowercase()).is_some()),
            "{method} {path}"
        );
    }
}

#[test]
fn a_search_is_seen_with_its_reason_and_a_match_with_its_players() {
    let mut rig = server();
    let [ann, ben] =
        [(ANN, "Ann"), (BEN, "<img src=x onerror=alert(1)>")].map(|(id, name)| login(&mut rig, id, name));
    let started = rig.wall().as_secs();
    Search::race(&ann, 10).begin(&mut rig);
    rig.pass(Duration::from_secs(3));
    let seen = state(&mut rig);
    let search = &seen["searches"]["list"][0];
    assert_eq!(
        (&search["name"], &search["mode"], &search["since"]),
        (&"Ann".into(), &"QuickRace".into(), &started.into())
    );
    assert_eq!(search["why"], "nobody else searches for this");
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(1));
    assert!(state(&mut rig)["searches"]["list"][0]["why"].as_str().unwrap().starts_with("2 could race"));
    rig.pass(Duration::from_secs(30));
    let seen = state(&mut rig);
    assert_eq!((&seen["searches"]["players"], &seen["matches"]["running"]), (&0.into(), &1.into()), "{seen}");
    let players = &seen["matches"]["list"][0]["players"];
    assert_eq!(players.as_array().unwrap().len(), 2);
    assert!(
        players.as_array().unwrap().iter().any(|player| player["name"] == "<img src=x onerror=alert(1)>"),
        "as it is: a page must escape it"
    );
    assert_eq!(seen["players"]["online"], 2);
    let found = json(&Request::from(HERE).get(&mut rig, "/api/v1/players?name=%3Cimg"));
    assert_eq!(found[0]["steam_id"], BEN.to_string());
}

#[test]
fn who_watches_is_told_once_a_second_and_only_what_is_new() {
    let mut rig = server();
    let conn = rig.open_from(HERE);
    rig.send(conn, &Request::from(HERE).bytes("GET", "/api/v1/live", ""));
    let first = rig.read(conn);
    assert!(first.contains("text/event-stream") && !first.contains("Content-Length"), "{first}");
    let events: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events, ["session", "state", "history"]);
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.read(conn), "", "nothing happened");
    rig.pass(Duration::from_secs(6));
    assert_eq!(rig.read(conn), ": still here\n\n");
    login(&mut rig, ANN, "Ann");
    login(&mut rig, BEN, "Ben");
    rig.pass(Duration::from_secs(1));
    let news = rig.read(conn);
    assert_eq!(news.matches("event: state").count(), 1, "{news}");
    assert!(news.contains(r#""online":2"#), "{news}");
    rig.pass(Duration::from_mins(1));
    assert!(rig.read(conn).contains("event: history"));
    rig.leave(conn);
    rig.pass(Duration::from_secs(2));
    let quiet = rig.server.next_deadline();
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.server.next_deadline(), quiet, "nobody watches, so nothing is rendered");
}

#[test]
fn who_watches_is_let_go_when_the_server_stops() {
    let mut rig = server();
    let conn = rig.open_from(HERE);
    rig.send(conn, &Request::from(HERE).bytes("GET", "/api/v1/live", ""));
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    assert!(rig.closed(conn).is_some() && rig.server.is_idle());
}

#[test]
fn settings_hold_at_once_are_kept_and_can_be_taken_back() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    let status_xml = |rig: &mut Rig<Mmcos>| {
        rig.ask(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!(
        status(
            &operator().order(&mut rig, ("PUT", "settings/message", r#"{"value":"Races at eight & nine"}"#))
        ),
        "200"
    );
    assert!(status_xml(&mut rig).contains("Races at eight &amp; nine"));
    assert_eq!(
        status(&operator().order(&mut rig, ("PUT", "settings/maintenance", r#"{"value":"true"}"#))),
        "200"
    );
    assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "503");
    let ready = Request::from(HERE).get(&mut rig, "/readyz");
    assert_eq!(status(&ready), "503");

    let kept: Vec<Record> = std::mem::take(&mut rig.records);
    let mut again = server();
    for record in kept {
        again.server.restore(record).unwrap();
    }
    assert!(status_xml(&mut again).contains("Races at eight &amp; nine"));
    assert_eq!(status(&login_answer(&mut again, ANN, "Ann")), "503");
    assert!(again.server.service().snapshot().any(|record| matches!(record, Record::Setting { .. })));
    for name in ["message", "maintenance"] {
        assert_eq!(status(&operator().order(&mut again, ("DELETE", &format!("settings/{name}"), ""))), "200");
    }
    assert!(status_xml(&mut again).contains("Server is up!"));
    assert_eq!(status(&login_answer(&mut again, ANN, "Ann")), "200");
    for (path, body) in [
        ("settings/nothing", r#"{"value":"1"}"#),
        ("settings/poll-seconds", r#"{"value":"0"}"#),
        ("settings/message", "{"),
    ] {
        let refused = operator().order(&mut again, ("PUT", path, body));
        assert!(["400", "404"].contains(&status(&refused)), "{refused}");
    }
}

#[test]
fn a_kicked_player_searches_no_more_and_logs_in_anew() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let search = Search::race(&token, 10).begin(&mut rig);
    let kick = ("POST", "players/1/kick", "");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, kick)), "200");
    assert!(rig.read(search).contains("cancelled"));
    assert_eq!(status(&get_elite(&mut rig, &token)), "401");
    rig.pass(Duration::from_secs(1));
    let token = login(&mut rig, ANN, "Ann");
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
}

#[test]
fn a_kicked_player_logs_in_anew_though_the_clock_was_set_back() {
    let mut rig = server();
    let kick = ("POST", "players/1/kick", "");
    let old = login(&mut rig, ANN, "Ann");
    for back in [0, 1, 3600] {
        assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, kick)), "200");
        rig.set_wall(Wall::from_secs(rig.wall().as_secs() - back));
        let new = login(&mut rig, ANN, "Ann");
        assert_eq!(status(&get_elite(&mut rig, &new)), "200", "{back} s back");
    }
    assert_eq!(status(&get_elite(&mut rig, &old)), "401");
}

#[test]
fn a_banned_player_is_out_until_the_ban_is_lifted() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let operator = || Request::from(ELSEWHERE).operator();
    let ban = format!(r#"{{"subject":"{ANN}","hours":1,"reason":"cheating","note":"seen"}}"#);
    assert_eq!(status(&operator().order(&mut rig, ("POST", "bans", &ban))), "200");
    assert_eq!(status(&get_elite(&mut rig, &token)), "403");
    let bans = json(&operator().get(&mut rig, "/api/v1/bans"));
    assert_eq!(
        (&bans[0]["name"], &bans[0]["reason"], &bans[0]["holds"]),
        (&"Ann".into(), &"cheating".into(), &true.into())
    );
    let lift = format!(r#"{{"subject":"{ANN}"}}"#);
    assert_eq!(status(&operator().order(&mut rig, ("POST", "bans/lift", &lift))), "200");
    assert_eq!(status(&get_elite(&mut rig, &token)), "200");
}

#[test]
fn a_match_that_is_ended_takes_no_result() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let searches = [(0, 10), (1, 20)]
        .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(&mut rig));
    rig.pass(Duration::from_secs(30));
    let answer = rig.read(searches[0]);
    let [session, race_key] = ["SessionId", "RaceKey"].map(|name| world::text(&answer, name).to_owned());
    let end = format!("matches/{session}/end");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["matches"]["running"], 0);
    let scored = world::add_points(&mut rig, &tokens[0], &race_key, 10);
    assert_eq!(world::text(&scored, "Points"), "0");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "404");
}

#[test]
fn what_has_not_come_of_an_ended_match_does_not_count_and_what_has_come_stays() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let searches = [(0, 10), (1, 20)]
        .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(&mut rig));
    rig.pass(Duration::from_secs(30));
    let answer = rig.read(searches[0]);
    let [session, race_key] = ["SessionId", "RaceKey"].map(|name| world::text(&answer, name).to_owned());
    let score = |rig: &mut Rig<Mmcos>, player: usize| {
        let answer = world::add_points(rig, &tokens[player], &race_key, 10);
        world::text(&answer, "Points").to_owned()
    };
    assert_eq!(score(&mut rig, 0), "10");
    let end = format!("matches/{session}/end");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "200");
    assert_eq!(score(&mut rig, 1), "0", "it comes too late");
    assert_eq!(score(&mut rig, 0), "10", "it is told again what it was told");
    let records = std::mem::take(&mut rig.records);
    let mut again = server();
    for record in records {
        again.server.restore(record).unwrap();
    }
    assert_eq!([score(&mut again, 1), score(&mut again, 0)], ["0", "10"]);
}

#[test]
fn the_number_of_an_ended_match_is_not_given_again_after_a_restart() {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    let meet = |rig: &mut Rig<Mmcos>| {
        let searches = [(0, 10), (1, 20)]
            .map(|(player, lobby): (usize, u64)| Search::race(&tokens[player], lobby).begin(rig));
        rig.pass(Duration::from_secs(30));
        world::text(&rig.read(searches[0]), "SessionId").parse::<u64>().unwrap()
    };
    let first = meet(&mut rig);
    let end = format!("matches/{first}/end");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().order(&mut rig, ("POST", &end, ""))), "200");
    let mut again = server();
    for record in rig.server.service().snapshot() {
        again.server.restore(record).unwrap();
    }
    assert!(meet(&mut again) > first);
}

#[test]
fn an_event_is_started_and_stopped() {
    let mut rig = server();
    let operator = || Request::from(ELSEWHERE).operator();
    assert_eq!(
        status(&operator().order(&mut rig, ("POST", "event/start", r#"{"event":"chaos","hours":3}"#))),
        "200"
    );
    let event = state(&mut rig)["event"].clone();
    assert_eq!((&event["name"], &event["on"]), (&"chaos".into(), &true.into()));
    assert_eq!(status(&operator().order(&mut rig, ("POST", "event/stop", ""))), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(state(&mut rig)["event"], Value::Null);
    assert_eq!(
        status(&operator().order(&mut rig, ("POST", "event/start", r#"{"event":"rally","hours":3}"#))),
        "400"
    );
}

#[test]
fn metrics_count_what_happened() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    Search::race(&token, 10).begin(&mut rig);
    rig.ask(&world::login_request("not a ticket", "Eve"));
    rig.input(Input::Committed { took: Duration::from_millis(7) });
    let text = Request::from(HERE).get(&mut rig, "/metrics");
    for line in [
        "mmcos_requests_total{endpoint=\"Login\",status=\"200\"} 1",
        "mmcos_requests_total{endpoint=\"Login\",status=\"401\"} 1",
        "mmcos_requests_total{endpoint=\"EnterMatchmaking2\",status=\"200\"} 1",
        "mmcos_logins_refused_total{reason=\"ticket\"} 1",
        "mmcos_held_polls 1",
        "mmcos_players_searching{rules=\"Race\",ranked=\"false\"} 1",
        "mmcos_players_online 1",
        "mmcos_store_commit_seconds_bucket{le=\"0.005\"} 0",
        "mmcos_store_commit_seconds_bucket{le=\"0.010\"} 1",
        "mmcos_store_commit_seconds_sum 0.007000",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    // The format, as strictly as its readers have it: every sample belongs to the family announced before it.
    let mut families = Vec::new();
    for line in body(&text).lines() {
        match line.strip_prefix("# TYPE ") {
            Some(family) => families.push(family.split(' ').next().unwrap()),
            None if line.starts_with("# HELP ") => {}
            None => {
                let family = families.last().unwrap();
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(name.starts_with(family) && value.parse::<f64>().is_ok(), "{line}");
            }
        }
    }
    let count = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), count, "a family is announced twice");
}

#[test]
fn pages_are_for_everybody_at_their_paths() {
    let mut config = trusting();
    let page = |path: &str, body: &str| StaticPage {
        path: path.into(),
        content_type: "text/html".into(),
        policy: "default-src 'none'".into(),
        body: body.as_bytes().into(),
    };
    config.pages = vec![page("/", "welcome"), page("/setup.cmd", "script")];
    let mut rig = world::rig(config);
    assert_eq!(body(&Request::from(ELSEWHERE).at("anything.example").get(&mut rig, "/")), "welcome");
    let script = Request::from(ELSEWHERE).get(&mut rig, "/setup.cmd");
    assert_eq!(
        (body(&script), field(&script, "Content-Security-Policy")),
        ("script", Some("default-src 'none'"))
    );
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, "/setup.sh")), "404");
}
