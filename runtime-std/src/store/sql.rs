//! The statements for a game's tables, as text, and the interface of a database that executes them.
//!
//! `SQLite` and `PostgreSQL` understand the same statements, up to their [`Dialect`]. Parameters are `$1`, `$2`, …, in
//! the order of their first use, since `SQLite` regards these as names (decision 0113).

use mmcos_core::row::{Column, History, Kind, Owned, Recent, Restore, Schema, Table, Value, View};

use super::StoreError;

/// An open database, for what all stores share: rows, tables, exports, copies.
pub(super) trait Sql {
    /// Its dialect.
    const DIALECT: Dialect;

    /// Executes a statement. In a transaction, a later call may report its error.
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<(), StoreError>;

    /// Executes statements without parameters.
    fn batch(&mut self, statements: &str) -> Result<(), StoreError>;

    /// Calls `take` with each row of a query.
    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&[Value<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Returns the texts that a query selects, the first of each row.
    fn texts(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<String>, StoreError> {
        let mut texts = Vec::new();
        self.query(sql, values, &mut |row| {
            if let Some(Value::Text(text)) = row.first() {
                texts.push(text.clone().into_owned());
            }
            Ok(())
        })?;
        Ok(texts)
    }

    /// Returns the number that a query selects; `None` if it selects nothing.
    fn number(&mut self, sql: &str) -> Result<Option<i64>, StoreError> {
        let mut found = None;
        self.query(sql, &[], &mut |row| {
            if let Some(Value::Integer(number)) = row.first() {
                found = Some(*number);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Differences between databases in their SQL.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Types of integers, of floating-point numbers and of texts, which sort by their bytes.
    types: [&'static str; 3],
    /// Options of a table by whose key rows are stored, and of one with an integer as its key.
    options: [&'static str; 2],
    /// Selects the names of tables and views, in order.
    pub(super) tables: &'static str,
    /// Selects the names of a table's columns. Parameter: the table.
    pub(super) columns: &'static str,
    /// Selects the definition of a table or view; of a table, any text will do. Parameter: its name.
    pub(super) definition: &'static str,
    /// Makes the table with the number of commits, and its row.
    pub(super) commits: &'static str,
    /// True if a view's definition must be noted in a comment, because the database rewrites it.
    notes: bool,
}

impl Dialect {
    pub(super) const SQLITE: Self = Self {
        // SQLite's integers are signed: a `u64` above `i64::MAX` does not fit.
        types: ["INTEGER", "REAL", "TEXT"],
        // A key of one integer is SQLite's rowid as well; all others would be stored twice.
        options: [" STRICT, WITHOUT ROWID", " STRICT"],
        tables: "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name",
        columns: "SELECT name FROM pragma_table_info($1)",
        definition: "SELECT sql FROM sqlite_schema WHERE name = $1",
        commits: "CREATE TABLE commits (number INTEGER NOT NULL) STRICT; INSERT INTO commits VALUES (0)",
        notes: false,
    };

    #[cfg(feature = "postgres")]
    pub(super) const POSTGRES: Self = Self {
        types: ["BIGINT", "DOUBLE PRECISION", "TEXT COLLATE \"C\""],
        options: ["", ""],
        tables: "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() \
            ORDER BY table_name::text COLLATE \"C\"",
        columns: "SELECT column_name::text FROM information_schema.columns \
            WHERE table_schema = current_schema() AND table_name::text = $1 ORDER BY ordinal_position",
        definition: "SELECT coalesce(obj_description(pg_class.oid, 'pg_class'), '') FROM pg_class \
            JOIN pg_namespace ON pg_namespace.oid = relnamespace \
            WHERE nspname = current_schema() AND relname::text = $1",
        commits: "CREATE TABLE commits (number BIGINT NOT NULL, epoch BIGINT NOT NULL, leader TEXT NOT NULL, \
            alive TIMESTAMPTZ NOT NULL, program TEXT NOT NULL, version BIGINT NOT NULL); \
            INSERT INTO commits VALUES (0, 0, '', '-infinity', '', 0)",
        notes: true,
    };
}

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
            list(key.iter().zip(1..).map(|(column, at)| format!("\"{}\" = ${at}", column.name)), " AND ");
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

/// A table as it is in the database: one of the game's, or its table of copies.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) name: &'static str,
    /// All columns, the key first.
    pub(super) columns: Vec<Column>,
    /// Number of columns that form the key.
    key: usize,
}

impl Stored {
    /// Returns the tables of a game, each before its table of copies.
    pub(super) fn all(schema: &Schema) -> Vec<Self> {
        let with_copies = |table: &Table| {
            let copies = table.history.map(|history| Self::copies(table, history));
            [Self { name: table.name, columns: table.columns.to_vec(), key: table.key }]
                .into_iter()
                .chain(copies)
        };
        schema.tables.iter().flat_map(with_copies).collect()
    }

    fn copies(table: &Table, history: History) -> Self {
        let key = table.column(history.by).into_iter().chain(table.key_columns());
        let others = history.columns.iter().filter_map(|name| table.column(name));
        let columns = key.chain(others).copied().collect();
        Self { name: history.table, columns, key: table.key.saturating_add(1) }
    }

    fn key(&self) -> &[Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// Returns the query for all rows, in the order of their keys.
    #[cfg(feature = "postgres")]
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM \"{}\" ORDER BY {}", names(&self.columns), self.name, names(self.key()))
    }

    /// Returns the statement that adds a row.
    #[cfg(feature = "postgres")]
    pub(super) fn insert(&self) -> String {
        insert(self.name, &self.columns)
    }

    /// Returns the statement that makes the table.
    pub(super) fn create(&self, dialect: &Dialect) -> String {
        let described = list(self.columns.iter().map(|column| dialect.describe(column)), ", ");
        let [by_key, by_number] = dialect.options;
        let is_number = matches!(self.key(), [Column { kind: Kind::Integer | Kind::Wide, .. }]);
        let options = if is_number { by_number } else { by_key };
        format!("CREATE TABLE \"{}\" ({described}, PRIMARY KEY ({})){options}", self.name, names(self.key()))
    }
}

impl Dialect {
    /// Returns the statement that notes the definition of a view, if the database does not keep its text.
    pub(super) fn note(&self, view: &str, definition: &str) -> String {
        if !self.notes {
            return String::new();
        }
        format!("; COMMENT ON VIEW \"{view}\" IS '{}'", definition.replace('\'', "''"))
    }

    /// Returns the definition of a column.
    pub(super) fn describe(&self, column: &Column) -> String {
        let [integer, real, text] = self.types;
        let kind = match column.kind {
            Kind::Integer | Kind::Wide => integer,
            Kind::Real => real,
            Kind::Hex | Kind::Text | Kind::Json => text,
        };
        // Never NOT NULL: an earlier version leaves the columns that it does not know empty (decision 0088).
        format!("\"{}\" {kind}", column.name)
    }
}

/// Returns the statement that makes the view.
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
    format!("{} {}", insert(table.name, table.columns), replace(table.columns, table.key))
}

fn insert(table: &str, columns: &[Column]) -> String {
    format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names(columns), parameters(columns.len()))
}

/// Returns the clause by which an insertion replaces the row of its key.
fn replace(columns: &[Column], key: usize) -> String {
    let (key, others) = columns.split_at_checked(key).unwrap_or_default();
    let set =
        list(others.iter().map(|Column { name, .. }| format!("\"{name}\" = excluded.\"{name}\"")), ", ");
    // Not REPLACE, which would empty the columns that only a later version knows. SQL has no empty SET.
    let action = if others.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {set}") };
    format!("ON CONFLICT ({}) DO {action}", names(key))
}

fn erase(Owned { table, column }: &Owned) -> String {
    format!("DELETE FROM \"{table}\" WHERE \"{column}\" = $1")
}

fn archive(table: &Table, history: History, is_key: &str) -> Option<(String, usize)> {
    let (by, place) = (history.by, table.position(history.by)?);
    let Stored { name: copies, columns, key } = Stored::copies(table, history);
    let (names, rows, new) = (names(&columns), table.name, table.key.saturating_add(1));
    // After a number was set back, a row may leave the same season twice: its last state counts.
    let sql = format!(
        "INSERT INTO \"{copies}\" ({names}) SELECT {names} FROM \"{rows}\" WHERE {is_key} AND \"{by}\" < ${new} {}",
        replace(&columns, key)
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
        "SELECT {key} FROM \"{name}\" WHERE \"{time}\" > $1 \
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
    list((1..=count).map(|at| format!("${at}")), ", ")
}

fn list(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
