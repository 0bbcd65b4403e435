//! Durability: points count once, and a server restored from its records equals the one that made them.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mmcos_core::{
    Server,
    engine::Limits,
    game::Game as _,
    seam::{ConnId, Wall},
    testing::Rows,
    wire::steam::SteamId,
};
use mmcos_game::{
    Mmcos, Record,
    catalogue::{Catalogue, EventName},
    divisions::Standing,
    ids::Points,
    results::KEEP,
    special_events::ByHand,
};
use proptest::prelude::*;

use super::{
    rig::{Rig, body, status},
    world::{self, Hosted, Search, login_answer, text, texts, trusting, update_title},
};

const PLAYERS: usize = 4;

/// A game. Each life has race keys of its own.
fn game(life: u8) -> Mmcos {
    let mut hosted = Hosted::from(trusting());
    hosted.built_in.session_lifetime = Duration::from_hours(24 * 1000);
    world::game(hosted, life)
}

fn steam_id(player: usize) -> u64 {
    76_561_202_255_230_001 + player as u64
}

fn number(answer: &str, name: &str) -> i32 {
    text(answer, name).parse().unwrap_or_else(|_| panic!("{name} in {answer}"))
}

struct Player {
    token: String,
    poll: Option<ConnId>,
    key: String,
}

/// A server with a few logged-in players.
struct World {
    rig: Rig<Mmcos>,
    life: u8,
    players: Vec<Player>,
    /// For each key, the number of players in its match.
    seats: BTreeMap<String, usize>,
    /// For each key, the players whose results counted.
    seated: BTreeMap<String, BTreeSet<usize>>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            rig: Rig::new(game(0), Limits::default()),
            life: 0,
            players: vec![],
            seats: BTreeMap::new(),
            seated: BTreeMap::new(),
        };
        for player in 0..PLAYERS {
            let answer = world.login(player);
            world.players.push(Player {
                token: text(&answer, "SessionToken").into(),
                poll: None,
                key: String::new(),
            });
        }
        world
    }

    fn login(&mut self, player: usize) -> String {
        let answer = login_answer(&mut self.rig, steam_id(player), &format!("P{player}"));
        assert_eq!(status(&answer), "200", "{answer}");
        answer
    }

    fn title(&mut self, player: usize, title: u8) {
        let answer = update_title(&mut self.rig, &self.players[player].token, &format!("title_{title}"));
        assert_eq!(status(&answer), "200", "{answer}");
    }

    fn poll(&mut self, player: usize, size: u8, ignore: bool) {
        if let Some(conn) = self.players[player].poll.take() {
            self.rig.leave(conn);
        }
        let search = Search::race(&self.players[player].token, player as u64 + 1);
        let conn = Search { ignore, size, ..search }.begin(&mut self.rig);
        self.players[player].poll = Some(conn);
        self.hear();
    }

    /// Every player reads the responses that have arrived.
    fn hear(&mut self) {
        for index in 0..PLAYERS {
            let Some(conn) = self.players[index].poll else { continue };
            let answer = self.rig.read(conn);
            if answer.is_empty() {
                continue;
            }
            let key = text(&answer, "RaceKey").to_owned();
            assert_eq!(key.len(), 16, "{answer}");
            let seats =
                texts(&answer, "GroupSize").iter().filter_map(|size| size.parse::<usize>().ok()).sum();
            self.seats.insert(key.clone(), seats);
            let player = &mut self.players[index];
            (player.key, player.poll) = (key, None);
            self.rig.leave(conn);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.rig.pass(time);
        self.hear();
    }

    fn register(&mut self, player: usize, with: &[usize]) {
        let Player { token, key, .. } = &self.players[player];
        let listed: Vec<u64> = with.iter().map(|player| steam_id(*player)).collect();
        world::register(&mut self.rig, token, &format!("{key:0>16}"), &listed);
    }

    fn add_points(&mut self, player: usize, key: &str, points: i32) -> String {
        let token = &self.players[player].token;
        let answer = world::add_points(&mut self.rig, token, &format!("{key:0>16}"), points);
        assert_eq!(status(&answer), "200", "{answer}");
        body(&answer).to_owned()
    }

    /// Plays a match against AI from the search to the result.
    fn race(&mut self, player: usize, points: i32) -> String {
        self.poll(player, 1, true);
        self.pass(Duration::from_mins(2));
        self.register(player, &[player]);
        self.add_points(player, &self.players[player].key.clone(), points)
    }

    /// Sends any request, since a server starts a season that is due and drops old matches with the next one.
    fn follow_calendar(&mut self) {
        self.rig.request(b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: h\r\n\r\n");
    }

    fn standing(&self, player: usize) -> Standing {
        let players = self.rig.server.service().players();
        players.by_steam_id(SteamId::new(steam_id(player))).unwrap().standing
    }

    fn now(&self) -> i64 {
        self.rig.wall().as_secs()
    }

    /// Replaces the server by one that is given `records`.
    fn restart(&mut self, records: impl IntoIterator<Item = Record>) {
        self.life += 1;
        let mut rig = Rig::new(game(self.life), Limits::default());
        for record in records {
            rig.server.restore(record).unwrap();
        }
        rig.set_wall(self.rig.wall());
        rig.pass(Duration::ZERO);
        self.players.iter_mut().for_each(|player| player.poll = None);
        self.rig = rig;
    }
}

fn snapshot(server: &Server<Mmcos>) -> Vec<Record> {
    server.service().rows().collect()
}

/// Leaves out the matches that are over by wall time: after a restart they are kept for a while longer.
fn young(records: &[Record], now: i64) -> Vec<&Record> {
    let oldest = now - i64::try_from(KEEP.as_secs()).unwrap();
    let old = |record: &Record| match record {
        Record::Match(race) => (race.made.as_secs() <= oldest).then_some(race.id),
        _ => None,
    };
    let old: Vec<_> = records.iter().filter_map(old).collect();
    let is_young = |record: &&Record| match record {
        Record::Match(race) => !old.contains(&race.id),
        Record::Result(result) => !old.contains(&result.match_id),
        _ => true,
    };
    records.iter().filter(is_young).collect()
}

/// Returns the records that a store gives back after these.
fn rows(records: &[Record], now: i64) -> Vec<Record> {
    let mut rows = Rows::default();
    for record in records {
        rows.put(record.clone()).unwrap();
    }
    rows.records(Wall::from_secs(now)).collect()
}

#[test]
fn a_result_counts_once_and_is_answered_alike_again() {
    let mut world = World::new();
    world.race(0, 40);
    let first = world.race(0, 30);
    assert_eq!((number(&first, "Points"), number(&first, "Rank")), (70, 0));
    let key = world.players[0].key.clone();
    world.race(1, 90);
    let before = snapshot(&world.rig.server);
    assert_eq!(world.add_points(0, &key, 30), first, "though its rank is another now");
    assert_eq!(world.add_points(0, &key, 99), first, "whatever it says now");
    assert_eq!(snapshot(&world.rig.server), before);
    let [Record::Result(result), Record::Result(again)] = &world.rig.records[world.rig.records.len() - 2..]
    else {
        panic!("an answer may not leave before what it says is durable");
    };
    assert_eq!(result, again);
    assert_eq!(world.standing(0).points, Points(70));
}

#[test]
fn a_key_that_is_not_the_players_changes_nothing_and_is_answered_with_the_standing() {
    let mut world = World::new();
    world.race(0, 40);
    let key = world.players[0].key.clone();
    for key in [key.as_str(), "0123456789ABCDEF"] {
        let answer = world.add_points(1, key, 40);
        assert_eq!((number(&answer, "Points"), number(&answer, "Rank")), (0, 1));
    }
    assert_eq!(world.standing(1).points, Points(0));
    assert_eq!(world.rig.events.iter().filter(|event| event.contains("NotTheirs")).count(), 2);
}

#[test]
fn a_race_that_was_never_registered_counts() {
    let mut world = World::new();
    world.poll(0, 1, true);
    world.pass(Duration::from_secs(30));
    let key = world.players[0].key.clone();
    assert_eq!(number(&world.add_points(0, &key, 40), "Points"), 40);
    world.race(0, 10);
    assert_eq!(world.standing(0).points, Points(50));
}

#[test]
fn who_is_in_a_party_counts_with_the_leaders_key_while_a_seat_is_free() {
    let mut world = World::new();
    for registered in [false, true] {
        let before = [0, 1, 2].map(|player| world.standing(player).points.0);
        world.poll(0, 2, true);
        world.pass(Duration::from_mins(5));
        let key = world.players[0].key.clone();
        if registered {
            world.register(0, &[0, 1, 2]);
        }
        for player in [0, 1, 2] {
            world.add_points(player, &key, 40);
        }
        let after = [0, 1, 2].map(|player| world.standing(player).points.0);
        assert_eq!([0, 1, 2].map(|player| after[player] - before[player]), [40, 40, 0], "two seats");
    }
}

#[test]
fn no_result_is_more_than_a_game_can_bring_nor_takes_points_where_none_are_lost() {
    let mut world = World::new();
    let most = Catalogue::official().unwrap().honest_changes(0).end().0;
    world.race(0, i32::MAX);
    assert_eq!(world.standing(0).points, Points(most));
    world.race(0, -40);
    assert_eq!(world.standing(0).points, Points(most));
    while world.standing(0).division.0 < 2 {
        world.race(0, most);
    }
    let before = world.standing(0).points.0;
    world.race(0, -10);
    assert!(world.standing(0).points.0 < before, "points are lost from division 2 on");
}

#[test]
fn a_late_result_counts_after_a_restart_and_a_repeat_is_answered_alike() {
    let mut world = World::new();
    let first = world.race(0, 40);
    let counted = world.players[0].key.clone();
    world.poll(1, 1, true);
    world.pass(Duration::from_secs(30));
    let raced = world.players[1].key.clone();
    let records = rows(&world.rig.records, world.now());
    world.restart(records);
    assert_eq!(world.add_points(0, &counted, 40), first);
    assert_eq!(number(&world.add_points(1, &raced, 60), "Points"), 60);
    world.poll(1, 1, true);
    world.pass(Duration::from_secs(30));
    assert_ne!(world.players[1].key, raced);
}

#[test]
fn a_player_goes_through_a_change_of_season() {
    let mut world = World::new();
    while world.standing(0).division.0 < 2 {
        world.race(0, 100);
    }
    let ended = world.standing(0);
    world.pass(Duration::from_hours(24 * 60)); // The rig starts in November.
    let answer = world.login(0);
    let begins = world.standing(0);
    assert!(begins.points < ended.points && begins.points > Points(0));
    assert_eq!((number(&answer, "OldSeasonID"), number(&answer, "NewSeasonID")), (39, 40));
    assert_eq!(text(&answer, "BonusPoints"), "0", "the first is a band's");
    assert!(answer.contains(&format!("<SeasonInfo><BonusPoints>{}<", begins.points.0)), "{answer}");
    assert!(answer.contains(&format!("<Points>{}</Points>", begins.points.0)));

    let started = world.rig.records.iter().filter_map(|record| match record {
        Record::SeasonStarted(started) => Some(started),
        _ => None,
    });
    let [first, second]: [_; 2] = started.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((first.season.0, second.season.0), (39, 40));
    let rows = world.rig.records.iter().filter_map(|record| match record {
        Record::Player(player) if player.user_id.0 == 1 => Some((player.season.0, player.standing)),
        _ => None,
    });
    let last: BTreeMap<i32, Standing> = rows.collect();
    assert!(last.into_iter().eq([(39, ended), (40, begins)]));
    let catalogue = Catalogue::official().unwrap();
    let prizes = &second.roll_over.as_ref().unwrap().prizes;
    assert_eq!(*prizes.by_rank[0].1, *catalogue.ranks.rewards[0].prize.as_str());
    assert_eq!(*prizes.by_division[2], *catalogue.divisions.season_prizes[2].as_str());
}

#[derive(Clone, Debug)]
enum Deed {
    Login(usize),
    Title(usize, u8),
    Poll(usize, u8, bool),
    Register(usize, Vec<usize>),
    /// A result with the last key of the player, or of another one.
    Result(usize, usize, i32),
    Pass(u64),
    /// An operator starts the special event with this number, or stops the current one.
    Event(Option<usize>),
    Restart,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let player = || 0..PLAYERS;
    let deed = prop_oneof![
        2 => player().prop_map(Deed::Login),
        1 => (player(), 0..9_u8).prop_map(|(player, title)| Deed::Title(player, title)),
        6 => (player(), 1..4_u8, any::<bool>()).prop_map(|(player, size, ignore)| Deed::Poll(player, size, ignore)),
        4 => (player(), prop::collection::vec(player(), 0..4)).prop_map(|(player, with)| Deed::Register(player, with)),
        8 => (player(), -100..500_i32).prop_map(|(player, points)| Deed::Result(player, player, points)),
        2 => (player(), player(), 0..200_i32).prop_map(|(player, whose, points)| Deed::Result(player, whose, points)),
        6 => prop_oneof![3 => 1..40_u64, 1 => 10_000..100_000_u64, 1 => 2_000_000..9_000_000_u64].prop_map(Deed::Pass),
        1 => prop::option::of(0..13_usize).prop_map(Deed::Event),
        1 => Just(Deed::Restart),
    ];
    prop::collection::vec(deed, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn points_are_the_sum_of_what_counted_and_what_is_restored_is_what_lived(deeds in deeds()) {
        let catalogue = Catalogue::official().unwrap();
        let mut world = World::new();
        let mut all: Vec<Record> = world.rig.records.clone();
        let seen = Cell::new(world.rig.records.len());
        for deed in deeds {
            match deed {
                Deed::Login(player) => drop(world.login(player)),
                Deed::Title(player, title) => world.title(player, title),
                Deed::Poll(player, size, ignore) => world.poll(player, size, ignore),
                Deed::Register(player, with) => world.register(player, &with),
                Deed::Result(player, whose, points) => {
                    let (key, before) = (world.players[whose].key.clone(), world.standing(player));
                    let answer = world.add_points(player, &key, points);
                    prop_assert_eq!(number(&answer, "UserID"), i32::try_from(player + 1).unwrap());
                    let counted = world.rig.records.iter().skip(seen.get()).find_map(|record| match record {
                        Record::Result(result) if !all.contains(record) => Some(*result),
                        _ => None,
                    });
                    let expected = counted.map_or(before.points, |result| {
                        let honest = catalogue.honest_changes(before.division.0);
                        assert_eq!(result.counted, Points(points).clamp(*honest.start(), *honest.end()));
                        assert_eq!(result.progress.after.points.0, number(&answer, "Points"));
                        let may_lose = catalogue.divisions.losing_allowed(before.division.0);
                        let change = if may_lose { result.counted.0 } else { result.counted.0.max(0) };
                        Points((before.points.0 + change).max(0))
                    });
                    prop_assert_eq!(world.standing(player).points, expected);
                    let seats = world.seats.get(&key).copied().unwrap_or(0);
                    let seated = world.seated.entry(key).or_default();
                    if counted.is_some() {
                        seated.insert(player);
                    }
                    prop_assert!(seated.len() <= seats, "more results than players");
                }
                Deed::Pass(seconds) => {
                    world.pass(Duration::from_secs(seconds));
                    world.follow_calendar();
                }
                Deed::Event(number) => {
                    let event = number.and_then(|number| EventName::all().nth(number));
                    let until = Wall::from_secs(world.now() + 3_600);
                    let by_hand = ByHand { event, from: world.rig.wall(), until };
                    let record = Record::EventByHand(by_hand);
                    world.rig.server.restore(record.clone()).unwrap();
                    prop_assert_eq!(world.rig.server.service().events().by_hand, Some(by_hand));
                    all.push(record);
                }
                Deed::Restart => {
                    let rows = rows(&all, world.now());
                    world.restart(rows);
                    seen.set(0);
                }
            }
            all.extend(world.rig.records.iter().skip(seen.replace(world.rig.records.len())).cloned());
        }
        world.follow_calendar();
        all.extend(world.rig.records.iter().skip(seen.get()).cloned());

        let mut results = BTreeMap::new();
        for record in &all {
            if let Record::Result(result) = record {
                let first = *results.entry((result.match_id, result.user)).or_insert(*result);
                prop_assert_eq!(first, *result, "counted twice");
            }
        }
        let lived = snapshot(&world.rig.server);
        let rows = rows(&all, world.now());
        let now = world.now();
        for records in [all, rows] {
            world.restart(records);
            world.follow_calendar();
            let restored = snapshot(&world.rig.server);
            prop_assert_eq!(young(&restored, now), young(&lived, now));
            prop_assert!(world.rig.records.is_empty(), "nothing is news: {:?}", world.rig.records);
        }
    }
}

#[test]
fn the_host_reads_once_how_many_accounts_the_store_has_lost() {
    let mut rig = world::server();
    for player in 0..PLAYERS {
        world::login(&mut rig, steam_id(player), "Racer");
    }
    let is_lost =
        |record: &Record| matches!(record, Record::Player(player) if [2, 3].contains(&player.user_id.0));
    rig.records.retain(|record| !is_lost(record));
    let mut next = world::just_restarted(&rig, trusting(), rig.wall());
    for player in [0, 3] {
        world::login(&mut next, steam_id(player), "Racer");
    }
    let missing: Vec<_> = next.events.iter().filter(|event| event.starts_with("AccountsMissing")).collect();
    assert_eq!(missing, ["AccountsMissing { accounts: 2 }"]);
}
