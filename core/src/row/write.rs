//! Converts records to rows.

use alloc::{format, string::String, vec};

use serde_json::{Map, Value as Json};

use super::{Change, Column, Kind, Removal, Row, RowError, Table, Value, Values};

/// Converts a record into the change that it makes to its table.
pub fn write<R: Row>(record: &R) -> Result<Change, RowError> {
    let record = serde_json::to_value(record).map_err(|error| fault(format!("{error}")))?;
    let (variant, content) = match record {
        Json::String(variant) => (variant, Json::Null),
        Json::Object(variants) => variants.into_iter().next().ok_or_else(no_enum)?,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => return Err(no_enum()),
    };
    let removes = |table: &Table| matches!(table.removal, Removal::By(record) if record == variant);
    let mut tables = R::SCHEMA.tables.iter();
    let table = tables.find(|table| table.record == variant || removes(table));
    let table = table.ok_or_else(|| no_table(&variant))?;
    let removes = table.record != variant;
    let columns = if removes { table.key_columns() } else { table.columns };
    let mut row = Target { table, removes, columns, values: vec![Value::Null; columns.len()] };
    match content {
        Json::Object(fields) => row.put_fields("", fields)?,
        // `Gone(track, driver)` has the key without names, as has `Unban(subject)`.
        Json::Array(parts) if removes => {
            (0..).zip(parts).try_for_each(|(index, part)| row.put(index, "", part))?;
        }
        Json::Null => {}
        part => row.put(if removes { 0 } else { usize::MAX }, "", part)?,
    }
    let Target { mut values, .. } = row;
    if values.len() < table.key || values.iter().take(table.key).any(Value::is_null) {
        return Err(fault(format!("a record of {} has no value in its key", table.name)));
    }
    let lacks = |column| table.position(column).and_then(|at| values.get(at)).is_some_and(Value::is_null);
    if removes || matches!(table.removal, Removal::WithoutValue(column) if lacks(column)) {
        values.truncate(table.key);
        return Ok(Change::Remove(table, values));
    }
    Ok(Change::Put(table, values))
}

pub(super) fn no_table(variant: &str) -> RowError {
    fault(format!("no table is for the record {variant}"))
}

pub(super) fn fault(text: String) -> RowError {
    RowError::Schema(text)
}

fn no_enum() -> RowError {
    fault("records must be an enum".into())
}

/// The row that a record becomes.
struct Target {
    table: &'static Table,
    /// True if the record removes its row.
    removes: bool,
    /// Columns that need a value: all, or those of the key.
    columns: &'static [Column],
    values: Values,
}

impl Target {
    /// Writes the fields of a struct, each to its column. `prefix` ends with a dot, unless it is empty.
    fn put_fields(&mut self, prefix: &str, fields: Map<String, Json>) -> Result<(), RowError> {
        for (name, value) in fields {
            let field = format!("{prefix}{name}");
            let inner =
                |column: &Column| column.field.strip_prefix(&field).is_some_and(|rest| rest.starts_with('.'));
            if let Some(index) = self.columns.iter().position(|column| column.field == field) {
                self.put(index, &field, value)?;
            } else if self.columns.iter().any(inner) {
                match value {
                    Json::Object(fields) => self.put_fields(&format!("{field}."), fields)?,
                    Json::Null => {}
                    _ => return Err(self.no_column(&field)),
                }
            } else if !self.removes {
                // A record that removes a row may have fields besides its key; any other would lose this one.
                return Err(self.no_column(&field));
            }
        }
        Ok(())
    }

    fn put(&mut self, index: usize, field: &str, value: Json) -> Result<(), RowError> {
        let (Some(column), Some(place)) = (self.columns.get(index), self.values.get_mut(index)) else {
            return Err(self.no_column(field));
        };
        let converted = match (column.kind, &value) {
            (_, Json::Null) => Some(Value::Null),
            (Kind::Json, value) => Some(Value::Text(format!("{value}").into())),
            (Kind::Integer | Kind::Wide, Json::Bool(is)) => Some(Value::Integer((*is).into())),
            (Kind::Integer | Kind::Wide, Json::Number(number)) => number.as_i64().map(Value::Integer),
            (Kind::Hex, Json::Number(number)) => {
                number.as_u64().map(|bits| Value::Text(format!("{bits:016X}").into()))
            }
            (Kind::Real, Json::Number(number)) if number.is_f64() => number.as_f64().map(Value::Real),
            (Kind::Text, Json::String(text)) => Some(Value::Text(text.clone().into())),
            _ => None,
        };
        *place = converted.ok_or_else(|| {
            let shown = match value {
                Json::Array(_) => "a list".into(),
                Json::Object(_) => "a struct".into(),
                value => format!("{value}"),
            };
            let (Column { name, kind, .. }, table) = (column, self.table.name);
            fault(format!("the column {name} of {table} cannot hold {shown}: its kind is {kind:?}"))
        })?;
        Ok(())
    }

    fn no_column(&self, field: &str) -> RowError {
        fault(format!("the table {} has no column for the field {field}", self.table.name))
    }
}
