//! Writes responses, whole or in parts.

use super::{Body, Engine, Exchange, Inbound, Phase, Response, Stream, Waiting};
use crate::{
    seam::{Bytes, ConnId, Outbox},
    wire::http::{self, ResponseHead},
};

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
        let stream = exchange.into_stream();
        let (id, conn) = stream.parts();
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
