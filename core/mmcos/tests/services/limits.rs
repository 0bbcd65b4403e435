//! Rate limits: requests at each limit, and one past it.

use std::num::NonZeroUsize;

use mmcos_core::{
    engine::{Limits, Rate},
    seam::Close,
    wire::egonet,
};
use mmcos_game::Mmcos;

use super::{
    rig::{Rig, status},
    world::{game, get_elite, login, login_request, millis, platform_id, post, rig, server, text, trusting},
};

const ANN: u64 = 76_561_198_000_008_001;
const REDIRECT: &[u8] = b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\n\r\n";
const PROXY: [u8; 4] = [10, 0, 0, 1];

fn limited(limits: Limits) -> Rig<Mmcos> {
    Rig::new(game(trusting(), 3), limits)
}

/// Limits of one request in a second, after three at once.
fn slow() -> Limits {
    Limits { requests: Rate { per_second: 1, burst: 3 }, ..Limits::default() }
}

fn behind_proxy() -> Limits {
    Limits { trusted_proxies: vec!["10.0.0.0/24".parse().unwrap()], ..slow() }
}

/// Returns the status of a response to a client at this address.
fn asked(rig: &mut Rig<Mmcos>, from: [u8; 4], request: &[u8]) -> String {
    let conn = rig.open_from(from);
    rig.send(conn, request);
    let answer = rig.read(conn);
    rig.leave(conn);
    status(&answer).to_owned()
}

fn forwarded(list: &str) -> Vec<u8> {
    format!("GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {list}\r\n\r\n")
        .into()
}

#[test]
fn an_address_has_its_burst_and_then_its_rate() {
    let mut rig = limited(slow());
    let there = [203, 0, 113, 7];
    let ask = |rig: &mut Rig<Mmcos>| asked(rig, there, REDIRECT);
    assert_eq!([(); 5].map(|()| ask(&mut rig)), ["200", "200", "200", "429", "429"]);
    assert_eq!(asked(&mut rig, [203, 0, 113, 8], REDIRECT), "200");
    rig.pass(millis(999));
    assert_eq!(ask(&mut rig), "429");
    rig.pass(millis(1));
    assert_eq!([(); 2].map(|()| ask(&mut rig)), ["200", "429"]);
    let told = rig.events.iter().filter(|event| event.contains("TooManyRequests"));
    assert_eq!(told.count(), 1, "{:?}", rig.events);
}

#[test]
fn who_asks_too_often_on_one_connection_loses_it() {
    let mut rig = limited(slow());
    let conn = rig.open_from([203, 0, 113, 7]);
    rig.send(conn, &REDIRECT.repeat(6));
    let answers = rig.read(conn);
    assert_eq!([answers.matches("HTTP/1.1 200").count(), answers.matches("HTTP/1.1 429").count()], [3, 1]);
    assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
}

#[test]
fn who_asks_too_often_for_a_head_gets_no_body() {
    let mut rig = limited(slow());
    let conn = rig.open_from([203, 0, 113, 7]);
    rig.send(conn, &b"HEAD /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4));
    let answers = rig.read(conn);
    assert!(answers.contains("HTTP/1.1 429") && answers.ends_with("\r\n\r\n"), "{answers}");
}

#[test]
fn this_machine_is_not_counted() {
    let mut rig = limited(slow());
    assert!((0..100).all(|_| asked(&mut rig, [127, 0, 0, 1], REDIRECT) == "200"));
}

#[test]
fn twelve_games_behind_one_router_that_start_at_once_are_served() {
    let mut rig = limited(Limits::default());
    for game in 0..12 {
        let login = login_request(&platform_id(ANN + game), "Racer");
        for request in [REDIRECT; 30].into_iter().chain([&login[..]; 10]) {
            assert_eq!(asked(&mut rig, [203, 0, 113, 7], request), "200");
        }
    }
}

#[test]
fn clients_of_a_trusted_proxy_are_told_apart() {
    let mut rig = limited(Limits { connections_per_address: 1, ..behind_proxy() });
    let conns = [rig.open_from(PROXY), rig.open_from(PROXY)];
    assert_eq!(conns.map(|conn| rig.closed(conn)), [None; 2], "a proxy holds connections of many");
    let mut ask = |list| asked(&mut rig, PROXY, &forwarded(list));
    assert_eq!([(); 4].map(|()| ask("203.0.113.7")), ["200", "200", "200", "429"]);
    assert_eq!(ask("203.0.113.7, 203.0.113.8"), "200");
    assert_eq!(ask("203.0.113.9, 203.0.113.7"), "429", "what a client writes itself changes nothing");
    assert_eq!(ask("127.0.0.1, 203.0.113.7"), "429");
}

#[test]
fn what_others_say_of_themselves_is_not_believed() {
    let mut rig = limited(behind_proxy());
    let mut ask = |n: u8| asked(&mut rig, [10, 0, 1, 1], &forwarded(&format!("203.0.113.{n}")));
    assert_eq!([1, 2, 3, 4].map(&mut ask), ["200", "200", "200", "429"]);
}

#[test]
fn an_account_has_its_burst_and_then_its_rate_wherever_it_asks_from() {
    let mut config = trusting();
    (config.account_requests_per_second, config.account_request_burst) = (1, 3);
    let mut rig = rig(config);
    let [ann, bea] = [ANN, ANN + 1].map(|player| login(&mut rig, player, "Racer"));
    let ask = |rig: &mut Rig<Mmcos>, token| status(&get_elite(rig, token)).to_owned();
    assert_eq!([(); 4].map(|()| ask(&mut rig, &ann)), ["200", "200", "200", "429"]);
    assert_eq!(ask(&mut rig, &bea), "200");
    rig.pass(millis(1000));
    assert_eq!([(); 2].map(|()| ask(&mut rig, &ann)), ["200", "429"]);
}

#[test]
fn a_body_is_as_large_as_the_limit_and_no_larger() {
    let mut rig = server();
    let most = Limits::default().http.body;
    let padded = |length: usize| {
        let start = "<Login><PlatformID>";
        post(super::world::LOGIN, &format!("{start}{}", " ".repeat(length - start.len())))
    };
    assert_eq!(
        [most, most + 1].map(|length| status(&rig.request(&padded(length))).to_owned()),
        ["400", "413"]
    );
}

fn number(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

#[test]
fn xml_is_as_deep_and_long_as_the_host_lets_it_be() {
    let mut config = trusting();
    (config.max_xml_depth, config.max_xml_elements) = (number(4), number(8));
    let mut rig = rig(config);
    let mut ask = |extra: &str| {
        let ticket = platform_id(ANN);
        let body =
            format!("<Login><PlatformID>{ticket}</PlatformID><DisplayName>A</DisplayName>{extra}</Login>");
        let answer = rig.request(&post(super::world::LOGIN, &body));
        (status(&answer).to_owned(), answer)
    };
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(ask(&nested(3)).0, "200");
    let (code, answer) = ask(&nested(4));
    assert!(code == "400" && text(&answer, "Error").contains('4'), "{answer}");
    assert_eq!(ask(&"<a/>".repeat(5)).0, "200");
    assert_eq!(ask(&"<a/>".repeat(6)).0, "400");
    assert_eq!(ask("<!DOCTYPE a [<!ENTITY b 'c'>]>").0, "400");
}

#[test]
fn egonet_values_are_as_deep_and_many_as_the_host_lets_them_be() {
    let mut config = trusting();
    (config.max_egonet_depth, config.max_egonet_values) = (number(2), number(3));
    let mut rig = rig(config);
    let mut ask = |value: egonet::Value<'static>| {
        let login = egonet::Dict::new().dstr("Name", "Ann").with("More", value);
        let mut bytes = Vec::new();
        egonet::encode(&login.into(), &mut bytes).unwrap();
        let head = format!(
            "POST /MicroMachines/STEAM/1.0/ HTTP/1.1\r\nHost: a\r\nX-EgoNet-Function: LoginService.Login\r\n\
             Content-Length: {}\r\n\r\n",
            bytes.len()
        );
        status(&rig.request(&[head.as_bytes(), &bytes].concat())).to_owned()
    };
    let dict = |inner: Vec<egonet::Value<'static>>| -> egonet::Value<'static> {
        inner.into_iter().fold(egonet::Dict::new(), |dict, value| dict.with("A", value)).into()
    };
    let number = || egonet::Value::I64(1);
    assert_eq!(ask(dict(vec![number()])), "200");
    assert_eq!(ask(dict(vec![number(), number()])), "400", "4 values");
    assert_eq!(ask(dict(vec![dict(vec![])])), "400", "3 dictionaries inside each other");
}
