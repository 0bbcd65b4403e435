//! Responses, read as they arrive.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use memchr::memmem;
use mmcos_core::{seam::Bytes, wire::egonet};

use super::Request;
use crate::{
    client::{AddPointsResult, Elements, Entry, Leaderboard, LoginDetails, MatchmakingResult},
    sim::digest::Hash,
};

/// A response of the server.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    /// A status other than 200.
    Rejected(u16),
    /// A response whose content is not checked.
    Done,
    Login(LoginDetails),
    Status(ServerStatus),
    Matchmaking(Rc<MatchmakingResult>),
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
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// The number of the current special event, or 0.
    pub(crate) event: u32,
    /// Time for which a game searches before it accepts AI, in seconds.
    pub(crate) search_seconds: u64,
}

impl Configuration {
    pub(crate) fn read(xml: &str) -> Option<Rc<Self>> {
        let event = Elements(xml).number("EventID")?;
        Some(Rc::new(Self { event, search_seconds: LoginDetails::ai_after_seconds(xml)? }))
    }
}

/// The responses on one connection.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Of a response that is not whole: its head, and the part of the body that is not shared.
    own: Vec<u8>,
    shared: Option<Arc<[u8]>>,
    head: Option<Head>,
    /// Bytes of the body that are missing, once the head is there.
    missing: usize,
}

/// The parsed head of a response.
#[derive(Clone, Copy, Debug)]
struct Head {
    status: u16,
    /// Offset of the body.
    end: usize,
    /// Length of the body.
    length: usize,
}

/// A whole response.
#[derive(Clone, Copy)]
struct Whole<'a> {
    head: Head,
    /// The head, and the part of the body that is not shared.
    own: &'a [u8],
    shared: Option<&'a Arc<[u8]>>,
}

/// Contents that many responses share.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) hash: Hash,
    /// Members of a match get the same bytes.
    matches: Last<MatchmakingResult>,
    /// Readers of a page of the leaderboard get the same bytes.
    pages: Last<[Entry]>,
    configurations: Last<Configuration>,
    /// The configuration in the last login response.
    pub(crate) configuration: Rc<Configuration>,
}

/// The content of the bytes that were shared last.
#[derive(Debug)]
struct Last<T: ?Sized>(Option<(Arc<[u8]>, Rc<T>)>);

impl<T: ?Sized> Default for Last<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ?Sized> Last<T> {
    fn of(&mut self, bytes: &Arc<[u8]>, read: impl FnOnce(&str) -> Option<Rc<T>>) -> Option<Rc<T>> {
        if let Some((_, known)) = self.0.as_ref().filter(|(last, _)| Arc::ptr_eq(last, bytes)) {
            return Some(Rc::clone(known));
        }
        let new = read(std::str::from_utf8(bytes).ok()?)?;
        self.0 = Some((Arc::clone(bytes), Rc::clone(&new)));
        Some(new)
    }
}

impl Reader {
    /// Takes bytes of a response that comes in pieces. Returns the rest once it is whole.
    fn take<'b>(&mut self, mut bytes: &'b [u8], shared: Option<&Arc<[u8]>>) -> Option<&'b [u8]> {
        if self.head.is_none() {
            let seen = self.own.len();
            self.own.extend_from_slice(bytes);
            let head = Head::read(&self.own, seen.saturating_sub(3))?;
            bytes = &bytes[head.end - seen..];
            self.own.truncate(head.end);
            (self.head, self.missing) = (Some(head), head.length);
        }
        let taken = self.missing.min(bytes.len());
        match shared {
            Some(all) if taken == all.len() && taken > 0 => self.shared = Some(Arc::clone(all)),
            _ => self.own.extend_from_slice(&bytes[..taken]),
        }
        self.missing -= taken;
        (self.missing == 0).then_some(&bytes[taken..])
    }

    fn whole(&self) -> Option<Whole<'_>> {
        Some(Whole { head: self.head?, own: &self.own, shared: self.shared.as_ref() })
    }

    pub(crate) fn clear(&mut self) {
        self.own.clear();
        (self.shared, self.head) = (None, None);
    }
}

impl<'a> Whole<'a> {
    /// Splits off the response at the beginning of these bytes.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let head = Head::read(bytes, 0)?;
        let (own, rest) = bytes.split_at_checked(head.end + head.length)?;
        Some((Self { head, own, shared: None }, rest))
    }

    /// Parses the response to this request.
    fn read(&self, request: &Request, common: &mut Common) -> Response {
        if self.head.status != 200 {
            return Response::Rejected(self.head.status);
        }
        self.understand(request, common).unwrap_or_else(|| {
            Response::Unreadable(String::from_utf8_lossy(self.own).chars().take(2000).collect())
        })
    }

    fn understand(&self, request: &Request, common: &mut Common) -> Option<Response> {
        let own = &self.own[self.head.end..];
        if let Request::EgoNet = request {
            return egonet::decode(own, &egonet::Limits::default()).ok().map(|_| Response::Done);
        }
        let own = std::str::from_utf8(own).ok()?;
        Some(match request {
            Request::Login { .. } => {
                common.configuration = match self.shared {
                    Some(shared) => common.configurations.of(shared, Configuration::read)?,
                    None => Configuration::read(own)?,
                };
                Response::Login(LoginDetails::read_own(own)?)
            }
            Request::AddPoints { .. } => {
                Response::Points(AddPointsResult::read(own)?, AddPointsResult::needs_login(own)?)
            }
            Request::Elite { .. } | Request::EliteRank | Request::Friends(_) => {
                let entries = match self.shared {
                    Some(shared) => common.pages.of(shared, Leaderboard::read_entries)?,
                    None => Leaderboard::read_entries(own)?,
                };
                Response::Board(Leaderboard::read_own(entries, own)?)
            }
            Request::Poll(_) => Response::Matchmaking(match self.shared {
                Some(shared) => common.matches.of(shared, |xml| MatchmakingResult::read(xml).map(Rc::new))?,
                None => Rc::new(MatchmakingResult::read(own)?),
            }),
            Request::Redirect => (own == "Live").then_some(Response::Done)?,
            Request::ServerStatus => Response::Status(ServerStatus::read(own)?),
            Request::EgoNet
            | Request::Title(_)
            | Request::NameOnly
            | Request::Cancel
            | Request::Register { .. } => own.is_empty().then_some(Response::Done)?,
        })
    }
}

/// Returns all responses that are whole with these bytes, each with its request, and with its number for the
/// [`Hash`].
pub(crate) fn feed(
    reader: &mut Reader,
    bytes: &Bytes<'_>,
    pending: &mut VecDeque<Request>,
    common: &mut Common,
    mut on_response: impl FnMut(Option<Request>, Response, u64),
) {
    let shared = if let Bytes::Shared(all) = bytes { Some(all) } else { None };
    let mut rest: &[u8] = bytes;
    let mut response = |whole: &Whole<'_>| {
        let request = pending.pop_front();
        // A client without a whole request gets the reason.
        let response = whole.read(request.as_ref().unwrap_or(&Request::NameOnly), common);
        on_response(request, response, common.hash.print(whole.own, whole.shared));
    };
    while !rest.is_empty() {
        if reader.own.is_empty()
            && let Some((whole, left)) = Whole::split(rest)
        {
            response(&whole);
            rest = left;
            continue;
        }
        let Some(left) = reader.take(rest, shared) else { return };
        reader.whole().iter().for_each(&mut response);
        reader.clear();
        rest = left;
    }
}

impl Head {
    /// Parses the content, if it ends behind `from`.
    fn read(bytes: &[u8], from: usize) -> Option<Self> {
        const END: &[u8] = b"\r\n\r\n";
        let end = from + memmem::find(&bytes[from..], END)? + END.len();
        let (status, length) = Self::fields(&bytes[..end]).unwrap_or((0, 0));
        Some(Self { status, end, length })
    }

    fn fields(head: &[u8]) -> Option<(u16, usize)> {
        const LENGTH: &[u8] = b"\r\nContent-Length: ";
        let status = number(head.strip_prefix(b"HTTP/1.1 ")?)?;
        let length = number(&head[memmem::find(head, LENGTH)? + LENGTH.len()..])?;
        Some((status.try_into().ok()?, length))
    }
}

/// Returns the number at the beginning of a text.
fn number(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take_while(|digit| digit.is_ascii_digit()).take(9);
    let add = |number: Option<usize>, digit: &u8| Some(number.unwrap_or(0) * 10 + usize::from(digit - b'0'));
    digits.fold(None, add)
}
