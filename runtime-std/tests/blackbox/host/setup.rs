//! The page that players find with a browser, and the effects of its scripts.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::blackbox::rig::{
    client::{Answer, Client},
    process::{Scratch, Server, program},
    tls,
};

fn get(server: &Server, host: &str, path: &str, fields: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    let (plain, tls) = (Client::plain(server.http), Client::tls(server.https, &tls::modern()));
    let [plain, tls] = [plain, tls].map(|mut client| client.ask(request.as_bytes()));
    assert_eq!((&plain.body, plain.status), (&tls.body, tls.status), "both listeners say the same");
    plain
}

/// Returns the address that all three texts contain for this `Host`.
fn named(server: &Server, host: &str) -> String {
    let script = get(server, host, "/setup.sh", "").ok();
    let text = script.text();
    let (_, rest) = text.split_once("\nserver='").unwrap();
    let (address, _) = rest.split_once('\'').unwrap();
    let windows = get(server, host, "/setup.cmd", "").ok();
    assert!(windows.text().contains(&format!("$server = '{address}'\r\n")), "{host}");
    let page = get(server, host, "/", "").ok();
    for answer in [&script, &windows, &page] {
        assert!(answer.head.contains("Cache-Control: no-store\r\n"), "{}", answer.head);
        assert!(answer.head.contains("Vary: Host\r\n"), "{}", answer.head);
    }
    let is_ip = address.contains(':') || !address.contains(|c: char| c.is_ascii_alphabetic());
    let line = format!("{} mmcos.codemasters.com", if is_ip { address } else { "ADDRESS-OF-THE-SERVER" });
    assert!(page.text().contains(&line), "{line}: {}", page.text());
    address.to_owned()
}

#[test]
fn the_address_that_the_visitor_used_is_named_else_the_public_one() {
    for public in ["198.51.100.1", "race.example.org"] {
        let server = Server::start_with(&["--public-address", public]);
        for (host, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:8080", "203.0.113.9"),
            ("192.168.1.20", "192.168.1.20"),
            ("[2001:db8::5]", "2001:db8::5"),
            ("[2001:db8::5]:443", "2001:db8::5"),
            ("127.0.0.1", public),
            ("[::1]:80", public),
            ("localhost", public),
            ("mmcos.codemasters.com", public),
            ("evil.example", public),
            ("203.0.113.9.evil.example", public),
        ] {
            assert_eq!(named(&server, host), expected, "{host}");
        }
        // An absolute target overrides `Host` (RFC 9112, 3.2.2).
        let absolute = get(&server, "192.168.1.20", "http://203.0.113.9:80/setup.sh", "").ok();
        assert!(absolute.text().contains("\nserver='203.0.113.9'\n"), "{}", absolute.text());
        let fields = "X-Forwarded-Host: 203.0.113.66\r\nForwarded: host=203.0.113.66\r\n";
        for path in ["/", "/setup.sh", "/setup.cmd"] {
            let page = get(&server, "evil'\"<b>$(reboot)", path, fields);
            assert!(page.status == 400 || !page.text().contains("reboot"), "{}", page.text());
            assert!(!page.text().contains("203.0.113.66"), "{}", page.text());
        }
    }
}

#[test]
fn without_any_other_address_the_one_that_was_used_is_enough() {
    let server = Server::start();
    assert_eq!(named(&server, "203.0.113.9:80"), "203.0.113.9");
}

/// A player's computer with this hosts file, and the script of a server that replaces port 443.
struct Computer {
    scratch: Scratch,
    hosts: PathBuf,
    port: u16,
}

impl Computer {
    fn new(server: &Server, host: &str, hosts: &[u8]) -> Self {
        let scratch = Scratch::new();
        let file = scratch.0.join("hosts");
        fs::write(&file, hosts).unwrap();
        let script = get(server, host, "/setup.sh", "").ok();
        fs::write(scratch.0.join("setup.sh"), script.body).unwrap();
        Self { hosts: file, scratch, port: server.https.port() }
    }

    fn shell(&self) -> Command {
        let mut shell = Command::new("sh");
        shell.env("HOSTS_FILE", &self.hosts).env("GAME_PORT", self.port.to_string());
        shell.current_dir(&self.scratch.0);
        shell
    }

    fn run(&self, action: &[&str]) -> Output {
        self.shell().arg("setup.sh").args(action).output().unwrap()
    }

    /// Runs the script as `curl … | sh` does.
    fn pipe(&self, action: &[&str]) -> Output {
        let script = fs::File::open(self.scratch.0.join("setup.sh")).unwrap();
        self.shell().arg("-s").args(action).stdin(Stdio::from(script)).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn the_script_of_a_running_server_adds_and_undoes() {
    let server = Server::start();
    // Latin-1, lines made by hand, no end of the last line.
    let original = b"# Spielger\xe4te\n127.0.0.1 localhost\n10.1.1.1 mmcos.codemasters.com # von Hand";
    let computer = Computer::new(&server, "203.0.113.9:8080", original);
    let offered = computer.pipe(&[]);
    assert_eq!(offered.status.code(), Some(1), "{}", said(&offered));
    assert!(said(&offered).contains("sh -s replace"), "{}", said(&offered));
    assert_eq!(fs::read(&computer.hosts).unwrap(), original);
    for again in [false, true] {
        let added = computer.pipe(&["replace"]);
        assert!(added.status.success(), "{}", said(&added));
        assert_eq!(said(&added).contains("there already"), again, "{}", said(&added));
        let hosts = String::from_utf8_lossy(&fs::read(&computer.hosts).unwrap()).into_owned();
        assert!(hosts.contains("\n203.0.113.9 mmcos.codemasters.com\n"), "{hosts}");
        assert!(hosts.ends_with("\n# mmcos replaced: 10.1.1.1 mmcos.codemasters.com # von Hand"), "{hosts}");
    }
    assert!(computer.run(&["undo"]).status.success());
    assert_eq!(fs::read(&computer.hosts).unwrap(), original);
    assert_eq!(fs::read(computer.scratch.0.join("hosts.before-mmcos")).unwrap(), original);
}

#[test]
fn the_test_of_the_connection_knows_this_server() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let server = Server::start_with(&["--public-address", "127.0.0.1"]);
    let mut computer = Computer::new(&server, "localhost", b"");
    let right = computer.run(&["test"]);
    let tls = server_config(&server.data().join("certificate-p256.pem"));
    assert!(right.status.success() && said(&right).contains("The server responds."), "{}", said(&right));
    // A web server, with TLS and without.
    for (wrong, means) in [(Some(tls), "another program"), (None, "No server responds")] {
        computer.port = a_web_server(wrong).port();
        let output = computer.pipe(&["test"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(means), "{}", said(&output));
    }
}

#[test]
fn the_program_does_what_the_script_does_and_each_undoes_the_other() {
    let server = Server::start();
    let original = b"# Spielger\xe4te\r\n127.0.0.1 localhost\n10.1.1.1 mmcos.codemasters.com # von Hand";
    let computer = Computer::new(&server, "203.0.113.9:8080", original);
    let player = |arguments: &[&str], port: u16| {
        let arguments = [&["setup-player"], arguments].concat();
        let mut command = program(&computer.scratch, &arguments);
        command.env("HOSTS_FILE", &computer.hosts).env("GAME_PORT", port.to_string());
        command.output().unwrap()
    };
    let hosts = || fs::read(&computer.hosts).unwrap();
    let refused = player(&["127.0.0.1"], computer.port);
    assert!(!refused.status.success() && said(&refused).contains("127.0.0.1 replace"), "{}", said(&refused));
    assert_eq!(hosts(), original);

    let added = player(&["127.0.0.1", "replace"], computer.port);
    assert!(added.status.success() && said(&added).contains("The server responds."), "{}", said(&added));
    assert!(String::from_utf8_lossy(&hosts()).contains("\n127.0.0.1 mmcos.codemasters.com\n"));
    let undone = computer.run(&["undo"]);
    assert!(undone.status.success(), "{}", said(&undone));
    assert_eq!(hosts(), original);

    assert!(computer.pipe(&["replace"]).status.success());
    let undone = player(&["undo"], computer.port);
    assert!(undone.status.success() && said(&undone).contains("were removed"), "{}", said(&undone));
    assert_eq!(hosts(), original);
    assert_eq!(fs::read(computer.scratch.0.join("hosts.before-mmcos")).unwrap(), original);

    let stranger = player(&["127.0.0.1", "test"], a_web_server(None).port());
    assert_eq!(stranger.status.code(), Some(1), "{}", said(&stranger));
    assert!(said(&stranger).contains("another program"), "{}", said(&stranger));
}

#[test]
fn the_page_shows_the_checksums_of_the_scripts_that_this_visitor_gets() {
    let server = Server::start();
    for host in ["203.0.113.9", "192.168.1.20"] {
        let page = get(&server, host, "/", "").ok();
        for script in ["setup.sh", "setup.cmd"] {
            let text = get(&server, host, &format!("/{script}"), "").ok();
            let file = server.scratch().0.join(script);
            fs::write(&file, &text.body).unwrap();
            let sum = Command::new("sha256sum").arg(&file).output().unwrap();
            let sum = String::from_utf8(sum.stdout).unwrap();
            let line = format!("{}  {script}", sum.split_whitespace().next().unwrap());
            assert!(page.text().contains(&line), "{line}: {}", page.text());
        }
    }
}

/// Starts another program on the game's port, which responds to each connection with a page of its own.
fn a_web_server(tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let page = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 7\r\n\r\nwelcome";
        for tcp in listener.incoming().map_while(Result::ok) {
            let mut buffer = [0; 4096];
            if let Some(config) = &tls {
                let session = ServerConnection::new(config.clone()).unwrap();
                let mut tls = StreamOwned::new(session, tcp);
                let _ = tls.read(&mut buffer).and_then(|_| tls.write_all(page));
                tls.conn.send_close_notify();
                let _ = tls.flush();
            } else {
                let mut tcp = tcp;
                let _ = tcp.read(&mut buffer).and_then(|_| tcp.write_all(page));
            }
        }
    });
    address
}

/// Returns TLS with the certificate and key in this file.
fn server_config(pem: &Path) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(pem).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(pem).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    config.with_single_cert(chain, key).unwrap().into()
}
