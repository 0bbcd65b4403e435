//! Time of one event of the matchmaker with 10, 1,000 and 100,000 waiting groups, median and 99th percentile:
//! `cargo bench -p mmcos-game --bench matchmaker`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "a measurement reads the clock, and may panic"
)]

use std::time::{Duration, Instant};

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::{LobbyId, MatchId, Points, UserId};
use mmcos_game::matchmaker::{
    Config, GameType, GroupSize, HostHistory, Label, Matchmaker, Mode, Outcomes, Poll, PollId, RuleSet,
};

const ROUNDS: u32 = 20_000;

/// First account number of the players that come and go.
const GUESTS: u32 = 1_000_000;

/// A matchmaker with a crowd whose groups never meet by themselves.
struct Server {
    matchmaker: Matchmaker,
    out: Outcomes,
    now: Monotonic,
    last_poll: u64,
}

impl Server {
    fn new(crowd: Crowd, waiting: u32) -> Self {
        let matchmaker = Matchmaker::new(Config::default(), MatchId(1));
        let mut server = Self { matchmaker, out: Outcomes::new(), now: Monotonic::default(), last_poll: 0 };
        for account in 1..=waiting {
            // Spread over a poll's length, so that the polls of the crowd expire one by one.
            server.now = Monotonic::default().after(Duration::from_secs(24) * account / waiting);
            server.enter(account, crowd.version(account), crowd.size(account));
        }
        server
    }

    fn enter(&mut self, account: u32, network_version: u32, size: u8) {
        self.last_poll += 1;
        let game_type = GameType(Label::new("QuickRace").unwrap());
        let poll = Poll {
            id: PollId(self.last_poll),
            account: UserId(account),
            mode: Mode { network_version, game_type, rule_set: RuleSet::Race },
            group_lobby: LobbyId::numbered(account + 1),
            game_lobby: LobbyId(LobbyId::numbered(0).0 + self.last_poll),
            size: GroupSize::new(size).unwrap(),
            points: Points(0),
            ignore_minimum: false,
            host_history: HostHistory::default(),
        };
        self.matchmaker.enter(self.now, &poll, &mut self.out);
    }
}

/// A kind of crowd.
#[derive(Clone, Copy)]
enum Crowd {
    /// Parties that fill a match.
    FullParties,
    /// Parties of seven: each could meet other groups, but no two of them fit together.
    Sevens,
    /// One group in each bucket.
    Scattered,
}

impl Crowd {
    fn version(self, account: u32) -> u32 {
        if matches!(self, Self::Scattered) { account } else { 0 }
    }

    fn size(self, account: u32) -> u8 {
        match self {
            Self::FullParties => 12,
            Self::Sevens => 7,
            Self::Scattered => 1 + u8::try_from(account % 3).unwrap(),
        }
    }
}

/// Times `event` over and over; between two, `undo` runs untimed.
fn measure(
    server: &mut Server,
    mut event: impl FnMut(&mut Server, u32),
    mut undo: impl FnMut(&mut Server, u32),
) -> Times {
    let mut nanos: Vec<u64> = (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            event(server, round);
            let taken = start.elapsed();
            server.out.clear();
            undo(server, round);
            server.out.clear();
            u64::try_from(taken.as_nanos()).unwrap()
        })
        .collect();
    nanos.sort_unstable();
    let at = |percent| nanos.get(nanos.len() * percent / 100).copied().unwrap_or_default();
    Times { median: at(50), p99: at(99) }
}

struct Times {
    median: u64,
    p99: u64,
}

fn report(crowd: Crowd, name: &str, waiting: u32) {
    let mut server = Server::new(crowd, waiting);
    server.out.clear();
    println!("{name}, {waiting} waiting");
    let guest = |round: u32| GUESTS + round % 1000;
    let line = |event: &str, times: Times| {
        println!("  {event:8} median {:5} ns   p99 {:5} ns", times.median, times.p99);
    };

    let cancel = |server: &mut Server, round| {
        server.matchmaker.cancel(server.now, UserId(guest(round)), &mut server.out);
    };
    let arrive = |server: &mut Server, round| server.enter(guest(round), 0, 7);
    line("arrive", measure(&mut server, arrive, cancel));

    let mut server = Server::new(crowd, waiting);
    (0..1000).for_each(|round| arrive(&mut server, round));
    line("cancel", measure(&mut server, cancel, arrive));

    // Eleven wait, the twelfth completes the match: in a thousand buckets in turn, or in one that is so busy that it
    // chooses by points.
    for (event, buckets) in [("match", 1000), ("choose", 1)] {
        let mut server = Server::new(crowd, waiting);
        let player = |server: &mut Server, round: u32, player: u32| {
            server.enter(GUESTS + round % 1000 * 12 + player, GUESTS + round % buckets, 1);
        };
        let eleven = |server: &mut Server, round: u32| (1..12).for_each(|who| player(server, round, who));
        eleven(&mut server, 0);
        let twelfth = |server: &mut Server, round: u32| player(server, round, 0);
        line(event, measure(&mut server, twelfth, |server, round| eleven(server, round + 1)));
    }

    // The polls of the crowd expire one after the other, and each player polls again.
    let mut server = Server::new(crowd, waiting);
    let due = |server: &Server| server.matchmaker.next_deadline().unwrap();
    let mut next = 0;
    let mut again = |server: &mut Server| {
        let account = next % waiting + 1;
        next += 1;
        server.enter(account, crowd.version(account), crowd.size(account));
    };
    let expire = |server: &mut Server, _| server.matchmaker.tick(server.now, &mut server.out);
    server.now = due(&server);
    line(
        "expire",
        measure(&mut server, expire, |server, _| {
            again(server);
            server.now = due(server);
        }),
    );
    server.matchmaker.tick(server.now, &mut server.out);
    line(
        "re-poll",
        measure(
            &mut server,
            |server, _| again(server),
            |server, _| {
                server.now = due(server);
                server.matchmaker.tick(server.now, &mut server.out);
            },
        ),
    );
}

fn main() {
    for waiting in [10, 1_000, 100_000] {
        report(Crowd::FullParties, "full parties", waiting);
        report(Crowd::Sevens, "parties of seven", waiting);
        report(Crowd::Scattered, "a bucket each", waiting);
    }
}
