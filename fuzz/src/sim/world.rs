//! The simulated world: the server, its players, and everything between them.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    time::Duration,
};

use mmcos_core::{
    OutboxOf, Server, engine,
    notice::Notice,
    seam::{CommitSeq, ConnId, Effect, Input, Monotonic, Now, Report as _, Storage, StorageTrouble, Wall},
    service::LogEvent,
    settings::Value as _,
    trace::{EffectLine, InputLine},
};
use mmcos_game::{
    LogEvent as GameEvent, Mmcos, NightNews, Record, Settings,
    ids::RaceKey,
    nights::{Night, Nights},
};

use super::{
    Outcome, Scenario,
    digest::Digest,
    failure::{Failure, Invariant},
    faults::{Fault, Rates},
    model::Model,
    operator::Operator,
    players::Player,
    store::Store,
    take_over::Deposed,
};
use crate::{
    agenda::Agenda,
    random::Random,
    referee::Referee,
    virtual_time::{catalogue, set_matchmaker, trusting},
};

/// Maximum number of groups that an input may make the matchmaker consider, with a few dozen that wait.
const MOST_STEPS: u64 = 20_000;

/// Number of timers that no connection has: matchmaking, the dashboard's updates, the summary of refusals, the end of
/// a shutdown, the next rows of a season, race nights.
const OTHER_TIMERS: usize = 6;

/// A future event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A player goes on, if it is still at this stage.
    Act(usize, u32),
    /// A response reaches a player, if it still waits for it.
    Delivered(usize, u32),
    /// More of what was sent on this connection arrives.
    Arrive(ConnId),
    /// A slow client reads more of what was sent on this connection.
    Read(ConnId),
    /// The time of a client to read may be over.
    Deadline(ConnId),
    /// A connection breaks.
    Break(ConnId),
    /// The write that was on its way to the disk has ended.
    Committed(u32),
    /// A failed write is tried again.
    Commit(u32),
    EarlyTick,
    ClockJump,
    ClockRighted,
    /// The operator stops the server.
    Stop,
    /// The server has stopped.
    Stopped(u32),
    /// The server starts.
    Start,
    /// Everything is inspected.
    Inspect,
    /// The operator does something.
    Operate,
    /// The server is paused, or cut off from the database.
    TakeOver,
    /// The lease of the server that is cut off has run out.
    LeaseOver(u32),
    /// The server that was deposed goes on.
    GoOn,
}

/// A server while it runs.
pub(super) struct Process {
    pub(super) server: Server<Mmcos>,
    pub(super) out: OutboxOf<Mmcos>,
    pub(super) started: Duration,
    pub(super) is_stopping: bool,
}

/// State of the input that is being handled.
#[derive(Debug, Default)]
pub(super) struct Current {
    /// Records that are not submitted yet.
    pub(super) batch: Vec<Record>,
    /// The commit that a response sent now waits for.
    pub(super) seq: CommitSeq,
    /// Connections whose sockets are gone because the server closed them.
    pub(super) closed: Vec<ConnId>,
    /// True if the server is gone since the last effect: nothing that it sends arrives any more.
    pub(super) is_crashed: bool,
    /// True if a result was recorded.
    pub(super) is_counted: bool,
    /// True if a poll came with it.
    pub(super) is_poll: bool,
    /// News of race nights. They may follow from a command, which the model carries out later.
    pub(super) nights: Vec<(Night, NightNews, Option<Notice>)>,
    /// Commit of what was recorded before anything that followed from it: a ban, a season.
    pub(super) first: Option<CommitSeq>,
}

/// The world; see the [module](self).
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) rates: Rates,
    pub(super) random: Random,
    pub(super) starts: Wall,
    pub(super) config: Settings,
    pub(super) now: Duration,
    /// Error of the wall clock, in milliseconds.
    pub(super) clock_error: i64,
    pub(super) watch: super::clock::Watch,
    /// The configured race nights.
    pub(super) planned_nights: &'static str,
    pub(super) nights: super::nights::Watch,
    pub(super) agenda: Agenda<Event>,
    pub(super) process: Option<Process>,
    /// Time for which the server is cut off from the database at its next commit.
    pub(super) cut: Option<Duration>,
    /// A server that another one has taken over from, and that does not know.
    pub(super) deposed: Option<Deposed>,
    /// Number of servers so far.
    pub(super) lives: u32,
    pub(super) store: Store,
    /// The trouble that the store is in, and its end.
    pub(super) trouble: Option<(StorageTrouble, Duration)>,
    /// The state of the storage that the server knows.
    pub(super) storage: Storage,
    pub(super) current: Current,
    /// Connections with responses that wait, each with the commit.
    pub(super) waiting: VecDeque<(CommitSeq, ConnId)>,
    pub(super) players: Vec<Player>,
    pub(super) operator: Operator,
    pub(super) opened: u64,
    /// Race keys that were given lately.
    pub(super) keys: VecDeque<RaceKey>,
    pub(super) referee: Referee,
    pub(super) model: Model,
    pub(super) digest: Digest,
    pub(super) steps: u64,
    pub(super) requests: u64,
    pub(super) is_resting: bool,
    pub(super) failure: Option<Failure>,
    /// Trace of the current server, if one is wanted.
    pub(super) trace: Option<String>,
}

impl World {
    pub(super) fn new(scenario: &Scenario, is_traced: bool) -> Self {
        let drawn = scenario.draw();
        let mut config = trusting();
        // The model keeps all bans, also those of addresses that ended long ago.
        config.address_days = 3650;
        config.events = drawn.events;
        config.nights = Nights::parse(drawn.nights).expect("nights of the simulation");
        set_matchmaker(&mut config, &drawn.matchmaker);
        // From one row to all at once.
        config.season_rows = 1 << (scenario.seed % 8);
        let mut world = Self {
            scenario: *scenario,
            rates: drawn.rates,
            random: Random::new(scenario.seed, 0),
            starts: drawn.starts,
            now: Duration::ZERO,
            clock_error: 0,
            watch: super::clock::Watch::default(),
            planned_nights: drawn.nights,
            nights: super::nights::Watch::default(),
            agenda: Agenda::default(),
            process: None,
            cut: None,
            deposed: None,
            lives: 0,
            store: Store::default(),
            trouble: None,
            storage: Storage::default(),
            current: Current::default(),
            waiting: VecDeque::new(),
            players: (1..=scenario.players).map(|number| Player::new(scenario.seed, number)).collect(),
            operator: Operator::new(scenario.seed),
            opened: 0,
            keys: VecDeque::new(),
            referee: Referee::new(&drawn.matchmaker).tolerating(super::host::LONGEST_LATENESS),
            model: Model::new(catalogue()),
            digest: Digest::default(),
            steps: 0,
            requests: 0,
            is_resting: false,
            failure: None,
            trace: is_traced.then(String::new),
            config,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.enrol_veterans();
        self.start();
        (0..self.players.len()).for_each(|player| self.plan_visit(player));
        self.plan_faults();
        self.plan(super::inspect::EVERY, Event::Inspect);
    }

    /// Runs the scenario, then without faults until all players have left, and checks that the server is at rest.
    pub(super) fn run(&mut self) -> Result<Outcome, Failure> {
        let end = self.scenario.time();
        while self.failure.is_none() && self.step(end) {}
        self.rest();
        let rest = end + super::inspect::LONGEST_REST;
        while self.failure.is_none() && self.step(rest) {}
        self.inspect_rest();
        let digest = self.digest();
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(Outcome {
                requests: self.requests,
                steps: self.steps,
                lives: self.lives,
                nights: self.nights.begun,
                digest,
            }),
        }
    }

    /// Handles the next event, unless it comes only after `end`.
    fn step(&mut self, end: Duration) -> bool {
        let tick = self.next_tick();
        let event = self.agenda.next();
        let next = tick.into_iter().chain(event).min().filter(|next| *next <= end);
        let Some(next) = next else {
            self.now = end;
            return false;
        };
        self.now = self.now.max(next);
        if tick == Some(next) {
            self.input(Input::Tick);
        } else if let Some(event) = self.agenda.pop() {
            self.happen(event);
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act(player, turn) => self.act(player, turn),
            Event::Delivered(player, turn) => self.delivered(player, turn),
            Event::Arrive(conn) => self.arrive_more(conn),
            Event::Read(conn) => self.read_more(conn),
            Event::Deadline(conn) => self.check_deadline(conn),
            Event::Break(conn) => self.break_off(conn),
            Event::Committed(life) => self.committed(life),
            Event::Commit(life) => self.commit_again(life),
            Event::EarlyTick => self.input(Input::Tick),
            Event::ClockJump => self.jump_clock(),
            Event::ClockRighted => self.clock_error = 0,
            Event::Stop => self.stop(),
            Event::Stopped(life) => self.stopped(life),
            Event::Start => self.start(),
            Event::Inspect => self.inspect(),
            Event::Operate => self.operate(),
            Event::TakeOver => self.lose_lead(),
            Event::LeaseOver(life) => self.lease_over(life),
            Event::GoOn => self.deposed_goes_on(),
        }
    }

    pub(super) fn plan(&mut self, wait: Duration, event: Event) {
        self.agenda.plan(self.now + wait, event);
    }

    /// Returns true if a fault of this kind happens now.
    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let rate = self.rates.of(fault);
        rate > 0.0 && self.random.uniform() < rate
    }

    pub(super) fn wall(&self) -> Wall {
        let millis = self.now.as_millis() as i64 + self.clock_error;
        Wall::from_millis(self.starts.as_millis() + millis)
    }

    /// Returns the time of the current server.
    pub(super) fn monotonic(&self) -> Monotonic {
        let started = self.process.as_ref().map_or(self.now, |process| process.started);
        Monotonic::default().after(self.now.saturating_sub(started))
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        let storage = self.store.storage(self.now);
        if storage != self.storage && self.process.is_some() {
            self.storage = storage;
            self.handle(Input::Storage(storage));
        }
        self.handle(input);
    }

    fn handle(&mut self, input: Input<'_>) {
        let wall = self.wall();
        let Some(process) = &mut self.process else { return };
        self.steps += 1;
        let monotonic = Monotonic::default().after(self.now.saturating_sub(process.started));
        let considered = process.server.service().matchmaker().considered();
        let now = Now { monotonic, wall };
        if let Some(trace) = &mut self.trace {
            note(trace, &InputLine { now, input });
        }
        process.server.handle(now, input, &mut process.out);
        let considered = process.server.service().matchmaker().considered() - considered;
        let next = process.server.next_deadline();
        let (timers, connections) = (process.server.timers(), process.server.connections());
        let mut out = std::mem::take(&mut process.out);
        for effect in out.drain() {
            self.carry_out(effect);
        }
        self.submit();
        self.watch_clock();
        self.watch_nights();
        if self.current.is_poll {
            self.follow(self.current.seq);
        }
        let Current { is_crashed, closed, .. } = std::mem::take(&mut self.current);
        if let Some(process) = &mut self.process {
            process.out = out;
        }
        if considered > MOST_STEPS {
            self.fail(Invariant::Cost, format!("one input made the matchmaker consider {considered} groups"));
        }
        if timers > connections + OTHER_TIMERS {
            self.fail(Invariant::Cost, format!("{timers} timers are set for {connections} connections"));
        }
        if next.is_some_and(|next| next <= monotonic) {
            self.fail(Invariant::Deadline, format!("at {monotonic:?} the next is {next:?}"));
        }
        if is_crashed {
            return self.crash();
        }
        for conn in closed {
            self.input(Input::Closed { conn });
        }
    }

    fn carry_out(&mut self, effect: Effect<'_, Record, LogEvent<GameEvent>>) {
        if let Some(trace) = &mut self.trace
            && let Some(line) = EffectLine::of(&effect)
        {
            note(trace, &line);
        }
        match effect {
            Effect::Persist(record) => {
                self.current.is_counted |= matches!(record, Record::Result(_));
                self.current.batch.push(record);
                self.maybe_crash();
            }
            Effect::Send { conn, bytes } => {
                self.submit();
                self.receive(conn, &bytes);
            }
            Effect::Close { conn, .. } => {
                self.current.closed.push(conn);
                self.closed_by_server(conn);
            }
            Effect::Log(event) => {
                if matches!(event, LogEvent::Engine(engine::Event::HeldTooLong { .. })) {
                    self.fail(Invariant::PollInTime, event.to_string());
                }
                if let LogEvent::Game(GameEvent::Night { night, news }) = &event {
                    self.current.nights.push((*night, *news, event.notice()));
                }
            }
        }
    }

    /// Crashes the server between two effects, if the fault strikes.
    pub(super) fn maybe_crash(&mut self) {
        self.current.is_crashed = self.current.is_crashed || self.strikes(Fault::Crash);
    }

    pub(super) const fn is_storage_unavailable(&self) -> bool {
        matches!(self.storage, Storage::Unavailable(_))
    }

    pub(super) fn fail(&mut self, invariant: Invariant, detail: String) {
        let failure = Failure { scenario: self.scenario, invariant, detail, step: self.steps, at: self.now };
        self.failure.get_or_insert(failure);
    }

    pub(super) fn expect(&mut self, invariant: Invariant, found: Result<(), String>) {
        if let Err(detail) = found {
            self.fail(invariant, detail);
        }
    }

    /// Returns a number for all that was sent, and all that is durable.
    fn digest(&mut self) -> Digest {
        for record in self.store.records(self.wall()) {
            self.digest.add(format!("{record:?}").as_bytes());
        }
        self.digest
    }
}

fn note(trace: &mut String, line: &impl fmt::Display) {
    writeln!(trace, "{line}").expect("a string takes all");
}
