//! Rows of tables: written, removed, restored.

use mmcos_core::row::{Change, Reader, Recent, Restore, Row, RowError, Table, Value, check, write};
use mmcos_core::seam::Wall;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Result as SqlResult, ToSql, params_from_iter};

use super::sql::{self, Statements};
use super::{StoreError, StoreFile, schema};

/// The statements for all tables of a game.
#[derive(Debug)]
pub(super) struct Tables(Vec<Statements>);

/// Error with a record.
pub(super) enum Failure {
    Sql(rusqlite::Error),
    Row(RowError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    pub(super) fn of(self, file: &StoreFile) -> StoreError {
        match self {
            Self::Sql(source) => file.sql(source),
            Self::Row(source) => file.unfit(source),
        }
    }
}

impl Tables {
    /// Returns the statements for a game's records. Fails if its tables do not fit the records.
    pub(super) fn of<R: Row>(file: &StoreFile) -> Result<Self, StoreError> {
        // At the start, not when the first such record is written (decision 0088).
        check::<R>().map_err(|source| file.unfit(source))?;
        Ok(Self(R::SCHEMA.tables.iter().map(|table| Statements::of(R::SCHEMA, table)).collect()))
    }

    /// Writes or removes the row of a record.
    pub(super) fn put<R: Row>(&self, connection: &Connection, record: &R) -> Result<(), Failure> {
        match write(record).map_err(Failure::Row)? {
            Change::Put(table, values) => self.of_table(table).map(|sql| put(connection, sql, &values)),
            Change::Remove(table, key) => {
                self.of_table(table).map(|sql| execute(connection, &sql.remove, &key))
            }
        }
        .unwrap_or(Ok(()))
        .map_err(Failure::Sql)
    }

    fn of_table(&self, table: &Table) -> Option<&Statements> {
        self.0.iter().find(|sql| sql.table == table)
    }

    /// Calls `take` with every record that a server is restored from, in the order of the tables.
    pub(super) fn restore<R: Row>(
        &self,
        connection: &Connection,
        file: &StoreFile,
        now: Wall,
        mut take: impl FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |source| file.sql(source);
        for Statements { table, restore, .. } in &self.0 {
            let Some(sql) = restore else { continue };
            let reader = Reader::new(table);
            let mut statement = connection.prepare(sql).map_err(failed)?;
            let recent = match table.restore {
                Restore::With(other) => R::SCHEMA.table(other).unwrap_or(table),
                _ => table,
            };
            let oldest = match recent.restore {
                Restore::Recent(rule) => Some(oldest(connection, recent, rule, now).map_err(failed)?),
                _ => None,
            };
            let mut rows = statement.query(params_from_iter(oldest)).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                // With its capacity at once: there may be 100,000 rows.
                let mut values = Vec::with_capacity(table.columns.len());
                for at in 0..table.columns.len() {
                    values.push(value(row, at).map_err(failed)?);
                }
                take(reader.read(&values).map_err(|source| file.unfit(source))?)?;
            }
        }
        Ok(())
    }

    /// Deletes the rows that are no longer of use.
    pub(super) fn forget_unused(&self, connection: &Connection, now: Wall) -> SqlResult<()> {
        for table in self.0.iter().map(|sql| sql.table) {
            let Restore::Recent(recent) = table.restore else { continue };
            if let Some(sql) = sql::forget(table, recent) {
                connection.execute(&sql, [oldest(connection, table, recent, now)?])?;
            }
        }
        Ok(())
    }
}

fn put(connection: &Connection, sql: &Statements, values: &[Value<'_>]) -> SqlResult<()> {
    let key = values.get(..sql.table.key).unwrap_or_default();
    // Before the row is replaced, since the copy is of its last state.
    if let Some((archive, by)) = &sql.archive {
        let new = values.get(*by).unwrap_or(&Value::Null);
        let parameters = key.iter().chain([new]).map(Bound);
        connection.prepare_cached(archive)?.execute(params_from_iter(parameters))?;
    }
    if let Some(later) = &sql.remove_later {
        execute(connection, later, key)?;
    }
    for erase in &sql.erase {
        execute(connection, erase, key)?;
    }
    execute(connection, &sql.put, values)
}

fn execute(connection: &Connection, sql: &str, values: &[Value<'_>]) -> SqlResult<()> {
    connection.prepare_cached(sql)?.execute(params_from_iter(values.iter().map(Bound))).map(drop)
}

/// Returns the time before which a row is not recent.
fn oldest(connection: &Connection, table: &Table, recent: Recent, now: Wall) -> SqlResult<i64> {
    let last = connection.query_row(&sql::last_time(table, recent), (), |row| row.get(0)).optional()?;
    // A clock that has jumped ahead must not make all rows old.
    let latest = last.map_or(now.as_millis(), |last: i64| last.min(now.as_millis()));
    Ok(latest.saturating_sub(i64::try_from(recent.keep.as_millis()).unwrap_or(i64::MAX)))
}

fn value<'r>(row: &'r rusqlite::Row<'_>, at: usize) -> SqlResult<Value<'r>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        text @ ValueRef::Text(_) => Value::Text(text.as_str()?.into()),
        ValueRef::Blob(_) => {
            return Err(rusqlite::Error::FromSqlConversionFailure(
                at,
                Type::Blob,
                "no column holds bytes".into(),
            ));
        }
    })
}

/// A value, as a parameter of a statement.
struct Bound<'a>(&'a Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Returns the number of commits.
pub(super) fn commits(connection: &Connection) -> SqlResult<u64> {
    connection.query_row(&format!("SELECT number FROM {}", schema::COMMITS), (), |row| row.get(0))
}

/// Writes the number of commits, to find lost commits after a failure of the disk.
pub(super) fn set_commits(connection: &Connection, number: u64) -> SqlResult<()> {
    let sql = format!("UPDATE {} SET number = ?", schema::COMMITS);
    connection.prepare_cached(&sql)?.execute([number]).map(drop)
}
