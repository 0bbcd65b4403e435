//! The records of the game in the host's store.

#[cfg(all(unix, feature = "postgres"))]
#[path = "../../src/store/tests/cluster.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod cluster;
mod files;
mod seasons;

use std::path::Path;
use std::time::Duration;

use mmcos_core::Server;
use mmcos_core::admin::{AuditEntry, Load, MinuteLoads, Operator, QuarterLoad, Role, TokenDigest};
use mmcos_core::game::{Game as _, Life};
use mmcos_core::seam::{StorageTrouble, Wall};
use mmcos_core::testing::Rows;
use mmcos_core::wire::steam::SteamId;
use mmcos_game::divisions::{Division, Standing};
use mmcos_game::ids::{MatchId, Points, RaceKey, UserId};
use mmcos_game::matchmaker::{GameType, Label, Mode, RuleSet};
use mmcos_game::moderation::Ban;
use mmcos_game::plans::Plan;
use mmcos_game::players::{Adjustment, DeletedPlayer, Name, Player, Title};
use mmcos_game::results::{KEEP, Match, MatchResult, Progress};
use mmcos_game::seasons::{RollOver, SeasonId, SeasonStarted};
use mmcos_game::special_events::ByHand;
use mmcos_game::{Hour, Mmcos, Podium, PodiumPlace, Record};
use mmcos_std::data_dir::DataDir;
use mmcos_std::store::{AnyStore, Commit as _, Database, Place, StoreError, files as host_files};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::Scratch;

type Store = mmcos_std::store::Store<Record>;

const FILE_NAME: &str = "mmcos.db";
const NOW: Wall = Wall::from_secs(1_795_000_000);

fn after(wait: Duration) -> Wall {
    Wall::from_millis(NOW.as_millis().saturating_add(i64::try_from(wait.as_millis()).unwrap()))
}

/// Opens the file as another program does.
fn connect(dir: &DataDir) -> Connection {
    Connection::open(dir.file(FILE_NAME)).unwrap()
}

/// Places for a store of each kind: a file, and a database where `PostgreSQL` is installed.
fn places(dir: &DataDir) -> Vec<Place> {
    let file = Place::Sqlite(dir.clone());
    #[cfg(all(unix, feature = "postgres"))]
    if let Some(cluster) = cluster::Cluster::shared() {
        let address = mmcos_std::store::Address::parse(&cluster.database()).unwrap();
        return vec![file, mmcos_std::store::Location::Postgres(Box::new(address)).of(dir.clone())];
    }
    vec![file]
}

/// Returns the rows of a query, as another program reads them: with `|` between the columns.
fn rows(place: &Place, sql: &str) -> Vec<String> {
    match place {
        Place::Sqlite(dir) => {
            let connection = connect(dir);
            let mut statement = connection.prepare(sql).unwrap();
            let columns = statement.column_count();
            let text = |row: &rusqlite::Row<'_>, at| match row.get(at).unwrap() {
                Value::Null => String::new(),
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Real(number) => number.to_string(),
                Value::Blob(bytes) => format!("{bytes:?}"),
            };
            let line = |row: &rusqlite::Row<'_>| {
                Ok((0..columns).map(|at| text(row, at)).collect::<Vec<_>>().join("|"))
            };
            statement.query_map((), line).unwrap().map(Result::unwrap).collect()
        }
        #[cfg(feature = "postgres")]
        Place::Postgres(place) => {
            #[cfg(unix)]
            let text = cluster::Cluster::shared().unwrap().sql(place.address.url(), sql);
            #[cfg(not(unix))]
            let text = String::new();
            text.lines().map(str::to_owned).collect()
        }
    }
}

fn records<S: Database<Record>>(store: &mut S, now: Wall) -> Vec<Record> {
    let mut records = Vec::new();
    let mut take = |record| {
        records.push(record);
        Ok(())
    };
    store.records(now, &mut take).unwrap();
    records
}

fn player(user: u32, points: i32) -> Record {
    let steam_id = SteamId::new(76_561_202_255_230_000 + u64::from(user));
    let mut player = Player::new(UserId(user), steam_id, SeasonId(57), NOW);
    player.standing = Standing { points: Points(points), division: Division(1) };
    player.profile.title = Title::parse("title_9").unwrap();
    player.profile.hosted.confirmed = user;
    Record::Player(Box::new(player))
}

fn race(session: u64, begun: Option<Wall>) -> Record {
    Record::Match(Box::new(Match {
        id: MatchId(session),
        race_key: RaceKey(!session),
        mode: Mode {
            network_version: 1,
            game_type: GameType(Label::new("QuickRace").unwrap()),
            rule_set: RuleSet::parse("Sumo").unwrap(),
        },
        seats: 3,
        made: NOW,
        begun,
        players: vec![UserId(2), UserId(1)],
    }))
}

fn result(session: u64, user: u32) -> Record {
    let (before, after) = (Standing::default(), Standing { points: Points(40), division: Division(0) });
    Record::Result(MatchResult {
        match_id: MatchId(session),
        user: UserId(user),
        at: NOW,
        claimed: Points(-7),
        counted: Points(40),
        progress: Progress { season: SeasonId(57), before, after, rank: 3 },
    })
}

fn ban(subject: &str, until: Option<Wall>) -> Record {
    let (reason, note) = ("cheating".to_owned(), "seen by \u{1f3ce}".to_owned());
    Record::Ban(Box::new(Ban { subject: subject.parse().unwrap(), since: NOW, until, reason, note }))
}

/// Returns a record with a time this many minutes after [`NOW`].
fn event(minutes: i64, event: Option<&str>) -> Record {
    let moment = |minutes: i64| Wall::from_secs(NOW.as_secs().saturating_add(minutes.saturating_mul(60)));
    let event = event.map(|name| name.parse().unwrap());
    Record::EventByHand(ByHand { event, from: moment(minutes), until: moment(minutes.saturating_add(90)) })
}

/// Returns a plan with a message, or else with maintenance.
fn plan(number: u32, message: Option<&str>, event: Option<&str>) -> Record {
    let (maintenance, message) = (message.is_none(), message.map(str::to_owned));
    let event = event.map(|name| name.parse().unwrap());
    Record::Plan(Box::new(Plan { number, from: NOW, until: after(KEEP), message, maintenance, event }))
}

/// Returns the first place of a season: a name, with the account, its points and its division.
fn podium(season: i32, name: &str, (user, points, division): (u32, i32, u8)) -> Record {
    let name = Name::new(name);
    let (user, points, division) = (UserId(user), Points(points), Division(division));
    let places = vec![PodiumPlace { user, name, points, division }];
    Record::Podium(Podium { season: SeasonId(season), places })
}

fn adjusted(user: u32) -> Record {
    let (before, after) = (Standing::default(), Standing { points: Points(9), division: Division(0) });
    let (operator, reason) = ("anna".to_owned(), "a crash".to_owned());
    let user = UserId(user);
    Record::Adjusted(Box::new(Adjustment {
        at: NOW,
        user,
        operator,
        change: Points(9),
        before,
        after,
        reason,
    }))
}

fn operator(name: &str, until: Option<Wall>) -> Record {
    let (name, password) = (name.to_owned().try_into().unwrap(), TokenDigest::of(name.as_bytes()));
    Record::Operator(Box::new(Operator { name, role: Role::Moderator, until, made: NOW, password }))
}

fn audit(number: u64, address: Option<&str>) -> Record {
    let address = address.map(|address| address.parse().unwrap());
    Record::Audit(Box::new(AuditEntry {
        number,
        at: NOW,
        operator: "anna".to_owned(),
        address,
        command: "PUT /api/v1/settings/{name}".to_owned(),
        text: "set message to \"Hello\"".to_owned(),
        about: address.map(|_| 7),
        before: None,
        after: Some("Hello".to_owned()),
    }))
}

const LOAD: Load = Load {
    online: 9,
    searching: 3,
    matches: 1,
    online_mean: 62,
    searching_mean: 4,
    matches_mean: 1,
    found: 2,
    waited: 305,
};

/// Returns records that a store restores unchanged.
fn some() -> Vec<Record> {
    vec![
        begins(57, None),
        player(1, 10),
        player(2, -3),
        race(7, Some(NOW)),
        race(8, None),
        result(7, 1),
        result(7, 2),
        ban("203.0.113.0/24", None),
        ban("76561202255230001", Some(after(KEEP))),
        event(0, None),
        podium(56, "Zo\u{eb} <b>", (2, 810, 1)),
        Record::Hour(Hour { hour: 139, weeks: 2, players: 9 }),
        Record::Load(QuarterLoad { slot: 640, end: 1_800_576_000, load: LOAD }),
        Record::MinuteLoads(MinuteLoads { slot: 0, end: 1_800_576_000, minutes: vec![LOAD; 15] }),
        operator("anna", Some(after(KEEP))),
        operator("chat-bot", None),
        audit(8, Some("203.0.113.7")),
        audit(9, None),
        Record::PlayerDeleted(DeletedPlayer { user_id: UserId(3), at: NOW }),
        adjusted(2),
        plan(3, None, None),
        plan(4, Some("Cup night"), Some("chaos")),
    ]
}

fn begins(season: i32, roll_over: Option<RollOver>) -> Record {
    let roll_over = roll_over.map(Box::new);
    let started =
        SeasonStarted { season: SeasonId(season), starts: NOW, roll_over, ..SeasonStarted::default() };
    Record::SeasonStarted(Box::new(started))
}

fn server() -> Server<Mmcos> {
    let game = Mmcos::new(&mmcos_game::Settings::defaults().unwrap(), &Life::default()).unwrap();
    Server::new(game, mmcos_core::engine::Limits::default(), [7; 32])
}

fn restore(dir: &DataDir, from: &Path) -> Result<host_files::Restored, StoreError> {
    host_files::restore(dir, from, &mut server(), NOW)
}

#[test]
fn what_was_committed_comes_back_and_the_last_of_a_key_counts() {
    let Scratch(dir) = &Scratch::new("store");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        assert_eq!(records(&mut store, NOW), []);
        store.commit(&some()).unwrap();
        let lifted = "2001:db8::/32";
        store.commit(&[player(2, 99), race(9, None), Record::MatchForgotten(MatchId(9))]).unwrap();
        store.commit(&[ban(lifted, None), Record::Unban(lifted.parse().unwrap())]).unwrap();
        store.commit(&[ban("76561202255230001", None)]).unwrap();
        drop(store);
        let mut expected = some();
        expected[2] = player(2, 99);
        expected[8] = ban("76561202255230001", None);
        assert_eq!(records(&mut AnyStore::open(place).unwrap(), NOW), expected);
    }
}

#[test]
fn races_are_given_back_for_as_long_as_they_take_results_and_the_last_whatever_the_clock_says() {
    let Scratch(dir) = &Scratch::new("store-old");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        store.commit(&some()[..7]).unwrap();
        let races = |store: &mut AnyStore<Record>, now| records(store, now).split_off(3);
        for now in [NOW, after(KEEP), after(KEEP.saturating_mul(4000)), Wall::default()] {
            assert_eq!(races(&mut store, now), some()[3..7], "{now:?}");
        }
        let made = |session: u64, made: Wall| match race(session, Some(NOW)) {
            Record::Match(race) => Record::Match(Box::new(Match { made, ..*race })),
            other => other,
        };
        let newer: Vec<Record> = (10..110).map(|session| made(session, after(KEEP))).collect();
        store.commit(&newer).unwrap();
        let [before, later] =
            [after(KEEP).as_millis().saturating_sub(1), after(KEEP).as_millis()].map(Wall::from_millis);
        assert_eq!(races(&mut store, before).len(), 104);
        // A clock that is ahead makes no difference.
        for now in [later, after(KEEP.saturating_mul(4000))] {
            assert_eq!(
                races(&mut store, now),
                [&[race(8, None)], newer.as_slice()].concat(),
                "one more than the last 100"
            );
        }
        store.commit(&[made(110, after(KEEP))]).unwrap();
        races(&mut store, later);
        assert_eq!(
            races(&mut store, before).first(),
            Some(&race(7, Some(NOW))),
            "8 was never begun, and is gone"
        );
        assert_eq!(rows(place, "SELECT count(*) FROM results"), ["2"], "history stays");
    }
}

#[test]
fn the_last_that_an_operator_did_comes_back_though_the_clock_was_set_back() {
    let Scratch(dir) = &Scratch::new("store-events");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        for last in
            [event(0, Some("chaos")), event(30, None), event(10, Some("gi_joe")), event(10, Some("payload"))]
        {
            store.commit(std::slice::from_ref(&last)).unwrap();
            assert_eq!(records(&mut store, NOW), [last]);
        }
        assert_eq!(rows(place, "SELECT event FROM events ORDER BY \"from\""), ["chaos", "payload"]);
    }
}

#[test]
fn plans_from_before_they_had_events_come_back_and_can_have_one() {
    let Scratch(dir) = &Scratch::new("store-plans");
    for place in &places(dir) {
        AnyStore::open(place).unwrap().commit(&[plan(1, Some("Cup"), None), plan(2, None, None)]).unwrap();
        rows(place, "ALTER TABLE plans DROP COLUMN event");
        let mut store = AnyStore::open(place).unwrap();
        assert_eq!(records(&mut store, NOW), [plan(1, Some("Cup"), None), plan(2, None, None)]);
        store.commit(&[plan(2, None, Some("chaos"))]).unwrap();
        assert_eq!(rows(place, "SELECT number, event FROM plans ORDER BY number"), ["1|", "2|chaos"]);
        drop(store);
        let mut store = AnyStore::open(place).unwrap();
        assert_eq!(records(&mut store, NOW), [plan(1, Some("Cup"), None), plan(2, None, Some("chaos"))]);
    }
}

fn any_record() -> impl Strategy<Value = Record> {
    let names = || prop::option::of(prop::sample::select(vec!["chaos", "gi_joe", "ultimate_koth"]));
    let subject = || prop::sample::select(vec!["203.0.113.0/24", "2001:db8::7", "76561202255230001"]);
    prop_oneof![
        (subject(), any::<bool>()).prop_map(|(subject, ends)| ban(subject, ends.then_some(NOW))),
        subject().prop_map(|subject| Record::Unban(subject.parse().unwrap())),
        (1..6_u32, -50..5_000_i32).prop_map(|(user, points)| player(user, points)),
        (1..6_u64, any::<bool>()).prop_map(|(session, begun)| race(session, begun.then_some(NOW))),
        (1..6_u64).prop_map(|session| Record::MatchForgotten(MatchId(session))),
        (1..6_u64, 1..6_u32).prop_map(|(session, user)| result(session, user)),
        (-300..300_i64, names()).prop_map(|(minutes, name)| event(minutes, name)),
        (1..6_u32, names()).prop_map(|(number, name)| plan(number, None, name)),
        (1..6_u32).prop_map(Record::PlanRemoved),
        Just(begins(57, None)),
        any::<bool>().prop_map(|ends| operator("anna", ends.then_some(NOW))),
        Just(Record::OperatorRemoved("anna".to_owned().try_into().unwrap())),
        (1..6_u64).prop_map(|number| audit(number, None)),
        (1..6_u64).prop_map(Record::AuditForgotten),
        (1..6_u32).prop_map(adjusted),
        (1..6_u32).prop_map(|user| Record::PlayerDeleted(DeletedPlayer { user_id: UserId(user), at: NOW })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_back_is_the_last_record_of_each_key(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..8), 0..12)
    ) {
        let Scratch(dir) = &Scratch::new("store-rows");
        let mut model = Rows::default();
        batches.iter().flatten().for_each(|record| model.put(record.clone()).unwrap());
        let expected = model.records(NOW).collect::<Vec<_>>();
        for place in &places(dir) {
            let mut store = AnyStore::open(place).unwrap();
            for batch in &batches {
                store.commit(batch).unwrap();
            }
            prop_assert_eq!(records(&mut store, NOW), expected.clone());
        }
    }
}

/// Locks the store as another program does, for example an open edit in a database browser.
fn lock(dir: &DataDir) -> Connection {
    let browser = Connection::open(dir.file(FILE_NAME)).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE; UPDATE players SET points = 7").unwrap();
    browser
}

#[test]
fn a_locked_store_is_opened_read_and_written_once_it_is_free() {
    let Scratch(dir) = &Scratch::new("store-locked");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[player(1, 10)]).unwrap();
    let browser = lock(dir);
    let error = store.commit(&[player(2, 20)]).unwrap_err();
    assert_eq!(error.trouble(), Some(StorageTrouble::Locked), "{error}");
    drop(store);
    let mut store = Store::open(dir).unwrap();
    assert_eq!(records(&mut store, NOW), [player(1, 10)], "a start needs no lock");
    assert!(store.commit(&[player(2, 20)]).is_err());
    browser.execute_batch("ROLLBACK").unwrap();
    store.commit(&[player(2, 20)]).unwrap();
    assert_eq!(records(&mut store, NOW), [player(1, 10), player(2, 20)]);
}

#[test]
fn a_row_that_was_deleted_by_hand_is_a_gap_not_damage() {
    let Scratch(dir) = &Scratch::new("store-gap");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        store.commit(&[player(1, 1), player(3, 1)]).unwrap();
        let mut server = server();
        store.restore(&mut server, NOW).unwrap();
        assert_eq!(server.service().players().len(), 2);
    }
}
