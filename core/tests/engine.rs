//! Tests of the engine through its seam, with a service that echoes and holds.

#![cfg(test)]

use std::{convert::Infallible, time::Duration};

use mmcos_core::{
    engine::{Body, Exchange, ExchangeId, Limits, Peer, Response, Stream},
    seam::{Bytes, Close, ConnId, Input},
    service::{Context, Service},
    testing::{Rig, body, status},
    wire::http::{self, Request, Status},
};
use proptest::prelude::*;

/// `/echo` responds at once with method, path, query and body, `/hold` when `/release` comes or the server stops,
/// `/drop` never. `/stream` sends the body of every request to `/tell`, until `/release` comes or the server stops.
#[derive(Default)]
struct Echo {
    streams: Vec<Stream>,
    held: Vec<Exchange>,
    gone: Vec<ExchangeId>,
}

impl Service for Echo {
    type Record = ();
    type Event = Infallible;
    type Timer = ();
    type RestoreError = Infallible;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, _: Peer, exchange: Exchange) {
        match request.path() {
            "/hold" => self.held.push(exchange),
            "/drop" => drop(exchange),
            "/stream" => {
                let stream = cx.stream(exchange, &Response::text(Status::OK, b"first"));
                self.streams.push(stream);
            }
            "/tell" => {
                let more = Body::new(Bytes::Shared(request.body().into()), b"!");
                let heard = self.streams.iter().filter(|stream| cx.send(stream, &more)).count();
                cx.respond(exchange, &Response::text(Status::OK, heard.to_string().as_bytes()));
            }
            "/release" => {
                self.shutdown(cx);
                cx.respond(exchange, &Response::empty());
            }
            _ => {
                let body = String::from_utf8_lossy(request.body());
                let query = request.query();
                let echo = format!("{:?} {} {query:?} {body}", request.method(), request.path());
                cx.respond(exchange, &Response::text(Status::OK, echo.as_bytes()));
            }
        }
    }

    fn cancelled(&mut self, _: &mut Context<'_, Self>, exchange: ExchangeId) {
        self.held.retain(|held| held.id() != exchange);
        self.streams.retain(|stream| stream.id() != exchange);
        self.gone.push(exchange);
    }

    fn shutdown(&mut self, cx: &mut Context<'_, Self>) {
        for held in self.held.drain(..) {
            cx.respond(held, &Response::text(Status::OK, b"released"));
        }
        for stream in self.streams.drain(..) {
            cx.end(stream);
        }
    }

    fn restore(&mut self, (): ()) -> Result<(), Infallible> {
        Ok(())
    }
}

fn rig() -> Rig<Echo> {
    Rig::new(Echo::default(), Limits::default())
}

const GET: &[u8] = b"GET /echo?q=1 HTTP/1.1\r\nHost: x\r\n\r\n";
const HOLD: &[u8] = b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";
const RELEASE: &[u8] = b"GET /release HTTP/1.1\r\nHost: x\r\n\r\n";

/// Requests, the expected status of each response, and a part of the last body.
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
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "200", "Post /a None hello"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "200", "Post /a None "),
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2 ;x=y\r\nhe\r\n003\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
        "200",
        "Post /a None hello",
    ),
    ("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "100", "hi"),
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
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "400",
        "more than once",
    ),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\nhi", "400", "not a number"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\nhi", "400", "not a number"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nhi", "400", "not a number"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\nhi", "400", "not a number"),
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400",
        "both",
    ),
    ("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "HTTP/1.0"),
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n",
        "400",
        "chunked",
    ),
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
        "400",
        "chunked",
    ),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", "400", "chunked"),
    (
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n",
        "400",
        "chunked",
    ),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501", "chunked"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", "413", "262144"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n", "413", "262144"),
    ("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", "417", "100-continue"),
    ("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "505", "HTTP/1.1"),
];

#[test]
fn every_request_has_its_status() {
    for (request, expected, part) in REQUESTS {
        let mut rig = rig();
        let conn = rig.open();
        rig.send(conn, request.as_bytes());
        let answer = rig.read(conn);
        assert_eq!(status(&answer), *expected, "{request:?}\n{answer}");
        assert!(answer.contains(part), "{request:?}\n{answer}");
        let bad = ["4", "5"].iter().any(|class| expected.starts_with(class));
        let closes = bad || request.contains("HTTP/1.0");
        assert_eq!(rig.closed(conn), closes.then_some(Close::AfterFlush), "{request:?}");
        assert_eq!(answer.contains("Connection: close"), closes, "{request:?}");
        assert_eq!(rig.events.len(), usize::from(bad), "{request:?}");
    }
}

#[test]
fn every_split_of_every_request_gives_the_same_bytes() {
    for (request, ..) in REQUESTS {
        // Send two of a kind, so that the end of the first must be found wherever the split is.
        let bytes = request.repeat(2).into_bytes();
        let mut whole = rig();
        let conn = whole.open();
        whole.send(conn, &bytes);
        let expected = whole.read(conn);

        let mut bytewise = rig();
        let conn = bytewise.open();
        for byte in bytes.chunks(1) {
            bytewise.send(conn, byte);
        }
        assert_eq!(bytewise.read(conn), expected, "{request:?} byte by byte");

        for at in 1..bytes.len() {
            let mut split = rig();
            let conn = split.open();
            let (first, second) = bytes.split_at(at);
            split.send(conn, first);
            split.send(conn, second);
            assert_eq!(split.read(conn), expected, "{request:?} split at {at}");
        }
    }
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let limits = Limits { http: http::Limits { head: 120, fields: 3, body: 10 }, ..Limits::default() };
    let ask = |request: String| {
        status(&Rig::new(Echo::default(), limits.clone()).request(request.as_bytes())).to_owned()
    };
    let head = |length: usize| {
        let start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
        format!("{start}{}\r\n\r\n", "a".repeat(length - start.len() - 4))
    };
    assert_eq!(ask(head(120)), "200");
    assert_eq!(ask(head(121)), "431");
    assert_eq!(ask(format!("GET /{}", "a".repeat(120))), "414");
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    assert_eq!(ask(fields(3)), "200");
    assert_eq!(ask(fields(4)), "431");
    let length = |length: usize| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
    };
    assert_eq!(ask(length(10)), "200");
    assert_eq!(ask(length(11)), "413");
    let chunks = |count: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            "1\r\na\r\n".repeat(count)
        )
    };
    assert_eq!(ask(chunks(10)), "200");
    assert_eq!(ask(chunks(11)), "413");
}

#[test]
fn head_is_answered_without_a_body() {
    let answer = rig().request(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.contains("Content-Length: 13\r\n"), "{answer}");
    assert_eq!(body(&answer), "");
}

#[test]
fn http_1_0_stays_open_if_asked_to() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(rig.read(conn).contains("Connection: keep-alive"));
    rig.send(conn, b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: te, close\r\n\r\n");
    assert!(rig.read(conn).contains("Connection: close"));
    assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
}

#[test]
fn answers_leave_in_the_order_of_their_requests() {
    let mut rig = rig();
    let (held, other) = (rig.open(), rig.open());
    rig.send(held, &[GET, HOLD, GET].concat());
    assert_eq!(rig.read(held).matches("HTTP/1.1 200").count(), 1);
    rig.send(held, GET);
    assert_eq!(rig.read(held), "");
    rig.send(other, RELEASE);
    let late = rig.read(held);
    assert_eq!(late.matches("HTTP/1.1 200").count(), 3);
    assert!(late.find("released") < late.find("Get /echo"));
}

#[test]
fn connections_may_be_numbered_in_any_order() {
    let numbers = [u64::MAX, 7, 1 << 40, 0, 8];
    let mut rig = rig();
    for conn in numbers.map(ConnId) {
        rig.input(Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), tls: false });
        rig.send(conn, b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    rig.leave(ConnId(7));
    assert_eq!(rig.server.service().gone.len(), 1);
    rig.request(b"GET /release HTTP/1.1\r\nHost: x\r\n\r\n");
    let read = numbers.map(|number| body(&rig.read(ConnId(number))).to_owned());
    assert_eq!(read, ["released", "", "released", "released", "released"]);
}

#[test]
fn a_client_that_leaves_cancels_what_is_held() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, HOLD);
    rig.leave(conn);
    assert_eq!((rig.server.service().held.len(), rig.server.service().gone.len()), (0, 1));
    rig.leave(conn);
    rig.send(conn, GET);
    assert_eq!((rig.server.service().gone.len(), rig.read(conn).as_str()), (1, ""));
    assert!(rig.server.is_idle());
}

const STREAM: &[u8] = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

fn tell(rig: &mut Rig<Echo>, text: &str) -> String {
    let length = text.len();
    let request = format!("POST /tell HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{text}");
    body(&rig.request(request.as_bytes())).to_owned()
}

#[test]
fn an_answer_may_go_on_until_the_service_ends_it() {
    let mut rig = rig();
    let streams = [rig.open(), rig.open()];
    for conn in streams {
        rig.send(conn, STREAM);
        let start = rig.read(conn);
        assert!(start.contains("Connection: close\r\n") && !start.contains("Content-Length"), "{start}");
        assert_eq!((status(&start), body(&start)), ("200", "first"));
    }
    assert_eq!(tell(&mut rig, "more"), "2");
    rig.pass(Duration::from_hours(1));
    assert_eq!(tell(&mut rig, "later"), "2");
    for conn in streams {
        assert_eq!((rig.read(conn).as_str(), rig.closed(conn)), ("more!later!", None));
    }
    rig.request(RELEASE);
    assert_eq!(streams.map(|conn| rig.closed(conn)), [Some(Close::AfterFlush); 2]);
    assert!(rig.server.is_idle());
    assert_eq!((tell(&mut rig, "to nobody").as_str(), rig.server.next_deadline()), ("0", None));
}

#[test]
fn an_answer_that_goes_on_ends_with_its_client() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, &[STREAM, GET].concat());
    rig.send(conn, &GET.repeat(10_000));
    assert_eq!((body(&rig.read(conn)), rig.closed(conn)), ("first", None), "nothing follows a stream");
    rig.leave(conn);
    assert_eq!((rig.server.service().streams.len(), rig.server.service().gone.len()), (0, 1));
    assert_eq!(tell(&mut rig, "to nobody"), "0");
}

#[test]
fn the_head_alone_of_an_answer_that_would_go_on() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, b"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((body(&rig.read(conn)), rig.closed(conn)), ("", Some(Close::AfterFlush)));
    assert_eq!(tell(&mut rig, "to nobody"), "0");
}

#[test]
fn a_server_that_stops_ends_what_goes_on() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, STREAM);
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
    assert!(rig.server.is_idle());
}

#[test]
fn who_sends_too_far_ahead_is_dropped() {
    let limits = Limits { parked: GET.len() * 2, ..Limits::default() };
    let mut rig = Rig::new(Echo::default(), limits);
    let conn = rig.open();
    rig.send(conn, &[HOLD, GET].concat());
    rig.send(conn, GET);
    assert_eq!(rig.closed(conn), None);
    rig.send(conn, b"G");
    assert_eq!(rig.closed(conn), Some(Close::Abort));
    assert_eq!(rig.server.service().gone.len(), 1);
}

#[test]
fn time_limits_hold_and_are_not_moved_by_dripping_bytes() {
    let mut rig = rig();
    let (silent, slow_head, slow_body, idle) = (rig.open(), rig.open(), rig.open(), rig.open());
    rig.send(slow_head, b"GET / HT");
    rig.send(slow_body, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
    rig.send(idle, GET);
    for _ in 0..9 {
        rig.pass(Duration::from_secs(1));
        rig.send(slow_head, b"T");
        rig.send(slow_body, b"x");
    }
    assert_eq!([silent, slow_head, slow_body, idle].map(|conn| rig.closed(conn)), [None; 4]);
    rig.pass(Duration::from_secs(2));
    assert_eq!((rig.closed(silent), rig.read(silent).as_str()), (Some(Close::AfterFlush), ""));
    assert_eq!(status(&rig.read(slow_head)), "408");
    assert_eq!(rig.closed(slow_body), None);
    rig.pass(Duration::from_secs(10));
    assert_eq!(status(&rig.read(slow_body)), "408");
    rig.pass(Duration::from_secs(53));
    assert_eq!(rig.closed(idle), None);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.closed(idle), Some(Close::AfterFlush));
    assert!(rig.server.is_idle());
    // The summary of slow requests is due.
    rig.pass(Duration::from_mins(1));
    assert_eq!(rig.server.next_deadline(), None);
}

#[test]
fn what_was_due_comes_before_what_arrives_with_a_late_tick_however_it_is_split() {
    let read = |pieces: &[&[u8]]| {
        let mut rig = Rig::new(Echo::default(), Limits::default());
        let conn = rig.open();
        rig.send(conn, b"GET / HT");
        rig.skip(Duration::from_secs(11));
        for piece in pieces {
            rig.send(conn, piece);
        }
        rig.read(conn)
    };
    let whole = read(&[b"TP/1.1\r\nHost: x\r\n\r\n"]);
    assert_eq!(status(&whole), "408");
    assert_eq!(read(&[b"T", b"P/1.1\r\nHost: x\r\n\r\n"]), whole);
}

#[test]
fn a_connection_in_use_is_never_too_slow() {
    let mut rig = rig();
    let conn = rig.open();
    for _ in 0..100 {
        rig.send(conn, GET);
        assert_eq!(status(&rig.read(conn)), "200");
        rig.pass(Duration::from_secs(50));
    }
}

#[test]
fn a_request_that_the_service_forgot_is_answered_in_the_end() {
    let mut rig = rig();
    let (held, dropped) = (rig.open(), rig.open());
    rig.send(held, HOLD);
    rig.send(dropped, b"GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.pass(Duration::from_secs(299));
    assert_eq!(rig.read(held) + &rig.read(dropped), "");
    rig.pass(Duration::from_secs(2));
    assert_eq!((status(&rig.read(held)), status(&rig.read(dropped))), ("503", "503"));
    assert_eq!(rig.server.service().held.len(), 0);
}

#[test]
fn connections_are_limited_in_all_and_by_address() {
    let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
    let mut rig = Rig::new(Echo::default(), limits);
    let first = rig.open_from([10, 0, 0, 1]);
    rig.open_from([10, 0, 0, 1]);
    let third = rig.open_from([10, 0, 0, 1]);
    assert_eq!((status(&rig.read(third)), rig.closed(third)), ("503", Some(Close::Refuse)));
    rig.open_from([10, 0, 0, 2]);
    let fifth = rig.open_from([10, 0, 0, 3]);
    assert_eq!(status(&rig.read(fifth)), "503");
    rig.leave(first);
    let sixth = rig.open_from([10, 0, 0, 1]);
    assert_eq!(rig.closed(sixth), None);
}

#[test]
fn a_connection_counts_against_the_limits_until_its_socket_is_gone() {
    let limits = Limits { connections_per_address: 1, ..Limits::default() };
    let mut rig = Rig::new(Echo::default(), limits);
    rig.lingers = true;
    let refused = |rig: &mut Rig<Echo>| {
        let next = rig.open_from([10, 0, 0, 1]);
        rig.closed(next) == Some(Close::Refuse)
    };
    let endings: [fn(&mut Rig<Echo>, ConnId); 3] = [
        |rig, conn| rig.send(conn, b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        |rig, conn| rig.send(conn, b"nonsense\r\n\r\n"),
        |rig, conn| rig.input(Input::Ended { conn }),
    ];
    for end in endings {
        let conn = rig.open_from([10, 0, 0, 1]);
        end(&mut rig, conn);
        assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
        assert!(refused(&mut rig), "it counts while it is being closed");
        rig.send(conn, GET);
        rig.leave(conn);
    }
    let conn = rig.open_from([10, 0, 0, 1]);
    assert_eq!(rig.closed(conn), None, "a refused connection does not count");
}

#[test]
fn a_client_that_sends_no_more_is_read_out_and_its_held_request_is_cancelled() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, &[GET, HOLD].concat());
    rig.input(Input::Ended { conn });
    assert_eq!((status(&rig.read(conn)), rig.closed(conn)), ("200", Some(Close::AfterFlush)));
    assert_eq!((rig.server.service().gone.len(), rig.server.service().held.len()), (1, 0));
    assert!(rig.server.is_idle());
}

#[test]
fn an_idle_connection_is_closed_in_time_also_after_a_held_response() {
    let mut rig = rig();
    let held = rig.open();
    for pause in [1, 26, 200] {
        rig.send(held, HOLD);
        rig.pass(Duration::from_secs(pause));
        rig.request(RELEASE);
        assert_eq!(status(&rig.read(held)), "200");
    }
    rig.pass(Limits::default().idle_time.saturating_sub(Duration::from_secs(1)));
    assert_eq!(rig.closed(held), None);
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.closed(held), Some(Close::AfterFlush), "the timer of the held request does not count");
}

#[test]
fn what_strangers_repeat_is_summarised() {
    let limits = Limits { connections_per_address: 5, ..Limits::default() };
    let mut rig = Rig::new(Echo::default(), limits);
    let _within_the_limit = [(); 5].map(|()| rig.open_from([10, 0, 0, 1]));
    for _ in 0..1000 {
        rig.open_from([10, 0, 0, 1]);
        let bad = rig.open_from([10, 0, 0, 2]);
        rig.send(bad, b"nonsense\r\n\r\n");
        let deaf = rig.open_from([10, 0, 0, 3]);
        rig.input(Input::Stalled { conn: deaf });
        let far_ahead = rig.open_from([10, 0, 0, 4]);
        rig.send(far_ahead, HOLD);
        rig.send(far_ahead, &vec![b'x'; 100_000]);
        rig.leave(far_ahead);
    }
    assert_eq!(rig.events.len(), 4, "{:?}", rig.events);
    rig.pass(Duration::from_mins(1));
    let counted = |kind: &str| {
        rig.events.iter().filter(|line| line.contains(kind) && line.contains("count: 999")).count()
    };
    for kind in ["RefusedConnection", "BadRequest", "Dropped"] {
        assert!(counted(kind) > 0, "{kind}: {:?}", rig.events);
    }
    assert!(rig.events.len() <= 4 + 4 + 5, "{:?}", rig.events);
}

#[test]
fn unfinished_requests_of_all_connections_take_bounded_memory() {
    let limits = Limits { unfinished: 1024 * 1024, ..Limits::default() };
    let mut rig = Rig::new(Echo::default(), limits);
    let head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
    let refused = (0..100)
        .filter(|_| {
            let conn = rig.open();
            rig.send(conn, head);
            (0..100).for_each(|_| rig.send(conn, &[b'x'; 1000]));
            status(&rig.read(conn)) == "503"
        })
        .count();
    assert!((85..100).contains(&refused), "{refused} of 100 were refused");
    let small = rig.open();
    rig.send(small, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");
    rig.send(small, &[b'x'; 5000]);
    assert_eq!(status(&rig.read(small)), "200", "a request of a game's size is served");
}

#[test]
fn a_server_that_stops_answers_what_is_held_and_closes_everything() {
    let mut rig = rig();
    let (idle, held, sending) = (rig.open(), rig.open(), rig.open());
    rig.send(held, HOLD);
    rig.send(sending, b"GET / HT");
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    let answer = rig.read(held);
    assert!(answer.contains("Connection: close") && body(&answer) == "released", "{answer}");
    assert_eq!([idle, held, sending].map(|conn| rig.closed(conn)), [Some(Close::AfterFlush); 3]);
    let late = rig.open();
    assert_eq!(rig.closed(late), Some(Close::Abort));
    assert!(rig.server.is_idle());
}

#[test]
fn what_the_service_will_not_answer_is_closed_when_grace_ends() {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, b"GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    rig.pass(Duration::from_secs(3));
    assert_eq!(rig.closed(conn), None);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.closed(conn), Some(Close::Abort));
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
        let bytes: Vec<u8> = picks.iter().flat_map(|pick| REQUESTS[*pick].0.bytes()).collect();
        let mut whole = rig();
        let conn = whole.open();
        whole.send(conn, &bytes);
        let mut pieces = rig();
        let other = pieces.open();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.send(other, piece);
            rest = after;
        }
        pieces.send(other, rest);
        prop_assert_eq!(whole.read(conn), pieces.read(other));
    }
}
