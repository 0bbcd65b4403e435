use super::{Engine, Inbound, Phase, Waiting};
use crate::{
    seam::{Bytes, ConnId, Outbox},
    wire::http::{self, ResponseHead, Status},
};

/// Number of a request that was given to a service. Numbers grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// The right to respond to one request, once: now, or in any later call. There is only one for each request.
///
/// Dropping it leaves the client waiting until `Limits::hold_time` ends its wait.
#[derive(Debug)]
#[must_use = "a client waits: respond, or keep this until you can"]
pub struct Exchange {
    id: ExchangeId,
    conn: ConnId,
}

impl Exchange {
    pub(super) const fn new(id: ExchangeId, conn: ConnId) -> Self {
        Self { id, conn }
    }

    pub(super) const fn into_parts(self) -> (ExchangeId, ConnId) {
        let Self { id, conn } = self;
        (id, conn)
    }

    /// Returns its number, by which `Service::cancelled` reports that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }

    /// Returns the connection that the request came by.
    pub const fn conn(&self) -> ConnId {
        self.conn
    }
}

/// A response without a fixed end: its head is sent, and its body grows with each send, until the game ends it or the
/// client goes. Its duration is not limited.
///
/// Bytes that a client has not read wait in its write queue at the adapter, which drops a client whose queue grows too
/// long. So send no more than a client that keeps up can read, and send the same bytes to many clients as
/// [`Bytes::Shared`].
///
/// Dropping it leaves the client waiting until it goes: [end](crate::service::Context::end) it.
#[derive(Debug)]
#[must_use = "a stream goes on until it is ended"]
pub struct Stream {
    id: ExchangeId,
    conn: ConnId,
}

impl Stream {
    pub(super) const fn parts(&self) -> (ExchangeId, ConnId) {
        (self.id, self.conn)
    }

    /// Returns the number of its request, by which `Service::cancelled` reports that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }
}

/// A response. The engine adds `Date`, `Content-Length` and `Connection`.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: Status,
    /// `Content-Type`, for a body that is not empty.
    pub content_type: Option<&'a str>,
    /// Additional fields, written as they are: never put a client's text here.
    pub fields: &'a [(&'a str, &'a str)],
    /// The body. It is not sent with a status that has none: [`Status::has_body`].
    pub body: Body<'a>,
    /// True to close the connection afterwards, whatever the client wants.
    pub close: bool,
}

impl<'a> Response<'a> {
    /// Returns a 200 response without a body.
    pub fn empty() -> Self {
        // An empty response of the official server has no `Content-Type` (captures 04, 10).
        Self { status: Status::OK, content_type: None, fields: &[], body: Body::default(), close: false }
    }

    /// Returns a response of plain text.
    pub fn text(status: Status, text: &'a [u8]) -> Self {
        Self {
            status,
            content_type: Some("text/plain; charset=utf-8"),
            body: Body::from(text),
            ..Self::empty()
        }
    }
}

/// A body: a part that may be shared, then a part that is not. Either may be empty.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    first: Bytes<'a>,
    then: &'a [u8],
}

impl<'a> Body<'a> {
    /// Returns a body of `first` followed by `then`.
    pub fn new(first: Bytes<'a>, then: &'a [u8]) -> Self {
        Self { first, then }
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> usize {
        self.first.len().saturating_add(self.then.len())
    }

    /// Returns true if the body is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn parts(&self) -> [Bytes<'a>; 2] {
        [self.first.clone(), Bytes::Borrowed(self.then)]
    }
}

impl Default for Body<'_> {
    fn default() -> Self {
        Self::from([].as_slice())
    }
}

impl<'a> From<Bytes<'a>> for Body<'a> {
    fn from(first: Bytes<'a>) -> Self {
        Self { first, then: &[] }
    }
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { first: Bytes::Borrowed(bytes), then: &[] }
    }
}

impl<T> Engine<T> {
    /// Sends the response of an exchange. Does nothing if the client has gone.
    pub(crate) fn respond<R, E>(
        &mut self,
        exchange: Exchange,
        response: &Response<'_>,
        out: &mut Outbox<R, E>,
    ) {
        let (served_id, conn) = exchange.into_parts();
        // A service may respond late, to a client that has gone.
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let Phase::Serving { exchange: served, after, head_only } = connection.phase() else { return };
        // After `hold_time` the engine has responded itself, and the connection may serve its next request.
        if served != served_id {
            return;
        }
        let idle = self.now.monotonic.after(self.limits.idle_time);
        connection.enter(Phase::Reading(Waiting::Idle), Some(idle), &mut self.timers);
        // Read on later: the service that responds is still in its call. Nothing is parked if that call is for this
        // connection, since the loop that made it has the bytes.
        if !connection.inbound.parked.is_empty() {
            self.resumable.push_back(conn);
        }
        // `after` dates from the arrival of the request; the server may have begun to stop since.
        let after = if self.stopping || response.close { http::Connection::Close } else { after };
        self.write_response(conn, response, after, head_only, out);
        if after == http::Connection::Close {
            self.close_after_flush(conn, out);
        }
    }

    /// Sends the head of a response and the first part of its body. The end of the connection marks the end of the
    /// body: its length is unknown, and HTTP/1.0 clients are served too.
    pub(crate) fn stream<R, E>(
        &mut self,
        exchange: Exchange,
        response: &Response<'_>,
        out: &mut Outbox<R, E>,
    ) -> Stream {
        let (id, conn) = exchange.into_parts();
        let stream = Stream { id, conn };
        let Some(connection) = self.connections.get_mut(&conn) else { return stream };
        let Phase::Serving { exchange: served, head_only, .. } = connection.phase() else { return stream };
        if served != id {
            return stream;
        }
        // The body ends with the connection (decision 42), so what the client has sent ahead is never read.
        self.unfinished = self.unfinished.saturating_sub(connection.inbound.held());
        connection.inbound = Inbound::default();
        // No deadline: the adapter drops a client that does not read (decision 42).
        connection.enter(Phase::Streaming(id), None, &mut self.timers);
        self.write_head(conn, response, None, http::Connection::Close, out);
        // Without a body, nothing else would end the connection.
        if head_only || !response.status.has_body() {
            self.close_after_flush(conn, out);
        } else {
            write_body(conn, &response.body, out);
        }
        stream
    }

    /// Sends more of a streaming response. Returns true if the client is still there.
    pub(crate) fn send<R, E>(&mut self, stream: &Stream, body: &Body<'_>, out: &mut Outbox<R, E>) -> bool {
        let open = self.is_streaming(stream);
        if open {
            write_body(stream.parts().1, body, out);
        }
        open
    }

    /// Ends a streaming response.
    pub(crate) fn end<R, E>(&mut self, stream: &Stream, out: &mut Outbox<R, E>) {
        if self.is_streaming(stream) {
            let (_, conn) = stream.parts();
            self.close_after_flush(conn, out);
        }
    }

    fn is_streaming(&self, stream: &Stream) -> bool {
        let (id, conn) = stream.parts();
        self.connections.get(&conn).is_some_and(
            |connection| matches!(connection.phase(), Phase::Streaming(streamed) if streamed == id),
        )
    }

    pub(super) fn write_response<R, E>(
        &self,
        conn: ConnId,
        response: &Response<'_>,
        connection: http::Connection,
        head_only: bool,
        out: &mut Outbox<R, E>,
    ) {
        // HEAD announces the length that GET would have (RFC 9110, section 8.6).
        self.write_head(conn, response, Some(response.body.len()), connection, out);
        if !head_only && response.status.has_body() {
            write_body(conn, &response.body, out);
        }
    }

    fn write_head<R, E>(
        &self,
        conn: ConnId,
        response: &Response<'_>,
        content_length: Option<usize>,
        connection: http::Connection,
        out: &mut Outbox<R, E>,
    ) {
        let Response { status, content_type, fields, .. } = *response;
        let head = ResponseHead { status, content_type, fields, content_length, connection };
        out.send_with(conn, |bytes| head.write(&self.date, bytes));
    }
}

fn write_body<R, E>(conn: ConnId, body: &Body<'_>, out: &mut Outbox<R, E>) {
    for part in body.parts() {
        match part {
            Bytes::Borrowed(part) => out.send_with(conn, |bytes| bytes.extend_from_slice(part)),
            // All watchers of a dashboard get the same bytes, without a copy for each (decision 42).
            Bytes::Shared(part) => out.send_shared(conn, part),
        }
    }
}
