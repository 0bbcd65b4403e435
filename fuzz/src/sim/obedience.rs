//! Checks that the server is as the operator's commands left it.

use std::time::Duration;

use mmcos_core::seam::ConnId;
use mmcos_game::{matchmaker, session_token::LIFETIME};

use super::{
    ask::Ask,
    books::expect,
    failure::Invariant,
    order::Order,
    players::{Player, Session, Stage},
    told::ServerStatus,
    world::World,
};
use crate::client::Response;

impl World {
    /// Checks the response to a command, and that the server carried it out.
    pub(super) fn audit_order(&mut self, order: &Order, answer: &Response) {
        let ticket = self.current.first.unwrap_or(self.current.ticket);
        self.follow(ticket);
        if self.is_storage_unavailable() && order.may_record() {
            let found = expect("the status of an order that cannot be kept", &answer.status, &503);
            return self.expect(Invariant::Orders, found);
        }
        let now = (self.judged(), !self.has_jumped(), self.steps);
        let found = self.books.obey(order, answer.status, &self.config.events, now, ticket);
        self.expect(Invariant::Orders, found.map_err(|detail| format!("{order:?}: {detail}")));
        match order {
            Order::Ban(..) | Order::Kick(_) => self.audit_ended_searches(order),
            Order::Set(..) | Order::Reset(_) => self.follow_times(),
            Order::StartSeason(_) if answer.status == 200 => self.look_at_new_season(),
            Order::State => self.audit_state(&String::from_utf8_lossy(&answer.body)),
            _ => {}
        }
    }

    /// Checks that a banned or kicked player does not search any more.
    fn audit_ended_searches(&mut self, order: &Order) {
        let now = self.earliest();
        let is_out = |player: &Player| match order {
            Order::Kick(user) => self.books.user(player.steam_id).is_some_and(|known| known.0 == *user),
            _ => self.books.is_banned(player.steam_id, now) || self.books.is_barred(player.address(), now),
        };
        let searches = |player: &Player| player.links.iter().flat_map(|link| &link.asked).any(Ask::is_held);
        if let Some(player) = self.players.iter().find(|player| is_out(player) && searches(player)) {
            let detail = format!("player {} searches after {order:?}", player.number);
            self.fail(Invariant::Orders, detail);
        }
    }

    /// Makes idle players notice the new season and read the leaderboard.
    pub(super) fn look_at_new_season(&mut self) {
        for player in 0..self.players.len() {
            if self.players[player].stage == Stage::Menu {
                self.players[player].ask = Ask::Elite { start: 0 };
                self.pause(player, Stage::Retry, Duration::ZERO);
            }
        }
    }

    fn audit_state(&mut self, state: &str) {
        let expected = [
            format!("\"known\":{}", self.books.accounts()),
            format!("\"bans\":{}", self.books.bans_that_hold(self.earliest())),
            format!("\"maintenance\":{}", self.books.is_closed(self.config.maintenance)),
        ];
        if let Some(missing) = expected.iter().find(|expected| !state.contains(expected.as_str())) {
            self.fail(Invariant::Orders, format!("the state has not {missing}: {state}"));
        }
        let matches = state.split_once("\"matches\":{").and_then(|(_, rest)| rest.split_once("\"results\":"));
        let sessions = matches.map_or("", |(matches, _)| matches).split("\"session\":\"").skip(1);
        self.operator.matches = sessions.filter_map(|rest| rest.split_once('"')?.0.parse().ok()).collect();
    }

    /// Sets the hold time of new polls.
    pub(super) fn follow_times(&mut self) {
        let set = self.books.setting("poll-seconds").and_then(|seconds| seconds.parse().ok());
        let poll = set.map_or(self.config.poll_seconds, Duration::from_secs);
        let times = matchmaker::Config { poll, ..self.config.matchmaker() };
        self.referee.hold_for(self.now, times.longest_hold());
    }

    /// Returns the status with which a request in this session must be rejected.
    pub(super) fn refusal(&self, player: usize, ask: &Ask, session: Session) -> Option<u16> {
        let (now, player) = (self.earliest(), &self.players[player]);
        let age = now.as_millis() - session.issued.as_millis();
        let has_session = session.step > 0 && age < LIFETIME.as_millis() as i64;
        let is_login = matches!(ask, Ask::Login { .. });
        if self.is_storage_unavailable() && ask.may_record() {
            Some(503)
        } else if self.books.is_barred(player.address(), now) {
            Some(403)
        } else if is_login && self.books.is_closed(self.config.maintenance) {
            Some(503)
        } else if ask.needs_session() && !has_session {
            Some(401)
        } else if (is_login || ask.needs_session()) && self.books.is_banned(player.steam_id, now) {
            Some(403)
        } else {
            let is_kicked = ask.needs_session() && self.books.is_kicked(player.steam_id, session.step);
            is_kicked.then_some(401)
        }
    }

    /// Checks that a search that has just come may be held.
    pub(super) fn audit_held(&mut self, player: usize, conn: ConnId) {
        let Some(link) = self.players[player].link(conn) else { return };
        let (session, front) = (link.session, link.asked.front().cloned());
        if let Some(ask) = front.filter(Ask::is_held)
            && let Some(status) = self.refusal(player, &ask, session)
        {
            self.fail(Invariant::Answer, format!("held in place of {status}: {ask:?}"));
        }
    }

    /// Checks the server's public status.
    pub(super) fn audit_status(&self, status: &ServerStatus) -> Result<(), String> {
        let message = self.books.setting("message").filter(|message| !message.is_empty());
        let message = message.map(|message| message.replace('&', "&amp;").into());
        let is_open = !self.books.is_closed(self.config.maintenance);
        expect("the server's status", status, &ServerStatus { message, is_open })
    }

    /// Checks the configuration in a login response.
    pub(super) fn audit_configuration(&self) -> Result<(), String> {
        let told = &self.common.configuration;
        let set = self.books.setting("search-seconds").and_then(|seconds| seconds.parse().ok());
        let search_seconds = set.unwrap_or(self.config.search_seconds.as_secs());
        expect("the event", &told.event, &self.books.event(&self.config.events, self.judged()))?;
        expect("the time to search", &told.search_seconds, &search_seconds)
    }
}
