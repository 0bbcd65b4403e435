//! Micro Machines World Series: its services and its domain.
//!
//! A service is a file: `account`, `matchmaking`, `progression`, `leaderboard`, `status`, `egonet_login`, each with the
//! requests it takes, how it answers them, and the captures that show it. The domain is public and knows neither
//! bytes nor connections: [`matchmaker`], [`players`], [`ranking`], [`divisions`], [`seasons`], [`events`],
//! [`results`], [`moderation`], [`catalogue`]. What of it outlives the process is a [`Record`].

mod account;
pub mod catalogue;
mod config;
pub mod divisions;
mod egonet_login;
mod event;
pub mod events;
mod fault;
mod game_configuration;
pub mod identity;
pub mod ids;
mod leaderboard;
pub mod matchmaker;
mod matchmaking;
pub mod moderation;
pub mod players;
mod progression;
pub mod ranking;
mod record;
mod reply;
pub mod results;
mod routes;
pub mod seasons;
pub mod session;
mod status;

use alloc::{borrow::ToOwned, boxed::Box, vec::Vec};

pub use config::{Config, IdentityPolicy};
pub use event::Event;
pub use fault::Fault;
pub use record::Record;

use crate::{
    engine::{Exchange, ExchangeId, Peer},
    seam::Wall,
    service::{Context, Service},
    wire::{
        http::{Method, Request},
        steam::SteamId,
        xml,
    },
};
use catalogue::Catalogue;
use egonet_login::RecentLogins;
use events::Events;
use game_configuration::Rendered;
use ids::UserId;
use leaderboard::Leaderboards;
use matchmaking::Matchmaking;
use moderation::{Ban, Bans, Subject};
use players::{Players, RestoreError};
use progression::Rules;
use reply::Reply;
use results::Races;
use routes::{Endpoint, Route};
use seasons::{Prizes, Season, SeasonStarted};
use session::{Session, SessionKey};

/// What the game's services ask to be woken for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Timer {
    /// Somebody's search is due for a decision.
    Matchmaking,
}

/// The services of the game.
#[derive(Debug)]
pub struct Mmcos {
    config: Config,
    rules: Rules,
    sessions: SessionKey,
    xml_limits: xml::Limits,
    season: Season,
    events: Events,
    players: Players,
    races: Races,
    bans: Bans,
    matchmaking: Matchmaking,
    leaderboards: Leaderboards,
    game_configuration: Option<Rendered>,
    egonet: RecentLogins,
    /// A buffer for the next answer.
    scratch: Vec<u8>,
}

impl Mmcos {
    /// A server that knows nobody yet. `seed` is for what nobody may guess (race keys): take it from the operating
    /// system, unless the run is to be repeated.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            rules: Rules::of(&config.catalogue),
            sessions: SessionKey::new(&config.session_key, config.session_lifetime),
            xml_limits: xml::Limits::default(),
            season: Season::at(Wall::default()),
            events: Events::new(config.events.clone()),
            players: Players::default(),
            races: Races::default(),
            bans: Bans::default(),
            matchmaking: Matchmaking::new(&config, seed),
            leaderboards: Leaderboards::default(),
            game_configuration: None,
            egonet: RecentLogins::default(),
            scratch: Vec::new(),
            config,
        }
    }

    /// All players.
    pub fn players(&self) -> &Players {
        &self.players
    }

    /// The races that take results.
    pub fn races(&self) -> &Races {
        &self.races
    }

    /// The calendar of events.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// All that is durable, as the fewest records that it can be restored from.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> {
        let Season { id: season, starts, .. } = self.season;
        let season = SeasonStarted { season, starts, ..SeasonStarted::default() };
        let players = self.players.iter().map(|player| Record::Player(Box::new(player.clone())));
        let races = self.races.iter().map(|(race, _)| Record::Race(Box::new(race.clone())));
        let results =
            self.races.iter().flat_map(|(_, results)| results).map(|result| Record::Result(*result));
        let bans = self.bans.iter().map(|ban| Record::Ban(Box::new(ban.clone())));
        let event = self.events.by_hand().map(Record::EventByHand);
        let season = core::iter::once(Record::SeasonStarted(Box::new(season)));
        season.chain(players).chain(races).chain(results).chain(bans).chain(event)
    }

    /// Who may not play.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Keeps somebody out, from this call on: logins and all else are refused, searches end. A ban of the same subject
    /// is replaced.
    pub fn ban(&mut self, cx: &mut Context<'_, Self>, ban: Ban) {
        cx.record(Record::Ban(Box::new(ban.clone())));
        cx.log(Event::Banned(Box::new(ban.clone())));
        self.bans.put(ban);
        self.end_searches_of_banned(cx);
    }

    /// Lets somebody in again: takes back the ban of this very subject, and gives it back if there was one.
    pub fn unban(&mut self, cx: &mut Context<'_, Self>, subject: Subject) -> Option<Ban> {
        let ban = self.bans.lift(subject)?;
        cx.record(Record::Unban(subject));
        cx.log(Event::Unbanned(subject));
        Some(ban)
    }

    /// Who searches, and who races.
    pub fn matchmaker(&self) -> &matchmaker::Matchmaker {
        self.matchmaking.matchmaker()
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The session that a token is of, if its account is there and not banned.
    fn session(&self, token: &str, now: Wall) -> Result<Session, Fault> {
        let session = self.sessions.verify(token, now)?;
        self.admit(session.steam_id, now)?;
        match self.players.get(session.user) {
            Some(player) if player.steam_id == session.steam_id => Ok(session),
            _ => Err(Fault::UnknownAccount),
        }
    }

    /// Whose session a token is.
    fn authenticate(&self, token: &str, now: Wall) -> Result<UserId, Fault> {
        self.session(token, now).map(|session| session.user)
    }

    /// Whether this player may play.
    fn admit(&self, player: SteamId, now: Wall) -> Result<(), Fault> {
        self.bans.of_account(player, now).map_or(Ok(()), |ban| Err(Fault::banned(ban)))
    }

    /// Starts the season that it is time for, unless it has been.
    fn follow_calendar(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now().wall;
        self.races.expire(now);
        if now < self.season.next_starts {
            return;
        }
        self.season = Season::at(now);
        let Season { id: season, starts, .. } = self.season;
        let rank_bonus = rank_bonus(&self.config.catalogue);
        let standings = self.players.start_season(season, &self.rules.ladder, &rank_bonus);
        self.leaderboards.changed();
        cx.log(Event::SeasonStarted { season, players: standings.len() });
        let prizes = Prizes::of(&self.config.catalogue);
        cx.record(Record::SeasonStarted(Box::new(SeasonStarted { season, starts, standings, prizes })));
    }

    /// Has a player's row kept, before any answer that follows.
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
        let (body, now) = (request.body(), cx.now().wall);
        if let Some(ban) = self.bans.of_address(peer.address.ip(), now) {
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
            Endpoint::GetElite => self.get_elite(body, now),
            Endpoint::GetFriends => self.get_friends(body, now),
            Endpoint::GetEliteRank => self.get_elite_rank(body, now),
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
        let mut xml = self.writer();
        fault.render(route.map_or("Result", |route| route.result), &mut xml);
        let allow =
            [("Allow", if matches!(fault, Fault::Method(Method::Post)) { "POST" } else { "GET, HEAD" })];
        let fields: &[_] = if matches!(fault, Fault::Method(_)) { &allow } else { &[] };
        self.reply(cx, exchange, Reply::xml(xml).with(fault.status(), fields));
        let request = route.map_or("a path that does not exist", Route::name);
        cx.log(Event::Refused { peer: peer.address, request, fault: Box::new(fault) });
    }
}

impl Service for Mmcos {
    type Record = Record;
    type Event = Event;
    type Timer = Timer;
    type RestoreError = RestoreError;

    fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
        self.follow_calendar(cx);
        let Some(route) = routes::find(request.path()) else {
            return self.refuse(cx, None, peer, exchange, Fault::NotFound);
        };
        let method = if request.method() == Method::Head { Method::Get } else { request.method() };
        if method != route.method {
            return self.refuse(cx, Some(route), peer, exchange, Fault::Method(route.method));
        }
        if let Err((exchange, fault)) = self.serve(cx, route, request, peer, exchange) {
            self.refuse(cx, Some(route), peer, exchange, fault);
        }
    }

    fn timer(&mut self, cx: &mut Context<'_, Self>, timer: Timer) {
        match timer {
            Timer::Matchmaking => self.matchmaking_due(cx),
        }
    }

    fn cancelled(&mut self, cx: &mut Context<'_, Self>, exchange: ExchangeId) {
        self.search_abandoned(cx, exchange);
    }

    fn shutdown(&mut self, cx: &mut Context<'_, Self>) {
        self.end_searches(cx);
    }

    fn restore(&mut self, record: Record) -> Result<(), RestoreError> {
        match record {
            Record::Player(player) => self.players.restore(*player)?,
            Record::Race(race) => {
                self.matchmaking.number_after(race.session);
                self.races.put(*race);
            }
            Record::RaceForgotten(session) => self.races.forget(session),
            Record::Result(result) => self.races.count(result),
            Record::Ban(ban) => self.bans.put(*ban),
            Record::Unban(subject) => drop(self.bans.lift(subject)),
            Record::SeasonStarted(started) => {
                self.season = Season::at(started.starts);
                for standing in started.standings {
                    self.players.enter_season(standing.user, started.season, standing.begins);
                }
                self.game_configuration = None;
            }
            Record::EventByHand(by_hand) => {
                self.events.put(by_hand);
                self.game_configuration = None;
            }
        }
        Ok(())
    }
}

fn rank_bonus(catalogue: &Catalogue) -> Vec<seasons::RankBonus> {
    let row = |reward: &catalogue::RankReward| seasons::RankBonus {
        min_rank: reward.min_rank,
        bonus_points: reward.bonus_points,
    };
    catalogue.ranks.rewards.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
