//! The invented game of the example, served: two players meet over TLS, and a victory survives a kill.
#![cfg(test)]

#[path = "../../core/examples/toy_game.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod toy_game;

#[path = "../../runtime-std/tests/blackbox/rig/served.rs"]
mod served;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use mmcos_core::trace::replay;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use served::Served;

/// The example's program. A run of all tests builds it; a run of this one alone does not.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples/duel");
    assert!(program.exists(), "first run: cargo build -p mmcos-smol --example duel");
    program
});

fn start(directory: &Path, arguments: &[&str]) -> Served {
    let addresses = ["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data-dir", "data"];
    let mut command = Command::new(&*PROGRAM);
    Served::start(command.args(addresses).args(arguments).current_dir(directory).stderr(Stdio::null()))
}

fn plain(server: &Served, request: &str) -> String {
    let mut stream = connect(server.http);
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    tcp
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// Returns the response to a client that trusts this certificate.
fn over_tls(address: SocketAddr, certificate: &[u8], path: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, connect(address));
    stream.write_all(get(path).as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{response}");
    body.to_owned()
}

#[test]
fn two_meet_over_tls_and_a_victory_survives_a_kill() {
    let directory = std::env::temp_dir().join(format!("duel-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    let server = start(&directory, &[]);
    let certificate = fs::read(directory.join("data/certificate-p256.pem")).unwrap();
    let https = server.https;
    let ann = thread::spawn({
        let certificate = certificate.clone();
        move || over_tls(https, &certificate, "/duel?ann")
    });
    let bob = over_tls(https, &certificate, "/duel?bob");
    let mut met = [ann.join().unwrap(), bob];
    met.sort();
    assert_eq!(met, ["ann\n", "bob\n"]);
    assert_eq!(over_tls(https, &certificate, "/won?ann"), "1\n");

    let password = fs::read_to_string(directory.join("data/operator-password")).unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n\r\n", password.trim());
    let metrics = plain(&server, &get("/metrics").replace("\r\n\r\n", &format!("\r\n{bearer}")));
    assert!(
        metrics.contains("\nduel_players 1\n") && metrics.contains("\nduel_store_commit_seconds_count"),
        "{metrics}"
    );
    assert!(plain(&server, &get("/metrics")).starts_with("HTTP/1.1 401 "));
    // This game has no host names, no dashboard and no instructions for operators.
    let printed: Vec<String> = server.lines.lock().unwrap().try_iter().collect();
    assert!(printed.iter().any(|line| line.starts_with("Configuration ")), "{printed:?}");
    assert!(
        !printed.iter().any(|line| ["hosts", "docs/", "admin"].iter().any(|word| line.contains(word))),
        "{printed:?}"
    );
    let said = Command::new(&*PROGRAM).arg("admin-link").current_dir(&directory).output().unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("there is no command `admin-link`"), "{said:?}");
    drop(server);

    let server = start(&directory, &["--record", "evening.trace"]);
    assert_eq!(over_tls(server.https, &certificate, "/won?ann"), "2\n");
    drop(server);
    let trace = fs::read_to_string(directory.join("evening.trace")).unwrap();
    assert!(replay::<toy_game::Duel>(&trace).unwrap().inputs > 2, "{trace}");
    fs::remove_dir_all(&directory).unwrap();
}
