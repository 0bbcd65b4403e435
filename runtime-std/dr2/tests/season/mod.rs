//! A season on a player's computer: the authority's certificate from the page, then the game over TLS.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use mmcos_core::wire::egonet::Value;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use crate::{
    PROGRAM,
    common::{Game, Transport, get_clubs, post_time, trial},
    served::Served,
};

const PATIENCE: Duration = Duration::from_secs(20);
const HOST: &str = "prod.egonet.codemasters.com";

/// A server process with a data directory of its own.
struct Server {
    served: Served,
    directory: PathBuf,
}

impl Server {
    fn start(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("dr2-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        Self::start_in(directory)
    }

    fn start_in(directory: PathBuf) -> Self {
        let clubs =
            r#"[{ "id": 7, "name": "Gravel", "rallies": [{ "name": "First", "stages": [626, 627, 628] }] }]"#;
        let mut command = Command::new(PROGRAM);
        let command = command
            .args(["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--clubs", clubs, "--data-dir", "data"])
            .args(["--clock-wait-seconds", "0"])
            .current_dir(&directory)
            .stderr(Stdio::null());
        Self { served: Served::start(command), directory }
    }

    /// Kills the server as `kill -9` does.
    fn kill(mut self) -> PathBuf {
        self.served.kill();
        std::mem::take(&mut self.directory)
    }

    fn page(&self, path: &str) -> String {
        let mut stream = connect(self.served.http);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.served.http)
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 "), "{path}: {response}");
        response
    }

    /// Returns a player whose computer trusts the certificates of the page, and nothing else.
    fn player(&self) -> Player {
        let page = self.page("/ca.cer");
        let mut roots = RootCertStore::empty();
        let (_, certificate) = page.split_once("\r\n\r\n").unwrap();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Player { config: Arc::new(config), https: self.served.https }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.served.kill();
        if !self.directory.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

struct Player {
    config: Arc<ClientConfig>,
    https: SocketAddr,
}

impl Transport for Player {
    fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        let session =
            ClientConnection::new(self.config.clone(), ServerName::try_from(HOST).unwrap()).unwrap();
        let mut stream = StreamOwned::new(session, connect(self.https));
        stream.write_all(request).unwrap();
        let mut response = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).unwrap();
            assert_ne!(count, 0, "the server closed in the middle: {response:?}");
            response.extend_from_slice(&buffer[..count]);
            if is_whole(&response) {
                return response;
            }
        }
    }
}

fn is_whole(response: &[u8]) -> bool {
    let Some(end) = response.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let (head, body) = response.split_at(end);
    let head = String::from_utf8_lossy(head);
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.is_none_or(|length| body.len().saturating_sub(4) >= length.parse().unwrap())
}

/// Login, club, three stages, a time trial, leaderboards. Then the server is killed, and all of it is still there.
#[test]
fn a_season_over_tls_survives_a_kill() {
    let server = Server::start("season");
    let mut player = server.player();
    let (ann, bob) = (Game::log_in(&mut player, "Ann"), Game::log_in(&mut player, "Bob"));
    let clubs = ann.call(&mut player, "Clubs.GetClubs", &get_clubs());
    assert_eq!(clubs.value().field("Clubs/0/Name"), Ok("Gravel"));
    let rally = ann.challenge(&mut player);
    for stage in 0..3 {
        ann.drive(&mut player, rally, stage, 100.0);
        bob.drive(&mut player, rally, stage, 101.5);
    }
    let looked_up = ann.call(&mut player, "TimeTrial.GetLeaderboardId", &trial(93, 505));
    let trials: i64 = looked_up.value().field("LeaderboardId").unwrap();
    let posted = ann.call(&mut player, "TimeTrial.PostTime", &post_time(505, 70.25));
    assert_eq!(posted.value().field("Accepted"), Ok(true));
    let boards = |player: &mut Player, game: &Game| {
        let overall = i64::from(rally) << 4;
        [overall, overall + 1, overall + 3, trials].map(|board| game.board(player, board))
    };
    let before = boards(&mut player, &ann);
    let row = |name: &str, rank, millis| (name.to_owned(), rank, millis);
    assert_eq!(before[0], (vec![row("Ann", 1, 300_000), row("Bob", 2, 304_500)], 1));
    assert_eq!(before[3], (vec![row("Ann", 1, 70_250)], 1));

    let server = Server::start_in(server.kill());
    let mut player = server.player();
    assert_eq!(boards(&mut player, &ann), before, "sessions and times are as they were");
    let again = Game::log_in(&mut player, "Ann");
    assert_eq!(again.account, ann.account);
}

/// Certificates of the authority are trusted before and after a restart. The server mentions it nowhere else.
#[test]
fn the_page_offers_what_a_player_needs() {
    let server = Server::start("page");
    let page = server.page("/");
    assert!(page.contains("DiRT Rally 2.0") && page.contains("href=\"/ca.cer\""), "{page}");
    for script in ["/setup.cmd", "/setup.sh"] {
        let script = server.page(script);
        assert!(script.contains(HOST) && script.contains("# dr2 begin"), "{script}");
    }
    assert!(server.page("/healthz").ends_with("ok\n"));
    let certificate = server.page("/ca.cer");
    let server = Server::start_in(server.kill());
    let mut player = server.player();
    let body = |page: &str| page.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&server.page("/ca.cer")), body(&certificate));
    let answer = Game::log_in(&mut player, "Ann").call(&mut player, "Clubs.GetClubs", &get_clubs());
    assert!(matches!(answer.value(), Value::Dict(_)), "{answer:?}");
}

/// `sqlite3` can read the store's file.
#[test]
fn rows_have_columns_that_others_can_read() {
    let server = Server::start("rows");
    let mut player = server.player();
    Game::log_in(&mut player, "Ann");
    let database = server.directory.join("data/dr2.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    let name: String = connection.query_row("SELECT name FROM accounts", (), |row| row.get(0)).unwrap();
    assert_eq!(name, "Ann");
}
