//! What a game implements to live on the engine.

use core::{fmt::Debug, time::Duration};

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use crate::{
    engine::{self, Body, Engine, Exchange, ExchangeId, Peer, Response, Stream, TimerId, WallClock},
    notice::Notice,
    seam::{Level, Monotonic, Now, Outbox, Report, Storage, Wall},
    wire::http::Request,
};

/// A game's services: state that is changed by requests, and answers.
///
/// All calls are made by one [`Server`](crate::Server), one at a time; none may block. Time and randomness come from
/// the [`Context`] alone, so that the same inputs give the same outputs.
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
    /// Something for the host's log; [`Infallible`](core::convert::Infallible) if the game logs nothing.
    type Event: Report;
    /// What a timer was set for.
    type Timer;
    /// Why a record does not fit to those restored before it.
    type RestoreError: core::error::Error;

    /// A whole request has come. Answer it now with [`Context::respond`], or keep the exchange and answer it in a
    /// later call. An answer that goes on for as long as the client stays, such as server-sent events, is begun with
    /// [`Context::stream`].
    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange);

    /// A timer has run out. Does nothing by default, for a game that sets none.
    fn timer(&mut self, _cx: &mut Context<'_, Self>, _timer: Self::Timer) {}

    /// The client of a request that was kept has gone, or the request was kept for longer than
    /// [`Limits::hold_time`](engine::Limits): drop its [`Exchange`]. Or the client of a streaming answer has gone: drop
    /// its [`Stream`]. Does nothing by default, for a game that keeps none.
    fn cancelled(&mut self, _cx: &mut Context<'_, Self>, _exchange: ExchangeId) {}

    /// The server is to stop: answer all that is kept, end all that streams. Does nothing by default, for a game that
    /// keeps none.
    fn shutdown(&mut self, _cx: &mut Context<'_, Self>) {}

    /// Records became durable, and how long that took. To be told an operator; no answer waits for it.
    fn committed(&mut self, _cx: &mut Context<'_, Self>, _took: Duration) {}

    /// Takes a change made in an earlier life, in the order in which they were made.
    ///
    /// # Errors
    /// A record that does not fit changes nothing; the server must not be started without it.
    fn restore(&mut self, record: Self::Record) -> Result<(), Self::RestoreError>;

    /// The latest time that the restored records prove; `None` if there is none. The wall clock is compared with it at
    /// the first input.
    fn last_record(&self) -> Option<Wall> {
        None
    }
}

/// A log event of a server: its game's, or one about its connections and its clock.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogEvent<E> {
    /// Of the engine.
    #[error("{0}")]
    Engine(engine::Event),
    /// Of the game.
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

/// The server, as a service may use it while it is called. A test gets one from [`Server::with`](crate::Server::with):
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
    /// Returns the time. The wall time goes on evenly after a jump of the machine's clock, until that is believed: see
    /// [`clock`](Self::clock).
    pub fn now(&self) -> Now {
        self.engine.now
    }

    /// Returns the state of the durable storage. While it is [`Storage::Unavailable`], reject requests that would call
    /// [`record`](Self::record), before they change anything.
    pub fn storage(&self) -> Storage {
        self.engine.storage
    }

    /// The wall clock: whether it is sure, the earliest time that it may be, and what the machine says.
    pub fn clock(&self) -> &WallClock {
        &self.engine.clock
    }

    /// Answers a request. If its client has gone meanwhile, nobody hears it.
    pub fn respond(&mut self, exchange: Exchange, response: &Response<'_>) {
        self.engine.respond(exchange, response, self.out);
    }

    /// Begins an answer that goes on: its head and the first part of its body leave now, the rest with
    /// [`send`](Self::send), and the connection closes with [`end`](Self::end). The body's length is the client's to find
    /// out, so an answer whose end matters must say by itself that it is whole.
    pub fn stream(&mut self, exchange: Exchange, response: &Response<'_>) -> Stream {
        self.engine.stream(exchange, response, self.out)
    }

    /// Sends more of a streaming answer. False if nobody is there any more to read it.
    pub fn send(&mut self, stream: &Stream, more: &Body<'_>) -> bool {
        self.engine.send(stream, more, self.out)
    }

    /// Ends a streaming answer.
    #[expect(clippy::needless_pass_by_value, reason = "nothing can be sent on it any more")]
    pub fn end(&mut self, stream: Stream) {
        self.engine.end(&stream, self.out);
    }

    /// Makes a change durable before any answer that is given after this call.
    pub fn record(&mut self, record: S::Record) {
        self.out.persist(record);
    }

    /// Tells the host.
    pub fn log(&mut self, event: S::Event) {
        self.out.log(LogEvent::Game(event));
    }

    /// Has [`Service::timer`] called once `wait` has passed.
    pub fn set_timer(&mut self, wait: Duration, timer: S::Timer) -> TimerId {
        self.set_timer_at(self.now().monotonic.after(wait), timer)
    }

    /// Has [`Service::timer`] called at `at`, or as soon as possible if that is past.
    pub fn set_timer_at(&mut self, at: Monotonic, timer: S::Timer) -> TimerId {
        self.engine.set_timer(at, engine::Due::Service(timer))
    }

    /// Forgets a timer. One that has run out already is none of its business.
    pub fn cancel_timer(&mut self, timer: TimerId) {
        self.engine.cancel_timer(timer);
    }

    /// 64 random bits, from the seed the server was made with.
    pub fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.engine.connections()
    }
}
