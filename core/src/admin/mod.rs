//! What an operator sees and orders: the dashboard, the JSON API, metrics. As much of it as is the same for any game.
//!
//! A game asks the [`Gate`] whom it has to do with, finds out by [`Ask`] what is wanted, and answers with an
//! [`Answer`]. What there is to see are the [views](view), to be written as JSON; [`History`] makes the charts and
//! [`Exposition`] the metrics. The page of the dashboard is a few [files](Asset), which know the server by its API
//! alone.

mod answer;
mod ask;
mod asset;
mod attempts;
mod gate;
mod history;
mod host;
mod metrics;
mod password;
mod sessions;
pub mod view;

use alloc::{string::String, sync::Arc, vec::Vec};

pub use answer::Answer;
pub use ask::{Ask, Found};
pub use asset::Asset;
pub use gate::{Access, Gate, Refusal};
pub use history::{Chart, Gauges, History};
pub use metrics::{CONTENT_TYPE as METRICS_TYPE, Exposition, Family, Kind};
pub use password::Password;

use crate::seam::ListenerId;

/// Who may see and order what.
#[derive(Clone, Debug)]
pub struct Config {
    /// What an operator logs in with, or brings as a bearer token. `None`: nobody can order anything.
    pub password: Option<Password>,
    /// Whether whoever sits at the server's own machine may look without a password.
    pub open_to_this_machine: bool,
    /// Whether metrics and health are for everybody.
    pub open_metrics: bool,
    /// The names that the dashboard may be opened by, besides addresses and `localhost`.
    pub names: Vec<String>,
    /// The listener that speaks TLS: a session that began there is never sent in the clear.
    pub tls: Option<ListenerId>,
}

impl Default for Config {
    /// This machine may look; nobody can order anything.
    fn default() -> Self {
        Self { password: None, open_to_this_machine: true, open_metrics: false, names: Vec::new(), tls: None }
    }
}

/// A text for everybody at a path of its own, such as the instructions for players at `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPage {
    /// Where, such as `/` or `/setup.cmd`.
    pub path: String,
    /// What it is, such as `text/html; charset=utf-8`.
    pub content_type: String,
    /// What the page may load: its `Content-Security-Policy`.
    pub policy: String,
    /// The text.
    pub body: Arc<[u8]>,
}
