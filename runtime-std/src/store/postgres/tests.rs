//! A database that vanishes, comes back, and is led by another server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use rusqlite::Connection;

use super::super::sqlite::Sqlite;
use super::super::tests::cluster::Cluster;
use super::super::tests::{FIRST, NOW, Record, SECOND, driver, records, round};
use super::super::{Committer, Database as _};
use super::commands::Leader;
use super::*;
use crate::data_dir::tests::Scratch;

/// Opens a store in a database of its own.
fn open(cluster: &Cluster, dir: &DataDir) -> (Place, Postgres<Record>) {
    let place = Place { address: Address::parse(&cluster.database()).unwrap(), dir: dir.clone() };
    let store = Postgres::open(&place).unwrap();
    (place, store)
}

fn all(store: &mut Postgres<Record>) -> Vec<Record> {
    let mut records = Vec::new();
    store
        .records(NOW, &mut |record| {
            records.push(record);
            Ok(())
        })
        .unwrap();
    records
}

#[test]
fn another_server_waits_for_the_lease_and_then_the_first_cannot_commit() {
    let Some(cluster) = Cluster::shared() else { return };
    let (Scratch(dir), Scratch(other)) = (&Scratch::new("pg-lease"), &Scratch::new("pg-lease-2"));
    let (place, mut store) = open(cluster, dir);
    store.commit(&[driver(1, 1, 10)]).unwrap();
    let second = Place { dir: other.clone(), ..place.clone() };
    let error = Postgres::<Record>::open(&second).unwrap_err();
    assert!(matches!(&error, StoreError::Leads { leader, .. } if leader.contains("process ")), "{error}");
    // A renewal keeps it, a commit too.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(u64::from(LEASE) + 1) {
        assert_eq!(store.idle().unwrap(), Some(RENEWAL));
        thread::sleep(RENEWAL);
    }
    assert!(Postgres::<Record>::open(&second).is_err());
    // A pause ends it.
    thread::sleep(Duration::from_secs(u64::from(LEASE)) + Duration::from_millis(100));
    let mut leader = Postgres::<Record>::open(&second).unwrap();
    assert_eq!(all(&mut leader), [driver(1, 1, 10)]);
    // The paused one goes on where it was, in the same session.
    assert!(store.commit(&[driver(1, 1, 99)]).is_err());
    let deposed = store.commit(&[driver(1, 1, 99)]).unwrap_err();
    assert!(matches!(deposed, StoreError::Deposed { .. }) && deposed.is_final(), "{deposed}");
    assert!(matches!(store.idle(), Err(StoreError::Deposed { .. })));
    leader.commit(&[driver(2, 1, 20)]).unwrap();
    assert_eq!(all(&mut leader), [driver(1, 1, 10), driver(2, 1, 20)]);
    // A deposed server that ends leaves the lease of the other alone; an orderly end gives it back.
    drop(store);
    assert!(matches!(Postgres::<Record>::open(&place), Err(StoreError::Leads { .. })));
    drop(leader);
    assert_eq!(all(&mut Postgres::open(&place).unwrap()).len(), 2);
}

/// Ends a store as a kill does: the lease is not given back.
fn kill(mut store: Postgres<Record>) {
    store.session = None;
}

#[test]
fn a_restart_in_the_same_data_directory_waits_for_no_lease_but_its_own() {
    let Some(cluster) = Cluster::shared() else { return };
    let (Scratch(dir), Scratch(other)) = (&Scratch::new("pg-own"), &Scratch::new("pg-own-2"));
    let (place, mut store) = open(cluster, dir);
    store.commit(&[driver(1, 1, 10)]).unwrap();
    kill(store);
    let second = Place { dir: other.clone(), ..place.clone() };
    let leads = |place| matches!(Postgres::<Record>::open(place), Err(StoreError::Leads { .. }));
    assert!(leads(&second));
    let copied = std::fs::read(dir.file("rally.lease")).unwrap();
    let mut store = Postgres::<Record>::open(&place).unwrap();
    assert_eq!((store.fence.position.epoch, all(&mut store)), (2, vec![driver(1, 1, 10)]));
    // A copy of the directory has the lease of then.
    std::fs::write(other.file("rally.lease"), copied).unwrap();
    assert!(leads(&second));
    kill(store);
    assert!(leads(&second));
    // Nor does that of another database count.
    let elsewhere = Place { address: Address::parse(&cluster.database()).unwrap(), ..place.clone() };
    let server = Postgres::<Record>::open(&Place { dir: other.clone(), ..elsewhere.clone() }).unwrap();
    std::fs::write(
        dir.file("rally.lease"),
        format!("{} {}\n", server.fence.position.epoch, place.address.place().display()),
    )
    .unwrap();
    assert!(leads(&elsewhere));
    drop(server);
    // Another has led meanwhile, and is gone without a trace.
    cluster.sql(place.address.url(), "UPDATE commits SET epoch = epoch + 1");
    assert!(leads(&place));
}

#[test]
fn a_deposed_server_ends_although_nothing_is_committed() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-deposed");
    let (place, store) = open(cluster, dir);
    let committer = Committer::start(store).unwrap();
    cluster.sql(place.address.url(), "UPDATE commits SET epoch = epoch + 1");
    let start = Instant::now();
    while committer.durable().is_ok() {
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    let error = committer.finish().unwrap_err();
    assert!(matches!(*error, StoreError::Deposed { .. }), "{error}");
}

#[test]
fn a_commit_whose_response_was_lost_is_looked_up_and_not_made_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-unknown");
    let (place, mut store) = open(cluster, dir);
    store.commit(&[driver(1, 1, 10)]).unwrap();
    // Everything is done but for the response.
    let lost = [driver(2, 1, 20), driver(3, 1, 30)];
    store.commit(&lost).unwrap();
    (store.fence.position.number, store.fence.unknown, store.session) = (1, Some(2), None);
    cluster.sql(place.address.url(), "UPDATE drivers SET points = 77 WHERE id = 2");
    store.commit(&[&lost[..], &[driver(4, 1, 40)]].concat()).unwrap();
    let Fence { position, unknown, kept } = &store.fence;
    assert_eq!((position.number, *unknown, *kept), (3, None, 0));
    let expected = [driver(1, 1, 10), driver(2, 1, 77), lost[1].clone(), driver(4, 1, 40)];
    assert_eq!(all(&mut store), expected, "the second record was not written again");
    // The same batch again, and nothing else.
    (store.fence.position.number, store.fence.unknown, store.session) = (2, Some(1), None);
    store.commit(&[driver(4, 1, 40)]).unwrap();
    assert_eq!((store.fence.position.number, store.fence.kept), (3, 0));
    // One that did not arrive is made.
    (store.fence.unknown, store.session) = (Some(1), None);
    store.commit(&[driver(5, 1, 50)]).unwrap();
    assert_eq!(cluster.sql(place.address.url(), "SELECT number FROM commits"), "4");
    // A database that was set back is not written to.
    cluster.sql(place.address.url(), "UPDATE commits SET number = 2");
    store.session = None;
    let error = store.commit(&[driver(6, 1, 60)]).unwrap_err();
    assert!(matches!(error, StoreError::LostThere { found: 2, expected: 4, .. }), "{error}");
}

#[test]
fn a_batch_of_many_records_is_sent_in_parts_and_committed_as_one() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-many");
    let (place, mut store) = open(cluster, dir);
    let many: Vec<Record> = (1..=5000).map(|id| driver(id, 1, 10)).collect();
    store.commit(&many).unwrap();
    assert_eq!(all(&mut store).len(), 5000);
    assert_eq!(cluster.sql(place.address.url(), "SELECT number FROM commits"), "1");
}

#[test]
fn an_attempt_that_comes_late_does_no_harm() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-late");
    let (place, mut store) = open(cluster, dir);
    store.commit(&[driver(1, 1, 10)]).unwrap();
    // An attempt that is on its way, with the number from before.
    let mut late = Session::connect(&place.address, "late", PATIENCE).unwrap();
    late.begin();
    late.execute(COMMIT, &[Value::Integer(1), Value::Integer(store.fence.position.epoch)]).unwrap();
    late.execute("INSERT INTO drivers (id, points) VALUES ($1, 1)", &[Value::Integer(9)]).unwrap();
    (store.fence.unknown, store.session) = (Some(1), None);
    store.commit(&[driver(2, 1, 20)]).unwrap();
    let error = late.commit().unwrap_err();
    assert_eq!(error.trouble(), Some(mmcos_core::seam::StorageTrouble::Locked), "{error}");
    assert_eq!(all(&mut store), [driver(1, 1, 10), driver(2, 1, 20)]);
}

#[test]
fn a_database_that_is_killed_paused_or_cut_off_under_load_loses_nothing() {
    // A server of its own: others are not disturbed.
    let Some(cluster) = &Cluster::start() else { return };
    let rounds = std::env::var("MMCOS_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let Scratch(dir) = &Scratch::new("pg-killed");
    let (direct, network) = (cluster.database(), cluster.network());
    let place = Place { address: Address::parse(&network.url(&direct)).unwrap(), dir: dir.clone() };
    let store = Postgres::open(&place).unwrap();
    let committer = Committer::start(store).unwrap();
    let stop = AtomicBool::new(false);
    // Each writer counts in a row of its own, and waits for each commit as a response does.
    let counted: Vec<i64> = thread::scope(|scope| {
        let writer = |id: u64| {
            let (committer, stop) = (&committer, &stop);
            scope.spawn(move || {
                let mut points = 0;
                while !stop.load(Ordering::Relaxed) {
                    let lap = Record::Lap { track: points, driver: id, millis: 1 };
                    committer.wait(committer.submit([driver(id, 1, points.into()), lap])).unwrap();
                    points += 1;
                }
                i64::from(points)
            })
        };
        let writers: Vec<_> = (1..=8).map(writer).collect();
        for round in 0..rounds {
            thread::sleep(Duration::from_millis(300));
            match round % 5 {
                0 => {
                    cluster.stop();
                    cluster.go_on();
                }
                1 => {
                    cluster.pause();
                    thread::sleep(Duration::from_millis(700));
                    cluster.resume();
                }
                2 => {
                    network.cut();
                    thread::sleep(Duration::from_millis(700));
                    network.mend();
                }
                // Longer than a commit waits: the attempt comes late.
                3 => {
                    cluster.pause();
                    thread::sleep(PATIENCE + Duration::from_millis(500));
                    cluster.resume();
                }
                _ => {
                    network.cut();
                    thread::sleep(PATIENCE + Duration::from_millis(500));
                    network.mend();
                }
            }
            // It has recovered before the next round.
            let submitted = committer.submit([round_of(round)]);
            committer.wait(submitted).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let epoch = cluster.sql(&direct, "SELECT epoch FROM commits");
    assert_eq!(epoch, "1", "no other server has led");
    committer.finish().unwrap();
    let drivers = cluster.sql(&direct, "SELECT points FROM drivers ORDER BY id");
    let laps = "SELECT count(*) FROM laps GROUP BY driver ORDER BY driver";
    let laps = cluster.sql(&direct, laps);
    let lines = |numbers: Vec<i64>| numbers.iter().map(i64::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(laps, lines(counted.clone()), "each lap once");
    assert_eq!(drivers, lines(counted.iter().map(|points| points - 1).collect()));
    let total: i64 = counted.iter().sum();
    eprintln!("{rounds} rounds, {total} commits acknowledged, all there");
    assert!(total > 100, "this was no load: {total}");
}

fn round_of(number: i32) -> Record {
    // Not a milestone's first: copies are another test's matter.
    Record::Flag { name: format!("round {number}"), value: Some(true) }
}

#[test]
fn a_season_that_begins_again_is_copied_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-again");
    let (_, mut store) = open(cluster, dir);
    for points in [10, 20] {
        store.commit(&[driver(1, 56, points)]).unwrap();
        store.commit(&[round(57)]).unwrap();
        store.copying = None;
        let copy = Connection::open(dir.file("seasons").join("before-season-57.db")).unwrap();
        let saved = copy.query_row("SELECT points FROM drivers", (), |row| row.get::<_, i64>(0));
        assert_eq!(saved.unwrap(), points);
    }
}

#[test]
fn a_season_is_copied_to_a_file_before_it_begins() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-season");
    let (place, mut store) = open(cluster, dir);
    store.commit(&[driver(1, 1, 10)]).unwrap();
    store.commit(&[driver(2, 1, 20), round(57), driver(1, 2, 0)]).unwrap();
    // Waits for the copy.
    store.copying = None;
    drop(store);
    let copy = dir.file("seasons").join("before-season-57.db");
    let file = StoreFile::new(&copy, Record::SCHEMA);
    let connection = Connection::open(&copy).unwrap();
    assert!(schema::check(&connection, &file).unwrap());
    let mut copied = Sqlite { connection: &connection, file: &file };
    assert_eq!(copied.number("SELECT sum(points) FROM drivers").unwrap(), Some(30));
    assert_eq!(copied.number("SELECT count(*) FROM rounds").unwrap(), Some(0));
    // Both ways, and the database's own history with it.
    let mut store = Postgres::<Record>::open(&place).unwrap();
    store.commit(&[driver(1, 3, 5)]).unwrap();
    assert!(matches!(move_from(Record::SCHEMA, &place), Err(StoreError::InUse { .. })));
    drop(store);
    let moved = move_from(Record::SCHEMA, &place).unwrap();
    assert_eq!(moved.count, 2);
    assert!(matches!(move_from(Record::SCHEMA, &place), Err(StoreError::Exists(_))));
    assert!(matches!(move_to(Record::SCHEMA, &place), Err(StoreError::Exists(_))), "it is not empty");
    let empty = Place { address: Address::parse(&cluster.database()).unwrap(), ..place.clone() };
    assert_eq!(move_to(Record::SCHEMA, &empty).unwrap(), moved);
    let leagues = "SELECT * FROM leagues ORDER BY league";
    let rows = cluster.sql(empty.address.url(), leagues);
    assert_eq!(rows, cluster.sql(place.address.url(), leagues));
    assert_eq!(rows.lines().count(), 2);
    let here = records(&mut super::super::Store::<Record>::open(dir).unwrap(), NOW);
    assert_eq!(here, all(&mut Postgres::open(&empty).unwrap()));
    assert_eq!(here.len(), 3);
}

#[test]
fn a_database_is_migrated_once_and_one_of_something_else_is_left_alone() {
    const OTHER: &Schema = &Schema { name: "golf", ..*FIRST };
    const FAILS: &Schema = &Schema { migrations: &["DELETE FROM drivers", "nonsense"], ..*FIRST };
    let Some(cluster) = Cluster::shared() else { return };
    let address = Address::parse(&cluster.database()).unwrap();
    let sql = |sql: &str| cluster.sql(address.url(), sql);
    let prepare = |schema| Leader::take(&address, schema).and_then(Leader::release).map(drop);
    prepare(FIRST).unwrap();
    sql("INSERT INTO drivers VALUES (1, 1, 40, 'Ann')");
    assert!(prepare(FAILS).is_err());
    assert_eq!(sql("SELECT points FROM drivers"), "40", "all or nothing");
    assert_eq!(sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%schema%0'"), "0");
    // Another one leads by now, and may have made the same changes.
    let mut late = Session::connect(&address, "late", PATIENCE).unwrap();
    let error = super::prepare(&mut late, &label(&address, SECOND), 1).unwrap_err();
    assert_eq!(error.trouble(), Some(mmcos_core::seam::StorageTrouble::Locked), "{error}");
    drop(late);
    sql("UPDATE commits SET alive = '-infinity'");
    for _ in 0..2 {
        prepare(SECOND).unwrap();
        assert_eq!(sql("SELECT points FROM drivers"), "41");
    }
    // The earlier version starts with the copy from before.
    sql("UPDATE drivers SET points = 99");
    let before = format!("{}&options=-csearch_path%3Dpublic_schema_0", address.url());
    let before = Leader::take(&Address::parse(&before).unwrap(), FIRST).and_then(Leader::release);
    let mut before = before.unwrap();
    assert_eq!(before.number("SELECT points FROM drivers").unwrap(), Some(40));
    before.execute("INSERT INTO drivers VALUES (1, 1, 50, 'Ann') ON CONFLICT (id) DO NOTHING", &[]).unwrap();
    let later = prepare(FIRST).unwrap_err().to_string();
    assert!(later.contains("later rally (its schema is 1, this version knows 0)"), "{later}");
    assert!(matches!(prepare(OTHER), Err(StoreError::Foreign(..))));
    // What another program calls its own.
    let address = Address::parse(&cluster.database()).unwrap();
    cluster.sql(address.url(), "CREATE TABLE drivers (name TEXT)");
    assert!(matches!(Leader::take(&address, FIRST).err(), Some(StoreError::Foreign(..))));
    assert_eq!(cluster.sql(address.url(), "SELECT count(*) FROM pg_tables WHERE tablename = 'commits'"), "0");
}

#[test]
fn errors_say_what_to_do() {
    let Some(cluster) = Cluster::shared() else { return };
    let Scratch(dir) = &Scratch::new("pg-errors");
    let (place, mut store) = open(cluster, dir);
    let at = |url: &str| Place { address: Address::parse(url).unwrap(), dir: place.dir.clone() };
    let url = place.address.url().to_owned();
    drop(store);
    let of = |place: &Place| {
        let error = Postgres::<Record>::open(place).unwrap_err();
        (error.trouble(), error.to_string())
    };
    let (trouble, missing) = of(&at(&url.replace("@/mmcos", "@/none")));
    assert!(trouble.is_none() && missing.contains("\"none") && missing.contains("check user"), "{missing}");
    let (trouble, gone) = of(&at("postgres://mmcos@localhost:1/mmcos"));
    assert!(trouble.is_some() && gone.starts_with("postgres://localhost:1/mmcos: "), "{gone}");
    assert!(gone.contains("can be reached"), "{gone}");
    cluster.sql(&url, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let name = url.split("@/").nth(1).unwrap().split('?').next().unwrap();
    let (_, encoding) = of(&at(&url.replace(name, "latin")));
    assert!(encoding.contains("ENCODING 'UTF8'"), "{encoding}");

    // While it serves, these pass.
    store = Postgres::open(&place).unwrap();
    let trouble = |store: &mut Postgres<Record>| {
        let error = store.commit(&[driver(1, 1, 1)]).unwrap_err();
        (error.trouble().map(mmcos_core::seam::StorageTrouble::name), error.to_string())
    };
    cluster.sql(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    store.session = None;
    let (kind, read_only) = trouble(&mut store);
    assert!(kind == Some("read-only") && read_only.contains("primary"), "{read_only}");
    cluster.sql(&url, &format!("BEGIN READ WRITE; ALTER DATABASE {name} RESET ALL; COMMIT"));
    let mut other = Session::connect(&place.address, "other", PATIENCE).unwrap();
    other.batch("BEGIN; SELECT number FROM commits FOR UPDATE").unwrap();
    store.session = None;
    let (kind, locked) = trouble(&mut store);
    assert!(kind == Some("locked") && locked.contains("pg_stat_activity"), "{locked}");
    other.batch("ROLLBACK").unwrap();

    // The character that PostgreSQL cannot hold.
    store.commit(&[Record::Driver { id: 1, league: 1, points: 1, name: "a\0b".to_owned() }]).unwrap();
    assert_eq!(cluster.sql(&url, "SELECT name FROM drivers"), "a\u{fffd}b");
}

#[test]
fn the_certificate_of_the_server_is_checked() {
    let Some(cluster) = &Cluster::start() else { return };
    let Scratch(dir) = &Scratch::new("pg-tls");
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let authority = dir.file("authority.pem");
    std::fs::write(&authority, cert.pem()).unwrap();
    let port = cluster.encrypt(&cert.pem(), &signing_key.serialize_pem());
    let name = cluster.database().split(['/', '?']).nth(3).unwrap().to_owned();
    let connect = |host: &str, parameters: &str| {
        let url = format!("postgres://mmcos@{host}:{port}/{name}?{parameters}");
        Session::connect(&Address::parse(&url).unwrap(), "test", PATIENCE)
    };
    let root = format!("sslrootcert={}", authority.display());
    for mode in ["sslmode=verify-full", "sslmode=require"] {
        let mut session = connect("localhost", &format!("{mode}&{root}")).unwrap();
        let encrypted = session.number("SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        assert_eq!(encrypted.unwrap(), Some(1));
        for (host, parameters) in [("localhost", mode), ("127.0.0.1", &*format!("{mode}&{root}"))] {
            let error = connect(host, parameters).unwrap_err();
            assert!(error.trouble().is_none(), "{error}");
            assert!(error.to_string().contains("certificate") && error.to_string().contains("sslrootcert"));
        }
    }
    assert!(connect("localhost", "sslmode=verify-full&sslrootcert=/none.pem").is_err());
    cluster.sql(&cluster.database(), "ALTER SYSTEM SET ssl = off");
    cluster.stop();
    cluster.go_on();
    let error =
        connect("localhost", &root.replace("sslroot", "sslmode=require&sslroot")).unwrap_err().to_string();
    assert!(error.contains("must offer TLS"), "{error}");
}
