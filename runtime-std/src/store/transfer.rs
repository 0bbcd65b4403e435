//! All rows of a store, copied to another database and compared there.

use mmcos_core::row::{Schema, Value};
use sha1::{Digest as _, Sha1};

use super::sql::{Sql, Stored};
use super::{StoreError, schema};

/// Tables as they were read: the number of rows, and a digest of their values, for each.
pub(super) type Contents = Vec<(&'static str, u64, [u8; 20])>;

/// Copies all rows to tables that are empty. The caller has begun a transaction in both databases.
pub(super) fn copy(from: &mut impl Sql, to: &mut impl Sql, schema: &Schema) -> Result<(), StoreError> {
    for table in Stored::all(schema) {
        let insert = table.insert();
        from.query(&table.select(), &[], &mut |row| to.execute(&insert, row))?;
    }
    Ok(())
}

/// Removes all rows.
pub(super) fn clear(database: &mut impl Sql, schema: &Schema) -> Result<(), StoreError> {
    let tables = Stored::all(schema);
    tables.iter().try_for_each(|table| database.execute(&format!("DELETE FROM \"{}\"", table.name), &[]))
}

/// Reads all rows.
pub(super) fn contents(database: &mut impl Sql, schema: &Schema) -> Result<Contents, StoreError> {
    let mut contents = Contents::new();
    for table in Stored::all(schema) {
        let (mut rows, mut digest) = (0_u64, Sha1::new());
        database.query(&table.select(), &[], &mut |row| {
            rows = rows.saturating_add(1);
            for value in row {
                add(&mut digest, value);
            }
            Ok(())
        })?;
        contents.push((table.name, rows, digest.finalize().into()));
    }
    Ok(contents)
}

fn add(digest: &mut Sha1, value: &Value<'_>) {
    match value {
        Value::Null => digest.update([0]),
        Value::Integer(number) => digest.update([&[1], &number.to_be_bytes()[..]].concat()),
        Value::Real(number) => digest.update([&[2], &number.to_bits().to_be_bytes()[..]].concat()),
        Value::Text(text) => {
            // PostgreSQL cannot hold this character: see its `Parameter`.
            let text = text.replace('\0', "\u{fffd}");
            digest.update([&[3], &text.len().to_be_bytes()[..], text.as_bytes()].concat());
        }
    }
}

/// Returns the tables and columns of a database that this version does not know, so that a copy would lose them.
pub(super) fn unknown<S: Sql>(database: &mut S, schema: &Schema) -> Result<Vec<String>, StoreError> {
    let tables = Stored::all(schema);
    let mut unknown = Vec::new();
    for name in database.texts(S::DIALECT.tables, &[])? {
        if let Some(table) = tables.iter().find(|table| table.name == name) {
            let columns = schema::columns(database, &name)?;
            let new = columns.iter().filter(|name| table.columns.iter().all(|column| column.name != **name));
            unknown.extend(new.map(|column| format!("{name}.{column}")));
        } else if name != schema::COMMITS && schema.views.iter().all(|view| view.name != name) {
            unknown.push(name);
        }
    }
    Ok(unknown)
}
