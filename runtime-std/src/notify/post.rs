use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, http};

use super::WebhookUrl;

/// Maximum time for everything: name, connection, TLS, request, response.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum bytes of a response that are read.
const RESPONSE_BYTES: u64 = 300;

/// Response of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Start of the body on one line, at most 300 bytes.
    pub said: String,
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, said } = self;
        if said.is_empty() { write!(f, "{status}") } else { write!(f, "{status}, {said}") }
    }
}

/// Reason why a message did not arrive. Names the host only: the rest of the URL is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// Response with a status other than 200 to 299.
    #[error("{host} answered {}: {}", .response.status, advice(.response.status))]
    Refused {
        /// Host of the webhook.
        host: String,
        /// Response.
        response: Response,
    },
    /// No response in time.
    #[error("{host} did not answer within {} seconds: it is down or overloaded, or something on the way swallows \
             what is sent to it", PATIENCE.as_secs())]
    TooSlow {
        /// Host of the webhook.
        host: String,
    },
    /// This machine has no root certificates to check a certificate with.
    #[error(
        "this machine has no root certificates, so it cannot tell whether {host} is real: install ca-certificates, \
         or name a file in SSL_CERT_FILE"
    )]
    NoRoots {
        /// Host of the webhook.
        host: String,
    },
    /// The certificate of the peer is not trusted, or not for this host.
    #[error(
        "TLS with {host} fails: {source}; if its certificate is one of your own making, name its authority's file in \
         SSL_CERT_FILE"
    )]
    Tls {
        /// Host of the webhook.
        host: String,
        /// Error of TLS.
        source: rustls::Error,
    },
    /// Any other error: the name is unknown, no program listens, the connection broke.
    #[error("{host} cannot be reached: {source}; is notify-url right, and may this machine connect to it?")]
    Unreachable {
        /// Host of the webhook.
        host: String,
        /// Reason.
        source: io::Error,
    },
}

/// Returns the operator's next step after a response with this status.
const fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "it wants the message sent elsewhere, which is not done; set notify-url to the final address"
        }
        401 | 403 | 404 | 410 => {
            "notify-url is none of its webhooks, or no longer; make a new one and copy its URL"
        }
        429 => "that was too often for it; raise notify-quiet-seconds",
        400..=499 => "it does not take messages of this form; look at notify-format, and at notify-url",
        500..=599 => "it is in trouble itself; the next search will be told again",
        _ => "that is no answer of a webhook; look at notify-url",
    }
}

/// Sends this body once. Does not follow redirects.
pub(super) fn post(url: &WebhookUrl, content_type: &str, body: &str) -> Result<Response, PostError> {
    let host = || url.host().to_owned();
    let agent = agent(url)?;
    let response = agent
        .post(url.uri())
        .header("content-type", content_type)
        .send(body)
        .map_err(|error| explain(host(), error))?;
    let response = Response { status: response.status().as_u16(), said: start(response) };
    if (200..300).contains(&response.status) {
        Ok(response)
    } else {
        Err(PostError::Refused { host: host(), response })
    }
}

/// Makes a client for one message: messages are rare, and its state (connections, certificates) would only age.
fn agent(url: &WebhookUrl) -> Result<Agent, PostError> {
    let config = Agent::config_builder()
        .user_agent(concat!("mmcos/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false);
    if !url.is_encrypted() {
        return Ok(config.build().new_agent());
    }
    let roots = root_certificates();
    if roots.is_empty() {
        return Err(PostError::NoRoots { host: url.host().to_owned() });
    }
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .build();
    Ok(config.tls_config(tls).build().new_agent())
}

/// Returns the authorities that this machine trusts. Skips what cannot be read.
pub(crate) fn root_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|root| Certificate::from_der(root).to_owned()).collect()
}

fn explain(host: String, error: ureq::Error) -> PostError {
    match error {
        ureq::Error::Timeout(_) => PostError::TooSlow { host },
        ureq::Error::Rustls(source) => PostError::Tls { host, source },
        error => match error.into_io().downcast::<rustls::Error>() {
            Ok(source) => PostError::Tls { host, source },
            Err(source) if source.kind() == io::ErrorKind::TimedOut => PostError::TooSlow { host },
            Err(source) => PostError::Unreachable { host, source },
        },
    }
}

/// Returns the start of a body as one line. Drops the part that does not come in time.
fn start(response: http::Response<Body>) -> String {
    let mut said = Vec::new();
    let _ = response.into_body().into_reader().take(RESPONSE_BYTES).read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
