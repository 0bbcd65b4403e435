//! What is stored of people, and the networks in which operators are served.

use crate::blackbox::rig::{
    client::{Answer, Client},
    process::Server,
};

fn send(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    let (host, token, length) = (server.http, server.password(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Client::plain(server.http).ask(request.as_bytes())
}

#[test]
fn operators_are_served_in_the_networks_of_the_configuration() {
    let server = Server::start_with(&["--admin-networks", "203.0.113.0/24"]);
    for path in ["/admin", "/api/v1/state", "/metrics"] {
        let answer = send(&server, "GET", path, "");
        assert_eq!(answer.status, 403, "{path}");
        assert!(
            answer.text().contains("admin-networks") && answer.text().contains("127.0.0.1"),
            "{}",
            answer.text()
        );
    }
    let page = send(&server, "GET", "/admin", "");
    assert!(page.text().contains("ssh -L"), "{}", page.text());
    for path in ["/", "/api/v1/status", "/healthz"] {
        assert_eq!(send(&server, "GET", path, "").status, 200, "{path}");
    }
    let server = Server::start();
    assert_eq!(send(&server, "GET", "/api/v1/state", "").status, 200, "this machine is private");
}
