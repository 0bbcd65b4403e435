//! HTTP/1.1, the server's side: requests in, response heads out.
//!
//! [`Decoder`] turns a growing run of bytes into whole requests, one at a time, with every length limited. It is
//! strict where leniency has been used to smuggle requests past proxies (RFC 9112, section 11.2): bare line feeds,
//! both `Content-Length` and `Transfer-Encoding`, repeated lengths, folded lines and blanks before colons are all
//! rejected. [`ResponseHead`] writes the bytes before a body.
//!
//! The game speaks plain HTTP/1.1 with `Content-Length` and mostly opens a connection for each request (every
//! capture); keep-alive, pipelining, chunked bodies and `Expect` are for other clients.
//!
//! ```
//! use mmcos_core::wire::http::{Decoded, Decoder, Limits, Method};
//!
//! let mut decoder = Decoder::default();
//! let bytes = b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /next";
//! match decoder.decode(bytes, &Limits::default()) {
//!     Ok(Decoded::Request { request, consumed }) => {
//!         assert_eq!(request.method(), Method::Get);
//!         assert_eq!((request.path(), request.query()), ("/a", Some("b=1")));
//!         assert_eq!(consumed, bytes.len() - "GET /next".len());
//!     }
//!     other => panic!("{other:?}"),
//! }
//! ```

mod decoder;
mod error;
mod head;
mod request;
mod response;

pub use decoder::{Decoded, Decoder, Limits};
pub use error::Error;
pub use request::{Method, Request, Version};
pub use response::{Connection, Date, ResponseHead, Status};
