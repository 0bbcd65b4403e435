//! What players are told of the server as a whole: its state, and the game's configuration.

use std::rc::Rc;

use crate::client::{Elements, LoginDetails};

/// What `ServerStatus` says.
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

/// What the part of a login's answer says that is the same for everybody.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The number of the event that is on, or 0.
    pub(super) event: u32,
    /// How long a game searches before it is content with AI.
    pub(super) search_seconds: u64,
}

impl Configuration {
    pub(super) fn read(xml: &str) -> Option<Rc<Self>> {
        let event = Elements(xml).number("EventID")?;
        Some(Rc::new(Self { event, search_seconds: LoginDetails::search_seconds(xml)? }))
    }
}
