//! Backups, exports, and stores of earlier versions.

use std::fs;

use mmcos_core::row::Row as _;
use mmcos_game::Record;
use mmcos_game::ids::MatchId;
use mmcos_game::results::{Match, MatchResult};
use mmcos_std::data_dir::DataDir;
use mmcos_std::store::{Commit as _, Database as _, StoreError, files};
use rusqlite::Connection;

use super::seasons::{in_season, roll_over};
use super::{
    FILE_NAME, NOW, Scratch, Store, ban, begins, connect, event, player, podium, race, records, restore,
    result, some,
};
#[cfg(unix)]
use crate::scratch::mode;

#[test]
fn backup_restore_and_export_agree() {
    let Scratch(dir) = &Scratch::new("store-files");
    let backup = dir.file("backup.db");
    assert!(Store::backup(dir, &backup).is_err(), "there is nothing to back up");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()).unwrap();
    Store::backup(dir, &backup).unwrap();
    assert!(matches!(Store::backup(dir, &backup), Err(StoreError::Exists(_))));
    store.commit(&[player(3, 5)]).unwrap();
    assert!(matches!(restore(dir, &backup), Err(StoreError::InUse { .. })));
    drop(store);

    let restored = restore(dir, &backup).unwrap();
    assert_eq!(restored.summary.to_string().split_once(" (").unwrap().0, "2 players");
    let old = restored.old.unwrap();
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), some());
    let restored = restore(dir, &old).unwrap();
    assert_eq!(restored.old.unwrap(), dir.file("mmcos.db.before-restore-2"));
    #[cfg(unix)]
    for file in [&backup, &restored.path, &old] {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW).len(), some().len() + 1, "the old one was whole");

    let mut json = Vec::new();
    Store::export(dir, &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    assert!(
        json.contains(
            "\n\"bans\": [\n{\"subject\":\"203.0.113.0/24\",\"since\":1795000000000,\"until\":null,"
        ),
        "{json}"
    );
    assert!(json.contains("\"title\":\"title_9\"") && json.ends_with("]\n}\n"), "{json}");
    assert_eq!(json.matches('{').count(), json.matches('}').count());
    assert_eq!(
        json.matches("\"user_id\"").count(),
        7,
        "3 players, 2 results, a deletion, a change of points: {json}"
    );
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed["players"][0]["steam_id"], "76561202255230001");
    assert_eq!(parsed["audit"][0]["after"], "Hello");
    assert_eq!(parsed["matches"][0]["session_id"], "7");
    assert_eq!(parsed["matches"][0]["players"], serde_json::json!([2, 1]));
    let file = dir.file("export.json");
    assert_eq!(files::export_to(Record::SCHEMA, dir, &file).unwrap().count, 3);
    assert_eq!(fs::read_to_string(&file).unwrap(), json);
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
    assert!(matches!(files::export_to(Record::SCHEMA, dir, &file), Err(StoreError::Exists(_))));
    let (reader, mut gone) = std::io::pipe().unwrap();
    drop(reader);
    Store::export(dir, &mut gone).unwrap();
}

#[test]
fn what_is_no_whole_store_is_not_put_in_the_place_of_one() {
    let Scratch(dir) = &Scratch::new("store-bad-backup");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()).unwrap();
    let backup = dir.file("backup.db");
    Store::backup(dir, &backup).unwrap();
    drop(store);
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x55);
    fs::write(&backup, bytes).unwrap();
    assert!(restore(dir, &backup).is_err());
    Connection::open(dir.file("other.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    fs::write(dir.file("text"), "root:x:0:0:root:/root:/bin/bash\n").unwrap();
    fs::write(dir.file("empty"), "").unwrap();
    for name in ["other.db", "text", "empty", "."] {
        let error = restore(dir, &dir.file(name)).unwrap_err();
        assert!(matches!(error, StoreError::NotABackup(..)), "{name}: {error}");
    }
    let missing = restore(dir, &dir.file("none.db")).unwrap_err().to_string();
    assert!(missing.contains("none.db") && !missing.contains("df -h"), "{missing}");
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), some());
}

/// Makes a store of an earlier version: with the first schema, or with the third.
fn earlier(dir: &DataDir, schema: u8) {
    let connection = Connection::open(dir.file(FILE_NAME)).unwrap();
    connection.execute_batch(include_str!("../0.1.0.sql")).unwrap();
    if schema > 1 {
        let commits = "CREATE TABLE commits (number INTEGER NOT NULL) STRICT; INSERT INTO commits VALUES (7)";
        connection.execute_batch(commits).unwrap();
    }
    let rows = "INSERT INTO seasons VALUES (55, 1), (56, 2), (57, 1795000000000);
        INSERT INTO players VALUES (1, 76561202255230001, '03S5103UJ7OUW', 'Player', 'title_9', 0, 0, 57, 10, 1, 0, 0, 1, 0,
            1795000000000, 1795000000000);
        INSERT INTO matches VALUES (1000000007, 'FFFFFFFFFFFFFFF8', 1, 'QuickRace', 'Sumo', 3, 1795000000000, 1795000000000,
            '[2,1]');
        INSERT INTO results VALUES (1000000007, 1, 1795000000000, 57, -7, 40, 0, 0, 40, 0, 3);
        INSERT INTO bans VALUES ('203.0.113.0/24', 1795000000000, NULL, 'cheating', 'seen by \u{1f3ce}');
        INSERT INTO settings VALUES ('message', 'hello');
        INSERT INTO events VALUES (1795000000000, 1795005400000, 'chaos');
        INSERT INTO standings VALUES (55, 1, 0, 10, 0, NULL, 'Boxes:4:'), (55, 2, 1, 5, 0, NULL, 'Boxes:1:'),
            (56, 1, 1, 900, 1, 'Boxes:1:', 'Boxes:4:'), (56, 2, 2, 900, 2, 'Boxes:2:', 'Boxes:1:'),
            (56, 3, 0, 950, 1, 'Boxes:1:', 'Boxes:4:'), (56, 4, 3, 0, 0, NULL, NULL);";
    connection.execute_batch(rows).unwrap();
    connection.pragma_update(None, "application_id", 0x4D4D_434F).unwrap();
    connection.pragma_update(None, "user_version", schema).unwrap();
}

fn standings(connection: &Connection) -> Vec<String> {
    let columns = "quote(season) || quote(user_id) || quote(rank) || quote(points) || quote(division) \
        || quote(division_prize) || quote(rank_prize)";
    let sql = format!("SELECT {columns} FROM standings ORDER BY season, user_id");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map((), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_store_of_earlier_versions_is_opened() {
    for schema in [1, 3] {
        let Scratch(dir) = &Scratch::new("store-earlier");
        earlier(dir, schema);
        let before = standings(&Connection::open(dir.file(FILE_NAME)).unwrap());
        assert_eq!(before.len(), 6);
        let mut store = Store::open(dir).unwrap();
        assert_eq!(standings(&connect(dir)), before);
        let id = MatchId(if schema == 1 { 10_000_000 } else { 1_000_000_007 });
        let in_match = |record| match record {
            Record::Match(race) => Record::Match(Box::new(Match { id, ..*race })),
            Record::Result(result) => Record::Result(MatchResult { match_id: id, ..result }),
            other => other,
        };
        let expected = [
            begins(57, None),
            player(1, 10),
            in_match(race(7, Some(NOW))),
            in_match(result(7, 1)),
            ban("203.0.113.0/24", None),
            Record::Setting { name: "message".to_owned(), value: Some("hello".to_owned()) },
            event(0, Some("chaos")),
            podium(55, "Player", (1, 10, 0)),
            podium(56, "Player", (1, 900, 1)),
        ];
        assert_eq!(records(&mut store, NOW), expected, "{schema}");
        store.commit(&[player(2, 20), begins(58, Some(roll_over(&[10, 20]))), in_season(1, 58, 0)]).unwrap();
        let commits: i64 =
            connect(dir).query_row("SELECT number FROM commits", (), |row| row.get(0)).unwrap();
        assert_eq!(commits, if schema == 1 { 2 } else { 9 });
        assert_eq!(standings(&connect(dir)).len(), 7);
        drop(store);
        // It is brought up to date once, with a copy of its earlier state.
        assert_eq!(records(&mut Store::open(dir).unwrap(), NOW).len(), 10);
        let copy = Connection::open(dir.file(&format!("mmcos.db.schema-{schema}"))).unwrap();
        assert_eq!(standings(&copy), before);
    }
}
