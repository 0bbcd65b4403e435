use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{engine::Limits, seam::ConnId};
use mmcos_game::matchmaker::{Config, Folding};

use crate::{
    client::{Client, MatchmakingResult, Mode, RuleSet},
    referee::Referee,
    virtual_time::{VirtualTime, set_matchmaker, trusting},
};

/// Number of players.
const CLIENTS: u32 = 14;

/// Sizes of groups: some of them fit nowhere.
const SIZES: [u8; 8] = [1, 1, 1, 2, 3, 5, 6, 13];

/// Takes any history of polls: the first byte configures the server, then each event takes three bytes.
///
/// # Panics
/// If the [`Referee`] sees a broken rule, if a poll gets no response, or if anything is left at the end.
pub fn matchmaker_events(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut world = World::new(config(*first));
    let (events, _) = rest.as_chunks::<3>();
    for event in events {
        world.happen(*event);
    }
    world.end();
}

fn config(byte: u8) -> Config {
    let ai_hold = [0, 20, 3, 60][usize::from(byte >> 2 & 3)];
    Config {
        folding: [Folding::Exact, Folding::RuleSet, Folding::AnyUnranked, Folding::Exact]
            [usize::from(byte & 3)],
        gather: Duration::from_secs(if byte & 16 == 0 { 5 } else { 0 }),
        ai_hold: Duration::from_secs(ai_hold),
        ai: byte & 32 == 0,
        ..Config::default()
    }
}

struct World {
    time: VirtualTime,
    clients: Vec<Client>,
    referee: Referee,
    /// The open polls, by connection, and their clients.
    polls: BTreeMap<ConnId, usize>,
}

impl World {
    fn new(matchmaker: Config) -> Self {
        let mut config = trusting();
        set_matchmaker(&mut config, &matchmaker);
        let mut time = VirtualTime::new(&config, Limits::default(), [2; 32]);
        let clients = (1..=CLIENTS).map(|number| Client::log_in(&mut time, number)).collect();
        Self { time, clients, referee: Referee::new(&matchmaker), polls: BTreeMap::new() }
    }

    fn happen(&mut self, [what, detail, pause]: [u8; 3]) {
        let number = usize::from(what >> 4) % self.clients.len();
        let Some(client) = self.clients.get_mut(number) else { return };
        match what & 15 {
            kind @ 0..12 => {
                let rule_set = RuleSet::ALL[usize::from(detail & 31) % 3];
                let mode = Mode { rule_set, ranked: detail & 31 >= 24 };
                let size = SIZES[usize::from(detail >> 5)];
                let poll = client.poll(&mut self.time, mode, size, kind >= 8);
                self.referee.sent(poll);
                self.polls.insert(poll.conn, number);
            }
            12 | 13 => client.cancel(&mut self.time),
            14 => {
                let open = self.polls.iter().find(|(_, of)| **of == number).map(|(conn, _)| *conn);
                if let Some(conn) = open {
                    self.polls.remove(&conn);
                    self.referee.gone(conn);
                    self.time.close(conn);
                }
            }
            _ => {}
        }
        self.wait(Duration::from_millis(100) * u32::from(pause));
    }

    fn wait(&mut self, time: Duration) {
        let end = self.time.now() + time;
        while let Some((conn, response)) = self.time.response_until(end) {
            assert!(self.polls.remove(&conn).is_some(), "two responses");
            let response =
                MatchmakingResult::read(response.granted()).expect("the result has all of its parts");
            self.referee.responded(conn, self.time.now(), &response);
            self.time.close(conn);
        }
    }

    fn end(mut self) {
        self.wait(Duration::from_secs(25));
        assert!(self.polls.is_empty(), "no response: {:?}", self.polls);
        assert!(self.referee.breaches().is_empty(), "{:?}", self.referee.breaches());
        self.wait(Duration::from_secs(5));
        assert_eq!(self.time.server().service().matchmaker().load().tickets, 0);
    }
}
