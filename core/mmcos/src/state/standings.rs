//! Players, their standings in the current season, and the change to the next one.
//!
//! In memory all players enter a season at once, in a fraction of a second for a million. Their rows would take many
//! seconds to write, so only [`SeasonStarted`] is durable before the next response: its effect on a row follows from
//! that row. The rows are written some at a time; a server that is restored meanwhile applies the same change to the
//! rest.

use alloc::{boxed::Box, collections::BTreeMap, string::String};
use core::time::Duration;

use crate::{
    LogEvent, Mmcos, Record, Rejection, Timer,
    catalogue::Catalogue,
    divisions::{Ladder, Standing},
    domain::podium::{PLACES, Podium, PodiumPlace},
    ids::{Points, UserId},
    players::{
        Adjustment, Adjustments, DeletedPlayer, Level, Name, Player, Players, Prestige, Profile, RestoreError,
    },
    results::Progress,
    seasons::{Ended, Prizes, RankBonus, RollOver, Season, SeasonId, SeasonStarted},
    session_token::Session,
};
use mmcos_core::{
    seam::{Storage, Wall},
    service::Context,
    wire::steam::SteamId,
};

/// Pause between two pieces, in which other commits can use the disk.
const PAUSE: Duration = Duration::from_millis(50);

/// The part of a change of season that is not durable yet.
#[derive(Debug)]
struct Saving {
    /// The first account whose row may still be of the season before.
    next: UserId,
    /// True while a piece is on its way to the disk.
    is_writing: bool,
    /// True while the timer for the next piece is set.
    is_timed: bool,
}

impl Saving {
    const fn from(next: UserId) -> Self {
        Self { next, is_writing: false, is_timed: false }
    }
}

/// All players and the current season.
#[derive(Debug)]
pub(crate) struct Standings {
    players: Players,
    ladder: Ladder,
    season: Season,
    /// The change that began the season, for rows of players that are still of the season before.
    started: SeasonStarted,
    /// Players whose rows may not be durable in this season yet.
    saving: Option<Saving>,
    /// Maximum number of rows in a piece.
    piece: usize,
    /// Time at which the season began, which may be later than its start; the first moment of all if that was before
    /// a restart.
    began: Wall,
    /// The season that these players know of, though their rows do not say so yet.
    heard: BTreeMap<UserId, SeasonId>,
    /// The first places of the seasons that have ended.
    podiums: BTreeMap<SeasonId, Podium>,
    /// Players that operators deleted.
    deleted: BTreeMap<UserId, Wall>,
    adjustments: Adjustments,
    /// Accounts that the store has lost.
    missing: usize,
}

impl Standings {
    pub(crate) fn new(catalogue: &Catalogue, piece: usize) -> Self {
        Self {
            players: Players::default(),
            ladder: Ladder::of(catalogue),
            season: Season::NONE,
            started: SeasonStarted::default(),
            saving: None,
            piece,
            began: Wall::from_millis(i64::MIN),
            heard: BTreeMap::new(),
            podiums: BTreeMap::new(),
            deleted: BTreeMap::new(),
            adjustments: Adjustments::default(),
            missing: 0,
        }
    }

    pub(crate) const fn players(&self) -> &Players {
        &self.players
    }

    pub(crate) const fn season(&self) -> &Season {
        &self.season
    }

    /// Returns the first places of the seasons that have ended. (One whose end was undone has not.)
    pub(crate) fn podiums(&self) -> impl DoubleEndedIterator<Item = &Podium> {
        self.podiums.range(..self.season.id).map(|(_, podium)| podium)
    }

    /// Returns the season that goes on if the current one is undone; `None` if that is not possible, or not any more.
    pub(crate) fn undone(&self, now: Wall) -> Option<Season> {
        self.started.undone(now)
    }

    /// Returns the number of players whose points have changed since the season began.
    pub(crate) fn moved(&self) -> usize {
        self.players.iter().filter(|player| player.has_moved()).count()
    }

    /// Returns the player with this account, and the number of players ahead.
    pub(crate) fn ranked(&self, user: UserId) -> Result<(&Player, u32), Rejection> {
        let player = self.players.get(user).ok_or(Rejection::UnknownAccount)?;
        Ok((player, self.players.rank_of(user).ok_or(Rejection::UnknownAccount)?))
    }

    /// Returns a player's profile, to be changed.
    pub(crate) fn profile_mut(&mut self, user: UserId) -> Result<&mut Profile, Rejection> {
        self.players.profile_mut(user).ok_or(Rejection::UnknownAccount)
    }

    /// Sets a player's name for an operator. Persists the player.
    pub(crate) fn rename(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        user: UserId,
        name: Option<Name>,
    ) -> Option<Name> {
        let name = self.players.rename(user, name)?.profile.name.clone();
        self.persist(cx, user);
        Some(name)
    }

    /// Persists a player's row before any later response.
    pub(crate) fn persist(&self, cx: &mut Context<'_, Mmcos>, user: UserId) {
        if let Some(player) = self.players.get(user) {
            cx.record(Record::Player(Box::new(player.clone())));
        }
    }

    /// Returns the account of a login; makes one if there is none.
    pub(crate) fn enrol(&mut self, steam_id: SteamId, now: Wall) -> UserId {
        self.players.enrol(steam_id, self.season.id, now)
    }

    /// Adds the points of a result, and notes what the game says of its player.
    pub(crate) fn add_points(
        &mut self,
        user: UserId,
        change: Points,
        (level, prestige): (Level, Prestige),
    ) -> Result<Progress, Rejection> {
        let player = self.players.get(user).ok_or(Rejection::UnknownAccount)?;
        let (before, season) = (player.standing, player.season);
        let after = self.ladder.after(before, change);
        let rank = self.players.set_standing(user, after).ok_or(Rejection::UnknownAccount)?;
        let profile = self.profile_mut(user)?;
        (profile.level, profile.prestige) = (level, prestige);
        profile.games = profile.games.saturating_add(1);
        Ok(Progress { season, before, after, rank })
    }

    /// Changes a player's points for an operator, also in a division where no result takes points away. Persists the
    /// player and the change.
    pub(crate) fn adjust(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        user: UserId,
        change: Points,
        (operator, reason): (String, String),
    ) -> Option<&Adjustment> {
        let before = self.players.get(user)?.standing;
        let points = Points(before.points.0.saturating_add(change.0).max(0));
        let after = self.ladder.after(Standing { points, ..before }, Points(0));
        self.players.set_standing(user, after)?;
        let at = cx.now().wall;
        Some(self.keep(cx, Adjustment { at, user, operator, change, before, after, reason }))
    }

    /// Adds the points and the history of another player to one. Persists the player and the change.
    pub(crate) fn merge(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        (user, other): (UserId, UserId),
        (operator, reason): (String, String),
    ) -> Option<&Adjustment> {
        let (player, other) = (self.players.get(user)?, self.players.get(other)?.clone());
        let (before, change) = (player.standing, other.standing.points);
        let after = self.ladder.after(before, change);
        let ended = match (player.ended, other.ended) {
            (Some(own), Some(other)) => Some(Ended {
                standing: self.ladder.after(own.standing, other.standing.points),
                bonus: Points(own.bonus.0.saturating_add(other.bonus.0)),
            }),
            (own, other) => own.or(other),
        };
        self.players.absorb(user, &other, (after, ended))?;
        let at = cx.now().wall;
        Some(self.keep(cx, Adjustment { at, user, operator, change, before, after, reason }))
    }

    /// Persists a change of points with the player's row.
    fn keep(&mut self, cx: &mut Context<'_, Mmcos>, adjustment: Adjustment) -> &Adjustment {
        self.persist(cx, adjustment.user);
        let adjustment = self.adjustments.add(adjustment);
        cx.record(Record::Adjusted(Box::new(adjustment.clone())));
        adjustment
    }

    /// Returns the latest changes of points by operators.
    pub(crate) fn adjustments(&self) -> impl Iterator<Item = &Adjustment> {
        self.adjustments.iter()
    }

    /// Restores a change of points.
    pub(crate) fn restore_adjustment(&mut self, adjustment: Adjustment) {
        self.adjustments.put(adjustment);
    }

    /// Deletes a player: erases all rows that belong to it, and its name from past seasons.
    pub(crate) fn delete(&mut self, cx: &mut Context<'_, Mmcos>, user: UserId) -> Option<Player> {
        let player = self.players.remove(user)?;
        let deleted = DeletedPlayer { user_id: user, at: cx.now().wall };
        self.restore_deleted(deleted);
        cx.record(Record::PlayerDeleted(deleted));
        for podium in self.podiums.values_mut() {
            if podium.forget(user) {
                cx.record(Record::Podium(podium.clone()));
            }
        }
        Some(player)
    }

    /// Restores the deletion of a player.
    pub(crate) fn restore_deleted(&mut self, deleted: DeletedPlayer) {
        let user = deleted.user_id;
        if self.deleted.insert(user, deleted.at).is_none() && self.players.restore_removal(user) {
            self.missing = self.missing.saturating_sub(1);
        }
        self.heard.remove(&user);
        self.adjustments.forget(user);
    }

    /// Notes that a player has a token that came with the news of the current season.
    pub(crate) fn note_season_heard(&mut self, session: &Session) {
        let Some(player) = self.players.get(session.user) else { return };
        let came_with_the_news = session.issued >= self.season.starts.max(self.began);
        if player.profile.last_seen < self.season.starts && came_with_the_news {
            self.heard.insert(session.user, self.season.id);
        }
    }

    /// Returns the last season that is known to have reached a player. A login's response may be lost, so a change of
    /// season is repeated until the game says that it knows it (`ExtraSeason`) or sends a request with a token that
    /// came with the news. Until then `last_seen` stays where it was.
    pub(crate) fn last_season_heard_of(
        &self,
        user: UserId,
        last_seen: Option<Wall>,
        reported: Option<SeasonId>,
    ) -> SeasonId {
        let season = &self.season;
        if self.heard.get(&user) == Some(&season.id) {
            return season.id;
        }
        let seen = last_seen.filter(|then| *then < season.starts);
        let heard = seen.map_or(season.id, |then| season.of_earlier(then));
        // A season that is not there yet cannot have come from this server.
        reported.filter(|reported| *reported <= season.id).map_or(heard, |reported| reported.max(heard))
    }

    /// Returns the season that must begin now. A season that players are in goes on until the clock is sure.
    pub(crate) fn due_season(&self, cx: &Context<'_, Mmcos>) -> Option<Season> {
        let now = cx.now();
        // A season that cannot be stored would hold back every response until it can be.
        if matches!(cx.storage(), Storage::Unavailable(_)) {
            None
        } else if self.season == Season::NONE {
            Some(Season::at(now.wall))
        } else if now.wall >= self.season.next_starts && cx.clock().is_settled() {
            Some(self.season.at_later(now.wall))
        } else {
            None
        }
    }

    /// Goes on with the saving of rows that a restart has interrupted.
    pub(crate) fn resume_saving(&mut self, cx: &mut Context<'_, Mmcos>) {
        let is_idle = self.saving.as_ref().is_some_and(|saving| !saving.is_timed);
        if is_idle && !matches!(cx.storage(), Storage::Unavailable(_)) {
            self.save_piece(cx);
        }
    }

    /// Changes the season's number to the calendar's, after it was begun at a wrong time. Points stay.
    pub(crate) fn renumber_season(&mut self, cx: &mut Context<'_, Mmcos>, season: Season) {
        cx.log(LogEvent::SeasonRenumbered { wrong: self.season.id, season: season.id });
        let Season { id, starts, .. } = season;
        self.change_season(cx, season, SeasonStarted { season: id, starts, ..SeasonStarted::default() });
    }

    /// Continues the season before this one, which was begun early. All players have their standings of before.
    pub(crate) fn undo_season(&mut self, cx: &mut Context<'_, Mmcos>, season: Season) {
        cx.log(LogEvent::SeasonUndone { undone: self.season.id, season: season.id });
        self.began = Wall::from_millis(i64::MIN);
        self.heard.clear();
        let Season { id, starts, .. } = season;
        let started = SeasonStarted { season: id, starts, is_undone: true, ..SeasonStarted::default() };
        self.change_season(cx, season, started);
    }

    /// Begins a season: all players' points start again.
    pub(crate) fn begin_season(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        season: Season,
        catalogue: &Catalogue,
    ) {
        self.began = cx.now().wall;
        self.heard.clear();
        let rank_bonus = RankBonus::all_of(catalogue);
        let prizes = Prizes::of(catalogue);
        let roll_over = RollOver::new(self.ladder.clone(), &rank_bonus, self.players.ranking(), prizes);
        let Season { id, starts, .. } = season;
        let started = SeasonStarted {
            season: id,
            starts,
            roll_over: Some(Box::new(roll_over)),
            returns_to: season.is_early().then_some(self.season.starts),
            is_undone: false,
        };
        let players = self.change_season(cx, season, started);
        cx.log(LogEvent::SeasonStarted { season: season.id, ends: season.inactive_from, players });
    }

    /// Returns the number of players whose season changed.
    fn change_season(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        season: Season,
        started: SeasonStarted,
    ) -> usize {
        // A row must be at most one change behind. Two changes within a minute are only ever an operator's.
        self.save_players(cx, usize::MAX);
        let podium = self.podium();
        let ended = core::mem::replace(&mut self.season, season);
        self.started = started;
        cx.record(Record::SeasonStarted(Box::new(self.started.clone())));
        if let Some(roll_over) = self.started.roll_over.as_ref().filter(|_| ended != Season::NONE) {
            roll_over.prizes.each(ended.id).for_each(|prize| cx.record(Record::Prize(prize)));
            cx.record(Record::Podium(podium.clone()));
            self.podiums.insert(podium.season, podium);
        }
        let players = self.enter_season();
        self.save_piece(cx);
        players
    }

    /// Returns the first places of this season at the moment.
    fn podium(&self) -> Podium {
        let places = self.players.leaderboard(0, PLACES).map(|player| PodiumPlace {
            user: player.user_id,
            name: player.profile.name.clone(),
            points: player.standing.points,
            division: player.standing.division,
        });
        Podium { season: self.season.id, places: places.collect() }
    }

    /// Brings all players into the season and schedules the saving of their rows. Returns the number of players.
    fn enter_season(&mut self) -> usize {
        let players = self.players.enter(&self.started);
        let first = self.players.iter().next().filter(|_| players > 0);
        self.saving = first.map(|player| Saving::from(player.user_id));
        players
    }

    /// Saves a piece of the season's rows, unless the one before is still on its way, and sets the timer for the
    /// rest.
    pub(crate) fn save_piece(&mut self, cx: &mut Context<'_, Mmcos>) {
        let is_free = self.saving.as_ref().is_some_and(|saving| !saving.is_writing);
        if is_free && cx.storage() == Storage::Available {
            self.save_players(cx, self.piece);
        }
        if let Some(saving) = &mut self.saving {
            saving.is_timed = true;
            cx.set_timer(PAUSE, Timer::Season);
        }
    }

    /// Saves up to `most` of the players whose rows may not be in the season yet.
    fn save_players(&mut self, cx: &mut Context<'_, Mmcos>, most: usize) {
        let Some(saving) = &self.saving else { return };
        let mut rows = self.players.from(saving.next);
        for player in rows.by_ref().take(most) {
            cx.record(Record::Player(Box::new(player.clone())));
        }
        let next = rows.next().map(|player| player.user_id);
        self.saving = next.map(|next| Saving { next, is_writing: true, is_timed: saving.is_timed });
    }

    /// Notes a commit. On a slow disk it may be one from before the piece; then two are on their way, never more.
    pub(crate) const fn committed(&mut self) {
        if let Some(saving) = &mut self.saving {
            saving.is_writing = false;
        }
    }

    /// Restores a player, and brings it into the season if its row is from an earlier one.
    pub(crate) fn restore_player(&mut self, mut player: Player) -> Result<(), RestoreError> {
        let user = player.user_id;
        let is_old = player.season != self.season.id && self.season != Season::NONE;
        if is_old {
            player.enter(&self.started);
        }
        self.missing = self.missing.saturating_add(self.players.restore(player)?);
        if is_old {
            self.saving.get_or_insert(Saving::from(user));
        } else if self.saving.as_ref().is_some_and(|saving| saving.next == user) {
            let next = self.players.from(user).nth(1);
            self.saving = next.map(|next| Saving::from(next.user_id));
        }
        Ok(())
    }

    /// Restores a change of season.
    pub(crate) fn restore_season(&mut self, started: SeasonStarted) {
        self.season = Season::that_began(started.starts, started.season);
        self.started = started;
        self.enter_season();
    }

    /// Restores the first places of a season.
    pub(crate) fn restore_podium(&mut self, podium: Podium) {
        self.podiums.insert(podium.season, podium);
    }

    /// Returns the rows to restore for the current state.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Record> {
        let SeasonStarted { season, starts, returns_to, .. } = self.started;
        let started = SeasonStarted { season, starts, returns_to, ..SeasonStarted::default() };
        let started = (self.season != Season::NONE).then(|| Record::SeasonStarted(Box::new(started)));
        let players = self.players.iter().map(|player| Record::Player(Box::new(player.clone())));
        let deleted = self.deleted.iter();
        let deleted =
            deleted.map(|(user, at)| Record::PlayerDeleted(DeletedPlayer { user_id: *user, at: *at }));
        let adjustments = self.adjustments.iter();
        let adjustments = adjustments.map(|adjustment| Record::Adjusted(Box::new(adjustment.clone())));
        let podiums = self.podiums.values().cloned().map(Record::Podium);
        started.into_iter().chain(players).chain(deleted).chain(adjustments).chain(podiums)
    }

    /// Logs once that rows of players were gone at the start.
    pub(crate) fn log_missing(&mut self, cx: &mut Context<'_, Mmcos>) {
        if self.missing > 0 {
            cx.log(LogEvent::AccountsMissing { accounts: core::mem::take(&mut self.missing) });
        }
    }
}
