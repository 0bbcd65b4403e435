//! Rows to records.

use std::path::Path;

use mmcos_core::seam::Wall;
use mmcos_core::wire::steam::SteamId;
use mmcos_game::Record;
use mmcos_game::catalogue::EventName;
use mmcos_game::divisions::{Division, Standing};
use mmcos_game::events::ByHand;
use mmcos_game::ids::{Points, RaceKey, SessionId, UserId};
use mmcos_game::matchmaker::{GameType, HostHistory, Label, Mode, RuleSet};
use mmcos_game::moderation::Ban;
use mmcos_game::players::{Level, Name, Player, Prestige, Profile, Title};
use mmcos_game::results::{MOST, Progress, Race, RaceResult};
use mmcos_game::seasons::{SeasonId, SeasonStarted};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Params, Result, Row};

use super::{StoreError, write};

const SEASON: &str = "SELECT season, starts, change FROM seasons LEFT JOIN season_changes USING (season) \
    ORDER BY season DESC LIMIT 1";
/// Beside the races that take results the last ones, whatever the clock said then; so the numbers of sessions go on
/// growing as well. No more than a server keeps.
const RACES: &str = "SELECT * FROM (SELECT * FROM matches WHERE made > ?1 \
    OR session_id >= coalesce((SELECT session_id FROM matches ORDER BY session_id DESC LIMIT 1 OFFSET ?2), 0) \
    ORDER BY session_id DESC LIMIT ?3) ORDER BY session_id";
const RESULTS: &str = "SELECT results.* FROM results JOIN matches USING (session_id) WHERE made > ?1 \
    OR session_id >= coalesce((SELECT session_id FROM matches ORDER BY session_id DESC LIMIT 1 OFFSET ?2), 0) \
    ORDER BY session_id, user_id";

/// All that a server needs to go on, in the order in which it wants it.
pub(super) fn records(
    connection: &Connection,
    path: &Path,
    now: Wall,
    take: impl FnMut(Record) -> std::result::Result<(), StoreError>,
) -> std::result::Result<(), StoreError> {
    let mut rows = Rows { connection, path, take };
    let oldest = write::oldest(connection, now).map_err(|source| StoreError::sql(path, source))?;
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    rows.give(SEASON, (), season)?;
    rows.give("SELECT * FROM players ORDER BY user_id", (), player)?;
    rows.give(RACES, (oldest, write::LAST, most), race)?;
    rows.give(RESULTS, (oldest, write::LAST), result)?;
    rows.give("SELECT * FROM bans ORDER BY subject", (), ban)?;
    rows.give("SELECT * FROM settings ORDER BY name", (), setting)?;
    rows.give("SELECT * FROM events ORDER BY \"from\" DESC LIMIT 1", (), event_by_hand)
}

/// The number of commits.
pub(super) fn commits(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT number FROM commits", (), |row| row.get(0))
}

struct Rows<'c, F> {
    connection: &'c Connection,
    path: &'c Path,
    take: F,
}

impl<F: FnMut(Record) -> std::result::Result<(), StoreError>> Rows<'_, F> {
    fn give(
        &mut self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<Record>,
    ) -> std::result::Result<(), StoreError> {
        let failed = |source| StoreError::sql(self.path, source);
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query(params).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            (self.take)(read(row).map_err(failed)?)?;
        }
        Ok(())
    }
}

fn season(row: &Row<'_>) -> Result<Record> {
    let (season, starts) = (SeasonId(row.get(0)?), Wall::from_millis(row.get(1)?));
    let change = row.get_ref(2)?.as_str_or_null()?;
    let roll_over = change.map(serde_json::from_str).transpose().map_err(|error| unfit(2, error))?;
    Ok(Record::SeasonStarted(Box::new(SeasonStarted { season, starts, roll_over })))
}

fn player(row: &Row<'_>) -> Result<Record> {
    let profile = Profile {
        name: Name::new(row.get_ref(3)?.as_str()?),
        title: Title::parse(row.get_ref(4)?.as_str()?).map_err(|error| unfit(4, error))?,
        level: Level::nearest(row.get(5)?),
        prestige: Prestige::nearest(row.get(6)?),
        first_seen: Wall::from_millis(row.get(14)?),
        last_seen: Wall::from_millis(row.get(15)?),
        games: row.get(11)?,
        hosted: HostHistory { confirmed: row.get(12)?, unconfirmed: row.get(13)? },
    };
    Ok(Record::Player(Box::new(Player {
        user_id: UserId(row.get(0)?),
        steam_id: SteamId::new(row.get(1)?),
        standing: standing(row, 8)?,
        season: SeasonId(row.get(7)?),
        bonus: Points(row.get(10)?),
        profile,
    })))
}

/// Points and division, in two columns from this one on.
fn standing(row: &Row<'_>, column: usize) -> Result<Standing> {
    let division = column.saturating_add(1);
    Ok(Standing { points: Points(row.get(column)?), division: Division(row.get(division)?) })
}

fn race(row: &Row<'_>) -> Result<Record> {
    let race_key = RaceKey::parse(row.get_ref(1)?.as_str()?).ok_or_else(|| unfit(1, "not a race key"))?;
    let game_type = Label::new(row.get_ref(3)?.as_str()?).ok_or_else(|| unfit(3, "too long"))?;
    let rule_set = RuleSet::parse(row.get_ref(4)?.as_str()?).ok_or_else(|| unfit(4, "too long"))?;
    let begun: Option<i64> = row.get(7)?;
    Ok(Record::Race(Box::new(Race {
        session: SessionId(row.get(0)?),
        race_key,
        mode: Mode { network_version: row.get(2)?, game_type: GameType(game_type), rule_set },
        seats: row.get(5)?,
        made: Wall::from_millis(row.get(6)?),
        begun: begun.map(Wall::from_millis),
        players: users(row.get_ref(8)?.as_str()?).ok_or_else(|| unfit(8, "not a list of accounts"))?,
    })))
}

/// Reads what `write::json` writes.
fn users(json: &str) -> Option<Vec<UserId>> {
    let list = json.strip_prefix('[')?.strip_suffix(']')?;
    list.split(',').filter(|id| !id.is_empty()).map(|id| id.trim().parse().ok().map(UserId)).collect()
}

fn result(row: &Row<'_>) -> Result<Record> {
    Ok(Record::Result(RaceResult {
        session: SessionId(row.get(0)?),
        user: UserId(row.get(1)?),
        at: Wall::from_millis(row.get(2)?),
        claimed: Points(row.get(4)?),
        counted: Points(row.get(5)?),
        progress: Progress {
            season: SeasonId(row.get(3)?),
            before: standing(row, 6)?,
            after: standing(row, 8)?,
            rank: row.get(10)?,
        },
    }))
}

fn ban(row: &Row<'_>) -> Result<Record> {
    let until: Option<i64> = row.get(2)?;
    Ok(Record::Ban(Box::new(Ban {
        subject: row.get_ref(0)?.as_str()?.parse().map_err(|error| unfit(0, error))?,
        since: Wall::from_millis(row.get(1)?),
        until: until.map(Wall::from_millis),
        reason: row.get(3)?,
        note: row.get(4)?,
    })))
}

fn setting(row: &Row<'_>) -> Result<Record> {
    Ok(Record::Setting { name: row.get(0)?, value: Some(row.get(1)?) })
}

fn event_by_hand(row: &Row<'_>) -> Result<Record> {
    let [from, until] = [row.get(0)?, row.get(1)?].map(Wall::from_millis);
    let event = row.get_ref(2)?.as_str_or_null()?;
    let event = event.map(str::parse::<EventName>).transpose().map_err(|error| unfit(2, error))?;
    Ok(Record::EventByHand(ByHand { event, from, until }))
}

fn unfit(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
