//! Actions of players.

use std::time::Duration;

use mmcos_core::{seam::ConnId, wire::steam::UnixSeconds};

use super::{
    ask::Ask,
    faults::Fault,
    players::Stage,
    reader::Reply,
    world::{Event, World},
};
use crate::{client::LoginDetails, population::habits};

/// Number of times that a game sends the same request before its player has had enough.
const TRIES: u8 = 6;

impl World {
    /// Plans the first visit of every player.
    pub(super) fn plan_visits(&mut self) {
        (0..self.players.len()).for_each(|player| self.plan_visit(player));
    }

    /// Plans a player's next visit: most come in the evening.
    fn plan_visit(&mut self, player: usize) {
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

    pub(super) fn enter(&mut self, player: usize, stage: Stage) {
        let player = &mut self.players[player];
        player.stage = stage;
        player.turn += 1;
        player.reply = None;
    }

    /// Plans a player's next step.
    pub(super) fn pause(&mut self, player: usize, stage: Stage, wait: Duration) {
        self.enter(player, stage);
        let turn = self.players[player].turn;
        self.plan(wait, Event::Act(player, turn));
    }

    pub(super) fn act(&mut self, player: usize, turn: u32) {
        if self.players[player].turn != turn {
            return;
        }
        if self.strikes(Fault::Leave) {
            return self.leave(player);
        }
        match self.players[player].stage {
            Stage::Offline => self.come(player),
            Stage::Menu => self.choose(player),
            Stage::Retry if matches!(self.players[player].ask, Ask::Search(_)) => self.poll(player),
            Stage::Retry => {
                let ask = self.players[player].ask.clone();
                self.ask(player, ask);
            }
            Stage::Racing => self.finish_race(player),
            // The player has waited for longer than any search should take.
            Stage::Asking => {
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
                self.ask(friend, Ask::Redirect);
            }
        }
        self.ask(player, Ask::Redirect);
    }

    /// Takes a player offline, without a word and without waiting for any response.
    pub(super) fn leave(&mut self, player: usize) {
        let conns: Vec<ConnId> = self.players[player].links.iter().map(|link| link.conn).collect();
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
    pub(super) fn hear(&mut self, player: usize, turn: u32) {
        if self.players[player].turn != turn {
            return;
        }
        if let Some(conn) = self.players[player].conn.take() {
            self.close(player, conn);
        }
        let Some(reply) = self.players[player].reply.take() else { return };
        if self.strikes(Fault::Leave) {
            return self.leave(player);
        }
        let ask = self.players[player].ask.clone();
        match reply {
            Reply::Refused(status) => self.refused(player, ask, status),
            reply => {
                self.players[player].tries = 0;
                self.next(player, &ask, &reply);
            }
        }
    }

    fn refused(&mut self, player: usize, ask: Ask, status: u16) {
        self.players[player].tries += 1;
        match (status, &ask) {
            // The server is closed, or the player is banned.
            (503, Ask::Login { .. }) | (403, _) => self.leave(player),
            (401, _) if !matches!(ask, Ask::Login { .. }) && self.players[player].resumes.is_none() => {
                self.players[player].resumes = Some(ask);
                self.log_in(player);
            }
            _ => self.try_again(player),
        }
    }

    pub(super) fn try_again(&mut self, player: usize) {
        if self.players[player].tries > TRIES {
            return self.leave(player);
        }
        let wait = self.players[player].random.between(1.0, 8.0);
        self.pause(player, Stage::Retry, Duration::from_secs_f64(wait));
    }

    fn log_in(&mut self, player: usize) {
        let issued = UnixSeconds(u32::try_from(self.wall().as_secs()).unwrap_or(u32::MAX));
        self.ask(player, Ask::Login { issued });
    }

    /// Takes the next step after a response.
    fn next(&mut self, player: usize, ask: &Ask, reply: &Reply) {
        match (ask, reply) {
            (Ask::Redirect, _) => self.ask(player, Ask::ServerStatus),
            (Ask::ServerStatus, _) => self.log_in(player),
            (Ask::Login { .. }, Reply::Login(details)) => self.logged_in(player, details),
            (Ask::Search(poll), Reply::Matchmaking(answer)) => self.found(player, *poll, answer),
            (Ask::Register { .. }, _) => self.race_on(player),
            (Ask::AddPoints { .. }, reply) => {
                self.players[player].race = None;
                let looks = self.players[player].random.uniform() < 0.3;
                match reply {
                    Reply::Points(_, true) => self.log_in(player),
                    _ if looks => self.ask(player, Ask::Elite { start: 0 }),
                    _ => self.back(player),
                }
            }
            (Ask::EgoNet, _) => self.back(player),
            // To see how it looks on the leaderboard.
            (Ask::Title(_), _) => self.ask(player, Ask::Elite { start: 0 }),
            (Ask::Elite { .. }, _) if self.players[player].random.uniform() < 0.2 => {
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
            Some(Ask::Search(_)) => self.poll(player),
            Some(ask) => self.ask(player, ask),
            None => self.ask(player, Ask::EgoNet),
        }
    }

    /// Returns to the menu, or to the leader.
    pub(super) fn back(&mut self, player: usize) {
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
                self.ask(player, Ask::Elite { start });
            }
            5..7 => self.choose_title(player),
            7..9 => {
                let ids = self.players.iter().step_by(1 + self.players.len() / 150);
                let friends = ids.map(|friend| friend.steam_id).collect();
                self.ask(player, Ask::Friends(friends));
            }
            9 => self.ask(player, Ask::EliteRank),
            10 => self.ask(player, Ask::NameOnly),
            _ => {
                choosing.mode = habits::mode(&mut choosing.random, Some(choosing.mode));
                choosing.searches = Some(self.now);
                self.poll(player);
            }
        }
    }

    fn choose_title(&mut self, player: usize) {
        let title = (self.players[player].random.uniform() * 100.0) as u8;
        self.ask(player, Ask::Title(title));
    }
}
