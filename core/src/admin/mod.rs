//! What an operator sees and orders, as much of it as is the same for any game: authentication, answers, charts, metrics.
//!
//! A game asks the [`Gate`] who sends a request and answers with an [`Answer`]; [`History`] makes the charts and
//! [`Exposition`] the metrics. A [`VisitorPage`] is a text for players that names the server's address.

mod answer;
mod desk;
mod gate;
mod history;
mod host;
mod metrics;
#[cfg(feature = "openapi")]
mod openapi;
mod password;
mod throttle;
mod tokens;
mod visitor;

use alloc::{string::String, vec::Vec};

pub use answer::Answer;
pub use desk::{Asked, Desk, DeskConfig};
pub use gate::{Access, Gate, Proof, Refusal};
pub use history::{Chart, Gauges, History};
pub use metrics::{Exposition, Family, Kind, Thousandths};
#[cfg(feature = "openapi")]
pub use openapi::{Operation, RequiredAccess, document};
pub use password::Password;
pub use tokens::{LINK_LIFETIME, Token, TokenDigest};
pub use visitor::{Addresses, HostName, ServerAddress, ServerAddressError, VisitorPage};

/// How operators prove themselves, and what needs no proof.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The operator's password, which is a bearer token as well. `None`: only links and the console's token remain.
    pub password: Option<Password>,
    /// A bearer token for the host's own commands.
    pub console: Option<Password>,
    /// A one-time link that is accepted from the start on.
    pub first_link: Option<Token>,
    /// Whether everybody may read metrics.
    pub open_metrics: bool,
    /// The names that the dashboard may be opened by, besides addresses and the names of a local network.
    pub names: Vec<String>,
}
