//! The header of the PROXY protocol, by which a proxy that passes a connection on unopened names its client.
//! (Versions 1 and 2: `doc/proxy-protocol.txt` of `HAProxy`.)

use alloc::vec::Vec;
use core::{
    mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str,
};

/// Beginning of a header of version 1, a line of text.
const TEXT: &[u8] = b"PROXY ";
/// Beginning of a header of version 2. No TLS record and no HTTP request begins with it.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Maximum length of the line, in bytes, its end included. (From the specification.)
const MAX_LINE: usize = 107;
/// Maximum length of what follows the fixed part of version 2, in bytes: addresses and their properties. (Our choice;
/// `HAProxy` writes some hundred bytes.)
const MAX_BLOCK: usize = 4096;

/// A header that is malformed, too long, or not whole when the connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header of the PROXY protocol is malformed")]
pub struct ProxyHeaderError;

/// Reads the beginning of a connection from a trusted proxy, where a header of the PROXY protocol may be. How the bytes
/// are split makes no difference.
///
/// ```
/// use mmcos_core::link::{ProxyHeader, Start};
///
/// let mut header = ProxyHeader::default();
/// assert_eq!(header.received(b"PROXY TCP4 203.0.113.7 10.0."), Ok(None));
/// let start = header.received(b"0.1 50000 443\r\n\x16\x03\x01");
/// let client = "203.0.113.7:50000".parse().ok();
/// assert_eq!(start, Ok(Some(Start { client, rest: b"\x16\x03\x01".to_vec() })));
/// ```
#[derive(Debug, Default)]
pub struct ProxyHeader {
    received: Vec<u8>,
}

/// The beginning of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Address of the client that the header names. `None` without a header, and for a connection of the proxy's own,
    /// such as a health check.
    pub client: Option<SocketAddr>,
    /// Bytes that arrived behind the header.
    pub rest: Vec<u8>,
}

impl ProxyHeader {
    /// Handles bytes of the socket; an empty slice is its end. Returns `None` while the header may go on. Do not call
    /// this again after another result.
    ///
    /// # Errors
    /// The bytes begin like a header and are none.
    pub fn received(&mut self, bytes: &[u8]) -> Result<Option<Start>, ProxyHeaderError> {
        self.received.extend_from_slice(bytes);
        let (client, length) = match parse(&self.received)? {
            Parsed::Header { client, length } => (client, length),
            Parsed::Absent => (None, 0),
            // A few bytes that only might have begun a header.
            Parsed::Undecided if bytes.is_empty() => (None, 0),
            Parsed::Incomplete if bytes.is_empty() => return Err(ProxyHeaderError),
            Parsed::Undecided | Parsed::Incomplete => return Ok(None),
        };
        let mut rest = mem::take(&mut self.received);
        rest.drain(..length.min(rest.len()));
        Ok(Some(Start { client, rest }))
    }
}

enum Parsed {
    /// All bytes so far are also those of a header.
    Undecided,
    /// A header that is not whole.
    Incomplete,
    Absent,
    Header {
        client: Option<SocketAddr>,
        length: usize,
    },
}

fn parse(bytes: &[u8]) -> Result<Parsed, ProxyHeaderError> {
    if let Some(line) = bytes.strip_prefix(TEXT) {
        return parse_line(line);
    }
    if let Some(binary) = bytes.strip_prefix(SIGNATURE) {
        return parse_binary(binary);
    }
    let is_undecided = TEXT.starts_with(bytes) || SIGNATURE.starts_with(bytes);
    Ok(if is_undecided { Parsed::Undecided } else { Parsed::Absent })
}

/// Parses version 1, from behind its [`TEXT`].
fn parse_line(bytes: &[u8]) -> Result<Parsed, ProxyHeaderError> {
    let longest = bytes.get(..MAX_LINE.saturating_sub(TEXT.len())).unwrap_or(bytes);
    let Some(end) = longest.windows(2).position(|two| two == b"\r\n") else {
        return if longest.len() < bytes.len() { Err(ProxyHeaderError) } else { Ok(Parsed::Incomplete) };
    };
    let line = str::from_utf8(longest.get(..end).unwrap_or_default()).map_err(|_| ProxyHeaderError)?;
    let length = TEXT.len().saturating_add(end).saturating_add(2);
    let mut fields = line.split(' ');
    let family = fields.next();
    // The rest of such a line says nothing.
    if family == Some("UNKNOWN") {
        return Ok(Parsed::Header { client: None, length });
    }
    let addresses = [fields.next(), fields.next()].map(|text| match family {
        Some("TCP4") => text?.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        Some("TCP6") => text?.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        _ => None,
    });
    let ports = [fields.next(), fields.next()].map(|text| text.and_then(parse_port));
    match (addresses, ports, fields.next()) {
        ([Some(client), Some(_)], [Some(port), Some(_)], None) => {
            Ok(Parsed::Header { client: Some(client_at(client, port)), length })
        }
        _ => Err(ProxyHeaderError),
    }
}

/// Parses a port. Unlike `u16`'s `FromStr`, accepts no sign.
fn parse_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Parses version 2, from behind its [`SIGNATURE`].
fn parse_binary(bytes: &[u8]) -> Result<Parsed, ProxyHeaderError> {
    let Some((&[command, family, high, low], rest)) = bytes.split_first_chunk() else {
        return Ok(Parsed::Incomplete);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_BLOCK {
        return Err(ProxyHeaderError);
    }
    let Some(block) = rest.get(..length) else { return Ok(Parsed::Incomplete) };
    let client = match (command, family) {
        // LOCAL: the proxy itself, whatever follows. PROXY of an unknown family, or of a Unix socket.
        (0x20, _) | (0x21, 0x00 | 0x31) => None,
        // TCP over IPv4: both addresses, both ports, perhaps properties.
        (0x21, 0x11) => {
            let (source, rest) = block.split_first_chunk::<4>().ok_or(ProxyHeaderError)?;
            Some(client_at(Ipv4Addr::from(*source).into(), port_behind::<4>(rest)?))
        }
        (0x21, 0x21) => {
            let (source, rest) = block.split_first_chunk::<16>().ok_or(ProxyHeaderError)?;
            Some(client_at(Ipv6Addr::from(*source).into(), port_behind::<16>(rest)?))
        }
        _ => return Err(ProxyHeaderError),
    };
    let length = SIGNATURE.len().saturating_add(4).saturating_add(length);
    Ok(Parsed::Header { client, length })
}

/// Returns the source port that follows a destination of `N` bytes. The destination port must be there too.
fn port_behind<const N: usize>(bytes: &[u8]) -> Result<u16, ProxyHeaderError> {
    let (_, ports) = bytes.split_first_chunk::<N>().ok_or(ProxyHeaderError)?;
    let ([high, low, ..], _) = ports.split_first_chunk::<4>().ok_or(ProxyHeaderError)?;
    Ok(u16::from_be_bytes([*high, *low]))
}

fn client_at(address: IpAddr, port: u16) -> SocketAddr {
    // `::ffff:203.0.113.7` is the same client as `203.0.113.7`, for limits and for bans.
    SocketAddr::new(address.to_canonical(), port)
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};

    use proptest::prelude::*;

    use super::*;

    type Begun = Result<Start, ProxyHeaderError>;

    /// Reads these pieces, then the end of the socket.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Begun {
        let mut header = ProxyHeader::default();
        let mut pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        let mut start = loop {
            let piece = pieces.next().unwrap_or_default();
            if let Some(start) = header.received(piece)? {
                break start;
            }
        };
        start.rest.extend(pieces.flatten());
        Ok(start)
    }

    fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, block].concat()
    }

    fn tcp4(port: [u8; 2]) -> Vec<u8> {
        [&[203, 0, 113, 7, 10, 0, 0, 1][..], &port, &[1, 187]].concat()
    }

    fn tcp6(source: &str) -> Vec<u8> {
        let source: Ipv6Addr = source.parse().unwrap();
        [&source.octets()[..], &[0; 16], &[0xc3, 0x50, 1, 187]].concat()
    }

    #[test]
    fn headers_of_both_versions_name_the_client() {
        let table = [
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\r\n".to_vec(), Some("203.0.113.7:50000")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n".to_vec(), Some("[2001:db8::7]:0")),
            (b"PROXY TCP6 ::ffff:203.0.113.7 ::1 1 443\r\n".to_vec(), Some("203.0.113.7:1")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 anything at all\r\n".to_vec(), None),
            (binary(0x21, 0x11, &tcp4([0xc3, 0x50])), Some("203.0.113.7:50000")),
            (binary(0x21, 0x21, &tcp6("2001:db8::7")), Some("[2001:db8::7]:50000")),
            (binary(0x21, 0x21, &tcp6("::ffff:203.0.113.7")), Some("203.0.113.7:50000")),
            // Properties behind the addresses, such as the name that TLS asks for.
            (binary(0x21, 0x11, &[tcp4([0, 80]), vec![2, 0, 1, b'h']].concat()), Some("203.0.113.7:80")),
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &tcp4([0, 80])), None),
            (binary(0x21, 0x00, &[7; 3]), None),
            (binary(0x21, 0x31, &[7; 216]), None),
            (b"".to_vec(), None),
        ];
        for (header, client) in table {
            let client = client.map(|client| client.parse().unwrap());
            for rest in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"PROXY UNKNOWN\r\n", SIGNATURE] {
                let bytes = [&header, rest].concat();
                if header.is_empty() && rest.len() != 18 {
                    continue;
                }
                assert_eq!(read([&bytes[..]]), Ok(Start { client, rest: rest.to_vec() }), "{bytes:?}");
            }
        }
    }

    #[test]
    fn without_a_header_nothing_is_lost() {
        for bytes in
            [&b"\x16\x03\x01"[..], b"POST / HTTP/1.1", b"P", b"PROXY", b"PROXIES", b"\r\n\r\n", b"\r\n\r\nG"]
        {
            assert_eq!(read([bytes]), Ok(Start { client: None, rest: bytes.to_vec() }));
        }
    }

    #[test]
    fn malformed_headers_are_errors() {
        let fields = [
            "TCP4 203.0.113.7 10.0.0.1 50000",
            "TCP4 203.0.113.7 10.0.0.1 50000 443 1",
            "TCP4 203.0.113.7 ::1 1 2",
            "TCP4 203.0.113.07 10.0.0.1 1 2",
            "TCP4 203.0.113.7 10.0.0.1 65536 2",
            "TCP4 203.0.113.7 10.0.0.1 +1 2",
            "TCP4  203.0.113.7 10.0.0.1 1 2",
            "TCP6 203.0.113.7 10.0.0.1 1 2",
            "UDP4 203.0.113.7 10.0.0.1 1 2",
            "",
            "tcp4 203.0.113.7 10.0.0.1 1 2",
            "TCP4 203.0.113.7 10.0.0.1 1 2\n",
            "TCP4 203.0.113.7 10.0.0.1 1 2 ",
        ];
        let lines = fields.map(|fields| [TEXT, fields.as_bytes(), b"\r\n"].concat());
        let other = [
            [TEXT, &[b'x'; 200]].concat(),
            [TEXT, b"UNKNOWN ", &[b'x'; 99], b"\r\n"].concat(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\r".to_vec(),
            b"PROXY \xff\r\n".to_vec(),
            binary(0x11, 0x11, &tcp4([0, 80])),
            binary(0x22, 0x11, &tcp4([0, 80])),
            binary(0x21, 0x12, &tcp4([0, 80])),
            binary(0x21, 0x41, &tcp4([0, 80])),
            binary(0x21, 0x11, &tcp4([0, 80])[..11]),
            binary(0x21, 0x21, &tcp6("::1")[..35]),
            binary(0x20, 0x00, &[0; 4097]),
            binary(0x21, 0x11, &tcp4([0, 80]))[..27].to_vec(),
            SIGNATURE.to_vec(),
        ];
        for bytes in lines.into_iter().chain(other) {
            assert_eq!(read([&bytes[..]]), Err(ProxyHeaderError), "{}", bytes.escape_ascii());
        }
    }

    /// A line, a block, or what resembles them, and a mistake in it.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let line = "PROXY (TCP4|TCP6|UNKNOWN) [0-9a-f.:]{2,15} 10.0.0.1 [0-9]{1,5} 443\r\n.{0,9}";
        let line = line.prop_map(String::into_bytes);
        let line6 = (any::<u128>(), any::<u16>()).prop_map(|(source, port)| {
            let source = Ipv6Addr::from_bits(source);
            alloc::format!("PROXY TCP6 {source} ::1 {port} 443\r\nrest").into_bytes()
        });
        let block = (0x1f..0x23_u8, prop::sample::select(&[0, 0x11, 0x12, 0x21, 0x31][..]), ..50_usize)
            .prop_flat_map(|(command, family, length)| {
                let block = prop::collection::vec(any::<u8>(), length);
                block.prop_map(move |block| [binary(command, family, &block), b"rest".to_vec()].concat())
            });
        let noise = prop::collection::vec(any::<u8>(), 0..200);
        let mistake = (any::<bool>(), any::<prop::sample::Index>(), any::<u8>());
        (prop_oneof![line, line6, block, noise], mistake).prop_map(|(mut bytes, (makes, at, byte))| {
            if makes && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            bytes in stream(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
        ) {
            let whole = read([&bytes[..]]);
            prop_assert_eq!(read(bytes.chunks(1)), whole.clone(), "byte by byte");
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len().saturating_add(1))).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            prop_assert_eq!(read(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), whole);
        }
    }
}
