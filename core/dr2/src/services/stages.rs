//! Stages of rallies: begun, completed, counted once.

use alloc::{format, vec::Vec};

use mmcos_core::{seam::Wall, wire::egonet::Value};
use serde::{Deserialize, Serialize};

use crate::boards::{Drive, Time, count};
use crate::damage::{Damage, Mud, read};
use crate::shapes::{Shape, dict, none};
use crate::time_trial::number;
use crate::{AccountId, BoardId, ChallengeId, Cx, Dr2, LogEvent, Outcome, Record, Refusal};

/// Longest time of a stage, in seconds. (*ours*)
const LONGEST: f32 = 86_400.0;
/// Longest set-up that is stored, in bytes; 142 are *seen*.
const LONGEST_SETUP: usize = 4096;

/// Position of a player in a rally.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A stage was begun.
    Driving,
    /// Another stage follows.
    #[default]
    Between,
    /// All stages were completed.
    Finished,
}

/// A player's progress in a rally. The key of the row is `challenge` and `account`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The rally.
    pub challenge: ChallengeId,
    /// The player.
    pub account: AccountId,
    /// Position in the rally.
    pub phase: Phase,
    /// Times of the completed stages, in milliseconds.
    pub stages: Vec<u32>,
    /// The vehicle.
    pub drive: Drive,
    /// Sets of tyres that are left.
    pub tyres: u32,
    /// Compound of the tyres.
    pub compound: u32,
    /// Set-up of the vehicle, as the game sent it.
    pub tuning: Vec<u8>,
    /// Metres driven.
    pub metres: i32,
    /// Damage after the last stage.
    pub damage: Damage,
    /// Mud after the last stage.
    pub mud: Mud,
}

impl Attempt {
    fn total(&self) -> u32 {
        self.stages.iter().copied().fold(0, u32::saturating_add)
    }

    fn time(&self, board: BoardId, millis: u32, at: Wall) -> Time {
        Time { board, account: self.account, millis, total: self.total(), drive: self.drive, at }
    }

    /// Returns `PROGRESS`. Only the response to `StageComplete` has mud. (*said*, after official bodies; the values
    /// of `State` are *works*)
    pub(crate) fn progress(&self, stages: usize, with_mud: bool) -> Shape {
        let next = self.stages.len().min(stages.saturating_sub(1));
        let (state, attempts_left) = match self.phase {
            Phase::Between if with_mud => (0, 1),
            Phase::Driving | Phase::Between => (1, 1),
            Phase::Finished => (2, 0),
        };
        let progress = self.shape(count(next), state, with_mud);
        progress.blob("TuningSetup", self.tuning.clone()).si32("AttemptsLeft", attempts_left)
    }

    /// Returns the progress of a championship that was not begun: state 5, and no set-up. (*seen*)
    pub(crate) fn not_begun() -> Shape {
        Self::default().shape(0, 5, false).si32("AttemptsLeft", 0)
    }

    fn shape(&self, next: i32, state: i32, with_mud: bool) -> Shape {
        // The game reports an `EventIndex` of 0 for every rally of a championship. (*seen*)
        let progress = dict! {
            si32 "ChallengeID": self.challenge.0, si32 "EventIndex": 0, si32 "StageIndex": next, si32 "State": state,
            ui32 "StageTimeMs": 0, si64 "VehicleInstId": 0, ui32 "VehicleId": self.drive.vehicle,
            ui32 "LiveryId": self.drive.livery, si32 "MetersDriven": self.metres, si32 "Percentile": 0,
            ui32 "ChampTimeMs": self.total(), bool "HasRepaired": false, ui32 "RepairPenalty": 0,
            vdic "VehicleDamage": self.damage.dict(),
        };
        let progress = if with_mud { progress.vdic("VehicleMud", self.mud.dict()) } else { progress };
        progress.ui32("TyreCompound", self.compound).ui32("TyresRemaining", self.tyres)
    }
}

/// Converts a time in seconds to whole milliseconds.
pub(crate) fn millis(seconds: f32) -> Result<u32, Refusal> {
    if !(seconds > 0.0 && seconds <= LONGEST) {
        return Err(Refusal::Time(seconds));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was just checked")]
    let millis = (f64::from(seconds) * 1000.0 + 0.5) as u32;
    Ok(millis.max(1))
}

/// Reads a set-up: 16 bytes (1, 16, the size unpacked, 0) and a zlib stream. An empty or malformed one in a response
/// crashes the game. (*said*)
fn setup<'v>(body: &'v Value<'_>) -> Result<&'v [u8], Refusal> {
    let setup: &[u8] = body.field("TuningSetup")?;
    let begins = setup.starts_with(&[1, 0, 0, 0, 16, 0, 0, 0]) && setup.get(12..16) == Some(&[0; 4]);
    let fits = begins && setup.get(16) == Some(&0x78) && setup.len() <= LONGEST_SETUP;
    fits.then_some(setup).ok_or(Refusal::Setup(setup.len()))
}

impl Dr2 {
    /// Returns the rally and the stage that a request is about, and the rally's number of stages.
    fn reported(&self, body: &Value<'_>) -> Result<(ChallengeId, usize, usize), Refusal> {
        let challenge = ChallengeId(body.field("ChallengeId")?);
        let rally = self.rally(challenge).ok_or(Refusal::Missing("challenge", challenge.0.into()))?;
        let stage: i32 = body.field("StageIndex")?;
        let index = usize::try_from(stage).ok().filter(|index| *index < rally.stages.len());
        Ok((challenge, index.ok_or(Refusal::Stage(stage))?, rally.stages.len()))
    }

    /// Responds to `RaceNetChallenges.StageBegin`. (Request *seen*, response *said*.)
    pub(crate) fn stage_begin(&mut self, cx: &mut Cx<'_>, account: AccountId, body: &Value<'_>) -> Outcome {
        let (challenge, stage, stages) = self.reported(body)?;
        let now = cx.now().wall;
        let is_open = self.rounds(account, now).any(|round| round.challenge == challenge);
        let before = self.attempts.get(&(challenge, account)).cloned().unwrap_or_default();
        if !is_open || before.phase == Phase::Finished {
            return Err(Refusal::NotOpen(challenge.0));
        }
        // The same stage may be begun again, so that a game that crashed can go on. (*ours*)
        if stage != before.stages.len() {
            return Err(Refusal::Stage(count(stage)));
        }
        let attempt = Attempt {
            challenge,
            account,
            phase: Phase::Driving,
            drive: Drive::read(body)?,
            tyres: body.field("TyresRemaining")?,
            compound: body.field("TyreCompound")?,
            tuning: setup(body)?.into(),
            ..before
        };
        let response = dict! { vdic "Progress": attempt.progress(stages, false), si32 "ResultCode": 0 };
        cx.record(Record::Attempt(attempt.clone()));
        self.attempts.insert((challenge, account), attempt);
        Ok(response)
    }

    /// Responds to `RaceNetChallenges.StageComplete`. (Request *seen*, response *said*.)
    pub(crate) fn stage_complete(
        &mut self,
        cx: &mut Cx<'_>,
        account: AccountId,
        body: &Value<'_>,
    ) -> Outcome {
        let (challenge, stage, stages) = self.reported(body)?;
        let before = self.attempts.get(&(challenge, account)).ok_or(Refusal::NotOpen(challenge.0))?;
        // 0 in every stage that was completed. (*seen*) Other values are unknown: such a report is not stored.
        if stage < before.stages.len() || number::<i32>(body, "RaceStatus")? != 0 {
            // A repeated report, whose response was lost: it counts once.
            return Ok(completed(before, stages));
        }
        if before.phase != Phase::Driving || stage != before.stages.len() {
            return Err(Refusal::Stage(count(stage)));
        }
        let millis = millis(body.field("StageTime")?)?;
        let mut attempt = before.clone();
        attempt.drive = Drive::read(body)?;
        attempt.metres = attempt.metres.saturating_add(body.field("MetersDriven")?);
        attempt.damage = Damage(read(body, "CompDamage", &attempt.damage.dict())?);
        attempt.mud = Mud(read(body, "VehicleMud", &attempt.mud.dict())?);
        attempt.stages.push(millis);
        let is_last = attempt.stages.len() >= stages;
        attempt.phase = if is_last { Phase::Finished } else { Phase::Between };

        let now = cx.now().wall;
        let name = self.accounts.name(account).into();
        let what = format!("stage {} of {stages} of challenge {}", stage.saturating_add(1), challenge.0);
        cx.log(LogEvent::Drove { name, what, millis });
        self.keep_time(cx, attempt.time(challenge.stage_board(stage), millis, now));
        if is_last {
            self.keep_time(cx, attempt.time(challenge.board(), attempt.total(), now));
        }
        let response = completed(&attempt, stages);
        cx.record(Record::Attempt(attempt.clone()));
        self.attempts.insert((challenge, account), attempt);
        Ok(response)
    }

    /// Stores a time, if it is the player's best on its leaderboard.
    pub(crate) fn keep_time(&mut self, cx: &mut Cx<'_>, time: Time) {
        let kept = self.boards.get(&time.board).and_then(|board| board.times.get(&time.account));
        if kept.is_none_or(|kept| time.millis < kept.millis) {
            cx.record(Record::Time(time.clone()));
            self.put_time(time);
        }
    }
}

fn completed(attempt: &Attempt, stages: usize) -> Shape {
    dict! {
        vdic "Progress": attempt.progress(stages, true), vdic "EventReward": no_reward(),
        vdic "ChampReward": no_reward(), ui32 "ResearchTarget": 0, fp32 "ResearchPercent": 0.0,
        ui32 "OldResearchTgt": 0, fp32 "OldResearchPct": 0.0, si32 "ResultCode": 0,
    }
}

/// Returns an empty reward. The official reward for a finished rally is unknown.
fn no_reward() -> Shape {
    let reason = dict! {
        si32 "Source": 4, si32 "Type" "FinishPosition" "FinishTimeMs": 0, si64 "SourceEntityId": 0,
        dstr "SourceName": "",
    };
    dict! {
        si64 "Id": 0, vdic "Reason": reason, dstr "Message": "", si32 "SoftCurrency" "GarageSlots": 0,
        vvtr "Items": none(), bool "IsGlobalBoosted": false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_to_milliseconds_and_must_be_possible() {
        assert_eq!(millis(368.372).ok(), Some(368_372));
        assert_eq!(millis(86_400.0).ok(), Some(86_400_000));
        for impossible in [0.0, -1.0, f32::NAN, f32::INFINITY, 86_401.0] {
            assert!(millis(impossible).is_err(), "{impossible}");
        }
    }
}
