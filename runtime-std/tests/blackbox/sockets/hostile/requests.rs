//! Hostile requests, one by one, and the status of their responses.

use crate::blackbox::rig::{
    client::{Client, REDIRECT, get, post, post_with},
    player::ENTER,
    process::Server,
    tls,
};

const LOGIN: &str = "/MMCOS/MMCOS-Account/AccountService.svc/Login";
const EGONET: &str = "/MicroMachines/STEAM/1.0/";

const KB: usize = 1024;

/// A request, and the status of its response.
type Case = (&'static str, Vec<u8>, u16);

#[test]
fn hostile_requests_are_refused_with_their_status() {
    refused(&Server::start());
}

/// Sends each request at both listeners. If the response does not announce a close, the connection can go on.
pub(super) fn refused(server: &Server) {
    let config = tls::modern();
    let cases = [heads(), framings(), documents(), values()].concat();
    for (name, request, status) in cases {
        for mut client in [Client::plain(server.http), Client::tls(server.https, &config)] {
            // The server may respond before the whole request is sent.
            let _ = client.try_send(&request);
            let answer = client.answer();
            assert_eq!(answer.status, status, "{name}: {}{}", answer.head, answer.text());
            if answer.head.contains("\r\nConnection: close\r\n") {
                assert!(client.end().is_empty(), "{name}: more after the last word");
            } else {
                client.ask(&get(REDIRECT)).ok();
            }
        }
    }
}

fn heads() -> Vec<Case> {
    let head = |lines: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes();
    let fields = |count| head(&"x: y\r\n".repeat(count));
    let path = "x".repeat(200 * KB);
    vec![
        ("a field of 200 KB", head(&format!("x: {path}\r\n")), 431),
        ("a path of 200 KB", get(&format!("/{path}")), 414),
        ("101 fields", fields(100), 431),
        ("5,000 fields", fields(5000), 431),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".into(), 400),
        ("a control character in the path", b"GET /\x07 HTTP/1.1\r\nHost: a\r\n\r\n".into(), 400),
        ("a page that is to be deleted", b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n".into(), 405),
        ("a way out of the directory", get("/MMCOS/../../../../etc/passwd"), 404),
    ]
}

fn framings() -> Vec<Case> {
    let framed = |fields: &str, body: &str| {
        format!("POST {ENTER} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
    };
    let chunked = |body: &str| framed("Transfer-Encoding: chunked\r\n", body);
    vec![
        ("a length in hex", framed("Content-Length: 0x10\r\n", ""), 400),
        ("more than a number can be", framed("Content-Length: 99999999999999999999999999\r\n", ""), 413),
        ("a chunk of 4 GB", chunked("ffffffff\r\n"), 413),
        ("a chunk of more than a number can be", chunked("fffffffffffffffff\r\n"), 400),
        ("chunks without end", chunked(&"1\r\nx\r\n".repeat(200 * KB)), 413),
        ("trailers without end", chunked(&format!("0\r\n{}", "x: y\r\n".repeat(KB))), 400),
    ]
}

fn documents() -> Vec<Case> {
    let nested = |depth: usize| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
    let laughs: Vec<String> =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let bomb = format!(
        "<!DOCTYPE a [<!ENTITY l0 \"ha\">{}]><EnterMatchmaking2>&l9;</EnterMatchmaking2>",
        laughs.concat()
    );
    vec![
        ("nothing", post(ENTER, ""), 400),
        ("a bomb of entities", post(ENTER, &bomb), 400),
        ("10,000 levels", post(ENTER, &nested(10_000)), 400),
        (
            "30,000 elements",
            post(ENTER, &format!("<EnterMatchmaking2>{}</EnterMatchmaking2>", "<a/>".repeat(30_000))),
            400,
        ),
        ("a name of 200 KB", post(LOGIN, &format!("<{0}></{0}>", "x".repeat(100 * KB))), 400),
    ]
}

fn values() -> Vec<Case> {
    let token = |token: &str| {
        post(
            &ENTER.replace("Enter", "Cancel").replace('2', ""),
            &format!("<CancelMatchmaking><SessionToken>{token}</SessionToken></CancelMatchmaking>"),
        )
    };
    let ticket = |id: &str| {
        post(LOGIN, &format!("<Login><PlatformID>{id}</PlatformID><DisplayName>x</DisplayName></Login>"))
    };
    let egonet = |body: &[u8]| post_with(EGONET, "X-EgoNet-Function: LoginService.Login\r\n", body);
    vec![
        ("no token", token(""), 401),
        ("a token of 200 KB", token(&"A".repeat(200 * KB)), 401),
        ("a ticket of 100 KB", ticket(&format!("{}^^^^true", "00".repeat(100 * KB))), 401),
        ("a ticket of half a byte", ticket("0^^^^true"), 401),
        ("4 billion EgoNet values", egonet(b"vvtr\xff\xff\xff\xff"), 400),
        ("an EgoNet text of 4 GB", egonet(b"dstr\xff\xff\xff\xffabc"), 400),
        ("10,000 EgoNet levels", egonet(&b"vvtr\x01\0\0\0".repeat(10_000)), 400),
    ]
}
