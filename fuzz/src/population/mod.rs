//! A population plays: groups come online, search, race, think, search again, and leave.
//!
//! A group is one client with a party of one or more; its other players send nothing that the matchmaker receives. A
//! search is a sequence of long polls, until another group is met or the search time of the login response has
//! passed; then one with `IgnoreMinimumMatchRequirements`, which ends in a race in any case.

pub(crate) mod habits;
mod race;
mod record;
mod scoring;
mod steering;

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{
    engine::Limits,
    game::Life,
    notice::Topic,
    seam::{ConnId, Monotonic},
};
use mmcos_game::{
    Record as Known,
    catalogue::Catalogue,
    divisions::{Division, Standing},
    ids::{Points, RaceKey, UserId},
    players::Player,
    seasons::Season,
};
use mmcos_std::notify::Quiet;

use self::race::Race;
pub use self::record::{RaceRecord, Record, TicketRecord};
pub use self::steering::Steering;
use crate::{
    agenda::Agenda,
    client::{self, Client, MatchmakingResult, Mode, Poll, Response},
    random::Random,
    referee::Referee,
    virtual_time::{VirtualTime, catalogue},
};

/// Settings of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Settings of the server.
    pub server: mmcos_game::Settings,
    /// Average number of players online.
    pub online: u32,
    /// Shares of players that go where the server points.
    pub steering: Steering,
    /// Minimum time between two calls to friends that were not answered.
    pub quiet: Duration,
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
    /// A friend comes because of a call.
    Friend,
    /// A group comes that waited for a race night.
    Guest,
    Poll(usize),
    RaceEnds(RaceKey),
}

struct Group {
    client: Client,
    random: Random,
    size: u8,
    skill: Points,
    mode: Mode,
    /// True if the group always plays the mode of the day.
    follows: bool,
    /// Draws for what the group does because of a call, the mode of the day or the public page.
    steered: Random,
    leaves: Duration,
    /// Start of the search.
    searches: Option<Duration>,
}

/// A call as a friend reads it when the game has started.
#[derive(Clone, Copy, Debug, Default)]
struct Called {
    number: u32,
    mode: Option<Mode>,
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
    /// Draws for the friends that calls bring.
    friends: Random,
    /// Draws for the groups that come to race nights.
    nights: Random,
    /// The host's limit on calls.
    quiet: Quiet,
    /// The last call that was sent.
    called: Called,
    races: BTreeMap<RaceKey, Race>,
    referee: Referee,
    record: Record,
}

impl Population {
    fn new(settings: &Settings, seed: u64) -> Self {
        let mut random = Random::new(seed, 0);
        let seed_of_life = random.seed();
        let has_webhook = settings.steering.calls > 0.0;
        let life = Life { has_webhook, seed: seed_of_life, ..Life::default() };
        Self {
            settings: settings.clone(),
            catalogue: catalogue(),
            seed,
            time: VirtualTime::of_life(&settings.server, Limits::default(), &life),
            random,
            friends: steering::of_calls(seed),
            nights: steering::of_nights(seed),
            quiet: Quiet::new(settings.quiet),
            called: Called::default(),
            agenda: Agenda::default(),
            players: Vec::new(),
            polls: BTreeMap::new(),
            races: BTreeMap::new(),
            referee: Referee::new(&settings.server.matchmaker()),
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
                if !self.waits_for_night() {
                    self.arrive(None);
                }
                self.plan_arrival();
            }
            Event::Guest => self.arrive(None),
            Event::Friend => self.arrive(Some(self.called)),
            Event::Poll(player) => self.poll(player),
            Event::RaceEnds(race_key) => self.end_race(race_key),
        }
    }

    /// Returns true if a group comes to the next race night instead of now.
    fn waits_for_night(&mut self) -> bool {
        let now = self.time.wall();
        let next = self.settings.server.nights.next(now);
        let comes = steering::night(&mut self.nights, &self.settings.steering, next);
        if let Some(comes) = comes {
            let wait = comes.as_millis().abs_diff(now.as_millis());
            self.plan(self.time.now() + Duration::from_millis(wait), Event::Guest);
        }
        comes.is_some()
    }

    /// A group comes online and searches at once; a called friend for the mode of the call.
    fn arrive(&mut self, called: Option<Called>) {
        let number = u32::try_from(self.players.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mut random = Random::new(self.seed, u64::from(number));
        let mut steered = steering::of_group(self.seed, number);
        let skill = habits::skill(&mut random);
        self.remember(number, skill);
        let client = Client::log_in(&mut self.time, number);
        let size = habits::party(&mut random);
        let mode = habits::mode(&mut random, None);
        let visit = habits::session(&mut random);
        let follows = steered.uniform() < self.settings.steering.follow;
        let player = Group {
            client,
            size: if called.is_some() { 1 } else { size },
            skill,
            mode: called.and_then(|called| called.mode).unwrap_or(mode),
            follows,
            leaves: self.time.now() + called.map_or(visit, |_| steering::visit(&mut steered)),
            searches: None,
            random,
            steered,
        };
        self.record.came(self.time.now(), player.size, &self.settings);
        self.players.push(player);
        if called.is_none() {
            self.steer(self.players.len() - 1);
        }
        self.poll(self.players.len() - 1);
    }

    /// Changes the mode of a group to the one that the server points it to.
    fn steer(&mut self, number: usize) {
        let of_the_day = self.time.server().service().mode_of_the_day(self.time.wall());
        let of_the_day = of_the_day.and_then(steering::mode_of_the_day);
        let Some(player) = self.players.get_mut(number) else { return };
        if let Some(mode) = of_the_day.filter(|_| player.follows) {
            player.mode = mode;
        } else if player.steered.uniform() < self.settings.steering.pages
            && let Some((_, shown)) = self.polls.values().find(|(_, poll)| !poll.ignore_minimum)
        {
            player.mode = shown.mode;
        }
    }

    /// Brings the friends that calls of the server reach, as the host's webhook sends them.
    fn hear_calls(&mut self) {
        let now = self.time.now();
        for notice in std::mem::take(&mut self.time.notices) {
            if !self.quiet.lets_through(Monotonic::default().after(now), notice.topic) {
                continue;
            }
            match notice.topic {
                Topic::Call(number) => {
                    self.called = Called { number, mode: steering::mode_of(&notice) };
                    if let Some(delay) = steering::friend(&mut self.friends, &self.settings.steering) {
                        self.plan(now + delay, Event::Friend);
                    }
                }
                Topic::Update { call, .. } if call == self.called.number => {
                    self.called.mode = steering::mode_of(&notice).or(self.called.mode);
                }
                Topic::Update { .. } | Topic::News => {}
            }
        }
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
        self.hear_calls();
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
            self.steer(number);
            self.plan(next, Event::Poll(number));
        } else {
            self.record.left(self.time.now(), player.size, &self.settings);
        }
    }
}
