//! Records to rows.

use std::fmt::Write as _;

use mmcos_core::seam::Wall;
use mmcos_game::Record;
use mmcos_game::catalogue::EventName;
use mmcos_game::events::ByHand;
use mmcos_game::ids::{SessionId, UserId};
use mmcos_game::matchmaker::RuleSet;
use mmcos_game::moderation::{Ban, Subject};
use mmcos_game::players::Player;
use mmcos_game::results::{KEEP, Race, RaceResult};
use mmcos_game::seasons::{Prizes, SeasonStarted};
use rusqlite::{Connection, Error, OptionalExtension as _, Result, params};

pub(super) fn record(connection: &Connection, record: &Record) -> Result<()> {
    match record {
        Record::Player(row) => player(connection, row),
        Record::Race(row) => race(connection, row),
        Record::RaceForgotten(session) => race_forgotten(connection, *session),
        Record::Result(row) => result(connection, row),
        Record::SeasonStarted(started) => season_started(connection, started),
        Record::Ban(row) => ban(connection, row),
        Record::Unban(subject) => unban(connection, *subject),
        Record::Setting { name, value } => setting(connection, name, value.as_deref()),
        Record::EventByHand(by_hand) => event_by_hand(connection, by_hand),
    }
}

fn player(connection: &Connection, player: &Player) -> Result<()> {
    let Player { standing, profile, .. } = player;
    // The row of a season that has ended is its final standing.
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO final_standings SELECT season, user_id, points, division FROM players
             WHERE user_id = ? AND season < ?",
        )?
        .execute((player.user_id.0, player.season.0))?;
    connection
        .prepare_cached(
            "INSERT INTO players VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (user_id) DO UPDATE SET name = ?4, title = ?5, level = ?6, prestige = ?7, season = ?8,
             points = ?9, division = ?10, bonus = ?11, games = ?12, hosted = ?13, hosted_unconfirmed = ?14,
             last_seen = ?16",
        )?
        .execute(params![
            player.user_id.0,
            player.steam_id.get(),
            player.user_facing_id().as_str(),
            profile.name.as_str(),
            profile.title.as_str(),
            profile.level.get(),
            profile.prestige.get(),
            player.season.0,
            standing.points.0,
            standing.division.0,
            player.bonus.0,
            profile.games,
            profile.hosted.confirmed,
            profile.hosted.unconfirmed,
            profile.first_seen.as_millis(),
            profile.last_seen.as_millis(),
        ])
        .map(drop)
}

fn race(connection: &Connection, race: &Race) -> Result<()> {
    let rule_set = match &race.mode.rule_set {
        RuleSet::Race => "Race",
        RuleSet::Elimination => "Elimination",
        RuleSet::Battle => "Battle",
        RuleSet::Other(label) => label.as_str(),
    };
    connection
        .prepare_cached("INSERT OR REPLACE INTO matches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            race.session.0,
            race.race_key.to_string(),
            race.mode.network_version,
            race.mode.game_type.0.as_str(),
            rule_set,
            race.seats,
            race.made.as_millis(),
            race.begun.map(Wall::as_millis),
            json(&race.players),
        ])
        .map(drop)
}

fn json(users: &[UserId]) -> String {
    let mut text = String::from("[");
    for (index, user) in users.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{}", if index > 0 { "," } else { "" }, user.0);
    }
    text.push(']');
    text
}

fn race_forgotten(connection: &Connection, session: SessionId) -> Result<()> {
    connection.prepare_cached("DELETE FROM matches WHERE session_id = ?")?.execute([session.0]).map(drop)
}

fn result(connection: &Connection, result: &RaceResult) -> Result<()> {
    let progress = &result.progress;
    connection
        .prepare_cached("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            result.session.0,
            result.user.0,
            result.at.as_millis(),
            progress.season.0,
            result.claimed.0,
            result.counted.0,
            progress.before.points.0,
            progress.before.division.0,
            progress.after.points.0,
            progress.after.division.0,
            progress.rank,
        ])
        .map(drop)
}

fn season_started(connection: &Connection, started: &SeasonStarted) -> Result<()> {
    let season = started.season.0;
    // A later one was begun while the clock was ahead, and has been taken back.
    connection.execute("DELETE FROM seasons WHERE season > ?", [season])?;
    connection
        .execute("INSERT OR REPLACE INTO seasons VALUES (?, ?)", (season, started.starts.as_millis()))?;
    // Only the last change has rows that it is still to be applied to.
    connection.execute("DELETE FROM season_changes", ())?;
    if let Some(roll_over) = &started.roll_over {
        let change =
            serde_json::to_string(roll_over).map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
        connection.execute("INSERT INTO season_changes VALUES (?, ?)", (season, change))?;
        let before = "SELECT max(season) FROM seasons WHERE season < ?";
        if let Some(ended) = connection.query_row(before, [season], |row| row.get(0))? {
            prizes(connection, ended, &roll_over.prizes)?;
        }
    }
    Ok(())
}

/// Writes what the end of a season was worth.
fn prizes(connection: &Connection, ended: i32, prizes: &Prizes) -> Result<()> {
    connection.execute("DELETE FROM prizes WHERE season = ?", [ended])?;
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO prizes VALUES (?, ?, ?, ?)")?;
    for (division, prize) in (0_u32..).zip(&prizes.by_division).filter(|(_, prize)| !prize.is_empty()) {
        insert.execute((ended, "division", division, &**prize))?;
    }
    // A row without a prize hides those for more ranks.
    for (ranks, prize) in &prizes.by_rank {
        insert.execute((ended, "rank", ranks, &**prize))?;
    }
    Ok(())
}

fn ban(connection: &Connection, ban: &Ban) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            ban.subject.to_string(),
            ban.since.as_millis(),
            ban.until.map(Wall::as_millis),
            ban.reason,
            ban.note,
        ])
        .map(drop)
}

fn unban(connection: &Connection, subject: Subject) -> Result<()> {
    connection.prepare_cached("DELETE FROM bans WHERE subject = ?")?.execute([subject.to_string()]).map(drop)
}

fn setting(connection: &Connection, name: &str, value: Option<&str>) -> Result<()> {
    let changed = match value {
        Some(value) => {
            let mut set = connection.prepare_cached("INSERT OR REPLACE INTO settings VALUES (?, ?)")?;
            set.execute((name, value))
        }
        None => connection.prepare_cached("DELETE FROM settings WHERE name = ?")?.execute([name]),
    };
    changed.map(drop)
}

fn event_by_hand(connection: &Connection, by_hand: &ByHand) -> Result<()> {
    let ByHand { event, from, until } = by_hand;
    // What lies ahead is from before the clock was set back; this is the last.
    connection.prepare_cached("DELETE FROM events WHERE \"from\" > ?")?.execute([from.as_millis()])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO events VALUES (?, ?, ?)")?
        .execute((from.as_millis(), until.as_millis(), event.map(EventName::as_str)))
        .map(drop)
}

/// Number of races that are given back and kept however old the clock says that they are: it may have jumped.
pub(super) const LAST: u32 = 100;

/// The first moment of a race that may still be begun. Counts from the last race where the clock says that it is later.
pub(super) fn oldest(connection: &Connection, now: Wall) -> Result<i64> {
    let last = connection
        .query_row("SELECT made FROM matches ORDER BY session_id DESC LIMIT 1", (), |row| row.get(0))
        .optional()?;
    let latest = last.map_or(now.as_millis(), |made: i64| made.min(now.as_millis()));
    Ok(latest.saturating_sub(i64::try_from(KEEP.as_millis()).unwrap_or(i64::MAX)))
}

pub(super) fn forget_unused_races(connection: &Connection, now: Wall) -> Result<()> {
    let oldest = oldest(connection, now)?;
    connection
        .execute(
            "DELETE FROM matches WHERE begun IS NULL AND made <= ? \
             AND session_id < (SELECT session_id FROM matches ORDER BY session_id DESC LIMIT 1 OFFSET ?)",
            (oldest, LAST),
        )
        .map(drop)
}

/// Writes the number of commits, to see after a failure of the disk that none was lost.
pub(super) fn commits(connection: &Connection, number: u64) -> Result<()> {
    connection.prepare_cached("UPDATE commits SET number = ?")?.execute([number]).map(drop)
}
