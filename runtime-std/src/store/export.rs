//! All tables as one JSON object of arrays of rows.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use mmcos_core::row::{Kind, Schema, Value};

use super::sql::Sql;
use super::{StoreError, schema};

/// Writes all tables. The caller has begun a transaction, so that they are of the same moment. A reader that closes
/// early is not an error.
pub(super) fn export<S: Sql>(
    database: &mut S,
    schema: &Schema,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let mut export = || {
        let mut before = "{";
        for table in database.texts(S::DIALECT.tables, &[])? {
            // Tables that say nothing about players, or nothing that a view does not show.
            if table == schema::COMMITS || schema.views.iter().any(|view| view.covers == Some(&table)) {
                continue;
            }
            write!(out, "{before}\n\"{table}\": [").map_err(unwritten)?;
            rows(database, schema, &table, out)?;
            write!(out, "]").map_err(unwritten)?;
            before = ",";
        }
        writeln!(out, "\n}}").and_then(|()| out.flush()).map_err(unwritten)
    };
    match export() {
        Err(StoreError::File(_, error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn unwritten(source: io::Error) -> StoreError {
    StoreError::file(Path::new("the output"), source)
}

fn rows<S: Sql>(
    database: &mut S,
    schema: &Schema,
    table: &str,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let columns = schema::columns(database, table)?;
    // In a view and in a history, columns have the name of their source.
    let tables = || schema.table(table).into_iter().chain(schema.tables);
    let kind = |name: &str| tables().find_map(|table| table.column(name)).map(|column| column.kind);
    let columns: Vec<(String, Option<Kind>)> =
        columns.into_iter().map(|name| (format!("\"{name}\""), kind(&name))).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| &**name).collect();
    let first = names.first().copied().unwrap_or("1");
    let sql = format!("SELECT {} FROM \"{table}\" ORDER BY {first}", names.join(", "));
    let mut before = "\n";
    database.query(&sql, &[], &mut |values| {
        let mut row = String::new();
        for ((name, kind), value) in columns.iter().zip(values) {
            let comma = if row.is_empty() { "" } else { "," };
            row.extend([comma, name, ":", &json(*kind, value)]);
        }
        write!(out, "{before}{{{row}}}").map_err(unwritten)?;
        before = ",\n";
        Ok(())
    })
}

fn json(kind: Option<Kind>, value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        // JavaScript and others hold numbers as `f64`, and would confuse players.
        Value::Integer(number) if kind == Some(Kind::Wide) => format!("\"{number}\""),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => serde_json::Value::from(*number).to_string(),
        // A value of its own, not JSON within a string.
        Value::Text(text) if kind == Some(Kind::Json) && is_json(text) => text.clone().into_owned(),
        Value::Text(text) => serde_json::Value::from(&**text).to_string(),
    }
}

/// Returns whether a text is JSON. One that was edited by hand may be anything, and must not spoil the export.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}
