use core::net::Ipv6Addr;

/// The request methods that services respond to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`: the response is that of `GET`, without the body.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
    /// Any other token.
    Other,
}

impl Method {
    /// Returns the method's token; `OTHER` for any other method.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }

    pub(super) fn of(token: &str) -> Self {
        // Case-sensitive (RFC 9110, section 9.1).
        match token {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// The protocol version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: the connection closes after the response unless the client requested keep-alive.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// One whole request, borrowed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) target: Target<'a>,
    pub(super) fields: &'a [u8],
    pub(super) keep_alive: bool,
    pub(super) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Returns the method.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the protocol version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns true if the client wants to use the connection again.
    pub const fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Returns the body, without its framing.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Returns the path as it was sent, without query; of an absolute target (`http://host/path`) the path alone.
    pub const fn path(&self) -> &'a str {
        self.target.path
    }

    /// Returns the part after the `?`.
    pub const fn query(&self) -> Option<&'a str> {
        self.target.query
    }

    /// Returns host and port that the client wants: those of an absolute target, else the field `Host` (RFC 9112,
    /// section 3.2.2).
    pub fn host(&self) -> Option<&'a [u8]> {
        self.target.authority.map(str::as_bytes).or_else(|| self.field("Host"))
    }

    /// Returns the value of the first field of this name (in any case), without surrounding blanks.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Returns all fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        // The first piece is empty, before the request line's line feed; it has no colon.
        self.fields.split(|&b| b == b'\n').filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let (name, value) = line.split_at_checked(colon)?;
            // Takes the carriage return off too.
            Some((name, value.get(1..)?.trim_ascii()))
        })
    }
}

/// A request target, split into its parts. It has four forms (RFC 9112, section 3.2).
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
