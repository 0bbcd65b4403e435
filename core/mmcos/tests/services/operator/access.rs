//! Proofs: password, bearer token, admin session, one-time link; and that nothing else opens the API.

use std::time::Duration;

use mmcos_core::{
    admin::{LINK_LIFETIME, Password, Token},
    seam::{ConnId, Input, ListenerKind},
};
use mmcos_game::Mmcos;

use super::{
    ANN, COMMANDS, ELSEWHERE, HERE, PASSWORD, Request, field, json, log_in, password, server, server_with,
    world::{self, login, trusting},
};
use crate::rig::{Rig, status};
use crate::world::Hosted;

const READS: [&str; 13] = [
    "/api/v1/state",
    "/api/v1/live",
    "/api/v1/history",
    "/api/v1/players",
    "/api/v1/players/1/details",
    "/api/v1/matches",
    "/api/v1/results",
    "/api/v1/log",
    "/api/v1/checklist",
    "/api/v1/bans",
    "/api/v1/settings",
    "/api/v1/events",
    "/metrics",
];

#[test]
fn every_command_takes_a_proof_from_anywhere() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    rig.records.clear();
    for from in [HERE, ELSEWHERE] {
        for order in COMMANDS {
            let answer = Request::from(from).command(&mut rig, order);
            assert_eq!(status(&answer), "401", "{order:?} {answer}");
            let answer =
                Request::from(from).with("Cookie", "mmcos_operator=x").with("Origin", "http://192.168.1.20");
            assert_eq!(status(&answer.command(&mut rig, order)), "401", "{order:?}");
        }
    }
    assert!(rig.records.is_empty(), "{:?}", rig.records);
    for order in COMMANDS {
        let answer = Request::from(ELSEWHERE).operator().command(&mut rig, order);
        let expected = if ["matches/1/end", "apart/3-4/end"].contains(&order.1) { "404" } else { "200" };
        assert_eq!(status(&answer), expected, "{order:?} {answer}");
    }
    assert!(rig.events.iter().filter(|event| event.contains("Operator {")).count() >= 8, "{:?}", rig.events);
}

/// A proxy or a tunnel that ends on this machine sends its own address, its upstream's name, and no field of its own.
#[test]
fn nothing_about_a_connection_is_a_proof() {
    let mut rig = server();
    for path in READS {
        for from in [HERE, ELSEWHERE] {
            for host in ["127.0.0.1:8080", "localhost", "192.168.1.20"] {
                assert_eq!(status(&Request::from(from).at(host).get(&mut rig, path)), "401", "{path} {host}");
            }
        }
        let proved = Request::from(ELSEWHERE).operator().get(&mut rig, path);
        // No player has ever logged in.
        let expected = if path.ends_with("/details") { "404" } else { "200" };
        assert_eq!(status(&proved), expected, "{path}");
        let conn = rig.open_from(HERE);
        rig.send(conn, format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes());
        assert_eq!(status(&rig.read(conn)), "403", "{path} without a name");
    }
    assert_eq!(json(&Request::from(HERE).get(&mut rig, "/api/v1/session"))["access"], "public");
    let mut open = server_with(|admin| admin.open_metrics = true);
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut open, "/metrics")), "200");
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut open, "/api/v1/state")), "401");
}

#[test]
fn operators_are_served_in_their_networks_alone() {
    let inside = [10, 1, 2, 3];
    let mut rig = server_with(|admin| admin.networks = Some(vec!["10.0.0.0/8".parse().unwrap()]));
    let all = READS.into_iter().chain(["/admin", "/admin/script.js", "/admin/link/x", "/api/v1/session"]);
    for path in all.filter(|path| !path.ends_with("link/x") && !path.ends_with("/details")) {
        let answer = Request::from(ELSEWHERE).operator().get(&mut rig, path);
        assert_eq!(status(&answer), "403", "{path}: {answer}");
        assert!(answer.contains("203.0.113.7") && answer.contains("admin-networks"), "{path}: {answer}");
        assert_eq!(status(&Request::from(inside).operator().get(&mut rig, path)), "200", "{path}");
    }
    let before = rig.records.len();
    for order in COMMANDS {
        assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, order)), "403", "{order:?}");
    }
    let log_in = ("POST", "session", &*password(PASSWORD));
    assert_eq!(status(&Request::from(ELSEWHERE).command(&mut rig, log_in)), "403");
    assert_eq!(rig.records.len(), before);
    assert_eq!(status(&Request::from(inside).command(&mut rig, log_in)), "200");
    // Everything public stays so.
    for path in ["/healthz", "/readyz", "/api/v1/status", "/api/v1/openapi.json", "/leaderboard"] {
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, path)), "200", "{path}");
    }
    let mut open = server_with(|admin| {
        (admin.open_metrics, admin.networks) = (true, Some(vec!["10.0.0.0/8".parse().unwrap()]));
    });
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut open, "/metrics")), "200");
}

#[test]
fn operators_with_a_listener_of_their_own_are_served_there_alone() {
    let mut rig = server_with(|admin| (admin.own_listener, admin.open_metrics) = (true, true));
    let send = |rig: &mut Rig<Mmcos>, listener, method: &str, path: &str, body: &str| {
        let conn = rig.open_at(listener, HERE);
        rig.send(conn, &Request::from(HERE).operator().bytes(method, path, body));
        let answer = rig.read(conn);
        rig.leave(conn);
        answer
    };
    let pages = ["/admin", "/admin/script.js", "/api/v1/session", "/api/v1/openapi.json"];
    let operators = READS.into_iter().chain(pages).filter(|path| !path.ends_with("/details"));
    let public = ["/healthz", "/readyz", "/api/v1/status", "/api/v1/leaderboard"];
    let game = ["/privacy", "/leaderboard", "/MMCOS/MMCOS-ServerStatus/ServerStatus.xml"];
    for path in operators {
        assert_eq!(status(&send(&mut rig, ListenerKind::Admin, "GET", path, "")), "200", "{path}");
        for listener in [ListenerKind::Plain, ListenerKind::Tls] {
            // As a path that does not exist, to the byte.
            for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                let answer = send(&mut rig, listener, method, path, "");
                assert_eq!(status(&answer), "404", "{method} {path}");
                assert_eq!(answer, send(&mut rig, listener, method, "/absent", ""), "{method} {path}");
            }
        }
    }
    for path in public {
        for listener in ListenerKind::ALL {
            assert_eq!(status(&send(&mut rig, listener, "GET", path, "")), "200", "{path} {listener:?}");
        }
    }
    for path in game {
        assert_eq!(status(&send(&mut rig, ListenerKind::Plain, "GET", path, "")), "200", "{path}");
        assert_eq!(status(&send(&mut rig, ListenerKind::Admin, "GET", path, "")), "404", "{path}");
    }
    rig.records.clear();
    for (method, path, body) in COMMANDS {
        let path = format!("/api/v1/{path}");
        let answer = send(&mut rig, ListenerKind::Plain, method, &path, body);
        assert_eq!(status(&answer), "404", "{path}: {answer}");
    }
    assert!(rig.records.is_empty(), "{:?}", rig.records);
    let log_in = send(&mut rig, ListenerKind::Plain, "POST", "/api/v1/session", &password(PASSWORD));
    assert_eq!((status(&log_in), field(&log_in, "Set-Cookie")), ("404", None));
    let log_in = send(&mut rig, ListenerKind::Admin, "POST", "/api/v1/session", &password(PASSWORD));
    assert_eq!(status(&log_in), "200");
}

/// A link to a page that the listener does not serve would lead nowhere.
#[test]
fn strangers_are_sent_to_the_page_for_players_where_it_is() {
    let inside = || Some(vec!["10.0.0.0/8".parse().unwrap()]);
    for (listener, has_page) in [(ListenerKind::Plain, true), (ListenerKind::Admin, false)] {
        let mut rig = server_with(|admin| {
            (admin.own_listener, admin.networks) = (listener == ListenerKind::Admin, inside());
        });
        let conn = rig.open_at(listener, ELSEWHERE);
        rig.send(conn, &Request::from(ELSEWHERE).bytes("GET", "/admin", ""));
        let answer = rig.read(conn);
        assert_eq!(status(&answer), "403", "{answer}");
        assert!(answer.contains("Your address, 203.0.113.7,") && answer.contains("ssh -L"), "{answer}");
        assert_eq!(answer.contains("href=\"/\""), has_page, "{answer}");
    }
}

#[test]
fn health_is_for_every_prober() {
    let mut rig = server();
    for path in ["/healthz", "/readyz"] {
        for method in ["GET", "HEAD"] {
            for rest in [
                "HTTP/1.0\r\n\r\n",
                "HTTP/1.0\r\nHost: evil.example\r\n\r\n",
                "HTTP/1.1\r\nHost: backend_42\r\n\r\n",
                "HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer wrong\r\nSec-Fetch-Site: cross-site\r\n\r\n",
            ] {
                let conn = rig.open_from(ELSEWHERE);
                rig.send(conn, format!("{method} {path} {rest}").as_bytes());
                assert_eq!(status(&rig.read(conn)), "200", "{method} {path} {rest}");
            }
        }
    }
}

#[test]
fn other_sites_and_other_names_are_refused_without_a_token() {
    let mut rig = server();
    let cookie = log_in(&mut rig, ELSEWHERE);
    let ours = || Request::from(ELSEWHERE).with("Cookie", &cookie);
    let order = COMMANDS[0];
    assert_eq!(status(&ours().with("Origin", "http://192.168.1.20").command(&mut rig, order)), "200");
    for origin in [
        "http://evil.example",
        "null",
        "http://192.168.1.20:81",
        "http://192.168.1.200",
        "https://192.168.1.20.evil.example",
    ] {
        let answer = ours().with("Origin", origin).command(&mut rig, order);
        assert_eq!(status(&answer), "403", "{origin}");
    }
    assert_eq!(status(&ours().command(&mut rig, order)), "403", "a browser says where it comes from");
    for site in ["cross-site", "same-site"] {
        let answer = ours()
            .with("Origin", "http://192.168.1.20")
            .with("Sec-Fetch-Site", site)
            .command(&mut rig, order);
        assert_eq!(status(&answer), "403", "{site}");
        let answer = ours().with("Sec-Fetch-Site", site).get(&mut rig, "/api/v1/state");
        assert_eq!(status(&answer), "403", "{site}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.1.20.evil.example:80"] {
        let answer = ours().at(host).get(&mut rig, "/api/v1/state");
        assert_eq!(status(&answer), "403", "{host}");
        let says = format!("The dashboard cannot be opened as \\\"{host}\\\". Use the IP address");
        assert!(answer.contains(&says), "{answer}");
        let bearer = || Request::from(ELSEWHERE).operator().at(host).with("Origin", "http://evil.example");
        assert_eq!(status(&bearer().get(&mut rig, "/api/v1/state")), "200", "{host}: a token proves more");
        assert_eq!(status(&bearer().command(&mut rig, order)), "200", "{host}: a token proves more");
    }
    for host in ["localhost:8080", "[::1]", "race.example.org", "pi:8080", "raspberrypi.local"] {
        assert_eq!(status(&ours().at(host).get(&mut rig, "/api/v1/state")), "200", "{host}");
    }
    let foreign = Request::from(ELSEWHERE).with("Origin", "http://evil.example");
    assert_eq!(
        status(&foreign.command(&mut rig, ("POST", "session", &password(PASSWORD)))),
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
            .with("Cookie", &format!("theme=dark; mmcos_operator_81=x; {cookie}"))
            .with("Origin", "http://192.168.1.20")
    };
    let access = |rig: &mut Rig<Mmcos>| json(&browser().get(rig, "/api/v1/session"))["access"].clone();
    assert_eq!(access(&mut rig), "operator");
    assert_eq!(status(&browser().command(&mut rig, ("DELETE", "session", ""))), "200");
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
fn servers_on_one_machine_have_cookies_of_their_own() {
    let mut rig = server();
    let mut name = |host| {
        let answer = Request::from(HERE).at(host).command(&mut rig, ("POST", "session", &password(PASSWORD)));
        field(&answer, "Set-Cookie").unwrap().split('=').next().unwrap().to_owned()
    };
    assert_eq!(
        ["localhost:8080", "localhost:8081", "[::1]:8080", "localhost"].map(&mut name),
        ["mmcos_operator_8080", "mmcos_operator_8081", "mmcos_operator_8080", "mmcos_operator"]
    );
}

#[test]
fn a_session_that_began_on_tls_is_never_sent_in_the_clear() {
    let mut rig = server();
    let (conn, peer) = (ConnId(900), (ELSEWHERE, 50_000).into());
    rig.input(Input::Opened { conn, peer, listener: ListenerKind::Tls });
    rig.send(conn, &Request::from(ELSEWHERE).bytes("POST", "/api/v1/session", &password(PASSWORD)));
    let cookie = field(&rig.read(conn), "Set-Cookie").unwrap().to_owned();
    assert!(cookie.contains("; Secure") && cookie.starts_with("mmcos_operator_tls="), "{cookie}");
}

#[test]
fn a_link_logs_in_once_within_its_time() {
    let link = Token::new([1, 2]);
    let mut rig = server_with(|admin| admin.first_link = Some(link));
    let open = |rig: &mut Rig<Mmcos>, path: &str| Request::from(ELSEWHERE).get(rig, path);
    let path = format!("/admin/link/{link}");
    // Neither a request for a foreign name nor a prefetch uses it up.
    assert_eq!(status(&Request::from(ELSEWHERE).at("evil.example").get(&mut rig, &path)), "403");
    let ahead = Request::from(ELSEWHERE).with("Sec-Purpose", "prefetch;prerender").get(&mut rig, &path);
    assert_eq!((status(&ahead), field(&ahead, "Set-Cookie")), ("503", None));
    let head = Request::from(ELSEWHERE).send(&mut rig, "HEAD", &path, "");
    assert_eq!(field(&head, "Set-Cookie"), None);

    let opened = Request::from(ELSEWHERE).with("Sec-Fetch-Site", "cross-site").get(&mut rig, &path);
    assert_eq!((status(&opened), field(&opened, "Location")), ("303", Some("/admin")), "{opened}");
    let cookie = field(&opened, "Set-Cookie").unwrap().split(';').next().unwrap().to_owned();
    let state = |rig: &mut Rig<Mmcos>| {
        status(&Request::from(ELSEWHERE).with("Cookie", &cookie).get(rig, "/api/v1/state")).to_owned()
    };
    assert_eq!(state(&mut rig), "200");
    let again = open(&mut rig, &path);
    assert_eq!((status(&again), field(&again, "Set-Cookie")), ("410", None));
    assert!(again.contains("mmcos admin-link"), "{again}");
    assert_eq!(status(&open(&mut rig, "/admin/link/x")), "410");

    // A new link needs a proof, and expires by the monotonic clock.
    let make = ("POST", "links", "");
    assert_eq!(status(&Request::from(HERE).command(&mut rig, make)), "401");
    let mut another = || {
        let link = json(&Request::from(ELSEWHERE).operator().command(&mut rig, make));
        link["path"].as_str().unwrap().to_owned()
    };
    let [first, second] = [another(), another()];
    rig.set_wall(mmcos_core::seam::Wall::from_secs(rig.wall().as_secs() + 86_400));
    assert_eq!(status(&open(&mut rig, &first)), "303");
    rig.pass(LINK_LIFETIME);
    assert_eq!(status(&open(&mut rig, &second)), "410");
    assert_eq!(state(&mut rig), "200", "its session lives on");
}

#[test]
fn the_link_of_the_start_expires() {
    let link = Token::new([1, 2]);
    let mut rig = server_with(|admin| admin.first_link = Some(link));
    rig.pass(LINK_LIFETIME);
    assert_eq!(status(&Request::from(HERE).get(&mut rig, &format!("/admin/link/{link}"))), "410");
}

#[test]
fn a_stream_ends_with_its_session() {
    let mut rig = server();
    let watch = |rig: &mut Rig<Mmcos>, fields: (&str, &str)| {
        let conn = rig.open_from(ELSEWHERE);
        rig.send(conn, &Request::from(ELSEWHERE).with(fields.0, fields.1).bytes("GET", "/api/v1/live", ""));
        assert!(rig.read(conn).contains("event: state"));
        conn
    };
    let [one, other] = [log_in(&mut rig, ELSEWHERE), log_in(&mut rig, ELSEWHERE)];
    let streams = [watch(&mut rig, ("Cookie", &one)), watch(&mut rig, ("Cookie", &other))];
    let bearer = watch(&mut rig, ("Authorization", &format!("Bearer {PASSWORD}")));
    let browser = Request::from(ELSEWHERE).with("Cookie", &one).with("Origin", "http://192.168.1.20");
    browser.command(&mut rig, ("DELETE", "session", ""));
    assert!(rig.closed(streams[0]).is_some(), "by logging out, at once");
    login(&mut rig, ANN, "Ann");
    rig.pass(Duration::from_secs(2));
    assert!(rig.read(streams[1]).contains("event: state"), "others go on");
    // Nothing is sent after a session has expired, though much happens.
    rig.pass(Duration::from_hours(12) - Duration::from_secs(4));
    rig.read(streams[1]);
    login(&mut rig, ANN + 1, "Ben");
    rig.skip(Duration::from_secs(4));
    rig.input(Input::Tick);
    assert_eq!(rig.read(streams[1]), "");
    assert!(rig.closed(streams[1]).is_some(), "by expiring");
    assert!(rig.closed(bearer).is_none() && rig.read(bearer).contains("event: state"));
}

/// However often a dashboard is reloaded, only one timer runs.
#[test]
fn reloading_leaves_no_timer_behind() {
    for reloads in [0, 50] {
        let mut rig = server();
        let watch = Request::from(HERE).operator().bytes("GET", "/api/v1/live", "");
        let mut conn = rig.open();
        rig.send(conn, &watch);
        for _ in 0..reloads {
            rig.leave(conn);
            rig.skip(Duration::from_millis(10));
            conn = rig.open();
            rig.send(conn, &watch);
        }
        let (mut ticks, end) = (0, rig.elapsed() + Duration::from_secs(10));
        loop {
            let next = Duration::from_nanos(rig.server.next_deadline().unwrap().as_nanos());
            if next > end {
                break;
            }
            rig.skip(next.saturating_sub(rig.elapsed()));
            rig.input(Input::Tick);
            ticks += 1;
        }
        assert!(ticks <= 11, "{reloads} reloads: {ticks} wake-ups in 10 s");
    }
}

fn try_it(rig: &mut Rig<Mmcos>, from: [u8; 4], text: &str) -> String {
    let answer = Request::from(from).command(rig, ("POST", "session", &password(text)));
    status(&answer).to_owned()
}

#[test]
fn wrong_passwords_never_keep_a_random_one_out() {
    let mut rig = server_with(|admin| admin.password = Some(Password::random(PASSWORD, &[1; 32])));
    for number in 0..1500_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        for from in [ELSEWHERE, [10, a, b, c]] {
            let expected = if from == ELSEWHERE && number >= 3 { "429" } else { "401" };
            assert_eq!(try_it(&mut rig, from, "wrong"), expected, "{number}");
        }
    }
    assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "200", "from where they came");
    assert_eq!(try_it(&mut rig, [198, 51, 100, 1], PASSWORD), "200", "from elsewhere");
    assert_eq!(status(&Request::from(ELSEWHERE).operator().get(&mut rig, "/metrics")), "200");
    let logged =
        rig.events.iter().filter(|event| event.contains("203.0.113.7") && event.contains("WrongPassword"));
    assert_eq!(logged.count(), 3, "a guesser does not fill the log");
}

#[test]
fn guesses_at_a_chosen_password_are_limited_by_source() {
    let mut rig = server();
    for number in 0..100 {
        assert_eq!(try_it(&mut rig, ELSEWHERE, "wrong"), if number < 3 { "401" } else { "429" });
        if number == 50 {
            assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "200", "a few mistakes keep nobody out");
        }
    }
    let answer = Request::from(ELSEWHERE).operator().get(&mut rig, "/api/v1/state");
    assert_eq!((status(&answer), field(&answer, "Retry-After")), ("429", Some("900")), "{answer}");
    assert_eq!(try_it(&mut rig, [198, 51, 100, 9], PASSWORD), "200", "others are not held up");
    rig.pass(Duration::from_secs(20));
    assert_eq!(try_it(&mut rig, ELSEWHERE, PASSWORD), "200", "it is checked again soon");
}

#[test]
fn without_a_password_no_password_is_right_and_without_a_dashboard_there_is_only_what_is_public() {
    let mut rig = server_with(|admin| admin.password = None);
    assert_eq!(status(&Request::from(HERE).command(&mut rig, ("POST", "session", &password("")))), "401");
    assert_eq!(
        status(&Request::from(HERE).with("Authorization", "Bearer ").command(&mut rig, COMMANDS[0])),
        "401"
    );
    let mut hosted = Hosted::from(trusting());
    hosted.life.desk.admin = None;
    let mut none = world::rig(hosted);
    for path in ["/admin", "/api/v1/state", "/metrics", "/admin/link/x"] {
        assert_eq!(status(&Request::from(HERE).get(&mut none, path)), "404", "{path}");
    }
    for path in ["/healthz", "/readyz", "/api/v1/status"] {
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut none, path)), "200", "{path}");
    }
}
