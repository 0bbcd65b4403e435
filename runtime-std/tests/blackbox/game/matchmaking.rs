//! Players on separate connections meet.

use std::{thread, time::Duration};

use crate::blackbox::rig::{
    player::{BATTLE, ELIMINATION, Player, RACE, meet, search, stays_alone},
    process::Server,
};

fn players(server: &Server, numbers: impl IntoIterator<Item = u32>) -> Vec<Player> {
    numbers.into_iter().map(|number| Player::new(server.https, number)).collect()
}

#[test]
fn two_three_and_five_meet() {
    let server = Server::start();
    // Different players each time: two whose matches failed twice, because neither registered them, are kept apart.
    for (numbers, mode) in [(1..=2, RACE), (11..=13, ELIMINATION), (21..=25, RACE)] {
        let mut friends = players(&server, numbers);
        search(&mut friends, mode);
        let found = meet(&mut friends);
        assert!(found.groups.iter().all(|group| group.team == 0 && group.size == 1), "{found:?}");
    }
}

#[test]
fn twelve_within_a_second_end_in_one_race() {
    let server = Server::start();
    let mut friends = players(&server, 1..=12);
    for player in &mut friends {
        player.search(RACE);
        // People do not press a button all at once.
        thread::sleep(Duration::from_millis(75));
    }
    assert_eq!(meet(&mut friends).groups.len(), 12);
}

#[test]
fn battle_has_even_teams_and_keeps_a_party_together() {
    let server = Server::start();
    let mut groups = players(&server, 1..=3);
    for (player, size) in groups.iter_mut().zip([2, 1, 1]) {
        player.search_as(BATTLE, size, false);
    }
    let found = meet(&mut groups);
    assert_eq!(found.teams(), [2, 2], "{found:?}");
    let mut sizes: Vec<u8> = found.groups.iter().map(|group| group.size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2]);
}

#[test]
fn who_gave_up_is_not_met() {
    let server = Server::start();
    let mut friends = players(&server, 1..=3);
    search(&mut friends, RACE);
    server.settle();
    let mut gone = friends.remove(1);
    gone.cancel(server.http);
    let answer = gone.client.answer().ok();
    assert!(!answer.text().contains("MatchmakingGroup"), "{}", answer.text());
    meet(&mut friends);
}

#[test]
fn who_is_content_with_ai_joins_people_or_starts_at_once() {
    let server = Server::start();
    let mut friends = players(&server, 1..=2);
    friends[0].search_as(BATTLE, 1, true);
    assert_eq!(stays_alone(&mut friends[0]).teams(), [1, 0]);
    friends[1].search(BATTLE);
    server.settle();
    friends[0].search_as(BATTLE, 1, true);
    assert_eq!(meet(&mut friends).teams(), [1, 1]);
}

/// Returns the server's number of commits, as an operator reads it.
fn commits(server: &Server) -> u64 {
    let answer = server.metrics();
    let line =
        answer.text().lines().find(|line| line.starts_with("mmcos_store_commit_seconds_count")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// HOSTING.md promises that a search which finds no player writes nothing.
#[test]
fn a_player_who_finds_nobody_costs_no_write() {
    let server = Server::start_with(&["--poll-seconds", "1"]);
    let mut lone = Player::new(server.https, 1);
    let before = commits(&server);
    for turn in 0..8 {
        lone.search_as(RACE, 1, turn % 3 == 2);
        stays_alone(&mut lone);
    }
    assert_eq!(commits(&server), before);
    let key = stays_alone_with_ai(&mut lone);
    lone.score(&key, 40);
    server.settle();
    assert_eq!(commits(&server), before, "a result that comes too soon changes nothing");
}

fn stays_alone_with_ai(player: &mut Player) -> String {
    player.search_as(RACE, 1, true);
    stays_alone(player).race_key
}
