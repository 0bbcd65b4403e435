//! Micro Machines World Series: its services and its domain.

pub mod catalogue;
mod fault;
pub mod ids;
mod routes;
pub mod session;
mod status;

use alloc::{string::String, sync::Arc, vec::Vec};

pub use fault::Fault;
use routes::{Endpoint, Route};

use crate::{
    engine::{self, Body, Exchange, ExchangeId, Peer, Response},
    seam::Bytes,
    service::{Context, Service},
    wire::{
        http::{Method, Request, Status},
        xml,
    },
};

/// How a host wants the game to be served.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Message of the day, shown in the game's menu.
    pub message: Option<String>,
    /// Whether the server is closed for a while.
    pub maintenance: bool,
}

/// The services of the game.
#[derive(Debug)]
pub struct Mmcos {
    config: Config,
    /// A buffer for the next answer.
    scratch: Vec<u8>,
}

/// A durable change.
#[derive(Debug)]
pub enum Record {}

/// What the host is told.
#[derive(Debug)]
pub enum Event {
    /// About a connection.
    Connection(engine::Event),
}

impl core::fmt::Display for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Connection(event) => event.fmt(f),
        }
    }
}

impl From<engine::Event> for Event {
    fn from(event: engine::Event) -> Self {
        Self::Connection(event)
    }
}

/// What a handler has to say.
enum Reply {
    Empty,
    Text(&'static str),
    StatusXml(xml::Writer),
    Xml(xml::Writer),
    /// A part that is the same for everybody, then a part of one's own.
    Shared(Arc<[u8]>, xml::Writer),
}

const XML: &str = "application/xml; charset=utf-8";

impl Mmcos {
    /// A server that knows nobody yet.
    pub fn new(config: Config) -> Self {
        Self { config, scratch: Vec::new() }
    }

    fn writer(&mut self) -> xml::Writer {
        let mut buffer = core::mem::take(&mut self.scratch);
        buffer.clear();
        xml::Writer::new(buffer)
    }

    fn serve(&mut self, endpoint: Endpoint) -> Result<Reply, Fault> {
        match endpoint {
            Endpoint::Redirect => Ok(Reply::Text(status::REDIRECT)),
            Endpoint::ServerStatus => {
                let mut xml = self.writer();
                status::render(&self.config, &mut xml);
                Ok(Reply::StatusXml(xml))
            }
            _ => Ok(Reply::Empty),
        }
    }

    fn answer(
        &mut self,
        cx: &mut Context<'_, Self>,
        exchange: Exchange,
        route: &Route,
        result: Result<Reply, Fault>,
    ) {
        let mut status = Status::OK;
        let reply = result.unwrap_or_else(|fault| {
            status = fault.status();
            let mut xml = self.writer();
            fault.render(route.result, &mut xml);
            Reply::Xml(xml)
        });
        let shared: Arc<[u8]>;
        let (content_type, first, xml) = match reply {
            Reply::Empty => return cx.respond(exchange, &Response::empty()),
            Reply::Text(text) => (Some("text/plain"), Bytes::Borrowed(text.as_bytes()), None),
            Reply::StatusXml(xml) => (Some("text/xml"), Bytes::Borrowed(b"".as_slice()), Some(xml)),
            Reply::Xml(xml) => (Some(XML), Bytes::Borrowed(b"".as_slice()), Some(xml)),
            Reply::Shared(first, xml) => {
                shared = first;
                (Some(XML), Bytes::Shared(shared), Some(xml))
            }
        };
        let own = xml.map(xml::Writer::into_bytes).unwrap_or_default();
        let body = Body::new(first, &own);
        cx.respond(exchange, &Response { status, content_type, body, ..Response::empty() });
        self.scratch = own;
    }
}

impl Service for Mmcos {
    type Record = Record;
    type Event = Event;
    type Timer = ();

    fn request(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        _peer: Peer,
        exchange: Exchange,
    ) {
        let Some(route) = routes::find(request.path()) else {
            return cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Nothing is here.\n"));
        };
        let allowed = match request.method() {
            Method::Head => route.method == Method::Get,
            method => route.method == method,
        };
        if !allowed {
            let allow = [("Allow", if route.method == Method::Get { "GET, HEAD" } else { "POST" })];
            let response = Response::text(Status::METHOD_NOT_ALLOWED, b"Not with this method.\n");
            return cx.respond(exchange, &Response { fields: &allow, ..response });
        }
        let result = self.serve(route.endpoint);
        self.answer(cx, exchange, route, result);
    }

    fn timer(&mut self, _: &mut Context<'_, Self>, (): ()) {}

    fn cancelled(&mut self, _: &mut Context<'_, Self>, _: ExchangeId) {}

    fn shutdown(&mut self, _: &mut Context<'_, Self>) {}

    fn restore(&mut self, record: Record) {
        match record {}
    }
}
