//! Answers, read as they come in.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use mmcos_core::{seam::Bytes, wire::egonet};

use super::{
    ask::Ask,
    digest::Hash,
    told::{Configuration, ServerStatus},
};
use crate::client::{AddPointsResult, Leaderboard, LoginDetails, MatchmakingResult};

/// What the server said.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// With a status other than 200.
    Refused(u16),
    /// Nothing that is looked into.
    Done,
    Login(LoginDetails),
    Status(ServerStatus),
    Matchmaking(Rc<MatchmakingResult>),
    /// And whether the game is to log in again.
    Points(AddPointsResult, bool),
    Board(Leaderboard),
    /// Not what such a request is answered.
    Unreadable(String),
}

/// The answers on one connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The head and what of the body is not shared.
    own: Vec<u8>,
    shared: Option<Arc<[u8]>>,
    body_at: usize,
    status: u16,
    /// Bytes of the body that are still to come, once the head is there.
    missing: Option<usize>,
}

/// What many answers have in common.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) hash: Hash,
    /// The match of which an answer came last: all of its members get the same bytes.
    last_match: Option<(Arc<[u8]>, Rc<MatchmakingResult>)>,
    pub(super) configuration: Configuration,
}

impl Reader {
    /// Takes bytes, and gives the next whole answer in them together with what they leave.
    pub(super) fn take<'b>(&mut self, mut bytes: &'b [u8], shared: Option<&Arc<[u8]>>) -> (bool, &'b [u8]) {
        if self.missing.is_none() {
            let seen = self.own.len();
            self.own.extend_from_slice(bytes);
            let Some(end) = end_of_head(&self.own, seen.saturating_sub(3)) else { return (false, &[]) };
            bytes = &bytes[end - seen..];
            self.own.truncate(end);
            self.body_at = end;
            let (status, length) = head(&self.own).unwrap_or((0, 0));
            (self.status, self.missing) = (status, Some(length));
        }
        let missing = self.missing.unwrap_or(0);
        let taken = missing.min(bytes.len());
        match shared {
            Some(all) if taken == all.len() && taken > 0 => self.shared = Some(Arc::clone(all)),
            _ => self.own.extend_from_slice(&bytes[..taken]),
        }
        self.missing = Some(missing - taken);
        (missing == taken, &bytes[taken..])
    }

    /// Understands the answer that was read last, and makes room for the next.
    pub(super) fn read(&mut self, ask: &Ask, common: &mut Common) -> Reply {
        common.hash.bytes(&self.own);
        if let Some(shared) = &self.shared {
            common.hash.shared(shared);
        }
        let reply = if self.status == 200 {
            self.understand(ask, common).unwrap_or_else(|| {
                Reply::Unreadable(String::from_utf8_lossy(&self.own).chars().take(2000).collect())
            })
        } else {
            Reply::Refused(self.status)
        };
        self.clear();
        reply
    }

    fn understand(&self, ask: &Ask, common: &mut Common) -> Option<Reply> {
        let own = &self.own[self.body_at..];
        if let Ask::EgoNet = ask {
            return egonet::decode(own, &egonet::Limits::default()).ok().map(|_| Reply::Done);
        }
        let own = std::str::from_utf8(own).ok()?;
        let first = self.shared.as_ref().map_or(Some(own), |shared| std::str::from_utf8(shared).ok())?;
        Some(match ask {
            Ask::Login { .. } => {
                common.configuration.read(first, self.shared.as_ref())?;
                Reply::Login(LoginDetails::read_own(own)?)
            }
            Ask::AddPoints { .. } => {
                Reply::Points(AddPointsResult::read(own)?, AddPointsResult::asks_for_login(own)?)
            }
            Ask::Elite { .. } | Ask::EliteRank | Ask::Friends(_) => {
                Reply::Board(Leaderboard::read(first, own)?)
            }
            Ask::Search(_) => Reply::Matchmaking(self.matchmaking(first, common)?),
            Ask::Redirect => (own == "Live").then_some(Reply::Done)?,
            Ask::ServerStatus => Reply::Status(ServerStatus::read(own)?),
            Ask::EgoNet | Ask::Title(_) | Ask::NameOnly | Ask::Cancel | Ask::Register { .. } => {
                own.is_empty().then_some(Reply::Done)?
            }
        })
    }

    fn matchmaking(&self, text: &str, common: &mut Common) -> Option<Rc<MatchmakingResult>> {
        let Some(shared) = &self.shared else { return MatchmakingResult::read(text).map(Rc::new) };
        if let Some((bytes, result)) = &common.last_match
            && Arc::ptr_eq(bytes, shared)
        {
            return Some(Rc::clone(result));
        }
        let result = Rc::new(MatchmakingResult::read(text)?);
        common.last_match = Some((Arc::clone(shared), Rc::clone(&result)));
        Some(result)
    }

    pub(super) fn clear(&mut self) {
        self.own.clear();
        (self.shared, self.missing) = (None, None);
    }
}

/// All answers that are whole with these bytes, each with what was asked.
pub(super) fn feed(
    reader: &mut Reader,
    bytes: &Bytes<'_>,
    asked: &mut VecDeque<Ask>,
    common: &mut Common,
    mut answered: impl FnMut(Option<Ask>, Reply),
) {
    let shared = if let Bytes::Shared(all) = bytes { Some(all) } else { None };
    let mut rest: &[u8] = bytes;
    loop {
        let (whole, left) = reader.take(rest, shared);
        if !whole {
            return;
        }
        rest = left;
        // Who has not asked for anything whole is told why that is so.
        let ask = asked.pop_front();
        let reply = reader.read(ask.as_ref().unwrap_or(&Ask::NameOnly), common);
        answered(ask, reply);
        if rest.is_empty() {
            return;
        }
    }
}

fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let at = bytes[from..].windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(from + at + 4)
}

/// Its status, and how long the body is.
fn head(head: &[u8]) -> Option<(u16, usize)> {
    const LENGTH: &str = "\r\nContent-Length: ";
    let head = std::str::from_utf8(head).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let (_, length) = head.split_once(LENGTH)?;
    let (length, _) = length.split_once('\r')?;
    Some((status, length.parse().ok()?))
}
