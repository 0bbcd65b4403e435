//! Data of people: a deleted player is nowhere in the store, and operators are served in their networks.

use std::{fs, time::Duration};

use rusqlite::Connection;

use crate::blackbox::host::clock::in_the_season_before;
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

/// Returns the places of these bytes in a compacted copy of the store.
fn places(server: &Server, bytes: &[u8]) -> usize {
    let copy = server.data().join("copy.db");
    let _ = fs::remove_file(&copy);
    let store = Connection::open(server.data().join("mmcos.db")).unwrap();
    store.busy_timeout(Duration::from_secs(30)).unwrap();
    store.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    let copy = fs::read(&copy).unwrap();
    copy.windows(bytes.len()).filter(|window| *window == bytes).count()
}

#[test]
fn a_deleted_player_is_nowhere_in_the_store() {
    let server = Server::start();
    let mut ann = Player::named(Client::plain(server.http), 1, NAME);
    let mut ben = Player::named(Client::plain(server.http), 2, "Benedict");
    ann.search(RACE);
    ben.search(RACE);
    let met = meet(&mut [ann, ben]);
    let mut ann = Player::named(Client::plain(server.http), 1, NAME);
    let mut ben = Player::named(Client::plain(server.http), 2, "Benedict");
    ann.score(&met.race_key, 60);
    ben.score(&met.race_key, 20);
    let id = steam_id(1);
    command(&server, "bans", &format!(r#"{{"subject":"{id}","hours":1,"reason":"{NAME} cheats"}}"#));
    command(&server, "bans/lift", &format!(r#"{{"subject":"{id}"}}"#));
    command(&server, "players/1/points", r#"{"change":7,"reason":"Annabella was right"}"#);
    command(&server, "players/1/kick", "");
    // A change of season makes final standings and a podium.
    let scratch = server.stop();
    in_the_season_before(&scratch.data());
    let server = Server::start_with_environment(scratch, &[("MMCOS_CLOCK_WAIT_SECONDS", "0")], &[]);
    send(&server, "GET", "/api/v1/state", "").ok();

    let data = send(&server, "GET", "/api/v1/players/1/data", "").ok().text().to_owned();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let shown = data["player"]["user_facing_id"].as_str().unwrap().to_owned();
    // SQLite writes an integer of this size as 8 bytes, the highest first.
    let text = id.to_string();
    let searched: [&[u8]; 4] = [NAME.as_bytes(), text.as_bytes(), &id.to_be_bytes(), shown.as_bytes()];
    for bytes in searched {
        assert!(places(&server, bytes) > 0, "{} was there", bytes.escape_ascii());
    }
    command(&server, "players/1/delete", r#"{"reason":"asked for","confirm":true}"#);
    for bytes in searched {
        assert_eq!(places(&server, bytes), 0, "{}", bytes.escape_ascii());
    }
    for (bytes, what) in
        [("Benedict".as_bytes(), "another player"), (b"deleted player 1: asked for", "the audit log")]
    {
        assert!(places(&server, bytes) > 0, "{what}");
    }
    let store = Connection::open(server.data().join("mmcos.db")).unwrap();
    let count = |sql: &str| store.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    for table in ["players", "results", "final_standings", "adjustments"] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table} WHERE user_id = 1")), 0, "{table}");
    }
    assert_eq!(count("SELECT count(*) FROM final_standings"), 1, "another player's");
    assert_eq!(count("SELECT count(*) FROM deleted_players"), 1);
    // A restart finds no fault with it.
    let server = Server::start_in(server.stop(), &[]);
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
