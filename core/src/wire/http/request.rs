use super::target::Target;

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
