//! Responses, as they are checked.

use mmcos_core::wire::egonet;

use super::Request;
use crate::client::{self, AddPointsResult, Elements, Leaderboard, LoginDetails, MatchmakingResult};

/// A response of the server.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    /// A status other than 200.
    Rejected(u16),
    /// A response whose content is not checked.
    Done,
    Login(LoginDetails, Configuration),
    Status(ServerStatus),
    Matchmaking(MatchmakingResult),
    /// The points, and true if the game is to log in again.
    Points(AddPointsResult, bool),
    Board(Leaderboard),
    /// A response that does not fit its request.
    Unreadable(String),
}

/// The content of a `ServerStatus` response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerStatus {
    /// The message of the day, as it stands in the XML.
    pub(crate) message: Option<Box<str>>,
    pub(crate) is_open: bool,
}

impl ServerStatus {
    pub(crate) fn read(xml: &str) -> Option<Self> {
        let (_, message) = xml.split_once("<Message display=\"")?;
        let (shown, rest) = message.split_once("\" localize=\"false\">")?;
        let (text, rest) = rest.split_once("</Message>")?;
        let (_, rest) = rest.split_once("<ServerStatus accessible=\"")?;
        let (open, _) = rest.split_once('"')?;
        Some(Self { message: shown.parse::<bool>().ok()?.then(|| text.into()), is_open: open.parse().ok()? })
    }
}

/// The part of a login response that is the same for every player.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configuration {
    /// The number of the current special event, or 0.
    pub(crate) event: u32,
    /// Time for which a game searches before it accepts AI, in seconds.
    pub(crate) search_seconds: u64,
}

impl Response {
    /// Reads the response to a request.
    pub(crate) fn read(request: &Request, response: &client::Response) -> Self {
        if response.status != 200 {
            return Self::Rejected(response.status);
        }
        Self::understand(request, &response.body).unwrap_or_else(|| {
            Self::Unreadable(String::from_utf8_lossy(&response.body).chars().take(2000).collect())
        })
    }

    fn understand(request: &Request, body: &[u8]) -> Option<Self> {
        if let Request::EgoNet = request {
            return egonet::decode(body, &egonet::Limits::default()).ok().map(|_| Self::Done);
        }
        let xml = std::str::from_utf8(body).ok()?;
        Some(match request {
            Request::Login { .. } => {
                let event = Elements(xml).number("EventID")?;
                let search_seconds = LoginDetails::ai_after_seconds(xml)?;
                Self::Login(LoginDetails::read(xml)?, Configuration { event, search_seconds })
            }
            Request::AddPoints { .. } => {
                Self::Points(AddPointsResult::read(xml)?, AddPointsResult::needs_login(xml)?)
            }
            Request::Elite { .. } | Request::EliteRank | Request::Friends(_) => {
                Self::Board(Leaderboard::read(xml)?)
            }
            Request::Poll(_) => Self::Matchmaking(MatchmakingResult::read(xml)?),
            Request::Redirect => (xml == "Live").then_some(Self::Done)?,
            Request::ServerStatus => Self::Status(ServerStatus::read(xml)?),
            Request::EgoNet
            | Request::Title(_)
            | Request::NameOnly
            | Request::Cancel
            | Request::Register { .. } => xml.is_empty().then_some(Self::Done)?,
        })
    }
}
