//! Responses that go on.

use std::time::Duration;

use mmcos_core::{
    seam::{Close, Input},
    testing::{Rig, body, status},
};

use crate::{Echo, GET, RELEASE, rig, sent};

const STREAM: &[u8] = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

fn tell(rig: &mut Rig<Echo>, text: &str) -> String {
    let length = text.len();
    let request = format!("POST /tell HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{text}");
    body(&rig.request(request.as_bytes())).to_owned()
}

#[test]
fn a_stream_goes_on_until_the_service_ends_it() {
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
    assert_eq!((tell(&mut rig, "later").as_str(), rig.server.next_deadline()), ("0", None));
}

#[test]
fn a_stream_ends_with_its_client() {
    let (mut rig, conn) = sent(&[STREAM, GET].concat());
    rig.send(conn, &GET.repeat(10_000));
    assert_eq!((body(&rig.read(conn)), rig.closed(conn)), ("first", None), "nothing follows a stream");
    rig.leave(conn);
    assert_eq!((rig.server.service().streams.len(), rig.server.service().gone.len()), (0, 1));
    assert_eq!(tell(&mut rig, "later"), "0");
}

#[test]
fn the_response_to_head_does_not_stream() {
    let (mut rig, conn) = sent(b"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((body(&rig.read(conn)), rig.closed(conn)), ("", Some(Close::AfterFlush)));
    assert_eq!(tell(&mut rig, "later"), "0");
}

#[test]
fn a_server_that_stops_ends_its_streams() {
    let (mut rig, conn) = sent(STREAM);
    rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    assert_eq!(rig.closed(conn), Some(Close::AfterFlush));
    assert!(rig.server.is_idle());
}
