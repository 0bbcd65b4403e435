//! Searches, and the races that they lead to.

use std::time::Duration;

use mmcos_core::{seam::ConnId, wire::steam::SteamId};
use mmcos_game::ids::{Points, RaceKey};

use super::{Player, Request, Stage, player_of_lobby};
use crate::{
    client::{MatchmakingResult, Poll},
    population::habits,
    random::Random,
    sim::{
        faults::Fault,
        world::{Event, World},
    },
};

/// Time for which a game polls before it accepts AI.
const PATIENCE: Duration = Duration::from_secs(70);

impl World {
    pub(crate) fn poll(&mut self, player: usize) {
        let (now, cancels) = (self.now, self.strikes(Fault::Reset));
        let searcher = &mut self.players[player];
        let began = *searcher.searches.get_or_insert(now);
        searcher.lobbies += 1;
        let game_lobby = searcher.group_lobby() + searcher.lobbies;
        // For some, Steam made no lobby: their ids are of no universe.
        let universe = if searcher.number % 8 == 3 { 1 << 56 } else { 0 };
        let poll = Poll {
            conn: ConnId(0),
            client: searcher.number,
            sent: now,
            mode: searcher.mode,
            size: 1 + searcher.party.len() as u8,
            ignore_minimum: now >= began + PATIENCE,
            group_lobby: searcher.group_lobby(),
            game_lobby: game_lobby - universe,
        };
        self.request(player, Request::Poll(poll));
        let Some(conn) = self.players[player].conn else { return };
        if self.strikes(Fault::Duplicate) {
            self.send(player, Request::Poll(poll), false);
        }
        if cancels {
            let wait = Duration::from_secs_f64(self.random.between(0.0, 26.0));
            if self.random.uniform() < 0.3 {
                self.send(player, Request::Cancel, false);
            }
            self.plan(wait, Event::Break(conn));
        }
    }

    /// Handles the response to a poll.
    pub(crate) fn found(&mut self, player: usize, poll: Poll, response: &MatchmakingResult) {
        let (alone, over) = (response.groups.len() < 2, self.now >= self.players[player].leaves);
        let Some(race_key) = response.race_key.filter(|_| !(alone && (over || !poll.ignore_minimum))) else {
            if over || response.groups.is_empty() {
                self.players[player].searches = None;
                return self.back(player);
            }
            self.players[player].old_key = response.race_key;
            return self.pause(player, Stage::Retry, habits::PAUSE);
        };
        self.players[player].searches = None;
        // A race ends for all of its groups at about the same time.
        let length = habits::race(&mut Random::new(race_key.0, 0));
        let party = self.players[player].party.clone();
        for friend in party {
            if self.players[friend].stage == Stage::Member {
                self.players[friend].race = Some((race_key, self.now + length));
                self.begin_race(friend, race_key, poll.mode, None);
            }
        }
        self.players[player].race = Some((race_key, self.now + length));
        let hosts = response.host().is_some_and(|host| host.group_lobby == poll.group_lobby);
        let listed = hosts.then(|| self.racers(response).collect());
        self.begin_race(player, race_key, poll.mode, listed);
    }

    /// Registers a race, or not. No capture shows which player registers a race of several: it may be the host for
    /// all, or each for itself, and any registration may be lost.
    fn begin_race(
        &mut self,
        player: usize,
        race_key: RaceKey,
        mode: crate::client::Mode,
        everyone: Option<std::rc::Rc<[SteamId]>>,
    ) {
        // A cheat has a result of a race that has hardly begun.
        if self.strikes(Fault::Cheat) {
            self.send(player, Request::AddPoints { race_key, change: Points(50) }, false);
        }
        let itself = [self.players[player].steam_id].into();
        let listed = match ((self.players[player].random.uniform() * 10.0) as u8, everyone) {
            (0..6, Some(everyone)) => everyone,
            (6..8, Some(_)) | (0..2, None) => itself,
            _ => return self.race_on(player),
        };
        self.request(player, Request::Register { race_key, mode, listed });
    }

    /// Returns all players in the match of this response.
    fn racers(&self, response: &MatchmakingResult) -> impl Iterator<Item = SteamId> {
        let leaders = response.groups.iter().map(|group| player_of_lobby(group.group_lobby));
        leaders.flat_map(|leader| {
            let party = &self.players[leader].party;
            std::iter::once(leader).chain(party.iter().copied()).map(|racer| self.players[racer].steam_id)
        })
    }

    pub(crate) fn race_on(&mut self, player: usize) {
        let Some((_, ends)) = self.players[player].race else { return self.back(player) };
        let wait = ends.saturating_sub(self.now) + self.players[player].latency;
        self.pause(player, Stage::Racing, wait);
    }

    pub(crate) fn finish_race(&mut self, player: usize) {
        let Some((race_key, _)) = self.players[player].race else { return self.back(player) };
        if self.strikes(Fault::Cheat) {
            self.cheat(player, race_key);
        }
        let change = self.result(player);
        let request = Request::AddPoints { race_key, change };
        self.request(player, request.clone());
        if self.strikes(Fault::Duplicate) {
            self.send(player, request, false);
        }
    }

    /// Returns the result of a race. Some end exactly at the bound of a division, or a point beside it.
    fn result(&mut self, player: usize) -> Points {
        let Player { random, steam_id, .. } = &mut self.players[player];
        let (any, beside) = (random.between(-30.0, 70.0) as i32, random.between(-1.0, 2.0).floor() as i32);
        let at_a_bound = (random.uniform() < 0.2).then(|| self.model.change_to_a_bound(*steam_id)).flatten();
        Points(at_a_bound.map_or(any, |change| change + beside))
    }

    /// Claims points that are not the player's own, or more than there are.
    fn cheat(&mut self, player: usize, own: RaceKey) {
        let any = (self.random.uniform() * self.keys.len() as f64) as usize;
        let other = self.keys.get(any).copied().unwrap_or(RaceKey(0));
        let friends = self.players.iter().take(14).map(|friend| friend.steam_id).collect();
        let mode = self.players[player].mode;
        let old = self.players[player].old_key.unwrap_or(other);
        let request = match (self.random.uniform() * 5.0) as u8 {
            0 => Request::AddPoints { race_key: own, change: Points(100_000) },
            1 => Request::AddPoints { race_key: RaceKey(own.0 ^ 1), change: Points(50) },
            2 => Request::Register { race_key: other, mode, listed: friends },
            3 => Request::AddPoints { race_key: old, change: Points(50) },
            _ => Request::AddPoints { race_key: other, change: Points(50) },
        };
        self.send(player, request, false);
    }
}
