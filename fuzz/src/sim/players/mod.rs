//! Players: their state, the requests that they send, and the responses that they read.

mod matchmaking;
mod play;
mod reader;
mod request;
mod veterans;

use std::{collections::VecDeque, net::Ipv4Addr, time::Duration};

use mmcos_core::{
    link::{self, WriteLimits},
    seam::{CommitSeq, ConnId, Wall},
    wire::steam::SteamId,
};
use mmcos_game::ids::RaceKey;

pub(crate) use self::{
    reader::{Configuration, Response, ServerStatus},
    request::Request,
};
use crate::{
    client::{Mode, RuleSet},
    random::Random,
};

/// Start of a session: by the server's clock, and by the step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Session {
    pub(crate) issued: Wall,
    pub(crate) step: u64,
}

/// The current activity of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Offline,
    /// It has sent a request and waits for the response.
    Waiting,
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
pub(crate) struct Player {
    pub(crate) number: u32,
    pub(crate) steam_id: SteamId,
    pub(crate) random: Random,
    /// Time that a response is on its way.
    pub(crate) latency: Duration,
    pub(crate) token: String,
    pub(crate) token_issued: Session,
    /// Start of the login with the latest response.
    pub(crate) logged_in: Session,
    pub(crate) stage: Stage,
    /// Counts the stages, to ignore plans for an earlier one.
    pub(crate) turn: u32,
    pub(crate) connections: Vec<Connection>,
    /// Its last request, and the connection on which it expects the response.
    pub(crate) request: Request,
    pub(crate) conn: Option<ConnId>,
    pub(crate) tries: u8,
    /// The response that is on its way.
    pub(crate) response: Option<Response>,
    /// The request for whose sake it has logged in again.
    pub(crate) resumes: Option<Request>,
    pub(crate) leaves: Duration,
    pub(crate) mode: Mode,
    /// Start of its search.
    pub(crate) searches: Option<Duration>,
    pub(crate) lobbies: u64,
    /// Players that follow it.
    pub(crate) party: Vec<usize>,
    /// The player that it follows.
    pub(crate) leader: Option<usize>,
    /// The key of a search that found no match, after which it searched on.
    pub(crate) old_key: Option<RaceKey>,
    /// Its race, and the end of it.
    pub(crate) race: Option<(RaceKey, Duration)>,
}

impl Player {
    pub(crate) fn new(seed: u64, number: u32) -> Self {
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
            connections: Vec::new(),
            request: Request::Redirect,
            conn: None,
            tries: 0,
            response: None,
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

    pub(crate) const fn address(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a00_0000 | self.number)
    }

    pub(crate) const fn group_lobby(&self) -> u64 {
        109_775_240_000_000_000 + ((self.number as u64) << 24)
    }

    pub(crate) fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.conn == conn)
    }

    pub(crate) fn remove_connection(&mut self, conn: ConnId) -> Option<Connection> {
        let at = self.connections.iter().position(|connection| connection.conn == conn)?;
        Some(self.connections.swap_remove(at))
    }
}

/// Returns the player whose group lobby this is.
pub(crate) const fn player_of_lobby(group_lobby: u64) -> usize {
    ((group_lobby - 109_775_240_000_000_000) >> 24) as usize - 1
}

/// The speed at which a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    Slowly,
    Never,
}

/// A connection, seen from both of its ends.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) conn: ConnId,
    /// The session of its requests.
    pub(crate) session: Session,
    /// Bytes that the client has sent, and how many of them have arrived.
    pub(crate) sent: Vec<u8>,
    pub(crate) arrived: usize,
    /// Requests on their way, each with the length at which it is whole.
    pub(crate) on_the_way: VecDeque<(usize, Request)>,
    /// Requests that have arrived whole and have no response.
    pub(crate) pending: VecDeque<Request>,
    pub(crate) read: Vec<u8>,
    /// Bytes that the server has sent and the client has not read.
    pub(crate) outward: link::Link,
    /// Number of bytes sent, and how many of them the client has read.
    pub(crate) pushed: usize,
    pub(crate) taken: usize,
    /// Responses that the client has not read: the end of each, and the commit that it relies on.
    pub(crate) responses: VecDeque<(usize, CommitSeq, Response)>,
    pub(crate) pace: Pace,
    /// True if the player waits for the next response.
    pub(crate) is_wanted: bool,
    /// True if its client takes more time than the server grants.
    pub(crate) is_slow: bool,
    /// True once the server has closed it.
    pub(crate) is_closed: bool,
}

impl Connection {
    pub(crate) fn new(conn: ConnId, session: Session) -> Self {
        Self {
            conn,
            session,
            sent: Vec::new(),
            arrived: 0,
            on_the_way: VecDeque::new(),
            pending: VecDeque::new(),
            read: Vec::new(),
            outward: link::Link::new(WriteLimits::default()),
            pushed: 0,
            taken: 0,
            responses: VecDeque::new(),
            pace: Pace::AtOnce,
            is_wanted: false,
            is_slow: false,
            is_closed: false,
        }
    }

    /// Reads `most` bytes at most, as the client.
    pub(crate) fn read(&mut self, most: usize) {
        let count = self.outward.pieces().map(<[u8]>::len).sum::<usize>().min(most);
        self.outward.written(count);
        self.taken += count;
    }
}
