//! Imports recorded traffic into fixtures and plays them: the bytes sent are the recorded ones.
#![cfg(test)]

#[path = "../examples/import.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod import;

use std::{collections::BTreeMap, convert::Infallible};

use mmcos_core::{
    engine::{Exchange, Peer, Response},
    service::{Context, Service},
    testing::{Scenario, TestGame},
    wire::http::{Request, Status},
};

/// An archive of exchanges: bytes as mitmproxy writes them in a request and in a response, text with line ends as a
/// browser writes it, a query without a body, and a byte that is not text.
const ARCHIVE: &str = r#"{"log": {"version": "1.2", "creator": {"name": "by hand"}, "entries": [
    {"startedDateTime": "2026-05-03T10:00:00Z", "time": 5, "request": {
        "method": "POST", "url": "https://game.example/RP1/STEAM/", "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [{"name": "Host", "value": "game.example"}, {"name": "X-EgoNet-Function", "value": "Login.Login"},
            {"name": "X-EgoNet-SessionID", "value": "0123SECRET"}, {"name": "Content-Length", "value": "12"}],
        "bodySize": 12, "postData": {"mimeType": "application/egonet-stream", "text": "vdic\u0001\u0000\u0000\u0000\u00ff\u00c3\"x"}},
    "response": {"status": 200, "statusText": "OK", "headers": [{"name": "Content-Type", "value": "text/html"},
            {"name": "Date", "value": "Sun, 03 May 2026 10:00:00 GMT"}, {"name": "Content-Length", "value": "5"}],
        "content": {"size": 5, "mimeType": "text/html", "text": "AP9hIgo=", "encoding": "base64"}}},
    {"request": {"method": "POST", "url": "http://game.example:8080/text", "headers": [
            {"name": ":authority", "value": "game.example:8080"}, {"name": "Cookie", "value": "id=SECRET"},
            {"name": "Authorization", "value": "Bearer SECRET"}],
        "bodySize": -1, "postData": {"mimeType": "text/xml", "text": "<a>\r\n<b>\u00e9\u20ac</b>\r\n</a>"}},
    "response": {"status": 200, "statusText": "", "headers": [{"name": "Content-Type", "value": "text/xml"},
            {"name": "Set-Cookie", "value": "id=SECRET"}, {"name": "Date", "value": "Sun, 03 May 2026 10:00:00 GMT"},
            {"name": "Transfer-Encoding", "value": "chunked"}],
        "content": {"size": 9, "text": "<c/>\n<d/>"}}},
    {"request": {"method": "GET", "url": "http://u:SECRET@game.example/who?name=ann#top", "headers": [], "bodySize": 0},
    "response": {"status": 404, "statusText": "Not Found", "headers": [
            {"name": "Date", "value": "Sun, 03 May 2026 10:00:00 GMT"}, {"name": "Content-Length", "value": "0"}], "content": {"size": 0}}},
    {"request": {"method": "PUT", "url": "http://game.example/half", "headers": [], "bodySize": 3,
        "postData": {"text": "\udcff\ud83c\udfc1"}},
    "response": {"status": 204, "statusText": "No Content", "headers": [{"name": "Date", "value": "Sun, 03 May 2026 10:00:00 GMT"}], "content": {"size": 0}}}
]}}"#;

/// A request's path and body, and its response: status, content type, body.
type Exchanged = (&'static str, &'static [u8], u16, Option<&'static str>, &'static [u8]);

const RECORDED: [Exchanged; 4] = [
    ("/RP1/STEAM/", b"vdic\x01\0\0\0\xff\xc3\"x", 200, Some("text/html"), b"\0\xffa\"\n"),
    ("/text", "<a>\r\n<b>é€</b>\r\n</a>".as_bytes(), 200, Some("text/xml"), b"<c/>\n<d/>"),
    ("/who", b"", 404, None, b""),
    ("/half", b"\xff\xf0\x9f\x8f\x81", 204, None, b""),
];

struct Recorded;

impl Service for Recorded {
    type Record = ();
    type Event = Infallible;
    type Timer = ();
    type RestoreError = Infallible;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, _: Peer, exchange: Exchange) {
        let (_, sent, status, content_type, body) =
            RECORDED.into_iter().find(|recorded| recorded.0 == request.path()).unwrap();
        assert_eq!(request.body(), sent, "{}", request.path());
        let cookie: &[_] = if request.path() == "/text" { &[("Set-Cookie", "another")] } else { &[] };
        let status = Status::new(status).unwrap();
        cx.respond(
            exchange,
            &Response { status, content_type, fields: cookie, body: body.into(), close: false },
        );
    }

    fn restore(&mut self, (): ()) -> Result<(), Infallible> {
        Ok(())
    }
}

impl TestGame for Recorded {
    type Service = Self;

    fn service(&self, _: &[(String, String)]) -> Self {
        Self
    }
}

#[test]
fn an_imported_exchange_sends_what_was_recorded_and_hides_its_secrets() {
    let fixtures = import::fixtures(ARCHIVE, false).unwrap();
    let names: Vec<_> = fixtures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["001-Login.Login.http", "002-text.http", "003-who.http", "004-half.http"]);
    for (name, text) in &fixtures {
        assert!(!text.contains("SECRET"), "{name}:\n{text}");
        Scenario::parse(text).check(&Recorded);
    }
    let kept: BTreeMap<_, _> = import::fixtures(ARCHIVE, true).unwrap().into_iter().collect();
    assert!(kept["001-Login.Login.http"].contains("> X-EgoNet-SessionID: 0123SECRET\n"));
    assert!(kept["001-Login.Login.http"].contains("\n>x \"vdic\" 01 00 00 00 ff c3 22 \"x\"\n"));
}

#[test]
fn an_archive_that_cannot_be_imported_says_why() {
    let short = ARCHIVE.replace(r#""text": "AP9hIgo=", "encoding": "base64""#, r#""mimeType": """#);
    for (archive, part) in
        [("{", "line 1"), (short.as_str(), "exchange 1: a body of 5 bytes is not in the archive")]
    {
        let error = import::fixtures(archive, false).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
