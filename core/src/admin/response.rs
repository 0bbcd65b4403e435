use alloc::{format, string::String, sync::Arc, vec::Vec};

use serde::Serialize;

use super::{Refusal, gate::seconds};
use crate::{
    engine::{Body, Response},
    seam::Bytes,
    wire::http::Status,
};

/// Content security policy of our pages: scripts, styles, images and requests only from this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Fields of every response: no content sniffing, no referrer, no framing, and [`POLICY`].
const ALWAYS: [(&str, &str); 4] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", POLICY),
];

/// The response to a command that was carried out.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Done {}

/// A failure.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Error<'a> {
    /// Message for the operator: what happened, what it means, what to do next.
    error: &'a str,
    /// The reason why the command must be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<&'a str>,
}

/// A response to an operator's request, from a browser or a program.
#[derive(Clone, Debug)]
pub struct AdminResponse {
    status: Status,
    content_type: &'static str,
    fields: Vec<(&'static str, String)>,
    body: Arc<[u8]>,
}

impl AdminResponse {
    /// Returns a response with a body of this type, not to be cached.
    pub fn new(content_type: &'static str, body: Arc<[u8]>) -> Self {
        let response = Self { status: Status::OK, content_type, fields: Vec::new(), body };
        response.with("Cache-Control", "no-store")
    }

    /// Returns a response with a value as JSON. (Views can always be serialised.)
    pub fn json(value: &impl Serialize) -> Self {
        Self::new("application/json", serde_json::to_vec(value).unwrap_or_default().into())
    }

    /// Returns a success without data: `{}`.
    pub fn done() -> Self {
        Self::json(&Done {})
    }

    /// Returns an error as JSON: `{"error": "…"}`.
    pub fn error(status: Status, text: &str) -> Self {
        Self { status, ..Self::json(&Error { error: text, confirm: None }) }
    }

    /// Returns a request for confirmation as JSON: `{"error": "…", "confirm": "…"}`. `why` completes a question to
    /// the operator.
    pub fn question(why: &str, error: &str) -> Self {
        Self { status: Status::CONFLICT, ..Self::json(&Error { error, confirm: Some(why) }) }
    }

    /// Returns the response to a request that was refused.
    pub fn refused(refusal: &Refusal) -> Self {
        let response = Self::error(refusal.status(), &format!("{refusal}"));
        match refusal {
            Refusal::TooManyAttempts(wait) => response.with("Retry-After", &format!("{}", seconds(*wait))),
            Refusal::ProofNeeded | Refusal::WrongPassword | Refusal::Ended(_) => {
                response.with("WWW-Authenticate", "Bearer")
            }
            Refusal::ForeignNetwork(_)
            | Refusal::ForeignHost(_)
            | Refusal::ForeignSite
            | Refusal::RoleNeeded { .. }
            | Refusal::UsedLink => response,
        }
    }

    /// Redirects a browser to this path, with 303.
    pub fn see_other(path: &str) -> Self {
        Self { status: Status::SEE_OTHER, ..Self::new("text/plain; charset=utf-8", b"".as_slice().into()) }
            .with("Location", path)
    }

    /// Replaces the status.
    #[must_use]
    pub fn of_status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// Adds a field, or replaces the field of the same name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(other, _)| *other != name);
        self.fields.push((name, value.into()));
        self
    }

    /// Passes the response to `respond`.
    pub fn send<T>(&self, respond: impl FnOnce(&Response<'_>) -> T) -> T {
        let own = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<(&str, &str)> = ALWAYS.into_iter().chain(own).collect();
        respond(&Response {
            status: self.status,
            content_type: Some(self.content_type),
            fields: &fields,
            body: Body::new(Bytes::Shared(Arc::clone(&self.body)), &[]),
            close: false,
        })
    }

    /// Returns the status.
    pub const fn status(&self) -> Status {
        self.status
    }
}
