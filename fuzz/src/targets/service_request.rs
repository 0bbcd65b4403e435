use std::time::Duration;

use mmcos_core::{
    engine::Limits,
    wire::{egonet, steam::SteamId, xml},
};
use mmcos_game::players::Player;
use serde::de::IgnoredAny;

use super::{script::Script, values::Values, xml_document::root};
use crate::{
    client::{
        Client, Response,
        services::{SERVICES, Service},
    },
    virtual_time::{VirtualTime, trusting},
};

/// Takes any body (after a byte that chooses the service) as a request of a logged-in player that has raced: the
/// one response comes in time and in the form of that service, no other player is changed, and no search is left.
///
/// # Panics
/// If one of these promises is broken.
pub fn service_request(bytes: &[u8]) {
    let mut script = Script(bytes);
    let service = &SERVICES[usize::from(script.byte()) % SERVICES.len()];
    let mut time = VirtualTime::new(&trusting(), Limits::default(), [4; 32]);
    let [other, mut client] = [1, 2].map(|number| Client::known(&mut time, number));
    let request = service.request(&Values::of(&mut time, &mut client).fill(script.0));
    let before = row(&time, other.steam_id());
    let conn = time.open(client.address());
    time.send(conn, &request);
    let in_time = time.now() + trusting().matchmaker().longest_hold();
    let (_, response) = time.response_until(in_time).expect("a response in time");
    check(service, &response);
    assert_eq!(time.response_until(in_time), None, "a second response");
    // A ticket keeps its seniority for five seconds.
    time.close(conn);
    time.pass(Duration::from_secs(5));
    assert_eq!(time.server().service().matchmaker().load().tickets, 0);
    // A server that trusts all tickets lets every client log in as any player.
    if service.name != "Login" {
        assert_eq!(row(&time, other.steam_id()), before, "another player was changed");
    }
}

fn row(time: &VirtualTime, player: SteamId) -> Player {
    time.server().service().players().by_steam_id(player).expect("it has logged in").clone()
}

fn check(service: &Service, response: &Response) {
    match response.status {
        200 if service.is_egonet() => {
            egonet::decode(&response.body, &egonet::Limits::default()).expect("a response in EgoNet");
        }
        200 => assert!(response.body.is_empty() || is_document(&response.body), "{response:?}"),
        400 | 401 => {
            let text = String::from_utf8_lossy(&response.body);
            assert!(is_document(&response.body) && text.contains("<Error>"), "{response:?}");
        }
        _ => panic!("{response:?}"),
    }
}

/// Returns true if it is one well-formed element, whatever its name is.
fn is_document(bytes: &[u8]) -> bool {
    xml::from_bytes::<IgnoredAny>(bytes, &root(bytes), &xml::Limits::default()).is_ok()
}
