//! Every durable change as a value.

use alloc::{boxed::Box, string::String};

use mmcos_core::row::{Column, History, Milestone, Recent, Removal, Restore, Row, Schema, Table, View};

use super::{
    events::ByHand,
    ids::SessionId,
    info,
    moderation::{Ban, Subject},
    players::Player,
    results::{KEEP, MOST, Race, RaceResult},
    seasons::{Prize, SeasonStarted},
};

/// A durable change: what a store keeps, and what a server is restored from.
///
/// A record is a row, not a step: it has a natural key, and replaces what was kept under that key before. So a store
/// never has to compact a log: it keeps the last record of each key, gives those back at the next start, and the
/// server is what it was. Which keys there are, and what is given back in which order, is in its [`Schema`].
///
/// Giving back every record ever made, in the order of their making, leads to the same server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Record {
    /// A player, whole, after any change.
    Player(Box<Player>),
    /// A race whose key was issued, or about which more became known.
    Race(Box<Race>),
    /// A race that will never be: its only player searched on. There need be no trace of it.
    RaceForgotten(SessionId),
    /// A result that counted. The player's own row comes with it.
    Result(RaceResult),
    /// Somebody may not play.
    Ban(Box<Ban>),
    /// Somebody may play again. There need be no trace of the ban.
    Unban(Subject),
    /// An operator set something, or (without a value) took that back.
    Setting {
        /// Its [name](mmcos_core::settings::Key::name). One that this version does not know is kept and has no effect.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// A season began. It says how a player's row of the season before changes; the rows follow, some at a time.
    SeasonStarted(Box<SeasonStarted>),
    /// A prize of a season that has ended. For hosts alone: no server needs it back.
    Prize(Prize),
    /// An operator started or stopped an event.
    EventByHand(ByHand),
}

impl Row for Record {
    const SCHEMA: &'static Schema = &Schema {
        name: info::INFO.name,
        tables: &[SEASONS, PLAYERS, MATCHES, RESULTS, BANS, SETTINGS, EVENTS, PRIZES],
        counted: "players",
        views: &[STANDINGS],
        migrations: &["", "", include_str!("record/3.sql"), include_str!("record/4.sql")],
    };

    fn milestone(&self) -> Option<Milestone> {
        let Self::SeasonStarted(started) = self else { return None };
        Some(Milestone { name: "season", number: started.season.0.into() })
    }
}

/// Every season that this server saw begin, and what that did to the players of the season before.
const SEASONS: Table = Table {
    record: "SeasonStarted",
    name: "seasons",
    columns: &[Column::integer("season"), Column::integer("starts"), Column::json("change").of("roll_over")],
    restore: Restore::Latest,
    ..Table::PLAIN
};

/// Every player who ever logged in, numbered without gaps.
const PLAYERS: Table = Table {
    record: "Player",
    name: "players",
    columns: &[
        Column::integer("user_id"),
        Column::wide("steam_id"),
        Column::text("user_facing_id"),
        Column::text("name").of("profile.name"),
        Column::text("title").of("profile.title"),
        Column::integer("level").of("profile.level"),
        Column::integer("prestige").of("profile.prestige"),
        Column::integer("season"),
        Column::integer("points").of("standing.points"),
        Column::integer("division").of("standing.division"),
        Column::integer("bonus"),
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

/// Every race whose key was issued, except those that never began and never will.
const MATCHES: Table = Table {
    record: "Race",
    name: "matches",
    columns: &[
        Column::wide("session_id").of("session"),
        Column::hex("race_key"),
        Column::integer("network_version").of("mode.network_version"),
        Column::text("game_type").of("mode.game_type"),
        Column::text("rule_set").of("mode.rule_set"),
        Column::integer("seats"),
        Column::integer("made"),
        Column::integer("begun"),
        // The user_ids of the players who may bring a result.
        Column::json("players"),
    ],
    removal: Removal::By("RaceForgotten"),
    restore: Restore::Recent(Recent {
        time: "made",
        keep: KEEP,
        // So that the numbers of sessions go on growing, whatever the clock said.
        least: 101,
        most: MOST,
        unused_without: Some("begun"),
    }),
    ..Table::PLAIN
};

/// Every result that counted, with the change that the game claimed and the change that was counted.
const RESULTS: Table = Table {
    record: "Result",
    name: "results",
    columns: &[
        Column::wide("session_id").of("session"),
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

/// Bans; for good where there is no end. The subject is a SteamID64, an address, or a range such as 203.0.113.0/24.
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

/// What was set while the server ran.
const SETTINGS: Table = Table {
    record: "Setting",
    name: "settings",
    columns: &[Column::text("name"), Column::text("value")],
    removal: Removal::WithoutValue("value"),
    ..Table::PLAIN
};

/// What an operator did about events: from when until when this one runs, or none does, whatever is planned.
const EVENTS: Table = Table {
    record: "EventByHand",
    name: "events",
    columns: &[Column::integer("from"), Column::integer("until"), Column::text("event")],
    restore: Restore::Latest,
    ..Table::PLAIN
};

/// What the end of a season was worth: `division` to the players in division `bound`, `rank` to the first `bound` ranks.
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

/// Where everybody stood at the end of a season; ranks count from 0.
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
