//! Commands that change the season.

use alloc::format;

use schemars::JsonSchema;
use serde::Deserialize;

use super::command::{CommandError, Deed};
use crate::{Mmcos, seasons::SeasonId};
use mmcos_core::{calendar::UtcText, service::Context};

/// Age of a season, in milliseconds, below which ending it is likely a button that was pressed twice. (Our choice.)
const NEW_SEASON_MILLIS: i64 = 3_600_000;

/// Body of `POST /api/v1/season/start`. The number makes a repeated command begin one season only.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartSeason {
    /// The number after that of the current season. Rejected between seasons, when the next one begins by itself. Or
    /// `renumber_to` of the state, for a season that began while the clock was ahead.
    #[schemars(with = "i32")]
    season: SeasonId,
    /// Confirmation. Needed if the current season began less than an hour ago.
    #[serde(default)]
    confirm: bool,
}

/// Body of `POST /api/v1/season/undo`. The number makes a repeated command undo one season only.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoSeason {
    /// Number of the season that is to continue, the one before: `undo_to` of the state.
    #[schemars(with = "i32")]
    season: SeasonId,
    /// Confirmation. Needed if points have changed since the season began: these changes are dropped.
    #[serde(default)]
    confirm: bool,
}

impl Mmcos {
    pub(super) fn start_season(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let StartSeason { season: wanted, confirm } = serde_json::from_slice(body)?;
        let (season, now) = (*self.standings.season(), cx.now().wall);
        let next = season.early(now);
        if wanted == season.id {
            return Ok(Deed::new(format!("asked for season {}, which is on already", wanted.0)));
        }
        if cx.clock().trouble().is_some() {
            return Err(CommandError::ClockInDoubt);
        }
        if let Some(right) = season.renumbered(now) {
            if wanted != right.id {
                return Err(CommandError::SeasonAhead {
                    season: season.id.0,
                    starts: season.starts.into(),
                    right: right.id.0,
                });
            }
            self.standings.renumber_season(cx, right);
            self.game_configuration.changed();
            let text = format!("called season {} season {} again", season.id.0, right.id.0);
            return Ok(Deed::new(text).changing_season(season.id, right.id));
        }
        if wanted != next.id {
            return Err(CommandError::NotNext(next.id));
        }
        if !season.is_active(now) {
            return Err(CommandError::NoSeason(season.inactive_from.into(), season.next_starts.into()));
        }
        let age = now.as_millis().saturating_sub(season.starts.as_millis());
        if age < NEW_SEASON_MILLIS && !confirm {
            let began = UtcText::from(season.starts);
            return Err(CommandError::Unconfirmed(format!("season {} began only at {began}", season.id.0)));
        }
        self.begin_season(cx, next);
        let text = format!("ended season {} early, and began season {}", season.id.0, next.id.0);
        Ok(Deed::new(text).changing_season(season.id, next.id))
    }

    pub(super) fn undo_season(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let UndoSeason { season: wanted, confirm } = serde_json::from_slice(body)?;
        let undone = self.standings.season().id;
        if wanted == undone {
            return Ok(Deed::new(format!("asked for season {}, which is on already", wanted.0)));
        }
        if cx.clock().trouble().is_some() {
            return Err(CommandError::ClockInDoubt);
        }
        let before = self.standings.undone(cx.now().wall).ok_or(CommandError::NotUndoable(undone))?;
        if wanted != before.id {
            return Err(CommandError::NotBefore(before.id));
        }
        let moved = self.standings.moved();
        let players = if moved == 1 { "player" } else { "players" };
        if moved > 0 && !confirm {
            let why = format!(
                "the points of {moved} {players} have changed since season {} began, and these changes would be \
                 dropped",
                undone.0
            );
            return Err(CommandError::Unconfirmed(why));
        }
        self.leaderboards.changed();
        self.standings.undo_season(cx, before);
        self.game_configuration.changed();
        let text = format!(
            "undid season {}, in which the points of {moved} {players} had changed, and continued season {}",
            undone.0, before.id.0
        );
        Ok(Deed::new(text).changing_season(undone, before.id))
    }
}
