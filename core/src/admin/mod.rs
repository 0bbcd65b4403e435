//! The operator's side of a server, as far as it is the same for any game: authentication, responses, charts,
//! metrics.
//!
//! A game checks the sender of a request with the [`Gate`] and responds with an [`AdminResponse`]. [`History`] makes
//! the charts and [`Exposition`] the metrics. A [`VisitorPage`] is a text for players that names the server's address.

mod audit;
mod desk;
mod gate;
mod history;
mod host;
mod metrics;
#[cfg(feature = "openapi")]
mod openapi;
mod operators;
mod password;
mod response;
mod throttle;
mod tokens;
mod visitor;

use alloc::{string::String, vec::Vec};

use crate::AddressRange;

pub use crate::finding::{Finding, Verdict};
pub use audit::{AuditEntry, AuditLog};
pub use desk::{Desk, DeskConfig, DeskOutcome};
pub use gate::{Access, Caller, Gate, LoggedIn, Proof, Refusal};
pub use history::{Chart, Gauges, History, Load, MinuteLoads, QuarterLoad};
pub use metrics::{Exposition, Family, Kind, Thousandths};
#[cfg(feature = "openapi")]
pub use openapi::{Operation, RequiredAccess, document};
pub use operators::{CONSOLE, HOST, Operator, OperatorError, OperatorName, Operators, Role};
pub use password::Password;
pub use response::AdminResponse;
pub use tokens::{Grant, LINK_LIFETIME, Token, TokenDigest, TokenDigestError};
pub use visitor::{Addresses, HostName, ServerAddress, ServerAddressError, VisitorPage};

/// Credentials of operators, and what needs none.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The host's password, also accepted as a bearer token. With `None`, only links, the console's token and named
    /// operators remain.
    pub password: Option<Password>,
    /// A bearer token for the host's own commands.
    pub console: Option<Password>,
    /// A one-time link that is valid from the start on.
    pub first_link: Option<Token>,
    /// True to serve metrics without credentials.
    pub open_metrics: bool,
    /// True if operators have a listener of their own, [`ListenerKind::Admin`](crate::seam::ListenerKind::Admin): then
    /// they are served by no other.
    pub own_listener: bool,
    /// Networks from which operators' requests are accepted; `None` for all.
    pub networks: Option<Vec<AddressRange>>,
    /// Names under which the dashboard may be opened, besides addresses and the names of a local network.
    pub names: Vec<String>,
}
