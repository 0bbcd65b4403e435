//! Tests of the engine through its seam, with a service that echoes and holds.

#![cfg(test)]

mod connections;
mod requests;
mod streams;

use std::convert::Infallible;

use mmcos_core::{
    engine::{Body, Exchange, ExchangeId, Limits, Peer, Response, Stream},
    seam::{Bytes, ConnId},
    service::{Context, Service},
    testing::Rig,
    wire::http::{Request, Status},
};

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
                let receivers = self.streams.iter().filter(|stream| cx.send(stream, &more)).count();
                cx.respond(exchange, &Response::text(Status::OK, receivers.to_string().as_bytes()));
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

/// Returns a server whose first client has sent these bytes.
fn sent(bytes: &[u8]) -> (Rig<Echo>, ConnId) {
    let mut rig = rig();
    let conn = rig.open();
    rig.send(conn, bytes);
    (rig, conn)
}

const GET: &[u8] = b"GET /echo?q=1 HTTP/1.1\r\nHost: x\r\n\r\n";
const HOLD: &[u8] = b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";
const RELEASE: &[u8] = b"GET /release HTTP/1.1\r\nHost: x\r\n\r\n";
