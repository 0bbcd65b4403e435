use std::time::Duration;

use mmcos_core::engine::Limits;

use crate::{
    client::{Client, MatchmakingResult, requests},
    virtual_time::{VirtualTime, trusting},
};

/// Placeholder for the session token, which a fuzzer could not guess.
const TOKEN: &[u8] = b"{SessionToken}";

/// Takes any bytes as the body of an `EnterMatchmaking2`: the request is rejected at once, or held with a response in
/// time.
///
/// # Panics
/// If one of these promises is broken, or if anything is left at the end.
pub fn enter_matchmaking2_bytes(bytes: &[u8]) {
    let mut time = VirtualTime::new(&trusting(), Limits::default(), [1; 32]);
    let client = Client::log_in(&mut time, 1);
    let body = put_in(bytes, client.session_token().as_bytes());
    let conn = time.open(client.address());
    time.send(conn, &requests::enter_matchmaking_with(&body));
    let sent = time.now();
    let in_time = sent + trusting().matchmaker().longest_hold();
    let (_, response) = time.response_until(in_time).expect("a response in time");
    match response.status {
        200 => {
            let result =
                MatchmakingResult::read(response.granted()).expect("the result has all of its parts");
            assert!(result.groups.len() == 1 && result.host().is_some(), "{result:?}");
        }
        status => assert!((400..500).contains(&status) && time.now() == sent, "{response:?}"),
    }
    assert_eq!(time.response_until(in_time), None, "a second response");
    time.close(conn);
    time.pass(Duration::from_secs(5));
    assert_eq!(time.server().service().matchmaker().load().tickets, 0);
}

fn put_in(bytes: &[u8], token: &[u8]) -> Vec<u8> {
    match bytes.windows(TOKEN.len()).position(|window| window == TOKEN) {
        None => bytes.to_vec(),
        Some(at) => {
            let (before, rest) = bytes.split_at(at);
            [before, token, rest.strip_prefix(TOKEN).unwrap_or_default()].concat()
        }
    }
}
