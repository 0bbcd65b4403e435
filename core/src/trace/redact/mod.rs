//! Hides secrets in traces: of what clients send, a trace shows what the core reads, and nothing else.
//!
//! Heads of requests are alike for every game, see [`Requests`]. What of paths, bodies, responses and records is a secret
//! is known by the game's [`Redactor`].

mod addresses;
#[cfg(feature = "egonet")]
mod egonet;
mod requests;

use alloc::vec::Vec;
use core::fmt::Debug;

pub use addresses::Addresses;
#[cfg(feature = "egonet")]
pub use egonet::blank_egonet;
pub use requests::Requests;

use super::Start;
use crate::{
    game::{Game, Life},
    wire::http::Request,
};

/// Hides the secrets of a game in one recording. A game has to provide it: what is not hidden can be read by everyone who
/// gets the trace.
pub trait Redactor<G: Game>: Debug + Send + Sized + 'static {
    /// A redactor for the recording of a server that starts from this. `entropy` is random and known to nobody else.
    fn new(start: &Start<G>, entropy: [u8; 32]) -> Self;

    /// The start of the trace: with another key, and with settings that suit the stand-ins for secrets.
    fn start(&self, start: &Start<G>) -> Start<G>;

    /// Returns whether a trace shows this path: that of a service, which holds no secret.
    fn shows_path(&self, path: &str) -> bool;

    /// Returns whether a trace shows the query behind this path as well; it does not by default.
    fn shows_query(&self, _path: &str) -> bool {
        false
    }

    /// Returns whether a trace shows the value of this field of a head.
    fn shows_field(&self, name: &str, value: &[u8]) -> bool;

    /// The body of a request as a trace shows it, in as many bytes.
    fn body(&mut self, request: &Request<'_>) -> Vec<u8>;

    /// Bytes that are sent, as a trace shows them, in as many bytes.
    fn sent(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Returns whether a trace shows this record.
    fn shows_record(&self, record: &G::Record) -> bool;
}

/// Shows neither paths nor bodies: for a game without recordings, or until there is a redactor. Such a trace does not
/// replay.
#[derive(Clone, Copy, Debug)]
pub struct HideAll;

impl<G: Game> Redactor<G> for HideAll {
    fn new(_: &Start<G>, _: [u8; 32]) -> Self {
        Self
    }

    fn start(&self, start: &Start<G>) -> Start<G> {
        Start { life: Life { seed: start.life.seed, ..Life::default() }, ..start.clone() }
    }

    fn shows_path(&self, _: &str) -> bool {
        false
    }

    fn shows_field(&self, _: &str, _: &[u8]) -> bool {
        false
    }

    fn body(&mut self, request: &Request<'_>) -> Vec<u8> {
        all_masked(request.body())
    }

    fn sent(&mut self, bytes: &[u8]) -> Vec<u8> {
        all_masked(bytes)
    }

    fn shows_record(&self, _: &G::Record) -> bool {
        false
    }
}

/// Bytes without what they say: `x` for each letter and digit. A reference to a character stays one: to another of as many digits, if it says anything.
pub fn all_masked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let reference =
            (*first == b'&').then(|| after.iter().take(10).position(|byte| *byte == b';')).flatten();
        rest = if let Some((name, after)) = reference.and_then(|end| after.split_at_checked(end)) {
            out.push(b'&');
            out.extend(shown_reference(name));
            after
        } else {
            out.push(masked(*first));
            after
        };
    }
    out
}

fn shown_reference(name: &[u8]) -> Vec<u8> {
    let (start, digits, radix, other) = match name {
        [b'#', b'x', digits @ ..] => ("#x", digits, 16, "78"),
        [b'#', digits @ ..] => ("#", digits, 10, "48"),
        b"amp" | b"lt" | b"gt" | b"apos" | b"quot" => return name.to_vec(),
        _ => return name.iter().map(|byte| masked(*byte)).collect(),
    };
    let code = core::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok());
    match code.and_then(char::from_u32) {
        Some(' '..) if digits.len() > 1 => {
            let zeros = "0".repeat(digits.len().saturating_sub(other.len()));
            [start, &zeros, other].concat().into_bytes()
        }
        _ => name.to_vec(),
    }
}

/// A letter or digit without what it says; anything else as it is.
fn masked(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { b'x' } else { byte }
}
