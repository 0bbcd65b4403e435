//! Traces replay to the bytes that were sent, and contain no secret that permits a login.

use std::{fs, path::Path};

use mmcos_core::trace;
use mmcos_core::wire::egonet;
use mmcos_core::wire::egonet::Dict;

use crate::blackbox::rig::{
    client::{Client, REDIRECT, get, post, post_with},
    player::{self, Player, RACE, login, meet, search},
    process::{Server, run},
    tls,
};

const AS_IN_LIFE: [&str; 4] = ["--poll-seconds", "1", "--gather-seconds", "0.3"];

/// Runs a server that writes a trace. Returns the trace after its stop.
fn recorded(evening: impl FnOnce(&Server)) -> String {
    let server = Server::start_with(&[&AS_IN_LIFE[..], &["--record", "data/evening.trace"]].concat());
    evening(&server);
    let scratch = server.stop();
    fs::read_to_string(scratch.data().join("evening.trace")).unwrap()
}

fn replays(trace: &str) -> trace::Replayed {
    trace::replay::<mmcos_game::Mmcos>(trace).unwrap_or_else(|error| panic!("{error}\n{trace}"))
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

/// Text of every secret below.
const SECRET: &str = "Hunter2";

const LOGIN: &str = "/MMCOS/MMCOS-Account/AccountService.svc/Login";
const DEBUG: &str = "/MMCOS-Matchmaking/MatchmakingService.svc/DebugMessage";
const TITLE: &str = "/MMCOS-Account/AccountService.svc/UpdateAccountTitle";
const EGONET: &str = "/MicroMachines/STEAM/1.0/";

fn chunked(path: &str, body: &str) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut request = head.into_bytes();
    for piece in body.as_bytes().chunks(5) {
        request.extend(format!("{:x};a={SECRET}\r\n", piece.len()).into_bytes());
        request.extend([piece, b"\r\n"].concat());
    }
    request.extend(format!("0\r\nX-Trailer: {SECRET}\r\n\r\n").into_bytes());
    request
}

/// Returns requests with a secret in every place, and for each whether it is whole.
fn secret_requests() -> Vec<(Vec<u8>, bool)> {
    let s = SECRET;
    let broken_off = vec![
        format!("GET {REDIRECT} HTTP/1.1\r\nAuthorization: Bearer {s}").into_bytes(),
        s.to_owned().into_bytes(),
        format!("POST {TITLE} HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n<A><SessionToken>{s}")
            .into_bytes(),
        format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n{s}").into_bytes(),
    ];
    let answered = secrets_in_fields().into_iter().chain(secrets_in_bodies()).chain(refused_secrets());
    let answered = answered.map(|request| (request, true));
    answered.chain(broken_off.into_iter().map(|request| (request, false))).collect()
}

/// Returns a request with this first line.
fn with_line(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: a\r\n\r\n").into_bytes()
}

/// Returns a request with these fields.
fn with_fields(fields: &str) -> Vec<u8> {
    format!("GET {REDIRECT} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

/// Returns requests with a secret in the first line or in a field.
fn secrets_in_fields() -> Vec<Vec<u8>> {
    let s = SECRET;
    vec![
        with_fields(&format!(
            "Authorization: Bearer {s}\r\nauthorization: Basic {s}\r\nProxy-Authorization: {s}\r\n"
        )),
        with_fields(&format!(
            "Cookie: mmcos_operator={s}; b={s}\r\nX-Api-Key:{s}\r\nReferer: http://a/?t={s}\r\n"
        )),
        with_fields(&format!(
            "User-Agent: {s}\r\nIf-None-Match: \"{s}\"\r\nAuthorization:\t{s} \t\r\nX: {s}: {s}\r\n"
        )),
        with_fields(
            "Forwarded: for=203.0.113.77\r\nCF-Connecting-IP: 203.0.113.77\r\nX-Forwarded-For: 203.0.113.77\r\nX-Real-IP: 203.0.113.77\r\n",
        ),
        with_fields(&format!("X-EgoNet-Function: {s}\r\nConnection: {s}, keep-alive\r\n")),
        with_line(&format!("GET /admin?link={s} HTTP/1.1")),
        with_line(&format!("GET {REDIRECT}?key={s} HTTP/1.1")),
        with_line(&format!("GET /hooks/{s}/a%20b?token={s}&x={s} HTTP/1.1")),
        with_line(&format!("GET http://a/{s}?{s} HTTP/1.1")),
        with_line(&format!("GET /{s} HTTP/1.0")),
    ]
}

/// Returns requests with a secret in the body.
fn secrets_in_bodies() -> Vec<Vec<u8>> {
    let s = SECRET;
    let egonet = |entries: Dict<'_>| {
        let mut body = Vec::new();
        egonet::encode(&entries.into(), &mut body).unwrap();
        body
    };
    let login = "X-EgoNet-Function: LoginService.Login\r\n";
    vec![
        post("/api/v1/session", &format!("{{\"password\":\"{s}\"}}")),
        post("/hook", &format!("<SessionToken>{s}</SessionToken><DisplayName>{s}</DisplayName>")),
        post(DEBUG, &format!("{{\"password\":\"{s}\"}}")),
        post(DEBUG, &format!("{s}<Login>{s}<Password>{s}</Password></Login>")),
        post(
            LOGIN,
            &format!(
                "<Login a=\"{s}\"><Password>{s} &amp; {s}&{s};</Password><!-- {s} --><PlatformID>{s}</PlatformID></Login>"
            ),
        ),
        post(
            LOGIN,
            &format!(
                "<Login><DisplayName/>{s}<PlatformID>00^{s}^^^{s}</PlatformID><b:Password b:c='{s}'>{s}</b:Password></Login>"
            ),
        ),
        post(
            LOGIN,
            &format!(
                "<?xml version=\"1.0\" encoding=\"utf-16\"?><Login><PlatformID>{s}</PlatformID><Password>{s}"
            ),
        ),
        post(
            TITLE,
            &format!(
                "<UpdateAccountTitle><SessionToken><![CDATA[{s}]]></SessionToken><Title>a</Title></UpdateAccountTitle>"
            ),
        ),
        post(
            TITLE,
            &format!(
                "<UpdateAccountTitle><SessionToken><!-- a -->{s}&#61;</SessionToken><Title>a</Title></UpdateAccountTitle>"
            ),
        ),
        post(
            TITLE,
            &format!(
                "<UpdateAccountTitle><a:SessionToken b=\"c\">\r\n{s}\r\n</a:SessionToken>{s}</UpdateAccountTitle>"
            ),
        ),
        chunked("/api/v1/session", &format!("{{\"password\":\"{s}\"}}")),
        chunked(
            TITLE,
            &format!(
                "<UpdateAccountTitle><SessionToken>{s}</SessionToken><Title>a</Title></UpdateAccountTitle>"
            ),
        ),
        post_with(EGONET, &format!("X-EgoNet-Function: {s}\r\n"), s.as_bytes()),
        post_with(EGONET, "X-EgoNet-Function: Analytics.DataEvent\r\n", s.as_bytes()),
        post_with(EGONET, login, &egonet(Dict::new().dstr("Name", "Ann").dstr("Password", s))),
        post_with(EGONET, login, &egonet(Dict::new().dstr("Password", s))),
        post_with(EGONET, login, format!("vdic\x01\0\0\0\x01adstr\x07\0\0\0{s}{s}").as_bytes()),
        post_with(EGONET, login, format!("oops{s}").as_bytes()),
    ]
}

/// Returns requests with a secret that are rejected.
fn refused_secrets() -> Vec<Vec<u8>> {
    let s = SECRET;
    vec![
        format!("{s}\r\n\r\n").into_bytes(),
        format!("P{s} {s} {s}\r\n\r\n").into_bytes(),
        with_line(&format!("GET {REDIRECT} {s}")),
        with_line(&format!("GET {REDIRECT} {s} HTTP/1.1")),
        with_line(&format!("GET http://{s}:{s}@a/{s} HTTP/1.1")),
        with_line(&format!("GET ftp://a/{s} HTTP/1.1")),
        with_line(&format!("GET /#{s} HTTP/1.1")),
        with_line(&format!("GET /{s} HTTP/2.0")),
        with_fields(&format!("Authorization: Bearer\r\n {s}\r\n")),
        with_fields(&format!("Authorization Bearer {s}\r\n")),
        with_fields(&format!("Authorization : {s}\r\n")),
        with_fields(&format!("{s} {s}: {s}\r\n")),
        with_fields(&format!("{s}: {s}\r\nHost: b\r\n")),
        format!("GET / HTTP/1.1\r\nHost: {s}@{s}\r\nCookie: {s}\r\n\r\n").into_bytes(),
        with_fields(&format!("Content-Length: {s}\r\n")),
        with_fields(&format!("Transfer-Encoding: {s}\r\n")),
        with_fields(&format!("Expect: {s}\r\n")),
        with_fields(&format!("Cookie: {s}\n")),
        with_fields(&format!("Cookie: {s}\0\r\n")),
        with_fields(&format!("Cookie: {}\r\n", s.repeat(4_000))),
        format!("GET /{}", s.repeat(4_000)).into_bytes(),
        format!("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{s}{s}\r\n")
            .into_bytes(),
        format!("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{s}\r\n").into_bytes(),
        format!(
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7;{s}\r\n{s}\r\n80000\r\n{s}"
        )
        .into_bytes(),
        format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n{s}").into_bytes(),
    ]
}

#[test]
fn no_secret_of_anybodys_is_in_a_trace_wherever_it_stood() {
    let mut of_the_server = String::new();
    let requests = secret_requests();
    let trace = recorded(|server| {
        for (request, is_whole) in &requests {
            for length in [1, 7, request.len()].into_iter().filter(|length| request.len() / length < 1_000) {
                let mut client = Client::plain(server.http);
                for piece in request.chunks(length) {
                    // The server may respond before the whole request is sent.
                    let _ = client.try_send(piece);
                }
                if *is_whole {
                    assert!(client.answer().status > 0);
                } else {
                    server.settle();
                }
            }
        }
        // All requests that may share one connection, one after the other.
        let mut client = Client::plain(server.http);
        let together: Vec<_> = requests[..5].iter().map(|(request, _)| request.clone()).collect();
        client.send(&together.concat());
        for _ in &together {
            client.answer().ok();
        }
        // There is no dashboard, but scripts still work.
        let password = server.password();
        let metrics = format!("GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {password}\r\n\r\n");
        Client::plain(server.http).ask(metrics.as_bytes());
        Client::plain(server.http).ask(&post("/api/v1/session", &format!("{{\"password\":\"{password}\"}}")));
        of_the_server = password;
    });
    for line in trace.lines() {
        assert!(!line.to_lowercase().contains(&SECRET.to_lowercase()), "{line}");
        assert!(!line.contains("203.0.113.77"), "{line}");
        assert!(!line.contains(&of_the_server), "{line}");
    }
    assert!(replays(&trace).sent > 1_000);
}

#[test]
fn a_trace_goes_on_from_what_was_kept_and_overwrites_nothing() {
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
    let said = run(&scratch, &[&arguments[..], &["--http", "127.0.0.1:0", "--https", "off"]].concat());
    assert!(said.errors.contains("a trace never overwrites a file"), "{}", said.errors);
    assert_eq!(fs::read_to_string(&file).unwrap(), trace);
}

fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}
