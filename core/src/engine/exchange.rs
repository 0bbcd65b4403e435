use crate::{
    seam::{Bytes, ConnId},
    wire::http::Status,
};

/// Number of a request that was given to a service. Numbers grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// The right to respond to one request, once: now, or in any later call. There is only one for each request.
///
/// Dropping it leaves the client waiting until `Limits::hold_time` ends its wait.
#[derive(Debug)]
#[must_use = "a client waits: respond, or keep this until you can"]
pub struct Exchange {
    id: ExchangeId,
    conn: ConnId,
}

impl Exchange {
    pub(super) const fn new(id: ExchangeId, conn: ConnId) -> Self {
        Self { id, conn }
    }

    pub(super) const fn into_parts(self) -> (ExchangeId, ConnId) {
        let Self { id, conn } = self;
        (id, conn)
    }

    pub(super) const fn into_stream(self) -> Stream {
        let Self { id, conn } = self;
        Stream { id, conn }
    }

    /// Returns its number, by which `Service::cancelled` reports that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }

    /// Returns the connection that the request came by.
    pub const fn conn(&self) -> ConnId {
        self.conn
    }
}

/// A response without a fixed end: its head is sent, and its body grows with each send, until the game ends it or the
/// client goes. Its duration is not limited.
///
/// Bytes that a client has not read wait in its write queue at the adapter, which drops a client whose queue grows too
/// long. So send no more than a client that keeps up can read, and send the same bytes to many clients as
/// [`Bytes::Shared`].
///
/// Dropping it leaves the client waiting until it goes: [end](crate::service::Context::end) it.
#[derive(Debug)]
#[must_use = "a stream goes on until it is ended"]
pub struct Stream {
    id: ExchangeId,
    conn: ConnId,
}

impl Stream {
    pub(super) const fn parts(&self) -> (ExchangeId, ConnId) {
        (self.id, self.conn)
    }

    /// Returns the number of its request, by which `Service::cancelled` reports that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }
}

/// A response. The engine adds `Date`, `Content-Length` and `Connection`.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: Status,
    /// `Content-Type`, for a body that is not empty.
    pub content_type: Option<&'a str>,
    /// Additional fields, written as they are: never put a client's text here.
    pub fields: &'a [(&'a str, &'a str)],
    /// The body. It is not sent with a status that has none: [`Status::has_body`].
    pub body: Body<'a>,
    /// True to close the connection afterwards, whatever the client wants.
    pub close: bool,
}

impl<'a> Response<'a> {
    /// Returns a 200 response without a body.
    pub fn empty() -> Self {
        // An empty response of the official server has no `Content-Type` (captures 04, 10).
        Self { status: Status::OK, content_type: None, fields: &[], body: Body::default(), close: false }
    }

    /// Returns a response of plain text.
    pub fn text(status: Status, text: &'a [u8]) -> Self {
        Self {
            status,
            content_type: Some("text/plain; charset=utf-8"),
            body: Body::from(text),
            ..Self::empty()
        }
    }
}

/// A body: a part that may be shared, then a part that is not. Either may be empty.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    first: Bytes<'a>,
    then: &'a [u8],
}

impl<'a> Body<'a> {
    /// Returns a body of `first` followed by `then`.
    pub fn new(first: Bytes<'a>, then: &'a [u8]) -> Self {
        Self { first, then }
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> usize {
        self.first.len().saturating_add(self.then.len())
    }

    /// Returns true if the body is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn parts(&self) -> [Bytes<'a>; 2] {
        [self.first.clone(), Bytes::Borrowed(self.then)]
    }
}

impl Default for Body<'_> {
    fn default() -> Self {
        Self::from([].as_slice())
    }
}

impl<'a> From<Bytes<'a>> for Body<'a> {
    fn from(first: Bytes<'a>) -> Self {
        Self { first, then: &[] }
    }
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { first: Bytes::Borrowed(bytes), then: &[] }
    }
}
