use std::{collections::VecDeque, net::Ipv4Addr, time::Duration};

use mmcos_core::{
    link::{self, WriteLimits},
    seam::{CommitSeq, ConnId, Wall},
    wire::steam::SteamId,
};
use mmcos_game::ids::RaceKey;

use super::{
    ask::Ask,
    reader::{Reader, Reply},
};
use crate::{
    client::{Mode, RuleSet},
    random::Random,
};

/// Start of a session: by the server's clock, and by the step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    pub(super) issued: Wall,
    pub(super) step: u64,
}

/// The current activity of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Offline,
    /// It has sent a request and waits for the response.
    Asking,
    /// It looks at the menu.
    Menu,
    /// It is about to send its last request again.
    Retry,
    /// It waits for its leader.
    Member,
    Racing,
}

/// A player, and the game that it plays.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) number: u32,
    pub(super) steam_id: SteamId,
    pub(super) random: Random,
    /// Time that a response is on its way.
    pub(super) latency: Duration,
    pub(super) token: String,
    pub(super) token_issued: Session,
    /// Start of the login with the latest response.
    pub(super) logged_in: Session,
    pub(super) stage: Stage,
    /// Counts the stages, to ignore plans for an earlier one.
    pub(super) turn: u32,
    pub(super) links: Vec<Link>,
    /// Its last request, and the connection on which it expects the response.
    pub(super) ask: Ask,
    pub(super) conn: Option<ConnId>,
    pub(super) tries: u8,
    /// The response that is on its way.
    pub(super) reply: Option<Reply>,
    /// The request for whose sake it has logged in again.
    pub(super) resumes: Option<Ask>,
    pub(super) leaves: Duration,
    pub(super) mode: Mode,
    /// Start of its search.
    pub(super) searches: Option<Duration>,
    pub(super) lobbies: u64,
    /// Players that follow it.
    pub(super) party: Vec<usize>,
    /// The player that it follows.
    pub(super) leader: Option<usize>,
    /// The key of a search that found no match, after which it searched on.
    pub(super) old_key: Option<RaceKey>,
    /// Its race, and the end of it.
    pub(super) race: Option<(RaceKey, Duration)>,
}

impl Player {
    pub(super) fn new(seed: u64, number: u32) -> Self {
        let mut random = Random::new(seed, u64::from(number));
        Self {
            number,
            steam_id: SteamId::new(0x0110_0001_0000_0000 | u64::from(number)),
            latency: Duration::from_secs_f64(random.lognormal(0.04, 0.7)),
            token: String::new(),
            token_issued: Session::default(),
            logged_in: Session::default(),
            stage: Stage::Offline,
            turn: 0,
            links: Vec::new(),
            ask: Ask::Redirect,
            conn: None,
            tries: 0,
            reply: None,
            resumes: None,
            leaves: Duration::ZERO,
            mode: Mode { rule_set: RuleSet::Race, ranked: false },
            searches: None,
            lobbies: 0,
            party: Vec::new(),
            leader: None,
            old_key: None,
            race: None,
            random,
        }
    }

    pub(super) const fn address(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a00_0000 | self.number)
    }

    pub(super) const fn group_lobby(&self) -> u64 {
        109_775_240_000_000_000 + ((self.number as u64) << 24)
    }

    pub(super) fn link(&mut self, conn: ConnId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.conn == conn)
    }

    pub(super) fn remove_link(&mut self, conn: ConnId) -> Option<Link> {
        let at = self.links.iter().position(|link| link.conn == conn)?;
        Some(self.links.swap_remove(at))
    }
}

/// Returns the player whose group lobby this is.
pub(super) const fn player_of_lobby(group_lobby: u64) -> usize {
    ((group_lobby - 109_775_240_000_000_000) >> 24) as usize - 1
}

/// The speed at which a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    AtOnce,
    Slowly,
    Never,
}

/// A connection, seen from both of its ends.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) conn: ConnId,
    /// The session of its requests.
    pub(super) session: Session,
    /// Bytes that the client has sent, and how many of them have arrived.
    pub(super) sent: Vec<u8>,
    pub(super) arrived: usize,
    /// Requests on their way, each with the length at which it is whole.
    pub(super) on_the_way: VecDeque<(usize, Ask)>,
    /// Requests that have arrived whole and have no response.
    pub(super) asked: VecDeque<Ask>,
    pub(super) reader: Reader,
    /// Bytes that the server has sent and the client has not read.
    pub(super) outward: link::Link,
    /// Number of bytes sent, and how many of them the client has read.
    pub(super) pushed: usize,
    pub(super) taken: usize,
    /// Responses that the client has not read: the end of each, and the commit that it relies on.
    pub(super) replies: VecDeque<(usize, CommitSeq, Reply)>,
    pub(super) pace: Pace,
    /// True if the player waits for the next response.
    pub(super) is_wanted: bool,
    /// True if its client takes more time than the server grants.
    pub(super) is_slow: bool,
    /// True once the server has closed it.
    pub(super) is_closed: bool,
}

impl Link {
    pub(super) fn new(conn: ConnId, session: Session) -> Self {
        Self {
            conn,
            session,
            sent: Vec::new(),
            arrived: 0,
            on_the_way: VecDeque::new(),
            asked: VecDeque::new(),
            reader: Reader::default(),
            outward: link::Link::new(WriteLimits::default()),
            pushed: 0,
            taken: 0,
            replies: VecDeque::new(),
            pace: Pace::AtOnce,
            is_wanted: false,
            is_slow: false,
            is_closed: false,
        }
    }

    /// Returns a new link that reuses the buffers of this one.
    pub(super) fn again(mut self, conn: ConnId, session: Session) -> Self {
        self.sent.clear();
        self.on_the_way.clear();
        self.asked.clear();
        self.reader.clear();
        self.replies.clear();
        let outward = link::Link::new(WriteLimits::default());
        let Self { sent, on_the_way, asked, reader, replies, .. } = self;
        Self { sent, on_the_way, asked, reader, outward, replies, ..Self::new(conn, session) }
    }

    /// Reads `most` bytes at most, as the client.
    pub(super) fn read(&mut self, most: usize) {
        let count = self.outward.pieces().map(<[u8]>::len).sum::<usize>().min(most);
        self.outward.written(count);
        self.taken += count;
    }
}
