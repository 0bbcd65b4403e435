//! Players on separate connections meet.

use std::{thread, time::Duration};

use crate::blackbox::rig::{
    player::{ELIMINATION, Player, RACE, meet, search},
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
