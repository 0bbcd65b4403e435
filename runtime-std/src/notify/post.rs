use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, http};

use serde_json::Value;

use super::WebhookUrl;
use super::message::Outgoing;

/// Maximum time for everything: name, connection, TLS, request, response.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum bytes of a response that are read.
const RESPONSE_BYTES: u64 = 64 * 1024;
/// Maximum bytes of a response that are shown.
const SHOWN_BYTES: usize = 300;
/// Wait after a 429 that names none. (Our choice.)
const USUAL_WAIT: Duration = Duration::from_secs(30);

/// Response of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Start of the body on one line, at most 300 bytes.
    pub said: String,
    /// Number of the message, if it can be changed later.
    pub number: Option<String>,
    /// The body, as far as it was read.
    pub(super) text: String,
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, said, .. } = self;
        if said.is_empty() { write!(f, "{status}") } else { write!(f, "{status}, {said}") }
    }
}

/// Reason why a message did not arrive at a host. Names the host only: the rest of the URL is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// Response with a status other than 200 to 299.
    #[error("{0} responded {status}: {advice}", status = .1.status, advice = advice(.1.status))]
    Refused(String, Response),
    /// Too many messages in a short time: the time to wait before the next one.
    #[error("{0} accepts no more messages for {seconds} s; raise notify-quiet-seconds if that happens often",
        seconds = .1.as_secs_f64().ceil())]
    TooMany(String, Duration),
    /// No response in time.
    #[error(
        "{0} did not respond within {seconds} seconds: it is down or overloaded, or a firewall drops the connection",
        seconds = PATIENCE.as_secs()
    )]
    TooSlow(String),
    /// This machine has no root certificates to verify a certificate with.
    #[error(
        "this machine has no root certificates, so it cannot verify {0}: install ca-certificates, or set \
         SSL_CERT_FILE to a file with root certificates"
    )]
    NoRoots(String),
    /// The peer does not prove to be the host.
    #[error(
        "TLS with {0} fails: {1}; if its certificate is your own, set SSL_CERT_FILE to the file of its authority"
    )]
    Tls(String, #[source] rustls::Error),
    /// Any other error: the name is unknown, no program listens, the connection broke.
    #[error("{0} cannot be reached: {1}; check notify-url, and whether this machine may connect to it")]
    Unreachable(String, #[source] io::Error),
}

/// Returns the operator's next step after a response with this status.
const fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "it redirects to another address, which is not followed; set notify-url to the final address"
        }
        401 | 403 | 404 | 410 => {
            "it has no webhook at notify-url (any more); make a new one and copy its URL"
        }
        400..=499 => "it does not accept such messages; check notify-format and notify-url",
        500..=599 => "it has a problem of its own; the server tries again with the next message",
        _ => "that is not the response of a webhook; check notify-url",
    }
}

/// Sends this request once. Does not follow redirects.
pub(super) fn post(url: &WebhookUrl, request: &Outgoing) -> Result<Response, PostError> {
    let host = || url.host().to_owned();
    let agent = agent(url)?;
    let builder = if request.changes { agent.patch(&request.url) } else { agent.post(&request.url) };
    let fields = request.fields.iter();
    let builder = fields.fold(builder, |builder, (name, value)| builder.header(*name, value));
    let response = builder
        .header("content-type", request.content_type)
        .send(&request.body)
        .map_err(|error| explain(host(), error))?;
    let status = response.status().as_u16();
    let waits = response.headers().get("retry-after").and_then(|field| field.to_str().ok()?.parse().ok());
    let text = start(response);
    if status == 429 {
        let retry_after =
            waits.or_else(|| asked_wait(&text)).and_then(|wait| Duration::try_from_secs_f64(wait).ok());
        return Err(PostError::TooMany(host(), retry_after.unwrap_or(USUAL_WAIT)));
    }
    let response = Response { status, said: one_line(&text), number: None, text };
    if (200..300).contains(&response.status) {
        Ok(response)
    } else {
        Err(PostError::Refused(host(), response))
    }
}

/// Returns the seconds to wait from the body of a 429: of Discord (`retry_after`) or Telegram
/// (`parameters.retry_after`).
fn asked_wait(body: &str) -> Option<f64> {
    let body: Value = serde_json::from_str(body).ok()?;
    let wait = body.get("retry_after").or_else(|| body.get("parameters")?.get("retry_after"))?;
    wait.as_f64()
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
        return Err(PostError::NoRoots(url.host().to_owned()));
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
        ureq::Error::Timeout(_) => PostError::TooSlow(host),
        ureq::Error::Rustls(source) => PostError::Tls(host, source),
        error => match error.into_io().downcast::<rustls::Error>() {
            Ok(source) => PostError::Tls(host, source),
            Err(source) if source.kind() == io::ErrorKind::TimedOut => PostError::TooSlow(host),
            Err(source) => PostError::Unreachable(host, source),
        },
    }
}

/// Returns the start of a body. Drops the part that does not come in time.
fn start(response: http::Response<Body>) -> String {
    let mut said = Vec::new();
    let _ = response.into_body().into_reader().take(RESPONSE_BYTES).read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// Returns the start of a body as one line.
fn one_line(text: &str) -> String {
    let start = text.get(..text.floor_char_boundary(SHOWN_BYTES)).unwrap_or_default();
    let line: String = start.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
