use core::{
    convert::Infallible,
    fmt::{Debug, Display},
};

use crate::notice::Notice;

/// A log event. Its `Display` is the line in the log.
pub trait Report: Debug + Display {
    /// Returns its urgency.
    fn level(&self) -> Level;

    /// Returns the log target: a name for its kind that filters can match, such as `mmcos::login`.
    fn target(&self) -> &'static str;

    /// Returns its news for people outside the game; none by default.
    fn notice(&self) -> Option<Notice> {
        None
    }
}

/// Urgency of a log event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Part of normal operation.
    Info,
    /// A possible cause of trouble.
    Warn,
}

/// The log event of a core without log events.
impl Report for Infallible {
    fn level(&self) -> Level {
        match *self {}
    }

    fn target(&self) -> &'static str {
        match *self {}
    }
}
