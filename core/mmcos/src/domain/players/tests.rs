use alloc::boxed::Box;
use alloc::vec;
use core::cmp::Reverse;

use proptest::prelude::*;

use super::super::divisions::tests::official;
use super::super::divisions::{Band, Division, Ladder};
use super::super::seasons::{Prizes, RankBonus, RollOver};
use super::*;

const SEASON: SeasonId = SeasonId(57);
const NOW: Wall = Wall::from_secs(1_795_000_000);

fn steam(n: u32) -> SteamId {
    SteamId::new(76_561_202_255_230_000 + u64::from(n))
}

fn standing(points: i32) -> Standing {
    Standing { points: Points(points), division: official().earned(Points(points)) }
}

/// Returns accounts 1, 2, 3, … with these points.
fn players(points: &[i32]) -> Players {
    let mut players = Players::default();
    for (n, &points) in (1..).zip(points) {
        let user = players.enrol(steam(n), SEASON, NOW);
        players.set_standing(user, standing(points));
    }
    players
}

/// Begins a season. Returns the number of players that it changed.
fn start_season(players: &mut Players, season: SeasonId, ladder: Ladder, rank_bonus: &[RankBonus]) -> usize {
    let roll_over = RollOver::new(ladder, rank_bonus, players.ranking(), Prizes::default());
    players.enter(&SeasonStarted { season, roll_over: Some(Box::new(roll_over)), ..SeasonStarted::default() })
}

fn leaderboard(players: &Players) -> Vec<u32> {
    players.leaderboard(0, u32::MAX).map(|player| player.user_id.0).collect()
}

#[test]
fn a_player_enrols_once() {
    let mut players = players(&[0, 0]);
    assert_eq!(players.enrol(steam(2), SeasonId(58), Wall::default()), UserId(2));
    assert_eq!(players.enrol(steam(3), SEASON, NOW), UserId(3));
    assert_eq!(players.get(UserId(2)), Some(&Player::new(UserId(2), steam(2), SEASON, NOW)));
    assert_eq!(players.by_steam_id(steam(3)).map(|player| player.user_id), Some(UserId(3)));
    assert_eq!(players.by_steam_id(steam(4)), None);
    assert_eq!([UserId(0), UserId(4), UserId(u32::MAX)].map(|user| players.get(user)), [None; 3]);
}

#[test]
fn friends_are_those_known_each_once_best_first_with_the_callers_place() {
    let players = players(&[100, 300, 200, 300, 50]);
    let asked = [9, 5, 1, 4, 1, 2].map(steam);
    let friends = players.friends(UserId(1), asked).unwrap();
    assert!(friends.players.iter().map(|player| player.user_id.0).eq([2, 4, 1, 5]));
    assert_eq!(friends.rank, 2);
    let without_the_caller = players.friends(UserId(3), asked).unwrap();
    assert_eq!(without_the_caller.rank, 2);
    assert_eq!(players.friends(UserId(5), []).unwrap().rank, 0);
    assert!(players.friends(UserId(6), asked).is_none());
}

#[test]
fn a_season_starts_once_for_everybody() {
    let rank_bonus = [RankBonus { min_rank: 1, bonus_points: Points(50) }];
    let mut players = players(&[2_600, 3_100, 1_700, 0]);
    players.set_standing(UserId(3), Standing { points: Points(1_300), division: Division(3) });
    for _ in 0..2 {
        start_season(&mut players, SeasonId(60), official(), &rank_bonus);
        let points: Vec<i32> = players.iter().map(|player| player.standing.points.0).collect();
        assert_eq!(points, [750, 800, 250, 0]);
        assert_eq!(leaderboard(&players), [2, 1, 3, 4]);
    }
    assert!(
        players.iter().all(|player| player.season == SeasonId(60) && player.bonus == player.standing.points)
    );
}

#[test]
fn who_enrolled_in_a_season_keeps_its_points_when_it_is_started() {
    let ladder = Ladder::new(vec![Band { bonus_points: Points(7), ..Band::default() }]);
    let mut players = players(&[100, 200]);
    assert_eq!(start_season(&mut players, SEASON, ladder, &[]), 0);
    assert_eq!(leaderboard(&players), [2, 1]);
    assert_eq!(players.get(UserId(2)).unwrap().standing.points, Points(200));
}

#[test]
fn accounts_that_do_not_fit_are_refused_and_change_nothing() {
    let mut players = players(&[10, 20]);
    let table = [
        (1_000_003, 4, RestoreError::Gap { expected: UserId(3), found: UserId(1_000_003) }),
        (0, 4, RestoreError::Mismatch { steam_id: steam(4), user_id: UserId(0) }),
        (1, 2, RestoreError::Mismatch { steam_id: steam(2), user_id: UserId(1) }),
        (1, 4, RestoreError::Mismatch { steam_id: steam(4), user_id: UserId(1) }),
        (3, 1, RestoreError::Mismatch { steam_id: steam(1), user_id: UserId(3) }),
    ];
    for (user, steam_account, error) in table {
        let mut player = Player::new(UserId(user), steam(steam_account), SEASON, NOW);
        player.standing = standing(500);
        assert_eq!(players.restore(player), Err(error));
    }
    assert_eq!(leaderboard(&players), [2, 1]);
    assert_eq!(players.by_steam_id(steam(4)), None);
}

#[test]
fn accounts_that_a_store_has_lost_are_gaps_that_nobody_falls_into() {
    let all = players(&[10, 20, 30, 40, 50]);
    let mut players = Players::default();
    let restored = [2, 5].map(|user| players.restore(all.get(UserId(user)).unwrap().clone()));
    assert_eq!(restored, [Ok(1), Ok(2)]);
    assert_eq!((players.len(), leaderboard(&players)), (2, vec![5, 2]));
    assert!([1, 3, 4].iter().all(|user| players.get(UserId(*user)).is_none()));
    assert_eq!(players.enrol(steam(3), SEASON, NOW), UserId(6));
    assert_eq!(players.enrol(steam(2), SEASON, NOW), UserId(2));
    assert_eq!(start_season(&mut players, SeasonId(SEASON.0 + 1), official(), &[]), 3);
    assert!(players.from(UserId(3)).map(|player| player.user_id.0).eq([5, 6]));
}

#[test]
fn a_player_takes_little_memory() {
    assert!(size_of::<Player>() <= 128, "{}", size_of::<Player>());
}

#[derive(Clone, Debug)]
enum Change {
    Enrol(u32),
    Result(u32, i32),
    Rename(u32, u32),
    Season,
}

fn change() -> impl Strategy<Value = Change> {
    let user = 0..40_u32;
    prop_oneof![
        4 => user.clone().prop_map(Change::Enrol),
        8 => (user.clone(), -200..300_i32).prop_map(|(user, points)| Change::Result(user, points)),
        2 => (user.clone(), user).prop_map(|(user, level)| Change::Rename(user, level)),
        1 => Just(Change::Season),
    ]
}

proptest! {
    #[test]
    fn ranks_equal_a_naive_sort_and_restored_players_the_live_ones(
        changes in prop::collection::vec(change(), 0..150)
    ) {
        let (mut live, mut restored, mut season) = (Players::default(), Players::default(), SEASON);
        let rank_bonus = [RankBonus { min_rank: 3, bonus_points: Points(40) }];
        for change in changes {
            match change {
                Change::Enrol(n) => {
                    live.enrol(steam(n), season, NOW);
                }
                Change::Result(user, points) => {
                    let before = live.get(UserId(user)).map(|player| player.standing).unwrap_or_default();
                    let rank = live.set_standing(UserId(user), official().after(before, Points(points)));
                    prop_assert_eq!(rank, live.rank_of(UserId(user)));
                }
                Change::Rename(user, level) => {
                    if let Some(profile) = live.profile_mut(UserId(user)) {
                        profile.level = Level::nearest(level.into());
                    }
                }
                Change::Season => {
                    season.0 = season.0.saturating_add(1);
                    start_season(&mut live, season, official(), &rank_bonus);
                }
            }
            for player in live.iter() {
                prop_assert_eq!(restored.restore(player.clone()), Ok(0));
            }
        }

        let mut sorted: Vec<&Player> = live.iter().collect();
        sorted.sort_by_key(|player| (Reverse(player.standing.points), player.user_id));
        prop_assert!(live.leaderboard(0, u32::MAX).eq(sorted.iter().copied()));
        for (rank, player) in (0..).zip(&sorted) {
            prop_assert_eq!(live.rank_of(player.user_id), Some(rank));
            prop_assert_eq!(live.by_steam_id(player.steam_id), Some(*player));
        }
        prop_assert!(restored.iter().eq(live.iter()));
        prop_assert!(restored.leaderboard(0, u32::MAX).eq(live.leaderboard(0, u32::MAX)));
    }
}
