//! What a fuzzer calls: functions of any bytes, which panic where the server breaks a promise.
//!
//! The fuzzers themselves are a package of its own below this one, `fuzz_targets`. What they found worth keeping is in
//! `seeds`, and is tried again with every test.

mod connection;
mod enter_matchmaking2_bytes;
mod matchmaker_events;

pub use connection::connection;
pub use enter_matchmaking2_bytes::enter_matchmaking2_bytes;
pub use matchmaker_events::matchmaker_events;
