//! The tables in the file: made, migrated, completed with the columns and views of the game. All times are in
//! milliseconds since 1970, UTC: `datetime(last_seen / 1000, 'unixepoch')`.

use std::path::{Path, PathBuf};

use mmcos_core::row::Schema;
use rusqlite::{Connection, OptionalExtension as _, Result as SqlResult};

use super::{StoreError, StoreFile, files, sql};

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
    if found.is_some() && steps.is_empty() && missing(connection, schema).map_err(failed)?.is_empty() {
        return Ok(());
    }
    // All or nothing: after a step that fails, the store is as it was.
    in_one(connection, |connection| {
        // First: a step may rename a column, which would otherwise be missing and added.
        steps.iter().try_for_each(|step| connection.execute_batch(step))?;
        complete(connection, schema)
    })
    .map_err(failed)
}

/// Checks that this is a store that this version can read. Returns true if it is up to date.
pub(super) fn check(connection: &Connection, file: &StoreFile) -> Result<bool, StoreError> {
    let version = version(connection, file)?.ok_or_else(|| file.foreign())?;
    let is_complete = missing(connection, file.schema).map_err(|source| file.sql(source))?.is_empty();
    Ok(version == file.schema.migrations.len() && is_complete)
}

/// Makes all changes, or none.
fn in_one(connection: &Connection, change: impl FnOnce(&Connection) -> SqlResult<()>) -> SqlResult<()> {
    let transaction = connection.unchecked_transaction()?;
    change(&transaction)?;
    transaction.commit()
}

/// Executes the statements for everything that is missing.
fn complete(connection: &Connection, schema: &Schema) -> SqlResult<()> {
    missing(connection, schema)?.iter().try_for_each(|statement| connection.execute_batch(statement))?;
    // In the header of the file, so the transaction covers them too.
    connection.pragma_update(None, "application_id", application_id(schema.name))?;
    connection.pragma_update(None, "user_version", i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX))
}

/// Returns the statements that make the tables, columns and views that the file lacks.
fn missing(connection: &Connection, schema: &Schema) -> SqlResult<Vec<String>> {
    let mut statements = Vec::new();
    let mut definition = connection.prepare("SELECT sql FROM sqlite_schema WHERE name = ?")?;
    let mut definition = |name: &str| -> SqlResult<Option<String>> {
        definition.query_row([name], |row| row.get(0)).optional()
    };
    if definition(COMMITS)?.is_none() {
        statements.push(format!(
            "CREATE TABLE {COMMITS} (number INTEGER NOT NULL) STRICT; INSERT INTO {COMMITS} VALUES (0)"
        ));
    }
    for table in schema.tables {
        if definition(table.name)?.is_none() {
            statements.push(sql::create(table));
        } else {
            let columns = columns(connection, table.name)?;
            let added = table.columns.iter().filter(|column| !columns.iter().any(|name| name == column.name));
            // No migration for a new field: serde fills it in rows without a value (decision 0088).
            let add = |column| format!("ALTER TABLE \"{}\" ADD COLUMN {}", table.name, sql::describe(column));
            statements.extend(added.map(add));
        }
        if let Some(history) = table.history
            && definition(history.table)?.is_none()
        {
            statements.push(sql::create_history(table, history));
        }
    }
    for view in schema.views {
        let wanted = sql::create_view(view);
        let found = definition(view.name)?;
        if found.as_ref() != Some(&wanted) {
            // A view holds no data, so it can be made anew.
            let drop = if found.is_some() { format!("DROP VIEW \"{}\"; ", view.name) } else { String::new() };
            statements.push(drop + &wanted);
        }
    }
    Ok(statements)
}

/// Returns the names of a table's or view's columns.
pub(super) fn columns(connection: &Connection, table: &str) -> SqlResult<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// Returns the version of a store; `None` if the file is empty.
fn version(connection: &Connection, file: &StoreFile) -> Result<Option<usize>, StoreError> {
    let read = || {
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
