//! Durable rows.

use mmcos_core::row::{Column, Row, Schema, Table};
use serde::{Deserialize, Serialize};

pub use crate::{
    accounts::{Account, AccountId},
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

impl Row for Record {
    const SCHEMA: &'static Schema =
        &Schema { name: "dr2", tables: TABLES, counted: "accounts", ..Schema::EMPTY };
}

#[rustfmt::skip] // Several columns in a line.
const TABLES: &[Table] = &[
    table("Account", "accounts", 1, &[
        Column::integer("id"), Column::text("name"), Column::integer("logged_in"), Column::json("sessions"),
    ]),
    table("Time", "times", 2, &[
        Column::integer("board"), Column::integer("account"), Column::integer("millis"), Column::integer("total"),
        Column::json("drive"), Column::integer("at"),
    ]),
    table("Attempt", "attempts", 2, &[
        Column::integer("challenge"), Column::integer("account"), Column::text("phase"), Column::json("stages"),
        Column::json("drive"), Column::integer("tyres"), Column::integer("compound"), Column::json("tuning"),
        Column::integer("metres"), Column::json("damage"), Column::json("mud"),
    ]),
    table("Fitting", "garage", 2, &[
        Column::integer("account"), Column::integer("vehicle"), Column::integer("livery"),
        Column::integer("tuning"),
    ]),
];

const fn table(record: &'static str, name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table { record, name, columns, key, ..Table::PLAIN }
}

/// A row refers to a player that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a row belongs to account {account}, which is not in the table accounts: restore a backup, or delete the rows of \
     that account"
)]
pub struct RestoreError {
    /// The account that it names.
    pub account: i64,
}
