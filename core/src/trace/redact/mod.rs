//! Hides secrets in traces: of the bytes that clients send, a trace shows only those that the core reads.
//!
//! The heads of requests are alike for every game. The game's [`Redactor`] knows the secrets in paths, bodies,
//! responses and records.

mod addresses;
#[cfg(feature = "egonet")]
mod egonet;
mod requests;

use alloc::vec::Vec;
use core::fmt::Debug;

pub(super) use addresses::Addresses;
#[cfg(feature = "egonet")]
pub use egonet::blank_egonet;
pub(super) use requests::Requests;

use super::Start;
use crate::{
    game::{Game, Life},
    wire::http::Request,
};

/// Hides the secrets of a game in one trace. Every game must provide one: anyone with the trace can read what is
/// not hidden.
pub trait Redactor<G: Game>: Debug + Send + Sized + 'static {
    /// Returns a redactor for the trace of a server that starts from `start`. `entropy` is random and known only to
    /// the redactor.
    fn new(start: &Start<G>, entropy: [u8; 32]) -> Self;

    /// Returns the start of the trace: with another key, and with settings that suit the stand-ins for secrets.
    fn start(&self, start: &Start<G>) -> Start<G>;

    /// Returns true if a trace shows this path: a path of a service, without a secret.
    fn shows_path(&self, path: &str) -> bool;

    /// Returns true if a trace also shows the query behind this path; false by default.
    fn shows_query(&self, _path: &str) -> bool {
        false
    }

    /// Returns the value of a field of a head as a trace shows it, with the same length; `None`, the default, masks
    /// it.
    fn field(&self, _name: &str, _value: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// Returns the body of a request as a trace shows it, with the same length.
    fn body(&mut self, request: &Request<'_>) -> Vec<u8>;

    /// Returns sent bytes as a trace shows them, with the same length.
    fn sent(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Returns true if a trace shows this record.
    fn shows_record(&self, record: &G::Record) -> bool;
}

/// Hides all paths and bodies: for a game whose runs are not recorded, or that has no redactor yet. Such a trace does
/// not replay.
#[derive(Clone, Copy, Debug)]
pub struct HideAll;

impl<G: Game> Redactor<G> for HideAll {
    fn new(_: &Start<G>, _: [u8; 32]) -> Self {
        Self
    }

    fn start(&self, start: &Start<G>) -> Start<G> {
        let Life { seed, has_webhook, .. } = start.life;
        Start { life: Life { seed, has_webhook, ..Life::default() }, ..start.clone() }
    }

    fn shows_path(&self, _: &str) -> bool {
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

/// Replaces the value of this field in the head of a response. The stand-in must have the same length, or the value
/// is masked.
///
/// ```
/// use mmcos_core::trace::redact::with_field;
///
/// let response = b"HTTP/1.1 200 OK\r\nSession: s3cret\r\nContent-Length: 0\r\n\r\n";
/// let shown = with_field(response, "Session", |secret| vec![b'x'; secret.len()]);
/// assert_eq!(shown, b"HTTP/1.1 200 OK\r\nSession: xxxxxx\r\nContent-Length: 0\r\n\r\n");
/// ```
pub fn with_field(response: &[u8], name: &str, stand_in: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let field = [b"\r\n", name.as_bytes(), b": "].concat();
    let head = response.get(..requests::head_length(response)).unwrap_or_default();
    let start = head.windows(field.len()).position(|window| window == field);
    let parts = start.and_then(|start| response.split_at_checked(start.saturating_add(field.len())));
    let Some((before, rest)) = parts else { return response.to_vec() };
    let (value, after) = rest.split_at(rest.iter().position(|byte| *byte == b'\r').unwrap_or(rest.len()));
    let shown = Some(stand_in(value)).filter(|shown| shown.len() == value.len());
    [before, &shown.unwrap_or_else(|| all_masked(value)), after].concat()
}

/// Masks every letter and digit with `x`. A reference to a printable character becomes one to another character, with
/// as many digits; other references stay.
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

/// Returns `x` for a letter or digit; any other byte as it is.
fn masked(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { b'x' } else { byte }
}
