//! The request line and the fields: where they end, and what they say about the body.

use core::mem::MaybeUninit;

use super::{Error, Limits, Method, Version};

/// How the body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) target: &'a str,
    pub(super) fields: &'a [u8],
    pub(super) keep_alive: bool,
    pub(super) framing: Framing,
    pub(super) expects_continue: bool,
}

/// Looks for the empty line that ends a head, from `*scanned` on. Gives the length of the head, or `None` while it is
/// not whole; `scanned` then holds where to go on. One empty line may stand before the request line (RFC 9112,
/// section 2.2).
pub(super) fn find_end(input: &[u8], scanned: &mut usize, limits: &Limits) -> Result<Option<usize>, Error> {
    let limit = limits.head;
    let window = input.get(..limit.min(input.len())).unwrap_or(input);
    while let Some(feed) = window.get(*scanned..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let line_start = *scanned;
        let line_end = line_start.saturating_add(feed);
        let line = window.get(line_start..line_end).unwrap_or_default();
        *scanned = line_end.saturating_add(1);
        match line {
            [b'\r'] if line_start > 0 => return Ok(Some(*scanned)),
            [.., b'\r'] => {}
            _ => return Err(Error::BareLineFeed),
        }
    }
    match input.len() > limit {
        true if *scanned == 0 => Err(Error::TargetTooLong { limit }),
        true => Err(Error::HeadTooLarge { limit }),
        false => Ok(None),
    }
}

/// The most fields that can be configured.
pub(super) const MOST_FIELDS: usize = 128;

/// Reads a whole head, as delimited by [`find_end`].
pub(super) fn parse<'a>(head: &'a [u8], limits: &Limits) -> Result<Head<'a>, Error> {
    let mut slots = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let limit = limits.fields.min(MOST_FIELDS);
    let slots = slots.get_mut(..limit).unwrap_or_default();
    let mut request = httparse::Request::new(&mut []);
    match httparse::ParserConfig::default().parse_request_with_uninit_headers(&mut request, head, slots) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Error::MalformedHead(httparse::Error::NewLine)),
        Err(httparse::Error::TooManyHeaders) => return Err(Error::TooManyFields { limit }),
        Err(httparse::Error::Version) if names_a_version(head) => return Err(Error::Version),
        Err(error) => return Err(Error::MalformedHead(error)),
    }
    let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let says = FieldsSay::read(request.headers, version)?;
    Ok(Head {
        method: Method::of(request.method.unwrap_or_default()),
        version,
        target: request.path.unwrap_or_default(),
        fields: after_request_line(head),
        keep_alive: says.keep_alive,
        framing: says.framing,
        expects_continue: says.expects_continue && version == Version::Http11,
    })
}

/// Whether the third word of the request line could be a version of HTTP.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.trim_ascii_start().split(|&b| b == b'\r').next().unwrap_or_default();
    line.split(|&b| b == b' ').nth(2).is_some_and(|word| word.starts_with(b"HTTP/"))
}

fn after_request_line(head: &[u8]) -> &[u8] {
    let start = head.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
    let line = head.get(start..).unwrap_or_default();
    memchr::memchr(b'\n', line).and_then(|feed| line.get(feed..)).unwrap_or_default()
}

/// What the fields say about the connection and the body.
struct FieldsSay {
    keep_alive: bool,
    framing: Framing,
    expects_continue: bool,
}

impl FieldsSay {
    fn read(fields: &[httparse::Header<'_>], version: Version) -> Result<Self, Error> {
        let mut keep_alive = version == Version::Http11;
        let mut length = None;
        let mut chunked = false;
        let mut expects_continue = false;
        let (mut unmet_expectation, mut repeated_length, mut unknown_coding) = (false, false, false);
        let mut hosts = 0_usize;
        for field in fields {
            // Lengths of names differ, so most fields cost one comparison.
            match field.name.len() {
                4 if field.name.eq_ignore_ascii_case("Host") => hosts = hosts.saturating_add(1),
                6 if field.name.eq_ignore_ascii_case("Expect") => {
                    expects_continue = field.value.eq_ignore_ascii_case(b"100-continue");
                    unmet_expectation |= !expects_continue;
                }
                10 if field.name.eq_ignore_ascii_case("Connection") => {
                    for option in field.value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                        keep_alive = !option.eq_ignore_ascii_case(b"close")
                            && (keep_alive || option.eq_ignore_ascii_case(b"keep-alive"));
                    }
                }
                14 if field.name.eq_ignore_ascii_case("Content-Length") => {
                    repeated_length |= length.replace(decimal(field.value)?).is_some();
                }
                17 if field.name.eq_ignore_ascii_case("Transfer-Encoding") => {
                    unknown_coding |= chunked || !field.value.eq_ignore_ascii_case(b"chunked");
                    chunked = true;
                }
                _ => {}
            }
        }
        if version == Version::Http11 && hosts != 1 {
            return Err(Error::Host(hosts));
        }
        let framing = match (chunked, length) {
            _ if unmet_expectation => return Err(Error::Expectation),
            _ if repeated_length => return Err(Error::RepeatedLength),
            (true, Some(_)) => return Err(Error::LengthAndChunked),
            (true, None) if unknown_coding => return Err(Error::UnknownTransferCoding),
            (true, None) if version == Version::Http10 => return Err(Error::ChunkedInHttp10),
            (true, None) => Framing::Chunked,
            (false, length) => Framing::Length(length.unwrap_or(0)),
        };
        Ok(Self { keep_alive, framing, expects_continue })
    }
}

/// A decimal number; one too large to count is as good as the largest.
fn decimal(digits: &[u8]) -> Result<usize, Error> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::BadLength);
    }
    let value = digits.iter().fold(0_usize, |sum, digit| {
        sum.saturating_mul(10).saturating_add(usize::from(digit.saturating_sub(b'0')))
    });
    Ok(value)
}
