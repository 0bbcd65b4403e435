//! Masks the bytes that clients send, for a trace.
//!
//! Only bytes that the core reads are shown. In all others, each letter and digit becomes `x`, so that malformed
//! input stays malformed in the same way, and all lengths stay the same.

use alloc::{string::String, vec, vec::Vec};
use core::str;

use super::{Addresses, Redactor, all_masked, masked};
use crate::{
    game::Game,
    wire::http::{Decoded, Decoder, Limits},
};

/// Fields that the engine reads as lists of these words.
const LISTS: [&[u8]; 3] = [b"Connection", b"Transfer-Encoding", b"Expect"];
const WORDS: [&[u8]; 4] = [b"close", b"keep-alive", b"chunked", b"100-continue"];
/// Names of fields that a trace shows: those of the game, of proxies and of scripts.
const NAMES: [&str; 22] = [
    "Host",
    "Content-Length",
    "Connection",
    "Transfer-Encoding",
    "Expect",
    "X-EgoNet-Function",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Forwarded",
    "Via",
    "Authorization",
    "Cookie",
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "Origin",
    "Referer",
    "User-Agent",
    "X-Unity-Version",
    "X-EgoNet-SessionID",
];
/// Methods that the core distinguishes.
const METHODS: [&[u8]; 7] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT"];
/// An unfinished request. Its head is passed on when it is whole, and so is its body. Of an unfinished head, only the
/// first byte is passed on, because that byte starts the core's time limit for heads.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    decoder: Decoder,
    raw: Vec<u8>,
    /// Number of bytes of `raw` that were passed on.
    passed: usize,
    /// True if these bytes are not requests; the core has closed the connection.
    lost: bool,
}

/// The state that hides secrets.
struct Secrets<'a, G: Game> {
    redactor: &'a mut G::Redactor,
    addresses: &'a mut Addresses,
}

impl Requests {
    /// Adds received bytes. Returns the bytes that the trace shows for them and for earlier ones.
    pub(crate) fn pass<G: Game>(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        redactor: &mut G::Redactor,
        addresses: &mut Addresses,
    ) -> Vec<u8> {
        let mut secrets = Secrets::<'_, G> { redactor, addresses };
        let secrets = &mut secrets;
        if self.lost {
            return vec![b'x'; bytes.len()];
        }
        self.raw.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(bytes.len());
        loop {
            let head = head_length(&self.raw);
            let consumed = match self.decoder.decode(&self.raw, limits) {
                Ok(Decoded::Request { request, consumed }) => {
                    let length = request.body().len();
                    let mut body = secrets.redactor.body(&request);
                    // Keep the length that the head announces.
                    body.resize(length, b'x');
                    let framed = self.raw.get(head..consumed).unwrap_or_default();
                    let framed = if framed.len() == body.len() { body } else { in_chunks(framed, &body) };
                    if self.passed < head {
                        let shown = shown_head(self.raw.get(..head).unwrap_or_default(), secrets);
                        out.extend(shown.into_iter().skip(self.passed));
                    }
                    out.extend(framed);
                    consumed
                }
                Ok(Decoded::Continue) => {
                    self.pass_head(head, secrets, &mut out);
                    continue;
                }
                Ok(Decoded::Incomplete) => {
                    if self.decoder.awaits_body() {
                        self.pass_head(head, secrets, &mut out);
                    } else if self.passed == 0 {
                        let first = shown_head(self.raw.get(..1).unwrap_or_default(), secrets);
                        self.passed = first.len();
                        out.extend(first);
                    }
                    return out;
                }
                Err(_) => {
                    let (lines, rest) = self.raw.split_at(head.max(self.passed));
                    if self.passed < lines.len() {
                        out.extend(shown_head(lines, secrets).into_iter().skip(self.passed));
                    }
                    out.extend(in_chunks(rest, &[]));
                    *self = Self { lost: true, ..Self::default() };
                    return out;
                }
            };
            self.raw.drain(..consumed);
            self.passed = 0;
        }
    }

    fn pass_head<G: Game>(&mut self, head: usize, secrets: &mut Secrets<'_, G>, out: &mut Vec<u8>) {
        if self.passed < head {
            out.extend(
                shown_head(self.raw.get(..head).unwrap_or_default(), secrets).into_iter().skip(self.passed),
            );
            self.passed = head;
        }
    }
}

/// Returns the length of the head with its empty line, or of all bytes if the head has not ended.
pub(super) fn head_length(raw: &[u8]) -> usize {
    let start = raw.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(raw.len());
    let head = raw.get(start..).unwrap_or_default();
    let end = head.windows(4).position(|window| window == b"\r\n\r\n");
    end.map_or(raw.len(), |end| start.saturating_add(end).saturating_add(4))
}

/// Returns a head, finished or not, as a trace shows it: masked line by line. Empty lines may precede the request
/// line.
fn shown_head<G: Game>(head: &[u8], secrets: &mut Secrets<'_, G>) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut is_first = true;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let is_empty = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        if is_first && !is_empty {
            request_line(line, secrets, &mut out);
        } else {
            field(line, secrets, &mut out);
        }
        is_first &= is_empty;
    }
    out
}

/// Masks a request line. Shows a known method, a version, and the target of a service; hides the query unless the
/// redactor shows it.
fn request_line<G: Game>(line: &[u8], secrets: &Secrets<'_, G>, out: &mut Vec<u8>) {
    for (place, word) in line.split_inclusive(|byte| *byte == b' ').enumerate() {
        let text = word.trim_ascii_end();
        let is_shown = match place {
            // The first letter is passed on before the rest has arrived.
            0 => {
                METHODS.contains(&text)
                    || text.len() < 2 && METHODS.iter().any(|method| method.starts_with(text))
            }
            1 => {
                let (target, query) =
                    text.split_at(text.iter().position(|b| *b == b'?').unwrap_or(text.len()));
                out.extend(shown_target(target, secrets));
                let path = str::from_utf8(target).unwrap_or_default();
                if secrets.redactor.shows_path(path) && secrets.redactor.shows_query(path) {
                    out.extend_from_slice(query);
                } else {
                    out.extend(query.iter().map(|byte| masked(*byte)));
                }
                out.extend_from_slice(word.get(text.len()..).unwrap_or_default());
                continue;
            }
            2 => matches!(text, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']),
            _ => false,
        };
        match (is_shown, word.split_first()) {
            (true, _) => out.extend_from_slice(word),
            // The first letter of a method, which is unchanged while the rest has not arrived (above), stays so.
            (false, Some((first, rest))) if place == 0 && b"GHPDOC".contains(first) => {
                out.push(*first);
                out.extend(rest.iter().map(|byte| masked(*byte)));
            }
            (false, _) => out.extend(word.iter().map(|byte| masked(*byte))),
        }
    }
}

fn shown_target<G: Game>(target: &[u8], secrets: &Secrets<'_, G>) -> Vec<u8> {
    let scheme = target.windows(3).position(|window| window == b"://").map_or(0, |at| at.saturating_add(3));
    let known =
        |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"http://") || scheme.eq_ignore_ascii_case(b"https://");
    let (scheme, rest) = target.split_at(scheme);
    let (authority, path) = if known(scheme) {
        rest.split_at(rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len()))
    } else {
        (&[][..], rest)
    };
    let mut out = if known(scheme) { scheme.to_vec() } else { all_masked(scheme) };
    out.extend(shown_host(authority));
    match str::from_utf8(path) {
        Ok(path) if secrets.redactor.shows_path(path) => out.extend_from_slice(path.as_bytes()),
        _ => out.extend(all_masked(path)),
    }
    out
}

/// Returns a host and a port as they are; masks anything else.
fn shown_host(host: &[u8]) -> Vec<u8> {
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(byte);
    if host.iter().all(is_host) { host.to_vec() } else { all_masked(host) }
}

/// Masks a field with its line end. Shows its value only as far as the core reads it.
fn field<G: Game>(line: &[u8], secrets: &mut Secrets<'_, G>, out: &mut Vec<u8>) {
    let name = line.iter().position(|byte| *byte == b':').and_then(|colon| line.get(..colon));
    let is_name = |name: &&[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let Some(name) = name.filter(is_name) else { return out.extend(all_masked(line)) };
    let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
    let (start, value) = line.split_at(name.len().saturating_add(1));
    let is_known = NAMES.iter().any(|known| is(known.as_bytes()));
    out.extend(if is_known { start.to_vec() } else { all_masked(start) });
    let text = value.trim_ascii();
    let shown = match text {
        _ if is(b"Host") => shown_host(text),
        _ if is(b"Content-Length") => {
            text.iter().map(|byte| if byte.is_ascii_digit() { *byte } else { masked(*byte) }).collect()
        }
        _ if LISTS.iter().any(|list| is(list)) => {
            let words = text.split_inclusive(|byte| *byte == b',').flat_map(|word| {
                let bare = word.strip_suffix(b",").unwrap_or(word).trim_ascii();
                let is_known = WORDS.iter().any(|known| bare.eq_ignore_ascii_case(known));
                if is_known { word.to_vec() } else { all_masked(word) }
            });
            words.collect()
        }
        _ if is(b"X-Forwarded-For") && secrets.addresses.are_forwarded() => {
            secrets.addresses.stand_in_for_hops(&String::from_utf8_lossy(text)).into_bytes()
        }
        _ => {
            let shown = str::from_utf8(name).ok().and_then(|name| secrets.redactor.field(name, text));
            // Keep the length of the head.
            shown.filter(|shown| shown.len() == text.len()).unwrap_or_else(|| all_masked(text))
        }
    };
    let before = value.len().saturating_sub(value.trim_ascii_start().len());
    out.extend_from_slice(value.get(..before).unwrap_or_default());
    out.extend(shown);
    if !text.is_empty() {
        out.extend_from_slice(value.get(value.trim_ascii_end().len()..).unwrap_or_default());
    }
}

/// Returns the chunks of `framed` with the data of `body`, filled up with `x`. Masks extensions and trailers.
fn in_chunks(framed: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(framed.len());
    let mut data = body.iter().copied().chain(core::iter::repeat(b'x'));
    let mut rest = framed;
    while let Some(feed) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(feed.saturating_add(1));
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (size, extension) = line.split_at(digits);
        out.extend_from_slice(size);
        out.extend(extension.iter().map(|byte| masked(*byte)));
        let size = str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.unwrap_or(0).min(after.len());
        out.extend(data.by_ref().take(size));
        rest = after.get(size..).unwrap_or_default();
    }
    // An unfinished size keeps its digits, which may be too many; no data is left at this point.
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).take(16).count();
    let (size, extension) = rest.split_at(digits);
    out.extend_from_slice(size);
    out.extend(extension.iter().map(|byte| masked(*byte)));
    out
}
