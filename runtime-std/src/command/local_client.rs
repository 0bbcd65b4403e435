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

/// Maximum bytes of a body that are read.
const LONGEST: u64 = 4096;

/// A listener, written as `http://127.0.0.1:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Address of the listener.
    pub(crate) address: SocketAddr,
    /// True if it speaks TLS.
    pub(crate) tls: bool,
}

/// Status and start of the body of a response.
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
        read(agent().get(self.url(path)).header(HOST, host).call())
    }

    /// Sends a POST request without a body, with a bearer token.
    pub(crate) fn post(self, path: &str, token: &str) -> io::Result<Response> {
        let request = agent().post(self.url(path)).header(HOST, "localhost");
        read(request.header(AUTHORIZATION, format!("Bearer {token}")).send_empty())
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

fn read(response: Result<http::Response<Body>, Error>) -> io::Result<Response> {
    let response = response.map_err(|error| match error {
        Error::ConnectionFailed | Error::Timeout(Timeout::Connect) => ErrorKind::NotConnected.into(),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => ErrorKind::NotConnected.into(),
        other => other.into_io(),
    })?;
    let (status, mut body) = (response.status().as_u16(), Vec::new());
    // What came before an error counts.
    let _ = response.into_body().into_reader().take(LONGEST).read_to_end(&mut body);
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
