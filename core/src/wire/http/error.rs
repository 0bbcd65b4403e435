use super::Status;

/// The reason why bytes are not a request that this server accepts. After any of these the connection may not be at
/// the start of a request: respond with [`Error::status`] and close.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request line or a field violates RFC 9112.
    #[error("malformed request head: {0}")]
    MalformedHead(httparse::Error),
    /// A line of the head ends in a line feed alone.
    #[error("a line of the request head ends without a carriage return")]
    BareLineFeed,
    /// The request target is longer than the limit of the whole head.
    #[error("the request line is longer than {limit} bytes")]
    TargetTooLong {
        /// [`Limits::head`](super::Limits::head).
        limit: usize,
    },
    /// Request line and fields are longer than allowed.
    #[error("the request head is longer than {limit} bytes")]
    HeadTooLarge {
        /// [`Limits::head`](super::Limits::head).
        limit: usize,
    },
    /// More fields than allowed.
    #[error("the request head has more than {limit} fields")]
    TooManyFields {
        /// [`Limits::fields`](super::Limits::fields).
        limit: usize,
    },
    /// Not HTTP/1: later minor versions are read as HTTP/1.1.
    #[error("only HTTP/1.0 and HTTP/1.1 are supported")]
    Version,
    /// A target that is neither a path, nor an `http` address with a host and without a user, nor `*` for `OPTIONS`.
    #[error("the request target is neither a path nor a proper http address")]
    Target,
    /// A `Host` that is not a name or an address, with or without a port.
    #[error("Host is neither a name nor an address")]
    HostValue,
    /// More than one `Host`, or none in HTTP/1.1.
    #[error("expected one Host field, got {0}")]
    Host(usize),
    /// A `Content-Length` that is not a plain decimal number.
    #[error("Content-Length is not a number")]
    BadLength,
    /// More than one `Content-Length`.
    #[error("Content-Length occurs more than once")]
    RepeatedLength,
    /// Both framings in one request.
    #[error("both Content-Length and Transfer-Encoding")]
    LengthAndChunked,
    /// `Transfer-Encoding` in an HTTP/1.0 request.
    #[error("Transfer-Encoding in an HTTP/1.0 request")]
    ChunkedInHttp10,
    /// A transfer coding other than `chunked`.
    #[error("only the transfer coding \"chunked\" is known")]
    UnknownTransferCoding,
    /// A chunk that does not follow RFC 9112, section 7.1.
    #[error("malformed chunked body")]
    BadChunk,
    /// The body is longer than allowed.
    #[error("the request body is longer than {limit} bytes")]
    BodyTooLarge {
        /// [`Limits::body`](super::Limits::body).
        limit: usize,
    },
    /// An `Expect` other than `100-continue`.
    #[error("only the expectation \"100-continue\" can be met")]
    Expectation,
}

impl Error {
    /// Returns the status of the response.
    pub const fn status(&self) -> Status {
        match self {
            // RFC 9112, section 3.
            Self::TargetTooLong { .. } => Status::URI_TOO_LONG,
            Self::HeadTooLarge { .. } | Self::TooManyFields { .. } => Status::FIELDS_TOO_LARGE,
            Self::Version => Status::VERSION_NOT_SUPPORTED,
            // RFC 9112, section 6.1.
            Self::UnknownTransferCoding => Status::NOT_IMPLEMENTED,
            Self::BodyTooLarge { .. } => Status::CONTENT_TOO_LARGE,
            // RFC 9110, section 10.1.1.
            Self::Expectation => Status::EXPECTATION_FAILED,
            Self::MalformedHead(_)
            | Self::BareLineFeed
            | Self::Host(_)
            | Self::HostValue
            | Self::Target
            | Self::BadLength
            | Self::RepeatedLength
            | Self::LengthAndChunked
            | Self::ChunkedInHttp10
            | Self::BadChunk => Status::BAD_REQUEST,
        }
    }
}
