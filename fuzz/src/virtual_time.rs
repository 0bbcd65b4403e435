//! A server in a time of its own, which passes only on request.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
    time::Duration,
};

use mmcos_core::{
    OutboxOf, Server,
    admin::{self, DeskConfig},
    engine::Limits,
    game::Life,
    notice::Notice,
    seam::{Close, ConnId, Effect, Input, ListenerKind, Monotonic, Now, Report as _, Wall},
};
use mmcos_game::{
    BuiltIn, IdentityPolicy, Mmcos, Record, Settings,
    catalogue::Catalogue,
    matchmaker::{self, Caps},
    settings::preset::ByPreset,
};

use crate::client::Response;

/// Start of virtual time: 2024-01-01 00:00:00 UTC, the first day of a season of two months.
pub const START: Wall = Wall::from_secs(1_704_067_200);

/// Returns the settings of a server that accepts every ticket, signed by Steam or not.
///
/// # Panics
/// Never: the defaults are tested.
pub fn trusting() -> Settings {
    Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().expect("the defaults are sound") }
}

/// Configures the matchmaker of a server, as far as an operator can set it.
///
/// # Panics
/// If an operator cannot set that.
pub fn set_matchmaker(settings: &mut Settings, matchmaker: &matchmaker::Config) {
    let matchmaker::Config { caps, folding, poll, gather, ai_hold, ai, pair_worth_seconds } = *matchmaker;
    let Caps { race, elimination, battle_team, .. } = caps;
    (settings.race_cap, settings.elimination_cap, settings.battle_team_cap) =
        (race, elimination, battle_team);
    (settings.gather_seconds, settings.ai_hold) = (ByPreset::Own(gather), ByPreset::Own(ai_hold));
    (settings.bucket, settings.ai, settings.poll_seconds) = (ByPreset::Own(folding), ai, poll);
    settings.pair_worth_seconds = Duration::from_secs(pair_worth_seconds.into());
    assert_eq!(settings.matchmaker(), *matchmaker, "no host can set this");
}

/// Returns the official catalogue.
pub fn catalogue() -> Catalogue {
    static OFFICIAL: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::official().expect("the official catalogue is sound"));
    OFFICIAL.clone()
}

/// Returns a life with a dashboard whose password is unknown.
fn life(seed: [u8; 32]) -> Life {
    let desk = DeskConfig { admin: Some(admin::Config::default()), ..DeskConfig::default() };
    Life { seed, desk, ..Life::default() }
}

/// Creates a game without players.
pub fn game(settings: &Settings, life: &Life) -> Mmcos {
    Mmcos::with_built_in(settings, BuiltIn::with_catalogue(catalogue()), life)
}

/// A server, its connections and its clock. Times are counted from the [`START`].
#[derive(Debug)]
pub struct VirtualTime {
    server: Server<Mmcos>,
    out: OutboxOf<Mmcos>,
    now: Duration,
    opened: u64,
    received: BTreeMap<ConnId, Vec<u8>>,
    /// Connections with bytes to read, in the order of arrival.
    arrived: VecDeque<ConnId>,
    closed: BTreeSet<ConnId>,
    /// News for people outside the game, in their order.
    pub notices: Vec<Notice>,
}

impl VirtualTime {
    /// Creates a server without stored records.
    pub fn new(settings: &Settings, limits: Limits, seed: [u8; 32]) -> Self {
        Self::of_life(settings, limits, &life(seed))
    }

    /// Creates a server without stored records, for this life.
    pub fn of_life(settings: &Settings, limits: Limits, life: &Life) -> Self {
        Self {
            server: Server::new(game(settings, life), limits, life.seed),
            out: OutboxOf::<Mmcos>::new(),
            now: Duration::ZERO,
            opened: 0,
            received: BTreeMap::new(),
            arrived: VecDeque::new(),
            closed: BTreeSet::new(),
            notices: Vec::new(),
        }
    }

    /// The server.
    pub const fn server(&self) -> &Server<Mmcos> {
        &self.server
    }

    /// Restores a record from before the server was started.
    ///
    /// # Panics
    /// If it contradicts what the server knows already.
    pub fn restore(&mut self, record: Record) {
        self.server.restore(record).expect("a record of what can have been");
    }

    /// Returns the time since the [`START`].
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// Returns the date.
    pub fn wall(&self) -> Wall {
        let millis = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        Wall::from_millis(START.as_millis().saturating_add(millis))
    }

    /// Advances the time by `time`.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while !self.step(end) {}
    }

    /// Returns the next response, in the order of sending. Lets time pass until it comes, or until `end`.
    ///
    /// # Panics
    /// If `end` is past.
    pub fn response_until(&mut self, end: Duration) -> Option<(ConnId, Response)> {
        loop {
            let response = self.next_response();
            if response.is_some() || self.now == end {
                return response;
            }
            self.step(end);
        }
    }

    /// Moves the time to `to`, or only to what is due before. Returns true once it is `to`.
    fn step(&mut self, to: Duration) -> bool {
        let due = self.server.next_deadline().map(|due| due.since(Monotonic::default()));
        let next = due.filter(|due| *due < to).unwrap_or(to);
        assert!(next >= self.now, "it was time for something at {next:?}, and it is {:?}", self.now);
        self.now = next;
        self.input(Input::Tick);
        let due = self.server.next_deadline();
        assert!(
            due.is_none_or(|due| due.since(Monotonic::default()) > next),
            "what is due at {next:?} stays due"
        );
        next == to
    }

    /// Opens a connection from this address.
    pub fn open(&mut self, address: Ipv4Addr) -> ConnId {
        self.open_at(ListenerKind::Plain, address)
    }

    /// Opens a connection from this address at this listener.
    pub fn open_at(&mut self, listener: ListenerKind, address: Ipv4Addr) -> ConnId {
        self.opened += 1;
        let conn = ConnId(self.opened);
        let peer = (IpAddr::V4(address), 50_000).into();
        self.input(Input::Opened { conn, peer, listener });
        conn
    }

    /// Sends bytes to the server.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes });
    }

    /// Closes a connection.
    pub fn close(&mut self, conn: ConnId) {
        self.received.remove(&conn);
        self.input(Input::Closed { conn });
        self.closed.remove(&conn);
    }

    /// Sends a request on a connection of its own, as the game does with almost all of its requests.
    ///
    /// # Panics
    /// If the response does not come at once.
    pub fn request(&mut self, address: Ipv4Addr, request: &[u8]) -> Response {
        let conn = self.open(address);
        self.send(conn, request);
        let response = self.received.get_mut(&conn).and_then(Response::take);
        self.close(conn);
        response.expect("the response comes at once")
    }

    fn next_response(&mut self) -> Option<(ConnId, Response)> {
        while let Some(conn) = self.arrived.front().copied() {
            if let Some(response) = self.received.get_mut(&conn).and_then(Response::take) {
                return Some((conn, response));
            }
            self.arrived.pop_front();
        }
        None
    }

    /// Takes the received bytes that were not taken as responses.
    pub fn take_received(&mut self, conn: ConnId) -> Vec<u8> {
        self.received.remove(&conn).unwrap_or_default()
    }

    /// Returns true if the server closed the connection, and the client has not noticed.
    pub fn is_closed(&self, conn: ConnId) -> bool {
        self.closed.contains(&conn)
    }

    /// Stops the server, which has `grace` to close its connections.
    pub fn shut_down(&mut self, grace: Duration) {
        self.input(Input::Shutdown { grace });
    }

    fn input(&mut self, input: Input<'_>) {
        let now = Now { monotonic: Monotonic::default().after(self.now), wall: self.wall() };
        self.server.handle(now, input, &mut self.out);
        let mut gone = Vec::new();
        for effect in self.out.drain() {
            match effect {
                Effect::Send { conn, bytes } => {
                    assert!(!self.closed.contains(&conn), "{conn:?} was sent to after its close");
                    self.received.entry(conn).or_default().extend_from_slice(&bytes);
                    self.arrived.push_back(conn);
                }
                Effect::Close { conn, how: Close::AfterFlush | Close::Refuse | Close::Abort } => {
                    gone.push(conn);
                    assert!(self.closed.insert(conn), "{conn:?} was closed twice");
                }
                Effect::Log(event) => self.notices.extend(event.notice()),
                Effect::Persist(_) => {}
            }
        }
        for conn in gone {
            self.input(Input::Closed { conn });
        }
    }
}
