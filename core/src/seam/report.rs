use core::{
    convert::Infallible,
    fmt::{Debug, Display},
};

use crate::notice::Notice;

/// A log event: its `Display` is the line for the host.
pub trait Report: Debug + Display {
    /// How urgent it is.
    fn level(&self) -> Level;

    /// The log target: a name for its kind that filters can match, such as `mmcos::login`.
    fn target(&self) -> &'static str;

    /// The news in it for people who do not read the log; none by default.
    fn notice(&self) -> Option<Notice> {
        None
    }
}

/// Urgency of a log event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Part of normal operation.
    Info,
    /// Of interest to a host who looks for the cause of a trouble.
    Warn,
}

/// The log event of a core that logs nothing of its own.
impl Report for Infallible {
    fn level(&self) -> Level {
        match *self {}
    }

    fn target(&self) -> &'static str {
        match *self {}
    }
}
