//! `SQLite` as a database that executes statements.

use mmcos_core::row::Value;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, Result as SqlResult, ToSql, params_from_iter};

use super::sql::{Dialect, Sql};
use super::{StoreError, StoreFile, schema};

/// A connection, and the file that its errors name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sqlite<'a> {
    pub(super) connection: &'a Connection,
    pub(super) file: &'a StoreFile,
}

impl Sql for Sqlite<'_> {
    const DIALECT: Dialect = Dialect::SQLITE;

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<(), StoreError> {
        let execute = || self.connection.prepare_cached(sql)?.execute(bound(values)).map(drop);
        execute().map_err(|source| self.file.sql(source))
    }

    fn batch(&mut self, statements: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(statements).map_err(|source| self.file.sql(source))
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&[Value<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |source| self.file.sql(source);
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement.query(bound(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            // With its capacity at once: there may be 100,000 rows.
            let mut values = Vec::with_capacity(columns);
            for at in 0..columns {
                values.push(value(row, at).map_err(failed)?);
            }
            take(&values)?;
        }
        Ok(())
    }
}

fn bound<'v>(values: &'v [Value<'v>]) -> rusqlite::ParamsFromIter<impl Iterator<Item = Bound<'v>>> {
    params_from_iter(values.iter().map(Bound))
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
