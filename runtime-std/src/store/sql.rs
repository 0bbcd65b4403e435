//! The statements for a game's tables, as text.

use mmcos_core::row::{Column, History, Kind, Owned, Recent, Restore, Schema, Table, View};

/// The statements for one table.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) table: &'static Table,
    /// Writes a row. Parameters: its columns.
    pub(super) put: String,
    /// Removes a row. Parameters: its key.
    pub(super) remove: String,
    /// Removes the rows after a key. Parameters: the key.
    pub(super) remove_later: Option<String>,
    /// Copies the row of a key to its history, if the number in the last parameter is larger; and the position of
    /// that number.
    pub(super) archive: Option<(String, usize)>,
    /// Removes the rows of other tables that belong to the subject of a row. Parameter: its key.
    pub(super) erase: Vec<String>,
    /// Selects the rows to restore. Parameter: the time from which a row is recent.
    pub(super) restore: Option<String>,
}

impl Statements {
    pub(super) fn of(schema: &Schema, table: &'static Table) -> Self {
        let (name, key) = (table.name, table.key_columns());
        let is_key =
            list(key.iter().zip(1..).map(|(column, at)| format!("\"{}\" = ?{at}", column.name)), " AND ");
        let later = || format!("DELETE FROM \"{name}\" WHERE ({}) > ({})", names(key), parameters(key.len()));
        Self {
            table,
            put: put(table),
            remove: format!("DELETE FROM \"{name}\" WHERE {is_key}"),
            // A number such as a season's may be set back: the row written last counts, not the highest number ever.
            remove_later: matches!(table.restore, Restore::Latest).then(later),
            archive: table.history.and_then(|history| archive(table, history, &is_key)),
            erase: table.erases.iter().map(erase).collect(),
            restore: restore(schema, table),
        }
    }
}

/// Returns the statement that makes the table.
pub(super) fn create(table: &Table) -> String {
    create_table(table.name, table.columns, table.key_columns())
}

/// Returns the statement that makes the table of copies.
pub(super) fn create_history(table: &Table, history: History) -> String {
    let by = table.column(history.by);
    let key: Vec<Column> = by.into_iter().chain(table.key_columns()).copied().collect();
    let others = history.columns.iter().filter_map(|name| table.column(name)).copied();
    let columns: Vec<Column> = key.iter().copied().chain(others).collect();
    create_table(history.table, &columns, &key)
}

fn create_table(name: &str, columns: &[Column], key: &[Column]) -> String {
    let described = list(columns.iter().map(describe), ", ");
    // Such a key is SQLite's rowid as well; all others would be stored twice.
    let is_place = matches!(key, [Column { kind: Kind::Integer | Kind::Wide, .. }]);
    let rowid = if is_place { "" } else { ", WITHOUT ROWID" };
    format!("CREATE TABLE \"{name}\" ({described}, PRIMARY KEY ({})) STRICT{rowid}", names(key))
}

/// Returns the definition of a column.
pub(super) fn describe(column: &Column) -> String {
    let affinity = match column.kind {
        Kind::Integer | Kind::Wide => "INTEGER",
        Kind::Real => "REAL",
        // SQLite's integers are signed: a `u64` above `i64::MAX` does not fit.
        Kind::Hex | Kind::Text | Kind::Json => "TEXT",
    };
    // Never NOT NULL: an earlier version leaves the columns that it does not know empty (decision 0088).
    format!("\"{}\" {affinity}", column.name)
}

/// Returns the statement that makes the view, as `SQLite` stores it.
pub(super) fn create_view(view: &View) -> String {
    // `schema` compares the text, to find views that have changed.
    format!("CREATE VIEW \"{}\" AS {}", view.name, view.select.trim_end())
}

/// Returns the statement that deletes rows that are neither recent nor of use.
pub(super) fn forget(table: &Table, recent: Recent) -> Option<String> {
    let column = recent.unused_without?;
    let (name, key, recent) = (table.name, names(table.key_columns()), recent_keys(table, recent));
    Some(format!("DELETE FROM \"{name}\" WHERE \"{column}\" IS NULL AND ({key}) NOT IN ({recent})"))
}

/// Returns the query for the time of the last row.
pub(super) fn last_time(table: &Table, recent: Recent) -> String {
    format!("SELECT \"{}\" FROM \"{}\" ORDER BY {} LIMIT 1", recent.time, table.name, latest_first(table))
}

fn put(table: &Table) -> String {
    let (key, others) = table.columns.split_at(table.key);
    let set =
        list(others.iter().map(|Column { name, .. }| format!("\"{name}\" = excluded.\"{name}\"")), ", ");
    // Not REPLACE, which would empty the columns that only a later version knows. SQL has no empty SET.
    let conflict = if others.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {set}") };
    format!(
        "INSERT INTO \"{}\" ({}) VALUES ({}) ON CONFLICT ({}) DO {conflict}",
        table.name,
        names(table.columns),
        parameters(table.columns.len()),
        names(key)
    )
}

fn erase(Owned { table, column }: &Owned) -> String {
    format!("DELETE FROM \"{table}\" WHERE \"{column}\" = ?1")
}

fn archive(table: &Table, history: History, is_key: &str) -> Option<(String, usize)> {
    let (by, place) = (history.by, table.position(history.by)?);
    let key = table.key_columns().iter().map(|column| column.name);
    let columns = [by].into_iter().chain(key).chain(history.columns.iter().copied());
    let columns = list(columns.map(quoted), ", ");
    let (copies, rows, new) = (history.table, table.name, table.key.saturating_add(1));
    // After a number was set back, a row may leave the same season twice: its last state counts.
    let sql = format!(
        "INSERT OR REPLACE INTO \"{copies}\" ({columns}) SELECT {columns} FROM \"{rows}\" WHERE {is_key} AND \"{by}\" < ?{new}"
    );
    Some((sql, place))
}

fn restore(schema: &Schema, table: &Table) -> Option<String> {
    let chosen = match table.restore {
        Restore::Nothing => return None,
        Restore::All => String::new(),
        Restore::Latest | Restore::Recent(_) => {
            format!(" WHERE ({}) IN ({})", names(table.key_columns()), keys(table))
        }
        Restore::With(other) => {
            let other = schema.table(other)?;
            let shared = table.columns.get(..other.key)?;
            format!(" WHERE ({}) IN ({})", names(shared), keys(other))
        }
    };
    let order = names(table.key_columns());
    Some(format!("SELECT {} FROM \"{}\"{chosen} ORDER BY {order}", names(table.columns), table.name))
}

/// Returns the query for the keys of the rows to restore.
fn keys(table: &Table) -> String {
    let (name, key) = (table.name, names(table.key_columns()));
    match table.restore {
        Restore::Recent(recent) => recent_keys(table, recent),
        Restore::Latest => format!("SELECT {key} FROM \"{name}\" ORDER BY {} LIMIT 1", latest_first(table)),
        Restore::All | Restore::With(_) | Restore::Nothing => format!("SELECT {key} FROM \"{name}\""),
    }
}

fn recent_keys(table: &Table, recent: Recent) -> String {
    let (name, key, latest_first) = (table.name, names(table.key_columns()), latest_first(table));
    // `least` holds however far the clock is ahead, and `most` however far it is behind.
    let Recent { time, least, most, .. } = recent;
    format!(
        "SELECT {key} FROM \"{name}\" WHERE \"{time}\" > ?1 \
         OR ({key}) IN (SELECT {key} FROM \"{name}\" ORDER BY {latest_first} LIMIT {least}) \
         ORDER BY {latest_first} LIMIT {most}"
    )
}

fn latest_first(table: &Table) -> String {
    list(table.key_columns().iter().map(|column| format!("\"{}\" DESC", column.name)), ", ")
}

fn names(columns: &[Column]) -> String {
    list(columns.iter().map(|column| quoted(column.name)), ", ")
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn parameters(count: usize) -> String {
    list((1..=count).map(|at| format!("?{at}")), ", ")
}

fn list(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
