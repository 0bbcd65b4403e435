//! What is recorded replays to the bytes that were sent, and lets nobody in.

use std::{fs, path::Path};

use mmcos_core::wire::egonet::Dict;
use mmcos_core::{trace, wire::egonet};

use super::{
    client::{Client, get, post, post_with},
    player::{self, Player, RACE, login, meet, search},
    process::Server,
    tls,
};

const AS_IN_LIFE: [&str; 4] = ["--poll-seconds", "1", "--gather-seconds", "0.3"];

/// A server that records, and its trace when it has stopped.
fn recorded(evening: impl FnOnce(&Server)) -> String {
    let server = Server::start_with(&[&AS_IN_LIFE[..], &["--record", "data/evening.trace"]].concat());
    evening(&server);
    let scratch = server.stop();
    fs::read_to_string(scratch.data().join("evening.trace")).unwrap()
}

fn replays(trace: &str) -> trace::Replayed {
    trace::replay(trace).unwrap_or_else(|error| panic!("{error}\n{trace}"))
}

#[test]
fn an_evening_replays_to_the_bytes_that_were_sent() {
    let mut tokens = Vec::new();
    let mut heard = 0;
    let trace = recorded(|server| {
        let mut friends: Vec<Player> = (1..=3).map(|number| Player::new(server.https, number)).collect();
        search(&mut friends, RACE);
        meet(&mut friends);
        friends[0].search(RACE);
        server.settle();
        drop(friends.remove(1));
        let mut plain = Client::plain(server.http);
        plain.send(&[get("/nowhere"), login(9), get("/nowhere")].concat());
        heard = [(); 3].map(|()| plain.answer().body.len()).iter().sum();
        plain.send(b"nonsense\r\n\r\n");
        plain.end();
        tokens.extend(friends.iter().map(|player| player.token.clone()));
    });
    let replayed = replays(&trace);
    assert!(replayed.sent > heard + 100_000, "{replayed:?}");
    for token in tokens {
        assert!(!trace.contains(&token), "a session token is in the trace");
    }
    for line in ["opened 1 ", "received 1 POST /MMCOS/", " tick\n", "closed ", "shutdown 4.000000000\n"] {
        assert!(trace.contains(line), "{line}");
    }
}

#[test]
fn secrets_that_come_byte_by_byte_are_replaced_too() {
    let blob: Vec<u8> = (0..40).map(|byte| byte | 0x40).collect();
    let (mut token, mut gc_token) = (String::new(), String::new());
    let trace = recorded(|server| {
        let mut client = Client::plain(server.http);
        let mut ask = |request: &[u8]| {
            for piece in request.chunks(7) {
                client.send(piece);
            }
            client.answer()
        };
        let request = login(1);
        let (_, ticket) = str::from_utf8(&request).unwrap().split_once("<PlatformID>").unwrap();
        gc_token = ticket.chars().skip(8).take(16).collect();
        token = ask(&request).ok().element("SessionToken").to_owned();
        let title = |token: &str| {
            let body = format!(
                "<UpdateAccountTitle><SessionToken>\r\n {token} </SessionToken><Title>a</Title></UpdateAccountTitle>"
            );
            post("/MMCOS/MMCOS-Account/AccountService.svc/UpdateAccountTitle", &body)
        };
        ask(&title(&token));
        assert_eq!(ask(&title(&token.replace("AQ", "AR"))).status, 401);
        assert_eq!(ask(&title("not a token")).status, 401);
        assert_eq!(ask(&title("")).status, 401);
        let broken = String::from_utf8(login(2)).unwrap().replacen("PlatformID>1400", "PlatformID>1500", 1);
        assert_eq!(ask(broken.as_bytes()).status, 401);
        let request = Dict::new().dstr("Name", "Player 1").blob("SteamTicket", blob.as_slice());
        let mut body = Vec::new();
        egonet::encode(&request.into(), &mut body).unwrap();
        let fields = "X-EgoNet-Function: LoginService.Login\r\n";
        ask(&post_with("/MicroMachines/STEAM/1.0/", fields, &body)).ok();
    });
    replays(&trace);
    let received: String =
        trace.lines().filter_map(|line| line.split_once(" received 1 ")).map(|(_, bytes)| bytes).collect();
    assert!(received.contains("<UpdateAccountTitle><SessionToken>\\r\\n AQ"), "{received}");
    assert!(!received.contains(&token) && !received.contains(&gc_token), "{received}");
    assert!(!received.contains("FGHIJKLM") && received.contains("\\x00\\x00\\x00"), "{received}");
    assert!(received.contains(&player::steam_id(1).to_string()) || trace.contains("76561202255230001"));
}

#[test]
fn a_recording_goes_on_from_what_was_kept_and_overwrites_nothing() {
    let server = Server::start();
    drop(Player::new(server.https, 1));
    let scratch = server.stop();
    let file = scratch.data().join("second.trace");
    let arguments = [&AS_IN_LIFE[..], &["--record", "data/second.trace"]].concat();
    let server = Server::start_in(scratch, &arguments);
    Client::tls(server.https, &tls::game()).ask(&login(1)).ok();
    let scratch = server.stop();
    let trace = fs::read_to_string(&file).unwrap();
    assert!(trace.contains("\nrecord {\"Player\":"), "{trace}");
    assert!(replays(&trace).sent > 50_000);
    assert_eq!(mode(&file), 0o600);
    let said = super::process::run(
        &scratch,
        &[&arguments[..], &["--http", "127.0.0.1:0", "--https", "off"]].concat(),
    );
    assert!(said.errors.contains("a recording is never written over"), "{}", said.errors);
    assert_eq!(fs::read_to_string(&file).unwrap(), trace);
}

fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}
