//! Calls to friends: which event of a player is one, and how it is told.

use alloc::vec::Vec;
use core::time::Duration;

use mmcos_core::service::Context;

use crate::{
    LogEvent, Mmcos,
    calls::{Caller, Calls, Told, Wish},
    ids::UserId,
    matchmaker::{Decision, Poll, Reason},
};

/// Logs news of a call.
fn log(cx: &mut Context<'_, Mmcos>, told: Option<Told>) {
    if let Some(Told { topic, name, news }) = told {
        cx.log(LogEvent::Call { name, topic, news });
    }
}

impl Calls {
    /// Handles a decision of the matchmaker. `is_lonely`: no other player searches.
    pub(crate) fn decided(&mut self, cx: &mut Context<'_, Mmcos>, decision: &Decision<'_>, is_lonely: bool) {
        let now = cx.now().monotonic;
        let told = match (decision.groups, decision.reason) {
            ([alone], Reason::NoMatch) if is_lonely => self.at_lonely_poll(alone.account, now),
            ([alone], Reason::Ai) => self.at_end(alone.account),
            ([_], Reason::Matched | Reason::NoMatch | Reason::Superseded | Reason::Shutdown) => None,
            (groups, _) => {
                let players = groups.iter().map(|group| group.size.get()).fold(0, u8::saturating_add);
                let members: Vec<UserId> = groups.iter().map(|group| group.account).collect();
                self.at_match(&members, players, now)
            }
        };
        log(cx, told);
    }

    /// Handles the end of a search by the player's wish, or of its connection.
    pub(crate) fn ended(&mut self, cx: &mut Context<'_, Mmcos>, user: UserId) {
        let told = self.at_end(user);
        log(cx, told);
    }
}

impl Mmcos {
    fn caller(&self, user: UserId) -> Option<Caller> {
        Some(Caller { user, name: self.players().get(user)?.profile.name.clone() })
    }

    /// Calls friends to a player that logs in while no other is online. Call it before the player counts as online.
    pub(crate) fn call_at_login(&mut self, cx: &mut Context<'_, Self>, user: UserId) {
        if self.sessions.presence.online(cx.now().wall).any(|(other, _)| other != user) {
            return;
        }
        let Some(caller) = self.caller(user) else { return };
        let mode = self.mode_of_the_day(cx.now().wall);
        let told = self.calls.at_login(caller, cx.now().monotonic, mode);
        log(cx, told);
    }

    /// Calls friends to a player whose search begins while no other player searches.
    pub(crate) fn call_at_search(&mut self, cx: &mut Context<'_, Self>, poll: &Poll) {
        let Some(caller) = self.caller(poll.account) else { return };
        let search = Wish { mode: poll.mode, size: poll.size };
        let (_, sources) = self.configuration();
        let waits = Duration::from_secs(sources.ai_after_seconds(cx.now().wall).into());
        let told = self.calls.at_search(caller, cx.now().monotonic, search, waits);
        log(cx, told);
    }
}
