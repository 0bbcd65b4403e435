//! Who is online. The game does not say when it leaves, so who asked for something lately is.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::ids::UserId;
use mmcos_core::seam::Wall;

/// How long after its last request a player counts as online: longer than a race, in which the game asks nothing.
/// (Our choice: a race lasts 4 to 7 minutes.)
const LINGERS: Duration = Duration::from_mins(10);

/// When each player was heard of last.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence(BTreeMap<UserId, Wall>);

impl Presence {
    pub(super) fn note(&mut self, user: UserId, now: Wall) {
        self.0.insert(user, now);
    }

    /// As if the player had been gone for long.
    pub(super) fn forget(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    /// Who is online, and when each was heard of last.
    pub(super) fn online(&self, now: Wall) -> impl Iterator<Item = (UserId, Wall)> {
        let oldest = oldest(now);
        self.0.iter().map(|(user, seen)| (*user, *seen)).filter(move |(_, seen)| seen.as_millis() > oldest)
    }

    /// When this player was heard of last, if that makes it online.
    pub(super) fn seen(&self, user: UserId, now: Wall) -> Option<Wall> {
        self.0.get(&user).copied().filter(|seen| seen.as_millis() > oldest(now))
    }

    /// How many are online.
    pub(super) fn count(&self, now: Wall) -> u32 {
        u32::try_from(self.online(now).count()).unwrap_or(u32::MAX)
    }
}

/// Who was heard of then is gone.
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
