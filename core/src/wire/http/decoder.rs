use alloc::vec::Vec;

use super::chunked::Chunked;
use super::head::{self, Framing, Head};
use super::{Error, Request};

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
