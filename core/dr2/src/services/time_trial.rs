//! Time trials: one leaderboard for each class, track, conditions and category.

use alloc::format;

use mmcos_core::{seam::Wall, wire::egonet::Value};

use crate::boards::{Drive, Time};
use crate::shapes::dict;
use crate::stages::{Phase, millis};
use crate::{AccountId, BoardId, Cx, Dr2, LogEvent, Outcome, Refusal};

/// The most times of a player on leaderboards, those of rallies included: game and track have a few thousand pairs.
/// (*ours*)
const MOST_TIMES: usize = 5_000;

/// Returns the leaderboard of a time trial: above those of rallies, which have 31 bits. (*ours*)
fn board(class: u16, track: u16, conditions: u16, category: u8) -> BoardId {
    let (class, track) = (i64::from(class) << 40, i64::from(track) << 24);
    BoardId(1 << 56 | class | track | i64::from(conditions) << 8 | i64::from(category))
}

/// Reads a number of any width: those of time trials are unknown, and known numbers are small.
pub(crate) fn number<T: TryFrom<i128>>(body: &Value<'_>, name: &'static str) -> Result<T, Refusal> {
    let value: &Value<'_> = body.field(name)?;
    let number = value.as_integer().and_then(|number| T::try_from(number).ok());
    number.ok_or(Refusal::Number(name))
}

impl Dr2 {
    /// Responds to `TimeTrial.GetLeaderboardId`. (*works*; order and types of the request are unknown.)
    pub(crate) fn trial_board(&mut self, account: AccountId, body: &Value<'_>) -> Outcome {
        let (class, track) = (number(body, "VehicleClassId")?, number(body, "TrackModelId")?);
        let board = board(class, track, number(body, "ConditionsId")?, number(body, "Category")?);
        self.trials.insert(account, board);
        Ok(dict! { bool "ShouldPost": true, si64 "LeaderboardId": board.0 })
    }

    /// Responds to `TimeTrial.PostTime`. (Request *seen*, response *works*.) For a time that belongs to no
    /// leaderboard the response is `Accepted: false`. (*ours*)
    pub(crate) fn post_time(&mut self, cx: &mut Cx<'_>, account: AccountId, body: &Value<'_>) -> Outcome {
        let (millis, drive, at) = (millis(body.field("StageTime")?)?, Drive::read(body)?, cx.now().wall);
        let (track, conditions) = (number(body, "TrackModelId")?, number(body, "ConditionsId")?);
        let of_class = |class, category| board(class, track, conditions, category);
        let category = number(body, "Category")?;
        // The class is not part of the report: it is that of the last look-up, or that of the rally that is being
        // driven, since the game also posts the time of a club's stage, before it completes it. (*seen*)
        let looked_up = self.trials.get(&account).copied();
        let looked_up = looked_up.filter(|board| board.0 & !(0xffff << 40) == of_class(0, category).0);
        let driven = || Some(of_class(self.class_driven(account, track, at)?, category));
        let has_room = self.kept.get(&account).is_none_or(|kept| *kept < MOST_TIMES);
        let board = looked_up.or_else(driven).filter(|_| has_room);
        let name = self.accounts.name(account).into();
        let outcome = if board.is_some() { "" } else { " (not kept: its leaderboard is not known)" };
        cx.log(LogEvent::Drove { name, what: format!("track {track}{outcome}"), millis });
        let Some(board) = board else { return Ok(dict! { bool "Accepted": false, dstr "EntryId": "" }) };
        self.keep_time(cx, Time { board, account, millis, total: millis, drive, at });
        Ok(dict! { bool "Accepted": true, dstr "EntryId": format!("{}-{}", board.0, account.0) })
    }

    /// Returns the class of the rally whose stage on this track the player drives.
    fn class_driven(&self, account: AccountId, track: u16, now: Wall) -> Option<u16> {
        self.rounds(account, now).find_map(|round| {
            let attempt = self.attempts.get(&(round.challenge, account))?;
            let driven = *round.rally.stages.get(attempt.stages.len())?;
            let fits = attempt.phase == Phase::Driving && driven == u32::from(track);
            u16::try_from(round.rally.class as u32).ok().filter(|_| fits)
        })
    }
}
