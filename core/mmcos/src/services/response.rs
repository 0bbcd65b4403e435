//! Responses of the services, in the form of the official ones.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use crate::{LogEvent, Mmcos, Rejection};
use mmcos_core::{
    engine::{self, Body, Exchange, Peer},
    seam::Bytes,
    service::Context,
    wire::{
        http::{Method, Status},
        xml::Writer,
    },
};

use super::routes::{Endpoint, Route};

/// Type of a service's response, as the official server wrote it; files had `text/xml`. (Every capture with XML in
/// it.)
const SERVICE_XML: &str = "application/xml; charset=utf-8";

/// Field that every 401 must have (RFC 9110, section 15.5.2); HTTP clients of Mono throw without it. The scheme is
/// our choice: the token is in the body, and the scheme makes no browser ask for a password.
const CHALLENGE: [(&str, &str); 1] = [("WWW-Authenticate", "MMCOS realm=\"players\"")];

/// The wait before a retry, in seconds, in the response to a change that cannot be stored. (Our choice.)
pub(crate) const RETRY_AFTER: (&str, &str) = ("Retry-After", "5");

/// The result of a request to a service.
pub(crate) type Served = Result<Response<'static>, Rejection>;

/// A response with status 200, unless it is an error.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    status: Status,
    content_type: Option<&'a str>,
    fields: &'a [(&'a str, &'a str)],
    /// A part that several responses share.
    shared: Option<Arc<[u8]>>,
    own: Vec<u8>,
}

impl<'a> Response<'a> {
    /// Returns a response without body and `Content-Type`. (Captures 04, 10.)
    pub(crate) const fn empty() -> Self {
        Self { status: Status::OK, content_type: None, fields: &[], shared: None, own: Vec::new() }
    }

    /// Returns a response with a body of this type.
    pub(crate) fn bytes(content_type: &'a str, own: Vec<u8>) -> Self {
        Self { content_type: Some(content_type), own, ..Self::empty() }
    }

    /// Returns a service's response.
    pub(crate) fn xml(xml: Writer) -> Self {
        Self::bytes(SERVICE_XML, xml.into_bytes())
    }

    /// Returns the same with another status and other fields.
    pub(crate) fn with(self, status: Status, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { status, fields, ..self }
    }

    /// Returns a service's response that begins with a shared part.
    pub(crate) fn shared_xml(shared: Arc<[u8]>, own: Writer) -> Self {
        Self { shared: Some(shared), ..Self::xml(own) }
    }

    pub(crate) fn send(self, cx: &mut Context<'_, Mmcos>, exchange: Exchange) {
        let Self { status, content_type, fields, shared, own } = self;
        let body = Body::new(shared.map_or(Bytes::Borrowed(&[]), Bytes::Shared), &own);
        let content_type = content_type.filter(|_| !body.is_empty());
        cx.respond(exchange, &engine::Response { status, content_type, fields, body, close: false });
    }
}

/// Returns a writer with room for most responses.
pub(crate) fn writer() -> Writer {
    Writer::new(Vec::with_capacity(1024))
}

impl Mmcos {
    /// Responds to a request that is rejected; `route` is that of its path, if there is one.
    pub(crate) fn reject(
        &mut self,
        cx: &mut Context<'_, Self>,
        route: Option<&Route>,
        peer: Peer,
        exchange: Exchange,
        rejection: Rejection,
    ) {
        let counts = &mut self.operator.counts;
        counts.request(route.map_or("other", Route::name), rejection.status());
        if route.is_some_and(|route| route.endpoint == Endpoint::Login) {
            counts.refused_login(&rejection);
        }
        let mut xml = writer();
        rejection.render(route.map_or("Result", |route| route.result), &mut xml);
        let is_post = matches!(rejection, Rejection::Method(Method::Post));
        let allow = [("Allow", if is_post { "POST" } else { "GET, HEAD" })];
        let fields: &[_] = match &rejection {
            Rejection::Method(_) => &allow,
            Rejection::Storage(_) => &[RETRY_AFTER],
            _ if rejection.status() == Status::UNAUTHORIZED => &CHALLENGE,
            _ => &[],
        };
        Response::xml(xml).with(rejection.status(), fields).send(cx, exchange);
        if let Rejection::Storage(_) = rejection {
            // The adapter logs the trouble once; a line for each request would fill the disk that may be full.
            return counts.rejected_for_storage();
        }
        if let Some(route) = route {
            let rejection = Box::new(rejection);
            cx.log(LogEvent::Rejected { peer: peer.address, request: route.name(), rejection });
        }
    }
}
