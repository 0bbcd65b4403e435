//! Tests responses of every status, with a game that persists nothing.
#![cfg(test)]

use std::convert::Infallible;

use mmcos_core::{
    engine::{Exchange, Limits, Peer, Response},
    seam::{Effect, Now, Outbox},
    service::{Context, Service},
    testing::Rig,
    wire::http::{Request, Status},
};

/// `/302` responds with that status; its body is `body`, if the status allows one.
struct Statuses;

impl Service for Statuses {
    type Record = ();
    type Event = Infallible;
    type Timer = ();
    type RestoreError = Infallible;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, _: Peer, exchange: Exchange) {
        let code = request.path().trim_start_matches('/').parse().unwrap_or(0);
        let status = Status::new(code).unwrap_or(Status::BAD_REQUEST);
        let location: &[_] = if (300..400).contains(&code) { &[("Location", "/there")] } else { &[] };
        let response =
            Response { status, fields: location, body: b"body".as_slice().into(), ..Response::empty() };
        if request.query() == Some("stream") {
            let stream = cx.stream(exchange, &response);
            return cx.end(stream);
        }
        cx.respond(exchange, &response);
    }

    fn restore(&mut self, (): ()) -> Result<(), Infallible> {
        Ok(())
    }
}

fn responses(targets: &[&str]) -> String {
    let mut rig = Rig::new(Statuses, Limits::default());
    let conn = rig.open();
    for target in targets {
        rig.send(conn, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    }
    rig.read(conn).replace("\r\n", "|").replace("Date: Sat, 18 Nov 2023 19:45:20 GMT|", "")
}

#[test]
fn a_redirect_says_where() {
    let read = responses(&["/302"]);
    assert_eq!(read, "HTTP/1.1 302 Found|Location: /there|Content-Length: 4||body");
}

#[test]
fn a_status_without_a_name_has_no_reason() {
    let read = responses(&["/299", "/599"]);
    let expected = "HTTP/1.1 299 |Content-Length: 4||bodyHTTP/1.1 599 |Content-Length: 4||body";
    assert_eq!(read, expected);
}

#[test]
fn a_status_without_a_body_leaves_the_connection_in_step() {
    let read = responses(&["/204", "/304", "/205", "/200"]);
    let expected = "HTTP/1.1 204 No Content||HTTP/1.1 304 Not Modified|Location: /there||\
                    HTTP/1.1 205 Reset Content|Content-Length: 0||HTTP/1.1 200 OK|Content-Length: 4||body";
    assert_eq!(read, expected);
    assert_eq!(responses(&["/204?stream"]), "HTTP/1.1 204 No Content|Connection: close||");
}

#[test]
fn every_code_from_100_to_599_is_a_status() {
    let codes = (0..=u16::MAX).filter(|code| Status::new(*code).is_some());
    assert!(codes.eq(100..=599));
}

#[test]
fn a_method_can_be_called_with_a_context_of_its_own() {
    let mut server = mmcos_core::Server::new(Statuses, Limits::default(), [7; 32]);
    let mut out = Outbox::new();
    let logged = server.with(Now::default(), &mut out, |_, cx| {
        cx.record(());
        cx.connections()
    });
    assert_eq!(logged, 0);
    assert!(matches!(out.drain().next(), Some(Effect::Persist(()))));
}
