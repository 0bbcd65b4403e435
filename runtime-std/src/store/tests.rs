use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};

use mmcos_core::mmcos::divisions::{Division, Standing};
use mmcos_core::mmcos::ids::{Points, RaceKey, SessionId, UserId};
use mmcos_core::mmcos::matchmaker::{GameType, Label, Mode, RuleSet};
use mmcos_core::mmcos::moderation::Ban;
use mmcos_core::mmcos::players::{Player, Title};
use mmcos_core::mmcos::results::{KEEP, Progress, Race, RaceResult};
use mmcos_core::mmcos::seasons::{FinalStanding, SeasonId, SeasonStarted};
use mmcos_core::wire::steam::SteamId;

use super::*;
use crate::data_dir::tests::Scratch;

const NOW: Wall = Wall::from_secs(1_795_000_000);

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

fn season(standings: Vec<FinalStanding>) -> Record {
    let started = SeasonStarted { season: SeasonId(57), starts: NOW, standings, ..SeasonStarted::default() };
    Record::SeasonStarted(Box::new(started))
}

fn records(store: &mut Store, now: Wall) -> Vec<Record> {
    let mut records = Vec::new();
    let take = |record| {
        records.push(record);
        Ok(())
    };
    store.records(now, take).unwrap();
    records
}

fn after(wait: Duration) -> Wall {
    Wall::from_millis(NOW.as_millis().saturating_add(i64::try_from(wait.as_millis()).unwrap()))
}

/// What a store has kept and what it gives back of that.
fn some() -> Vec<Record> {
    vec![
        season(vec![]),
        player(1, 10),
        player(2, -3),
        race(7, Some(NOW)),
        race(8, None),
        result(7, 1),
        result(7, 2),
        ban("203.0.113.0/24", None),
        ban("76561202255230001", Some(after(KEEP))),
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
fn races_are_given_back_for_as_long_as_they_take_results_and_the_last_for_its_number() {
    let Scratch(dir) = &Scratch::new("store-old");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()[..7]).unwrap();
    let races = |store: &mut Store, now| records(store, now).split_off(3);
    assert_eq!(races(&mut store, Wall::from_millis(after(KEEP).as_millis().saturating_sub(1))), some()[3..7]);
    assert_eq!(races(&mut store, after(KEEP)), [race(7, Some(NOW))], "8 was never begun");
    let results: i64 =
        store.connection.query_row("SELECT count(*) FROM results", (), |row| row.get(0)).unwrap();
    assert_eq!(results, 2, "history stays");
}

#[test]
fn a_season_changes_all_rows_at_once_and_leaves_a_history() {
    let Scratch(dir) = &Scratch::new("store-season");
    let mut store = Store::open(dir).unwrap();
    store.commit(&[player(1, 600), player(2, 500)]).unwrap();
    let begins = Standing { points: Points(50), division: Division(0) };
    let standing = |user, rank| {
        let ended = Standing { points: Points(600), division: Division(1) };
        FinalStanding { user: UserId(user), season: SeasonId(56), rank, ended, begins }
    };
    store.commit(&[season(vec![standing(1, 0), standing(2, 1)])]).unwrap();
    let kept = records(&mut store, NOW);
    let [Record::SeasonStarted(started), Record::Player(player), _] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!((started.season, started.standings.len()), (SeasonId(57), 0));
    assert_eq!((player.season, player.standing, player.bonus), (SeasonId(57), begins, Points(50)));
    let history = "SELECT sum(points), sum(rank) FROM standings WHERE season = 56";
    let history: (i64, i64) =
        store.connection.query_row(history, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(history, (1200, 1));
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

    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many: Vec<Record> = (1..1_000).map(|user| player(user, 0)).collect();
    let full = store.commit(&many).unwrap_err().to_string();
    assert!(full.contains("disk is full") && full.contains("df -h"), "{full}");
    store.connection.pragma_update(None, "max_page_count", 100_000).unwrap();

    store.commit(&[player(1, 1), player(3, 1)]).unwrap();
    let game = mmcos_core::mmcos::Config::new(mmcos_core::mmcos::catalogue::Catalogue::official().unwrap());
    let mut server = Server::new(Mmcos::new(game, [7; 32]), mmcos_core::engine::Limits::default(), [7; 32]);
    let gap = store.restore(&mut server, NOW).unwrap_err().to_string();
    assert!(gap.contains("expected account 2") && gap.contains("mmcos restore FILE"), "{gap}");

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
    assert!(files::backup(dir, &backup).is_err(), "there is nothing to back up");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()).unwrap();
    files::backup(dir, &backup).unwrap();
    assert!(matches!(files::backup(dir, &backup), Err(StoreError::Exists { .. })));
    store.commit(&[player(3, 5)]).unwrap();
    assert!(matches!(files::restore(dir, &backup), Err(StoreError::InUse { .. })));
    drop(store);

    let old = files::restore(dir, &backup).unwrap().unwrap();
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), some());
    assert_eq!(files::restore(dir, &old).unwrap().unwrap(), dir.file("mmcos.db.before-restore-2"));
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW).len(), some().len() + 1, "the old one was whole");

    let mut json = Vec::new();
    files::export(dir, &mut json).unwrap();
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
}

#[test]
fn what_is_no_whole_store_is_not_put_in_the_place_of_one() {
    let Scratch(dir) = &Scratch::new("store-bad-backup");
    let mut store = Store::open(dir).unwrap();
    store.commit(&some()).unwrap();
    let backup = dir.file("backup.db");
    files::backup(dir, &backup).unwrap();
    drop(store);
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x55);
    fs::write(&backup, bytes).unwrap();
    assert!(files::restore(dir, &backup).is_err());
    Connection::open(dir.file("other.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(files::restore(dir, &dir.file("other.db")), Err(StoreError::Foreign { .. })));
    assert!(files::restore(dir, &dir.file("none.db")).is_err());
    assert_eq!(records(&mut Store::open(dir).unwrap(), NOW), some());
}

/// Keeps batches in memory, each once the test lets it; fails at the one of this number.
struct Fake {
    gate: Arc<Mutex<()>>,
    batches: Arc<Mutex<Vec<usize>>>,
    fails_at: usize,
}

impl Commit for Fake {
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let _open = self.gate.lock().unwrap();
        let mut batches = self.batches.lock().unwrap();
        if batches.len() == self.fails_at {
            return Err(StoreError::Exists { path: "fault".into() });
        }
        batches.push(records.len());
        Ok(())
    }
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_gathers_while_a_batch_is_written_is_the_next_batch() {
    let (gate, batches) = (Arc::default(), Arc::default());
    let fake = Fake { gate: Arc::clone(&gate), batches: Arc::clone(&batches), fails_at: usize::MAX };
    let committer = Committer::start(fake).unwrap();
    let closed = gate.lock().unwrap();
    let tickets: Vec<Ticket> =
        (1..=20).map(|user| committer.submit([player(user, 0), player(user, 1)])).collect();
    assert!(tickets.is_sorted_by(|earlier, later| earlier < later));
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    assert!(committer.poll(Ticket::default(), &Context::from_waker(&waker)).is_pending());
    drop(closed);
    committer.wait(tickets[19]).unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(committer.poll(Ticket::default(), &Context::from_waker(&waker)).is_ready());
    assert!(committer.poll(tickets[19], &Context::from_waker(&waker)).is_pending());
    let last = committer.submit([player(1, 2)]);
    committer.finish().unwrap();
    assert!(last > tickets[19]);
    let batches = batches.lock().unwrap();
    assert_eq!(batches.iter().sum::<usize>(), 41, "all that was submitted is written in the end");
    assert!(batches.len() <= 3, "{batches:?}");
    let (1, together) = batches.split_last().unwrap() else { panic!("{batches:?}") };
    assert!(together.iter().all(|records| records % 2 == 0), "what belongs together stays so: {batches:?}");
}

#[test]
fn nothing_is_durable_after_a_failure() {
    for fails_at in 0..4 {
        let batches = Arc::default();
        let committer =
            Committer::start(Fake { gate: Arc::default(), batches: Arc::clone(&batches), fails_at }).unwrap();
        for number in 0..6 {
            let ticket = committer.submit([player(1, 0)]);
            let waited = committer.wait(ticket);
            assert_eq!(waited.is_ok(), number < fails_at);
            assert_eq!(committer.durable().is_ok(), number < fails_at);
        }
        let waker = Arc::new(Woken::default()).into();
        let polled = committer.poll(Ticket::default(), &Context::from_waker(&waker));
        assert!(matches!(polled, Poll::Ready(Err(_))));
        assert_eq!(batches.lock().unwrap().len(), fails_at, "it is not asked again");
        assert!(committer.finish().is_err());
    }
}
