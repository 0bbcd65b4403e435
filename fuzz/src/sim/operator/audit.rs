//! Checks that the server is as the operator's commands left it.

use std::time::Duration;

use mmcos_core::seam::ConnId;
use mmcos_game::{matchmaker, session_token::LIFETIME};

use super::Command;
use crate::{
    client::Response,
    sim::{
        failure::Invariant,
        model::expect,
        players::{Configuration, Player, Request, ServerStatus, Session, Stage},
        world::World,
    },
};

impl World {
    /// Checks the response to a command, and that the server carried it out.
    pub(crate) fn audit_command(&mut self, command: &Command, response: &Response) {
        let seq = self.current.first.unwrap_or(self.current.seq);
        self.follow(seq);
        if self.is_storage_unavailable() && command.may_record() {
            let found = expect("the status of a command that cannot be recorded", &response.status, &503);
            return self.expect(Invariant::Commands, found);
        }
        let now = (self.judged(), !self.has_jumped(), self.steps);
        let found = self.model.apply_command(command, response.status, &self.config.events, now, seq);
        self.expect(Invariant::Commands, found.map_err(|detail| format!("{command:?}: {detail}")));
        match command {
            Command::Ban(..) | Command::Kick(_) => self.audit_ended_polls(command),
            Command::Set(..) | Command::Reset(_) => self.follow_times(),
            Command::StartSeason(_) | Command::UndoSeason(..) if response.status == 200 => {
                self.notice_new_season();
            }
            Command::PlanEvent { .. } if response.status == 200 => {
                let number = format!("{{\"number\":{}}}", self.model.last_plan());
                let found = String::from_utf8_lossy(&response.body).into_owned();
                self.expect(Invariant::Commands, expect("the number of a plan", &found, &number));
            }
            Command::State => self.audit_state(&String::from_utf8_lossy(&response.body)),
            _ => {}
        }
    }

    /// Checks that a banned or kicked player has no poll any more.
    fn audit_ended_polls(&mut self, command: &Command) {
        let now = self.earliest();
        let is_out = |player: &Player| match command {
            Command::Kick(user) => self.model.user(player.steam_id).is_some_and(|known| known.0 == *user),
            _ => self.model.is_banned(player.steam_id, now) || self.model.is_barred(player.address(), now),
        };
        let polls = |player: &Player| {
            player.connections.iter().flat_map(|connection| &connection.pending).any(Request::is_held)
        };
        if let Some(player) = self.players.iter().find(|player| is_out(player) && polls(player)) {
            let detail = format!("player {} polls after {command:?}", player.number);
            self.fail(Invariant::Commands, detail);
        }
    }

    /// Makes idle players notice the new season and read the leaderboard.
    pub(crate) fn notice_new_season(&mut self) {
        for player in 0..self.players.len() {
            if self.players[player].stage == Stage::Menu {
                self.players[player].request = Request::Elite { start: 0 };
                self.pause(player, Stage::Retry, Duration::ZERO);
            }
        }
    }

    fn audit_state(&mut self, state: &str) {
        let expected = [
            format!("\"known\":{}", self.model.accounts()),
            format!("\"bans\":{}", self.model.bans_that_hold(self.earliest())),
            format!("\"maintenance\":{}", self.model.is_closed(self.config.maintenance)),
        ];
        if let Some(missing) = expected.iter().find(|expected| !state.contains(expected.as_str())) {
            self.fail(Invariant::Commands, format!("the state has not {missing}: {state}"));
        }
        let matches = state.split_once("\"matches\":{").and_then(|(_, rest)| rest.split_once("\"season\":"));
        let sessions = matches.map_or("", |(matches, _)| matches).split("\"session\":\"").skip(1);
        self.operator.matches = sessions.filter_map(|rest| rest.split_once('"')?.0.parse().ok()).collect();
    }

    /// Sets the hold time of new polls.
    pub(crate) fn follow_times(&mut self) {
        let set = self.model.setting("poll-seconds").and_then(|seconds| seconds.parse().ok());
        let poll = set.map_or(self.config.poll_seconds, Duration::from_secs);
        let times = matchmaker::Config { poll, ..self.config.matchmaker() };
        self.referee.hold_for(self.now, times.longest_hold());
    }

    /// Returns the status with which a request in this session must be rejected.
    pub(crate) fn rejection(&self, player: usize, request: &Request, session: Session) -> Option<u16> {
        let (now, player) = (self.earliest(), &self.players[player]);
        let age = now.as_millis() - session.issued.as_millis();
        let has_session = session.step > 0 && age < LIFETIME.as_millis() as i64;
        let is_login = matches!(request, Request::Login { .. });
        if self.is_storage_unavailable() && request.may_record() {
            Some(503)
        } else if self.model.is_barred(player.address(), now) {
            Some(403)
        } else if is_login && self.model.is_closed(self.config.maintenance) {
            Some(503)
        } else if request.needs_session() && !has_session {
            Some(401)
        } else if (is_login || request.needs_session()) && self.model.is_banned(player.steam_id, now) {
            Some(403)
        } else {
            let is_kicked = request.needs_session() && self.model.is_kicked(player.steam_id, session.step);
            is_kicked.then_some(401)
        }
    }

    /// Checks that a new poll may be held.
    pub(crate) fn audit_held(&mut self, player: usize, conn: ConnId) {
        let Some(connection) = self.players[player].connection(conn) else { return };
        let (session, front) = (connection.session, connection.pending.front().cloned());
        if let Some(request) = front.filter(Request::is_held)
            && let Some(status) = self.rejection(player, &request, session)
        {
            self.fail(Invariant::Response, format!("held in place of {status}: {request:?}"));
        }
    }

    /// Checks the server's public status.
    pub(crate) fn audit_status(&self, status: &ServerStatus) -> Result<(), String> {
        let message = self.model.setting("message").filter(|message| !message.is_empty());
        let message = message.map(|message| message.replace('&', "&amp;").into());
        let is_open = !self.model.is_closed(self.config.maintenance);
        expect("the server's status", status, &ServerStatus { message, is_open })
    }

    /// Checks the configuration in a login response.
    pub(crate) fn audit_configuration(&mut self, configuration: Configuration) -> Result<(), String> {
        let set = self.model.setting("search-seconds").and_then(|seconds| seconds.parse().ok());
        let search_seconds = self.search_seconds(set.unwrap_or(self.config.ai_after_seconds(false).into()));
        expect("the event", &configuration.event, &self.model.event(&self.config.events, self.judged()))?;
        expect("the time to search", &configuration.search_seconds, &search_seconds)
    }
}
