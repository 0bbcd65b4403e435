//! The tables. All times are in milliseconds since 1970, UTC: `datetime(last_seen / 1000, 'unixepoch')`.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{StoreError, files};

/// `MMCO`: how a store of this program is told from other databases.
const APPLICATION: i64 = 0x4D4D_434F;

/// Each takes a store from the schema of its index to the next.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// Makes the tables, or brings them up to date.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    migrate(connection, path, MIGRATIONS)
}

/// Whether this is a store that this version can read.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let schema = version(connection, path)?;
    let known = MIGRATIONS.len();
    match schema {
        0 => Err(StoreError::Foreign { path: path.to_owned() }),
        found if found > known => Err(StoreError::Later { path: path.to_owned(), found, known }),
        _ => Ok(()),
    }
}

fn migrate(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let (schema, known) = (version(connection, path)?, migrations.len());
    if schema > known {
        return Err(StoreError::Later { path: path.to_owned(), found: schema, known });
    }
    let steps = migrations.get(schema..).unwrap_or_default();
    if steps.is_empty() {
        return Ok(());
    }
    if schema > 0 {
        let copy = copy_name(path, schema);
        log::info!("bringing {} up to date; a copy of it as it was is {}", path.display(), copy.display());
        // One that is there is of an attempt that failed. It stays until another is whole.
        let new = files::beside(&copy, ".new");
        let _ = std::fs::remove_file(&new);
        files::copy(connection, path, &new)?;
        std::fs::rename(&new, &copy).map_err(|source| StoreError::file(&copy, source))?;
    }
    let apply = || {
        let transaction = connection.unchecked_transaction()?;
        for step in steps {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", i64::try_from(known).unwrap_or(i64::MAX))?;
        transaction.commit()
    };
    apply().map_err(|source| StoreError::sql(path, source))
}

/// The schema of a store; 0 if the file is empty.
fn version(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let read = || {
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    let (application, version, tables) = read().map_err(|source| StoreError::sql(path, source))?;
    match (application, usize::try_from(version)) {
        (APPLICATION, Ok(version)) => Ok(version),
        (0, Ok(0)) if tables == 0 => Ok(0),
        _ => Err(StoreError::Foreign { path: path.to_owned() }),
    }
}

fn copy_name(path: &Path, schema: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{schema}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::tests::Scratch;

    const FIRST: &str = "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1);";
    const SECOND: &str = "ALTER TABLE t ADD COLUMN b INTEGER; UPDATE t SET b = a + 1;";

    fn sum(path: &Path, expression: &str) -> rusqlite::Result<i64> {
        Connection::open(path)?.query_row(&format!("SELECT sum({expression}) FROM t"), (), |row| row.get(0))
    }

    #[test]
    fn an_old_store_is_copied_and_then_brought_up_to_date_once() {
        let Scratch(dir) = &Scratch::new("migrate");
        let path = dir.file("t.db");
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, &[FIRST]).unwrap();
        assert!(!dir.file("t.db.schema-0").exists(), "there was nothing to copy");
        migrate(&connection, &path, &[FIRST]).unwrap();
        std::fs::write(dir.file("t.db.schema-1"), b"of an attempt that failed").unwrap();
        migrate(&connection, &path, &[FIRST, SECOND]).unwrap();
        migrate(&connection, &path, &[FIRST, SECOND]).unwrap();
        assert_eq!(sum(&path, "a + b"), Ok(3));
        assert_eq!(sum(&dir.file("t.db.schema-1"), "a"), Ok(1));
        assert!(sum(&dir.file("t.db.schema-1"), "b").is_err());
        let message = migrate(&connection, &path, &[FIRST]).unwrap_err().to_string();
        assert!(message.contains("later mmcos (its schema is 2, this version knows 1)"), "{message}");
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let Scratch(dir) = &Scratch::new("migrate-fails");
        let path = dir.file("t.db");
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, &[FIRST]).unwrap();
        assert!(migrate(&connection, &path, &[FIRST, "DELETE FROM t; nonsense;"]).is_err());
        assert_eq!(sum(&path, "a"), Ok(1));
        assert_eq!(sum(&dir.file("t.db.schema-1"), "a"), Ok(1), "the copy stays");
        migrate(&connection, &path, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn final_standings_of_before_schema_4_stay_as_they_were() {
        let Scratch(dir) = &Scratch::new("migrate-standings");
        let path = dir.file("t.db");
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, &MIGRATIONS[..3]).unwrap();
        let rows = "INSERT INTO seasons VALUES (55, 1), (56, 2), (57, 3);
            INSERT INTO standings VALUES (55, 1, 0, 10, 0, NULL, 'Boxes:4:'), (55, 2, 1, 5, 0, NULL, 'Boxes:1:'),
                (56, 1, 1, 900, 1, 'Boxes:1:', 'Boxes:4:'), (56, 2, 2, 900, 2, 'Boxes:2:', 'Boxes:1:'),
                (56, 3, 0, 950, 1, 'Boxes:1:', 'Boxes:4:'), (56, 4, 3, 0, 0, NULL, NULL);";
        connection.execute_batch(rows).unwrap();
        let standings = || -> Vec<String> {
            let columns = "quote(season) || quote(user_id) || quote(rank) || quote(points) || quote(division) \
                || quote(division_prize) || quote(rank_prize)";
            let sql = format!("SELECT {columns} FROM standings ORDER BY season, user_id");
            let mut statement = connection.prepare(&sql).unwrap();
            let rows = statement.query_map((), |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let before = standings();
        assert_eq!(before.len(), 6);
        migrate(&connection, &path, MIGRATIONS).unwrap();
        assert_eq!(standings(), before);
    }

    #[test]
    fn a_database_of_something_else_is_left_alone() {
        let Scratch(dir) = &Scratch::new("foreign");
        let path = dir.file("t.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(FIRST).unwrap();
        assert!(matches!(prepare(&connection, &path), Err(StoreError::Foreign { .. })));
        assert!(matches!(check(&connection, &path), Err(StoreError::Foreign { .. })));
    }
}
