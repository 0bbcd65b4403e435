//! The tables in the file: made, migrated, completed with the columns and views of the game. All times are in
//! milliseconds since 1970, UTC: `datetime(last_seen / 1000, 'unixepoch')`.

use std::path::{Path, PathBuf};

use mmcos_core::row::{Schema, Value};
use rusqlite::Connection;

use super::sql::{self, Sql, Stored};
use super::sqlite::Sqlite;
use super::{StoreError, StoreFile, files};

/// Table with the number of commits. It has one row.
pub(super) const COMMITS: &str = "commits";

/// Makes a new file, or brings an old one up to date. A copy of the old one stays beside it.
pub(super) fn prepare(connection: &Connection, file: &StoreFile) -> Result<(), StoreError> {
    let found = version(connection, file)?;
    if let Some(found) = found.filter(|found| *found < file.schema.migrations.len()) {
        let copy = copy_name(&file.path, found);
        log::info!(
            "updating {} for this version; a copy of the old file is {}",
            file.path.display(),
            copy.display()
        );
        // An existing file is of a failed attempt. It stays until another is whole.
        let new = files::beside(&copy, ".new");
        let _ = std::fs::remove_file(&new);
        files::copy(connection, file, &new)?;
        std::fs::rename(&new, &copy).map_err(|source| StoreError::file(&copy, source))?;
    }
    update(connection, file)
}

/// Adds everything of this version that the file lacks, or nothing.
pub(super) fn update(connection: &Connection, file: &StoreFile) -> Result<(), StoreError> {
    let schema = file.schema;
    let failed = |source| file.sql(source);
    let found = version(connection, file)?;
    let steps = found.and_then(|found| schema.migrations.get(found..)).unwrap_or_default();
    // Without changes to make, a start does not wait for a lock.
    if found.is_some() && steps.is_empty() && missing(&mut Sqlite { connection, file }, schema)?.is_empty() {
        return Ok(());
    }
    // All or nothing: after a step that fails, the store is as it was.
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    // First: a step may rename a column, which would otherwise be missing and added.
    steps.iter().try_for_each(|step| transaction.execute_batch(step)).map_err(failed)?;
    complete(&transaction, file)?;
    transaction.commit().map_err(failed)
}

/// Checks that this is a store that this version can read. Returns true if it is up to date.
pub(super) fn check(connection: &Connection, file: &StoreFile) -> Result<bool, StoreError> {
    let version = version(connection, file)?.ok_or_else(|| file.foreign())?;
    let is_complete = missing(&mut Sqlite { connection, file }, file.schema)?.is_empty();
    Ok(version == file.schema.migrations.len() && is_complete)
}

/// Executes the statements for everything that is missing.
fn complete(connection: &Connection, file: &StoreFile) -> Result<(), StoreError> {
    let mut database = Sqlite { connection, file };
    missing(&mut database, file.schema)?.iter().try_for_each(|statement| database.batch(statement))?;
    let version = i64::try_from(file.schema.migrations.len()).unwrap_or(i64::MAX);
    // In the header of the file, so the transaction covers them too.
    let mark = |name, value| connection.pragma_update(None, name, value);
    mark("application_id", application_id(file.schema.name))
        .and_then(|()| mark("user_version", version))
        .map_err(|source| file.sql(source))
}

/// Returns the statements that make the tables, columns and views that a database lacks.
pub(super) fn missing<S: Sql>(database: &mut S, schema: &Schema) -> Result<Vec<String>, StoreError> {
    let mut statements = Vec::new();
    if definition(database, COMMITS)?.is_none() {
        statements.push(S::DIALECT.commits.to_owned());
    }
    for table in Stored::all(schema) {
        if definition(database, table.name)?.is_none() {
            statements.push(table.create(&S::DIALECT));
        } else if schema.table(table.name).is_some() {
            let columns = columns(database, table.name)?;
            let added = table.columns.iter().filter(|column| !columns.iter().any(|name| name == column.name));
            // No migration for a new field: serde fills it in rows without a value (decision 0088).
            let add =
                |column| format!("ALTER TABLE \"{}\" ADD COLUMN {}", table.name, S::DIALECT.describe(column));
            statements.extend(added.map(add));
        }
    }
    for view in schema.views {
        let wanted = sql::create_view(view);
        let found = definition(database, view.name)?;
        if found.as_ref() != Some(&wanted) {
            // A view holds no data, so it can be made anew.
            let drop = if found.is_some() { format!("DROP VIEW \"{}\"; ", view.name) } else { String::new() };
            statements.push(drop + &wanted + &S::DIALECT.note(view.name, &wanted));
        }
    }
    Ok(statements)
}

/// Returns the definition of a table or view, or any text in its place; `None` if there is none.
pub(super) fn definition<S: Sql>(database: &mut S, name: &str) -> Result<Option<String>, StoreError> {
    Ok(database.texts(S::DIALECT.definition, &[text(name)])?.pop())
}

/// Returns the names of a table's or view's columns.
pub(super) fn columns<S: Sql>(database: &mut S, table: &str) -> Result<Vec<String>, StoreError> {
    database.texts(S::DIALECT.columns, &[text(table)])
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

/// Returns the version of a store; `None` if the file is empty.
fn version(connection: &Connection, file: &StoreFile) -> Result<Option<usize>, StoreError> {
    let read = || -> rusqlite::Result<_> {
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    let (application, version, tables) = read().map_err(|source| file.sql(source))?;
    let known = file.schema.migrations.len();
    match (application, usize::try_from(version)) {
        (found, Ok(version)) if found == application_id(file.schema.name) => {
            if version > known {
                let (path, program) = (file.path.clone(), file.schema.name);
                return Err(StoreError::Later { path, program, found: version, known });
            }
            Ok(Some(version))
        }
        // A file that was just made, or whose first start was cut short.
        (0, Ok(0)) if tables == 0 => Ok(None),
        // Never written to: it may be the database of another program.
        _ => Err(file.foreign()),
    }
}

/// Returns the id by which a store of this program differs from other databases: the first four letters of its name.
fn application_id(program: &str) -> i64 {
    let mut letters = program.bytes().map(|letter| letter.to_ascii_uppercase());
    // The pragma holds a signed 32-bit number.
    i64::from(i32::from_be_bytes(std::array::from_fn(|_| letters.next().unwrap_or_default())))
}

fn copy_name(path: &Path, schema: usize) -> PathBuf {
    files::beside(path, &format!(".schema-{schema}"))
}
