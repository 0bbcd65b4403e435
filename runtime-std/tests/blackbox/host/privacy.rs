//! Data of people: a deleted player is nowhere in the store, and operators are served in their networks.

use std::{fs, path::Path, time::Duration};

use rusqlite::Connection;

use crate::blackbox::host::clock::SEASON_BEFORE;
#[cfg(feature = "postgres")]
use crate::blackbox::rig::cluster::Cluster;
use crate::blackbox::rig::{
    client::{Answer, Client},
    player::{Player, RACE, meet, steam_id},
    process::Server,
};

const NAME: &str = "Annabella";

fn send(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    let (host, token, length) = (server.http, server.password(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    Client::plain(server.http).ask(request.as_bytes())
}

fn command(server: &Server, path: &str, body: &str) -> String {
    send(server, "POST", &format!("/api/v1/{path}"), body).ok().text().to_owned()
}

/// The store of a server, as another program reads it.
enum Kept {
    File,
    #[cfg(feature = "postgres")]
    Database(&'static Cluster, String),
}

impl Kept {
    fn arguments(&self) -> [&str; 2] {
        match self {
            Self::File => ["--store", "sqlite"],
            #[cfg(feature = "postgres")]
            Self::Database(_, url) => ["--store", url],
        }
    }

    /// Executes statements, and returns the number that a query selects.
    fn sql(&self, data: &Path, sql: &str) -> i64 {
        match self {
            Self::File => {
                let store = Connection::open(data.join("mmcos.db")).unwrap();
                if sql.starts_with("SELECT") {
                    return store.query_row(sql, (), |row| row.get(0)).unwrap();
                }
                store.execute_batch(sql).unwrap();
                0
            }
            #[cfg(feature = "postgres")]
            Self::Database(cluster, url) => cluster.sql(url, sql).parse().unwrap_or_default(),
        }
    }

    /// Returns the number of places of these bytes in a copy of the store without free space.
    fn places(&self, data: &Path, bytes: &[u8]) -> usize {
        let copy = match self {
            Self::File => {
                let copy = data.join("copy.db");
                let _ = fs::remove_file(&copy);
                let store = Connection::open(data.join("mmcos.db")).unwrap();
                store.busy_timeout(Duration::from_secs(30)).unwrap();
                store.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
                fs::read(&copy).unwrap()
            }
            #[cfg(feature = "postgres")]
            Self::Database(cluster, url) => cluster.dump(url).into_bytes(),
        };
        copy.windows(bytes.len()).filter(|window| *window == bytes).count()
    }
}

#[test]
fn a_deleted_player_is_nowhere_in_the_store() {
    // SQLite writes an integer of this size as 8 bytes, the highest first.
    play_and_delete(&Kept::File, &steam_id(1).to_be_bytes());
}

#[cfg(feature = "postgres")]
#[test]
fn a_deleted_player_is_nowhere_in_the_database() {
    let Some(cluster) = Cluster::shared() else { return };
    play_and_delete(&Kept::Database(cluster, cluster.database()), steam_id(1).to_string().as_bytes());
}

/// Plays as two players, with everything that leaves a trace of them, and deletes one. `id` is that player's `SteamID`
/// as the store has it.
fn play_and_delete(kept: &Kept, id: &[u8]) {
    let store = kept.arguments();
    let server =
        Server::start_with(&[&["--poll-seconds", "3", "--gather-seconds", "0.5"], &store[..]].concat());
    let mut ann = Player::named(Client::plain(server.http), 1, NAME);
    let mut ben = Player::named(Client::plain(server.http), 2, "Benedict");
    ann.search(RACE);
    ben.search(RACE);
    let met = meet(&mut [ann, ben]);
    let mut ann = Player::named(Client::plain(server.http), 1, NAME);
    let mut ben = Player::named(Client::plain(server.http), 2, "Benedict");
    ann.score(&met.race_key, 60);
    ben.score(&met.race_key, 20);
    let text = steam_id(1).to_string();
    command(&server, "bans", &format!(r#"{{"subject":"{text}","hours":1,"reason":"{NAME} cheats"}}"#));
    command(&server, "bans/lift", &format!(r#"{{"subject":"{text}"}}"#));
    command(&server, "players/1/points", r#"{"change":7,"reason":"Annabella was right"}"#);
    command(&server, "players/1/kick", "{}");
    // A change of season makes final standings and a podium.
    let scratch = server.stop();
    kept.sql(&scratch.data(), SEASON_BEFORE);
    let server = Server::start_with_environment(scratch, &[("MMCOS_CLOCK_WAIT_SECONDS", "0")], &store);
    send(&server, "GET", "/api/v1/state", "").ok();

    let data = send(&server, "GET", "/api/v1/players/1/data", "").ok().text().to_owned();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let shown = data["player"]["user_facing_id"].as_str().unwrap().to_owned();
    let places = |bytes: &[u8]| kept.places(&server.data(), bytes);
    let searched: [&[u8]; 4] = [NAME.as_bytes(), text.as_bytes(), id, shown.as_bytes()];
    for bytes in searched {
        assert!(places(bytes) > 0, "{} was there", bytes.escape_ascii());
    }
    command(&server, "players/1/delete", r#"{"reason":"asked for","confirm":true}"#);
    for bytes in searched {
        assert_eq!(places(bytes), 0, "{}", bytes.escape_ascii());
    }
    for (bytes, what) in
        [("Benedict".as_bytes(), "another player"), (b"deleted player 1: asked for", "the audit log")]
    {
        assert!(places(bytes) > 0, "{what}");
    }
    let count = |sql: &str| kept.sql(&server.data(), sql);
    for table in ["players", "results", "final_standings", "adjustments"] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table} WHERE user_id = 1")), 0, "{table}");
    }
    assert_eq!(count("SELECT count(*) FROM final_standings"), 1, "another player's");
    assert_eq!(count("SELECT count(*) FROM deleted_players"), 1);
    // A restart finds no fault with it.
    let server = Server::start_in(server.stop(), &store);
    Player::named(Client::plain(server.http), 3, "Carla");
    assert!(server.log_so_far().iter().all(|line| !line.contains("missing in the store")));
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
