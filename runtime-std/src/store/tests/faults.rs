//! A store in trouble, and one that is being copied.

use std::fs;

use super::super::*;
use super::{NOW, Record, Scratch, driver, records, round};

type Store = super::super::Store<Record>;

const FILE_NAME: &str = "rally.db";

#[test]
fn commits_go_on_while_the_store_is_copied() {
    let Scratch(dir) = &Scratch::new("store-copying");
    let mut store = Store::open(dir).unwrap();
    let many: Vec<Record> = (1..40_000).map(|user| driver(user, 56, 600)).collect();
    store.commit(&many).unwrap();
    store.commit(&[round(57)]).unwrap();
    let mut meanwhile = 0;
    while store.copying.as_ref().is_some_and(|copying| !copying.is_finished()) {
        meanwhile += 1;
        store.commit(&[driver(1 + meanwhile % 40_000, 57, 50)]).unwrap();
    }
    assert!(meanwhile > 0, "the copy held a commit up");
    let copy = dir.file("seasons").join("before-season-57.db");
    let copied = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let number = |sql: &str| -> i64 { copied.query_row(sql, (), |row| row.get(0)).unwrap() };
    assert_eq!(number("SELECT count(*) FROM drivers WHERE league = 56 AND points = 600"), 39_999);
    assert_eq!(number("SELECT count(*) FROM rounds"), 0);
    let mode: String = copied.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "one file, wherever it is");
}

#[test]
fn a_season_that_begins_again_is_copied_again() {
    let Scratch(dir) = &Scratch::new("store-again");
    let mut store = Store::open(dir).unwrap();
    for points in [10, 20] {
        store.commit(&[driver(1, 56, points)]).unwrap();
        store.commit(&[round(57)]).unwrap();
        drop(store.copying.take());
        let copied = Connection::open(dir.file("seasons").join("before-season-57.db")).unwrap();
        let saved = copied.query_row("SELECT points FROM drivers", (), |row| row.get::<_, i64>(0));
        assert_eq!(saved.unwrap(), points);
    }
}

#[test]
fn faults_say_what_to_do() {
    let Scratch(dir) = &Scratch::new("store-faults");
    let mut store = Store::open(dir).unwrap();
    let second = Store::open(dir).unwrap_err().to_string();
    assert!(second.contains("another rally") && second.contains("--data-dir"), "{second}");

    store.connection.pragma_update(None, "query_only", true).unwrap();
    let read_only = store.commit(&[driver(1, 1, 1)]).unwrap_err().to_string();
    assert!(read_only.contains("cannot be written") && read_only.contains("rally.db"), "{read_only}");
    store.connection.pragma_update(None, "query_only", false).unwrap();
    store.is_suspect = false;

    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many: Vec<Record> = (1..1_000).map(|user| driver(user, 1, 0)).collect();
    let full = store.commit(&many).unwrap_err().to_string();
    assert!(full.contains("disk is full") && full.contains("df -h"), "{full}");
    store.connection.pragma_update(None, "max_page_count", 100_000).unwrap();

    store.commit(&[driver(1, 1, 1)]).unwrap();
    assert_eq!(records(&mut store, NOW), [driver(1, 1, 1)]);

    drop(store);
    fs::write(dir.file(FILE_NAME), vec![b'x'; 8192]).unwrap();
    let damaged = Store::open(dir).unwrap_err().to_string();
    assert!(damaged.contains("damaged") && damaged.contains("rally restore FILE"), "{damaged}");

    fs::remove_file(dir.file(FILE_NAME)).unwrap();
    fs::create_dir(dir.file(FILE_NAME)).unwrap();
    let no_file = Store::open(dir).unwrap_err().to_string();
    assert!(no_file.contains("cannot be written") && no_file.contains("ls -ld"), "{no_file}");
}

#[test]
fn after_an_unclear_failure_the_file_is_opened_anew_and_checked() {
    let Scratch(dir) = &Scratch::new("store-suspect");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[driver(1, 1, 10)]).unwrap();
    Store::backup(dir, &dir.file("old.db")).unwrap();
    store.connection.pragma_update(None, "query_only", true).unwrap();
    assert!(store.commit(&[driver(2, 1, 20)]).is_err());
    assert!(store.is_suspect);
    // A new connection is not bound by that setting, so the same records go through.
    store.commit(&[driver(2, 1, 20)]).unwrap();
    assert_eq!(records(&mut store, NOW), [driver(1, 1, 10), driver(2, 1, 20)]);
    let wal = fs::metadata(files::beside(&dir.file(FILE_NAME), "-wal")).unwrap().len();
    assert!(wal < 100_000, "the log began anew: {wal}");

    // The store rejects a file from before the last commit.
    store.is_suspect = true;
    store.connection = Connection::open_in_memory().unwrap();
    fs::copy(dir.file("old.db"), dir.file(FILE_NAME)).unwrap();
    let lost = store.commit(&[driver(3, 1, 30)]).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { found: 1, expected: 2, .. }), "{lost}");
    assert_eq!(lost.trouble(), None);
    // The store waits for a missing file, and does not make one.
    fs::remove_file(dir.file(FILE_NAME)).unwrap();
    let missing = store.commit(&[driver(3, 1, 30)]).unwrap_err();
    assert_eq!(missing.trouble(), Some(StorageTrouble::ReadOnly), "{missing}");
    assert!(!dir.file(FILE_NAME).exists());
}

#[test]
fn the_log_of_a_store_that_was_read_for_long_shrinks_again() {
    let Scratch(dir) = &Scratch::new("store-wal");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[driver(1, 1, 1)]).unwrap();
    let wal = || fs::metadata(files::beside(&dir.file(FILE_NAME), "-wal")).unwrap().len();
    let reader = Connection::open(dir.file(FILE_NAME)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM drivers").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM drivers", (), |row| row.get(0)).unwrap();
    let much = [Record::Driver { id: 1, league: 1, points: 1, name: "x".repeat(1_000_000) }];
    while wal() < 2 * WAL_LIMIT {
        store.commit(&much).unwrap();
    }
    assert!(store.wal_watch > wal(), "it is looked at again when it has doubled");
    reader.execute_batch("ROLLBACK").unwrap();
    // The first moves everything to the main file, the next begins the log anew.
    (0..20).for_each(|_| store.commit(&much).unwrap());
    assert!(wal() <= WAL_LIMIT, "{}", wal());
}
