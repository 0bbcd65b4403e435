//! Live streams. The view that all watchers share is rendered once a second at most, and sent when it has changed.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::{Operator, view};
use crate::{Mmcos, Timer};
use mmcos_core::{
    admin::{Access, AdminResponse, Caller, Proof, Refusal},
    engine::{Body, Exchange, ExchangeId, Response, Stream, TimerId},
    seam::{Bytes, Monotonic},
    service::Context,
    wire::http::Status,
};

/// Shortest time between two updates. (Our choice, as is all of this.)
const PERIOD: Duration = Duration::from_secs(1);
/// Longest time between two events of a stream, so that proxies do not end the connection, and a dead one is noticed.
const PULSE: Duration = Duration::from_secs(15);
/// The most watchers at a time.
const MOST: usize = 512;

/// Open streams, and the data last sent on them.
#[derive(Debug, Default)]
pub(super) struct Live {
    streams: Vec<Watcher>,
    /// The one timer; set while there are watchers.
    timer: Option<TimerId>,
    state: Option<Seen>,
    history: Option<Arc<[u8]>>,
    history_is_old: bool,
    last_sent: Monotonic,
}

/// A stream, and its reader's proof.
#[derive(Debug)]
struct Watcher {
    stream: Stream,
    proof: Proof,
}

/// Rendered text, and the time of its rendering.
#[derive(Clone, Debug)]
struct Seen {
    at: Monotonic,
    text: Arc<[u8]>,
}

impl Live {
    /// Returns the number of watchers.
    pub(super) fn watchers(&self) -> usize {
        self.streams.len()
    }

    /// Marks the charts as changed.
    pub(super) fn history_changed(&mut self) {
        self.history_is_old = true;
    }

    fn tell<'a>(&mut self, cx: &mut Context<'_, Mmcos>, text: impl Into<Body<'a>>) {
        let text = text.into();
        self.streams.retain(|watcher| cx.send(&watcher.stream, &text));
        self.last_sent = cx.now().monotonic;
    }
}

impl Mmcos {
    /// Sends the state whenever it changes, while the reader stays and its proof is valid.
    pub(super) fn watch(&mut self, cx: &mut Context<'_, Self>, access: &Access, exchange: Exchange) {
        let Access::Operator(Caller { proof, .. }) = access else {
            let response = AdminResponse::refused(&Refusal::ProofNeeded);
            return response.send(|response| cx.respond(exchange, response));
        };
        if self.operator.live.watchers() >= MOST {
            let response = AdminResponse::error(Status::SERVICE_UNAVAILABLE, "too many watch already");
            return response.send(|response| cx.respond(exchange, response));
        }
        let session = view::Session::new(access, cx.now().wall);
        let hello = event("session", &session);
        let state = self.state_seen(cx);
        let history = self.history_seen();
        let response = Response {
            content_type: Some("text/event-stream"),
            fields: &[("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")],
            body: Body::from(&*hello),
            ..Response::empty()
        };
        let stream = cx.stream(exchange, &response);
        if [state, history].into_iter().all(|text| cx.send(&stream, &Bytes::Shared(text).into())) {
            self.operator.live.streams.push(Watcher { stream, proof: *proof });
            self.wake_while_watched(cx);
        }
    }

    /// Sends every change to every watcher.
    pub(crate) fn refresh(&mut self, cx: &mut Context<'_, Self>) {
        self.operator.live.timer = None;
        // First, since nothing more must be sent to an admin session that has ended.
        self.end_unproved(cx);
        if self.operator.live.streams.is_empty() {
            return;
        }
        let before = self.operator.live.state.take().map(|seen| seen.text);
        let now = self.state_seen(cx);
        if before.as_ref() != Some(&now) {
            self.operator.live.tell(cx, Bytes::Shared(now));
        }
        if self.operator.live.history_is_old {
            let history = self.history_seen();
            self.operator.live.tell(cx, Bytes::Shared(history));
        }
        if cx.now().monotonic.since(self.operator.live.last_sent) >= PULSE {
            self.operator.live.tell(cx, b": still here\n\n".as_slice());
        }
        self.wake_while_watched(cx);
    }

    /// Keeps one timer while there are watchers, and none without. (A second one would render everything twice
    /// forever.)
    fn wake_while_watched(&mut self, cx: &mut Context<'_, Self>) {
        let live = &mut self.operator.live;
        match live.timer {
            None if !live.streams.is_empty() => live.timer = Some(cx.set_timer(PERIOD, Timer::Live)),
            Some(timer) if live.streams.is_empty() => {
                cx.cancel_timer(timer);
                live.timer = None;
            }
            Some(_) | None => {}
        }
    }

    /// Drops the stream of a client whose connection has ended.
    pub(crate) fn stop_watching(&mut self, cx: &mut Context<'_, Self>, exchange: ExchangeId) {
        self.operator.live.streams.retain(|watcher| watcher.stream.id() != exchange);
        self.wake_while_watched(cx);
    }

    /// Ends the streams whose admin sessions have ended.
    pub(super) fn end_unproved(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        let Operator { desk, live, .. } = &mut self.operator;
        let gate = desk.gate();
        let holds = |watcher: &mut Watcher| gate.as_ref().is_some_and(|gate| gate.holds(watcher.proof, now));
        let ended = live.streams.extract_if(.., |watcher| !holds(watcher));
        for watcher in ended {
            cx.end(watcher.stream);
        }
        self.wake_while_watched(cx);
    }

    /// Ends all streams, since the server stops.
    pub(crate) fn end_watching(&mut self, cx: &mut Context<'_, Self>) {
        for watcher in self.operator.live.streams.drain(..) {
            cx.end(watcher.stream);
        }
        self.wake_while_watched(cx);
    }

    fn state_seen(&mut self, cx: &Context<'_, Self>) -> Arc<[u8]> {
        let now = cx.now().monotonic;
        if let Some(seen) = self.operator.live.state.as_ref().filter(|seen| now.since(seen.at) < PERIOD) {
            return Arc::clone(&seen.text);
        }
        let text = event("state", &self.state(cx));
        self.operator.live.state = Some(Seen { at: now, text: Arc::clone(&text) });
        text
    }

    fn history_seen(&mut self) -> Arc<[u8]> {
        if let Some(text) = self.operator.live.history.as_ref().filter(|_| !self.operator.live.history_is_old)
        {
            return Arc::clone(text);
        }
        let text = event("history", &self.charts());
        self.operator.live.history_is_old = false;
        self.operator.live.history = Some(Arc::clone(&text));
        text
    }
}

/// Returns a server-sent event. (JSON is written on one line.)
fn event(name: &str, value: &impl Serialize) -> Arc<[u8]> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let text: String = ["event: ", name, "\ndata: ", &json, "\n\n"].concat();
    text.into_bytes().into()
}
