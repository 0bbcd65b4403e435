//! The server as a whole in responses: its state, and the game's configuration.

use std::rc::Rc;

use crate::client::{Elements, LoginDetails};

/// The content of a `ServerStatus` response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerStatus {
    /// The message of the day, as it stands in the XML.
    pub(super) message: Option<Box<str>>,
    pub(super) is_open: bool,
}

impl ServerStatus {
    pub(super) fn read(xml: &str) -> Option<Self> {
        let (_, message) = xml.split_once("<Message display=\"")?;
        let (shown, rest) = message.split_once("\" localize=\"false\">")?;
        let (text, rest) = rest.split_once("</Message>")?;
        let (_, rest) = rest.split_once("<ServerStatus accessible=\"")?;
        let (open, _) = rest.split_once('"')?;
        Some(Self { message: shown.parse::<bool>().ok()?.then(|| text.into()), is_open: open.parse().ok()? })
    }
}

/// The part of a login response that is the same for every player.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The number of the current special event, or 0.
    pub(super) event: u32,
    /// Time for which a game searches before it accepts AI, in seconds.
    pub(super) search_seconds: u64,
}

impl Configuration {
    pub(super) fn read(xml: &str) -> Option<Rc<Self>> {
        let event = Elements(xml).number("EventID")?;
        Some(Rc::new(Self { event, search_seconds: LoginDetails::search_seconds(xml)? }))
    }
}
