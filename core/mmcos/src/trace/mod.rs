//! A run as text, to be played again: what a server started from, every input with its time, and what was done about it.
//!
//! ```text
//! mmcos-trace 2
//! start {"seed":"BwcHBw…","session_key":"AAAA…","limits":{…},"config":{…}}
//! record {"Player":{"user_id":1,…}}
//! 0.000000000 1700336720000 opened 1 tls 198.18.0.1:50000
//! 0.000000000 1700336720000 received 1 GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: localhost\r\n\r\n
//!   send 1 HTTP/1.1 200 OK\r\n…\r\n\r\nLive
//! 24.500000000 1700336744500 tick
//!   send 2 57634 bytes, SHA-256 Py3X…, beginning <LoginDetails xmlns:i="…
//! ```
//!
//! - `start`: the seed, and what of the configuration matters. The catalogue is the official one.
//! - `record`: what had been kept before, in the order in which to [restore](mmcos_core::Server::restore) it.
//! - A line that begins with a time is an input: monotonic seconds, wall-clock milliseconds, what, and of which
//!   connection; then `tls` or `plain` and the peer, or the bytes, or seconds: those of a commit, or the grace of a
//!   shutdown; or the state of the storage and the reason for it.
//! - Indented below it are its effects in order, without log lines.
//!
//! Bytes are printable ASCII; `\r`, `\n`, `\t`, `\\` and `\xNN` stand for the rest. Of what is sent, a piece that is longer than
//! [`SHOWN`] bytes is shown by its length, its digest and its beginning.
//!
//! Whoever runs a server writes [`Start`], then for every input an [`InputLine`] and for each of its effects an
//! [`EffectLine`], each followed by a line end. [`replay`] plays it again and compares.
//!
//! ```
//! use mmcos_core::{engine::Limits, seam::{ConnId, Input, Now, Outbox}};
//! use crate::{Config, catalogue::Catalogue, trace::{EffectLine, InputLine, Start, replay}};
//!
//! let config = Config::new(Catalogue::official()?);
//! let start = Start { seed: [7; 32], limits: Limits::default(), config, records: Vec::new() };
//! let (mut server, mut out, mut trace) = (start.server()?, Outbox::new(), format!("{start}\n"));
//! let conn = ConnId(1);
//! let request = b"GET /MMCOS/redirect_steam_submission3.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
//! for input in [
//!     Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), tls: false },
//!     Input::Received { conn, bytes: request },
//! ] {
//!     let now = Now::default();
//!     trace += &format!("{}\n", InputLine { now, input });
//!     server.handle(now, input, &mut out);
//!     for line in out.drain().filter_map(|effect| EffectLine::of(&effect)) {
//!         trace += &format!("{line}\n");
//!     }
//! }
//! assert_eq!(replay(&trace)?.inputs, 2);
//! assert!(replay(&trace.replace("Live", "Dead")).is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod bytes;
mod read;
mod replay;
mod start;
mod write;

pub use replay::{ReplayError, Replayed, replay};
pub use start::Start;
pub use write::{EffectLine, InputLine, SHOWN};

/// The first line: the name of the format and its version.
const FIRST_LINE: &str = "mmcos-trace 2";
/// The first line of traces that have the number of a listener in place of `tls` or `plain`.
const FIRST_LINE_OF_1: &str = "mmcos-trace 1";
