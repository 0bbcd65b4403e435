//! A client with a held search disconnects, in every possible way: no player is matched with it.

use crate::blackbox::rig::{
    client::Client,
    player::{Player, RACE, meet, search},
    process::Server,
    tls,
};
use crate::blackbox::sockets::limits::{MORE_THAN_FITS, send_logins, with_small_window};

/// Asserts that two later players are not matched with one that left like this.
fn is_not_met(gone: impl FnOnce(&Server) -> Player, leave: impl FnOnce(Player)) {
    let server = Server::start();
    let mut gone = gone(&server);
    gone.search(RACE);
    server.settle();
    leave(gone);
    let mut others = [2, 3].map(|number| Player::new(server.https, number));
    search(&mut others, RACE);
    meet(&mut others);
}

fn by_tls(server: &Server) -> Player {
    Player::new(server.https, 1)
}

fn plainly(server: &Server) -> Player {
    Player::with(Client::plain(server.http), 1)
}

#[test]
fn a_closed_connection_is_noticed() {
    is_not_met(by_tls, drop);
    is_not_met(plainly, drop);
}

#[test]
fn a_reset_connection_is_noticed() {
    is_not_met(by_tls, |gone| gone.client.reset());
    is_not_met(plainly, |gone| gone.client.reset());
}

#[test]
fn a_connection_closed_in_one_direction_is_noticed_and_ended() {
    for connected in [by_tls, plainly] {
        is_not_met(connected, |mut gone| {
            gone.client.half_close();
            assert!(gone.client.end().is_empty(), "there is nobody to answer");
        });
    }
}

#[test]
fn goodbye_by_tls_is_noticed_and_answered() {
    is_not_met(by_tls, |mut gone| {
        gone.client.say_goodbye();
        assert!(gone.client.end().is_empty(), "there is nobody to answer");
    });
}

#[test]
fn answers_on_their_way_are_finished_for_a_client_that_said_goodbye() {
    let server = Server::start();
    let mut plain = Client::plain_over(with_small_window(server.http));
    send_logins(&server, &mut plain, MORE_THAN_FITS);
    plain.half_close();
    let mut tls = Client::tls_over(with_small_window(server.https), &tls::game());
    send_logins(&server, &mut tls, MORE_THAN_FITS);
    tls.say_goodbye();
    server.settle();
    for mut client in [plain, tls] {
        for _ in 0..MORE_THAN_FITS {
            client.answer().ok();
        }
    }
}
