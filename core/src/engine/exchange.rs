use crate::{
    seam::{Bytes, ConnId},
    wire::http::Status,
};

/// The name of a request that was given to a service; growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// The right to answer one request, once: now, or in any later call. There is no second one for the same request.
///
/// Dropping it leaves the client waiting until `Limits::hold_time` ends its wait.
#[derive(Debug)]
#[must_use = "a request must be answered: respond to it or keep this until you can"]
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

    /// Its name, by which `Service::cancelled` tells that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }

    /// The connection that the request came by.
    pub const fn conn(&self) -> ConnId {
        self.conn
    }
}

/// An answer that goes on: its head is sent, and its body grows by whatever is sent on it, until it is ended or the
/// client goes. Nothing limits how long that takes.
///
/// What a client does not read waits for it at the adapter, which drops a client that lets too much pile up. So send
/// as much as a client that keeps up can read, and the same bytes to many as
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

    /// The name of the request that it answers, by which `Service::cancelled` tells that the client has gone.
    pub const fn id(&self) -> ExchangeId {
        self.id
    }
}

/// An answer. `Date`, `Content-Length` and `Connection` are the engine's to add.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: Status,
    /// `Content-Type`, for a body that is not empty.
    pub content_type: Option<&'a str>,
    /// More fields, as they are: never put a client's text here.
    pub fields: &'a [(&'a str, &'a str)],
    /// The body, which is not sent where the status has none: [`Status::has_body`].
    pub body: Body<'a>,
    /// Whether the connection is to close afterwards, whatever the client wants.
    pub close: bool,
}

impl<'a> Response<'a> {
    /// 200 without a body.
    pub fn empty() -> Self {
        Self { status: Status::OK, content_type: None, fields: &[], body: Body::default(), close: false }
    }

    /// A few words of plain text.
    pub fn text(status: Status, text: &'a [u8]) -> Self {
        Self {
            status,
            content_type: Some("text/plain; charset=utf-8"),
            body: Body::from(text),
            ..Self::empty()
        }
    }
}

/// A body: a part that may be shared, then a part of its own. Either may be empty.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    first: Bytes<'a>,
    then: &'a [u8],
}

impl<'a> Body<'a> {
    /// `first` followed by `then`.
    pub fn new(first: Bytes<'a>, then: &'a [u8]) -> Self {
        Self { first, then }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.first.len().saturating_add(self.then.len())
    }

    /// Whether there is nothing in it.
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
