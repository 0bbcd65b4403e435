//! Names: whatever a name contains, its player can log in, and it harms no other player who sees it.

use mmcos_core::wire::{
    egonet::{self, Dict, Value},
    steam::encode_platform_id,
    xml::{self, Limits},
};
use mmcos_game::{Mmcos, Record, players::Player};
use serde::de::IgnoredAny;

use crate::{
    rig::{Rig, body, status},
    world::{get_elite, server, text, ticket},
};

const ANN: u64 = 76_561_198_000_006_001;
const LOGIN: &str = "/MMCOS-Account/AccountService.svc/Login";

/// Bytes of an element, and the name that they make.
const NAMES: [(&[u8], &str); 17] = [
    (b"Racer01", "Racer01"),
    (b"a&#x1;b", "ab"),
    (b"a\x03b", "ab"),
    (b"a\x00&#0;b", "ab"),
    (b"cut &#xD83D;", "cut"),
    (b"cut \xf0\x9f\x8f", "cut"),
    (b"cut \xed\xa0\xbc", "cut"),
    (b"Zo\xe9", "Zo"),
    (b"\xcf\xe5\xf2\xff", "Player"),
    ("\u{202e}live\u{2066}".as_bytes(), "live"),
    ("\u{200b}\u{200d}\u{feff}\u{3164}\u{e0041}".as_bytes(), "Player"),
    ("a\u{2028}b\u{2029}c\u{e000}".as_bytes(), "abc"),
    (b"&#x202E;x&#xFFFE;", "x"),
    (b"A & B &nbsp;", "A & B &nbsp;"),
    (b"&lt;script&gt;", "<script>"),
    (b"", "Player"),
    ("Zoë 🏎 שלום".as_bytes(), "Zoë 🏎 שלום"),
];

fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn login_request(declaration: &str, player: u64, name: &[u8], title: &[u8]) -> Vec<u8> {
    let ticket = encode_platform_id(&ticket(player).build(|_| [0; 128]).unwrap());
    let before = format!("{declaration}<Login>\r\n  <PlatformID>{ticket}</PlatformID>\r\n  <DisplayName>");
    let body = [
        before.as_bytes(),
        name,
        b"</DisplayName>\r\n  <DefaultTitle>",
        title,
        b"</DefaultTitle>\r\n</Login>",
    ]
    .concat();
    post(LOGIN, "", &body)
}

fn login(rig: &mut Rig<Mmcos>, player: u64, name: &[u8]) -> String {
    rig.request(&login_request("", player, name, b"lng_player_title_default"))
}

fn only(rig: &Rig<Mmcos>) -> &Player {
    rig.server.service().players().iter().next().unwrap()
}

#[test]
fn no_name_refuses_a_login_and_every_name_can_be_shown() {
    for (sent, shown) in NAMES {
        let mut rig = server();
        let answer = login(&mut rig, ANN, sent);
        assert_eq!(status(&answer), "200", "{}\n{answer}", sent.escape_ascii());
        assert_eq!(only(&rig).profile.name.as_str(), shown);
        let board = get_elite(&mut rig, text(&answer, "SessionToken"));
        xml::from_bytes::<IgnoredAny>(body(&board).as_bytes(), "LeaderboardEntries", &Limits::default())
            .unwrap();
        assert!(rig.events.iter().all(|event| !event.contains(char::is_control)), "{:?}", rig.events);
    }
}

#[test]
fn a_title_that_is_none_refuses_no_login() {
    for title in [b"\xff".as_slice(), b"&#x1;", b"&#xD83D;", b"Champion of \x02", b"&", b""] {
        let mut rig = server();
        let answer = rig.request(&login_request("", ANN, b"Ann", title));
        assert_eq!(status(&answer), "200", "{}", title.escape_ascii());
        let title = only(&rig).profile.title.as_str();
        assert!(title.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{title}");
    }
}

#[test]
fn a_declared_encoding_refuses_no_login() {
    for (encoding, name, shown) in [
        ("utf-16", "Zoë".as_bytes(), "Zoë"),
        ("UTF-8", b"Ann", "Ann"),
        ("windows-1252", b"Zo\xeb", "Zo"),
        ("iso-8859-1", b"Ann", "Ann"),
    ] {
        let mut rig = server();
        let declaration = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>\r\n");
        let answer = rig.request(&login_request(&declaration, ANN, name, b"a"));
        assert_eq!(
            (status(&answer), only(&rig).profile.name.as_str()),
            ("200", shown),
            "{encoding}\n{answer}"
        );
    }
}

#[test]
fn all_else_is_read_as_strictly_as_ever() {
    let request = login_request("", ANN, b"Ann\xff", b"a");
    let changed = |before: &str, after: &[u8]| {
        let at = request.windows(before.len()).position(|window| window == before.as_bytes()).unwrap();
        let body = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        post(LOGIN, "", &[&request[body..at], after, &request[at + before.len()..]].concat())
    };
    for (before, after) in [
        ("<PlatformID>", b"<PlatformID>\xff".as_slice()),
        ("<PlatformID>", b"<PlatformID>&#x1;"),
        ("<Login>", b"<Login>\x01"),
        ("<Login>", b"<Login><Other>\xe9</Other>"),
        ("</DisplayName>", b"<b></DisplayName>"),
        ("</Login>", b"</Login>\xff"),
        ("</Login>", b""),
    ] {
        let mut rig = server();
        let answer = rig.request(&changed(before, after));
        assert_eq!(status(&answer), "400", "{}\n{answer}", after.escape_ascii());
    }
    assert_eq!(status(&server().request(&changed("<Login>", b"<Login>"))), "200");
}

#[test]
fn a_name_of_another_code_page_in_the_egonet_login_refuses_nobody() {
    for (sent, shown) in [
        (b"Ann".as_slice(), "Ann"),
        (b"Zo\xe9\x03", "Zo"),
        (b"\xff", "Player"),
        ("\u{202e}x".as_bytes(), "x"),
    ] {
        let mut rig = server();
        login(&mut rig, ANN, shown.as_bytes());
        // The encoder takes only text, so a placeholder is encoded and then replaced by the bytes.
        let stand_in = "~".repeat(sent.len());
        let mut body = Vec::new();
        let request = Dict::new().dstr("Name", stand_in.clone());
        egonet::encode(&request.into(), &mut body).unwrap();
        let at = body.windows(sent.len()).rposition(|window| window == stand_in.as_bytes()).unwrap();
        body[at..at + sent.len()].copy_from_slice(sent);
        let conn = rig.open();
        rig.send(
            conn,
            &post("/MicroMachines/STEAM/1.0/", "X-EgoNet-Function: LoginService.Login\r\n", &body),
        );
        let answer = rig.read_bytes(conn);
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let answer = egonet::decode(&answer[at..], &egonet::Limits::default()).unwrap();
        assert_eq!(answer.get("Name").and_then(Value::as_str), Some(shown));
        assert_eq!(
            answer.get("SteamId"),
            Some(&Value::U64(ANN)),
            "the player is known by the name that is shown"
        );
    }
}

#[test]
fn names_that_were_kept_before_are_shown_so_too() {
    let mut rig = server();
    login(&mut rig, ANN, b"Ann");
    let kept = serde_json::to_string(&Record::Player(Box::new(only(&rig).clone()))).unwrap();
    let kept = kept.replace("\"Ann\"", "\"\\u202eA\\u0007n\\u200bn\\ue000\"");
    let mut rig = server();
    rig.server.restore(serde_json::from_str(&kept).unwrap()).unwrap();
    assert_eq!(only(&rig).profile.name.as_str(), "Ann");
}
