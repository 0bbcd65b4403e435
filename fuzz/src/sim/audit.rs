//! Checks every response as it leaves the server.

use std::time::Duration;

use mmcos_core::game::Life;
use mmcos_game::{ids::UserId, session_token::SessionKey};

use super::{
    failure::Invariant,
    model::{Report, expect},
    players::{Request, Response, Session, player_of_lobby},
    world::World,
};
use crate::client::{LoginDetails, MatchmakingResult, Poll};

impl World {
    /// Checks a player's response. `request` is `None` if the player has sent no whole request.
    pub(super) fn audit(
        &mut self,
        player: usize,
        request: Option<&Request>,
        response: &Response,
        is_slow: bool,
        session: Session,
    ) {
        let Some(request) = request else {
            if !(is_slow && matches!(response, Response::Rejected(408))) {
                self.fail(Invariant::OneResponse, format!("a response before any request: {response:?}"));
            }
            return;
        };
        if !request.is_held() {
            self.follow(self.current.seq);
        }
        if let Response::Rejected(status) = response {
            return self.audit_rejection(player, request, *status, is_slow, session);
        }
        let rejection = self.rejection(player, request, session).filter(|_| !request.is_held());
        if let Some(status) = rejection {
            return self.fail(
                Invariant::Response,
                format!("{request:?} was not rejected with {status}: {response:?}"),
            );
        }
        let found = match (request, response) {
            (_, Response::Unreadable(text)) => Err(format!("{request:?} got {text}")),
            (Request::Login { .. }, Response::Login(details, configuration)) => {
                let configured = self.audit_configuration(*configuration);
                self.expect(Invariant::Commands, configured);
                self.audit_login(player, details)
            }
            (Request::ServerStatus, Response::Status(status)) => {
                let found = self.audit_status(status);
                return self.expect(Invariant::Commands, found);
            }
            (Request::Poll(poll), Response::Matchmaking(response)) => {
                self.audit_match(player, poll, response);
                Ok(())
            }
            _ => match self.model.user(self.players[player].steam_id) {
                Some(user) => self.audit_of_account(player, user, request, response),
                None => Ok(()),
            },
        };
        let found = found.map_err(|detail| format!("player {}, {request:?}: {detail}", player + 1));
        self.expect(Invariant::Points, found);
    }

    fn audit_rejection(
        &mut self,
        player: usize,
        request: &Request,
        status: u16,
        is_slow: bool,
        session: Session,
    ) {
        let is_right = match status {
            // The rest of it came when its time was over, though before the tick.
            408 => is_slow,
            status => self.rejection(player, request, session) == Some(status),
        };
        if let (true, Request::Poll(poll)) = (is_right, request) {
            self.referee.gone(poll.conn);
        }
        if !is_right {
            self.fail(Invariant::Response, format!("{request:?} was rejected with {status}"));
        }
    }

    fn audit_login(&mut self, player: usize, details: &LoginDetails) -> Result<(), String> {
        // After a kick it may be later than now: see `Mmcos::begin_session`.
        let key = SessionKey::new(&Life::default().key, Duration::MAX);
        let issued =
            key.verify(&details.session_token, self.judged()).map_err(|error| error.to_string())?.issued;
        self.players[player].logged_in = Session { issued, step: self.steps };
        let (user, steam_id) = (UserId(details.user), self.players[player].steam_id);
        self.model.log_in(steam_id, user, self.current.seq)?;
        self.model.check(user, details.points, Some(details.division), details.rank)?;
        self.model.check_bonus(user, details)
    }

    fn audit_match(&mut self, player: usize, poll: &Poll, response: &MatchmakingResult) {
        self.referee.responded(poll.conn, self.now, response);
        if let Some(breach) = self.referee.first_breach() {
            let detail = format!("{poll:?} got {response:?}");
            return self.fail(Invariant::Matchmaking(breach), detail);
        }
        let (Some(race_key), now) = (response.race_key, (self.judged(), self.now)) else { return };
        let leader = |group_lobby| self.model.user(self.players[player_of_lobby(group_lobby)].steam_id);
        let leaders: Vec<UserId> =
            response.groups.iter().filter_map(|group| leader(group.group_lobby)).collect();
        let is_superseded = response.groups.len() == 1 && self.referee.awaits(self.players[player].number);
        if response.groups.len() == 1 && poll.ignore_minimum && !is_superseded {
            self.audit_way_to_ai(poll);
        }
        match leaders.as_slice() {
            [alone] if is_superseded => self.model.give_in_vain((race_key, response.session), *alone, now),
            _ => self.model.give(response, leaders, now, self.current.seq),
        }
        if self.keys.len() > 50 {
            self.keys.pop_front();
        }
        self.keys.push_back(race_key);
    }

    /// Checks a response to a player that has an account.
    fn audit_of_account(
        &mut self,
        player: usize,
        user: UserId,
        request: &Request,
        response: &Response,
    ) -> Result<(), String> {
        self.model.now = self.judged();
        match (request, response) {
            (Request::AddPoints { race_key, change }, Response::Points(response, _)) => {
                let durable = self.current.seq.max(self.store.durable());
                let result = Report { user, race_key: *race_key, change: *change };
                self.model.score(result, *response, self.current.is_counted, (self.current.seq, durable))?;
                self.referee.raced(*race_key, self.players[player].number);
            }
            (Request::Elite { start }, Response::Board(board)) => {
                self.model.check(user, board.score, None, board.rank)?;
                self.model.check_page(*start, &board.entries)?;
            }
            (Request::Friends(friends), Response::Board(board)) => {
                self.model.check_friends(user, friends, board)?;
            }
            (Request::EliteRank, Response::Board(board)) => {
                self.model.check(user, board.score, None, board.rank)?;
                expect("entries", &board.entries.len(), &0)?;
            }
            (Request::Title(title), Response::Done) => {
                self.model.choose_title(user, *title, self.current.seq);
            }
            (Request::Register { race_key, listed, .. }, Response::Done) => {
                self.model.list(*race_key, user, listed, self.current.seq);
                self.referee.raced(*race_key, self.players[player].number);
            }
            _ => {}
        }
        Ok(())
    }
}
