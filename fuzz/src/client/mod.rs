//! The game, as the server knows it: the requests that it sends, and what it reads in the responses.

mod mode;
pub mod requests;
mod responses;
pub mod services;

use std::{net::Ipv4Addr, time::Duration};

use mmcos_core::{
    game::Life,
    seam::ConnId,
    wire::steam::{SteamId, UnixSeconds},
};
use mmcos_game::{
    Record,
    ids::{Points, RaceKey, UserId},
    players::Player,
    seasons::Season,
    session_token::{LIFETIME, Session, SessionKey},
};

pub use self::mode::{Mode, RuleSet};
pub use self::responses::{
    AddPointsResult, Entry, Group, Leaderboard, LoginDetails, MatchmakingResult, Response,
};
pub(crate) use self::responses::{Elements, title_box};
use crate::virtual_time::VirtualTime;

/// A game with a player session.
#[derive(Clone, Debug)]
pub struct Client {
    number: u32,
    steam_id: SteamId,
    session_token: String,
    /// Time for which it polls before it accepts AI.
    pub ai_after: Duration,
    /// Its division, from the last response.
    pub division: u8,
    /// Its points, from the last response.
    pub points: Points,
    lobbies: u64,
}

/// A sent poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The connection it was sent on.
    pub conn: ConnId,
    /// The number of the client.
    pub client: u32,
    /// Time at which it was sent.
    pub sent: Duration,
    /// The mode.
    pub mode: Mode,
    /// Number of players.
    pub size: u8,
    /// True if the player accepts AI.
    pub ignore_minimum: bool,
    /// The lobby of the party.
    pub group_lobby: u64,
    /// The lobby of this poll.
    pub game_lobby: u64,
}

impl Poll {
    /// Returns the request.
    pub fn request<'a>(&self, session_token: &'a str) -> requests::EnterMatchmaking<'a> {
        let Self { group_lobby, game_lobby, mode, size, ignore_minimum, .. } = *self;
        requests::EnterMatchmaking { session_token, group_lobby, game_lobby, mode, size, ignore_minimum }
    }
}

impl Client {
    /// Logs in. Each number is another account.
    ///
    /// # Panics
    /// If the login fails: the server must trust tickets that Steam has not signed.
    pub fn log_in(time: &mut VirtualTime, number: u32) -> Self {
        let steam_id = steam_id(number);
        let issued = UnixSeconds(u32::try_from(time.wall().as_secs()).unwrap_or(u32::MAX));
        let response = time.request(address(number), &requests::login(steam_id, issued));
        let details =
            LoginDetails::read(response.granted()).expect("the login response has all of its parts");
        let search_seconds = LoginDetails::ai_after_seconds(response.granted());
        Self {
            number,
            steam_id,
            session_token: details.session_token,
            ai_after: Duration::from_secs(search_seconds.expect("the login response has all of its parts")),
            division: details.division,
            points: Points(details.points),
            lobbies: 0,
        }
    }

    /// Returns the number that the client was made with, as in [`Poll::client`].
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Returns a client that logged in before the server was started: the cheapest way to have one. The accounts of
    /// such clients are 1, 2, 3 and so on.
    ///
    /// # Panics
    /// If they are not.
    pub fn known(time: &mut VirtualTime, number: u32) -> Self {
        let (user, steam_id, issued) = (UserId(number), steam_id(number), time.wall());
        let player = Player::new(user, steam_id, Season::at(issued).id, issued);
        time.restore(Record::Player(Box::new(player)));
        let search_seconds = time.server().service().settings().ai_after_seconds(false);
        let session = Session { user, steam_id, issued, configuration: 0 };
        Self {
            number,
            steam_id,
            session_token: SessionKey::new(&Life::default().key, LIFETIME).issue(&session),
            ai_after: Duration::from_secs(search_seconds.into()),
            division: 0,
            points: Points(0),
            lobbies: 0,
        }
    }

    /// Returns the session token.
    pub fn session_token(&self) -> &str {
        &self.session_token
    }

    /// Returns the Steam account that it plays with.
    pub const fn steam_id(&self) -> SteamId {
        self.steam_id
    }

    /// Returns the address that it connects from.
    pub const fn address(&self) -> Ipv4Addr {
        address(self.number)
    }

    /// Sends a poll on a new connection.
    pub fn poll(&mut self, time: &mut VirtualTime, mode: Mode, size: u8, ignore_minimum: bool) -> Poll {
        self.lobbies += 1;
        let group_lobby = 109_775_240_000_000_000 + (u64::from(self.number) << 24);
        let game_lobby = group_lobby + self.lobbies;
        let session_token = &self.session_token;
        let poll =
            requests::EnterMatchmaking { session_token, group_lobby, game_lobby, mode, size, ignore_minimum };
        let conn = time.open(self.address());
        time.send(conn, &requests::enter_matchmaking(&poll));
        let (client, sent) = (self.number, time.now());
        Poll { conn, client, sent, mode, size, ignore_minimum, group_lobby, game_lobby }
    }

    /// Cancels the poll.
    ///
    /// # Panics
    /// If the server rejects the request.
    pub fn cancel(&self, time: &mut VirtualTime) {
        let response = time.request(self.address(), &requests::cancel_matchmaking(&self.session_token));
        assert_eq!(response.granted(), "");
    }

    /// Reports that the race begins.
    ///
    /// # Panics
    /// If the server rejects the request.
    pub fn register(&self, time: &mut VirtualTime, race_key: RaceKey, mode: Mode) {
        let request = requests::register_active_game(&self.session_token, race_key, mode, &[self.steam_id]);
        assert_eq!(time.request(self.address(), &request).granted(), "");
    }

    /// Reports the change of points that a race brought.
    ///
    /// # Panics
    /// If the server rejects the request.
    pub fn add_points(&mut self, time: &mut VirtualTime, race_key: RaceKey, change: Points) {
        let request = requests::add_points(&self.session_token, race_key, change);
        let response = time.request(self.address(), &request);
        let result = AddPointsResult::read(response.granted()).expect("the result has all of its parts");
        (self.division, self.points) = (result.division, Points(result.points));
    }
}

/// Returns the Steam account of the client with this number.
pub const fn steam_id(number: u32) -> SteamId {
    SteamId::new(0x0110_0001_0000_0000 | number as u64)
}

/// Returns 10.x.y.z: an address for each of the first 16 million.
const fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | (number & 0x00ff_ffff))
}
