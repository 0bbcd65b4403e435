//! Parses the request line and the fields.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use super::request::{Target, is_authority};
use super::{Error, Limits, Method, Version};

/// Framing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) target: Target<'a>,
    pub(super) fields: &'a [u8],
    pub(super) keep_alive: bool,
    pub(super) framing: Framing,
    pub(super) expects_continue: bool,
}

/// Maximum number of empty lines before a request line. Some clients send one after a body.
const EMPTY_LINES: usize = 4;

/// Searches for the empty line that ends a head, from `*scanned` on. Returns the length of the head, or `None` while
/// it is not whole; `scanned` is then where to continue. Up to [`EMPTY_LINES`] empty lines may stand before the
/// request line (RFC 9112, section 2.2).
pub(super) fn find_end(input: &[u8], scanned: &mut usize, limits: &Limits) -> Result<Option<usize>, Error> {
    let limit = limits.head;
    // Not beyond the limit, even if more has come: the verdict must not depend on how the bytes are split.
    let window = input.get(..limit.min(input.len())).unwrap_or(input);
    // Counted anew at each call, since the lines may come in pieces.
    let empty_lines = window.chunks(2).take(EMPTY_LINES).take_while(|line| *line == b"\r\n").count();
    let leading = empty_lines.saturating_mul(2).max(1);
    while let Some(feed) = window.get(*scanned..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let line_start = *scanned;
        let line_end = line_start.saturating_add(feed);
        let line = window.get(line_start..line_end).unwrap_or_default();
        *scanned = line_end.saturating_add(1);
        match line {
            [b'\r'] if line_start >= leading => return Ok(Some(*scanned)),
            [.., b'\r'] => {}
            // Proxies have been deceived by it (RFC 9112, section 11.2).
            _ => return Err(Error::BareLineFeed),
        }
    }
    match input.len() > limit {
        true if *scanned == 0 => Err(Error::TargetTooLong { limit }),
        true => Err(Error::HeadTooLarge { limit }),
        false => Ok(None),
    }
}

/// Maximum number of fields that can be configured.
pub(super) const MOST_FIELDS: usize = 128;

/// Parses a whole head, as delimited by [`find_end`].
pub(super) fn parse<'a>(head: &'a [u8], limits: &Limits) -> Result<Head<'a>, Error> {
    let (line, fields) = split_request_line(head);
    let mut as_http_1_1 = Vec::new();
    let known = match version_of(line) {
        // Without a version, httparse finds the fault.
        Some((1, 0 | 1)) | None => head,
        // A later minor version keeps the message format (RFC 9110, section 2.5), but httparse knows only these two.
        Some((1, 2..)) => {
            let (before, after) = head.split_at(head.len().saturating_sub(fields.len()));
            as_http_1_1.extend_from_slice(before.strip_suffix(b"\r").unwrap_or(before));
            // The minor version is the last byte.
            as_http_1_1.pop();
            as_http_1_1.extend_from_slice(b"1\r");
            as_http_1_1.extend_from_slice(after);
            &as_http_1_1
        }
        Some(_) => return Err(Error::Version),
    };
    let mut slots = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let limit = limits.fields.min(MOST_FIELDS);
    let slots = slots.get_mut(..limit).unwrap_or_default();
    let mut request = httparse::Request::new(&mut []);
    match httparse::ParserConfig::default().parse_request_with_uninit_headers(&mut request, known, slots) {
        Ok(httparse::Status::Complete(_)) => {}
        // Not for want of bytes: `find_end` has found the empty line.
        Ok(httparse::Status::Partial) => return Err(Error::MalformedHead(httparse::Error::NewLine)),
        Err(httparse::Error::TooManyHeaders) => return Err(Error::TooManyFields { limit }),
        Err(error) => return Err(Error::MalformedHead(error)),
    }
    let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
    // From `line`, because what httparse returns may borrow from the copy.
    let mut words = str::from_utf8(line).unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let says = FieldsSay::read(request.headers, version)?;
    Ok(Head {
        method: Method::of(method),
        version,
        target: Target::parse(method, target).ok_or(Error::Target)?,
        fields,
        keep_alive: says.keep_alive,
        framing: says.framing,
        // An HTTP/1.0 client must not get 100 (RFC 9110, section 10.1.1).
        expects_continue: says.expects_continue && version == Version::Http11,
    })
}

/// Returns the version in a request line, if there is one.
fn version_of(line: &[u8]) -> Option<(u8, u8)> {
    match line.split(|&b| b == b' ').nth(2)?.strip_prefix(b"HTTP/")? {
        [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            Some((major.saturating_sub(b'0'), minor.saturating_sub(b'0')))
        }
        _ => None,
    }
}

/// Splits a head into the request line without its end, and the lines of the fields, which begin with the line feed
/// of the request line.
fn split_request_line(head: &[u8]) -> (&[u8], &[u8]) {
    let start = head.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
    let line = head.get(start..).unwrap_or_default();
    let feed = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let (line, fields) = line.split_at_checked(feed).unwrap_or((line, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), fields)
}

/// Meaning of the fields for the connection and the body.
struct FieldsSay {
    keep_alive: bool,
    framing: Framing,
    expects_continue: bool,
}

impl FieldsSay {
    fn read(fields: &[httparse::Header<'_>], version: Version) -> Result<Self, Error> {
        let (mut keep_alive, mut close) = (version == Version::Http11, false);
        let mut length = None;
        let mut chunked = false;
        let mut expects_continue = false;
        let (mut unmet_expectation, mut repeated_length, mut unknown_coding) = (false, false, false);
        let (mut hosts, mut valid_host) = (0_usize, true);
        for field in fields {
            // Lengths of names differ, so most fields cost one comparison.
            match field.name.len() {
                4 if field.name.eq_ignore_ascii_case("Host") => {
                    hosts = hosts.saturating_add(1);
                    // Empty for a target without an authority (RFC 9112, section 3.2).
                    valid_host &= field.value.is_empty() || is_authority(field.value);
                }
                6 if field.name.eq_ignore_ascii_case("Expect") => {
                    expects_continue = field.value.eq_ignore_ascii_case(b"100-continue");
                    unmet_expectation |= !expects_continue;
                }
                10 if field.name.eq_ignore_ascii_case("Connection") => {
                    for option in field.value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                        close |= option.eq_ignore_ascii_case(b"close");
                        keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if field.name.eq_ignore_ascii_case("Content-Length") => {
                    // Also equal ones: rejecting them is the stricter of two choices (RFC 9110, section 8.6).
                    repeated_length |= length.replace(decimal(field.value)?).is_some();
                }
                17 if field.name.eq_ignore_ascii_case("Transfer-Encoding") => {
                    // `chunked` must not be applied twice (RFC 9112, section 6.1).
                    unknown_coding |= chunked || !field.value.eq_ignore_ascii_case(b"chunked");
                    chunked = true;
                }
                _ => {}
            }
        }
        // With two, a proxy may go by the other one (RFC 9112, section 3.2).
        if hosts > 1 || version == Version::Http11 && hosts == 0 {
            return Err(Error::Host(hosts));
        }
        if !valid_host {
            return Err(Error::HostValue);
        }
        let framing = match (chunked, length) {
            _ if unmet_expectation => return Err(Error::Expectation),
            _ if repeated_length => return Err(Error::RepeatedLength),
            // The usual form of request smuggling (RFC 9112, section 6.3).
            (true, Some(_)) => return Err(Error::LengthAndChunked),
            (true, None) if unknown_coding => return Err(Error::UnknownTransferCoding),
            // HTTP/1.0 has no codings, so the framing is faulty (RFC 9112, section 6.1).
            (true, None) if version == Version::Http10 => return Err(Error::ChunkedInHttp10),
            (true, None) => Framing::Chunked,
            // A request without framing has no body (RFC 9112, section 6.3).
            (false, length) => Framing::Length(length.unwrap_or(0)),
        };
        // `close` wins, whatever its position (RFC 9112, section 9.3).
        Ok(Self { keep_alive: keep_alive && !close, framing, expects_continue })
    }
}

/// Parses a decimal number. One that is too large becomes the largest possible.
fn decimal(digits: &[u8]) -> Result<usize, Error> {
    // `str::parse` would accept a sign.
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::BadLength);
    }
    // Saturates, so that a huge length is 413 and not 400.
    let value = digits.iter().fold(0_usize, |sum, digit| {
        sum.saturating_mul(10).saturating_add(usize::from(digit.saturating_sub(b'0')))
    });
    Ok(value)
}
