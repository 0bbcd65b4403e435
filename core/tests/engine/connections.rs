//! Connections: held requests, deadlines, limits, the end of the server.

use std::time::Duration;

use mmcos_core::{
    engine::{Limits, Rate},
    link::ProxyHeaderError,
    seam::{Close, ConnId, Input, ListenerKind},
    testing::{Rig, body, status},
};

use crate::{Echo, GET, HOLD, RELEASE, rig, sent};

#[test]
fn responses_leave_in_the_order_of_their_requests() {
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
        rig.input(Input::Opened {
            conn,
            peer: ([127, 0, 0, 1], 50_000).into(),
            listener: ListenerKind::Plain,
        });
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
    let (mut rig, conn) = sent(HOLD);
    rig.leave(conn);
    assert_eq!((rig.server.service().held.len(), rig.server.service().gone.len()), (0, 1));
    rig.leave(conn);
    rig.send(conn, GET);
    assert_eq!((rig.server.service().gone.len(), rig.read(conn).as_str()), (1, ""));
    assert!(rig.server.is_idle());
}

#[test]
fn a_client_that_sends_too_far_ahead_is_dropped() {
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
fn a_request_that_the_service_forgot_gets_a_response_in_the_end() {
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
    let (mut rig, conn) = sent(&[GET, HOLD].concat());
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
fn repeated_log_events_are_summarised() {
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
fn a_server_that_stops_responds_to_held_requests_and_closes_everything() {
    let mut rig = rig();
    let (idle, held, sending) = (rig.open(), rig.open(), rig.open());
    rig.send(held, HOLD);
    rig.send(sending, b"GET / HT");
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    let response = rig.read(held);
    assert!(response.contains("Connection: close") && body(&response) == "released", "{response}");
    assert_eq!([idle, held, sending].map(|conn| rig.closed(conn)), [Some(Close::AfterFlush); 3]);
    let late = rig.open();
    assert_eq!(rig.closed(late), Some(Close::Abort));
    assert!(rig.server.is_idle());
}

#[test]
fn a_request_without_a_response_is_closed_when_grace_ends() {
    let (mut rig, conn) = sent(b"GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    rig.pass(Duration::from_secs(3));
    assert_eq!(rig.closed(conn), None);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.closed(conn), Some(Close::Abort));
}

/// Limits behind the proxy 10.0.0.9, with two connections of each address.
fn proxied() -> Limits {
    let trusted_proxies = vec!["10.0.0.9".parse().unwrap()];
    Limits { connections_per_address: 2, trusted_proxies, ..Limits::default() }
}

fn open_for(rig: &mut Rig<Echo>, client: [u8; 4]) -> ConnId {
    let conn = rig.open_from([10, 0, 0, 9]);
    rig.input(Input::Proxied { conn, client: Ok((client, 4711).into()) });
    conn
}

#[test]
fn a_connection_is_that_of_the_client_that_a_proxy_names() {
    let (mut rig, ann, bob) = (Rig::new(Echo::default(), proxied()), [203, 0, 113, 7], [203, 0, 113, 8]);
    let first = open_for(&mut rig, ann);
    let conns = [first, open_for(&mut rig, ann), open_for(&mut rig, bob), open_for(&mut rig, bob)];
    for conn in conns {
        rig.send(conn, GET);
        assert_eq!(status(&rig.read(conn)), "200");
    }
    let over = open_for(&mut rig, ann);
    assert_eq!((rig.closed(over), rig.events.len()), (Some(Close::Abort), 1));
    assert!(rig.events[0].contains("203.0.113.7:4711"), "{:?}", rig.events);
    // Also a direct connection of hers is over the limit, until one through the proxy ends.
    let over = rig.open_from(ann);
    assert_eq!(rig.closed(over), Some(Close::Refuse));
    rig.leave(first);
    let direct = rig.open_from(ann);
    assert_eq!(rig.closed(direct), None);
    let nonsense = open_for(&mut rig, [203, 0, 113, 9]);
    rig.send(nonsense, b"nonsense\r\n\r\n");
    assert!(rig.events.last().unwrap().contains("203.0.113.9:4711"), "{:?}", rig.events);
}

#[test]
fn a_named_client_cannot_name_another_one() {
    let forwarded = b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n";
    for client in [[203, 0, 113, 7], [10, 0, 0, 9]] {
        let limits = Limits { requests: Rate { per_second: 1, burst: 1 }, ..proxied() };
        let mut rig = Rig::new(Echo::default(), limits);
        let conn = open_for(&mut rig, client);
        rig.send(conn, &forwarded.repeat(2));
        let limited = if client[0] == 10 { "198.51.100.1" } else { "203.0.113.7" };
        assert!(rig.events[0].contains(limited), "{:?}", rig.events);
    }
}

#[test]
fn a_malformed_header_of_a_proxy_is_dropped_and_summarised() {
    let mut rig = Rig::new(Echo::default(), proxied());
    for _ in 0..1000 {
        let conn = rig.open_from([10, 0, 0, 9]);
        rig.input(Input::Proxied { conn, client: Err(ProxyHeaderError) });
        assert_eq!(rig.closed(conn), Some(Close::Abort));
    }
    assert!(rig.events.len() == 1 && rig.events[0].contains("BadProxyHeader"), "{:?}", rig.events);
    // A slow one has the time of a first head, and what comes after it is too late.
    let slow = rig.open_from([10, 0, 0, 9]);
    rig.pass(Limits::default().head_time);
    assert_eq!(rig.closed(slow), Some(Close::AfterFlush));
    rig.input(Input::Proxied { conn: slow, client: Err(ProxyHeaderError) });
    rig.leave(slow);
    assert!(rig.server.is_idle());
}
