//! A run as text, for replay: the server's initial state, every input with its time, and its effects.
//!
//! ```text
//! mmcos-trace 3 mmcos
//! start {"seed":"BwcHBw…","key":"AAAA…","limits":{…},"settings":{…}}
//! record {"Player":{"user_id":1,…}}
//! 0.000000000 1700336720000 opened 1 tls 198.18.0.1:50000
//! 0.000000000 1700336720000 received 1 GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: localhost\r\n\r\n
//!   send 1 HTTP/1.1 200 OK\r\n…\r\n\r\nLive
//! 24.500000000 1700336744500 tick
//!   send 2 57634 bytes, SHA-256 Py3X…, beginning <LoginDetails xmlns:i="…
//! ```
//!
//! - The first line: the version of this format, and the [name](crate::info::Info::name) of the game.
//! - `start`: seed and key of the server's [life](crate::game::Life), limits, and the game's settings.
//! - `record`: a durable record from before, in the order in which to [restore](crate::Server::restore) them.
//! - A line that begins with a time is an input: monotonic seconds, wall-clock milliseconds, kind, and connection;
//!   then `tls`, `plain` or `admin` and the peer, or the bytes, or seconds: those of a commit, or the grace of a
//!   shutdown; or the state of the storage and the reason for it.
//! - Indented below it are its effects in order, without log lines.
//!
//! Bytes are printable ASCII; `\r`, `\n`, `\t`, `\\` and `\xNN` stand for the rest. A sent piece that is longer than
//! [`SHOWN`] bytes is represented by its length, its digest and its beginning.
//!
//! An adapter writes [`Start`], then for every input an [`InputLine`] and for each of its effects an [`EffectLine`],
//! each followed by a line end. [`replay`] replays it and compares. A [`Recorder`] returns the same lines without
//! secrets.
//!
//! ```
//! use core::convert::Infallible;
//! use mmcos_core::{
//!     engine::{self, Exchange, Limits, Peer, Response},
//!     game::{Game, Life, Unfit},
//!     info::Info,
//!     seam::{ConnId, Input, ListenerKind, Now, Outbox},
//!     service::{Context, Service},
//!     trace::{EffectLine, InputLine, Start, redact::HideAll, replay},
//!     wire::http::{Request, Status},
//! };
//!
//! mmcos_core::settings! {
//!     /// Settings of the greeter.
//!     pub struct Settings {
//!         /// The text of every response.
//!         greeting: String = "Hello",
//!     }
//! }
//!
//! /// Greets.
//! struct Greeter(Settings);
//!
//! impl Service for Greeter {
//!     type Record = ();
//!     type Event = engine::Event;
//!     type Timer = ();
//!     type RestoreError = Infallible;
//!
//!     fn request(&mut self, cx: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, exchange: Exchange) {
//!         cx.respond(exchange, &Response::text(Status::OK, self.0.greeting.as_bytes()));
//!     }
//!
//!     fn restore(&mut self, (): ()) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//! }
//!
//! impl Game for Greeter {
//!     const INFO: Info = Info::named("greeter");
//!     type Settings = Settings;
//!     type Redactor = HideAll;
//!
//!     fn new(settings: &Settings, _: &Life) -> Result<Self, Unfit> {
//!         Ok(Self(settings.clone()))
//!     }
//!
//!     fn rows(&self) -> impl Iterator<Item = ()> {
//!         core::iter::empty()
//!     }
//! }
//!
//! let life = Life { seed: [7; 32], ..Life::default() };
//! let settings = Settings::defaults()?;
//! let start = Start::<Greeter> { life, limits: Limits::default(), settings, records: Vec::new() };
//! let mut server = start.server()?;
//! let (mut out, mut trace) = (Outbox::new(), format!("{start}\n"));
//! let conn = ConnId(1);
//! for input in [
//!     Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), listener: ListenerKind::Plain },
//!     Input::Received { conn, bytes: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
//! ] {
//!     let now = Now::default();
//!     trace += &format!("{}\n", InputLine { now, input });
//!     server.handle(now, input, &mut out);
//!     for line in out.drain().filter_map(|effect| EffectLine::of(&effect)) {
//!         trace += &format!("{line}\n");
//!     }
//! }
//! assert_eq!(replay::<Greeter>(&trace)?.inputs, 2);
//! assert!(replay::<Greeter>(&trace.replace(r"\r\nHello", r"\r\nHallo")).is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod bytes;
mod read;
mod record;
pub mod redact;
mod replay;
mod start;
mod write;

pub use record::Recorder;
pub use replay::{ReplayError, Replayed, replay};
pub use start::{Start, StartError};
pub use write::{EffectLine, InputLine, SHOWN};

/// Beginning of the first line: name and version of the format. The name of the game follows.
const FORMAT: &str = "mmcos-trace 3";
