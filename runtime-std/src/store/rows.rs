//! Rows of tables: written, removed, restored.

use mmcos_core::row::{Change, Reader, Recent, Restore, Row, Table, Value, check, write};
use mmcos_core::seam::Wall;

use super::sql::{self, Sql, Statements};
use super::{StoreError, StoreFile};

/// The statements for all tables of a game.
#[derive(Debug)]
pub(super) struct Tables {
    file: StoreFile,
    statements: Vec<Statements>,
}

impl Tables {
    /// Returns the statements for a game's records. Fails if its tables do not fit the records.
    pub(super) fn of<R: Row>(file: &StoreFile) -> Result<Self, StoreError> {
        // At the start, not when the first such record is written (decision 0088).
        check::<R>().map_err(|source| file.unfit(source))?;
        let statements = R::SCHEMA.tables.iter().map(|table| Statements::of(R::SCHEMA, table)).collect();
        Ok(Self { file: file.clone(), statements })
    }

    /// Writes or removes the row of a record.
    pub(super) fn put<R: Row>(&self, database: &mut impl Sql, record: &R) -> Result<(), StoreError> {
        let of = |table| self.statements.iter().find(|sql| sql.table == table);
        match write(record).map_err(|source| self.file.unfit(source))? {
            Change::Put(table, values) => of(table).map(|sql| put(database, sql, &values)),
            Change::Remove(table, key) => of(table).map(|sql| database.execute(&sql.remove, &key)),
        }
        .unwrap_or(Ok(()))
    }

    /// Calls `take` with every record that a server is restored from, in the order of the tables.
    pub(super) fn restore<R: Row>(
        &self,
        database: &mut impl Sql,
        now: Wall,
        take: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for Statements { table, restore, .. } in &self.statements {
            let Some(sql) = restore else { continue };
            let reader = Reader::new(table);
            let recent = match table.restore {
                Restore::With(other) => R::SCHEMA.table(other).unwrap_or(table),
                _ => table,
            };
            let oldest = match recent.restore {
                Restore::Recent(rule) => vec![oldest(database, recent, rule, now)?],
                _ => Vec::new(),
            };
            database.query(sql, &oldest, &mut |values| {
                take(reader.read(values).map_err(|source| self.file.unfit(source))?)
            })?;
        }
        Ok(())
    }

    /// Deletes the rows that are no longer of use.
    pub(super) fn forget_unused(&self, database: &mut impl Sql, now: Wall) -> Result<(), StoreError> {
        for table in self.statements.iter().map(|sql| sql.table) {
            let Restore::Recent(recent) = table.restore else { continue };
            if let Some(sql) = sql::forget(table, recent) {
                let oldest = oldest(database, table, recent, now)?;
                database.execute(&sql, &[oldest])?;
            }
        }
        Ok(())
    }
}

fn put(database: &mut impl Sql, sql: &Statements, values: &[Value<'static>]) -> Result<(), StoreError> {
    let key = values.get(..sql.table.key).unwrap_or_default();
    // Before the row is replaced, since the copy is of its last state.
    if let Some((archive, by)) = &sql.archive {
        let new = values.get(*by).unwrap_or(&Value::Null);
        database.execute(archive, &[key, std::slice::from_ref(new)].concat())?;
    }
    if let Some(later) = &sql.remove_later {
        database.execute(later, key)?;
    }
    for erase in &sql.erase {
        database.execute(erase, key)?;
    }
    database.execute(&sql.put, values)
}

/// Returns the time before which a row is not recent.
fn oldest(
    database: &mut impl Sql,
    table: &Table,
    recent: Recent,
    now: Wall,
) -> Result<Value<'static>, StoreError> {
    let last = database.number(&sql::last_time(table, recent))?;
    // A clock that has jumped ahead must not make all rows old.
    let latest = last.map_or(now.as_millis(), |last| last.min(now.as_millis()));
    let keep = i64::try_from(recent.keep.as_millis()).unwrap_or(i64::MAX);
    Ok(Value::Integer(latest.saturating_sub(keep)))
}
