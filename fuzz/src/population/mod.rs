//! A population plays: groups come online, search, race, think, search again, and leave.
//!
//! A group is one client with a party of one or more; its other players send nothing that the matchmaker receives. A
//! search is a sequence of long polls, until another group is met or the search time of the login response has
//! passed; then one with `IgnoreMinimumMatchRequirements`, which ends in a race in any case.

pub(crate) mod habits;
mod race;
mod record;
mod scoring;

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{engine::Limits, seam::ConnId};
use mmcos_game::{
    Record as Known,
    catalogue::Catalogue,
    divisions::{Division, Standing},
    ids::{Points, RaceKey, UserId},
    matchmaker,
    players::Player,
    seasons::Season,
};

use self::race::Race;
pub use self::record::{RaceRecord, Record, TicketRecord};
use crate::{
    agenda::Agenda,
    client::{self, Client, MatchmakingResult, Mode, Poll, Response},
    random::Random,
    referee::Referee,
    virtual_time::{VirtualTime, catalogue, set_matchmaker, trusting},
};

/// Settings of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Configuration of the server's matchmaker.
    pub matchmaker: matchmaker::Config,
    /// Time that the server lets the game search before AI, in seconds.
    pub ai_after_seconds: u32,
    /// Average number of players online.
    pub online: u32,
    /// Simulated time.
    pub time: Duration,
}

impl Settings {
    /// Time before which nothing is recorded.
    fn warm_up(&self) -> Duration {
        (self.time / 10).min(Duration::from_hours(4))
    }
}

/// Runs a population.
pub fn run(settings: &Settings, seed: u64) -> Record {
    let mut population = Population::new(settings, seed);
    population.run();
    population.record.breaches = population.referee.breaches().clone();
    population.record
}

/// A future event.
#[derive(Clone, Copy, Debug)]
enum Event {
    Arrival,
    Poll(usize),
    RaceEnds(RaceKey),
}

struct Group {
    client: Client,
    random: Random,
    size: u8,
    skill: Points,
    mode: Mode,
    leaves: Duration,
    /// Start of the search.
    searches: Option<Duration>,
}

struct Population {
    settings: Settings,
    catalogue: Catalogue,
    seed: u64,
    random: Random,
    time: VirtualTime,
    agenda: Agenda<Event>,
    players: Vec<Group>,
    polls: BTreeMap<ConnId, (usize, Poll)>,
    races: BTreeMap<RaceKey, Race>,
    referee: Referee,
    record: Record,
}

impl Population {
    fn new(settings: &Settings, seed: u64) -> Self {
        let mut random = Random::new(seed, 0);
        let mut config = trusting();
        config.search_seconds = Duration::from_secs(settings.ai_after_seconds.into());
        set_matchmaker(&mut config, &settings.matchmaker);
        Self {
            settings: *settings,
            catalogue: catalogue(),
            seed,
            time: VirtualTime::new(&config, Limits::default(), random.seed()),
            random,
            agenda: Agenda::default(),
            players: Vec::new(),
            polls: BTreeMap::new(),
            races: BTreeMap::new(),
            referee: Referee::new(&settings.matchmaker),
            record: Record::default(),
        }
    }

    fn run(&mut self) {
        self.plan_arrival();
        while let Some(at) = self.agenda.next() {
            if at > self.settings.time {
                return;
            }
            if let Some((conn, response)) = self.time.response_until(at) {
                self.responded(conn, &response);
            } else if let Some(event) = self.agenda.pop() {
                self.happen(event);
            }
        }
    }

    fn plan(&mut self, at: Duration, event: Event) {
        self.agenda.plan(at, event);
    }

    fn plan_arrival(&mut self) {
        let next = habits::next_arrival(&mut self.random, self.settings.online);
        self.plan(self.time.now() + next, Event::Arrival);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival => {
                self.arrive();
                self.plan_arrival();
            }
            Event::Poll(player) => self.poll(player),
            Event::RaceEnds(race_key) => self.end_race(race_key),
        }
    }

    /// A group comes online and searches at once.
    fn arrive(&mut self) {
        let number = u32::try_from(self.players.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mut random = Random::new(self.seed, u64::from(number));
        let skill = habits::skill(&mut random);
        self.remember(number, skill);
        let player = Group {
            client: Client::log_in(&mut self.time, number),
            size: habits::party(&mut random),
            skill,
            mode: habits::mode(&mut random, None),
            leaves: self.time.now() + habits::session(&mut random),
            searches: None,
            random,
        };
        self.players.push(player);
        self.poll(self.players.len() - 1);
    }

    /// Restores a group that has played until its points match its skill.
    fn remember(&mut self, number: u32, skill: Points) {
        let now = self.time.wall();
        let mut player = Player::new(UserId(number), client::steam_id(number), Season::at(now).id, now);
        let points = skill.max(Points(0));
        let bands = self.catalogue.divisions.bands.iter().skip(1);
        let won = bands.take_while(|band| band.min_points <= points).fold(0, |division, _| division + 1);
        player.standing = Standing { points, division: Division(won) };
        self.time.restore(Known::Player(Box::new(player)));
    }

    fn poll(&mut self, number: usize) {
        let now = self.time.now();
        let Some(player) = self.players.get_mut(number) else { return };
        let began = *player.searches.get_or_insert(now);
        let ignore_minimum = now >= began + player.client.ai_after;
        let poll = player.client.poll(&mut self.time, player.mode, player.size, ignore_minimum);
        self.referee.sent(poll);
        self.polls.insert(poll.conn, (number, poll));
    }

    /// Handles the response to a poll.
    fn responded(&mut self, conn: ConnId, response: &Response) {
        let Some((number, poll)) = self.polls.remove(&conn) else { return };
        self.time.close(conn);
        let response = MatchmakingResult::read(response.granted()).expect("the result has all of its parts");
        self.referee.responded(conn, self.time.now(), &response);
        if response.groups.len() > 1 || poll.ignore_minimum {
            self.race(number, &poll, &response);
        } else {
            self.plan(self.time.now() + habits::PAUSE, Event::Poll(number));
        }
    }

    /// Ends the search: every group in the response races, if only against AI.
    fn race(&mut self, number: usize, poll: &Poll, response: &MatchmakingResult) {
        let (Some(player), Some(race_key)) = (self.players.get_mut(number), response.race_key) else {
            return;
        };
        let now = self.time.now();
        let began = player.searches.take().unwrap_or(now);
        if began > self.settings.warm_up() {
            let (met, humans) = (response.groups.len() > 1, response.humans());
            self.record.tickets.push(TicketRecord { met, wait: now.saturating_sub(began), humans });
        }
        if response.host().is_some_and(|host| host.game_lobby == poll.game_lobby) {
            player.client.register(&mut self.time, race_key, poll.mode);
        }
        let points = player.client.points.0;
        if let Some(race) = self.races.get_mut(&race_key) {
            return race.enter(number, poll.game_lobby, points, response);
        }
        let ends = now + habits::race(&mut player.random);
        // The others have not read their responses yet.
        let is_host = |poll: &&Poll| response.host().is_some_and(|host| host.game_lobby == poll.game_lobby);
        let host = self.polls.values().map(|(_, poll)| poll).find(is_host).unwrap_or(poll);
        let mut race = Race { mode: host.mode, entrants: Vec::new() };
        race.enter(number, poll.game_lobby, points, response);
        self.races.insert(race_key, race);
        self.plan(ends, Event::RaceEnds(race_key));
    }

    fn end_race(&mut self, race_key: RaceKey) {
        let Some(race) = self.races.remove(&race_key) else { return };
        let players = &mut self.players;
        let performance = |entrant: &race::Entrant| {
            players
                .get_mut(entrant.player)
                .map_or(0.0, |player| player.random.normal(f64::from(player.skill.0), habits::LUCK))
        };
        let performances: Vec<f64> = race.entrants.iter().map(performance).collect();
        let alone = race.entrants.len() == 1;
        if !alone && self.time.now() > self.settings.warm_up() {
            self.record.races.push(race.record());
        }
        for (entrant, result) in race.entrants.iter().zip(race.results(&performances)) {
            let Some(player) = self.players.get_mut(entrant.player) else { continue };
            let division = player.client.division;
            let change = scoring::points(&self.catalogue, race.mode.rule_set, division, result);
            let change = if alone { Points(0) } else { change };
            player.client.add_points(&mut self.time, race_key, change);
            self.referee.raced(race_key, player.client.number());
            self.search_again(entrant.player);
        }
    }

    fn search_again(&mut self, number: usize) {
        let Some(player) = self.players.get_mut(number) else { return };
        let next = self.time.now() + habits::think(&mut player.random);
        if next <= player.leaves {
            player.mode = habits::mode(&mut player.random, Some(player.mode));
            self.plan(next, Event::Poll(number));
        }
    }
}
