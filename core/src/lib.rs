//! The online services of Micro Machines World Series without any IO: bytes in, effects out.
//!
//! A [`Server`] holds a game, a [`Service`](service::Service), and the engine it lives on. An adapter owns the sockets, the clock and
//! the disk; it tells the server what happened and does what the server says. This is the whole of an adapter, with
//! a list of inputs in place of sockets:
//!
//! ```
//! use mmcos_core::{
//!     Server,
//!     engine::Limits,
//!     mmcos::{Config, Mmcos, catalogue::Catalogue},
//!     seam::{ConnId, Effect, Input, ListenerId, Monotonic, Now, Outbox, Wall},
//! };
//!
//! let seed = [7; 32]; // from the operating system, in earnest
//! let game = Mmcos::new(Config::new(Catalogue::official()?), seed);
//! let mut server = Server::new(game, Limits::default(), seed);
//! let mut out = Outbox::new(); // used again for every input
//!
//! let conn = ConnId(1);
//! let request = b"GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
//! let inputs = [
//!     Input::Opened { conn, listener: ListenerId(0), peer: ([127, 0, 0, 1], 50_000).into() },
//!     Input::Received { conn, bytes: request },
//! ];
//! let mut sent = Vec::new();
//! for input in inputs {
//!     let now = Now { monotonic: Monotonic::from_nanos(0), wall: Wall::from_secs(1_700_336_720) };
//!     server.handle(now, input, &mut out);
//!     for effect in out.drain() {
//!         match effect {
//!             // Make it durable before the sends that follow.
//!             Effect::Persist(record) => drop(record),
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
//! assert!(sent.ends_with(b"\r\n\r\nLive"));
//! # Ok::<(), mmcos_core::mmcos::catalogue::CatalogueError>(())
//! ```
//!
//! Nothing here blocks, fails or panics, whatever the input; the same inputs and seed give the same effects, byte for
//! byte. Modules, from the bottom up: [`wire`] (codecs, each usable alone), [`engine`] and [`seam`] (connections,
//! answers that come later; no game), [`service`] (what a game implements), [`mmcos`] (this game). Another game on the
//! same engine is in `examples/toy_game.rs`.
#![no_std]

extern crate alloc;

mod address_range;
pub mod admin;
pub mod calendar;
pub mod engine;
pub mod mmcos;
pub mod seam;
mod server;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod wire;

pub use address_range::{AddressRange, AddressRangeError};
pub use server::{OutboxOf, Server};
