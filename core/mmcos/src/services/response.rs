//! Replies of handlers, and how they become responses.

use alloc::{sync::Arc, vec::Vec};

use crate::Mmcos;
use mmcos_core::{
    engine::{Body, Exchange, Response},
    seam::Bytes,
    service::Context,
    wire::{http::Status, xml::Writer},
};

/// Type of a service's response, as the official server wrote it; files had `text/xml`. (Every capture with XML in
/// it.)
const SERVICE_XML: &str = "application/xml; charset=utf-8";

/// A response with status 200, unless it is an error.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    status: Status,
    content_type: Option<&'a str>,
    fields: &'a [(&'a str, &'a str)],
    /// A part that several responses share.
    shared: Option<Arc<[u8]>>,
    own: Vec<u8>,
}

impl<'a> Reply<'a> {
    /// Returns a reply without body and `Content-Type`. (Captures 04, 10.)
    pub(crate) const fn empty() -> Self {
        Self { status: Status::OK, content_type: None, fields: &[], shared: None, own: Vec::new() }
    }

    /// Returns a reply with a body of this type.
    pub(crate) fn bytes(content_type: &'a str, own: Vec<u8>) -> Self {
        Self { content_type: Some(content_type), own, ..Self::empty() }
    }

    /// Returns a service's reply.
    pub(crate) fn xml(xml: Writer) -> Self {
        Self::bytes(SERVICE_XML, xml.into_bytes())
    }

    /// Returns the same with another status and other fields.
    pub(crate) fn with(self, status: Status, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { status, fields, ..self }
    }

    /// Returns a service's reply that begins with a shared part.
    pub(crate) fn shared_xml(shared: Arc<[u8]>, own: Writer) -> Self {
        Self { shared: Some(shared), ..Self::xml(own) }
    }
}

impl Mmcos {
    /// Returns a writer that reuses the buffer of an earlier reply.
    pub(crate) fn writer(&mut self) -> Writer {
        let mut buffer = core::mem::take(&mut self.scratch);
        buffer.clear();
        Writer::new(buffer)
    }

    /// Sends a reply and keeps its buffer.
    pub(crate) fn reply(&mut self, cx: &mut Context<'_, Self>, exchange: Exchange, reply: Reply<'_>) {
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
