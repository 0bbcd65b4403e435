//! Players: their identity, their standing, and how they are found.

mod corrections;
mod profile;
mod user_facing_id;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::ser::SerializeStruct as _;

pub use corrections::{Adjustment, Adjustments, DeletedPlayer, MOST_ADJUSTMENTS};
pub use profile::{Level, Name, Prestige, Title, TitleError};
pub use user_facing_id::UserFacingId;

use crate::divisions::Standing;
use crate::ids::{Points, UserId};
use crate::matchmaker::HostHistory;
use crate::ranking::{Place, Ranking};
use crate::seasons::{Ended, SeasonId, SeasonStarted};
use mmcos_core::seam::Wall;
use mmcos_core::wire::steam::SteamId;

/// State of a player, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Player {
    /// The account on this server.
    pub user_id: UserId,
    /// The account with Steam.
    pub steam_id: SteamId,
    /// Points and division.
    pub standing: Standing,
    /// The season of this standing.
    pub season: SeasonId,
    /// The part of the points that was given at the start of the season.
    pub bonus: Points,
    /// True if an operator set the name: a login does not change it.
    #[serde(default)]
    pub renamed: bool,
    /// The standing in the season before, if this season was begun early: it may be undone.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// Everything that neither finds nor ranks a player.
    pub profile: Profile,
}

/// Part of a player's state that does not affect the order of players.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// The name at the last login, or the one that an operator set.
    pub name: Name,
    /// The title chosen.
    pub title: Title,
    /// The level, as the game says.
    pub level: Level,
    /// The prestige, as the game says.
    pub prestige: Prestige,
    /// The first login.
    pub first_seen: Wall,
    /// The last request.
    pub last_seen: Wall,
    /// Number of games that counted.
    pub games: u32,
    /// History of the hosted matches.
    pub hosted: HostHistory,
}

impl Player {
    /// Returns a new account: no points, level 0, until the game says otherwise.
    pub fn new(user_id: UserId, steam_id: SteamId, season: SeasonId, now: Wall) -> Self {
        let profile = Profile {
            name: Name::new(""),
            title: Title::default(),
            level: Level::default(),
            prestige: Prestige::default(),
            first_seen: now,
            last_seen: now,
            games: 0,
            hosted: HostHistory::default(),
        };
        Self {
            user_id,
            steam_id,
            standing: Standing::default(),
            season,
            bonus: Points(0),
            renamed: false,
            ended: None,
            profile,
        }
    }

    /// Returns the account's number that the game shows.
    pub fn user_facing_id(&self) -> UserFacingId {
        UserFacingId::of(self.steam_id)
    }

    /// Brings the player into a season. However many seasons a player has missed, the standing changes once. Without
    /// a `roll_over` the season only got another number: the points stay, and so does the bonus among them. If the next
    /// season was undone, the player gets back the standing from before it; a player that came only in that season has
    /// none.
    pub fn enter(&mut self, started: &SeasonStarted) {
        let ended = Ended { standing: self.standing, bonus: self.bonus };
        let before = self.ended.take();
        self.season = started.season;
        if started.is_undone {
            Ended { standing: self.standing, bonus: self.bonus } = before.unwrap_or_default();
        } else if let Some(roll_over) = &started.roll_over {
            self.standing = roll_over.begins(self);
            self.bonus = self.standing.points;
            self.ended = started.returns_to.map(|_| ended);
        }
    }

    /// Returns true if the points have changed since the season began.
    pub fn has_moved(&self) -> bool {
        self.standing.points != self.bonus
    }

    /// Returns the player's place in the order of all.
    pub const fn place(&self) -> Place {
        Place::new(self.standing.points, self.user_id)
    }
}

/// Includes the number that the game shows, by which operators find a player in the store.
impl serde::Serialize for Player {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Player", 9)?;
        fields.serialize_field("user_id", &self.user_id)?;
        fields.serialize_field("steam_id", &self.steam_id)?;
        fields.serialize_field("user_facing_id", self.user_facing_id().as_str())?;
        fields.serialize_field("standing", &self.standing)?;
        fields.serialize_field("season", &self.season)?;
        fields.serialize_field("bonus", &self.bonus)?;
        fields.serialize_field("renamed", &self.renamed)?;
        fields.serialize_field("ended", &self.ended)?;
        fields.serialize_field("profile", &self.profile)?;
        fields.end()
    }
}

/// All players, found by either account and by rank.
///
/// ```
/// use mmcos_game::divisions::{Division, Standing};
/// use mmcos_game::ids::Points;
/// use mmcos_game::players::Players;
/// use mmcos_game::seasons::SeasonId;
/// use mmcos_core::seam::Wall;
/// use mmcos_core::wire::steam::SteamId;
/// let mut players = Players::default();
/// let [ann, bob] = [76_561_202_255_230_001, 76_561_202_255_230_002]
///     .map(|id| players.enrol(SteamId::new(id), SeasonId(57), Wall::from_secs(1_795_000_000)));
/// assert_eq!(players.rank_of(bob), Some(1));
/// assert_eq!(players.set_standing(bob, Standing { points: Points(40), division: Division(0) }), Some(0));
/// assert!(players.leaderboard(0, 100).map(|player| player.user_id).eq([bob, ann]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Players {
    /// In the order of [`UserId`]s, from 1. A row that the store has lost leaves a gap.
    by_user_id: Vec<Option<Player>>,
    by_steam_id: BTreeMap<SteamId, UserId>,
    ranking: Ranking,
}

/// Reason why a player cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Accounts are numbered one after the other; a million at once cannot be missing.
    #[error("expected account {} or one soon after it, found {}", expected.0, found.0)]
    Gap {
        /// The next account that there should be.
        expected: UserId,
        /// The account given.
        found: UserId,
    },
    /// An account belongs to one Steam account for good, and the other way round.
    #[error("Steam account {steam_id} cannot be account {}: one of the two is already paired with another", user_id.0)]
    Mismatch {
        /// The Steam account given.
        steam_id: SteamId,
        /// The account given.
        user_id: UserId,
    },
}

/// The players that a caller listed by name, and the caller's rank among them.
#[derive(Clone, Debug)]
pub struct Friends<'a> {
    /// Players that the server knows, each once, best first.
    pub players: Vec<&'a Player>,
    /// Number of these that are ahead of the caller.
    pub rank: u32,
}

impl Players {
    /// Returns the number of players.
    pub fn len(&self) -> usize {
        self.by_steam_id.len()
    }

    /// Returns true if there are no players.
    pub fn is_empty(&self) -> bool {
        self.by_steam_id.is_empty()
    }

    /// Returns the player with this account.
    pub fn get(&self, user: UserId) -> Option<&Player> {
        self.by_user_id.get(slot(user)?)?.as_ref()
    }

    /// Returns the player with this Steam account.
    pub fn by_steam_id(&self, steam_id: SteamId) -> Option<&Player> {
        self.get(*self.by_steam_id.get(&steam_id)?)
    }

    /// Returns the ranking of all players.
    pub const fn ranking(&self) -> &Ranking {
        &self.ranking
    }

    /// Returns all players, oldest account first.
    pub fn iter(&self) -> impl Iterator<Item = &Player> {
        self.by_user_id.iter().flatten()
    }

    /// Returns the account of a Steam account; makes one if there is none.
    pub fn enrol(&mut self, steam_id: SteamId, season: SeasonId, now: Wall) -> UserId {
        if let Some(user) = self.by_steam_id.get(&steam_id) {
            return *user;
        }
        let user = self.next_user_id();
        self.push(Player::new(user, steam_id, season, now));
        user
    }

    /// Restores a player: an account later than all others, or a later state of an account that was restored. Returns
    /// the number of accounts that are missing before it. The numbers of these are not given to new players.
    ///
    /// # Errors
    /// [`RestoreError`] if two accounts are mixed up or a million are missing. Nothing is changed then.
    pub fn restore(&mut self, player: Player) -> Result<usize, RestoreError> {
        let (user_id, steam_id, expected) = (player.user_id, player.steam_id, self.next_user_id());
        let owner = self.by_steam_id.get(&steam_id).copied();
        match self.get_mut(user_id) {
            Some(known) if owner == Some(user_id) => {
                let before = known.place();
                let after = player.place();
                *known = player;
                self.ranking.remove(before);
                self.ranking.insert(after);
            }
            None if owner.is_none() && user_id >= expected => {
                let missing = usize::try_from(user_id.0.saturating_sub(expected.0)).unwrap_or(usize::MAX);
                if missing >= MOST_MISSING {
                    return Err(RestoreError::Gap { expected, found: user_id });
                }
                self.by_user_id.resize(self.by_user_id.len().saturating_add(missing), None);
                self.push(player);
                return Ok(missing);
            }
            _ => return Err(RestoreError::Mismatch { steam_id, user_id }),
        }
        Ok(0)
    }

    /// Removes and returns a player. The number of the account is not given again.
    pub fn remove(&mut self, user: UserId) -> Option<Player> {
        let player = self.by_user_id.get_mut(slot(user)?)?.take()?;
        self.by_steam_id.remove(&player.steam_id);
        self.ranking.remove(player.place());
        Some(player)
    }

    /// Restores the removal of a player. Returns true if the account counted as missing.
    pub fn restore_removal(&mut self, user: UserId) -> bool {
        let Some(slot) = slot(user) else { return false };
        if slot < self.by_user_id.len() {
            return self.remove(user).is_none();
        }
        // The last accounts: nothing else says that their numbers are taken.
        if slot.saturating_sub(self.by_user_id.len()) < MOST_MISSING {
            self.by_user_id.resize(slot.saturating_add(1), None);
        }
        false
    }

    /// Returns a player's profile, to be changed. `None` if there is no such player.
    pub fn profile_mut(&mut self, user: UserId) -> Option<&mut Profile> {
        Some(&mut self.get_mut(user)?.profile)
    }

    /// Sets a name that logins do not change, or without one lets the next login change it. Returns the player, `None`
    /// if there is none.
    pub fn rename(&mut self, user: UserId, name: Option<Name>) -> Option<&Player> {
        let player = self.get_mut(user)?;
        player.renamed = name.is_some();
        if let Some(name) = name {
            player.profile.name = name;
        }
        Some(player)
    }

    /// Adds what another account has done to a player, and sets the standings that follow, in this season and in one
    /// that was ended early. Returns the new rank, `None` if there is no such player.
    pub fn absorb(
        &mut self,
        user: UserId,
        other: &Player,
        (standing, ended): (Standing, Option<Ended>),
    ) -> Option<u32> {
        let player = self.get_mut(user)?;
        player.ended = ended;
        player.bonus = Points(player.bonus.0.saturating_add(other.bonus.0));
        let (profile, added) = (&mut player.profile, &other.profile);
        profile.games = profile.games.saturating_add(added.games);
        profile.hosted.confirmed = profile.hosted.confirmed.saturating_add(added.hosted.confirmed);
        profile.first_seen = profile.first_seen.min(added.first_seen);
        // A higher prestige begins again at level 0.
        let progress = |profile: &Profile| (profile.prestige, profile.level);
        (profile.prestige, profile.level) = progress(profile).max(progress(added));
        self.set_standing(user, standing)
    }

    /// Sets a player's standing. Returns the new rank, `None` if there is no such player.
    pub fn set_standing(&mut self, user: UserId, standing: Standing) -> Option<u32> {
        let player = self.get_mut(user)?;
        let before = player.place();
        player.standing = standing;
        let after = player.place();
        self.ranking.remove(before);
        self.ranking.insert(after);
        Some(self.ranking.rank_of(after))
    }

    /// Brings all players that are not in this season into it; see [`Player::enter`]. Returns their number.
    pub fn enter(&mut self, started: &SeasonStarted) -> usize {
        let mut entered = 0_usize;
        for player in self.by_user_id.iter_mut().flatten().filter(|player| player.season != started.season) {
            player.enter(started);
            entered = entered.saturating_add(1);
        }
        if entered > 0 {
            self.ranking = self.iter().map(Player::place).collect();
        }
        entered
    }

    /// Returns the players from this account on, oldest account first.
    pub fn from(&self, user: UserId) -> impl Iterator<Item = &Player> {
        self.by_user_id.iter().skip(slot(user).unwrap_or(0)).flatten()
    }

    /// Returns the number of players ahead of this one.
    pub fn rank_of(&self, user: UserId) -> Option<u32> {
        Some(self.ranking.rank_of(self.get(user)?.place()))
    }

    /// Returns a page of the leaderboard: at most `n` players from rank `start` on, best first.
    pub fn leaderboard(&self, start: u32, n: u32) -> impl Iterator<Item = &Player> {
        self.ranking.range(start, n).filter_map(|place| self.get(place.user()))
    }

    /// Returns those of `steam_ids` that play here, as a leaderboard of their own. The game lists the caller among
    /// them. (Capture 12.) `None` if there is no such caller.
    pub fn friends(
        &self,
        caller: UserId,
        steam_ids: impl IntoIterator<Item = SteamId>,
    ) -> Option<Friends<'_>> {
        let caller = self.get(caller)?.place();
        let mut players: Vec<&Player> = steam_ids.into_iter().filter_map(|id| self.by_steam_id(id)).collect();
        players.sort_unstable_by_key(|player| player.place());
        players.dedup_by_key(|player| player.user_id);
        let ahead = players.partition_point(|player| player.place() < caller);
        Some(Friends { players, rank: u32::try_from(ahead).unwrap_or(u32::MAX) })
    }

    fn get_mut(&mut self, user: UserId) -> Option<&mut Player> {
        self.by_user_id.get_mut(slot(user)?)?.as_mut()
    }

    fn next_user_id(&self) -> UserId {
        // Memory ends long before the numbers do.
        UserId(u32::try_from(self.by_user_id.len()).map_or(u32::MAX, |count| count.saturating_add(1)))
    }

    fn push(&mut self, player: Player) {
        self.by_steam_id.insert(player.steam_id, player.user_id);
        self.ranking.insert(player.place());
        self.by_user_id.push(Some(player));
    }
}

/// Number of accounts that cannot be missing between two that are there.
const MOST_MISSING: usize = 1_000_000;

fn slot(user: UserId) -> Option<usize> {
    usize::try_from(user.0.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests;
