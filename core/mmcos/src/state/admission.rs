//! Admission of requests: the player session of a token, the limit on an account's requests, and bans.

use alloc::boxed::Box;

use crate::{
    Event, Fault, Mmcos,
    ids::UserId,
    moderation::{Ban, Bans, Subject},
    record::Record,
    session_token::{Session, SessionError},
};
use mmcos_core::{
    seam::{Now, Wall},
    service::Context,
    wire::steam::SteamId,
};

impl Mmcos {
    /// Returns all bans.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Sets a ban, effective at once: logins and all other requests are refused, matchmaking tickets end. Replaces a
    /// ban of the same subject.
    pub fn ban(&mut self, cx: &mut Context<'_, Self>, ban: Ban) {
        cx.record(Record::Ban(Box::new(ban.clone())));
        cx.log(Event::Banned(Box::new(ban.clone())));
        self.bans.put(ban);
        self.end_searches_of_banned(cx);
    }

    /// Lifts and returns the ban of exactly this subject, if there is one.
    pub fn unban(&mut self, cx: &mut Context<'_, Self>, subject: Subject) -> Option<Ban> {
        let ban = self.bans.lift(subject)?;
        cx.record(Record::Unban(subject));
        cx.log(Event::Unbanned(subject));
        Some(ban)
    }

    /// Returns the player session of a token, if its account exists, is not banned, and keeps to the limit on
    /// requests.
    pub(crate) fn session(&mut self, token: &str, now: Now) -> Result<Session, Fault> {
        let session = self.sessions.verify(token, self.earliest)?;
        self.admit(session.steam_id)?;
        self.requests.take(session.user, now.monotonic)?;
        self.latest_issued = self.latest_issued.max(session.issued);
        if self.ended_sessions.get(&session.user).is_some_and(|ended| session.issued <= *ended) {
            return Err(SessionError::Expired.into());
        }
        match self.players.get(session.user) {
            Some(player) if player.steam_id == session.steam_id => {
                self.presence.note(session.user, now.wall);
                let came_with_the_news = session.issued >= self.season.starts.max(self.season_began);
                if player.profile.last_seen < self.season.starts && came_with_the_news {
                    self.heard.insert(session.user, self.season.id);
                }
                Ok(session)
            }
            _ => Err(Fault::UnknownAccount),
        }
    }

    /// Ends a player's session and matchmaking ticket, so that the player must log in anew. This is not stored: after
    /// a restart of the server the session is valid again.
    pub(crate) fn end_session(&mut self, cx: &mut Context<'_, Self>, user: UserId) {
        // The token may have been issued before the clock was set back, at a time later than now.
        self.ended_sessions.insert(user, cx.now().wall.max(self.latest_issued));
        self.presence.forget(user);
        self.end_search(cx, user);
    }

    /// Returns the time of issue for a session that begins now: later than that of any session that was ended, even
    /// if the clock has been set back since.
    pub(crate) fn begin_session(&mut self, user: UserId, now: Wall) -> Wall {
        let after = |ended: &Wall| Wall::from_millis(ended.as_millis().saturating_add(1));
        let issued = self.ended_sessions.get(&user).map(after).max(Some(now)).unwrap_or(now);
        self.latest_issued = self.latest_issued.max(issued);
        issued
    }

    /// Returns the player of a session token.
    pub(crate) fn authenticate(&mut self, token: &str, now: Now) -> Result<UserId, Fault> {
        self.session(token, now).map(|session| session.user)
    }

    /// Rejects a banned player.
    pub(crate) fn admit(&self, player: SteamId) -> Result<(), Fault> {
        self.bans.of_account(player, self.earliest).map_or(Ok(()), |ban| Err(Fault::banned(ban)))
    }
}

#[cfg(test)]
mod tests;
