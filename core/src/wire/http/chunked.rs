//! Chunked request bodies (RFC 9112, section 7.1). Extensions and trailers are ignored.

use alloc::vec::Vec;

use super::Error;

/// Maximum length of a size line or a trailer line, in bytes.
const LONGEST_LINE: usize = 1024;

/// State of decoding a chunked body. Positions are offsets into the bytes after the head.
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
