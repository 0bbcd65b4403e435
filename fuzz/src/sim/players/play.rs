//! Actions of players.

use std::time::Duration;

use mmcos_core::{seam::ConnId, wire::steam::UnixSeconds};

use super::{Request, Response, Stage};
use crate::{
    client::LoginDetails,
    population::habits,
    sim::{
        faults::Fault,
        world::{Event, World},
    },
};

/// Number of times that a game sends the same request before its player leaves.
const TRIES: u8 = 6;

impl World {
    /// Plans a player's next visit: most come in the evening.
    pub(crate) fn plan_visit(&mut self, player: usize) {
        let random = &mut self.players[player].random;
        let mut at = self.now.as_secs_f64();
        loop {
            at += random.exponential(2.0 * self.scenario.sessions / 86_400.0);
            let hour = (at + self.starts.as_secs() as f64) / 86_400.0;
            let liveliness = 0.5 + 0.5 * libm::cos(std::f64::consts::TAU * (hour - 19.5 / 24.0));
            if random.uniform() < liveliness {
                break;
            }
        }
        let turn = self.players[player].turn;
        if at < self.scenario.time().as_secs_f64() {
            self.agenda.plan(Duration::from_secs_f64(at), Event::Act(player, turn));
        }
    }

    pub(crate) fn enter(&mut self, player: usize, stage: Stage) {
        let player = &mut self.players[player];
        player.stage = stage;
        player.turn += 1;
        player.response = None;
    }

    /// Plans a player's next step.
    pub(crate) fn pause(&mut self, player: usize, stage: Stage, wait: Duration) {
        self.enter(player, stage);
        let turn = self.players[player].turn;
        self.plan(wait, Event::Act(player, turn));
    }

    pub(crate) fn act(&mut self, player: usize, turn: u32) {
        if self.players[player].turn != turn {
            return;
        }
        if self.strikes(Fault::Leave) {
            return self.leave(player);
        }
        match self.players[player].stage {
            Stage::Offline => self.come(player),
            Stage::Menu => self.choose(player),
            Stage::Retry if matches!(self.players[player].request, Request::Poll(_)) => self.poll(player),
            Stage::Retry => {
                let request = self.players[player].request.clone();
                self.request(player, request);
            }
            Stage::Racing => self.finish_race(player),
            // The player has waited for longer than any poll should take.
            Stage::Waiting => {
                if let Some(conn) = self.players[player].conn {
                    self.break_off(conn);
                }
            }
            Stage::Member => {}
        }
    }

    fn come(&mut self, player: usize) {
        let coming = &mut self.players[player];
        coming.tries = 0;
        coming.leaves = self.now + habits::session(&mut coming.random);
        coming.mode = habits::mode(&mut coming.random, None);
        let size = habits::party(&mut coming.random);
        for _ in 1..size {
            let friend = (self.players[player].random.uniform() * self.players.len() as f64) as usize;
            if friend != player && self.players[friend].stage == Stage::Offline {
                self.players[player].party.push(friend);
                self.players[friend].leader = Some(player);
                self.players[friend].tries = 0;
                self.request(friend, Request::Redirect);
            }
        }
        self.request(player, Request::Redirect);
    }

    /// Takes a player offline, without a word and without waiting for any response.
    pub(crate) fn leave(&mut self, player: usize) {
        let conns: Vec<ConnId> =
            self.players[player].connections.iter().map(|connection| connection.conn).collect();
        for conn in conns {
            self.close(player, conn);
        }
        self.enter(player, Stage::Offline);
        let leaving = &mut self.players[player];
        (leaving.conn, leaving.race, leaving.searches, leaving.resumes) = (None, None, None, None);
        let (party, leader) = (std::mem::take(&mut leaving.party), leaving.leader.take());
        for friend in party {
            self.players[friend].leader = None;
            self.players[friend].leaves = self.now;
            if self.players[friend].stage == Stage::Member {
                self.pause(friend, Stage::Menu, Duration::from_secs(2));
            }
        }
        if let Some(leader) = leader {
            self.players[leader].party.retain(|friend| *friend != player);
        }
        self.plan_visit(player);
    }

    /// Handles a response that reached its player.
    pub(crate) fn delivered(&mut self, player: usize, turn: u32) {
        if self.players[player].turn != turn {
            return;
        }
        if let Some(conn) = self.players[player].conn.take() {
            self.close(player, conn);
        }
        let Some(response) = self.players[player].response.take() else { return };
        if self.strikes(Fault::Leave) {
            return self.leave(player);
        }
        let request = self.players[player].request.clone();
        match response {
            Response::Rejected(status) => self.rejected(player, request, status),
            response => {
                self.players[player].tries = 0;
                self.next(player, &request, &response);
            }
        }
    }

    fn rejected(&mut self, player: usize, request: Request, status: u16) {
        self.players[player].tries += 1;
        match (status, &request) {
            // The server is closed, or the player is banned.
            (503, Request::Login { .. }) | (403, _) => self.leave(player),
            (401, _)
                if !matches!(request, Request::Login { .. }) && self.players[player].resumes.is_none() =>
            {
                self.players[player].resumes = Some(request);
                self.log_in(player);
            }
            _ => self.try_again(player),
        }
    }

    pub(crate) fn try_again(&mut self, player: usize) {
        if self.players[player].tries > TRIES {
            return self.leave(player);
        }
        let wait = self.players[player].random.between(1.0, 8.0);
        self.pause(player, Stage::Retry, Duration::from_secs_f64(wait));
    }

    fn log_in(&mut self, player: usize) {
        let issued = UnixSeconds(u32::try_from(self.wall().as_secs()).unwrap_or(u32::MAX));
        self.request(player, Request::Login { issued });
    }

    /// Takes the next step after a response.
    fn next(&mut self, player: usize, request: &Request, response: &Response) {
        match (request, response) {
            (Request::Redirect, _) => self.request(player, Request::ServerStatus),
            (Request::ServerStatus, _) => self.log_in(player),
            (Request::Login { .. }, Response::Login(details, _)) => self.logged_in(player, details),
            (Request::Poll(poll), Response::Matchmaking(response)) => self.found(player, *poll, response),
            (Request::Register { .. }, _) => self.race_on(player),
            (Request::AddPoints { .. }, response) => {
                self.players[player].race = None;
                let reads = self.players[player].random.uniform() < 0.3;
                match response {
                    Response::Points(_, true) => self.log_in(player),
                    _ if reads => self.request(player, Request::Elite { start: 0 }),
                    _ => self.back(player),
                }
            }
            (Request::EgoNet, _) => self.back(player),
            // It shows on the leaderboard.
            (Request::Title(_), _) => self.request(player, Request::Elite { start: 0 }),
            (Request::Elite { .. }, _) if self.players[player].random.uniform() < 0.2 => {
                self.choose_title(player);
            }
            _ => {
                let wait = self.players[player].random.between(0.5, 6.0);
                self.pause(player, Stage::Menu, Duration::from_secs_f64(wait));
            }
        }
    }

    fn logged_in(&mut self, player: usize, details: &LoginDetails) {
        let known = &mut self.players[player];
        known.token.clone_from(&details.session_token);
        known.token_issued = known.logged_in;
        match known.resumes.take() {
            Some(Request::Poll(_)) => self.poll(player),
            Some(request) => self.request(player, request),
            None => self.request(player, Request::EgoNet),
        }
    }

    /// Returns to the menu, or to the leader.
    pub(crate) fn back(&mut self, player: usize) {
        if self.players[player].leader.is_some() {
            return self.enter(player, Stage::Member);
        }
        let wait = habits::think(&mut self.players[player].random);
        self.pause(player, Stage::Menu, wait);
    }

    fn choose(&mut self, player: usize) {
        if self.now >= self.players[player].leaves {
            return self.leave(player);
        }
        let choosing = &mut self.players[player];
        let what = choosing.random.uniform();
        match (what * 100.0) as u32 {
            0..5 => {
                let start = if choosing.random.uniform() < 0.8 { 0 } else { 30 };
                self.request(player, Request::Elite { start });
            }
            5..7 => self.choose_title(player),
            7..9 => {
                let ids = self.players.iter().step_by(1 + self.players.len() / 150);
                let friends = ids.map(|friend| friend.steam_id).collect();
                self.request(player, Request::Friends(friends));
            }
            9 => self.request(player, Request::EliteRank),
            10 => self.request(player, Request::NameOnly),
            _ => {
                choosing.mode = habits::mode(&mut choosing.random, Some(choosing.mode));
                choosing.searches = Some(self.now);
                self.poll(player);
            }
        }
    }

    fn choose_title(&mut self, player: usize) {
        let title = (self.players[player].random.uniform() * 100.0) as u8;
        self.request(player, Request::Title(title));
    }
}
