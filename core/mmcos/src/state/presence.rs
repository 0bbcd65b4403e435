//! Players online. The game does not say when it leaves, so a player with a recent request counts as online.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::ids::UserId;
use mmcos_core::seam::Wall;

/// Time for which a player counts as online after its last request: longer than a race, in which the game sends none.
/// (Our choice: a race lasts 4 to 7 minutes.)
const LINGERS: Duration = Duration::from_mins(10);

/// Time of each player's last request.
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
