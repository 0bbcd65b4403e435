//! The interface that a game implements to run on the engine.

use core::{fmt::Debug, time::Duration};

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use crate::{
    engine::{self, Body, Engine, Exchange, ExchangeId, Peer, Response, Stream, TimerId, WallClock},
    notice::Notice,
    seam::{Level, Monotonic, Now, Outbox, Report, Storage, Wall},
    wire::http::Request,
};

/// A game's services: state that requests change, and responses.
///
/// A [`Server`](crate::Server) makes all calls, one at a time; none may block. Time and randomness come from the
/// [`Context`] alone, so that the same inputs give the same outputs.
///
/// This one holds a request until there is a second one, for 10 seconds at most:
///
/// ```
/// use core::{convert::Infallible, time::Duration};
/// use mmcos_core::{
///     engine::{Exchange, ExchangeId, Peer, Response, TimerId},
///     service::{Context, Service},
///     wire::http::{Request, Status},
/// };
///
/// #[derive(Default)]
/// struct Pairs {
///     waiting: Option<(Exchange, TimerId)>,
/// }
///
/// struct IsAlone;
///
/// impl Service for Pairs {
///     type Record = Infallible; // Nothing is durable,
///     type Event = Infallible; // and nothing is logged.
///     type Timer = IsAlone;
///     type RestoreError = Infallible;
///
///     fn request(&mut self, cx: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, exchange: Exchange) {
///         let Some((first, timer)) = self.waiting.take() else {
///             self.waiting = Some((exchange, cx.set_timer(Duration::from_secs(10), IsAlone)));
///             return;
///         };
///         cx.cancel_timer(timer);
///         for exchange in [first, exchange] {
///             cx.respond(exchange, &Response::text(Status::OK, b"a pair"));
///         }
///     }
///
///     fn timer(&mut self, cx: &mut Context<'_, Self>, IsAlone: IsAlone) {
///         if let Some((exchange, _)) = self.waiting.take() {
///             cx.respond(exchange, &Response::text(Status::OK, b"alone"));
///         }
///     }
///
///     /// The client that waits has left.
///     fn cancelled(&mut self, cx: &mut Context<'_, Self>, gone: ExchangeId) {
///         if let Some((_, timer)) = self.waiting.take_if(|(exchange, _)| exchange.id() == gone) {
///             cx.cancel_timer(timer);
///         }
///     }
///
///     fn restore(&mut self, record: Infallible) -> Result<(), Infallible> {
///         match record {}
///     }
/// }
/// ```
pub trait Service: Sized {
    /// A durable change; see [`Context::record`].
    type Record: Debug;
    /// A log event; [`Infallible`](core::convert::Infallible) if the game logs nothing.
    type Event: Report;
    /// Purpose of a timer.
    type Timer;
    /// The reason why a record does not fit those restored before it.
    type RestoreError: core::error::Error;

    /// Handles the start of the server, at its first input. Does nothing by default, for a game that only responds.
    fn started(&mut self, _cx: &mut Context<'_, Self>) {}

    /// Handles a whole request. Respond now with [`Context::respond`], or keep the exchange and respond in a later
    /// call. Begin a response that lasts as long as the client stays, such as server-sent events, with
    /// [`Context::stream`].
    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange);

    /// Handles a timer that has fired. Does nothing by default, for a game without timers.
    fn timer(&mut self, _cx: &mut Context<'_, Self>, _timer: Self::Timer) {}

    /// Handles the end of an exchange that was kept: its client has gone, or it was held longer than
    /// [`Limits::hold_time`](engine::Limits). Drop its [`Exchange`]. Also handles the end of a streaming response
    /// whose client has gone. Drop its [`Stream`]. Does nothing by default, for a game that keeps none.
    fn cancelled(&mut self, _cx: &mut Context<'_, Self>, _exchange: ExchangeId) {}

    /// Prepares for the end of the server: respond to all exchanges that are kept, end all streams. Does nothing by
    /// default, for a game that keeps none.
    fn shutdown(&mut self, _cx: &mut Context<'_, Self>) {}

    /// Reports that records became durable, and the time that this took. It is for the operator; no response waits
    /// for it.
    fn committed(&mut self, _cx: &mut Context<'_, Self>, _took: Duration) {}

    /// Restores a change that was made in an earlier life. Called in the order in which the changes were made.
    ///
    /// # Errors
    /// A record that does not fit changes nothing; the server must not be started without it.
    fn restore(&mut self, record: Self::Record) -> Result<(), Self::RestoreError>;

    /// Returns the latest time in the restored records; `None` if there is none. The wall clock is compared with it
    /// at the first input.
    fn last_record(&self) -> Option<Wall> {
        None
    }
}

/// A log event of a server: its game's, or one about its connections and its clock.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogEvent<E> {
    /// Log event of the engine.
    #[error("{0}")]
    Engine(engine::Event),
    /// Log event of the game.
    #[error("{0}")]
    Game(E),
}

impl<E> From<engine::Event> for LogEvent<E> {
    fn from(event: engine::Event) -> Self {
        Self::Engine(event)
    }
}

impl<E: Report> Report for LogEvent<E> {
    fn level(&self) -> Level {
        match self {
            Self::Engine(event) => event.level(),
            Self::Game(event) => event.level(),
        }
    }

    fn target(&self) -> &'static str {
        match self {
            Self::Engine(event) => event.target(),
            Self::Game(event) => event.target(),
        }
    }

    fn notice(&self) -> Option<Notice> {
        match self {
            Self::Engine(event) => event.notice(),
            Self::Game(event) => event.notice(),
        }
    }
}

/// Access of a service to its server during a call. A test gets one from [`Server::with`](crate::Server::with):
///
/// ```
/// # use core::{convert::Infallible, time::Duration};
/// # use mmcos_core::{
/// #     Server,
/// #     engine::{Exchange, Limits, Peer, Stream, Body, Response},
/// #     seam::{Bytes, Effect, Now, Outbox},
/// #     service::{Context, Service},
/// #     wire::http::{Request, Status},
/// # };
/// /// Streams the score, and keeps it.
/// #[derive(Default)]
/// struct Score {
///     points: u32,
///     watching: Vec<Stream>,
/// }
///
/// impl Score {
///     fn goal(&mut self, cx: &mut Context<'_, Self>) {
///         self.points += 1;
///         cx.record(self.points);
///         // Leaves once the record is durable.
///         let line = format!("{}\n", self.points);
///         self.watching.retain(|stream| cx.send(stream, &line.as_bytes().into()));
///         cx.set_timer(Duration::from_secs(90), "the whistle");
///     }
/// }
///
/// impl Service for Score {
///     # type Record = u32;
///     # type Event = Infallible;
///     # type Timer = &'static str;
///     # type RestoreError = Infallible;
///     // …
///     fn request(&mut self, cx: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, exchange: Exchange) {
///         self.watching.push(cx.stream(exchange, &Response::text(Status::OK, b"watching\n")));
///     }
///     # fn restore(&mut self, points: u32) -> Result<(), Infallible> {
///     #     self.points = points;
///     #     Ok(())
///     # }
/// }
///
/// let mut server = Server::new(Score::default(), Limits::default(), [7; 32]);
/// let mut out = Outbox::new();
/// server.with(Now::default(), &mut out, |score, cx| score.goal(cx));
/// assert!(matches!(out.drain().next(), Some(Effect::Persist(1))));
/// assert_eq!(server.timers(), 1);
/// ```
#[derive(Debug)]
pub struct Context<'a, S: Service> {
    pub(crate) engine: &'a mut Engine<S::Timer>,
    pub(crate) out: &'a mut Outbox<S::Record, LogEvent<S::Event>>,
    pub(crate) rng: &'a mut ChaCha8Rng,
}

impl<S: Service> Context<'_, S> {
    /// Returns the time. After a jump of the machine's clock, the wall time continues evenly until the clock is
    /// trusted: see [`clock`](Self::clock).
    pub fn now(&self) -> Now {
        self.engine.now
    }

    /// Returns the state of the durable storage. While it is [`Storage::Unavailable`], reject requests that would
    /// call [`record`](Self::record), before they change anything.
    pub fn storage(&self) -> Storage {
        self.engine.storage
    }

    /// Returns the wall clock, which knows whether the time is certain, the earliest possible time, and the time of
    /// the machine's clock.
    pub fn clock(&self) -> &WallClock {
        &self.engine.clock
    }

    /// Sends the response of an exchange. Does nothing if its client has gone.
    pub fn respond(&mut self, exchange: Exchange, response: &Response<'_>) {
        self.engine.respond(exchange, response, self.out);
    }

    /// Begins a streaming response. Its head and the first part of its body are sent now, the rest with
    /// [`send`](Self::send), and the connection closes with [`end`](Self::end). The client does not learn the length of
    /// the body, so if its end matters, the body itself must show that it is complete.
    pub fn stream(&mut self, exchange: Exchange, response: &Response<'_>) -> Stream {
        self.engine.stream(exchange, response, self.out)
    }

    /// Sends more of a streaming response. Returns false if its client has gone.
    pub fn send(&mut self, stream: &Stream, more: &Body<'_>) -> bool {
        self.engine.send(stream, more, self.out)
    }

    /// Ends a streaming response.
    #[expect(clippy::needless_pass_by_value, reason = "nothing can be sent on it any more")]
    pub fn end(&mut self, stream: Stream) {
        self.engine.end(&stream, self.out);
    }

    /// Makes a change durable before any later response.
    pub fn record(&mut self, record: S::Record) {
        self.out.persist(record);
    }

    /// Returns the last log events of the engine and the game, the latest first. Those of this input follow with the
    /// next.
    pub fn log_lines(&self) -> impl Iterator<Item = &engine::LogLine> {
        self.engine.log.lines()
    }

    /// Forgets some of these log events, also those of this input so far. The adapter's log keeps them.
    pub fn forget_log_lines(&mut self, is_forgotten: impl Fn(&engine::LogLine) -> bool) {
        self.engine.log.read(self.engine.now.wall, self.out);
        self.engine.log.forget(is_forgotten);
    }

    /// Logs an event.
    pub fn log(&mut self, event: S::Event) {
        self.out.log(LogEvent::Game(event));
    }

    /// Sets a timer: calls [`Service::timer`] once `wait` has passed.
    pub fn set_timer(&mut self, wait: Duration, timer: S::Timer) -> TimerId {
        self.set_timer_at(self.now().monotonic.after(wait), timer)
    }

    /// Sets a timer: calls [`Service::timer`] at `at`, or as soon as possible if that is past.
    pub fn set_timer_at(&mut self, at: Monotonic, timer: S::Timer) -> TimerId {
        self.engine.set_timer(at, engine::Due::Service(timer))
    }

    /// Cancels a timer. Does nothing if it has already fired.
    pub fn cancel_timer(&mut self, timer: TimerId) {
        self.engine.cancel_timer(timer);
    }

    /// Returns 64 random bits, from the seed that the server was made with.
    pub fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.engine.connections()
    }
}
