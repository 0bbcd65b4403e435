//! Tests of a game without sockets, ports or waiting. (Feature `testing`; a dev-dependency of your package.)
//!
//! [`Rig`] drives a [`Server`](crate::Server) with a virtual clock and clients that read their responses.
//! [`Scenario`] is a scene between clients and a game: a text file (`.http`, see there) or a chain of calls.
//! [`Scenario::check`] plays it in every split of every request; [`Scenario::steps`] are for other players, such as one
//! over sockets. [`MemoryStore`] loses uncommitted records when the
//! process is killed. `Rows` (feature `rows`) is a model of a store, and `Recording` (feature `game`) writes a trace.
//! [`TestGame`] holds what a scenario needs to know of a game.
//!
//! ```
//! use core::{convert::Infallible, time::Duration};
//! use mmcos_core::{
//!     engine::{self, Exchange, Peer, Response},
//!     service::{Context, Service},
//!     testing::{Scenario, TestGame},
//!     wire::http::{Request, Status},
//! };
//!
//! /// Counts requests, durably.
//! struct Counter(u32);
//!
//! impl Service for Counter {
//!     type Record = u32;
//!     type Event = Infallible;
//!     type Timer = ();
//!     type RestoreError = Infallible;
//!
//!     fn request(&mut self, cx: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, exchange: Exchange) {
//!         self.0 += 1;
//!         cx.record(self.0);
//!         cx.respond(exchange, &Response::text(Status::OK, self.0.to_string().as_bytes()));
//!     }
//!
//!     fn restore(&mut self, count: u32) -> Result<(), Infallible> {
//!         self.0 = count;
//!         Ok(())
//!     }
//! }
//!
//! struct Fresh;
//!
//! impl TestGame for Fresh {
//!     type Service = Counter;
//!
//!     fn service(&self, _: &[(String, String)]) -> Counter {
//!         Counter(0)
//!     }
//! }
//!
//! let get = "GET / HTTP/1.1\nHost: x\n";
//! Scenario::new().client("ann").sends(get).responds(200, "1").check(&Fresh);
//!
//! // A response waits until its record is durable, and a crash does not lose the record afterwards.
//! Scenario::new()
//!     .client("ann")
//!     .sends(get)
//!     .responds(200, "1")
//!     .uncommitted()
//!     .sends(get)
//!     .held()
//!     .crash()
//!     .client("bob")
//!     .sends(get)
//!     .responds(200, "2")
//!     .check(&Fresh);
//! ```
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    reason = "a tool of tests: a panic is a test's failure, and its message says what differs"
)]

mod message;
mod play;
#[cfg(feature = "game")]
mod recording;
mod rig;
#[cfg(feature = "rows")]
mod rows;
mod scenario;
mod store;

pub use message::{Message, Mismatch, Piece, Rule};
pub use play::{Delivery, Played, TestGame};
#[cfg(feature = "game")]
pub use recording::Recording;
pub use rig::{Rig, START, body, status};
#[cfg(feature = "rows")]
pub use rows::Rows;
pub use scenario::{Scenario, Step};
pub use store::MemoryStore;
