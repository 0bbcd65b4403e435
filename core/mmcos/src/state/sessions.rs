//! Player sessions: the tokens that are valid, the limit on an account's requests, and the players online.

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
};
use core::{net::IpAddr, time::Duration};

use crate::{
    Mmcos, Rejection,
    ids::UserId,
    moderation::Bans,
    players::{Name, Players},
    session_token::{Session, SessionError, SessionKey},
};
use mmcos_core::{
    engine::{Rate, RateLimiter},
    seam::Wall,
    service::Context,
    wire::steam::SteamId,
};

/// Number of logins that are remembered, for operators.
const REMEMBERED: usize = 2048;
/// Number of logins among which a player is recognised by name and address.
const RECENT: usize = 256;

/// Player sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: SessionKey,
    requests: RateLimiter<UserId>,
    pub(crate) presence: Presence,
    /// Sessions of these players that were issued up to these moments are no longer valid.
    ended: BTreeMap<UserId, Wall>,
    /// The latest time of issue of any session that is known to be valid.
    latest_issued: Wall,
    /// The last logins, the latest first.
    recent: VecDeque<Login>,
}

/// Login of a player.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) at: Wall,
    pub(crate) address: IpAddr,
    name: Name,
    pub(crate) steam_id: SteamId,
}

impl Sessions {
    pub(crate) fn new(key: &[u8; 32], lifetime: Duration, requests: Rate) -> Self {
        Self {
            key: SessionKey::new(key, lifetime),
            requests: RateLimiter::new(requests),
            presence: Presence::default(),
            ended: BTreeMap::new(),
            latest_issued: Wall::default(),
            recent: VecDeque::new(),
        }
    }

    /// Returns the player session of a token, if its account exists, is not banned, and keeps to the limit on
    /// requests.
    pub(crate) fn authenticate(
        &mut self,
        cx: &Context<'_, Mmcos>,
        token: &str,
        bans: &Bans,
        players: &Players,
    ) -> Result<Session, Rejection> {
        let (now, earliest) = (cx.now(), cx.clock().earliest());
        let session = self.key.verify(token, earliest)?;
        bans.admit(session.steam_id, earliest)?;
        self.requests.take(session.user, now.monotonic)?;
        self.latest_issued = self.latest_issued.max(session.issued);
        if self.ended.get(&session.user).is_some_and(|ended| session.issued <= *ended) {
            return Err(SessionError::Expired.into());
        }
        match players.get(session.user) {
            Some(player) if player.steam_id == session.steam_id => {
                self.presence.note(session.user, now.wall);
                Ok(session)
            }
            _ => Err(Rejection::UnknownAccount),
        }
    }

    /// Begins a session. Returns its time of issue: later than that of any session that was ended, even if the clock
    /// has been set back since.
    pub(crate) fn begin(&mut self, user: UserId, now: Wall) -> Wall {
        self.presence.note(user, now);
        let after = |ended: &Wall| Wall::from_millis(ended.as_millis().saturating_add(1));
        let issued = self.ended.get(&user).map(after).max(Some(now)).unwrap_or(now);
        self.latest_issued = self.latest_issued.max(issued);
        issued
    }

    /// Ends a player's session, so that the player must log in anew. This is not stored: after a restart of the
    /// server the session is valid again.
    pub(crate) fn end(&mut self, user: UserId, now: Wall) {
        // The token may have been issued before the clock was set back, at a time later than now.
        self.ended.insert(user, now.max(self.latest_issued));
        self.presence.forget(user);
    }

    /// Returns the token of a session.
    pub(crate) fn token(&self, session: &Session) -> String {
        self.key.issue(session)
    }

    /// Remembers a login.
    pub(crate) fn logged_in(&mut self, at: Wall, address: IpAddr, name: &Name, steam_id: SteamId) {
        self.recent.truncate(REMEMBERED.saturating_sub(1));
        self.recent.push_front(Login { at, address, name: name.clone(), steam_id });
    }

    /// Forgets the logins to which this applies.
    pub(crate) fn forget_logins(&mut self, applies: impl Fn(&Login) -> bool) {
        self.recent.retain(|login| !applies(login));
    }

    /// Returns the remembered logins of a player, the latest first.
    pub(crate) fn logins(&self, steam_id: SteamId) -> impl Iterator<Item = &Login> {
        self.recent.iter().filter(move |login| login.steam_id == steam_id)
    }

    /// Returns the account that logged in lately with this name from this address. Proves nothing.
    pub(crate) fn recent_login(&self, address: IpAddr, name: &Name) -> Option<SteamId> {
        let recent = self.recent.iter().take(RECENT);
        recent
            .into_iter()
            .find(|login| login.address == address && login.name == *name)
            .map(|login| login.steam_id)
    }
}

/// Time for which a player counts as online after its last request: longer than a race, in which the game sends none.
/// (Our choice: a race lasts 4 to 7 minutes.)
const LINGERS: Duration = Duration::from_mins(10);

/// Time of each player's last request. The game does not say when it leaves, so a player with a recent request counts
/// as online.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presence(BTreeMap<UserId, Wall>);

impl Presence {
    pub(crate) fn note(&mut self, user: UserId, now: Wall) {
        self.0.insert(user, now);
    }

    /// Marks the player as offline.
    pub(crate) fn forget(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    /// Returns the players online, each with the time of the last request.
    pub(crate) fn online(&self, now: Wall) -> impl Iterator<Item = (UserId, Wall)> {
        let oldest = oldest(now);
        self.0.iter().map(|(user, seen)| (*user, *seen)).filter(move |(_, seen)| seen.as_millis() > oldest)
    }

    /// Returns the time of this player's last request, if the player is online.
    pub(crate) fn seen(&self, user: UserId, now: Wall) -> Option<Wall> {
        self.0.get(&user).copied().filter(|seen| seen.as_millis() > oldest(now))
    }

    /// Returns the number of players online.
    pub(crate) fn count(&self, now: Wall) -> u32 {
        u32::try_from(self.online(now).count()).unwrap_or(u32::MAX)
    }
}

/// Returns the time, in milliseconds, up to which a last request leaves its player offline.
fn oldest(now: Wall) -> i64 {
    now.as_millis().saturating_sub(i64::try_from(LINGERS.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_nothing_for_ten_minutes_is_gone() {
        let at = |minutes: i64| Wall::from_secs(minutes * 60);
        let mut presence = Presence::default();
        presence.note(UserId(1), at(0));
        presence.note(UserId(2), at(5));
        assert_eq!((presence.count(at(9)), presence.count(at(10)), presence.count(at(15))), (2, 1, 0));
        presence.forget(UserId(2));
        assert_eq!(presence.count(at(6)), 1);
    }
}
