//! Durable rows.

use serde::{Deserialize, Serialize};

pub use crate::{
    accounts::{Account, AccountId, SessionId},
    boards::{BoardId, Drive, Time},
    clubs::ChallengeId,
    damage::{Damage, Mud},
    garage::Fitting,
    stages::{Attempt, Phase},
};

/// A durable row: it replaces the row that was stored under its key before.
///
/// Rows are restored table by table, in the order of this table and of the key. All rows ever persisted, restored in
/// the order in which they were made, lead to the same server.
///
/// | table | row | key |
/// |---|---|---|
/// | `accounts` | [`Account`](Record::Account) | account |
/// | `times` | [`Time`](Record::Time) | leaderboard, account |
/// | `attempts` | [`Attempt`](Record::Attempt) | challenge, account |
/// | `garage` | [`Fitting`](Record::Fitting) | account, vehicle |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A player.
    Account(Account),
    /// The best time of a player on a leaderboard.
    Time(Time),
    /// A player's progress in a rally.
    Attempt(Attempt),
    /// Livery and tuning of a vehicle in a player's garage.
    Fitting(Fitting),
}

impl Record {
    /// The tables, in the order in which they are restored.
    pub const TABLES: [&'static str; 4] = ["accounts", "times", "attempts", "garage"];

    /// Returns the key: the table, and two numbers that identify the row there.
    pub const fn key(&self) -> (&'static str, [i64; 2]) {
        match self {
            Self::Account(account) => ("accounts", [account.id.0, 0]),
            Self::Time(time) => ("times", [time.board.0, time.account.0]),
            Self::Attempt(attempt) => ("attempts", [attempt.challenge.0 as i64, attempt.account.0]),
            Self::Fitting(fitting) => ("garage", [fitting.account.0, fitting.vehicle]),
        }
    }
}

/// A row that does not fit to those restored before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A row of a player who is not there.
    #[error(
        "a row of {table} belongs to account {account}, which is not in the table accounts: restore a backup, or \
         delete that row"
    )]
    NoAccount {
        /// The row's table.
        table: &'static str,
        /// The account that it names.
        account: i64,
    },
}
