//! Invariants of every history of events. [`World`](crate::world::World) checks the rest at every step: a poll that
//! ends was open and ends once, none is overdue, no group is left alone beside company, no account is in two matches.

use core::time::Duration;
use std::collections::BTreeSet;

use mmcos_game::ids::{Points, UserId};
use mmcos_game::matchmaker::{Config, Group, GroupSize, Load, MatchState, Outcomes, Poll, RuleSet};
use proptest::prelude::*;

use crate::history::{config, history, play};
use crate::world::{Ending, Event, World, compatible, mode, seats};

/// The size difference of a split, and the difference of the means of points, as a fraction over the product of
/// the sizes.
fn imbalance(groups: &[(u8, i32, bool)]) -> (u8, u64) {
    let team = |second| {
        let side = groups.iter().filter(|group| group.2 == second);
        side.fold((0_u8, 0_i64), |sum, group| {
            (sum.0 + group.0, sum.1 + i64::from(group.0) * i64::from(group.1))
        })
    };
    let (one, two) = (team(false), team(true));
    (one.0.abs_diff(two.0), (one.1 * i64::from(two.0)).abs_diff(two.1 * i64::from(one.0)))
}

/// Returns each two accounts of a match, the smaller first.
fn pairs(ending: &Ending) -> Vec<(UserId, UserId)> {
    let mut accounts: Vec<UserId> = ending.groups.iter().map(|group| group.account).collect();
    accounts.sort_unstable();
    let with_later = |(place, one): (usize, &UserId)| {
        let one = *one;
        accounts.iter().skip(place + 1).map(move |other| (one, *other)).collect::<Vec<_>>()
    };
    accounts.iter().enumerate().flat_map(with_later).collect()
}

fn matches(world: &World) -> impl Iterator<Item = &Ending> {
    world.endings.iter().filter(|ending| ending.groups.len() > 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_match_keeps_the_rules(config in config(), (jumps, history) in any::<bool>().prop_flat_map(|jumps| (Just(jumps), history(jumps)))) {
        let world = play(config, &history);
        for (waiting, ending) in &world.waited {
            prop_assert!(jumps || ending.at <= waiting.came.after(Duration::from_millis(24_500)));
            let mut own = ending.groups.iter().filter(|group| group.account == waiting.poll.account);
            let latest = |group: &Group| (group.poll, group.game_lobby, group.group_lobby, group.size);
            let Poll { id, game_lobby, group_lobby, size, .. } = waiting.poll;
            let expected = ending.reason.map(|_| (id, game_lobby, group_lobby, size));
            prop_assert_eq!((own.next().map(latest), own.next()), (expected, None));
            if let [group] = ending.groups[..] {
                let to_ai = waiting.poll.ignore_minimum && config.ai && waiting.poll.mode.rule_set == RuleSet::Battle;
                prop_assert_eq!((group.is_host, group.team), (true, u8::from(to_ai)));
            }
        }
        for ending in matches(&world) {
            let hosts: Vec<_> = ending.groups.iter().filter(|group| group.is_host).collect();
            prop_assert_eq!(hosts.len(), 1);
            prop_assert!(hosts[0].game_lobby.is_joinable() && hosts[0].group_lobby.is_joinable());
            let lobbies: BTreeSet<_> = ending.groups.iter().map(|group| group.group_lobby).collect();
            prop_assert_eq!(lobbies.len(), ending.groups.len());
            let member = |group: &Group| {
                world.waited.iter().find(|(waiting, _)| waiting.poll.id == group.poll).unwrap().0.poll
            };
            let mode = member(&ending.groups[0]).mode;
            prop_assert!(ending.groups.iter().all(|group| member(group).mode == mode));
            let (total, team) = seats(&mode);
            prop_assert!(ending.groups.iter().map(|group| group.size.get()).sum::<u8>() <= total);
            if mode.rule_set != RuleSet::Battle {
                prop_assert!(ending.groups.iter().all(|group| group.team == 0));
                continue;
            }
            let mut sides: Vec<(u8, i32, bool)> = ending.groups.iter()
                .map(|group| (group.size.get(), member(group).points.0, group.team == 2)).collect();
            for second in [false, true] {
                let players: u8 = sides.iter().filter(|side| side.2 == second).map(|side| side.0).sum();
                prop_assert!((1..=team).contains(&players));
            }
            let chosen = imbalance(&sides);
            for split in 0..1_u32 << sides.len() {
                sides.iter_mut().enumerate().for_each(|(place, side)| side.2 = split >> place & 1 == 1);
                prop_assert!(imbalance(&sides) >= chosen);
            }
        }
    }

    #[test]
    fn two_are_kept_apart_only_after_two_failures_and_for_ten_minutes(
        config in config(), first in history(true), second in history(true),
    ) {
        let mut world = World::new(config);
        (world.reports, world.sparse) = (false, false);
        let mut apart = BTreeSet::new();
        for event in first.into_iter().chain(second) {
            let endings = world.endings.len();
            world.happen(event);
            for ending in world.endings.iter().skip(endings) {
                for (one, other) in pairs(ending) {
                    prop_assert!(!world.are_apart(one, other), "{one:?} met {other:?}");
                }
            }
            for (one, other, until) in world.matchmaker.kept_apart(world.now) {
                prop_assert!(until > world.now && until <= world.now.after(Duration::from_mins(10)));
                let together = matches(&world).filter(|ending| pairs(ending).contains(&(one, other)));
                prop_assert!(together.count() >= 2);
                apart.insert((one, other));
            }
        }
        world.wait(Duration::from_mins(13));
        prop_assert_eq!(world.matchmaker.kept_apart(world.now).count(), 0);
        // They meet again.
        for (one, other) in apart.into_iter().take(1) {
            for account in [one, other] {
                let mut poll = world.poll(account.0, mode(0));
                poll.game_lobby = mmcos_game::ids::LobbyId::numbered(5_000_000 + account.0);
                poll.group_lobby = poll.game_lobby;
                world.enter(poll);
            }
            world.wait(Duration::from_secs(25));
            prop_assert_eq!(world.last_match().map(pairs), Some(vec![(one, other)]));
        }
    }

    #[test]
    fn two_who_overlap_meet(
        mode_number in 0..4_usize, gap in 0..24_500_u64, sizes in (1..=6_u8, 1..=6_u8), config in config(),
    ) {
        let mut world = World::new(config);
        for (account, size) in [(1, sizes.0), (2, sizes.1)] {
            let (points, confirmed) = (0, 0);
            world.happen(Event::Enter { account, mode: mode_number, size, ignore_minimum: false, points, confirmed });
            if account == 1 {
                world.wait(Duration::from_millis(gap));
            }
        }
        prop_assume!(world.open.len() < 2 || compatible(&world.open[&UserId(1)], &world.open[&UserId(2)]));
        world.wait(Duration::from_secs(30));
        prop_assert_eq!(world.last_match().map(|ending| ending.groups.len()), Some(2));
    }

    #[test]
    fn seniority_survives_re_polls(gap in 0..4_999_u64, younger in 0..19_500_u64, ignore_minimum: bool) {
        // Two parties of seven, and one of five that fits with either: the older search goes, though its poll is
        // younger.
        let (mut world, race) = (World::new(Config::default()), mode(0));
        let enter = |world: &mut World, account, size| {
            let poll = world.poll(account, race);
            world.enter(Poll { size: GroupSize::new(size).unwrap(), ignore_minimum: ignore_minimum && account == 3, ..poll });
        };
        enter(&mut world, 1, 7);
        world.wait(Duration::from_millis(5_000 + younger));
        enter(&mut world, 2, 7);
        world.wait(Duration::from_millis(24_500 - 5_000 - younger));
        prop_assert_eq!(world.open.len(), 1);
        world.wait(Duration::from_millis(gap));
        enter(&mut world, 1, 7);
        enter(&mut world, 3, 5);
        let met: Vec<u32> = world.last_match().unwrap().groups.iter().map(|group| group.account.0).collect();
        prop_assert_eq!(met, vec![1, 3]);
    }

    #[test]
    fn points_never_change_who_meets_in_a_sparse_bucket(config in config(), history in history(true), other in -500..500_i32) {
        let mut changed = history.clone();
        for (event, turn) in changed.iter_mut().zip(0_i32..) {
            if let Event::Enter { points, .. } = event {
                *points = points.wrapping_mul(other).wrapping_add(turn);
            }
        }
        let who = |history: &[Event]| -> Vec<_> {
            let met = |ending: &Ending| ending.groups.iter().map(|group| (group.account, group.is_host)).collect::<Vec<_>>();
            play(config, history).endings.iter().map(|ending| (ending.at, met(ending))).collect()
        };
        prop_assert_eq!(who(&history), who(&changed));
    }

    #[test]
    fn the_same_events_give_the_same_outcomes(config in config(), history in history(true)) {
        let trace = |world: &World| format!("{:?}", world.endings);
        prop_assert_eq!(trace(&play(config, &history)), trace(&play(config, &history)));
    }

    #[test]
    fn nothing_is_left_when_all_has_ended(config in config(), history in history(true)) {
        let mut world = play(config, &history);
        let keys: Vec<_> = world.matchmaker.matches().map(|found| (found.id, found.members().find(|member| !member.left).unwrap().account)).collect();
        for (key, member) in keys.iter().step_by(2) {
            world.matchmaker.register(world.now, *key, *member);
        }
        prop_assert!(world.matchmaker.matches().any(|found| found.state == MatchState::Registered) || keys.is_empty());
        world.wait(Duration::from_secs(1801));
        let Load { tickets, matches, buckets, .. } = world.matchmaker.load();
        prop_assert_eq!((tickets, matches), (0, 0));
        prop_assert!(buckets <= 4);
        prop_assert_eq!(world.matchmaker.next_deadline(), None);
    }
}

#[test]
fn hostile_input_is_bounded() {
    let mut world = World::new(Config::default());
    let mut out = Outcomes::new();
    for turn in 0..100_000_u32 {
        let mut poll = world.poll(turn % 3, mode(0));
        poll.mode.network_version = turn;
        poll.group_lobby = mmcos_game::ids::LobbyId(7 * u64::from(turn));
        poll.game_lobby = poll.group_lobby;
        poll.size = GroupSize::new(u8::try_from(turn % 255).unwrap() + 1).unwrap();
        poll.points = Points(i32::MIN);
        poll.ignore_minimum = turn % 7 == 0;
        world.matchmaker.enter(world.now, &poll, &mut out);
        out.clear();
    }
    let load = world.matchmaker.load();
    assert!(load.tickets <= 3 && load.matches <= 3 && load.buckets <= 1024 + 3, "{load:?}");
    assert_eq!(GroupSize::new(0), None);
}
