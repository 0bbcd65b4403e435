//! A client whose search is held goes away, in every way there is: nobody is sent to race with it.

use super::{
    client::Client,
    player::{Player, RACE, login, meet, search, stays_alone},
    process::Server,
    tls,
};

/// The vanished one is not in the match of the two who come after.
fn is_not_met(leave: impl FnOnce(&mut Player)) {
    let server = Server::start();
    let mut gone = Player::new(&server, 1);
    gone.search(RACE);
    leave(&mut gone);
    let mut others = [2, 3].map(|number| Player::new(&server, number));
    search(&mut others, RACE);
    meet(&mut others);
}

fn swap(player: &mut Player, server: &Server) -> Client {
    std::mem::replace(&mut player.client, Client::plain(server))
}

#[test]
fn a_closed_connection_is_noticed() {
    let server = Server::start();
    let mut gone = Player::new(&server, 1);
    gone.search(RACE);
    drop(gone);
    let mut left = Player::new(&server, 2);
    left.search(RACE);
    stays_alone(&mut left);
}

#[test]
fn a_reset_connection_is_noticed() {
    let server = Server::start();
    let mut gone = Player::new(&server, 1);
    gone.search(RACE);
    swap(&mut gone, &server).reset();
    let mut left = Player::new(&server, 2);
    left.search(RACE);
    stays_alone(&mut left);
}

#[test]
fn a_plain_connection_is_no_different() {
    let server = Server::start();
    let mut gone = Player::new(&server, 1);
    gone.client = Client::plain(&server);
    gone.search(RACE);
    gone.client = Client::plain(&server);
    let mut left = Player::new(&server, 2);
    left.search(RACE);
    stays_alone(&mut left);
}

#[test]
fn a_connection_closed_in_one_direction_is_noticed_and_ended() {
    is_not_met(|gone| {
        gone.client.half_close();
        assert!(gone.client.end().is_empty(), "there is nobody to answer");
    });
}

#[test]
fn goodbye_by_tls_is_noticed_and_answered() {
    is_not_met(|gone| {
        gone.client.say_goodbye();
        assert!(gone.client.end().is_empty(), "there is nobody to answer");
    });
}

#[test]
fn an_answer_on_its_way_is_finished_for_a_client_that_closed_its_side() {
    let server = Server::start();
    for mut client in [Client::plain(&server), Client::tls(&server, &tls::game())] {
        client.send(&login(1).repeat(10));
        client.half_close();
        for _ in 0..10 {
            client.answer().ok();
        }
    }
}
