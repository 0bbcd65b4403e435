//! Requests: their statuses, their splits, their limits.

use std::time::Duration;

use mmcos_core::{
    engine::Limits,
    seam::Close,
    testing::{Rig, body, status},
    wire::http,
};
use proptest::prelude::*;

use crate::{Echo, GET, rig, sent};

/// Start of a request with a body.
const POST: &str = "POST /a HTTP/1.1\r\nHost: x\r\n";

/// Requests (`+` stands for [`POST`]), the expected status of each response, and a part of the last body.
const REQUESTS: &[(&str, &str, &str)] = &[
    ("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Get /a Some(\"b\") "),
    ("\r\nGET /a HTTP/1.1\r\nhost:x\r\n\r\n", "200", "Get /a None"),
    ("GET http://x/a/b?c HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Get /a/b Some(\"c\")"),
    ("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Get / None"),
    ("GET HTTPS://[::1]:8?a=/b HTTP/1.2\r\nHost: x\r\n\r\n", "200", "Get / Some(\"a=/b\")"),
    ("\r\n\r\n\r\nGET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200", "Get /a None"),
    ("GET /a HTTP/1.1\r\nHost: x y\r\n\r\n", "400", "Host"),
    ("GET a HTTP/1.1\r\nHost: x\r\n\r\n", "400", "target"),
    ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Other * None"),
    ("GET /old HTTP/1.0\r\n\r\n", "200", "Get /old None"),
    ("+Content-Length: 5\r\n\r\nhello", "200", "Post /a None hello"),
    ("+Content-Length: 0\r\n\r\n", "200", "Post /a None "),
    (
        "+Transfer-Encoding: chunked\r\n\r\n2 ;x=y\r\nhe\r\n003\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
        "200",
        "Post /a None hello",
    ),
    ("+Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "100", "hi"),
    ("GET /a HTTP/1.1\r\n\r\n", "400", "Host"),
    ("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", "Host"),
    ("GET /a HTTP/1.1\nHost: x\n\n", "400", "carriage return"),
    ("GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", "400", "carriage return"),
    ("GET /a\r\nHost: x\r\n\r\n", "400", "malformed"),
    ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"),
    ("G(T /a HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"),
    ("GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "400", "malformed"),
    ("GET /a HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400", "malformed"),
    ("GET /a HTTP/1.1\r\nHost: x\r\nA\0b: c\r\n\r\n", "400", "malformed"),
    ("+Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "400", "more than once"),
    ("+Content-Length: 2, 2\r\n\r\nhi", "400", "not a number"),
    ("+Content-Length: -2\r\n\r\nhi", "400", "not a number"),
    ("+Content-Length: +2\r\n\r\nhi", "400", "not a number"),
    ("+Content-Length: \r\n\r\nhi", "400", "not a number"),
    ("+Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "both"),
    ("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "HTTP/1.0"),
    ("+Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", "400", "chunked"),
    ("+Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", "400", "chunked"),
    ("+Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", "400", "chunked"),
    ("+Transfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n", "400", "chunked"),
    ("+Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501", "chunked"),
    ("+Content-Length: 99999999999999999999999\r\n\r\n", "413", "262144"),
    ("+Transfer-Encoding: chunked\r\n\r\n40001\r\n", "413", "262144"),
    ("+Expect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", "417", "100-continue"),
    ("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "505", "HTTP/1.1"),
];

/// Returns the requests, statuses and parts of [`REQUESTS`].
fn requests() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    REQUESTS.iter().map(|(request, status, part)| {
        (request.replacen('+', POST, usize::from(request.starts_with('+'))), *status, *part)
    })
}

/// Returns the bytes that a new client reads after it has sent these pieces.
fn exchange<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut rig = rig();
    let conn = rig.open();
    pieces.into_iter().for_each(|piece| rig.send(conn, piece));
    rig.read(conn)
}

#[test]
fn every_request_has_its_status() {
    for (request, expected, part) in requests() {
        let (mut rig, conn) = sent(request.as_bytes());
        let response = rig.read(conn);
        assert_eq!(status(&response), expected, "{request:?}\n{response}");
        assert!(response.contains(part), "{request:?}\n{response}");
        let bad = ["4", "5"].iter().any(|class| expected.starts_with(class));
        let closes = bad || request.contains("HTTP/1.0");
        assert_eq!(rig.closed(conn), closes.then_some(Close::AfterFlush), "{request:?}");
        assert_eq!(response.contains("Connection: close"), closes, "{request:?}");
        assert_eq!(rig.events.len(), usize::from(bad), "{request:?}");
    }
}

#[test]
fn every_split_of_every_request_gives_the_same_bytes() {
    for (request, ..) in requests() {
        // Send two of a kind, so that the end of the first must be found wherever the split is.
        let bytes = request.repeat(2).into_bytes();
        let expected = exchange([bytes.as_slice()]);
        assert_eq!(exchange(bytes.chunks(1)), expected, "{request:?} byte by byte");
        for at in 1..bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(exchange([first, second]), expected, "{request:?} split at {at}");
        }
    }
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let limits = Limits { http: http::Limits { head: 120, fields: 3, body: 10 }, ..Limits::default() };
    let status_of = |request: String| {
        status(&Rig::new(Echo::default(), limits.clone()).request(request.as_bytes())).to_owned()
    };
    let head = |length: usize| {
        let start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
        format!("{start}{}\r\n\r\n", "a".repeat(length - start.len() - 4))
    };
    assert_eq!(status_of(head(120)), "200");
    assert_eq!(status_of(head(121)), "431");
    assert_eq!(status_of(format!("GET /{}", "a".repeat(120))), "414");
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    assert_eq!(status_of(fields(3)), "200");
    assert_eq!(status_of(fields(4)), "431");
    let length = |length: usize| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
    };
    assert_eq!(status_of(length(10)), "200");
    assert_eq!(status_of(length(11)), "413");
    let chunks = |count: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            "1\r\na\r\n".repeat(count)
        )
    };
    assert_eq!(status_of(chunks(10)), "200");
    assert_eq!(status_of(chunks(11)), "413");
}

#[test]
fn the_response_to_head_has_no_body() {
    let response = rig().request(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(response.contains("Content-Length: 13\r\n"), "{response}");
    assert_eq!(body(&response), "");
}

#[test]
fn http_1_0_stays_open_if_asked_to() {
    let (mut rig, conn) = sent(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(rig.read(conn).contains("Connection: keep-alive"));
    rig.send(conn, b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: te, close\r\n\r\n");
    assert!(rig.read(conn).contains("Connection: close"));
    assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
}

#[test]
fn one_connections_garbage_never_touches_another() {
    let mut rig = rig();
    let (good, bad) = (rig.open(), rig.open());
    let (first, second) = GET.split_at(20);
    rig.send(good, first);
    rig.send(bad, b"\0\xff\r\n\r\n");
    rig.send(good, second);
    assert_eq!((status(&rig.read(good)), status(&rig.read(bad))), ("200", "400"));
}

proptest! {
    #[test]
    fn never_panics_on_any_bytes(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
        let mut rig = rig();
        let conn = rig.open();
        for piece in pieces {
            rig.send(conn, &piece);
        }
        rig.pass(Duration::from_secs(100));
        prop_assert!(rig.server.is_idle());
    }

    #[test]
    fn any_mix_of_requests_gives_the_same_bytes_however_split(
        picks in prop::collection::vec(0..REQUESTS.len(), 1..6),
        cuts in prop::collection::vec(1_usize..80, 0..40),
    ) {
        let requests: Vec<_> = requests().collect();
        let bytes: Vec<u8> = picks.iter().flat_map(|pick| requests[*pick].0.bytes()).collect();
        let mut rest = bytes.as_slice();
        let mut pieces: Vec<_> = cuts.iter().filter_map(|cut| rest.split_off(..*cut.min(&rest.len()))).collect();
        pieces.push(rest);
        prop_assert_eq!(exchange([bytes.as_slice()]), exchange(pieces));
    }
}
