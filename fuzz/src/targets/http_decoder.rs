use mmcos_core::wire::http::{Decoded, Decoder, Error, Limits, Method, Request, Version};

use super::script::Script;

/// Limits that a short stream reaches.
const TIGHT: Limits = Limits { head: 120, fields: 4, body: 24 };

/// Limits for plainly written requests.
const ROOMY: Limits = Limits { head: 1 << 20, fields: 128, body: 1 << 20 };

/// Takes any bytes as a client's stream (the first two choose limits and the length of pieces). In whatever pieces
/// they come they are the same requests, within the limits, and a request written plainly is the same request again.
///
/// # Panics
/// If one of these promises is broken.
pub fn http_decoder(bytes: &[u8]) {
    let mut script = Script(bytes);
    let limits = if script.byte() & 1 == 0 { Limits::default() } else { TIGHT };
    let piece = usize::from(script.byte()) + 1;
    let stream = script.0;
    let whole = decode(stream, stream.len().max(1), &limits);
    assert_eq!(whole, decode(stream, 1, &limits), "byte by byte it is something else");
    assert_eq!(whole, decode(stream, piece, &limits), "in pieces of {piece} it is something else");
    for seen in &whole {
        if let Seen::Request(request) = seen {
            assert!(request.body.len() <= limits.body && request.fields.len() <= limits.fields);
            request.check_plain_form();
        }
    }
}

/// The parts of a stream.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Request(Plain),
    Continue,
    Refused(Error),
}

/// A request on its own.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    method: Method,
    version: Version,
    path: String,
    query: Option<String>,
    keep_alive: bool,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

/// Reads a stream that comes in pieces, as a server does.
fn decode(stream: &[u8], piece: usize, limits: &Limits) -> Vec<Seen> {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    let mut start = 0;
    for end in (piece..stream.len()).step_by(piece).chain([stream.len()]) {
        loop {
            match decoder.decode(&stream[start..end], limits) {
                Ok(Decoded::Request { request, consumed }) => {
                    assert!(consumed > 0 && start + consumed <= end, "it took {consumed}");
                    seen.push(Seen::Request(Plain::of(&request)));
                    start += consumed;
                }
                Ok(Decoded::Continue) => seen.push(Seen::Continue),
                Ok(Decoded::Incomplete) => break,
                Err(error) => {
                    assert!((400..=505).contains(&error.status().code()), "{error}");
                    seen.push(Seen::Refused(error));
                    return seen;
                }
            }
        }
    }
    seen
}

impl Plain {
    fn of(request: &Request<'_>) -> Self {
        Self {
            method: request.method(),
            version: request.version(),
            path: request.path().to_owned(),
            query: request.query().map(str::to_owned),
            keep_alive: request.keep_alive(),
            fields: request.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
            body: request.body().to_vec(),
        }
    }

    /// Writes the request in the plainest way and reads it again.
    fn check_plain_form(&self) {
        let Some(bytes) = self.plain_form() else { return };
        let read = decode(&bytes, bytes.len(), &ROOMY);
        let [Seen::Request(again)] = read.as_slice() else {
            panic!("{:?} is read as {read:?}", String::from_utf8_lossy(&bytes))
        };
        let others = |plain: &Self| -> Vec<_> {
            plain.fields.iter().filter(|(name, _)| !is_framing(name)).cloned().collect()
        };
        assert_eq!(others(again), others(self));
        let rest = |plain: &Self| {
            (
                plain.method,
                plain.version,
                plain.path.clone(),
                plain.query.clone(),
                plain.keep_alive,
                plain.body.clone(),
            )
        };
        assert_eq!(rest(again), rest(self));
    }

    /// Returns the request framed by its length, or `None` for an unknown method.
    fn plain_form(&self) -> Option<Vec<u8>> {
        let method = match self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            _ => return None,
        };
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let version = if self.version == Version::Http10 { "1.0" } else { "1.1" };
        let mut bytes = format!("{method} {}{query} HTTP/{version}\r\n", self.path).into_bytes();
        for (name, value) in self.fields.iter().filter(|(name, _)| !is_framing(name)) {
            bytes.extend([name, b": ".as_slice(), value, b"\r\n"].concat());
        }
        let connection = if self.keep_alive { "keep-alive" } else { "close" };
        let length = self.body.len();
        bytes.extend(format!("Connection: {connection}\r\nContent-Length: {length}\r\n\r\n").into_bytes());
        bytes.extend_from_slice(&self.body);
        Some(bytes)
    }
}

/// Returns true if a field frames the request and does not describe it.
fn is_framing(name: &[u8]) -> bool {
    ["connection", "content-length", "expect", "transfer-encoding"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()))
}
