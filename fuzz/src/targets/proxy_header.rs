use mmcos_core::link::{ProxyHeader, ProxyHeaderError, Start};

use super::script::Script;

/// Takes any bytes as the beginning of a proxy's connection (the first chooses the length of pieces). In whatever
/// pieces they come they have the same client and the same rest, which is their end, and a header written for that
/// client names it again.
///
/// # Panics
/// If one of these promises is broken.
pub fn proxy_header(bytes: &[u8]) {
    let mut script = Script(bytes);
    let piece = usize::from(script.byte()) + 1;
    let stream = script.0;
    let whole = read(stream, stream.len().max(1));
    assert_eq!(whole, read(stream, 1), "byte by byte it is something else");
    assert_eq!(whole, read(stream, piece), "in pieces of {piece} it is something else");
    let Ok(Start { client, rest }) = whole else { return };
    assert!(stream.ends_with(&rest));
    let Some(client) = client else { return };
    let family = if client.is_ipv4() { ("TCP4", "0.0.0.0") } else { ("TCP6", "::") };
    let plain = format!("PROXY {} {} {} {} 0\r\n", family.0, client.ip(), family.1, client.port());
    assert_eq!(read(plain.as_bytes(), 1), Ok(Start { client: Some(client), rest: Vec::new() }));
}

/// Reads a stream that comes in pieces and then ends.
fn read(stream: &[u8], piece: usize) -> Result<Start, ProxyHeaderError> {
    let mut header = ProxyHeader::default();
    let mut pieces = stream.chunks(piece);
    loop {
        if let Some(mut start) = header.received(pieces.next().unwrap_or_default())? {
            start.rest.extend(pieces.flatten());
            return Ok(start);
        }
    }
}
