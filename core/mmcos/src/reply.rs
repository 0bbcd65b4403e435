//! What a handler has to say, and how it becomes an answer.

use alloc::{sync::Arc, vec::Vec};

use super::Mmcos;
use mmcos_core::{
    engine::{Body, Exchange, Response},
    seam::Bytes,
    service::Context,
    wire::{http::Status, xml::Writer},
};

/// As the official server wrote it for services; files had `text/xml`. (Every capture with XML in it.)
const SERVICE_XML: &str = "application/xml; charset=utf-8";

/// An answer of 200, unless it is an error's.
#[derive(Debug)]
pub(super) struct Reply<'a> {
    status: Status,
    content_type: Option<&'a str>,
    fields: &'a [(&'a str, &'a str)],
    /// A part that is the same for many.
    shared: Option<Arc<[u8]>>,
    own: Vec<u8>,
}

impl<'a> Reply<'a> {
    /// No body, and no `Content-Type`. (Captures 04, 10.)
    pub(super) const fn empty() -> Self {
        Self { status: Status::OK, content_type: None, fields: &[], shared: None, own: Vec::new() }
    }

    /// A body of this type.
    pub(super) fn bytes(content_type: &'a str, own: Vec<u8>) -> Self {
        Self { content_type: Some(content_type), own, ..Self::empty() }
    }

    /// A service's answer.
    pub(super) fn xml(xml: Writer) -> Self {
        Self::bytes(SERVICE_XML, xml.into_bytes())
    }

    /// The same with another status and more fields.
    pub(super) fn with(self, status: Status, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { status, fields, ..self }
    }

    /// A service's answer that begins with what others get too.
    pub(super) fn shared_xml(shared: Arc<[u8]>, own: Writer) -> Self {
        Self { shared: Some(shared), ..Self::xml(own) }
    }
}

impl Mmcos {
    /// A writer on a buffer that was used before.
    pub(super) fn writer(&mut self) -> Writer {
        let mut buffer = core::mem::take(&mut self.scratch);
        buffer.clear();
        Writer::new(buffer)
    }

    /// Sends a reply and keeps its buffer.
    pub(super) fn reply(&mut self, cx: &mut Context<'_, Self>, exchange: Exchange, reply: Reply<'_>) {
        let Reply { status, content_type, fields, shared, own } = reply;
        let first = shared.map_or(Bytes::Borrowed(&[]), Bytes::Shared);
        let body = Body::new(first, &own);
        let content_type = content_type.filter(|_| !body.is_empty());
        cx.respond(exchange, &Response { status, content_type, fields, body, close: false });
        if own.capacity() > 0 {
            self.scratch = own;
        }
    }
}
