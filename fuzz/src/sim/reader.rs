//! Responses, read as they arrive.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use memchr::memmem;
use mmcos_core::{seam::Bytes, wire::egonet};

use super::{
    ask::Ask,
    digest::Hash,
    told::{Configuration, ServerStatus},
};
use crate::client::{AddPointsResult, Entry, Leaderboard, LoginDetails, MatchmakingResult};

/// A response of the server.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A status other than 200.
    Refused(u16),
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

/// The responses on one connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
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
pub(super) struct Common {
    pub(super) hash: Hash,
    /// Members of a match get the same bytes.
    matches: Last<MatchmakingResult>,
    /// Readers of a page of the leaderboard get the same bytes.
    pages: Last<[Entry]>,
    configurations: Last<Configuration>,
    /// The configuration in the last login response.
    pub(super) configuration: Rc<Configuration>,
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

    pub(super) fn clear(&mut self) {
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
    fn read(&self, ask: &Ask, common: &mut Common) -> Reply {
        if self.head.status != 200 {
            return Reply::Refused(self.head.status);
        }
        self.understand(ask, common).unwrap_or_else(|| {
            Reply::Unreadable(String::from_utf8_lossy(self.own).chars().take(2000).collect())
        })
    }

    fn understand(&self, ask: &Ask, common: &mut Common) -> Option<Reply> {
        let own = &self.own[self.head.end..];
        if let Ask::EgoNet = ask {
            return egonet::decode(own, &egonet::Limits::default()).ok().map(|_| Reply::Done);
        }
        let own = std::str::from_utf8(own).ok()?;
        Some(match ask {
            Ask::Login { .. } => {
                common.configuration = match self.shared {
                    Some(shared) => common.configurations.of(shared, Configuration::read)?,
                    None => Configuration::read(own)?,
                };
                Reply::Login(LoginDetails::read_own(own)?)
            }
            Ask::AddPoints { .. } => {
                Reply::Points(AddPointsResult::read(own)?, AddPointsResult::asks_for_login(own)?)
            }
            Ask::Elite { .. } | Ask::EliteRank | Ask::Friends(_) => {
                let entries = match self.shared {
                    Some(shared) => common.pages.of(shared, Leaderboard::read_entries)?,
                    None => Leaderboard::read_entries(own)?,
                };
                Reply::Board(Leaderboard::read_own(entries, own)?)
            }
            Ask::Search(_) => Reply::Matchmaking(match self.shared {
                Some(shared) => common.matches.of(shared, |xml| MatchmakingResult::read(xml).map(Rc::new))?,
                None => Rc::new(MatchmakingResult::read(own)?),
            }),
            Ask::Redirect => (own == "Live").then_some(Reply::Done)?,
            Ask::ServerStatus => Reply::Status(ServerStatus::read(own)?),
            Ask::EgoNet | Ask::Title(_) | Ask::NameOnly | Ask::Cancel | Ask::Register { .. } => {
                own.is_empty().then_some(Reply::Done)?
            }
        })
    }
}

/// Returns all responses that are whole with these bytes, each with its request, and with its number for the
/// [`Hash`].
pub(super) fn feed(
    reader: &mut Reader,
    bytes: &Bytes<'_>,
    asked: &mut VecDeque<Ask>,
    common: &mut Common,
    mut answered: impl FnMut(Option<Ask>, Reply, u64),
) {
    let shared = if let Bytes::Shared(all) = bytes { Some(all) } else { None };
    let mut rest: &[u8] = bytes;
    let mut answer = |whole: &Whole<'_>| {
        let ask = asked.pop_front();
        // A client without a whole request is told the reason.
        let reply = whole.read(ask.as_ref().unwrap_or(&Ask::NameOnly), common);
        answered(ask, reply, common.hash.print(whole.own, whole.shared));
    };
    while !rest.is_empty() {
        if reader.own.is_empty()
            && let Some((whole, left)) = Whole::split(rest)
        {
            answer(&whole);
            rest = left;
            continue;
        }
        let Some(left) = reader.take(rest, shared) else { return };
        reader.whole().iter().for_each(&mut answer);
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
