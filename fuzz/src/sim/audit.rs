//! Checks every response as it leaves the server.

use std::time::Duration;

use mmcos_core::game::Life;
use mmcos_game::{ids::UserId, session_token::SessionKey};

use super::{
    ask::Ask,
    books::{Claimed, expect},
    failure::Invariant,
    players::{Session, player_of_lobby},
    reader::Reply,
    world::World,
};
use crate::client::{LoginDetails, MatchmakingResult, Poll};

impl World {
    /// Checks a player's response. `ask` is `None` if the player has sent no whole request.
    pub(super) fn audit(
        &mut self,
        player: usize,
        ask: Option<&Ask>,
        reply: &Reply,
        is_slow: bool,
        session: Session,
    ) {
        let Some(ask) = ask else {
            if !(is_slow && matches!(reply, Reply::Refused(408))) {
                self.fail(Invariant::OneAnswer, format!("answered before it asked: {reply:?}"));
            }
            return;
        };
        if !ask.is_held() {
            self.follow(self.current.ticket);
        }
        if let Reply::Refused(status) = reply {
            return self.audit_refusal(player, ask, *status, is_slow, session);
        }
        let refusal = self.refusal(player, ask, session).filter(|_| !ask.is_held());
        if let Some(status) = refusal {
            return self.fail(Invariant::Answer, format!("{ask:?} was not refused with {status}: {reply:?}"));
        }
        let found = match (ask, reply) {
            (_, Reply::Unreadable(text)) => Err(format!("{ask:?} was answered {text}")),
            (Ask::Login { .. }, Reply::Login(details)) => {
                let configured = self.audit_configuration();
                self.expect(Invariant::Orders, configured);
                self.audit_login(player, details)
            }
            (Ask::ServerStatus, Reply::Status(status)) => {
                let told = self.audit_status(status);
                return self.expect(Invariant::Orders, told);
            }
            (Ask::Search(poll), Reply::Matchmaking(answer)) => {
                self.audit_match(player, poll, answer);
                Ok(())
            }
            _ => match self.books.user(self.players[player].steam_id) {
                Some(user) => self.audit_of_account(player, user, ask, reply),
                None => Ok(()),
            },
        };
        let found = found.map_err(|detail| format!("player {}, {ask:?}: {detail}", player + 1));
        self.expect(Invariant::Points, found);
    }

    fn audit_refusal(&mut self, player: usize, ask: &Ask, status: u16, is_slow: bool, session: Session) {
        let is_right = match status {
            // The rest of it came when its time was over, though before the tick.
            408 => is_slow,
            status => self.refusal(player, ask, session) == Some(status),
        };
        if let (true, Ask::Search(poll)) = (is_right, ask) {
            self.referee.gone(poll.conn);
        }
        if !is_right {
            self.fail(Invariant::Answer, format!("{ask:?} was refused with {status}"));
        }
    }

    fn audit_login(&mut self, player: usize, details: &LoginDetails) -> Result<(), String> {
        // After a kick it may be later than now: see `Mmcos::begin_session`.
        let key = SessionKey::new(&Life::default().key, Duration::MAX);
        let issued =
            key.verify(&details.session_token, self.judged()).map_err(|error| error.to_string())?.issued;
        self.players[player].logged_in = Session { issued, step: self.steps };
        let (user, steam_id) = (UserId(details.user), self.players[player].steam_id);
        self.books.log_in(steam_id, user, self.current.ticket)?;
        self.books.check(user, details.points, Some(details.division), details.rank)?;
        self.books.check_bonus(user, details)
    }

    fn audit_match(&mut self, player: usize, poll: &Poll, answer: &MatchmakingResult) {
        self.referee.answered(poll.conn, self.now, answer);
        if let Some(breach) = self.referee.first_breach() {
            let detail = format!("{poll:?} was answered {answer:?}");
            return self.fail(Invariant::Matchmaking(breach), detail);
        }
        let (Some(race_key), now) = (answer.race_key, (self.judged(), self.now)) else { return };
        let leader = |group_lobby| self.books.user(self.players[player_of_lobby(group_lobby)].steam_id);
        let leaders: Vec<UserId> =
            answer.groups.iter().filter_map(|group| leader(group.group_lobby)).collect();
        let is_superseded = answer.groups.len() == 1 && self.referee.awaits(self.players[player].number);
        match leaders.as_slice() {
            [alone] if is_superseded => self.books.give_in_vain((race_key, answer.session), *alone, now),
            _ => self.books.give(answer, leaders, now, self.current.ticket),
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
        ask: &Ask,
        reply: &Reply,
    ) -> Result<(), String> {
        self.books.look_at_clock(self.judged());
        match (ask, reply) {
            (Ask::AddPoints { race_key, change }, Reply::Points(answer, _)) => {
                let durable = self.current.ticket.max(self.store.durable());
                let result = Claimed { user, race_key: *race_key, change: *change };
                self.books.score(result, *answer, self.current.is_counted, (self.current.ticket, durable))?;
                self.referee.raced(*race_key, self.players[player].number);
            }
            (Ask::Elite { start }, Reply::Board(board)) => {
                self.books.check(user, board.score, None, board.rank)?;
                self.books.check_page(*start, &board.entries)?;
            }
            (Ask::Friends(friends), Reply::Board(board)) => self.books.check_friends(user, friends, board)?,
            (Ask::EliteRank, Reply::Board(board)) => {
                self.books.check(user, board.score, None, board.rank)?;
                expect("entries", &board.entries.len(), &0)?;
            }
            (Ask::Title(title), Reply::Done) => self.books.choose_title(user, *title, self.current.ticket),
            (Ask::Register { race_key, listed, .. }, Reply::Done) => {
                self.books.list(*race_key, user, listed, self.current.ticket);
                self.referee.raced(*race_key, self.players[player].number);
            }
            _ => {}
        }
        Ok(())
    }
}
