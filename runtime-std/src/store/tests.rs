use mmcos_core::row::{Column, History, Recent, Removal, Restore, Schema, Table, View};
use mmcos_core::testing::Rows;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::data_dir::tests::Scratch;

#[cfg(all(unix, feature = "postgres"))]
#[expect(dead_code, reason = "other tests use more of it")]
pub(super) mod cluster;
mod committer;
mod faults;

pub(super) const NOW: Wall = Wall::from_secs(1_795_000_000);

fn after(wait: Duration) -> Wall {
    Wall::from_millis(NOW.as_millis().saturating_add(i64::try_from(wait.as_millis()).unwrap()))
}

/// Places for a store of each kind: a file, and a database where `PostgreSQL` is installed.
fn places(dir: &DataDir) -> Vec<Place> {
    let file = Place::Sqlite(dir.clone());
    #[cfg(all(unix, feature = "postgres"))]
    if let Some(cluster) = cluster::Cluster::shared() {
        let url = cluster.database();
        return vec![file, Location::Postgres(Box::new(Address::parse(&url).unwrap())).of(dir.clone())];
    }
    vec![file]
}

/// Returns the numbers that a query selects, as another program reads them.
fn numbers(place: &Place, sql: &str) -> Vec<Vec<i64>> {
    match place {
        Place::Sqlite(dir) => of_file(&dir.file("rally.db"), sql),
        #[cfg(feature = "postgres")]
        Place::Postgres(place) => {
            #[cfg(unix)]
            let text = cluster::Cluster::shared().unwrap().sql(place.address.url(), sql);
            #[cfg(not(unix))]
            let text = String::new();
            let row = |line: &str| line.split('|').map(|number| number.parse().unwrap()).collect();
            text.lines().map(row).collect()
        }
    }
}

fn insert(place: &Place, sql: &str) {
    match place {
        Place::Sqlite(dir) => Connection::open(dir.file("rally.db")).unwrap().execute_batch(sql).unwrap(),
        #[cfg(feature = "postgres")]
        Place::Postgres(_) => drop(numbers(place, sql)),
    }
}

fn of_file(path: &Path, sql: &str) -> Vec<Vec<i64>> {
    of_connection(&Connection::open(path).unwrap(), sql)
}

pub(super) fn records<R: Row, S: Database<R>>(store: &mut S, now: Wall) -> Vec<R> {
    let mut records = Vec::new();
    let mut take = |record| {
        records.push(record);
        Ok(())
    };
    store.records(now, &mut take).unwrap();
    records
}

/// Returns the records that stores of each kind restore after these commits.
fn given_back<R: Row>(batches: &[Vec<R>]) -> Vec<Vec<R>> {
    let Scratch(dir) = &Scratch::new("store-rows");
    let given_back = |place: &Place| {
        let mut store = AnyStore::open(place).unwrap();
        for batch in batches {
            store.commit(batch).unwrap();
        }
        records(&mut store, NOW)
    };
    places(dir).iter().map(given_back).collect()
}

/// Returns the records that the reference model restores, without a file.
fn of_the_model<R: Row>(batches: &[Vec<R>]) -> Vec<R> {
    let mut rows = Rows::default();
    batches.iter().flatten().for_each(|record| rows.put(record.clone()).unwrap());
    rows.records(NOW).collect()
}

/// A small game: drivers, their laps, championships, and chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Record {
    Driver { id: u64, league: i32, points: i64, name: String },
    Retired(u64),
    Lap { track: u32, driver: u64, millis: u32 },
    LapDeleted { driver: u64, track: u32 },
    Round { number: i32, weather: Vec<String> },
    Said { day: u32, number: u32, at: Wall, text: Option<String> },
    Liked { day: u32, number: u32, by: u64 },
    Flag { name: String, value: Option<bool> },
}

impl Row for Record {
    const SCHEMA: &'static Schema = &Schema {
        name: "rally",
        tables: &[ROUNDS, DRIVERS, LAPS, SAID, LIKED, FLAGS],
        counted: "drivers",
        views: &[BEST],
        ..Schema::EMPTY
    };

    fn milestone(&self) -> Option<Milestone> {
        let &Self::Round { number, .. } = self else { return None };
        let number = number.into();
        Some(Milestone { folder: "seasons", name: "before-season", number, even_empty: false })
    }
}

const ROUNDS: Table = Table {
    record: "Round",
    name: "rounds",
    columns: &[Column::integer("number"), Column::json("weather")],
    restore: Restore::Latest,
    ..Table::PLAIN
};
const DRIVERS: Table = Table {
    record: "Driver",
    name: "drivers",
    columns: &[
        Column::wide("id"),
        Column::integer("league"),
        Column::integer("points"),
        Column::text("name"),
    ],
    removal: Removal::By("Retired"),
    history: Some(History { table: "leagues", by: "league", columns: &["points"] }),
    ..Table::PLAIN
};
const LAPS: Table = Table {
    record: "Lap",
    name: "laps",
    columns: &[Column::integer("track"), Column::wide("driver"), Column::integer("millis")],
    key: 2,
    removal: Removal::By("LapDeleted"),
    ..Table::PLAIN
};
const SAID: Table = Table {
    record: "Said",
    name: "said",
    columns: &[
        Column::integer("day"),
        Column::integer("number"),
        Column::integer("at"),
        Column::text("text"),
    ],
    key: 2,
    restore: Restore::Recent(Recent {
        time: "at",
        keep: Duration::from_mins(1),
        least: 2,
        most: 4,
        unused_without: Some("text"),
    }),
    ..Table::PLAIN
};
const LIKED: Table = Table {
    record: "Liked",
    name: "liked",
    columns: &[Column::integer("day"), Column::integer("number"), Column::hex("by")],
    key: 3,
    restore: Restore::With("said"),
    ..Table::PLAIN
};
const FLAGS: Table = Table {
    record: "Flag",
    name: "flags",
    columns: &[Column::text("name"), Column::integer("value")],
    removal: Removal::WithoutValue("value"),
    ..Table::PLAIN
};
const BEST: View = View {
    name: "best",
    select: "SELECT track, driver, millis FROM laps AS one \
        WHERE millis = (SELECT min(millis) FROM laps WHERE track = one.track) ORDER BY track",
    covers: None,
};

pub(super) fn driver(id: u64, league: i32, points: i64) -> Record {
    Record::Driver { id, league, points, name: format!("Driver {id}") }
}

pub(super) fn round(number: i32) -> Record {
    Record::Round { number, weather: vec!["snow".to_owned()] }
}

fn said(day: u32, number: u32, seconds: i64, text: Option<&str>) -> Record {
    let at = Wall::from_millis(NOW.as_millis().saturating_add(seconds.saturating_mul(1000)));
    Record::Said { day, number, at, text: text.map(str::to_owned) }
}

fn of_connection(connection: &Connection, sql: &str) -> Vec<Vec<i64>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map((), |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn keys_are_numbers_and_the_last_record_of_each_counts() {
    let Scratch(dir) = &Scratch::new("store-toy");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        let lap = |track, driver, millis| Record::Lap { track, driver, millis };
        let flag = |value| Record::Flag { name: "open".to_owned(), value };
        store
            .commit(&[lap(10, 1, 70), lap(9, 12, 80), lap(9, 2, 90), lap(9, 2, 85), driver(7, 1, 0)])
            .unwrap();
        store.commit(&[flag(Some(true)), lap(3, 1, 60), Record::LapDeleted { driver: 1, track: 3 }]).unwrap();
        assert_eq!(
            records(&mut store, NOW),
            [driver(7, 1, 0), lap(9, 2, 85), lap(9, 12, 80), lap(10, 1, 70), flag(Some(true))]
        );
        assert_eq!(numbers(place, "SELECT * FROM best"), [[9, 12, 80], [10, 1, 70]]);
        store.commit(&[flag(None), Record::Retired(7)]).unwrap();
        drop(store);
        assert_eq!(records(&mut AnyStore::<Record>::open(place).unwrap(), NOW).len(), 3);
    }
}

#[test]
fn the_latest_row_is_the_one_that_was_written_last() {
    let Scratch(dir) = &Scratch::new("store-latest");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        store.commit(&[round(2), round(10), round(9)]).unwrap();
        assert_eq!(records(&mut store, NOW), [round(9)]);
        assert_eq!(numbers(place, "SELECT number FROM rounds"), [[2], [9]]);
    }
}

#[test]
fn recent_rows_come_back_by_time_and_by_number_and_unused_ones_go() {
    let Scratch(dir) = &Scratch::new("store-recent");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        let liked = |day, number| Record::Liked { day, number, by: u64::MAX };
        let old = [said(1, 1, -120, Some("a")), said(1, 2, -120, None), said(1, 3, -120, Some("b"))];
        store.commit(&old).unwrap();
        store
            .commit(&[liked(1, 1), liked(1, 3), said(1, 10, -30, Some("c")), said(2, 1, -20, Some("d"))])
            .unwrap();
        let recent = [said(1, 10, -30, Some("c")), said(2, 1, -20, Some("d"))];
        assert_eq!(records(&mut store, NOW), recent);
        assert_eq!(numbers(place, "SELECT number FROM said"), [[1], [3], [10], [1]], "2 had no text");
        assert_eq!(numbers(place, "SELECT number FROM liked"), [[1], [3]], "history stays");
        // Two remain with a clock that is far ahead, too.
        assert_eq!(records(&mut store, after(Duration::from_hours(100_000))), recent);
        let behind = Wall::from_millis(NOW.as_millis() - 70_000);
        let all =
            [old[0].clone(), old[2].clone(), recent[0].clone(), recent[1].clone(), liked(1, 1), liked(1, 3)];
        assert_eq!(records(&mut store, behind), all);
        store.commit(&[said(2, 2, 0, Some("e"))]).unwrap();
        assert_eq!(records(&mut store, behind)[0], old[2], "no more than four");
    }
}

#[test]
fn a_row_that_is_replaced_by_one_with_a_larger_number_leaves_a_copy() {
    let Scratch(dir) = &Scratch::new("store-history");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        for (league, points) in [(1, 10), (1, 20), (2, 0), (2, 5), (3, 0), (1, 7), (2, 1)] {
            store.commit(&[driver(4, league, points)]).unwrap();
        }
        assert_eq!(
            numbers(place, "SELECT * FROM leagues ORDER BY league"),
            [[1, 4, 7], [2, 4, 5]].map(Vec::from)
        );
        let mut json = Vec::new();
        AnyStore::<Record>::export(place, &mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let history =
            serde_json::json!([{"league": 1, "id": "4", "points": 7}, {"league": 2, "id": "4", "points": 5}]);
        assert_eq!(json["leagues"], history);
        assert_eq!(json["best"], serde_json::json!([]));
        let copy = dir.file("copy");
        let summary = AnyStore::<Record>::backup(place, &copy).unwrap().to_string();
        assert!(summary.starts_with("1 driver ("), "{summary}");
        let leagues = "SELECT * FROM leagues ORDER BY league";
        assert_eq!(of_file(&copy, leagues), numbers(place, leagues), "a backup is a file, and whole");
        std::fs::remove_file(copy).unwrap();
    }
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let Scratch(dir) = &Scratch::new("store-atomic");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        insert(
            place,
            match place {
                Place::Sqlite(_) => {
                    "CREATE TRIGGER t BEFORE INSERT ON laps BEGIN SELECT raise(ABORT, 'no'); END"
                }
                #[cfg(feature = "postgres")]
                Place::Postgres(_) => "ALTER TABLE laps ADD CHECK (millis > 1)",
            },
        );
        for _ in 0..2 {
            let batch = [driver(1, 1, 10), Record::Lap { track: 1, driver: 1, millis: 1 }];
            assert!(store.commit(&batch).is_err());
            assert_eq!(records(&mut store, NOW), []);
        }
    }
}

fn any_record() -> impl Strategy<Value = Record> {
    let few = || 1..4_u32;
    prop_oneof![
        (1..4_u64, 0..3, 0..100_i64).prop_map(|(id, league, points)| driver(id, league, points)),
        (1..4_u64).prop_map(Record::Retired),
        (few(), 1..4_u64, 0..99_u32).prop_map(|(track, driver, millis)| Record::Lap {
            track,
            driver,
            millis
        }),
        (few(), 1..4_u64).prop_map(|(track, driver)| Record::LapDeleted { driver, track }),
        (0..9).prop_map(round),
        (few(), few(), -99..99_i64).prop_map(|(day, number, at)| said(day, number, at, Some("x"))),
        (few(), few(), any::<u64>()).prop_map(|(day, number, by)| Record::Liked { day, number, by }),
        ("[ab]", any::<Option<bool>>()).prop_map(|(name, value)| Record::Flag { name, value }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_gives_back_what_its_tables_say(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..9), 0..9)
    ) {
        for given_back in given_back(&batches) {
            prop_assert_eq!(given_back, of_the_model(&batches));
        }
    }
}

/// Drivers of a version with other fields.
macro_rules! version {
    ($name:ident { $($field:tt)* } $columns:expr) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        enum $name {
            Driver { id: u64, $($field)* },
        }

        impl Row for $name {
            const SCHEMA: &'static Schema = &Schema {
                tables: &[Table { columns: $columns, removal: Removal::Never, history: None, ..DRIVERS }],
                views: &[],
                ..*Record::SCHEMA
            };
        }
    };
}

#[test]
fn a_column_that_is_added_needs_no_migration_and_an_earlier_version_still_opens() {
    version!(Old { name: String } & [Column::wide("id"), Column::text("name")]);
    version!(New { name: String, #[serde(default)] wins: u32, team: Option<String> }
        &[Column::wide("id"), Column::integer("wins"), Column::text("name"), Column::text("team")]);
    let Scratch(dir) = &Scratch::new("store-added");
    for place in &places(dir) {
        let old = |id, name: &str| Old::Driver { id, name: name.to_owned() };
        let new = |id, name: &str, wins, team: Option<&str>| {
            let team = team.map(str::to_owned);
            New::Driver { id, name: name.to_owned(), wins, team }
        };
        AnyStore::open(place).unwrap().commit(&[old(1, "Ann")]).unwrap();
        let mut store = AnyStore::open(place).unwrap();
        assert_eq!(records(&mut store, NOW), [new(1, "Ann", 0, None)]);
        store.commit(&[new(2, "Bob", 3, Some("Red"))]).unwrap();
        drop(store);
        let mut store = AnyStore::open(place).unwrap();
        store.commit(&[old(2, "Bo")]).unwrap();
        assert_eq!(records(&mut store, NOW), [old(1, "Ann"), old(2, "Bo")]);
        drop(store);
        let expected = [new(1, "Ann", 0, None), new(2, "Bo", 3, Some("Red"))];
        assert_eq!(records(&mut AnyStore::<New>::open(place).unwrap(), NOW), expected);
        assert!(!dir.file("rally.db.schema-0").exists());
    }
}

#[test]
fn a_row_that_no_record_can_be_says_where_and_what_to_do() {
    let Scratch(dir) = &Scratch::new("store-nonsense");
    for place in &places(dir) {
        let mut store = AnyStore::<Record>::open(place).unwrap();
        insert(place, "INSERT INTO laps VALUES (1, 2, -3)");
        let error = store.records(NOW, &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.trouble(), None);
        let error = error.to_string();
        assert!(error.contains("the table laps has an invalid row: invalid value: integer `-3`"), "{error}");
        assert!(error.ends_with("restore a backup: rally restore FILE"), "{error}");
    }
}

#[test]
fn tables_that_lose_something_are_refused() {
    version!(Lossy { name: String } & [Column::wide("id")]);
    version!(Wrong { name: String } & []);
    let Scratch(dir) = &Scratch::new("store-lossy");
    for place in &places(dir) {
        let record = Lossy::Driver { id: 1, name: "Ann".to_owned() };
        let error = AnyStore::open(place).unwrap().commit(&[record]).unwrap_err().to_string();
        assert!(error.contains("the table drivers has no column for the field name"), "{error}");
        let error = AnyStore::<Wrong>::open(place).unwrap_err().to_string();
        assert!(error.contains("the key is not its first columns"), "{error}");
    }
}

#[test]
fn a_view_is_made_anew_when_it_has_changed() {
    const OTHER: &Schema =
        &Schema { views: &[View { select: "SELECT 7 AS seven", ..BEST }], ..*Record::SCHEMA };
    let Scratch(dir) = &Scratch::new("store-view");
    drop(Store::<Record>::open(dir).unwrap());
    let (file, other) = (StoreFile::of(dir, Record::SCHEMA), StoreFile::of(dir, OTHER));
    let connection = Connection::open(&file.path).unwrap();
    assert!(schema::check(&connection, &file).unwrap());
    assert!(!schema::check(&connection, &other).unwrap());
    schema::prepare(&connection, &other).unwrap();
    assert_eq!(of_connection(&connection, "SELECT seven FROM best"), [[7]]);
    assert!(schema::check(&connection, &other).unwrap());
}

pub(super) const FIRST: &Schema = &Schema { tables: &[DRIVERS], views: &[], ..*Record::SCHEMA };
pub(super) const SECOND: &Schema =
    &Schema { migrations: &["UPDATE drivers SET points = points + 1"], ..*FIRST };
const FAILS: &Schema = &Schema { migrations: &["DELETE FROM drivers; nonsense;"], ..*FIRST };

fn points(path: &Path) -> Vec<Vec<i64>> {
    of_file(path, "SELECT points FROM drivers")
}

/// Makes a store of a game's first version, with one driver.
fn first_version(dir: &DataDir) -> Connection {
    let file = StoreFile::of(dir, FIRST);
    let connection = Connection::open(&file.path).unwrap();
    schema::prepare(&connection, &file).unwrap();
    connection.execute_batch("INSERT INTO drivers VALUES (1, 1, 40, 'Ann')").unwrap();
    connection
}

#[test]
fn an_old_store_is_copied_and_then_brought_up_to_date_once() {
    let Scratch(dir) = &Scratch::new("migrate");
    let connection = first_version(dir);
    let (copy, second) = (dir.file("rally.db.schema-0"), StoreFile::of(dir, SECOND));
    assert!(!copy.exists(), "there was nothing to copy");
    std::fs::write(&copy, b"of an attempt that failed").unwrap();
    for _ in 0..2 {
        schema::prepare(&connection, &second).unwrap();
        assert_eq!((points(&second.path), points(&copy)), (vec![vec![41]], vec![vec![40]]));
    }
    let message = schema::prepare(&connection, &StoreFile::of(dir, FIRST)).unwrap_err().to_string();
    assert!(message.contains("later rally (its schema is 1, this version knows 0)"), "{message}");
    // A new store has the last version at once.
    let Scratch(dir) = &Scratch::new("migrate-new");
    let file = StoreFile::of(dir, SECOND);
    let connection = Connection::open(&file.path).unwrap();
    schema::prepare(&connection, &file).unwrap();
    assert!(schema::check(&connection, &file).unwrap() && points(&file.path).is_empty());
}

#[test]
fn a_migration_that_fails_changes_nothing_and_leaves_the_copy() {
    let Scratch(dir) = &Scratch::new("migrate-fails");
    let connection = first_version(dir);
    let (copy, second) = (dir.file("rally.db.schema-0"), StoreFile::of(dir, SECOND));
    assert!(schema::prepare(&connection, &StoreFile::of(dir, FAILS)).is_err());
    assert_eq!((points(&second.path), points(&copy)), (vec![vec![40]], vec![vec![40]]));
    schema::prepare(&connection, &second).unwrap();
    assert_eq!(points(&second.path), [[41]]);
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    const OTHER: &Schema = &Schema { name: "golf", ..*FIRST };
    let Scratch(dir) = &Scratch::new("foreign");
    let connection = first_version(dir);
    let file = StoreFile::new(&dir.file("rally.db"), OTHER);
    assert!(matches!(schema::prepare(&connection, &file), Err(StoreError::Foreign(..))));
    assert!(matches!(schema::check(&connection, &file), Err(StoreError::Foreign(..))));
    let other = Connection::open_in_memory().unwrap();
    other.execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(schema::prepare(&other, &file), Err(StoreError::Foreign(..))));
}
