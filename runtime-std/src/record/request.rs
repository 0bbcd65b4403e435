//! What a client sends, as a trace may show it.
//!
//! Only what the core reads is shown. Of all else each letter and digit is written as `x`, so that what is malformed
//! stays malformed in the same way, and every length is as it was.

use mmcos_core::wire::egonet::{self, DecodeError};
use mmcos_core::wire::http::{Decoded, Decoder, Limits};
use mmcos_game::is_service;

use super::secrets::Secrets;

/// Fields that the engine reads as lists of these words.
const LISTS: [&[u8]; 3] = [b"Connection", b"Transfer-Encoding", b"Expect"];
const WORDS: [&[u8]; 4] = [b"close", b"keep-alive", b"chunked", b"100-continue"];
/// Names of fields that are worth knowing of: those of the game, of proxies and of scripts.
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
/// Methods that the core tells apart.
const METHODS: [&[u8]; 7] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT"];
/// Elements whose text a service reads and that are no secret.
const SHOWN: [&[u8]; 19] = [
    b"DisplayName",
    b"DefaultTitle",
    b"Title",
    b"GroupLobbyId",
    b"GameLobbyId",
    b"NetworkVersion",
    b"GameType",
    b"GroupSize",
    b"RuleSet",
    b"IgnoreMinimumMatchRequirements",
    b"RaceKey",
    b"PlatformIDs",
    b"PlatformId",
    b"Points",
    b"Level",
    b"Prestige",
    b"StartRank",
    b"NumResults",
    b"MaxEntries",
];
const EGONET_LOGIN: &[u8] = b"LoginService.Login";

/// What has come of a request that is not whole. Its head is passed on when it is whole, its body likewise; of an earlier
/// head the first byte, for which the core's clock for heads starts.
#[derive(Debug, Default)]
pub(super) struct Requests {
    decoder: Decoder,
    raw: Vec<u8>,
    /// How much of `raw` was passed on.
    passed: usize,
    /// These bytes are no requests; the core has closed the connection.
    lost: bool,
}

impl Requests {
    /// Takes bytes, and gives those that the trace shows for them and for earlier ones.
    pub(super) fn pass(&mut self, bytes: &[u8], limits: &Limits, secrets: &mut Secrets) -> Vec<u8> {
        if self.lost {
            return vec![b'x'; bytes.len()];
        }
        self.raw.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(bytes.len());
        loop {
            let head = head_length(&self.raw);
            let consumed = match self.decoder.decode(&self.raw, limits) {
                Ok(Decoded::Request { request, consumed }) => {
                    let body = request.body();
                    let body = match request.field("X-EgoNet-Function") {
                        Some(EGONET_LOGIN) if request.path().ends_with("/MicroMachines/STEAM/1.0/") => {
                            shown_egonet(body, secrets)
                        }
                        _ if is_service(request.path()) => shown_xml(body, secrets),
                        _ => vec![b'x'; body.len()],
                    };
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

    fn pass_head(&mut self, head: usize, secrets: &mut Secrets, out: &mut Vec<u8>) {
        if self.passed < head {
            out.extend(
                shown_head(self.raw.get(..head).unwrap_or_default(), secrets).into_iter().skip(self.passed),
            );
            self.passed = head;
        }
    }
}

/// How long the head is, with its empty line; everything, if that is not there.
fn head_length(raw: &[u8]) -> usize {
    let start = raw.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(raw.len());
    let head = raw.get(start..).unwrap_or_default();
    let end = head.windows(4).position(|window| window == b"\r\n\r\n");
    end.map_or(raw.len(), |end| start.saturating_add(end).saturating_add(4))
}

/// A head, whole or not, line by line.
fn shown_head(head: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut is_first = true;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let is_empty = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        if is_first && !is_empty {
            request_line(line, &mut out);
        } else {
            field(line, secrets, &mut out);
        }
        is_first &= is_empty;
    }
    out
}

/// Method and version, if there are such; the target, if a service is there; nothing of a query.
fn request_line(line: &[u8], out: &mut Vec<u8>) {
    for (place, word) in line.split_inclusive(|byte| *byte == b' ').enumerate() {
        let text = word.trim_ascii_end();
        let is_shown = match place {
            // The first letter is passed on before the rest is known.
            0 => {
                METHODS.contains(&text)
                    || text.len() < 2 && METHODS.iter().any(|method| method.starts_with(text))
            }
            1 => {
                let (target, query) =
                    text.split_at(text.iter().position(|b| *b == b'?').unwrap_or(text.len()));
                out.extend(shown_target(target));
                out.extend(query.iter().map(|byte| masked(*byte)));
                out.extend_from_slice(word.get(text.len()..).unwrap_or_default());
                continue;
            }
            2 => matches!(text, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']),
            _ => false,
        };
        match (is_shown, word.split_first()) {
            (true, _) => out.extend_from_slice(word),
            (false, Some((first, rest))) if place == 0 && b"GHPDOC".contains(first) => {
                out.push(*first);
                out.extend(rest.iter().map(|byte| masked(*byte)));
            }
            (false, _) => out.extend(word.iter().map(|byte| masked(*byte))),
        }
    }
}

fn shown_target(target: &[u8]) -> Vec<u8> {
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
        Ok(path) if is_service(path) => out.extend_from_slice(path.as_bytes()),
        _ => out.extend(all_masked(path)),
    }
    out
}

/// A host and a port; something else without what it says.
fn shown_host(host: &[u8]) -> Vec<u8> {
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(byte);
    if host.iter().all(is_host) { host.to_vec() } else { all_masked(host) }
}

/// A field with its line end; its value only as far as the core reads it.
fn field(line: &[u8], secrets: &mut Secrets, out: &mut Vec<u8>) {
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
        EGONET_LOGIN | b"Analytics.DataEvent" if is(b"X-EgoNet-Function") => text.to_vec(),
        _ if is(b"X-Forwarded-For") && secrets.trusts_proxies() => {
            secrets.addresses.stand_in_for_hops(&String::from_utf8_lossy(text)).into_bytes()
        }
        _ => all_masked(text),
    };
    let before = value.len().saturating_sub(value.trim_ascii_start().len());
    out.extend_from_slice(value.get(..before).unwrap_or_default());
    out.extend(shown);
    if !text.is_empty() {
        out.extend_from_slice(value.get(value.trim_ascii_end().len()..).unwrap_or_default());
    }
}

/// The chunks of `framed` with the data of `body`, and `x` where that ends. Extensions and trailers say nothing.
fn in_chunks(framed: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(framed.len());
    let mut data = body.iter().copied().chain(std::iter::repeat(b'x'));
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
    // A size that is not whole keeps the digits, which may be too many; of data that is not whole nothing is left.
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).take(16).count();
    let (size, extension) = rest.split_at(digits);
    out.extend_from_slice(size);
    out.extend(extension.iter().map(|byte| masked(*byte)));
    out
}

/// A document: the texts that a service reads, with what stands in for session tokens and tickets.
fn shown_xml(document: &[u8], secrets: &Secrets) -> Vec<u8> {
    let mut out = Vec::with_capacity(document.len());
    let mut element: &[u8] = b"";
    let mut rest = document;
    while !rest.is_empty() {
        let (piece, kind) = next_piece(rest);
        rest = rest.get(piece.len()..).unwrap_or_default();
        match kind {
            Piece::Text(before, after) => {
                let text = piece.get(before..piece.len().saturating_sub(after)).unwrap_or_default();
                out.extend_from_slice(piece.get(..before).unwrap_or_default());
                out.extend(match element {
                    b"SessionToken" => secrets.stand_in_for_token(text),
                    b"PlatformID" => secrets.stand_in_for_platform_id(text),
                    shown if SHOWN.contains(&shown) => text.to_vec(),
                    _ => all_masked(text),
                });
                out.extend_from_slice(piece.get(piece.len().saturating_sub(after)..).unwrap_or_default());
            }
            Piece::Start => {
                let end = piece.iter().position(|byte| b" \t\r\n/>".contains(byte)).unwrap_or(piece.len());
                let (name, attributes) = piece.split_at(end);
                let local = name.rsplit(|byte| matches!(byte, b':' | b'<')).next().unwrap_or_default();
                element = if piece.ends_with(b"/>") { b"" } else { local };
                out.extend_from_slice(name);
                let mut quoted = false;
                for value in attributes.split_inclusive(|byte| matches!(byte, b'"' | b'\'')) {
                    let is_read = matches!(value.trim_ascii_end(), [b't', b'r', b'u', b'e', _] | [b'1', _]);
                    out.extend(if quoted && !is_read { all_masked(value) } else { value.to_vec() });
                    quoted = !quoted;
                }
            }
            Piece::End => {
                element = b"";
                out.extend_from_slice(piece);
            }
            Piece::Other => out.extend(all_masked(piece)),
        }
    }
    out
}

/// What a document has next. A text has markup of so many bytes before it, and after it.
enum Piece {
    Text(usize, usize),
    Start,
    End,
    Other,
}

fn next_piece(rest: &[u8]) -> (&[u8], Piece) {
    const CDATA: (&[u8], &[u8]) = (b"<![CDATA[", b"]]>");
    let up_to = |end: &[u8]| {
        let at = rest.windows(end.len()).position(|window| window == end);
        at.and_then(|at| rest.get(..at.saturating_add(end.len())))
    };
    if rest.starts_with(CDATA.0) {
        return up_to(CDATA.1)
            .map_or((rest, Piece::Other), |piece| (piece, Piece::Text(CDATA.0.len(), CDATA.1.len())));
    }
    let (end, kind): (&[u8], Piece) = match rest {
        [b'<', b'!', b'-', b'-', ..] => (b"-->", Piece::Other),
        [b'<', b'?', ..] => {
            // A declaration says nothing, and one that is masked is none.
            return up_to(b"?>").map_or((rest, Piece::Other), |piece| (piece, Piece::End));
        }
        [b'<', b'!', ..] => (b">", Piece::Other),
        [b'<', b'/', ..] => (b">", Piece::End),
        [b'<', ..] => (b">", Piece::Start),
        _ => {
            let text = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
            return (rest.get(..text).unwrap_or_default(), Piece::Text(0, 0));
        }
    };
    up_to(end).map_or((rest, Piece::Other), |piece| (piece, kind))
}

/// An `EgoNet` value with its `Name`; its other texts and blobs are blank, and so is what follows an error.
fn shown_egonet(value: &[u8], secrets: &Secrets) -> Vec<u8> {
    let mut out = value.to_vec();
    let mut at = 0_usize;
    while let Some(rest) = out.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest {
            [b'b', b'l', b'o', b'b', a, b, c, d, ..] | [b'd', b's', b't', b'r', a, b, c, d, ..] => {
                Some(usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX))
            }
            _ => None,
        };
        let is_name = at.checked_sub(5).and_then(|before| value.get(before..at)) == Some(b"\x04Name");
        at = at.saturating_add(match length {
            None => 1,
            Some(length) => {
                let content = rest.get_mut(8..).unwrap_or_default();
                let length = length.min(content.len());
                if let Some(content) = content.get_mut(..length).filter(|_| !is_name) {
                    content.fill(0);
                }
                length.saturating_add(8)
            }
        });
    }
    let decode = |bytes: &[u8]| egonet::decode_with_any_text(bytes, secrets.egonet_limits()).err();
    let error = decode(value);
    // What an error tells is in the eight bytes from its offset on, if not before it.
    let told = match &error {
        None => value.len(),
        Some(
            DecodeError::Truncated { at, .. }
            | DecodeError::UnknownTag { at, .. }
            | DecodeError::Bool { at, .. }
            | DecodeError::Text { at, .. }
            | DecodeError::Name { at }
            | DecodeError::TooDeep { at, .. }
            | DecodeError::TooMany { at, .. },
        ) => at.saturating_add(8),
        Some(DecodeError::Trailing { at, .. }) => *at,
        Some(_) => 0,
    };
    if let Some(rest) = out.get_mut(told..) {
        rest.fill(0);
    }
    if decode(&out) == error { out } else { vec![0; value.len()] }
}

/// What is sent, with what stands in for session tokens.
pub(super) fn shown_answer(bytes: &[u8], secrets: &Secrets) -> Vec<u8> {
    const OPEN: &[u8] = b"<SessionToken>";
    let start = bytes.windows(OPEN.len()).position(|window| window == OPEN);
    let Some(start) = start.map(|start| start.saturating_add(OPEN.len())) else { return bytes.to_vec() };
    let (before, rest) = bytes.split_at(start);
    let (token, after) = rest.split_at(rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len()));
    [before, &secrets.stand_in_for_token(token), after].concat()
}

/// Bytes without what they say. A reference to a character stays one: to another of as many digits, if it says anything.
pub(super) fn all_masked(bytes: &[u8]) -> Vec<u8> {
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
    let code = str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok());
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
