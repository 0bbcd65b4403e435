use core::time::Duration;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{
    engine::{Due, Engine, Event, ExchangeId, Inbound, Limits, Overdue, Peer, Response, WallClock},
    seam::{ConnId, Core, Input, Monotonic, Now, Outbox},
    service::{Context, LogEvent, Service},
    wire::http::{self, Decoded, Status},
};

/// The outbox that a server of this game fills.
pub type OutboxOf<S> = Outbox<<S as Service>::Record, LogEvent<<S as Service>::Event>>;

/// A game's server without its sockets: inputs in, effects out. See the front page of this crate.
#[derive(Debug)]
pub struct Server<S: Service> {
    service: S,
    engine: Engine<S::Timer>,
    rng: ChaCha8Rng,
}

impl<S: Service> Server<S> {
    /// Returns a server without connections and records. All randomness comes from `seed`: take it from the operating
    /// system, unless the run is to be repeated.
    pub fn new(service: S, limits: Limits, seed: [u8; 32]) -> Self {
        Self { service, engine: Engine::new(limits), rng: ChaCha8Rng::from_seed(seed) }
    }

    /// Restores a durable change of an earlier life. Call this at start-up, before any input, in the order in which
    /// the changes were made.
    ///
    /// # Errors
    /// The record does not fit the earlier ones; do not start a server that lacks it.
    pub fn restore(&mut self, record: S::Record) -> Result<(), S::RestoreError> {
        self.service.restore(record)
    }

    /// Returns the game.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Returns the wall clock, with the information whether it can be trusted.
    pub fn clock(&self) -> &WallClock {
        &self.engine.clock
    }

    /// Returns the latest time for the next [`Input::Tick`]. It can change with every input.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.engine.next_deadline()
    }

    /// Returns true if no connection is open or being closed.
    pub fn is_idle(&self) -> bool {
        self.engine.is_idle()
    }

    /// Returns the number of connections that are open or being closed.
    pub fn connections(&self) -> usize {
        self.engine.connections()
    }

    /// Returns the number of timers: at most one for each connection, two of the engine, and those of the game.
    pub fn timers(&self) -> usize {
        self.engine.timers()
    }

    /// Handles an input and appends its effects to `out`. Never blocks, fails or panics.
    ///
    /// Several inputs may share an outbox before its effects are carried out.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut OutboxOf<S>) {
        self.engine.log.begin(out);
        self.advance(now, out);
        // Fire due timers before handling the new input, or a late tick would make the result depend on how bytes are
        // split.
        self.settle(out);
        match input {
            Input::Opened { conn, peer, listener } => {
                self.engine.open(conn, Peer { address: peer, listener }, out);
            }
            Input::Proxied { conn, client } => self.engine.proxied(conn, client, out),
            Input::Received { bytes: b"", .. } | Input::Tick => {}
            Input::Received { conn, bytes } => self.received(conn, bytes, out),
            Input::Ended { conn } => {
                let cancelled = self.engine.close_after_flush(conn, out);
                self.cancel(cancelled, out);
            }
            Input::Stalled { conn } => self.stalled(conn, out),
            Input::Closed { conn } => {
                let cancelled = self.engine.forget(conn);
                self.cancel(cancelled, out);
            }
            Input::Committed { took } => {
                let (service, mut cx) = self.context(out);
                service.committed(&mut cx, took);
            }
            Input::Storage(storage) => self.engine.storage = storage,
            Input::Shutdown { grace } => self.shutdown(grace, out),
        }
        self.settle(out);
        self.engine.log.read(self.engine.now.wall, out);
    }

    /// Calls the game with a context, as [`handle`](Self::handle) does for an input. For input that is not HTTP, and
    /// for tests of one method.
    pub fn with<T>(
        &mut self,
        now: Now,
        out: &mut OutboxOf<S>,
        call: impl FnOnce(&mut S, &mut Context<'_, S>) -> T,
    ) -> T {
        self.engine.log.begin(out);
        self.advance(now, out);
        self.settle(out);
        let (service, mut cx) = self.context(out);
        let result = call(service, &mut cx);
        self.settle(out);
        self.engine.log.read(self.engine.now.wall, out);
        result
    }

    /// Sets the time of an input.
    fn advance(&mut self, now: Now, out: &mut OutboxOf<S>) {
        let is_first = !self.engine.clock.is_read();
        let last_record = if is_first { self.service.last_record() } else { None };
        if let Some(change) = self.engine.advance(now, last_record) {
            out.log(Event::Clock(change).into());
        }
        if is_first {
            let (service, mut cx) = self.context(out);
            service.started(&mut cx);
        }
    }

    /// Fires due timers and resumes connections with parked bytes.
    fn settle(&mut self, out: &mut OutboxOf<S>) {
        self.run_timers(out);
        while let Some(conn) = self.engine.resumable.pop_front() {
            self.received(conn, &[], out);
        }
    }

    pub(crate) fn context<'a>(&'a mut self, out: &'a mut OutboxOf<S>) -> (&'a mut S, Context<'a, S>) {
        (&mut self.service, Context { engine: &mut self.engine, out, rng: &mut self.rng })
    }

    /// Serves the complete requests in the connection's bytes. Stops early at a request that the service holds.
    fn received(&mut self, conn: ConnId, bytes: &[u8], out: &mut OutboxOf<S>) {
        let Some(mut inbound) = self.engine.take_inbound(conn, bytes) else {
            return self.enforce_limits(conn, out);
        };
        let Inbound { decoder, parked } = &mut inbound;
        let input = if parked.is_empty() { bytes } else { parked.as_slice() };
        let mut used = 0_usize;
        let mut done = false;
        while !done {
            match decoder.decode(input.get(used..).unwrap_or_default(), &self.engine.limits.http) {
                Ok(Decoded::Request { request, consumed }) => {
                    used = used.saturating_add(consumed);
                    done = !self.serve(conn, &request, out);
                }
                Ok(Decoded::Continue) => {
                    out.send_with(conn, |bytes| bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n"));
                }
                Ok(Decoded::Incomplete) => done = true,
                Err(error) => {
                    self.engine.refuse(conn, error, out);
                    done = true;
                }
            }
        }
        self.engine.put_inbound(conn, inbound, used, bytes);
        self.enforce_limits(conn, out);
    }

    /// Serves a request. Returns true if the connection can be read on at once: the request has its response, and the
    /// connection is still open.
    fn serve(&mut self, conn: ConnId, request: &http::Request<'_>, out: &mut OutboxOf<S>) -> bool {
        let Some((exchange, peer)) = self.engine.begin_exchange(conn, request, out) else { return false };
        let (service, mut cx) = self.context(out);
        service.request(&mut cx, request, peer, exchange);
        self.engine.is_reading(conn)
    }

    fn enforce_limits(&mut self, conn: ConnId, out: &mut OutboxOf<S>) {
        let cancelled = self.engine.enforce_limits(conn, out);
        self.cancel(cancelled, out);
    }

    fn stalled(&mut self, conn: ConnId, out: &mut OutboxOf<S>) {
        let cancelled = self.engine.stalled(conn, out);
        self.cancel(cancelled, out);
    }

    /// Reports to the service that the client of a request has gone.
    fn cancel(&mut self, exchange: Option<ExchangeId>, out: &mut OutboxOf<S>) {
        if let Some(exchange) = exchange {
            let (service, mut cx) = self.context(out);
            service.cancelled(&mut cx, exchange);
        }
    }

    fn run_timers(&mut self, out: &mut OutboxOf<S>) {
        while let Some(due) = self.engine.pop_due() {
            match due {
                Due::Service(timer) => {
                    let (service, mut cx) = self.context(out);
                    service.timer(&mut cx, timer);
                }
                Due::Connection(conn) => {
                    if let Overdue::Held(exchange, peer) = self.engine.overdue(conn, out) {
                        let (service, mut cx) = self.context(out);
                        service.cancelled(&mut cx, exchange.id());
                        cx.out.log(Event::HeldTooLong { peer }.into());
                        cx.respond(
                            exchange,
                            &Response::text(Status::SERVICE_UNAVAILABLE, b"No response in time.\n"),
                        );
                    }
                }
                Due::Summary => self.engine.summarise(out),
                Due::EndOfGrace => {
                    for conn in self.engine.all() {
                        let cancelled = self.engine.abort(conn, out);
                        self.cancel(cancelled, out);
                    }
                }
            }
        }
    }

    fn shutdown(&mut self, grace: Duration, out: &mut OutboxOf<S>) {
        self.engine.stop(grace, out);
        let (service, mut cx) = self.context(out);
        service.shutdown(&mut cx);
    }
}

impl<S: Service> Core for Server<S> {
    type Record = S::Record;
    type Event = LogEvent<S::Event>;

    fn handle(&mut self, now: Now, input: Input<'_>, out: &mut OutboxOf<S>) {
        Self::handle(self, now, input, out);
    }

    fn next_deadline(&self) -> Option<Monotonic> {
        Self::next_deadline(self)
    }
}
