//! The rules one by one, in scenes.

use core::time::Duration;

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::{LobbyId, MatchId, Points, UserId};
use mmcos_game::matchmaker::{
    BucketKey, Config, Folding, GroupSize, HostHistory, Poll, Reason, Tenths, WaitReason,
};
use proptest::prelude::*;

use crate::world::{Ending, World, mode};

pub(super) const RACE: usize = 0;
const ELIMINATION: usize = 1;
const BATTLE: usize = 2;

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(super) fn world() -> World {
    World::new(Config::default())
}

pub(super) fn enter(world: &mut World, account: u32, mode_number: usize, change: impl FnOnce(&mut Poll)) {
    let mut poll = world.poll(account, mode(mode_number));
    poll.group_lobby = LobbyId::numbered(account + 1);
    change(&mut poll);
    world.enter(poll);
}

fn size(players: u8) -> impl FnOnce(&mut Poll) {
    move |poll| poll.size = GroupSize::new(players).unwrap()
}

pub(super) fn ai(poll: &mut Poll) {
    poll.ignore_minimum = true;
}

fn accounts(ending: &Ending) -> Vec<u32> {
    ending.groups.iter().map(|group| group.account.0).collect()
}

#[test]
fn alone_is_answered_at_the_deadline_with_team_zero_even_in_battle() {
    let mut world = world();
    enter(&mut world, 1, BATTLE, |_| ());
    world.wait(seconds(24.499));
    assert!(world.endings.is_empty());
    world.wait(seconds(0.001));
    let ending = &world.endings[0];
    assert_eq!((ending.reason, ending.groups[0].team), (Some(Reason::NoMatch), 0));
    assert_eq!(ending.at, Monotonic::default().after(seconds(24.5)));
}

#[test]
fn alone_and_content_with_ai_is_answered_at_once() {
    for (mode, team) in [(RACE, 0), (ELIMINATION, 0), (BATTLE, 1)] {
        let mut world = world();
        enter(&mut world, 1, mode, ai);
        let ending = &world.endings[0];
        assert_eq!((ending.reason, ending.groups[0].team, ending.at), (Some(Reason::Ai), team, world.now));
    }
}

#[test]
fn without_ai_everybody_searches_on() {
    let mut world = World::new(Config { ai: false, ..Config::default() });
    enter(&mut world, 1, RACE, ai);
    world.wait(seconds(24.5));
    assert_eq!(world.endings[0].reason, Some(Reason::NoMatch));
}

#[test]
fn content_with_ai_joins_who_waits_and_gathers() {
    let mut world = world();
    enter(&mut world, 1, RACE, |_| ());
    world.wait(seconds(2.0));
    enter(&mut world, 2, RACE, ai);
    world.wait(seconds(4.9));
    assert!(world.endings.is_empty());
    world.wait(seconds(0.1));
    assert_eq!(accounts(&world.endings[0]), [1, 2]);
}

#[test]
fn a_likely_arrival_holds_who_is_content_with_ai() {
    let mut world = World::new(Config { ai_hold: seconds(20.0), ..Config::default() });
    enter(&mut world, 1, RACE, ai);
    assert_eq!(world.endings.len(), 1, "nobody ever searched before");
    for account in 10..14 {
        enter(&mut world, account, RACE, |_| ());
    }
    world.wait(seconds(60.0));
    let before = world.endings.len();
    enter(&mut world, 2, RACE, ai);
    world.wait(seconds(19.9));
    assert_eq!(world.endings.len(), before);
    world.wait(seconds(0.1));
    assert_eq!(world.endings[before].reason, Some(Reason::Ai));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn friends_who_search_within_four_seconds_end_in_one_match(
        mut presses in prop::collection::vec(0..4_000_u64, 2..=12), battle: bool,
    ) {
        presses.sort_unstable();
        let (mut world, mode) = (world(), if battle { BATTLE } else { RACE });
        let mut last = 0;
        for (press, account) in presses.iter().zip(1..) {
            world.wait(Duration::from_millis(press - last));
            last = *press;
            enter(&mut world, account, mode, |_| ());
        }
        world.wait(seconds(24.5));
        prop_assert_eq!(world.endings.len(), 1);
        prop_assert_eq!(world.endings[0].groups.len(), presses.len());
    }
}

#[test]
fn a_full_match_starts_at_once() {
    for (mode, cap) in [(RACE, 12), (ELIMINATION, 6), (BATTLE, 12)] {
        let mut world = world();
        for account in 1..=cap {
            assert!(world.endings.is_empty());
            enter(&mut world, account, mode, |_| ());
        }
        assert_eq!(accounts(&world.endings[0]), (1..=cap).collect::<Vec<_>>());
    }
}

#[test]
fn where_searches_are_frequent_a_match_waits_for_more() {
    let mut world = world();
    for account in 1..=60 {
        enter(&mut world, account, RACE, |_| ());
        world.wait(seconds(10.0));
    }
    world.wait(seconds(30.0));
    let before = world.endings.len();
    enter(&mut world, 101, RACE, |_| ());
    enter(&mut world, 102, RACE, |_| ());
    world.wait(seconds(10.0));
    assert_eq!(world.endings.len(), before);
    let standing = world.matchmaker.buckets().next().unwrap().standing;
    assert!(matches!(standing, WaitReason::Holding { humans: 2, .. }), "{standing:?}");
    world.wait(seconds(14.5));
    assert_eq!(accounts(&world.endings[before]), [101, 102]);
}

#[test]
fn a_hold_ends_when_the_searches_have_become_rare() {
    let mut world = world();
    for account in 1..=60 {
        enter(&mut world, account, RACE, |_| ());
        world.wait(seconds(10.0));
    }
    world.wait(seconds(3600.0));
    enter(&mut world, 101, RACE, |_| ());
    enter(&mut world, 102, RACE, |_| ());
    world.wait(seconds(5.0));
    assert_eq!(accounts(world.last_match().unwrap()), [101, 102]);
}

#[test]
fn nobody_is_orphaned() {
    // 3 + 1 + 2 would fill the match and leave one over, so the pair stays with it.
    let mut world = world();
    for (account, players) in [(1, 3), (2, 1), (3, 1), (4, 2)] {
        enter(&mut world, account, ELIMINATION, size(players));
    }
    assert_eq!(accounts(&world.endings[0]), [1, 2]);
    world.wait(seconds(5.0));
    assert_eq!(accounts(&world.endings[1]), [3, 4]);
}

#[test]
fn a_party_is_never_split_between_teams() {
    // 4 + 4 + 4 are twelve, but not two teams of six.
    let mut world = world();
    for account in 1..=3 {
        enter(&mut world, account, BATTLE, size(4));
    }
    world.wait(seconds(5.0));
    let ending = &world.endings[0];
    assert_eq!(
        ending.groups.iter().map(|group| (group.account.0, group.team)).collect::<Vec<_>>(),
        [(1, 1), (2, 2)]
    );
}

#[test]
fn a_busy_mode_chooses_by_points() {
    let mut world = world();
    for account in 1..=600 {
        enter(&mut world, account, ELIMINATION, |_| ());
        world.wait(seconds(0.5));
    }
    world.shutdown();
    world.sparse = false;
    let before = world.endings.len();
    for account in 1..=12 {
        let points = if account % 2 == 0 { 2000 } else { 100 };
        enter(&mut world, 1000 + account, ELIMINATION, |poll| poll.points = Points(points));
    }
    assert_eq!(accounts(&world.endings[before]), [1001, 1003, 1005, 1007, 1009, 1011]);
}

#[test]
fn a_second_poll_supersedes_the_first() {
    let mut world = world();
    enter(&mut world, 1, RACE, |_| ());
    world.wait(seconds(3.0));
    enter(&mut world, 1, RACE, |_| ());
    let first = &world.endings[0];
    assert_eq!((first.reason, first.at), (Some(Reason::Superseded), world.now));
    enter(&mut world, 2, RACE, |_| ());
    world.wait(seconds(5.0));
    let members = &world.last_match().unwrap().groups;
    assert_eq!(members[0].game_lobby, world.waited[1].0.poll.game_lobby);
    assert_ne!(members[0].game_lobby, world.waited[0].0.poll.game_lobby);
}

#[test]
fn a_late_re_poll_is_a_new_search() {
    let mut world = world();
    enter(&mut world, 1, RACE, size(7));
    world.wait(seconds(10.0));
    enter(&mut world, 2, RACE, size(7));
    world.wait(seconds(14.5 + 5.0));
    enter(&mut world, 1, RACE, size(7));
    enter(&mut world, 3, RACE, size(5));
    assert_eq!(accounts(&world.endings[1]), [2, 3]);
}

#[test]
fn the_host_has_the_best_history() {
    let history = |confirmed, unconfirmed| HostHistory { confirmed, unconfirmed };
    let host = |one: HostHistory, other: HostHistory, other_size| {
        let mut world = world();
        enter(&mut world, 1, RACE, |poll| poll.host_history = one);
        enter(&mut world, 2, RACE, |poll| {
            poll.host_history = other;
            poll.size = GroupSize::new(other_size).unwrap();
        });
        world.wait(seconds(5.0));
        world.endings[0].groups.iter().find(|group| group.is_host).unwrap().account
    };
    assert_eq!(host(history(10, 1), history(0, 0), 1), UserId(2), "whose last match failed hosts last");
    assert_eq!(host(history(2, 0), history(1, 0), 3), UserId(1), "then many confirmed matches come first");
    assert_eq!(host(history(1, 0), history(0, 0), 3), UserId(1), "also one");
    assert_eq!(host(history(3, 1), history(3, 2), 3), UserId(1), "then few unconfirmed ones");
    assert_eq!(host(history(1, 1), history(1, 1), 3), UserId(2), "then the largest party");
    assert_eq!(host(history(1, 1), history(1, 1), 1), UserId(2), "then the freshest poll");
}

fn no_lobby(poll: &mut Poll) {
    poll.game_lobby = LobbyId(0);
}

#[test]
fn a_group_without_a_lobby_joins_and_never_hosts() {
    for unreal in [0, 1, 76_561_202_255_230_001, LobbyId::numbered(5).0 | 1 << 63, LobbyId::numbered(0).0] {
        let mut world = world();
        enter(&mut world, 1, RACE, |poll| {
            poll.game_lobby = LobbyId(unreal);
            poll.size = GroupSize::new(3).unwrap();
            poll.host_history.confirmed = 9;
        });
        enter(&mut world, 2, RACE, |_| ());
        world.wait(seconds(5.0));
        let groups = &world.last_match().unwrap().groups;
        assert_eq!(groups.iter().map(|group| group.is_host).collect::<Vec<_>>(), [false, true], "{unreal}");
    }
}

#[test]
fn groups_that_cannot_host_form_no_match_among_themselves() {
    let mut world = world();
    enter(&mut world, 1, RACE, no_lobby);
    enter(&mut world, 2, RACE, |poll| poll.group_lobby = LobbyId(0));
    world.wait(seconds(20.0));
    assert!(world.endings.is_empty());
    enter(&mut world, 3, RACE, |poll| poll.group_lobby = LobbyId(0));
    enter(&mut world, 4, RACE, |poll| {
        no_lobby(poll);
        ai(poll);
    });
    assert_eq!((accounts(&world.endings[0]), world.endings[0].reason), (vec![4], Some(Reason::Ai)));
    enter(&mut world, 5, RACE, |_| ());
    world.wait(seconds(4.5));
    assert_eq!(accounts(world.last_match().unwrap()), [1, 2, 3, 5]);
}

/// Enters searches of these sizes, a moment apart, by accounts from 1 on.
fn enter_sizes(world: &mut World, mode: usize, sizes: &[u8]) {
    for (account, &players) in (1..).zip(sizes) {
        enter(world, account, mode, size(players));
        world.wait(seconds(0.01));
    }
}

/// Returns the sizes of the groups of each match, in the order of the matches.
fn matched_sizes(world: &World) -> Vec<Vec<u8>> {
    let matches = world.endings.iter().filter(|ending| ending.groups.len() > 1);
    matches.map(|ending| ending.groups.iter().map(|group| group.size.get()).collect()).collect()
}

#[test]
fn two_groups_of_a_party_meet_everybody_but_each_other() {
    let party = |world: &mut World, account, lobby| {
        enter(world, account, RACE, |poll| poll.group_lobby = LobbyId::numbered(lobby));
        world.wait(seconds(0.01));
    };
    let mut world = world();
    let _ = [(1, 1), (2, 1), (3, 2)].map(|(account, lobby)| party(&mut world, account, lobby));
    world.wait(seconds(24.5));
    assert_eq!(accounts(&world.endings[0]), [1, 3]);
    assert_eq!((accounts(&world.endings[1]), world.endings[1].reason), (vec![2], Some(Reason::NoMatch)));

    // The first leaves: the second meets the next that comes.
    let mut world = self::world();
    let _ = [(1, 1), (2, 1)].map(|(account, lobby)| party(&mut world, account, lobby));
    world.disconnect(1);
    party(&mut world, 3, 2);
    world.wait(seconds(5.0));
    assert_eq!(accounts(&world.endings[0]), [2, 3]);

    // With two other groups neither is left over.
    let mut world = self::world();
    let _ = [(1, 1), (2, 1), (3, 2), (4, 3)].map(|(account, lobby)| party(&mut world, account, lobby));
    world.wait(seconds(12.0));
    assert_eq!(world.endings.iter().map(accounts).collect::<Vec<_>>(), [[1, 3], [2, 4]]);

    // A group that accepts AI does not wait for a group that it cannot meet.
    let mut world = self::world();
    party(&mut world, 1, 1);
    enter(&mut world, 2, RACE, |poll| {
        poll.group_lobby = LobbyId::numbered(1);
        ai(poll);
    });
    assert_eq!((accounts(&world.endings[0]), world.endings[0].reason), (vec![2], Some(Reason::Ai)));
}

#[test]
fn the_fuller_match_counts_though_two_of_a_party_are_among_the_choice() {
    let mut world = world();
    for (account, players, lobby) in [(1, 3, 1), (2, 1, 2), (3, 3, 2)] {
        enter(&mut world, account, ELIMINATION, |poll| {
            poll.size = GroupSize::new(players).unwrap();
            poll.group_lobby = LobbyId::numbered(lobby);
        });
    }
    assert_eq!(accounts(&world.endings[0]), [1, 3], "a full match, at once");
}

#[test]
fn no_group_is_left_over_that_another_split_would_have_spared() {
    for (sizes, matches) in [
        (&[4, 3, 1, 1][..], vec![vec![4, 1], vec![3, 1]]),
        (&[3, 4, 1, 1], vec![vec![3, 1], vec![4, 1]]),
        (&[4, 5, 5, 1, 1], vec![vec![4, 1], vec![5, 1]]),
        (&[5, 1, 1], vec![vec![5, 1]]),
    ] {
        let mut world = world();
        enter_sizes(&mut world, ELIMINATION, sizes);
        world.wait(seconds(24.5));
        assert_eq!(matched_sizes(&world), matches, "{sizes:?}");
    }
}

#[test]
fn groups_that_can_meet_none_are_not_in_the_way_of_others() {
    let mut world = world();
    let mut sizes = vec![5; 20];
    sizes.extend([2, 2]);
    enter_sizes(&mut world, ELIMINATION, &sizes);
    world.wait(seconds(5.0));
    assert_eq!(matched_sizes(&world), [[2, 2]]);
}

#[test]
fn a_full_match_leaves_at_once_while_an_older_one_gathers() {
    let mut world = world();
    enter_sizes(&mut world, ELIMINATION, &[4, 1, 3, 3]);
    assert_eq!(matched_sizes(&world), [[3, 3]]);
    world.wait(seconds(5.0));
    assert_eq!(matched_sizes(&world), [[3, 3], [4, 1]]);

    // A match that is not full has its own time to gather, and no deadline of the older one.
    let mut world = self::world();
    enter_sizes(&mut world, RACE, &[7, 8]);
    world.wait(seconds(3.0));
    enter(&mut world, 3, RACE, size(3));
    world.wait(seconds(3.0));
    enter(&mut world, 4, RACE, size(3));
    assert_eq!(matched_sizes(&world), Vec::<Vec<u8>>::new());
    world.wait(seconds(5.0));
    assert_eq!(matched_sizes(&world), [[7, 3], [8, 3]]);
}

#[test]
fn two_who_twice_failed_to_race_together_are_kept_apart_for_a_while() {
    use mmcos_game::matchmaker::{Matchmaker, Outcome, Outcomes};

    // Without the bystander, which assumes that every match takes place.
    let mut world = world();
    let mut matchmaker = Matchmaker::new(Config::default(), MatchId(1));
    let mut search = |matchmaker: &mut Matchmaker, second: u64, account: u32, wanted: fn(&mut Poll)| {
        let mut out = Outcomes::new();
        let mut poll = world.poll(account, mode(RACE));
        wanted(&mut poll);
        let now = Monotonic::default().after(Duration::from_secs(second));
        matchmaker.enter(now, &poll, &mut out);
        out.iter()
            .filter(
                |outcome| matches!(outcome, Outcome::Decided(decision) if decision.reason != Reason::Superseded),
            )
            .count()
    };
    let met = |matchmaker: &mut Matchmaker, second: u64| {
        let mut out = Outcomes::new();
        matchmaker.tick(Monotonic::default().after(Duration::from_secs(second)), &mut out);
        let answers = out.iter().filter_map(|outcome| match outcome {
            Outcome::Decided(decision) => {
                Some(decision.groups.iter().map(|group| group.account.0).collect::<Vec<_>>())
            }
            Outcome::Cancelled { .. } => None,
        });
        answers.collect::<Vec<_>>()
    };
    let nothing: fn(&mut Poll) = |_| ();
    for second in [0, 40] {
        let _ = [1, 2].map(|account| search(&mut matchmaker, second, account, nothing));
        assert_eq!(met(&mut matchmaker, second + 20), [[1, 2]]);
    }
    let _ = [1, 2].map(|account| search(&mut matchmaker, 80, account, nothing));
    assert_eq!(met(&mut matchmaker, 105), [[1], [2]], "kept apart");
    let _ = [1, 2].map(|account| search(&mut matchmaker, 106, account, nothing));
    assert_eq!(search(&mut matchmaker, 107, 1, ai), 1, "AI is a way out");
    search(&mut matchmaker, 110, 3, nothing);
    assert_eq!(met(&mut matchmaker, 130), [[2, 3]], "others are met");
    // Ten minutes after the second failure, which was noticed when they searched again.
    let _ = [1, 2].map(|account| search(&mut matchmaker, 700, account, nothing));
    assert_eq!(met(&mut matchmaker, 724), [[1, 2]]);
}

#[test]
fn folded_modes_meet_and_play_what_the_host_plays() {
    let mut world = World::new(Config { folding: Folding::AnyUnranked, ..Config::default() });
    enter(&mut world, 1, RACE, |_| ());
    enter(&mut world, 2, BATTLE, |poll| poll.host_history.confirmed = 1);
    world.tick();
    let key = BucketKey::of(&mode(RACE), Folding::AnyUnranked);
    assert!(world.matchmaker.buckets().any(|bucket| bucket.key == key && bucket.polls == 2));
    world.matchmaker.tick(world.now.after(seconds(5.0)), &mut mmcos_game::matchmaker::Outcomes::new());
    assert_eq!(world.matchmaker.matches().next().unwrap().host(), Some(UserId(2)));
}

#[test]
fn the_waits_are_those_of_this_server() {
    let mut world = world();
    assert_eq!(world.matchmaker.waits().not_ranked(), Tenths(300));
    enter(&mut world, 1, RACE, |_| ());
    enter(&mut world, 2, RACE, |_| ());
    world.wait(seconds(5.0));
    let waits = world.matchmaker.waits();
    assert_eq!((waits.not_ranked().to_string(), waits.ranked().to_string()), ("26.9".into(), "30.0".into()));
}

#[test]
fn shutdown_answers_all_with_whoever_fits() {
    let mut world = world();
    enter(&mut world, 1, RACE, |_| ());
    enter(&mut world, 2, RACE, |_| ());
    enter(&mut world, 3, BATTLE, |_| ());
    world.shutdown();
    assert!(world.open.is_empty());
    let reasons: Vec<_> = world.endings.iter().map(|ending| ending.reason.unwrap()).collect();
    assert_eq!(reasons, [Reason::Matched, Reason::Shutdown]);
}
