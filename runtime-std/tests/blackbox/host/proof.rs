//! The dashboard from the internet: through proxies and tunnels that end on this machine, with and without a proof.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use crate::blackbox::rig::{
    client::{Answer, Client},
    player::Player,
    process::{Server, program},
    tls,
};

/// Paths that only the operator may read.
const READS: [&str; 13] = [
    "/api/v1/state",
    "/api/v1/live",
    "/api/v1/history",
    "/api/v1/players?search=",
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
const PUBLIC: [&str; 7] = ["/", "/setup.sh", "/setup.cmd", "/admin", "/api/v1/status", "/healthz", "/readyz"];

/// Starts a TCP tunnel to this address, like that of `ssh -R` or frp: it passes on bytes, and does not tell where
/// they come from.
fn tunnel(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    };
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(to).unwrap();
            copy(client.try_clone().unwrap(), server.try_clone().unwrap());
            copy(server, client);
        }
    });
    address
}

/// Returns the heads of a request from the internet, as unconfigured proxies pass it on.
fn passed_on(path: &str, server: SocketAddr) -> [(&'static str, String); 5] {
    let upstream = format!("127.0.0.1:{}", server.port());
    [
        ("nginx from 1.29.7 on", format!("GET {path} HTTP/1.1\r\nHost: {upstream}\r\n\r\n")),
        ("nginx before", format!("GET {path} HTTP/1.0\r\nHost: {upstream}\r\nConnection: close\r\n\r\n")),
        ("HAProxy", format!("GET {path} HTTP/1.1\r\nhost: race.example.org\r\n\r\n")),
        (
            "Caddy",
            format!(
                "GET {path} HTTP/1.1\r\nHost: race.example.org\r\nX-Forwarded-For: 203.0.113.9\r\n\
                 X-Forwarded-Host: race.example.org\r\nX-Forwarded-Proto: https\r\n\r\n"
            ),
        ),
        ("a tunnel", format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")),
    ]
}

#[test]
fn a_stranger_behind_a_proxy_or_a_tunnel_sees_what_is_public() {
    for proxies in ["", "127.0.0.1"] {
        let proxies = ["--trusted-proxies", proxies, "--host-names", "race.example.org"];
        let server = Server::start_with(&[&proxies[..], &["--admin-networks", "all"]].concat());
        let ann = Player::named(Client::plain(server.http), 1, "Annabella");
        let tunnel = tunnel(server.http);
        for path in READS {
            for (name, head) in passed_on(path, server.http) {
                for mut client in [
                    Client::plain(server.http),
                    Client::plain(tunnel),
                    Client::tls(server.https, &tls::modern()),
                ] {
                    let answer = client.ask(head.as_bytes());
                    assert_eq!(answer.status, 401, "{path} by {name}");
                    assert!(!answer.text().contains("Annabella"), "{path} by {name}");
                }
            }
        }
        for path in PUBLIC {
            for (name, head) in passed_on(path, server.http) {
                let answer = Client::plain(tunnel).ask(head.as_bytes());
                assert_eq!(answer.status, 200, "{path} by {name}");
                assert!(!answer.text().contains("Annabella"), "{path} by {name}");
            }
        }
        drop(ann);
    }
}

#[test]
fn a_browser_may_come_by_the_public_name_and_by_no_foreign_one() {
    let server =
        Server::start_with(&["--public-address", "race.example.org", "--host-names", "other.example"]);
    let body = serde_json::json!({ "password": server.password() }).to_string();
    for (host, is_ours) in [("race.example.org", true), ("Other.example:80", true), ("evil.example", false)] {
        let ask = |request: String| Client::plain(server.http).ask(request.as_bytes()).status;
        let login = ask(format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let read = ask(format!("GET /api/v1/state HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!([login, read], if is_ours { [200, 401] } else { [403, 403] }, "{host}");
    }
}

fn cookie(answer: &Answer) -> Option<&str> {
    let line = answer.head.lines().find_map(|line| line.strip_prefix("Set-Cookie: "))?;
    line.split(';').next()
}

/// Sends a GET with these fields, with the server's own address.
fn ask(server: &Server, path: &str, fields: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", server.http);
    Client::plain(server.http).ask(request.as_bytes())
}

/// Returns the path of the link in a text for the operator.
fn link(text: &str) -> String {
    let (_, token) = text.split_once("/admin/link/").unwrap_or_else(|| panic!("no link in {text}"));
    format!("/admin/link/{}", token.split_whitespace().next().unwrap())
}

fn logs_in_once(server: &Server, link: &str) {
    let opened = ask(server, link, "");
    assert_eq!(opened.status, 303, "{}", opened.head);
    let cookie = format!("Cookie: {}\r\n", cookie(&opened).unwrap());
    assert_eq!(ask(server, "/api/v1/state", &cookie).status, 200);
    let again = ask(server, link, "");
    assert_eq!((again.status, self::cookie(&again)), (410, None));
}

#[test]
fn the_link_of_the_start_and_those_of_admin_link_log_in_once() {
    let server = Server::start();
    let printed = server.says("Dashboard ");
    assert!(printed.contains(&format!("http://{}/admin/link/", server.http)), "{printed}");
    logs_in_once(&server, &link(&printed));
    let mut links = Vec::new();
    for _ in 0..2 {
        let output = program(server.scratch(), &["admin-link"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        links.push(link(&String::from_utf8(output.stdout).unwrap()));
    }
    assert_ne!(links[0], links[1]);
    for link in &links {
        logs_in_once(&server, link);
    }
    // The operator may have changed the password in its file meanwhile.
    fs::write(server.data().join("operator-password"), "another long password").unwrap();
    assert!(program(server.scratch(), &["admin-link"]).output().unwrap().status.success());

    let scratch = server.stop();
    let output = program(&scratch, &["admin-link"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("no server with a dashboard runs"), "{errors}");
}

#[test]
fn a_link_is_made_over_tls_where_there_is_nothing_else() {
    let server = Server::start();
    let console = server.data().join("admin-console");
    let text = fs::read_to_string(&console).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&console, format!("https://{}\n{rest}", server.https)).unwrap();
    let output = program(server.scratch(), &["admin-link"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    logs_in_once(&server, &link(&String::from_utf8(output.stdout).unwrap()));
}

#[test]
fn strangers_with_wrong_passwords_keep_no_operator_out() {
    let server = Server::start_with(&["--trusted-proxies", "127.0.0.1", "--admin-networks", "all"]);
    let password = server.password();
    let settings = |token: &str, from: &str| {
        let from = if from.is_empty() { String::new() } else { format!("X-Forwarded-For: {from}\r\n") };
        ask(&server, "/api/v1/settings", &format!("{from}Authorization: Bearer {token}\r\n")).status
    };
    for number in 0..300 {
        settings("wrong", &format!("2001:db8:0:{number:x}::1"));
        settings("wrong", "198.51.100.1");
        settings("wrong", "");
        if number % 20 == 0 {
            for from in ["198.51.100.1", "203.0.113.5", "2001:db8:0:1::1", ""] {
                assert_eq!(settings(&password, from), 200, "{number} {from}");
            }
        }
    }
    assert_eq!(settings("wrong", "198.51.100.1"), 429);
}
