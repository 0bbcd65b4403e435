//! Parses the four forms of a request target (RFC 9112, section 3.2).

use core::net::Ipv6Addr;

/// A request target, split into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Host and port of the absolute form, which override the field `Host`.
    pub(super) authority: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Parses the target of a request with this method. Returns `None` if it has none of the forms that the method
    /// allows.
    pub(super) fn parse(method: &str, target: &'a str) -> Option<Self> {
        // A target has no fragment; a proxy in front may have cut there and seen another path.
        if target.contains('#') {
            return None;
        }
        let whole = |path| Some(Self { authority: None, path, query: None });
        match (method, target) {
            // RFC 9112, section 3.2.3.
            ("CONNECT", authority) => is_authority(authority.as_bytes()).then(|| whole(authority))?,
            // RFC 9112, section 3.2.4.
            ("OPTIONS", "*") => whole("*"),
            (_, origin) if origin.starts_with('/') => Some(Self::of_origin_form(None, origin)),
            _ => {
                let (scheme, rest) = target.split_once("://")?;
                // Schemes are case-insensitive (RFC 3986, section 3.1).
                if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
                    return None;
                }
                // A query may follow the authority without a path (RFC 3986, section 3.2).
                let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                // Reject a target without a host, or with a user name before it: such targets are deceptive (RFC
                // 9110, sections 4.2.1 and 4.2.4).
                if authority.is_empty() || authority.starts_with(':') || !is_authority(authority.as_bytes()) {
                    return None;
                }
                // Such a target stands for `*` (RFC 9112, section 3.2.4).
                if method == "OPTIONS" && rest.is_empty() {
                    return Some(Self { authority: Some(authority), path: "*", query: None });
                }
                Some(Self::of_origin_form(Some(authority), rest))
            }
        }
    }

    fn of_origin_form(authority: Option<&'a str>, origin: &'a str) -> Self {
        let (path, query) =
            origin.split_once('?').map_or((origin, None), |(path, query)| (path, Some(query)));
        // An empty path is the same as `/` (RFC 9110, section 4.2.3).
        Self { authority, path: if path.is_empty() { "/" } else { path }, query }
    }
}

/// Returns true for a host with or without a port, as in `Host` and absolute targets (RFC 3986, section 3.2.2).
pub(super) fn is_authority(text: &[u8]) -> bool {
    if let Some(literal) = text.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', literal) else { return false };
        let (address, after) = literal.split_at(end);
        return is_ip_literal(address) && is_port(after.get(1..).unwrap_or_default());
    }
    let (host, port) = text.split_at(memchr::memchr(b':', text).unwrap_or(text.len()));
    is_name(host) && is_port(port)
}

fn is_ip_literal(address: &[u8]) -> bool {
    match address {
        // An address of a later version, `IPvFuture` in RFC 3986, section 3.2.2.
        [b'v' | b'V', future @ ..] => {
            let mut parts = future.splitn(2, |&b| b == b'.');
            let version = parts.next().unwrap_or_default();
            let rest = parts.next().unwrap_or_default();
            let is_plain = |b: &u8| *b == b':' || is_plain_in_name(*b);
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && !rest.is_empty()
                && rest.iter().all(is_plain)
        }
        _ => str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
    }
}

fn is_name(mut name: &[u8]) -> bool {
    loop {
        name = match name {
            // RFC 3986 allows an empty name; `Target::parse` does not.
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [plain, rest @ ..] if is_plain_in_name(*plain) => rest,
            _ => return false,
        }
    }
}

/// Returns true for unreserved characters and delimiters that a name may have.
fn is_plain_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

fn is_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        // No digit is needed after the colon (RFC 3986, section 3.2.3).
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
