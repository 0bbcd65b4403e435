use alloc::vec::Vec;

use crate::{
    calendar::{self, digits, time_of_day, weekday},
    seam::Wall,
};

/// A status code from 100 to 599: one of the constants here, or any other from [`Status::new`].
///
/// ```
/// use mmcos_core::wire::http::Status;
/// assert_eq!(Status::new(302), Some(Status::FOUND));
/// assert_eq!(Status::new(418).map(Status::reason), Some(""));
/// assert_eq!(Status::new(600), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(u16);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $code:literal $reason:literal;)*) => {
        impl Status {
            $($(#[$doc])* pub const $name: Self = Self($code);)*

            /// Returns the reason phrase. It is empty for a code without a constant: clients ignore it.
            pub const fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    _ => "",
                }
            }
        }
    };
}

statuses! {
    /// The request has succeeded.
    OK = 200 "OK";
    /// The request has created something.
    CREATED = 201 "Created";
    /// The request is accepted, but not done yet.
    ACCEPTED = 202 "Accepted";
    /// The request is done, without data to return. Has no body.
    NO_CONTENT = 204 "No Content";
    /// The client is to clear its form. Has no body.
    RESET_CONTENT = 205 "Reset Content";
    /// A requested part of the resource.
    PARTIAL_CONTENT = 206 "Partial Content";
    /// The resource has moved for good, to the path in `Location`.
    MOVED_PERMANENTLY = 301 "Moved Permanently";
    /// The resource is for now at the path in `Location`.
    FOUND = 302 "Found";
    /// The resource is at another path, to be read with GET.
    SEE_OTHER = 303 "See Other";
    /// The client's copy is still good. Has no body.
    NOT_MODIFIED = 304 "Not Modified";
    /// The resource is for now at the path in `Location`, for the same method.
    TEMPORARY_REDIRECT = 307 "Temporary Redirect";
    /// The resource has moved for good, to the path in `Location`, for the same method.
    PERMANENT_REDIRECT = 308 "Permanent Redirect";
    /// The request cannot be understood.
    BAD_REQUEST = 400 "Bad Request";
    /// The request needs credentials.
    UNAUTHORIZED = 401 "Unauthorized";
    /// The client is known, and has no access.
    FORBIDDEN = 403 "Forbidden";
    /// Nothing is at this path.
    NOT_FOUND = 404 "Not Found";
    /// Something is at this path, but not for this method.
    METHOD_NOT_ALLOWED = 405 "Method Not Allowed";
    /// The client took too long to send its request.
    REQUEST_TIMEOUT = 408 "Request Timeout";
    /// The request conflicts with the state of the server.
    CONFLICT = 409 "Conflict";
    /// The resource no longer exists.
    GONE = 410 "Gone";
    /// The body is too large.
    CONTENT_TOO_LARGE = 413 "Content Too Large";
    /// The request line is too long.
    URI_TOO_LONG = 414 "URI Too Long";
    /// An expectation other than `100-continue`.
    EXPECTATION_FAILED = 417 "Expectation Failed";
    /// Too many requests in a short time.
    TOO_MANY_REQUESTS = 429 "Too Many Requests";
    /// The head is too large.
    FIELDS_TOO_LARGE = 431 "Request Header Fields Too Large";
    /// A bug of the server.
    INTERNAL_SERVER_ERROR = 500 "Internal Server Error";
    /// An unsupported transfer coding.
    NOT_IMPLEMENTED = 501 "Not Implemented";
    /// The service is temporarily unavailable.
    SERVICE_UNAVAILABLE = 503 "Service Unavailable";
    /// An unsupported version of HTTP.
    VERSION_NOT_SUPPORTED = 505 "HTTP Version Not Supported";
}

impl Status {
    /// Returns the status of a code from 100 to 599. (Codes below 200 announce a response but are not one.)
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            // Others are invalid (RFC 9110, section 15).
            100..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// Returns true if a response may have a body: not 1xx, 204, 205, 304 (RFC 9110, 15.2, 15.3.5, 15.3.6, 15.4.5).
    pub const fn has_body(self) -> bool {
        !matches!(self.0, 100..=199 | 204 | 205 | 304)
    }

    /// Returns the three digits.
    pub const fn code(self) -> u16 {
        self.0
    }
}

/// State of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It stays open, as HTTP/1.1 clients expect.
    Open,
    /// It stays open, and the response says so to an HTTP/1.0 client that requested it.
    KeepAlive,
    /// It closes.
    Close,
}

/// Status line and fields of a response.
///
/// ```
/// use mmcos_core::{seam::Wall, wire::http::{Connection, Date, ResponseHead, Status}};
/// let mut out = Vec::new();
/// ResponseHead {
///     status: Status::OK,
///     content_type: Some("text/plain"),
///     fields: &[],
///     content_length: Some(4),
///     connection: Connection::Open,
/// }
/// .write(&Date::at(Wall::from_secs(1_700_336_720)), &mut out);
/// assert_eq!(
///     out,
///     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 18 Nov 2023 19:45:20 GMT\r\n\
///       Content-Length: 4\r\n\r\n"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: Status,
    /// `Content-Type`. The official server sends none with an empty body (captures 04, 10).
    pub content_type: Option<&'a str>,
    /// Additional fields. Program text: nothing here is escaped.
    pub fields: &'a [(&'a str, &'a str)],
    /// Length of the body, sent or (after `HEAD`) not. `None`: the end of the connection, which must close then, ends
    /// the body.
    pub content_length: Option<usize>,
    /// State of the connection afterwards.
    pub connection: Connection,
}

impl ResponseHead<'_> {
    /// Appends the head, its empty line included.
    pub fn write(&self, date: &Date, out: &mut Vec<u8>) {
        let mut number = itoa::Buffer::new();
        // HTTP/1.0 clients get our version too (RFC 9110, section 2.5). The blank stands before an empty reason as well
        // (RFC 9112, section 4).
        for part in ["HTTP/1.1 ", number.format(self.status.code()), " ", self.status.reason()] {
            out.extend_from_slice(part.as_bytes());
        }
        if let Some(content_type) = self.content_type {
            field(out, "Content-Type", content_type);
        }
        for (name, value) in self.fields {
            field(out, name, value);
        }
        // A server with a clock must send it (RFC 9110, section 6.6.1), and the official one did.
        field(out, "Date", date.as_str());
        match self.connection {
            // The default of HTTP/1.1 (RFC 9112, section 9.3).
            Connection::Open => {}
            Connection::KeepAlive => field(out, "Connection", "keep-alive"),
            Connection::Close => field(out, "Connection", "close"),
        }
        // RFC 9110, 8.6: a 1xx or 204 has no length, a 304 that of a body it does not know. A 205 says 0.
        if let Some(length) = self.content_length
            && (self.status.has_body() || self.status == Status::RESET_CONTENT)
        {
            let length = if self.status.has_body() { length } else { 0 };
            field(out, "Content-Length", number.format(length));
        }
        out.extend_from_slice(b"\r\n\r\n");
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    for part in ["\r\n", name, ": ", value] {
        out.extend_from_slice(part.as_bytes());
    }
}

const WEEKDAYS: [[u8; 3]; 7] = [*b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun"];
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

/// A value of the field `Date`, such as `Sat, 18 Nov 2023 19:45:20 GMT` (RFC 9110, section 5.6.7).
///
/// ```
/// use mmcos_core::{seam::Wall, wire::http::Date};
/// assert_eq!(Date::at(Wall::from_secs(951_782_400)).as_str(), "Tue, 29 Feb 2000 00:00:00 GMT");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date([u8; 29]);

impl Date {
    /// Returns the date of the second that contains `wall`.
    pub fn at(wall: Wall) -> Self {
        let date = calendar::Date::of(wall);
        // Weekday and month are always in their tables: the defaults are never used.
        let [w0, w1, w2] = WEEKDAYS.get(weekday(wall)).copied().unwrap_or_default();
        let [m0, m1, m2] = MONTHS.get(usize::from(date.month).saturating_sub(1)).copied().unwrap_or_default();
        let [d0, d1] = digits(date.day.into());
        let [y0, y1, y2, y3] = digits(date.year.into());
        let [[hour0, hour1], [min0, min1], [sec0, sec1]] = time_of_day(wall);
        Self([
            w0, w1, w2, b',', b' ', d0, d1, b' ', m0, m1, m2, b' ', y0, y1, y2, y3, b' ', hour0, hour1, b':',
            min0, min1, b':', sec0, sec1, b' ', b'G', b'M', b'T',
        ])
    }

    /// Returns the text, 29 characters.
    pub fn as_str(&self) -> &str {
        // Always ASCII.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}
