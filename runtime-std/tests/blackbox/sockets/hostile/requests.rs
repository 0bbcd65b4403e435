//! Hostile requests, one by one, and the status of their responses.

use crate::blackbox::rig::{
    client::{Client, REDIRECT, get, post, post_with},
    player::ENTER,
    process::Server,
    tls,
};

const LOGIN: &str = "/MMCOS/MMCOS-Account/AccountService.svc/Login";
const FRIENDS: &str = "/MMCOS/MMCOS-Leaderboard/LeaderboardService.svc/GetFriends";
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
        ("no host", b"GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("two hosts", head("Host: b\r\n"), 400),
        ("a blank before a colon", head("x : y\r\n"), 400),
        ("a folded field", head("x: y\r\n z\r\n"), 400),
        ("a zero byte in a field", head("x: \0\r\n"), 400),
        ("a line feed alone", b"GET / HTTP/1.1\nHost: a\n\n".into(), 400),
        ("HTTP/0.9", b"GET /\r\n\r\n".into(), 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".into(), 400),
        ("a control character in the path", b"GET /\x07 HTTP/1.1\r\nHost: a\r\n\r\n".into(), 400),
        ("a host with a blank", b"GET / HTTP/1.1\r\nHost: a b/<>\r\n\r\n".into(), 400),
        ("two hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".into(), 400),
        ("a user in the target", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), 400),
        ("a fragment in the target", get("/nowhere#/"), 400),
        ("no path", get("nowhere"), 400),
        ("a query for a path", get("http://a?y=/MMCOS/redirect_steam_submission3.txt"), 200),
        ("a later version", b"GET /nowhere HTTP/1.2\r\nHost: a\r\n\r\n".into(), 404),
        ("a page that is to be deleted", b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n".into(), 405),
        ("a way out of the directory", get("/MMCOS/../../../../etc/passwd"), 404),
        ("an unknown expectation", head("Expect: riches\r\n"), 417),
        (
            "another method",
            b"DELETE /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            405,
        ),
    ]
}

fn framings() -> Vec<Case> {
    let framed = |fields: &str, body: &str| {
        format!("POST {ENTER} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
    };
    let chunked = |body: &str| framed("Transfer-Encoding: chunked\r\n", body);
    vec![
        (
            "a length and chunks",
            framed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            400,
        ),
        ("two lengths", framed("Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"), 400),
        ("a negative length", framed("Content-Length: -1\r\n", ""), 400),
        ("a length with a sign", framed("Content-Length: +5\r\n", "abcde"), 400),
        ("a length in hex", framed("Content-Length: 0x10\r\n", ""), 400),
        ("a list of lengths", framed("Content-Length: 5, 5\r\n", "abcde"), 400),
        ("a blank behind the size of a chunk", chunked("5 \r\nabcde\r\n0\r\n\r\n"), 400),
        ("10 GB", framed("Content-Length: 10000000000\r\n", ""), 413),
        ("more than a number can be", framed("Content-Length: 99999999999999999999999999\r\n", ""), 413),
        ("a chunk of 4 GB", chunked("ffffffff\r\n"), 413),
        ("a chunk of more than a number can be", chunked("fffffffffffffffff\r\n"), 400),
        ("a chunk of minus one", chunked("-1\r\n"), 400),
        ("a chunk that is longer than it says", chunked("3\r\nabcdef\r\n0\r\n\r\n"), 400),
        ("chunks without end", chunked(&"1\r\nx\r\n".repeat(200 * KB)), 413),
        ("trailers without end", chunked(&format!("0\r\n{}", "x: y\r\n".repeat(KB))), 400),
        ("compressed", framed("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501),
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
    let file = "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><Login><DisplayName>&f;</DisplayName></Login>";
    let wide: String =
        "<EnterMatchmaking2>\r\n".encode_utf16().flat_map(u16::to_le_bytes).map(char::from).collect();
    let xml = |body: &[u8]| post_with(ENTER, "content-type: application/xml\r\n", body);
    vec![
        ("nothing", post(ENTER, ""), 400),
        ("no XML", post(ENTER, "{\"SessionToken\": 1}"), 400),
        ("another root", post(ENTER, "<Login/>"), 400),
        ("no end", post(ENTER, "<EnterMatchmaking2><SessionToken>"), 400),
        ("tags that cross", post(ENTER, "<EnterMatchmaking2><a><b></a></b></EnterMatchmaking2>"), 400),
        ("two roots", post(ENTER, "<EnterMatchmaking2/><EnterMatchmaking2/>"), 400),
        ("a bomb of entities", post(ENTER, &bomb), 400),
        ("a file of the server's", post(LOGIN, file), 400),
        ("an entity that is not there", post(LOGIN, "<Login><DisplayName>&x;</DisplayName></Login>"), 400),
        ("10,000 levels", post(ENTER, &nested(10_000)), 400),
        (
            "30,000 elements",
            post(ENTER, &format!("<EnterMatchmaking2>{}</EnterMatchmaking2>", "<a/>".repeat(30_000))),
            400,
        ),
        ("a zero byte", xml(b"<EnterMatchmaking2>\0</EnterMatchmaking2>"), 400),
        ("Latin-1", xml(b"<EnterMatchmaking2><GameType>\xe4\xf6\xfc</GameType></EnterMatchmaking2>"), 400),
        ("UTF-16", xml(wide.as_bytes()), 400),
        (
            "another encoding",
            post(ENTER, "<?xml version=\"1.0\" encoding=\"utf-7\"?><EnterMatchmaking2/>"),
            400,
        ),
        ("half a surrogate", post(LOGIN, "<Login><DisplayName>&#xD800;</DisplayName></Login>"), 400),
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
    let friends = |id: &str| {
        post(
            FRIENDS,
            &format!(
                "<GetFriends><SessionToken>x</SessionToken><PlatformIds><PlatformIdEntry><PlatformId>{id}</PlatformId></PlatformIdEntry></PlatformIds></GetFriends>"
            ),
        )
    };
    let egonet = |body: &[u8]| post_with(EGONET, "X-EgoNet-Function: LoginService.Login\r\n", body);
    vec![
        ("no token", token(""), 401),
        ("a token of zeros", token(&"A".repeat(72)), 401),
        ("a token of 200 KB", token(&"A".repeat(200 * KB)), 401),
        ("no ticket", ticket(""), 401),
        ("a ticket of zeros", ticket(&format!("{}^^^^true", "00".repeat(240))), 401),
        ("a ticket of 100 KB", ticket(&format!("{}^^^^true", "00".repeat(100 * KB))), 401),
        ("a ticket of half a byte", ticket("0^^^^true"), 401),
        ("a friend of minus one", friends("-1"), 400),
        ("a friend past all numbers", friends("99999999999999999999999"), 400),
        ("no EgoNet", egonet(b""), 400),
        ("half an EgoNet tag", egonet(b"vd"), 400),
        ("cut EgoNet", egonet(b"vdic\x02\0\0\0\x04Namedstr\x03\0\0\0an"), 400),
        ("4 billion EgoNet values", egonet(b"vvtr\xff\xff\xff\xff"), 400),
        ("an EgoNet text of 4 GB", egonet(b"dstr\xff\xff\xff\xffabc"), 400),
        ("10,000 EgoNet levels", egonet(&b"vvtr\x01\0\0\0".repeat(10_000)), 400),
        ("EgoNet with something behind", egonet(b"bool\x01\0"), 400),
        ("an unknown EgoNet tag", egonet(b"evil\x01\0\0\0"), 400),
    ]
}
