use alloc::vec::Vec;

use super::{
    Error, Request,
    head::{self, Framing, Head},
};

/// Maximum sizes of a request. The defaults are our choice; the largest request seen is a `GetFriends` of 15 KB with
/// 155 friends (capture 12), and one of 2,000 friends must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Bytes of request line and fields together.
    pub head: usize,
    /// Number of fields, at most 128.
    pub fields: usize,
    /// Bytes of a body.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 16 * 1024, fields: 100, body: 256 * 1024 }
    }
}

/// Result of decoding the bytes so far.
#[derive(Debug)]
pub enum Decoded<'a> {
    /// A whole request. The first `consumed` bytes of the input are used up.
    Request {
        /// The request.
        request: Request<'a>,
        /// Number of bytes of the input that it used.
        consumed: usize,
    },
    /// The client sent a head with `Expect: 100-continue` and may be waiting: send `100 Continue` and decode again.
    /// Returned once for a request, whether or not its body has arrived, so that the same bytes get the same response
    /// however they were split.
    Continue,
    /// The request is not whole yet.
    Incomplete,
}

/// Finds requests in the bytes of one connection.
///
/// Call [`Decoder::decode`] with all bytes since the last whole request. After [`Decoded::Incomplete`], call it again
/// with the same bytes and those that followed. Each byte is read a bounded number of times, however small the
/// pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Data of a chunked body.
    unchunked: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Searching for the end of the head. The first `scanned` bytes do not contain it.
    Head { scanned: usize },
    /// The head, of this length, is valid; its body is not whole.
    Body { head: usize, body: Body },
}

#[derive(Clone, Copy, Debug)]
enum Body {
    Length(usize),
    Chunked(Chunked),
}

impl Default for State {
    fn default() -> Self {
        Self::Head { scanned: 0 }
    }
}

impl Decoder {
    /// Returns true if a head was read whose body is still to come.
    pub const fn awaits_body(&self) -> bool {
        matches!(self.state, State::Body { .. })
    }

    /// Returns the bytes that a chunked body occupies so far.
    pub const fn held(&self) -> usize {
        // A body with a length stays in the bytes of the caller.
        self.unchunked.capacity()
    }

    /// Frees the body of a request that has been served.
    pub fn release(&mut self) {
        // The chunks of an unfinished body are decoded only once.
        if !self.awaits_body() {
            self.unchunked = Vec::new();
        }
    }

    /// Decodes the next request.
    ///
    /// # Errors
    /// Any [`Error`] is final: the decoder cannot know where the next request starts.
    pub fn decode<'a>(&'a mut self, input: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Error> {
        let mut fresh_head = None;
        if let State::Head { scanned } = &mut self.state {
            // Goes on where it stopped: a head in single bytes must not cost the square of its length.
            let Some(length) = head::find_end(input, scanned, limits)? else {
                return Ok(Decoded::Incomplete);
            };
            let head = head::parse(input.get(..length).unwrap_or_default(), limits)?;
            // Before `100 Continue`: a body that is too large gets 413 instead (RFC 9110, section 10.1.1).
            self.begin_body(length, &head, limits)?;
            if head.expects_continue && head.framing != Framing::Length(0) {
                return Ok(Decoded::Continue);
            }
            fresh_head = Some(head);
        }
        // Always a body here: `begin_body` has set it.
        let State::Body { head: head_length, body } = &mut self.state else {
            return Ok(Decoded::Incomplete);
        };
        // Never shorter: the caller gives all bytes since the last request.
        let (head_bytes, after_head) = input.split_at_checked(*head_length).unwrap_or((input, &[]));
        let body_length = match body {
            Body::Length(length) => (after_head.len() >= *length).then_some(*length),
            Body::Chunked(chunked) => chunked.decode(after_head, &mut self.unchunked, limits.body)?,
        };
        let Some(body_length) = body_length else { return Ok(Decoded::Incomplete) };
        let body = match body {
            Body::Length(length) => after_head.get(..*length).unwrap_or_default(),
            Body::Chunked(_) => &self.unchunked,
        };
        let consumed = head_length.saturating_add(body_length);
        self.state = State::default();
        // The body came later than its head. The head was valid then, and is parsed again.
        let head = match fresh_head {
            Some(head) => head,
            None => head::parse(head_bytes, limits)?,
        };
        let Head { method, version, target, fields, keep_alive, .. } = head;
        Ok(Decoded::Request {
            request: Request { method, version, target, fields, keep_alive, body },
            consumed,
        })
    }

    fn begin_body(&mut self, head_length: usize, head: &Head<'_>, limits: &Limits) -> Result<(), Error> {
        let body = match head.framing {
            Framing::Length(length) if length > limits.body => {
                return Err(Error::BodyTooLarge { limit: limits.body });
            }
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => {
                // Pipelined requests come without `release` between them.
                self.unchunked = Vec::new();
                Body::Chunked(Chunked::default())
            }
        };
        self.state = State::Body { head: head_length, body };
        Ok(())
    }
}

/// Maximum length of a size line or a trailer line, in bytes.
const LONGEST_LINE: usize = 1024;

/// State of decoding a chunked body (RFC 9112, section 7.1). Extensions and trailers are ignored. Positions are offsets
/// into the bytes after the head.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunked {
    position: usize,
    expects: Expects,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    #[default]
    Size,
    Data(usize),
    EndOfData,
    Trailer,
}

impl Chunked {
    /// Continues with `input`, all bytes after the head, and appends data to `body`. Returns the length of the whole
    /// encoded body once it has arrived.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
        limit: usize,
    ) -> Result<Option<usize>, Error> {
        loop {
            let rest = input.get(self.position..).unwrap_or_default();
            match self.expects {
                Expects::Size => {
                    let Some(line) = self.line(rest)? else { return Ok(None) };
                    let size = chunk_size(line)?;
                    // On the announcement, before any of the data is stored.
                    if size > limit.saturating_sub(body.len()) {
                        return Err(Error::BodyTooLarge { limit });
                    }
                    self.expects = if size == 0 { Expects::Trailer } else { Expects::Data(size) };
                }
                Expects::Data(left) => {
                    let data = rest.get(..left.min(rest.len())).unwrap_or(rest);
                    body.extend_from_slice(data);
                    self.position = self.position.saturating_add(data.len());
                    match left.saturating_sub(data.len()) {
                        0 => self.expects = Expects::EndOfData,
                        left => {
                            // Remember the place, or a client that sends single bytes has all of them read again.
                            self.expects = Expects::Data(left);
                            return Ok(None);
                        }
                    }
                }
                Expects::EndOfData => match self.line(rest)? {
                    None => return Ok(None),
                    Some(b"") => self.expects = Expects::Size,
                    // Another end than announced: proxies might see another request (RFC 9112, section 11.2).
                    Some(_) => return Err(Error::BadChunk),
                },
                Expects::Trailer => match self.line(rest)? {
                    None => return Ok(None),
                    Some(b"") => return Ok(Some(self.position)),
                    Some(line) => {
                        // Ignored, but parked until the body ends, so their sum is limited.
                        self.trailers = self.trailers.saturating_add(line.len());
                        if self.trailers > LONGEST_LINE {
                            return Err(Error::BadChunk);
                        }
                    }
                },
            }
            // Chunks of one byte take six bytes, so limit the encoded length too.
            if self.position > limit.saturating_mul(2).saturating_add(LONGEST_LINE) {
                return Err(Error::BodyTooLarge { limit });
            }
        }
    }

    /// Takes the next line, without its end; `None` while it is not whole.
    fn line<'a>(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, Error> {
        let Some(feed) = memchr::memchr(b'\n', rest) else {
            // A line that never ends must not be parked without bound.
            return if rest.len() > LONGEST_LINE { Err(Error::BadChunk) } else { Ok(None) };
        };
        self.position = self.position.saturating_add(feed).saturating_add(1);
        // Readers differ on whether a bare line feed or carriage return ends a line (RFC 9112, sections 2.2 and 11.2).
        match rest.get(..feed) {
            Some([line @ .., b'\r']) if line.len() <= LONGEST_LINE && !line.contains(&b'\r') => {
                Ok(Some(line))
            }
            _ => Err(Error::BadChunk),
        }
    }
}

/// Parses the size before any extension: hex digits, at most eight after leading zeros. Blanks may stand between it
/// and an extension, and nowhere else (RFC 9112, section 7.1.1).
fn chunk_size(line: &[u8]) -> Result<usize, Error> {
    let extension = memchr::memchr(b';', line);
    let digits = extension.map_or(line, |at| line.get(..at).unwrap_or_default());
    let text = core::str::from_utf8(digits).map_err(|_| Error::BadChunk)?;
    let text = if extension.is_some() { text.trim_end_matches([' ', '\t']) } else { text };
    // `from_str_radix` would accept a sign.
    let is_hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hex || text.trim_start_matches('0').len() > 8 {
        return Err(Error::BadChunk);
    }
    // Fits: eight digits are 32 bits.
    usize::from_str_radix(text, 16).map_err(|_| Error::BadChunk)
}
