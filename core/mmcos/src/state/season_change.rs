//! The change of season: when one begins, and how it becomes durable while players continue to play.
//!
//! In memory all players enter a season at once, in a fraction of a second for a million. Their rows would take many
//! seconds to write, so only [`SeasonStarted`] is durable before the next response: its effect on a row follows from
//! that row. The rows are written some at a time; a server that is restored meanwhile applies the same change to the
//! rest.

use alloc::{boxed::Box, vec::Vec};
use core::time::Duration;

use crate::{
    Event, Mmcos, Record, Timer,
    catalogue::{Catalogue, RankReward},
    ids::UserId,
    players::{Player, RestoreError},
    seasons::{Prizes, RankBonus, RollOver, Season, SeasonStarted},
};
use mmcos_core::{seam::Storage, service::Context};

/// Pause between two pieces, in which other commits can use the disk.
const PAUSE: Duration = Duration::from_millis(50);

/// The part of a change of season that is not durable yet.
#[derive(Debug)]
pub(crate) struct Saving {
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

    /// Notes a commit. On a slow disk it may be one from before the piece; then two are on their way, never more.
    pub(crate) const fn committed(&mut self) {
        self.is_writing = false;
    }
}

impl Mmcos {
    /// Begins the season that is due. A season that players are in goes on until the clock is sure.
    pub(crate) fn follow_calendar(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        // A season that cannot be stored would hold back every response until it can be.
        if matches!(cx.storage(), Storage::Unavailable(_)) {
            return;
        }
        if self.saving.as_ref().is_some_and(|saving| !saving.is_timed) {
            self.save_season(cx);
        }
        if self.season == Season::NONE {
            self.begin_season(cx, Season::at(now.wall));
        } else if now.wall >= self.season.next_starts && cx.clock().is_settled() {
            self.begin_season(cx, self.season.at_later(now.wall));
        }
    }

    /// Changes the season's number to the calendar's, after it was begun at a wrong time. Points stay.
    pub(crate) fn renumber_season(&mut self, cx: &mut Context<'_, Self>, season: Season) {
        cx.log(Event::SeasonRenumbered { wrong: self.season.id, season: season.id });
        self.change_season(cx, season, None);
    }

    /// Begins a season: all players' points start again.
    pub(crate) fn begin_season(&mut self, cx: &mut Context<'_, Self>, season: Season) {
        self.season_began = cx.now().wall;
        self.heard.clear();
        let prizes = Prizes::of(&self.catalogue);
        let rank_bonus = rank_bonus(&self.catalogue);
        let ladder = self.rules.ladder.clone();
        let roll_over = RollOver::new(ladder, &rank_bonus, self.players.ranking(), prizes);
        let players = self.change_season(cx, season, Some(Box::new(roll_over)));
        self.leaderboards.changed();
        cx.log(Event::SeasonStarted { season: season.id, ends: season.inactive_from, players });
    }

    /// Returns the number of players whose season changed.
    fn change_season(
        &mut self,
        cx: &mut Context<'_, Self>,
        season: Season,
        roll_over: Option<Box<RollOver>>,
    ) -> usize {
        // A row must be at most one change behind. Two changes within a minute are only ever an operator's.
        self.save_players(cx, usize::MAX);
        let podium = self.podium();
        let Season { id, starts, .. } = season;
        let ended = core::mem::replace(&mut self.season, season);
        self.roll_over.clone_from(&roll_over);
        cx.record(Record::SeasonStarted(Box::new(SeasonStarted { season: id, starts, roll_over })));
        if let Some(roll_over) = self.roll_over.as_ref().filter(|_| ended != Season::NONE) {
            roll_over.prizes.each(ended.id).for_each(|prize| cx.record(Record::Prize(prize)));
            cx.record(Record::Podium(podium.clone()));
            self.public.podiums.insert(podium.season, podium);
        }
        let players = self.enter_season();
        self.save_season(cx);
        players
    }

    /// Brings all players into the season and schedules the saving of their rows. Returns the number of players.
    pub(crate) fn enter_season(&mut self) -> usize {
        let players = self.players.enter(self.season.id, self.roll_over.as_deref());
        let first = self.players.iter().next().filter(|_| players > 0);
        self.saving = first.map(|player| Saving::from(player.user_id));
        players
    }

    /// Restores a player, and brings it into the season if its row is from an earlier one. Returns the number of
    /// accounts that are missing before it.
    pub(crate) fn restore_player(&mut self, mut player: Player) -> Result<usize, RestoreError> {
        let user = player.user_id;
        let is_old = player.season != self.season.id && self.season != Season::NONE;
        if is_old {
            player.enter(self.season.id, self.roll_over.as_deref());
        }
        let missing = self.players.restore(player)?;
        if is_old {
            self.saving.get_or_insert(Saving::from(user));
        } else if self.saving.as_ref().is_some_and(|saving| saving.next == user) {
            let next = self.players.from(user).nth(1);
            self.saving = next.map(|next| Saving::from(next.user_id));
        }
        Ok(missing)
    }

    /// Saves a piece of the season's rows, unless the one before is still on its way, and sets the timer for the
    /// rest.
    pub(crate) fn save_season(&mut self, cx: &mut Context<'_, Self>) {
        let is_free = self.saving.as_ref().is_some_and(|saving| !saving.is_writing);
        if is_free && cx.storage() == Storage::Available {
            self.save_players(cx, self.settings.season_rows());
        }
        if let Some(saving) = &mut self.saving {
            saving.is_timed = true;
            cx.set_timer(PAUSE, Timer::Season);
        }
    }

    /// Saves up to `most` of the players whose rows may not be in the season yet.
    fn save_players(&mut self, cx: &mut Context<'_, Self>, most: usize) {
        let Some(saving) = &self.saving else { return };
        let mut rows = self.players.from(saving.next);
        for player in rows.by_ref().take(most) {
            cx.record(Record::Player(Box::new(player.clone())));
        }
        let next = rows.next().map(|player| player.user_id);
        self.saving = next.map(|next| Saving { next, is_writing: true, is_timed: saving.is_timed });
    }
}

fn rank_bonus(catalogue: &Catalogue) -> Vec<RankBonus> {
    let row =
        |reward: &RankReward| RankBonus { min_rank: reward.min_rank, bonus_points: reward.bonus_points };
    catalogue.ranks.rewards.iter().map(row).collect()
}
