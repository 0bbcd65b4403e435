//! A listener for operators alone: `admin-listen`.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
};

use crate::blackbox::host::doctor::doctor;
use crate::blackbox::rig::{
    client::{Answer, Client, REDIRECT},
    process::{Scratch, Server, program, run},
    tls,
};

fn get(server: &Server, mut client: Client, path: &str) -> Answer {
    let (host, token) = (server.http, server.password());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
    client.ask(request.as_bytes())
}

/// Returns the address of the listener for operators, as the text at the start names it.
fn admin_of(server: &Server) -> SocketAddr {
    server.says("Operators ").split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn operators_are_served_at_their_listener_alone() {
    let server = Server::start_with(&["--admin-listen", "127.0.0.1:0", "--open-metrics", "true"]);
    let admin = admin_of(&server);
    let config = tls::modern();
    for path in ["/admin", "/admin/script.js", "/api/v1/state", "/api/v1/openapi.json", "/metrics"] {
        assert_eq!(get(&server, Client::plain(admin), path).status, 200, "{path}");
        for client in [Client::plain(server.http), Client::tls(server.https, &config)] {
            assert_eq!(get(&server, client, path).status, 404, "{path}");
        }
    }
    for path in ["/", "/setup.cmd", "/setup.sh", "/leaderboard", "/privacy", REDIRECT] {
        assert_eq!(get(&server, Client::plain(admin), path).status, 404, "{path}");
        assert_eq!(get(&server, Client::plain(server.http), path).status, 200, "{path}");
    }
    for path in ["/healthz", "/readyz", "/api/v1/status"] {
        for address in [admin, server.http] {
            assert_eq!(get(&server, Client::plain(address), path).status, 200, "{path}");
        }
    }
}

#[test]
fn every_command_of_the_host_finds_the_listener() {
    let server = Server::start_with(&["--admin-listen", "127.0.0.1:0"]);
    let admin = admin_of(&server);
    let link = server.says("Dashboard ");
    assert!(link.contains(&format!(" http://{admin}/admin/link/")), "{link}");
    let elsewhere = server.says("On this machine alone");
    assert!(elsewhere.contains(&format!(" ssh -L {}:{admin} SERVER ", admin.port())), "{elsewhere}");
    let run = |words: &[&str]| {
        let output = program(server.scratch(), words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["admin-link"]).starts_with(&format!("http://{admin}/admin/link/")));
    assert!(run(&["admin", "state"]).contains("players online"));
    assert_eq!(run(&["health"]), "ok\n");
    let (_, report) = doctor(&server.data(), &[]);
    let found = format!("ok admin-listen mmcos responds on {admin}, to operators alone");
    assert!(report.contains(&found), "{report}");
}

#[test]
fn a_server_without_a_dashboard_says_that_the_setting_is_not_used() {
    let server = Server::start_with(&["--admin-listen", "127.0.0.1:0", "--admin", "false"]);
    server.logs("admin-listen is not used");
    let (_, report) = doctor(&server.data(), &[]);
    assert!(report.contains("warning admin-listen not used"), "{report}");
    let scratch = server.stop();
    let flags = ["--https", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--admin", "false"];
    let (_, report) = doctor(&scratch.data(), &flags);
    assert!(report.contains("warning admin-listen not used"), "{report}");
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_the_setting() {
    let start = |http: &str, admin: &str| {
        let flags = ["--http", http, "--https", "127.0.0.1:0", "--admin-listen", admin];
        let said = run(&Scratch::new(), &flags);
        assert_eq!(said.status, Some(1), "{}", said.errors);
        said.errors
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let errors = start("127.0.0.1:0", &address.to_string());
    for help in [&*address.to_string(), "another program already listens", "ss -ltnp", "--admin-listen"] {
        assert!(errors.contains(help), "{help}: {errors}");
    }
    drop(taken);
    let expected =
        format!("admin-listen cannot have port {}, which this server uses for `http`", address.port());
    for http in [address.to_string(), address.port().to_string()] {
        let errors = start(&http, &address.to_string());
        assert!(errors.contains(&expected) && !errors.contains("another program"), "{errors}");
    }
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).unwrap();
    let port = address.port().to_string();
    let (status, report) =
        doctor(&scratch.data(), &["--http", &port, "--https", "off", "--admin-listen", &port]);
    assert!(status == Some(1) && report.contains(&format!("PROBLEM admin-listen {expected}")), "{report}");
}

#[test]
fn a_reload_leaves_the_listener_and_says_that_it_needs_a_restart() {
    let scratch = Scratch::new();
    let file = scratch.0.join("mmcos.toml");
    fs::write(&file, "admin-listen = \"127.0.0.1:0\"\n").unwrap();
    let server = Server::start_in(scratch, &["--config", file.to_str().unwrap()]);
    let admin = admin_of(&server);
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(&file, format!("admin-listen = \"{other}\"\n")).unwrap();
    server.signal("-HUP");
    server.logs("other changes in mmcos.toml need a restart");
    assert_eq!(get(&server, Client::plain(admin), "/api/v1/state").status, 200);
    assert_eq!(get(&server, Client::plain(server.http), "/api/v1/state").status, 404);
    assert!(TcpStream::connect(other).is_err());
    let scratch = server.stop();
    let server = Server::start_in(scratch, &["--config", file.to_str().unwrap()]);
    assert_eq!(admin_of(&server), other);
    assert_eq!(get(&server, Client::plain(other), "/api/v1/state").status, 200);
}
