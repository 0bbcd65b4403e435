use alloc::string::String;
use core::net::SocketAddr;

use mmcos_core::seam::{Level, Report};

use crate::Refusal;

/// Log event for the operator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogEvent {
    /// A player logged in.
    #[error("{name} logged in{}", if *is_new { " for the first time" } else { "" })]
    LoggedIn {
        /// Name of the account.
        name: String,
        /// True if this login made the account.
        is_new: bool,
    },
    /// A stage or a time trial was driven.
    #[error("{name} drove {what} in {}.{:03} s", millis / 1000, millis % 1000)]
    Drove {
        /// Name of the account.
        name: String,
        /// Stage or time trial, and its outcome.
        what: String,
        /// The time.
        millis: u32,
    },
    /// A request was refused.
    #[error("refused {function} of {peer}: {why}")]
    Refused {
        /// The client.
        peer: SocketAddr,
        /// The function.
        function: String,
        /// The reason.
        why: Refusal,
    },
    /// An unknown function was called. The response is an empty dictionary.
    #[error(
        "{peer} called {function} ({bytes} bytes), which is unknown: please report what the player did in the game"
    )]
    Unknown {
        /// The client.
        peer: SocketAddr,
        /// The function.
        function: String,
        /// Length of the request's body.
        bytes: usize,
    },
}

impl Report for LogEvent {
    fn level(&self) -> Level {
        match self {
            Self::Refused { .. } | Self::Unknown { .. } => Level::Warn,
            Self::LoggedIn { .. } | Self::Drove { .. } => Level::Info,
        }
    }

    fn target(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "dr2::login",
            Self::Drove { .. } => "dr2::result",
            Self::Refused { .. } => "dr2::refused",
            Self::Unknown { .. } => "dr2::unknown",
        }
    }
}
