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
mod rejection;
mod services;
pub mod settings;
mod state;

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};
use core::time::Duration;

pub use built_in::BuiltIn;
pub use domain::podium::{Podium, PodiumPlace};
pub use domain::{
    calls, catalogue, divisions, identity, identity::IdentityPolicy, ids, matchmaker, mode_of_the_day,
    moderation, nights, plans, players, ranking, results, seasons, session_token, special_events,
};
pub use host::steam_ticket;
pub use log_event::{LogEvent, NotCounted};
pub use public::Hour;
pub use record::Record;
pub use rejection::Rejection;
pub use services::routes::is_service;
pub use settings::Settings;
pub use state::nights::NightNews;

use calls::Calls;
use catalogue::Catalogue;
use host::findings;
use ids::UserId;
use mmcos_core::{
    engine::{Exchange, ExchangeId, Peer},
    game::{Finding, Game, Life, Unfit},
    info::Info,
    seam::{Storage, Wall},
    service::{Context, Service},
    settings::Live,
    wire::http::{Method, Request, Status},
};
use moderation::{Ban, Bans, Subject};
use operator::Operator;
use plans::Plans;
use players::{Players, RestoreError};
use public::Public;
use seasons::Season;
use services::{
    leaderboard::Leaderboards,
    response::Response,
    routes::{self, Endpoint, Route},
    status::{self, Filled},
};
use session_token::Session;
use special_events::Events;
use state::{
    game_configuration::{GameConfiguration, Sources},
    matchmaking::Matchmaking,
    nights::NightWatch,
    sessions::Sessions,
    standings::Standings,
};

/// Characters of the longest path in the log.
const LONGEST_PATH: usize = 100;

/// Timers of the game's services.
#[derive(Debug)]
pub enum Timer {
    /// A matchmaking ticket is due for a decision.
    Matchmaking,
    /// Dashboards that are open may be due for an update.
    Live,
    /// A race night begins or ends, or is told of.
    Night,
    /// More players' rows of a new season are due.
    Season,
}

/// The services of the game: parts that own their state, and the way from a request to them.
#[derive(Debug)]
pub struct Mmcos {
    settings: Live<Settings>,
    /// Playlists, divisions, prizes, scoring.
    catalogue: Catalogue,
    bans: Bans,
    sessions: Sessions,
    standings: Standings,
    matchmaking: Matchmaking,
    game_configuration: GameConfiguration,
    calls: Calls,
    /// True if calls reach anyone.
    has_webhook: bool,
    night_watch: NightWatch,
    filled_message: Option<Filled>,
    plans: Plans,
    leaderboards: Leaderboards,
    operator: Operator,
    /// The latest time that restored records prove.
    last_record: Option<Wall>,
    public: Public,
}

impl Mmcos {
    /// Returns a server with these values in place of the official ones.
    pub fn with_built_in(settings: &Settings, built_in: BuiltIn, life: &Life) -> Self {
        let BuiltIn { catalogue, session_lifetime, first_match } = built_in;
        Self {
            bans: Bans::default(),
            sessions: Sessions::new(&life.key, session_lifetime, settings.requests()),
            standings: Standings::new(&catalogue, settings.season_rows()),
            matchmaking: Matchmaking::new(settings, life, first_match),
            game_configuration: GameConfiguration::new(settings.events.clone()),
            calls: Calls::default(),
            has_webhook: life.has_webhook,
            night_watch: NightWatch::default(),
            filled_message: None,
            plans: Plans::default(),
            public: Public::default(),
            leaderboards: Leaderboards::default(),
            operator: Operator::new(life.desk.clone()),
            last_record: None,
            settings: Live::new(settings.clone()),
            catalogue,
        }
    }

    /// Returns all players.
    pub const fn players(&self) -> &Players {
        self.standings.players()
    }

    /// Returns the calendar of special events.
    pub const fn events(&self) -> Events<'_> {
        self.game_configuration.events(&self.plans)
    }

    /// Returns the matchmaker: its tickets and its matches.
    pub const fn matchmaker(&self) -> &matchmaker::Matchmaker {
        self.matchmaking.matchmaker()
    }

    /// Returns the next race nights as a file for calendars; `None` if there are none.
    pub fn nights_calendar(&self, now: Wall) -> Option<String> {
        let title = format!("{}: race night", host::info::INFO.title);
        (!self.nights().is_empty()).then(|| self.nights().calendar(now, &title))
    }

    /// Returns the settings in force.
    pub const fn settings(&self) -> &Live<Settings> {
        &self.settings
    }

    /// Returns all bans.
    pub const fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Sets a ban, effective at once: logins and all other requests are rejected, matchmaking tickets end. Replaces a
    /// ban of the same subject.
    fn ban(&mut self, cx: &mut Context<'_, Self>, ban: Ban) {
        cx.record(Record::Ban(Box::new(ban.clone())));
        cx.log(LogEvent::Banned(Box::new(ban.clone())));
        self.bans.put(ban);
        let Self { bans, standings, matchmaking, .. } = self;
        let earliest = cx.clock().earliest();
        matchmaking.cancel_each(cx.now().monotonic, |held| {
            let player = standings.players().get(held.account);
            player.is_some_and(|player| bans.of_account(player.steam_id, earliest).is_some())
                || bans.of_address(held.address, earliest).is_some()
        });
        self.respond_to_polls(cx);
    }

    /// Lifts and returns the ban of exactly this subject, if there is one.
    fn unban(&mut self, cx: &mut Context<'_, Self>, subject: Subject) -> Option<Ban> {
        let ban = self.bans.lift(subject)?;
        cx.record(Record::Unban(subject));
        cx.log(LogEvent::Unbanned(subject));
        Some(ban)
    }

    /// Returns the player session of a token, if it is valid and keeps to the limit on requests.
    fn authenticate(&mut self, cx: &Context<'_, Self>, token: &str) -> Result<Session, Rejection> {
        let session = self.sessions.authenticate(cx, token, &self.bans, self.standings.players())?;
        self.standings.note_season_heard(&session);
        Ok(session)
    }

    /// Ends a player's session and matchmaking ticket.
    fn end_session(&mut self, cx: &mut Context<'_, Self>, user: UserId) {
        self.sessions.end(user, cx.now().wall);
        self.matchmaking.cancel(cx.now().monotonic, user);
        self.respond_to_polls(cx);
    }

    /// Begins a season: all players' points start again.
    fn begin_season(&mut self, cx: &mut Context<'_, Self>, season: Season) {
        self.leaderboards.changed();
        self.standings.begin_season(cx, season, &self.catalogue);
    }

    /// Returns the game's configuration, with what it shows.
    fn configuration(&mut self) -> (&mut GameConfiguration, Sources<'_>) {
        let Self { game_configuration, catalogue, settings, standings, plans, has_webhook, .. } = self;
        let has_webhook = *has_webhook;
        let sources = Sources { catalogue, settings, season: standings.season(), plans, has_webhook };
        (game_configuration, sources)
    }

    /// Follows the clock of a call.
    fn follow_clock(&mut self, cx: &Context<'_, Self>) {
        self.matchmaking.expire(cx.now().monotonic);
        self.pass(cx.now().wall);
    }

    /// Notes a time that a record proves to have been reached.
    fn prove(&mut self, moment: Wall) {
        self.last_record = self.last_record.max(Some(moment));
    }

    fn serve(
        &mut self,
        cx: &mut Context<'_, Self>,
        route: &Route,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
    ) -> Result<(), (Exchange, Rejection)> {
        let body = request.body();
        if let Some(ban) = self.bans.of_address(peer.address.ip(), cx.clock().earliest()) {
            return Err((exchange, ban.clone().into()));
        }
        let response = match route.endpoint {
            Endpoint::Redirect => Ok(status::redirect()),
            Endpoint::ServerStatus => Ok(self.server_status(cx.now())),
            Endpoint::Login => self.login(cx, body, peer.address),
            Endpoint::UpdateAccountTitle => self.update_account_title(cx, body),
            Endpoint::EnterMatchmaking2 => return self.enter_matchmaking(cx, body, peer, exchange),
            Endpoint::CancelMatchmaking => self.cancel_matchmaking(cx, body),
            Endpoint::RegisterActiveGameWithPlayers => self.register_active_game(cx, body),
            Endpoint::NameOnly => {
                let request = route.name().to_owned();
                cx.log(LogEvent::Unseen { peer: peer.address, request, bytes: body.len() });
                Ok(Response::empty())
            }
            Endpoint::AddPoints => self.add_points(cx, body),
            Endpoint::GetElite => self.get_elite(cx, body),
            Endpoint::GetFriends => self.get_friends(cx, body),
            Endpoint::GetEliteRank => self.get_elite_rank(cx, body),
            Endpoint::EgoNet => return self.egonet(cx, request, peer.address, exchange),
        };
        match response {
            Ok(response) => {
                response.send(cx, exchange);
                Ok(())
            }
            Err(rejection) => Err((exchange, rejection)),
        }
    }
}

impl Game for Mmcos {
    const INFO: Info = host::info::INFO;

    type Settings = Settings;
    type Redactor = redact::Secrets;

    fn new(settings: &Settings, life: &Life) -> Result<Self, Unfit> {
        let built_in = BuiltIn::official().map_err(|error| Unfit::new("catalogue", error.to_string()))?;
        Ok(Self::with_built_in(settings, built_in, life))
    }

    fn examine(settings: &Settings) -> Vec<Finding> {
        Vec::from([findings::identity(settings)])
    }

    fn examine_record(record: &Record, now: Wall) -> Option<Finding> {
        findings::record(record, now)
    }

    fn informs(record: &Record) -> bool {
        matches!(record, Record::Hour(_) | Record::Setting { .. })
    }

    fn advise(settings: &Settings, records: &[Record]) -> Option<Finding> {
        findings::preset(settings, records)
    }

    fn rows(&self) -> impl Iterator<Item = Record> {
        let bans = self.bans.iter().map(|ban| Record::Ban(Box::new(ban.clone())));
        let settings = self.settings.changes();
        let settings = settings.map(|(name, value)| Record::Setting { name, value: Some(value.into()) });
        let hours = self.public.week.counted().map(Record::Hour);
        let (quarters, minutes) = self.operator.history.rows();
        let loads = quarters.copied().map(Record::Load).chain(minutes.cloned().map(Record::MinuteLoads));
        let hours = hours.chain(loads);
        let operators = self.operator.desk.operators().iter();
        let operators = operators.map(|operator| Record::Operator(Box::new(operator.clone())));
        let audit = self.operator.audit.iter().map(|entry| Record::Audit(Box::new(entry.clone())));
        let settings = settings.chain(hours).chain(operators).chain(audit);
        let plans = self.plans.iter().map(|plan| Record::Plan(Box::new(plan.clone())));
        let event = self.events().by_hand.map(Record::EventByHand);
        let settings = settings.chain(plans).chain(event);
        self.standings.rows().chain(self.matchmaking.rows()).chain(bans).chain(settings)
    }
}

impl Service for Mmcos {
    type Record = Record;
    type Event = LogEvent;
    type Timer = Timer;
    type RestoreError = RestoreError;

    fn started(&mut self, cx: &mut Context<'_, Self>) {
        self.follow_nights(cx);
    }

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
        self.standings.log_missing(cx);
        self.follow_clock(cx);
        self.standings.resume_saving(cx);
        if let Some(season) = self.standings.due_season(cx) {
            self.begin_season(cx, season);
        }
        self.follow_week(cx);
        self.drop_old_addresses(cx);
        self.save_history(cx);
        let Some(route) = routes::find(request.path()).filter(|_| peer.listener.has_game()) else {
            if let Some(exchange) = self.operate(cx, request, peer, exchange) {
                let path: String = request.path().chars().take(LONGEST_PATH).collect();
                let request = format!("{} {path}", request.method().name());
                cx.log(LogEvent::NotFound { peer: peer.address, request });
                self.reject(cx, None, peer, exchange, Rejection::NotFound);
            }
            return;
        };
        let method = if request.method() == Method::Head { Method::Get } else { request.method() };
        if method != route.method {
            return self.reject(cx, Some(route), peer, exchange, Rejection::Method(route.method));
        }
        if let Storage::Unavailable(trouble) = cx.storage()
            && route.endpoint.may_record()
        {
            return self.reject(cx, Some(route), peer, exchange, Rejection::Storage(trouble));
        }
        if route.endpoint != Endpoint::ServerStatus {
            // Another request may change what the message shows.
            self.filled_message = None;
        }
        match self.serve(cx, route, request, peer, exchange) {
            Ok(()) => self.operator.counts.request(route.name(), Status::OK),
            Err((exchange, rejection)) => self.reject(cx, Some(route), peer, exchange, rejection),
        }
    }

    fn timer(&mut self, cx: &mut Context<'_, Self>, timer: Timer) {
        self.follow_clock(cx);
        self.filled_message = None;
        match timer {
            Timer::Matchmaking => {
                self.matchmaking.tick(cx.now().monotonic);
                self.respond_to_polls(cx);
            }
            Timer::Live => {
                self.save_history(cx);
                self.refresh(cx);
            }
            Timer::Night => self.follow_nights(cx),
            Timer::Season => self.standings.save_piece(cx),
        }
    }

    fn cancelled(&mut self, cx: &mut Context<'_, Self>, exchange: ExchangeId) {
        self.follow_clock(cx);
        self.filled_message = None;
        if let Some(user) = self.matchmaking.abandon(cx.now().monotonic, exchange) {
            self.calls.ended(cx, user);
            self.respond_to_polls(cx);
        }
        self.stop_watching(cx, exchange);
    }

    fn shutdown(&mut self, cx: &mut Context<'_, Self>) {
        self.matchmaking.shutdown(cx.now().monotonic);
        self.respond_to_polls(cx);
        self.end_watching(cx);
    }

    fn committed(&mut self, _cx: &mut Context<'_, Self>, took: Duration) {
        self.operator.desk.committed(took);
        self.standings.committed();
    }

    fn restore(&mut self, record: Record) -> Result<(), RestoreError> {
        match record {
            Record::Player(player) => {
                self.prove(player.profile.last_seen);
                self.standings.restore_player(*player)?;
            }
            Record::Match(race) => {
                self.prove(race.made);
                self.matchmaking.restore_match(*race);
            }
            Record::MatchForgotten(session) => self.matchmaking.restore_forgotten(session),
            Record::Result(result) => {
                self.prove(result.at);
                self.matchmaking.restore_result(result, self.standings.players());
            }
            Record::Ban(ban) => self.bans.put(*ban),
            Record::Unban(subject) => drop(self.bans.lift(subject)),
            Record::Setting { name, value } => self.restore_setting(&name, value.as_deref()),
            Record::SeasonStarted(started) => {
                self.standings.restore_season(*started);
                self.game_configuration.changed();
            }
            Record::Prize(_) => {}
            Record::Podium(podium) => self.standings.restore_podium(podium),
            Record::Hour(hour) => self.public.week.put(hour),
            Record::Load(row) => self.operator.history.restore(row),
            Record::MinuteLoads(row) => self.operator.history.restore_minutes(row),
            Record::EventByHand(by_hand) => self.game_configuration.restore(by_hand),
            Record::Operator(operator) => {
                self.operator.desk.restore_operator(operator.name.clone().as_str(), Some(*operator));
            }
            Record::PlayerDeleted(deleted) => {
                self.standings.restore_deleted(deleted);
                self.matchmaking.forget_results(deleted.user_id);
            }
            Record::Adjusted(adjustment) => self.standings.restore_adjustment(*adjustment),
            Record::Audit(entry) => self.operator.audit.put(*entry),
            Record::Plan(plan) => {
                self.plans.put(*plan);
                self.game_configuration.changed();
            }
            Record::PlanRemoved(number) => {
                self.plans.remove(number);
                self.game_configuration.changed();
            }
            Record::AuditForgotten(number) => self.operator.audit.remove(number),
            Record::OperatorRemoved(name) => self.operator.desk.restore_operator(name.as_str(), None),
        }
        Ok(())
    }

    fn last_record(&self) -> Option<Wall> {
        self.last_record
    }
}
