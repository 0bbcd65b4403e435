//! Over the records of Micro Machines World Series.

use std::fs;

use mmcos_core::game::{Game as _, Life};
use mmcos_core::wire::steam::SteamId;
use mmcos_game::catalogue::Catalogue;
use mmcos_game::divisions::{Band, Division, Ladder, Standing};
use mmcos_game::events::ByHand;
use mmcos_game::ids::{Points, RaceKey, SessionId, UserId};
use mmcos_game::matchmaker::{GameType, Label, Mode, RuleSet};
use mmcos_game::moderation::Ban;
use mmcos_game::players::{Player, Title};
use mmcos_game::ranking::Place;
use mmcos_game::results::{KEEP, Progress, Race, RaceResult};
use mmcos_game::seasons::{Prizes, RankBonus, RollOver, SeasonId, SeasonStarted};
use mmcos_game::{Mmcos, Record};
use proptest::prelude::*;

use super::super::*;
use super::{NOW, Scratch, after, given_back, of_the_model, records};
#[cfg(unix)]
use crate::data_dir::tests::mode;

type Store = super::super::Store<Record>;

const FILE_NAME: &str = "mmcos.db";

fn player(user: u32, points: i32) -> Record {
    let steam_id = SteamId::new(76_561_202_255_230_000 + u64::from(user));
    let mut player = Player::new(UserId(user), steam_id, SeasonId(57), NOW);
    player.standing = Standing { points: Points(points), division: Division(1) };
    player.profile.title = Title::parse("title_9").unwrap();
    player.profile.hosted.confirmed = user;
    Record::Player(Box::new(player))
}

fn race(session: u64, begun: Option<Wall>) -> Record {
    Record::Race(Box::new(Race {
        session: SessionId(session),
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
    Record::Result(RaceResult {
        session: SessionId(session),
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

/// So many minutes after [`NOW`].
fn event(minutes: i64, event: Option<&str>) -> Record {
    let moment = |minutes: i64| Wall::from_secs(NOW.as_secs().saturating_add(minutes.saturating_mul(60)));
    let event = event.map(|name| name.parse().unwrap());
    Record::EventByHand(ByHand { event, from: moment(minutes), until: moment(minutes.saturating_add(90)) })
}

/// What a store has kept and what it gives back of that.
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
    ]
}

#[test]
fn what_was_committed_comes_back_and_the_last_of_a_key_counts() {
    let Scratch(dir) = &Scratch::new("store");
    let mut store = Store::open(dir).unwrap();
    assert_eq!(records(&mut store, NOW), []);
    store.commit(&some()).unwrap();
    let lifted = "2001:db8::/32";
    store.commit(&[player(2, 99), race(9, None), Record::RaceForgotten(SessionId(9))]).unwrap();
    store.commit(&[ban(lifted, None), Record::Unban(lifted.parse().unwrap())]).unwrap();
    store.commit(&[ban("76561202255230001", None)]).unwrap();
    drop(store);
    let mut expected = some();
    expected[2] = player(2, 99);
    expected[8] = ban("76561202255230001", None);
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), expected);
}

#[test]
fn races_are_given_back_for_as_long_as_they_take_results_and_the_last_whatever_the_clock_says() {
    let Scratch(dir) = &Scratch::new("store-old");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()[..7]).unwrap();
    let races = |store: &mut Store, now| records(store, now).split_off(3);
    for now in [NOW, after(KEEP), after(KEEP.saturating_mul(4000)), Wall::default()] {
        assert_eq!(races(&mut store, now), some()[3..7], "{now:?}");
    }
    let made = |session: u64, made: Wall| match race(session, Some(NOW)) {
        Record::Race(race) => Record::Race(Box::new(Race { made, ..*race })),
        other => other,
    };
    let newer: Vec<Record> = (10..110).map(|session| made(session, after(KEEP))).collect();
    store.commit(&newer).unwrap();
    let [before, later] =
        [after(KEEP).as_millis().saturating_sub(1), after(KEEP).as_millis()].map(Wall::from_millis);
    assert_eq!(races(&mut store, before).len(), 104);
    // By a clock that is ahead, as by one that is right.
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
    let results: i64 =
        store.connection.query_row("SELECT count(*) FROM results", (), |row| row.get(0)).unwrap();
    assert_eq!(results, 2, "history stays");
}

/// The row of a player in a season.
fn in_season(user: u32, season: i32, points: i32) -> Record {
    match player(user, points) {
        Record::Player(player) => Record::Player(Box::new(Player { season: SeasonId(season), ..*player })),
        other => other,
    }
}

/// The official change of season at the end of a season in which players had these points.
fn roll_over(points: &[i32]) -> RollOver {
    let catalogue = Catalogue::official().unwrap();
    let places = (1..).zip(points).map(|(user, points)| Place::new(Points(*points), UserId(user)));
    let rank_bonus = [RankBonus { min_rank: 2, bonus_points: Points(50) }];
    let prizes = Prizes {
        by_division: vec!["".into(), "Boxes:2:".into()],
        by_rank: vec![(1, "Boxes:4:".into()), (2, "".into()), (3, "Boxes:1:".into())],
    };
    let band = Band { bonus_points: catalogue.divisions.bands[2].bonus_points, ..Band::default() };
    RollOver::new(Ladder::new(vec![band; 2]), &rank_bonus, &places.collect(), prizes)
}

fn begins(season: i32, roll_over: Option<RollOver>) -> Record {
    let roll_over = roll_over.map(Box::new);
    Record::SeasonStarted(Box::new(SeasonStarted { season: SeasonId(season), starts: NOW, roll_over }))
}

type FinalStanding = (u32, u32, i32, Option<String>, Option<String>);

/// The final standings of a season: rank from 1, account, points, prizes.
fn final_standings(store: &Store, season: i32) -> Vec<FinalStanding> {
    // The query is the README's.
    let sql = "SELECT rank + 1, user_id, standings.points, division_prize, rank_prize FROM standings \
        JOIN players USING (user_id) WHERE standings.season = ? ORDER BY rank";
    let mut history = store.connection.prepare(sql).unwrap();
    let rows = history
        .query_map([season], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn server() -> Server<Mmcos> {
    let game = Mmcos::new(&mmcos_game::Settings::defaults().unwrap(), &Life::default()).unwrap();
    Server::new(game, mmcos_core::engine::Limits::default(), [7; 32])
}

#[test]
fn a_season_whose_rows_follow_in_pieces_can_be_gone_on_with_from_anywhere_and_leaves_a_history() {
    let Scratch(dir) = &Scratch::new("store-season");
    let mut store = Store::open(dir).unwrap();
    let points = [600, 500, 700, 500];
    store.commit(&[begins(56, None)]).unwrap();
    let rows: Vec<Record> = (1..).zip(points).map(|(user, points)| in_season(user, 56, points)).collect();
    store.commit(&rows).unwrap();
    let change = begins(57, Some(roll_over(&points)));
    let prizes = roll_over(&points).prizes;
    let prizes = prizes.each(SeasonId(56)).map(Record::Prize);
    store.commit(&[change.clone()].into_iter().chain(prizes).collect::<Vec<_>>()).unwrap();
    // What becomes of the rows that a server gets back does not depend on how many were changed before.
    let began = |store: &mut Store| -> Vec<(SeasonId, i32)> {
        let mut server = server();
        store.restore(&mut server, NOW).unwrap();
        server.service().players().iter().map(|player| (player.season, player.standing.points.0)).collect()
    };
    let expected = [150, 100, 150, 100].map(|points| (SeasonId(57), points));
    for user in 0..5 {
        drop(store);
        store = Store::open(dir).unwrap();
        assert_eq!(records(&mut store, NOW)[0], change);
        assert_eq!(began(&mut store), expected, "{user}");
        if let Some((_, points)) = usize::try_from(user).ok().and_then(|user| expected.get(user)) {
            store.commit(&[in_season(user + 1, 57, *points)]).unwrap();
        }
    }
    let (division, rank) = (Some("Boxes:2:".to_owned()), |prize: &str| Some(prize.to_owned()));
    let expected = [
        (1, 3, 700, division.clone(), rank("Boxes:4:")),
        (2, 1, 600, division.clone(), None),
        (3, 2, 500, division.clone(), rank("Boxes:1:")),
        (4, 4, 500, division.clone(), None),
    ];
    assert_eq!(final_standings(&store, 56), expected);
    // A result of the season that is on changes nothing of that.
    store.commit(&[in_season(4, 57, 190)]).unwrap();
    assert_eq!(final_standings(&store, 56), expected);
    assert_eq!(final_standings(&store, 57), []);
    let mut json = Vec::new();
    Store::export(dir, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        (&json["standings"][0]["rank"], &json["standings"][0]["rank_prize"]),
        (&0.into(), &"Boxes:4:".into())
    );
    assert!(json.get("final_standings").is_none() && json.get("season_changes").is_none());
    // A season that is called by another number has not ended.
    store.commit(&[begins(55, None), in_season(4, 55, 190)]).unwrap();
    assert_eq!(final_standings(&store, 57), []);
}

#[test]
fn the_store_is_copied_before_a_season_begins_and_a_restore_brings_it_back() {
    let Scratch(dir) = &Scratch::new("store-before-season");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[season_of(56)]).unwrap();
    assert!(!dir.file("seasons").exists(), "no player could lose anything");
    store.commit(&[player(1, 600)]).unwrap();
    // In one batch with what came before.
    store.commit(&[player(2, 700), season_of(57), player(1, 50)]).unwrap();
    store.commit(&[player(1, 90)]).unwrap();
    let copy = dir.file("seasons").join("before-season-57.db");
    assert!(matches!(restore(dir, &copy), Err(StoreError::InUse { .. })));
    drop(store);
    #[cfg(unix)]
    assert_eq!([&copy, &dir.file("seasons")].map(|path| crate::data_dir::tests::mode(path)), [0o600, 0o700]);
    restore(dir, &copy).unwrap();
    let mut store = Store::open(dir).unwrap();
    assert_eq!(records(&mut store, NOW), [season_of(56), player(1, 600), player(2, 700)]);

    for number in 57..70 {
        store.commit(&[season_of(number)]).unwrap();
    }
    store.copying = None;
    let left = fs::read_dir(dir.file("seasons")).unwrap().count();
    assert_eq!(left, 6, "the others make room");
    // Nothing holds a season up.
    fs::remove_dir_all(dir.file("seasons")).unwrap();
    fs::write(dir.file("seasons"), b"no directory").unwrap();
    store.commit(&[season_of(80)]).unwrap();
    // One that began while the clock was ahead is taken back.
    store.commit(&[season_of(58)]).unwrap();
    assert_eq!(records(&mut store, NOW)[0], season_of(58));
}

fn season_of(number: i32) -> Record {
    begins(number, Some(roll_over(&[])))
}

#[test]
fn commits_go_on_while_the_store_is_copied() {
    let Scratch(dir) = &Scratch::new("store-copying");
    let mut store = Store::open(dir).unwrap();
    let many: Vec<Record> = (1..40_000).map(|user| in_season(user, 56, 600)).collect();
    store.commit(&many).unwrap();
    store.commit(&[season_of(57)]).unwrap();
    let mut meanwhile = 0;
    while store.copying.as_ref().is_some_and(|copying| !copying.is_finished()) {
        meanwhile += 1;
        store.commit(&[in_season(1 + meanwhile % 40_000, 57, 50)]).unwrap();
    }
    assert!(meanwhile > 0, "the copy held a commit up");
    let copy = dir.file("seasons").join("before-season-57.db");
    let copied = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let number = |sql: &str| -> i64 { copied.query_row(sql, (), |row| row.get(0)).unwrap() };
    assert_eq!(number("SELECT count(*) FROM players WHERE season = 56 AND points = 600"), 39_999);
    assert_eq!(number("SELECT count(*) FROM seasons"), 0);
    let mode: String = copied.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "one file, wherever it is");
}

#[test]
fn the_last_that_an_operator_did_comes_back_though_the_clock_was_set_back() {
    let Scratch(dir) = &Scratch::new("store-events");
    let mut store = Store::open(dir).unwrap();
    for last in
        [event(0, Some("chaos")), event(30, None), event(10, Some("gi_joe")), event(10, Some("payload"))]
    {
        store.commit(std::slice::from_ref(&last)).unwrap();
        assert_eq!(records(&mut store, NOW), [last]);
    }
    let rows: Vec<Option<String>> = {
        let mut events = store.connection.prepare("SELECT event FROM events ORDER BY \"from\"").unwrap();
        events.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(rows, [Some("chaos".to_owned()), Some("payload".to_owned())]);
}

fn any_record() -> impl Strategy<Value = Record> {
    let names = prop::option::of(prop::sample::select(vec!["chaos", "gi_joe", "ultimate_koth"]));
    let subject = || prop::sample::select(vec!["203.0.113.0/24", "2001:db8::7", "76561202255230001"]);
    prop_oneof![
        (subject(), any::<bool>()).prop_map(|(subject, ends)| ban(subject, ends.then_some(NOW))),
        subject().prop_map(|subject| Record::Unban(subject.parse().unwrap())),
        (1..6_u32, -50..5_000_i32).prop_map(|(user, points)| player(user, points)),
        (1..6_u64, any::<bool>()).prop_map(|(session, begun)| race(session, begun.then_some(NOW))),
        (1..6_u64).prop_map(|session| Record::RaceForgotten(SessionId(session))),
        (1..6_u64, 1..6_u32).prop_map(|(session, user)| result(session, user)),
        (-300..300_i64, names).prop_map(|(minutes, name)| event(minutes, name)),
        Just(begins(57, None)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_back_is_the_last_record_of_each_key(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..8), 0..12)
    ) {
        prop_assert_eq!(given_back(&batches), of_the_model(&batches));
    }
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let Scratch(dir) = &Scratch::new("store-atomic");
    let mut store = Store::open(dir).unwrap();
    store
        .connection
        .execute_batch("CREATE TRIGGER t BEFORE INSERT ON matches BEGIN SELECT raise(ABORT, 'no'); END")
        .unwrap();
    assert!(store.commit(&[player(1, 10), race(1, None)]).is_err());
    assert_eq!(records(&mut store, NOW), []);
}

#[test]
fn faults_say_what_to_do() {
    let Scratch(dir) = &Scratch::new("store-faults");
    let mut store = Store::open(dir).unwrap();
    let second = Store::open(dir).unwrap_err().to_string();
    assert!(second.contains("another mmcos") && second.contains("--data-dir"), "{second}");

    store.connection.pragma_update(None, "query_only", true).unwrap();
    let read_only = store.commit(&[player(1, 1)]).unwrap_err().to_string();
    assert!(read_only.contains("cannot be written") && read_only.contains("mmcos.db"), "{read_only}");
    store.connection.pragma_update(None, "query_only", false).unwrap();
    store.is_suspect = false;

    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many: Vec<Record> = (1..1_000).map(|user| player(user, 0)).collect();
    let full = store.commit(&many).unwrap_err().to_string();
    assert!(full.contains("disk is full") && full.contains("df -h"), "{full}");
    store.connection.pragma_update(None, "max_page_count", 100_000).unwrap();

    store.commit(&[player(1, 1), player(3, 1)]).unwrap();
    let mut server = server();
    // A row that was deleted by hand is a gap, not damage.
    store.restore(&mut server, NOW).unwrap();
    assert_eq!(server.service().players().len(), 2);

    drop(store);
    fs::write(dir.file(FILE_NAME), vec![b'x'; 8192]).unwrap();
    let damaged = Store::open(dir).unwrap_err().to_string();
    assert!(damaged.contains("damaged") && damaged.contains("mmcos restore FILE"), "{damaged}");

    fs::remove_file(dir.file(FILE_NAME)).unwrap();
    fs::create_dir(dir.file(FILE_NAME)).unwrap();
    let no_file = Store::open(dir).unwrap_err().to_string();
    assert!(no_file.contains("cannot be written") && no_file.contains("ls -ld"), "{no_file}");
}

#[test]
fn backup_restore_and_export_agree() {
    let Scratch(dir) = &Scratch::new("store-files");
    let backup = dir.file("backup.db");
    assert!(Store::backup(dir, &backup).is_err(), "there is nothing to back up");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()).unwrap();
    Store::backup(dir, &backup).unwrap();
    assert!(matches!(Store::backup(dir, &backup), Err(StoreError::Exists { .. })));
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
        json.starts_with(
            "{\n\"bans\": [\n{\"subject\":\"203.0.113.0/24\",\"since\":1795000000000,\"until\":null,"
        ),
        "{json}"
    );
    assert!(json.contains("\"title\":\"title_9\"") && json.ends_with("]\n}\n"), "{json}");
    assert_eq!(json.matches('{').count(), json.matches('}').count());
    assert_eq!(json.matches("\"user_id\"").count(), 5, "3 players, 2 results: {json}");
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed["players"][0]["steam_id"], "76561202255230001");
    assert_eq!(parsed["matches"][0]["session_id"], "7");
    assert_eq!(parsed["matches"][0]["players"], serde_json::json!([2, 1]));
    let file = dir.file("export.json");
    assert_eq!(files::export_to(Record::SCHEMA, dir, &file).unwrap().count, 3);
    assert_eq!(fs::read_to_string(&file).unwrap(), json);
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
    assert!(matches!(files::export_to(Record::SCHEMA, dir, &file), Err(StoreError::Exists { .. })));
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
        assert!(matches!(error, StoreError::NotABackup { .. }), "{name}: {error}");
    }
    let missing = restore(dir, &dir.file("none.db")).unwrap_err().to_string();
    assert!(missing.contains("none.db") && !missing.contains("df -h"), "{missing}");
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), some());
}

fn restore(dir: &DataDir, from: &Path) -> Result<files::Restored, StoreError> {
    files::restore(dir, from, &mut server(), NOW)
}

/// A lock held by another program, as an edit that is left open in a database browser.
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
fn after_an_unclear_failure_the_file_is_opened_anew_and_checked() {
    let Scratch(dir) = &Scratch::new("store-suspect");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[player(1, 10)]).unwrap();
    Store::backup(dir, &dir.file("old.db")).unwrap();
    store.connection.pragma_update(None, "query_only", true).unwrap();
    assert!(store.commit(&[player(2, 20)]).is_err());
    assert!(store.is_suspect);
    // A new connection is not bound by that setting, so the same records go through.
    store.commit(&[player(2, 20)]).unwrap();
    assert_eq!(records(&mut store, NOW), [player(1, 10), player(2, 20)]);
    let wal = fs::metadata(files::beside(&dir.file(FILE_NAME), "-wal")).unwrap().len();
    assert!(wal < 100_000, "the log began anew: {wal}");

    // A file from before the last commit is not gone on with.
    store.is_suspect = true;
    store.connection = Connection::open_in_memory().unwrap();
    fs::copy(dir.file("old.db"), dir.file(FILE_NAME)).unwrap();
    let lost = store.commit(&[player(3, 30)]).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { found: 1, expected: 2, .. }), "{lost}");
    assert_eq!(lost.trouble(), None);
    // One that is not there at the moment is waited for, and not made.
    fs::remove_file(dir.file(FILE_NAME)).unwrap();
    let missing = store.commit(&[player(3, 30)]).unwrap_err();
    assert_eq!(missing.trouble(), Some(StorageTrouble::ReadOnly), "{missing}");
    assert!(!dir.file(FILE_NAME).exists());
}

#[test]
fn the_log_of_a_store_that_was_read_for_long_shrinks_again() {
    let Scratch(dir) = &Scratch::new("store-wal");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[player(1, 1)]).unwrap();
    let wal = || fs::metadata(files::beside(&dir.file(FILE_NAME), "-wal")).unwrap().len();
    let reader = Connection::open(dir.file(FILE_NAME)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM players").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM players", (), |row| row.get(0)).unwrap();
    let much = [Record::Setting { name: "message".to_owned(), value: Some("x".repeat(1_000_000)) }];
    while wal() < 2 * WAL_LIMIT {
        store.commit(&much).unwrap();
    }
    assert!(store.wal_watch > wal(), "it is looked at again when it has doubled");
    reader.execute_batch("ROLLBACK").unwrap();
    // The first moves everything to the main file, the next begins the log anew.
    (0..20).for_each(|_| store.commit(&much).unwrap());
    assert!(wal() <= WAL_LIMIT, "{}", wal());
}

/// A store as earlier versions made it: of the first schema, or of the third.
fn earlier(dir: &DataDir, schema: u8) {
    let connection = Connection::open(dir.file(FILE_NAME)).unwrap();
    connection.execute_batch(include_str!("0.1.0.sql")).unwrap();
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
        assert_eq!(standings(&store.connection), before);
        let session = SessionId(if schema == 1 { 10_000_000 } else { 1_000_000_007 });
        let in_session = |record| match record {
            Record::Race(race) => Record::Race(Box::new(Race { session, ..*race })),
            Record::Result(result) => Record::Result(RaceResult { session, ..result }),
            other => other,
        };
        let expected = [
            begins(57, None),
            player(1, 10),
            in_session(race(7, Some(NOW))),
            in_session(result(7, 1)),
            ban("203.0.113.0/24", None),
            Record::Setting { name: "message".to_owned(), value: Some("hello".to_owned()) },
            event(0, Some("chaos")),
        ];
        assert_eq!(records(&mut store, NOW), expected, "{schema}");
        store.commit(&[player(2, 20), begins(58, Some(roll_over(&[10, 20]))), in_season(1, 58, 0)]).unwrap();
        assert_eq!(store.commits, if schema == 1 { 2 } else { 9 });
        assert_eq!(standings(&store.connection).len(), 7);
        drop(store);
        // Brought up to date once, with a copy of what it was.
        assert_eq!(records(&mut Store::open(dir).unwrap(), NOW).len(), 8);
        let copy = Connection::open(dir.file(&format!("mmcos.db.schema-{schema}"))).unwrap();
        assert_eq!(standings(&copy), before);
    }
}
