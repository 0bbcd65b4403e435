//! A client whose search is held goes away, in every way there is: nobody is sent to race with it.

use super::{
    client::Client,
    player::{Player, RACE, login, meet, search},
    process::Server,
    tls,
};

/// The two who come after are not sent to race with one who left like this.
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
fn an_answer_on_its_way_is_finished_for_a_client_that_closed_its_side() {
    let server = Server::start();
    let plain = Client::plain(server.http);
    let mut tls = Client::tls(server.https, &tls::game());
    tls.ask(&login(1)).ok();
    for mut client in [plain, tls] {
        client.send(&login(1).repeat(10));
        client.half_close();
        for _ in 0..10 {
            client.answer().ok();
        }
    }
}
