//! The cost of an input does not depend on how many groups wait.

use core::time::Duration;

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::MatchId;
use mmcos_game::ids::{LobbyId, UserId};
use mmcos_game::matchmaker::{Config, GroupSize, Matchmaker, Outcomes, Poll};

use crate::world::{World, mode};

/// A crowd of waiting groups: by account, a network version and a size.
type Crowd = fn(u32) -> (u32, u8);

const FULL_PARTIES: Crowd = |_| (0, 12);
const SEVENS: Crowd = |_| (0, 7);
const SCATTERED: Crowd = |account| (account, 1);

struct Server {
    matchmaker: Matchmaker,
    world: World,
    now: Monotonic,
    out: Outcomes,
}

impl Server {
    fn new(crowd: Crowd, waiting: u32) -> Self {
        let matchmaker = Matchmaker::new(Config::default(), MatchId(1));
        let (now, out) = (Monotonic::default(), Outcomes::new());
        let mut server = Self { matchmaker, world: World::new(Config::default()), now, out };
        for account in 1..=waiting {
            server.now = Monotonic::default().after(Duration::from_secs(20) * account / waiting);
            server.enter(account, crowd(account));
        }
        server
    }

    fn enter(&mut self, account: u32, (network_version, size): (u32, u8)) {
        let mut poll: Poll = self.world.poll(account, mode(0));
        (poll.mode.network_version, poll.group_lobby) = (network_version, LobbyId::numbered(account + 1));
        poll.size = GroupSize::new(size).unwrap();
        self.matchmaker.enter(self.now, &poll, &mut self.out);
        self.out.clear();
    }

    /// Returns the average number of steps of an event.
    fn steps(&mut self, mut event: impl FnMut(&mut Self, u32)) -> u64 {
        const ROUNDS: u32 = 200;
        let before = self.matchmaker.considered();
        (0..ROUNDS).for_each(|round| event(self, round));
        (self.matchmaker.considered() - before) / u64::from(ROUNDS)
    }

    fn expire(&mut self) {
        self.now = self.matchmaker.next_deadline().unwrap();
        self.matchmaker.tick(self.now, &mut self.out);
        self.out.clear();
    }
}

/// Returns the steps of: arrive and cancel; arrive, match twelve; expire; come again.
fn steps(crowd: Crowd, waiting: u32) -> [u64; 4] {
    let mut server = Server::new(crowd, waiting);
    let come_and_go = server.steps(|server, round| {
        server.enter(1_000_000 + round, (0, 7));
        server.matchmaker.cancel(server.now, UserId(1_000_000 + round), &mut server.out);
        server.out.clear();
    });
    let twelve = server.steps(|server, round| {
        (0..12).for_each(|player| server.enter(1_000_000 + round * 12 + player, (u32::MAX - round, 1)));
    });
    server.now = server.now.after(Duration::from_secs(4));
    let expire = server.steps(|server, _| server.expire());
    let again = server.steps(|server, round| server.enter(1 + round, crowd(1 + round)));
    [come_and_go, twelve, expire, again]
}

#[test]
fn steps_do_not_grow_with_the_number_waiting() {
    for crowd in [FULL_PARTIES, SEVENS, SCATTERED] {
        let (few, many) = (steps(crowd, 300), steps(crowd, 10_000));
        for event in 0..4 {
            assert!(many[event] <= few[event] + few[event] / 4 + 1, "{few:?} {many:?}");
        }
    }
}
