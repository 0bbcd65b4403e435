//! Every durable change as a value.

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use mmcos_core::admin::{AuditEntry, MinuteLoads, Operator, OperatorName, QuarterLoad};
use mmcos_core::row::{
    Column, History, Milestone, Owned, Recent, Removal, Restore, Row, Schema, Table, View,
};

use crate::{
    domain::podium::Podium,
    host::info,
    ids::MatchId,
    moderation::{Ban, Subject},
    plans::Plan,
    players::{Adjustment, DeletedPlayer, MOST_ADJUSTMENTS, Player},
    public::Hour,
    results::{KEEP, MAX_MATCHES, Match, MatchResult},
    seasons::{Prize, SeasonStarted},
    special_events::ByHand,
};

/// A durable change: a store keeps it, and a server is restored from it.
///
/// A record is a row, not a step: it has a natural key, and replaces what was stored under that key before. So a
/// store never has to compact a log: it keeps the last record of each key and gives those back at the next start,
/// which restores the server's state. The keys, and the order in which records are given back, are in its [`Schema`].
///
/// Giving back every record ever made, in the order of their making, leads to the same server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Record {
    /// A player's complete state after any change.
    Player(Box<Player>),
    /// A match whose key was issued, or about which more became known.
    Match(Box<Match>),
    /// A match that will never take place: its only player searched on. It need not leave a trace.
    MatchForgotten(MatchId),
    /// A result that counted. The player's own row comes with it.
    Result(MatchResult),
    /// A ban was set.
    Ban(Box<Ban>),
    /// A ban was lifted. The ban need not leave a trace.
    Unban(Subject),
    /// An operator set a live setting, or (without a value) reset it.
    Setting {
        /// Its [name](mmcos_core::settings::Key::name). A name that this version does not know is stored and has no
        /// effect.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// A season began. The record says how a player's row of the season before changes; the rows follow, some at a
    /// time.
    SeasonStarted(Box<SeasonStarted>),
    /// A prize of a season that has ended. For operators only: no server needs it back.
    Prize(Prize),
    /// The first places of a season that has ended.
    Podium(Podium),
    /// Players online at an hour of the week.
    Hour(Hour),
    /// Load of a quarter of an hour, for the charts.
    Load(QuarterLoad),
    /// Load of the minutes of a quarter of an hour.
    MinuteLoads(MinuteLoads),
    /// An operator started or stopped an event.
    EventByHand(ByHand),
    /// A named operator was added or changed.
    Operator(Box<Operator>),
    /// A named operator was removed.
    OperatorRemoved(OperatorName),
    /// An operator deleted a player: all rows that belong to it are erased.
    PlayerDeleted(DeletedPlayer),
    /// An operator changed a player's points. The player's own row comes with it.
    Adjusted(Box<Adjustment>),
    /// An operator planned a message, maintenance or a special event.
    Plan(Box<Plan>),
    /// A plan was removed, or had ended.
    PlanRemoved(u32),
    /// An operator carried out a command.
    Audit(Box<AuditEntry>),
    /// An entry of the audit log is too old to be kept.
    AuditForgotten(u64),
}

impl Row for Record {
    const SCHEMA: &'static Schema = &Schema {
        name: info::INFO.name,
        tables: &[
            SEASONS,
            PLAYERS,
            MATCHES,
            RESULTS,
            BANS,
            SETTINGS,
            EVENTS,
            PRIZES,
            PODIUMS,
            HOURS,
            LOADS,
            MINUTE_LOADS,
            OPERATORS,
            AUDIT,
            DELETED,
            ADJUSTMENTS,
            PLANS,
        ],
        counted: "players",
        views: &[STANDINGS],
        migrations: &[
            "",
            "",
            include_str!("record/3.sql"),
            include_str!("record/4.sql"),
            include_str!("record/5.sql"),
        ],
    };

    fn milestone(&self) -> Option<Milestone> {
        if let Self::SeasonStarted(started) = self {
            let number = started.season.0.into();
            // An undone season must not replace the copy from before the season that goes on.
            let is_new = !started.is_undone;
            return is_new.then_some(Milestone {
                folder: "seasons",
                name: "before-season",
                number,
                even_empty: false,
            });
        }
        // The record of an operator's command is the command to the store.
        let Self::Audit(entry) = self else { return None };
        let number = entry.number.try_into().ok().filter(|_| entry.command == "POST /api/v1/backup")?;
        Some(Milestone { folder: "backups", name: "backup", number, even_empty: true })
    }
}

/// Every season that this server saw begin, with its effect on the players of the season before.
const SEASONS: Table = Table {
    record: "SeasonStarted",
    name: "seasons",
    columns: &[
        Column::integer("season"),
        Column::integer("starts"),
        Column::json("change").of("roll_over"),
        Column::integer("returns_to"),
        Column::integer("undone").of("is_undone"),
    ],
    restore: Restore::Latest,
    ..Table::PLAIN
};

/// Every player that ever logged in, numbered without gaps.
const PLAYERS: Table = Table {
    record: "Player",
    name: "players",
    columns: &[
        Column::integer("user_id"),
        Column::wide("steam_id"),
        Column::text("user_facing_id"),
        Column::text("name").of("profile.name"),
        Column::integer("renamed"),
        Column::text("title").of("profile.title"),
        Column::integer("level").of("profile.level"),
        Column::integer("prestige").of("profile.prestige"),
        Column::integer("season"),
        Column::integer("points").of("standing.points"),
        Column::integer("division").of("standing.division"),
        Column::integer("bonus"),
        Column::json("ended"),
        Column::integer("games").of("profile.games"),
        Column::integer("hosted").of("profile.hosted.confirmed"),
        Column::integer("hosted_unconfirmed").of("profile.hosted.unconfirmed"),
        Column::integer("first_seen").of("profile.first_seen"),
        Column::integer("last_seen").of("profile.last_seen"),
    ],
    // The row of a season that has ended is the final standing.
    history: Some(History { table: "final_standings", by: "season", columns: &["points", "division"] }),
    ..Table::PLAIN
};

/// Numbers of players that were deleted, so that they are not given again.
const DELETED: Table = Table {
    record: "PlayerDeleted",
    name: "deleted_players",
    columns: &[Column::integer("user_id"), Column::integer("at")],
    erases: &[
        Owned { table: "players", column: "user_id" },
        Owned { table: "final_standings", column: "user_id" },
        Owned { table: "results", column: "user_id" },
        Owned { table: "adjustments", column: "user_id" },
    ],
    ..Table::PLAIN
};

/// Changes of points by operators.
const ADJUSTMENTS: Table = Table {
    record: "Adjusted",
    name: "adjustments",
    columns: &[
        Column::integer("at"),
        Column::integer("user_id").of("user"),
        Column::text("operator"),
        Column::integer("change"),
        Column::integer("points_before").of("before.points"),
        Column::integer("division_before").of("before.division"),
        Column::integer("points_after").of("after.points"),
        Column::integer("division_after").of("after.division"),
        Column::text("reason"),
    ],
    key: 2,
    restore: Restore::Recent(Recent {
        time: "at",
        keep: Duration::ZERO,
        least: MOST_ADJUSTMENTS,
        most: MOST_ADJUSTMENTS,
        unused_without: None,
    }),
    ..Table::PLAIN
};

/// Messages, maintenance and special events that operators planned.
const PLANS: Table = Table {
    record: "Plan",
    name: "plans",
    columns: &[
        Column::integer("number"),
        Column::integer("from"),
        Column::integer("until"),
        Column::text("message"),
        Column::integer("maintenance"),
        Column::text("event"),
    ],
    removal: Removal::By("PlanRemoved"),
    ..Table::PLAIN
};

/// Every match whose key was issued, except those that never began and never will.
const MATCHES: Table = Table {
    record: "Match",
    name: "matches",
    columns: &[
        Column::wide("session_id").of("id"),
        Column::hex("race_key"),
        Column::integer("network_version").of("mode.network_version"),
        Column::text("game_type").of("mode.game_type"),
        Column::text("rule_set").of("mode.rule_set"),
        Column::integer("seats"),
        Column::integer("made"),
        Column::integer("begun"),
        // The user_ids of the players that may bring a result.
        Column::json("players"),
    ],
    removal: Removal::By("MatchForgotten"),
    restore: Restore::Recent(Recent {
        time: "made",
        keep: KEEP,
        // Makes match numbers go on growing, whatever the clock said.
        least: 101,
        most: MAX_MATCHES,
        unused_without: Some("begun"),
    }),
    ..Table::PLAIN
};

/// Every result that counted, with the change that the game claimed and the change that was counted.
const RESULTS: Table = Table {
    record: "Result",
    name: "results",
    columns: &[
        Column::wide("session_id").of("match_id"),
        Column::integer("user_id").of("user"),
        Column::integer("at"),
        Column::integer("season").of("progress.season"),
        Column::integer("claimed"),
        Column::integer("counted"),
        Column::integer("points_before").of("progress.before.points"),
        Column::integer("division_before").of("progress.before.division"),
        Column::integer("points_after").of("progress.after.points"),
        Column::integer("division_after").of("progress.after.division"),
        Column::integer("rank").of("progress.rank"),
    ],
    key: 2,
    restore: Restore::With("matches"),
    ..Table::PLAIN
};

/// Bans; permanent where there is no end. The subject is a SteamID64, an address, or a range such as 203.0.113.0/24.
const BANS: Table = Table {
    record: "Ban",
    name: "bans",
    columns: &[
        Column::text("subject"),
        Column::integer("since"),
        Column::integer("until"),
        Column::text("reason"),
        Column::text("note"),
    ],
    removal: Removal::By("Unban"),
    ..Table::PLAIN
};

/// Settings that were changed while the server ran.
const SETTINGS: Table = Table {
    record: "Setting",
    name: "settings",
    columns: &[Column::text("name"), Column::text("value")],
    removal: Removal::WithoutValue("value"),
    ..Table::PLAIN
};

/// Operators' interventions in special events: from start to end this event runs, or none does, unless a planned one
/// begins meanwhile.
const EVENTS: Table = Table {
    record: "EventByHand",
    name: "events",
    columns: &[Column::integer("from"), Column::integer("until"), Column::text("event")],
    restore: Restore::Latest,
    ..Table::PLAIN
};

/// Prizes of a season that has ended: `division` to the players in division `bound`, `rank` to the first `bound`
/// ranks.
const PRIZES: Table = Table {
    record: "Prize",
    name: "prizes",
    columns: &[
        Column::integer("season"),
        Column::text("kind"),
        Column::integer("bound"),
        Column::text("prize"),
    ],
    key: 3,
    restore: Restore::Nothing,
    ..Table::PLAIN
};

/// The first places of each season that has ended, for the public pages.
const PODIUMS: Table = Table {
    record: "Podium",
    name: "podiums",
    columns: &[Column::integer("season"), Column::json("places")],
    ..Table::PLAIN
};

/// Players online at each hour of the week, 0 to 167 from Monday, 00:00 UTC: the sum, over some weeks, of the most at a
/// time.
const HOURS: Table = Table {
    record: "Hour",
    name: "hours",
    columns: &[Column::integer("hour"), Column::integer("weeks"), Column::integer("players")],
    ..Table::PLAIN
};

/// Load of the last week by quarters of an hour; `end` is in seconds. Means are in tenths; `waited`, the total duration
/// of the searches that found an opponent, is in tenths of a second.
const LOADS: Table = Table {
    record: "Load",
    name: "loads",
    columns: &[
        Column::integer("slot"),
        Column::integer("end"),
        Column::integer("online").of("load.online"),
        Column::integer("searching").of("load.searching"),
        Column::integer("matches").of("load.matches"),
        Column::integer("online_mean").of("load.online_mean"),
        Column::integer("searching_mean").of("load.searching_mean"),
        Column::integer("matches_mean").of("load.matches_mean"),
        Column::integer("found").of("load.found"),
        Column::integer("waited").of("load.waited"),
    ],
    ..Table::PLAIN
};

/// Load of the last hour by minutes, a row for each quarter of an hour.
const MINUTE_LOADS: Table = Table {
    record: "MinuteLoads",
    name: "minute_loads",
    columns: &[Column::integer("slot"), Column::integer("end"), Column::json("minutes")],
    ..Table::PLAIN
};

/// Named operators. The password is a digest: SHA-256, in base64, of 128 random bits.
const OPERATORS: Table = Table {
    record: "Operator",
    name: "operators",
    columns: &[
        Column::text("name"),
        Column::text("role"),
        Column::integer("until"),
        Column::integer("made"),
        Column::text("password"),
    ],
    removal: Removal::By("OperatorRemoved"),
    ..Table::PLAIN
};

/// The latest commands of operators.
const AUDIT: Table = Table {
    record: "Audit",
    name: "audit",
    columns: &[
        Column::integer("number"),
        Column::integer("at"),
        Column::text("operator"),
        Column::text("address"),
        Column::text("command"),
        Column::text("text"),
        Column::integer("about"),
        Column::text("before"),
        Column::text("after"),
    ],
    removal: Removal::By("AuditForgotten"),
    ..Table::PLAIN
};

/// Standings of all players at the end of a season; ranks count from 0.
const STANDINGS: View =
    View { name: "standings", select: include_str!("record/standings.sql"), covers: Some("final_standings") };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_its_table() {
        mmcos_core::row::check::<Record>().unwrap();
    }
}
