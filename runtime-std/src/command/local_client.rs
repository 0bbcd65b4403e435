//! Requests to a server on this machine, over whichever listener it has.

use std::fmt;
use std::io::{self, ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use ureq::http::header::{AUTHORIZATION, HOST};
use ureq::tls::{TlsConfig, TlsProvider};
use ureq::{Agent, Body, Error, Timeout, http};

/// Maximum bytes of a body that are read to recognise a server.
const LONGEST: u64 = 4096;
/// Maximum bytes of a body that an operator requested.
const LONGEST_ASKED: u64 = 64 << 20;

/// A listener, written as `http://127.0.0.1:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Address of the listener.
    pub(crate) address: SocketAddr,
    /// True if it speaks TLS.
    pub(crate) tls: bool,
}

/// Status of a response, and its body or the start of it.
pub(crate) type Response = (u16, String);

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }
}

impl FromStr for Listener {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, address) = text.split_once("://").unwrap_or_default();
        Ok(Self { address: address.parse()?, tls: scheme == "https" })
    }
}

impl Listener {
    /// Sends a GET request for this host name.
    ///
    /// # Errors
    /// [`ErrorKind::NotConnected`] if nothing accepts the connection.
    pub(crate) fn get(self, host: &str, path: &str) -> io::Result<Response> {
        let (status, body) = received(agent().get(self.url(path)).header(HOST, host).call())?;
        let mut start = Vec::new();
        // What came before an error counts.
        let _ = body.into_reader().take(LONGEST).read_to_end(&mut start);
        Ok((status, String::from_utf8_lossy(&start).into_owned()))
    }

    /// Sends a request with a bearer token, and returns the whole response. A body is sent with POST and PUT alone.
    ///
    /// # Errors
    /// [`ErrorKind::NotConnected`] if nothing accepts the connection.
    pub(crate) fn send(self, method: &str, path: &str, token: &str, body: &str) -> io::Result<Response> {
        let request = http::Request::builder().method(method).uri(self.url(path)).header(HOST, "localhost");
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let response = if matches!(method, "POST" | "PUT") {
            agent().run(request.body(body).map_err(io::Error::other)?)
        } else {
            agent().run(request.body(()).map_err(io::Error::other)?)
        };
        let (status, mut body) = received(response)?;
        let text = body.with_config().limit(LONGEST_ASKED).read_to_string().map_err(Error::into_io)?;
        Ok((status, text))
    }

    fn url(mut self, path: &str) -> String {
        // A socket that listens on every address accepts IPv4.
        if self.address.ip().is_unspecified() {
            self.address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{self}{path}")
    }
}

/// Returns a client that accepts every certificate: the requests hold nothing of use to another program.
fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
        .disable_verification(true)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(2)))
        .timeout_global(Some(Duration::from_secs(7)))
        .build()
        .new_agent()
}

fn received(response: Result<http::Response<Body>, Error>) -> io::Result<(u16, Body)> {
    let response = response.map_err(|error| match error {
        Error::ConnectionFailed | Error::Timeout(Timeout::Connect) => ErrorKind::NotConnected.into(),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => ErrorKind::NotConnected.into(),
        other => other.into_io(),
    })?;
    Ok((response.status().as_u16(), response.into_body()))
}
