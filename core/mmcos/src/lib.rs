//! Micro Machines World Series: its services and its domain.
//!
//! A request goes through three folders. `services` turns its bytes into values and the result into bytes, one file for
//! each service, with the captures that show it. `state` keeps what the server knows, and says with each change what an
//! adapter must do about it. `domain` has the rules, and knows neither bytes nor connections: [`matchmaker`],
//! [`players`], [`ranking`], [`divisions`], [`seasons`], [`special_events`], [`results`], [`moderation`],
//! [`catalogue`]. What outlives the process is a [`Record`]. The operator's side is `operator`; `host` is for the host.
#![no_std]

extern crate alloc;

mod built_in;
mod domain;
mod host;
mod log_event;
mod operator;
mod public;
mod record;
pub mod redact;
mod services;
pub mod settings;
mod state;

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

pub use built_in::Terms;
pub use domain::{
    catalogue, divisions, identity, identity::IdentityPolicy, ids, matchmaker, moderation, players, ranking,
    results, seasons, session_token, special_events,
};
pub use host::steam_ticket;
pub use log_event::{Event, NotCounted};
pub use public::{Hour, Podium, PodiumPlace};
pub use record::Record;
pub use services::{rejection::Fault, routes::is_service};
pub use settings::Settings;

use catalogue::Catalogue;
use domain::race_keys::{RaceKeys, race_secret};
use host::findings;
use ids::UserId;
use mmcos_core::{
    engine::{Exchange, ExchangeId, Peer, RateLimiter},
    game::{Finding, Game, Life, Unfit},
    info::Info,
    seam::{Storage, Wall},
    service::{Context, Service},
    settings::Live,
    wire::http::{Method, Request, Status},
};
use moderation::Bans;
use operator::Operator;
use players::{Players, RestoreError};
use public::Public;
use results::Races;
use seasons::{RollOver, Season, SeasonId, SeasonStarted};
use services::{
    add_points::{RESULT_BURST, RESULT_INTERVAL, Rules},
    egonet_login::RecentLogins,
    leaderboard::Leaderboards,
    matchmaking::Matchmaking,
    response::Reply,
    routes::{self, Endpoint, Route},
};
use session_token::SessionKey;
use special_events::Events;
use state::{game_configuration::Rendered, presence::Presence, season_change::Saving};

/// Characters of the longest path in the log.
const LONGEST_PATH: usize = 100;

/// Timers of the game's services.
#[derive(Debug)]
pub enum Timer {
    /// A matchmaking ticket is due for a decision.
    Matchmaking,
    /// Dashboards that are open may be due for an update.
    Live,
    /// More players' rows of a new season are due.
    Season,
}

/// Field that every 401 must have (RFC 9110, section 15.5.2); HTTP clients of Mono throw without it. The scheme is
/// our choice: the token is in the body, and the scheme makes no browser ask for a password.
const CHALLENGE: [(&str, &str); 1] = [("WWW-Authenticate", "MMCOS realm=\"players\"")];

/// The services of the game.
#[derive(Debug)]
pub struct Mmcos {
    settings: Live<Settings>,
    /// Playlists, divisions, prizes, scoring.
    catalogue: Catalogue,
    rules: Rules,
    sessions: SessionKey,
    requests: RateLimiter<UserId>,
    season: Season,
    /// Effect of the current season on players of the season before.
    roll_over: Option<Box<RollOver>>,
    /// Players whose rows may not be durable in this season yet.
    saving: Option<Saving>,
    events: Events,
    players: Players,
    races: Races,
    race_keys: RaceKeys,
    results: RateLimiter<UserId>,
    /// The earliest time that it may be: used for expiry by wall time that must not follow a jump of the clock.
    earliest: Wall,
    /// The latest time that restored records prove.
    last_record: Option<Wall>,
    bans: Bans,
    presence: Presence,
    /// The season that these players know of, though their rows do not say so yet.
    heard: BTreeMap<UserId, SeasonId>,
    /// Time at which the season began, which may be later than its start; the first moment of all if that was before
    /// a restart.
    season_began: Wall,
    /// Accounts that the store has lost.
    missing: usize,
    /// Sessions of these players that were issued up to these moments are no longer valid.
    ended_sessions: BTreeMap<UserId, Wall>,
    /// The latest time of issue of any session that is known to be valid.
    latest_issued: Wall,
    operator: Operator,
    public: Public,
    matchmaking: Matchmaking,
    leaderboards: Leaderboards,
    game_configuration: Option<Rendered>,
    egonet: RecentLogins,
    /// Buffer for the next response.
    scratch: Vec<u8>,
}

impl Mmcos {
    /// Returns a server with these terms in place of the official ones.
    pub fn with_terms(settings: &Settings, terms: Terms, life: &Life) -> Self {
        let Terms { catalogue, session_lifetime, first_session } = terms;
        let Life { key, seed, is_recorded, desk } = life;
        let race_secret = race_secret(if *is_recorded { seed } else { key });
        Self {
            rules: Rules::of(&catalogue),
            sessions: SessionKey::new(key, session_lifetime),
            requests: RateLimiter::new(settings.requests()),
            season: Season::NONE,
            roll_over: None,
            saving: None,
            events: Events::new(settings.events.clone()),
            players: Players::default(),
            races: Races::default(),
            race_keys: RaceKeys::new(
                &race_secret,
                seed.first_chunk().map_or(0, |start| u16::from_le_bytes(*start)),
            ),
            results: RateLimiter::every(RESULT_INTERVAL, RESULT_BURST),
            earliest: Wall::default(),
            last_record: None,
            bans: Bans::default(),
            presence: Presence::default(),
            heard: BTreeMap::new(),
            season_began: Wall::from_millis(i64::MIN),
            missing: 0,
            ended_sessions: BTreeMap::new(),
            latest_issued: Wall::default(),
            operator: Operator::new(desk.clone()),
            public: Public::default(),
            matchmaking: Matchmaking::new(settings.matchmaker(), *seed, first_session),
            settings: Live::new(settings.clone()),
            leaderboards: Leaderboards::default(),
            game_configuration: None,
            egonet: RecentLogins::default(),
            scratch: Vec::new(),
            catalogue,
        }
    }

    /// Returns all players.
    pub fn players(&self) -> &Players {
        &self.players
    }

    /// Returns the races that take results.
    pub fn races(&self) -> &Races {
        &self.races
    }

    /// Returns the calendar of special events.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Returns the matchmaker: its tickets and its matches.
    pub fn matchmaker(&self) -> &matchmaker::Matchmaker {
        self.matchmaking.matchmaker()
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> &Live<Settings> {
        &self.settings
    }

    /// Follows the clock of a call.
    fn follow_clock(&mut self, cx: &Context<'_, Self>) {
        self.earliest = cx.clock().earliest();
        self.races.expire(cx.now().monotonic);
        self.pass(cx.now().wall);
    }

    /// Notes a time that a record proves to have been reached.
    fn prove(&mut self, moment: Wall) {
        self.last_record = self.last_record.max(Some(moment));
    }

    /// Persists a player's row before any later response.
    fn keep_player(&self, cx: &mut Context<'_, Self>, user: UserId) {
        if let Some(player) = self.players.get(user) {
            cx.record(Record::Player(Box::new(player.clone())));
        }
    }

    fn serve(
        &mut self,
        cx: &mut Context<'_, Self>,
        route: &Route,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
    ) -> Result<(), (Exchange, Fault)> {
        let body = request.body();
        if let Some(ban) = self.bans.of_address(peer.address.ip(), self.earliest) {
            return Err((exchange, Fault::banned(ban)));
        }
        let reply = match route.endpoint {
            Endpoint::Redirect => Ok(self.redirect()),
            Endpoint::ServerStatus => Ok(self.server_status()),
            Endpoint::Login => self.login(cx, body, peer.address),
            Endpoint::UpdateAccountTitle => self.update_account_title(cx, body),
            Endpoint::EnterMatchmaking2 => return self.enter_matchmaking(cx, body, peer, exchange),
            Endpoint::CancelMatchmaking => self.cancel_matchmaking(cx, body),
            Endpoint::RegisterActiveGameWithPlayers => self.register_active_game(cx, body),
            Endpoint::NameOnly(name) => {
                cx.log(Event::Unseen { peer: peer.address, request: name.to_owned(), bytes: body.len() });
                Ok(Reply::empty())
            }
            Endpoint::AddPoints => self.add_points(cx, body),
            Endpoint::GetElite => self.get_elite(body, cx.now()),
            Endpoint::GetFriends => self.get_friends(body, cx.now()),
            Endpoint::GetEliteRank => self.get_elite_rank(body, cx.now()),
            Endpoint::EgoNet => return self.egonet(cx, request, peer.address, exchange),
        };
        match reply {
            Ok(reply) => {
                self.reply(cx, exchange, reply);
                Ok(())
            }
            Err(fault) => Err((exchange, fault)),
        }
    }

    fn refuse(
        &mut self,
        cx: &mut Context<'_, Self>,
        route: Option<&Route>,
        peer: Peer,
        exchange: Exchange,
        fault: Fault,
    ) {
        let name = route.map_or("other", Route::name);
        self.operator.counts.request(name, fault.status());
        if route.is_some_and(|route| route.endpoint == Endpoint::Login) {
            self.operator.counts.refused_login(&fault);
        }
        let mut xml = self.writer();
        fault.render(route.map_or("Result", |route| route.result), &mut xml);
        let allow =
            [("Allow", if matches!(fault, Fault::Method(Method::Post)) { "POST" } else { "GET, HEAD" })];
        let fields: &[_] = match &fault {
            Fault::Method(_) => &allow,
            Fault::Storage(_) => &[RETRY_AFTER],
            _ if fault.status() == Status::UNAUTHORIZED => &CHALLENGE,
            _ => &[],
        };
        self.reply(cx, exchange, Reply::xml(xml).with(fault.status(), fields));
        if let Fault::Storage(_) = fault {
            // The adapter logs the trouble once; a line for each request would fill the disk that may be full.
            return self.operator.counts.rejected_for_storage();
        }
        if let Some(route) = route {
            cx.log(Event::Refused { peer: peer.address, request: route.name(), fault: Box::new(fault) });
        }
    }
}

impl Game for Mmcos {
    const INFO: Info = host::info::INFO;

    type Settings = Settings;
    type Redactor = redact::Secrets;

    fn new(settings: &Settings, life: &Life) -> Result<Self, Unfit> {
        let terms = Terms::official().map_err(|error| Unfit::new("catalogue", error.to_string()))?;
        Ok(Self::with_terms(settings, terms, life))
    }

    fn examine(settings: &Settings) -> Vec<Finding> {
        Vec::from([findings::identity(settings)])
    }

    fn examine_record(record: &Record, now: Wall) -> Option<Finding> {
        findings::record(record, now)
    }

    fn rows(&self) -> impl Iterator<Item = Record> {
        let Season { id: season, starts, .. } = self.season;
        let season = SeasonStarted { season, starts, ..SeasonStarted::default() };
        let players = self.players.iter().map(|player| Record::Player(Box::new(player.clone())));
        let races = self.races.iter().map(|(race, _)| Record::Race(Box::new(race.clone())));
        let results =
            self.races.iter().flat_map(|(_, results)| results).map(|result| Record::Result(*result));
        let bans = self.bans.iter().map(|ban| Record::Ban(Box::new(ban.clone())));
        let event = self.events.by_hand().map(Record::EventByHand);
        let season = (self.season != Season::NONE).then(|| Record::SeasonStarted(Box::new(season)));
        let settings = self.settings.changes();
        let settings = settings.map(|(name, value)| Record::Setting { name, value: Some(value.into()) });
        let podiums = self.public.podiums.values().cloned().map(Record::Podium);
        let hours = self.public.week.counted().map(Record::Hour);
        let settings = settings.chain(podiums).chain(hours);
        season.into_iter().chain(players).chain(races).chain(results).chain(bans).chain(settings).chain(event)
    }
}

impl Service for Mmcos {
    type Record = Record;
    type Event = Event;
    type Timer = Timer;
    type RestoreError = RestoreError;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
        if self.missing > 0 {
            cx.log(Event::AccountsMissing { accounts: core::mem::take(&mut self.missing) });
        }
        self.follow_clock(cx);
        self.follow_calendar(cx);
        self.follow_week(cx);
        let Some(route) = routes::find(request.path()) else {
            if let Some(exchange) = self.operate(cx, request, peer, exchange) {
                let path: String = request.path().chars().take(LONGEST_PATH).collect();
                let request = format!("{} {path}", request.method().name());
                cx.log(Event::NotFound { peer: peer.address, request });
                self.refuse(cx, None, peer, exchange, Fault::NotFound);
            }
            return;
        };
        let method = if request.method() == Method::Head { Method::Get } else { request.method() };
        if method != route.method {
            return self.refuse(cx, Some(route), peer, exchange, Fault::Method(route.method));
        }
        if let Storage::Unavailable(trouble) = cx.storage()
            && route.endpoint.may_record()
        {
            return self.refuse(cx, Some(route), peer, exchange, Fault::Storage(trouble));
        }
        match self.serve(cx, route, request, peer, exchange) {
            Ok(()) => self.operator.counts.request(route.name(), Status::OK),
            Err((exchange, fault)) => self.refuse(cx, Some(route), peer, exchange, fault),
        }
    }

    fn timer(&mut self, cx: &mut Context<'_, Self>, timer: Timer) {
        self.follow_clock(cx);
        match timer {
            Timer::Matchmaking => self.matchmaking_due(cx),
            Timer::Live => self.refresh(cx),
            Timer::Season => self.save_season(cx),
        }
    }

    fn cancelled(&mut self, cx: &mut Context<'_, Self>, exchange: ExchangeId) {
        self.follow_clock(cx);
        self.search_abandoned(cx, exchange);
        self.stop_watching(cx, exchange);
    }

    fn shutdown(&mut self, cx: &mut Context<'_, Self>) {
        self.end_searches(cx);
        self.end_watching(cx);
    }

    fn committed(&mut self, _cx: &mut Context<'_, Self>, took: Duration) {
        self.operator.desk.committed(took);
        if let Some(saving) = &mut self.saving {
            saving.committed();
        }
    }

    fn restore(&mut self, record: Record) -> Result<(), RestoreError> {
        match record {
            Record::Player(player) => {
                self.prove(player.profile.last_seen);
                let missing = self.restore_player(*player)?;
                self.missing = self.missing.saturating_add(missing);
            }
            Record::Race(race) => {
                self.prove(race.made);
                self.matchmaking.number_after(race.session);
                let is_alone = self.race_keys.is_alone(&race);
                self.races.put(*race, is_alone);
            }
            Record::RaceForgotten(session) => self.races.forget(session),
            Record::Result(result) => {
                self.prove(result.at);
                // Of an account that the store has lost, nothing is left to restore.
                if self.players.get(result.user).is_some() {
                    self.races.count(result);
                }
            }
            Record::Ban(ban) => self.bans.put(*ban),
            Record::Unban(subject) => drop(self.bans.lift(subject)),
            Record::Setting { name, value } => self.restore_setting(&name, value.as_deref()),
            Record::SeasonStarted(started) => {
                self.season = Season::that_began(started.starts, started.season);
                self.roll_over = started.roll_over;
                self.enter_season();
                self.game_configuration = None;
            }
            Record::Prize(_) => {}
            Record::Podium(podium) => drop(self.public.podiums.insert(podium.season, podium)),
            Record::Hour(hour) => self.public.week.put(hour),
            Record::EventByHand(by_hand) => {
                self.events.put(by_hand);
                self.game_configuration = None;
            }
        }
        Ok(())
    }

    fn last_record(&self) -> Option<Wall> {
        self.last_record
    }
}

/// The wait before a retry, in seconds, in the response to a change that cannot be stored. (Our choice.)
const RETRY_AFTER: (&str, &str) = ("Retry-After", "5");
