//! A core for game servers without any IO: bytes in, effects out.
//!
//! Games of the years around 2010 spoke HTTP to servers that are gone. A server for one of them is an `impl` of
//! [`Service`](service::Service): its requests and its rules. [`Server`] holds it, and does the rest: HTTP/1.1 with
//! keep-alive and pipelining, requests that are held until there is a response, timers, limits, records that are
//! durable before they are acknowledged. An adapter owns the sockets, the clock and the disk; it gives the server
//! inputs and carries out its effects. This is a whole game, and a whole adapter, with a list of inputs in place of
//! sockets:
//!
//! ```
//! use core::convert::Infallible;
//! use mmcos_core::{
//!     Server,
//!     engine::{self, Exchange, Limits, Peer, Response},
//!     seam::{ConnId, Effect, Input, ListenerKind, Monotonic, Now, Outbox, Wall},
//!     service::{Context, Service},
//!     wire::http::{Request, Status},
//! };
//!
//! /// Counts victories.
//! struct Victories(u32);
//!
//! impl Service for Victories {
//!     type Record = u32;
//!     type Event = Infallible;
//!     type Timer = ();
//!     type RestoreError = Infallible;
//!
//!     fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, _: Peer, exchange: Exchange) {
//!         if request.path() != "/won" {
//!             return cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Try /won."));
//!         }
//!         self.0 += 1;
//!         cx.record(self.0);
//!         cx.respond(exchange, &Response::text(Status::OK, self.0.to_string().as_bytes()));
//!     }
//!
//!     fn restore(&mut self, victories: u32) -> Result<(), Infallible> {
//!         self.0 = victories;
//!         Ok(())
//!     }
//! }
//!
//! let seed = [7; 32]; // from the operating system, in earnest
//! let mut server = Server::new(Victories(0), Limits::default(), seed);
//! server.restore(41)?; // what an earlier life has kept
//! let mut out = Outbox::new(); // used again for every input
//!
//! let conn = ConnId(1);
//! let inputs = [
//!     Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), listener: ListenerKind::Plain },
//!     Input::Received { conn, bytes: b"GET /won HTTP/1.1\r\nHost: localhost\r\n\r\n" },
//! ];
//! let mut sent = Vec::new();
//! for input in inputs {
//!     let now = Now { monotonic: Monotonic::from_nanos(0), wall: Wall::from_secs(1_700_336_720) };
//!     server.handle(now, input, &mut out);
//!     for effect in out.drain() {
//!         match effect {
//!             // Make it durable before the sends that follow.
//!             Effect::Persist(record) => assert_eq!(record, 42),
//!             Effect::Send { conn: to, bytes } => {
//!                 assert_eq!(to, conn);
//!                 sent.extend_from_slice(&bytes);
//!             }
//!             Effect::Close { .. } => {}
//!             Effect::Log(event) => println!("{event}"),
//!         }
//!     }
//!     // Give `Input::Tick` when this moment comes, if nothing happens before.
//!     let _deadline: Option<Monotonic> = server.next_deadline();
//! }
//! assert!(sent.ends_with(b"\r\n\r\n42"));
//! # Ok::<(), Infallible>(())
//! ```
//!
//! Nothing here blocks, fails or panics, whatever the input; the same inputs and seed give the same effects, byte for
//! byte. `examples/toy_game.rs` is a game with held requests and timers, `examples/framed.rs` a protocol that is not
//! HTTP; the repository's `docs/REUSE.md` is a tutorial, from a capture to a server.
//!
//! # Modules and features
//!
//! | module | purpose | feature |
//! |---|---|---|
//! | [`seam`] | the interface to adapters: inputs, effects, time | |
//! | [`engine`] | connections, held requests, timers, limits | |
//! | [`service`] | the interface that a game implements | |
//! | [`wire::http`] | HTTP/1.1 | |
//! | [`settings`](mod@settings) | one table of keys for configuration, help and dashboard | |
//! | [`calendar`] | dates from wall time | |
//! | `wire::xml` | DataContract XML, as .NET services write it | `xml` |
//! | `wire::egonet` | `EgoNet` values, of a family of racing games | `egonet` |
//! | `wire::steam` | Steam tickets, verified offline | `steam` |
//! | `admin` | a dashboard's authentication, event stream and metrics | `admin` |
//! | `admin::document` | a description of a game's API, from its types | `openapi` (includes `admin`) |
//! | [`info`], [`notice`] | facts about a game for its host; news for a webhook | |
//! | [`link`] | the write queue of one socket | |
//! | `row` | records as rows of tables, for a store | `rows` |
//! | `game`, `trace` | a game's interface to its host; runs as text | `game` (includes `admin` and `rows`) |
//! | `testing` | virtual clock, scenarios, a store that crashes | `testing` |
//!
//! No feature is on by default: a game enables those that it needs. The crate is `no_std` and needs `alloc`. The oldest
//! Rust that compiles it is 1.95; a newer one may be needed from a minor version on.
#![no_std]

extern crate alloc;

mod address_range;
#[cfg(feature = "admin")]
pub mod admin;
pub mod calendar;
pub mod engine;
#[cfg(feature = "admin")]
mod finding;
#[cfg(feature = "game")]
pub mod game;
pub mod info;
pub mod link;
pub mod notice;
#[cfg(feature = "rows")]
pub mod row;
pub mod seam;
mod server;
pub mod service;
pub mod settings;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "game")]
pub mod trace;
pub mod wire;

pub use address_range::{AddressRange, AddressRangeError};
pub use server::{OutboxOf, Server};
