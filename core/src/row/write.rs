//! Records to rows.

use alloc::{format, string::String, vec, vec::Vec};

use serde_json::Value as Json;

use super::{Change, Column, Kind, Removal, Row, RowError, Table, Value, Values};

/// Converts a record into what it does to its table.
pub fn write<R: Row>(record: &R) -> Result<Change, RowError> {
    let json = serde_json::to_value(record).map_err(|error| fault(format!("{error}")))?;
    let (variant, content) = match json {
        Json::String(variant) => (variant, Json::Null),
        Json::Object(fields) => fields.into_iter().next().unwrap_or_default(),
        _ => return Err(fault("records must be an enum".into())),
    };
    for table in R::SCHEMA.tables {
        if table.record == variant {
            return put(table, content);
        }
        if matches!(table.removal, Removal::By(record) if record == variant) {
            return remove(table, content);
        }
    }
    Err(no_table(&variant))
}

pub(super) fn no_table(variant: &str) -> RowError {
    fault(format!("no table is for the record {variant}"))
}

fn put(table: &'static Table, mut content: Json) -> Result<Change, RowError> {
    let values = take_columns(table, table.columns, &mut content)?;
    if let Some(field) = leftover(&content, "", table) {
        return Err(fault(format!("the table {} has no column for the field {field}", table.name)));
    }
    let without = |column| table.position(column).and_then(|at| values.get(at)).is_some_and(Value::is_null);
    match table.removal {
        Removal::WithoutValue(column) if without(column) => Ok(Change::Remove(table, key(table, values)?)),
        _ if values.iter().take(table.key).any(Value::is_null) => Err(no_key(table)),
        _ => Ok(Change::Put(table, values)),
    }
}

fn remove(table: &'static Table, mut content: Json) -> Result<Change, RowError> {
    let columns = table.key_columns();
    let values = match content {
        Json::Object(_) => take_columns(table, columns, &mut content)?,
        Json::Array(values) => convert(table, columns, values)?,
        value => convert(table, columns, vec![value])?,
    };
    Ok(Change::Remove(table, key(table, values)?))
}

fn key(table: &Table, mut values: Values) -> Result<Values, RowError> {
    values.truncate(table.key);
    if values.len() < table.key || values.iter().any(Value::is_null) {
        return Err(no_key(table));
    }
    Ok(values)
}

fn no_key(table: &Table) -> RowError {
    fault(format!("a record of {} has no value in its key", table.name))
}

fn take_columns(table: &Table, columns: &[Column], content: &mut Json) -> Result<Values, RowError> {
    let fields = columns.iter().map(|column| take(content, column.field)).collect();
    convert(table, columns, fields)
}

fn convert(table: &Table, columns: &[Column], fields: Vec<Json>) -> Result<Values, RowError> {
    let values = columns.iter().zip(fields).map(|(column, field)| {
        let found = |field: Json| {
            let Column { name, kind, .. } = column;
            fault(format!("the column {name} of {} cannot hold {field}: its kind is {kind:?}", table.name))
        };
        column.kind.value(field).map_err(found)
    });
    values.collect()
}

/// Takes a field out of nested objects.
fn take(from: &mut Json, path: &str) -> Json {
    let Json::Object(fields) = from else { return Json::Null };
    match path.split_once('.') {
        None => fields.remove(path).unwrap_or_default(),
        Some((outer, inner)) => fields.get_mut(outer).map_or(Json::Null, |from| take(from, inner)),
    }
}

/// Returns a field that no column has taken: it would be lost.
fn leftover(content: &Json, path: &str, table: &Table) -> Option<String> {
    let is_absent_part = || table.columns.iter().any(|column| is_inside(column.field, path));
    match content {
        Json::Object(fields) => fields.iter().find_map(|(name, field)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            leftover(field, &path, table)
        }),
        Json::Null if path.is_empty() || is_absent_part() => None,
        _ => Some(path.into()),
    }
}

fn is_inside(field: &str, outer: &str) -> bool {
    field.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

impl Kind {
    /// Converts a field. Returns it again if this is not its kind.
    fn value(self, field: Json) -> Result<Value<'static>, Json> {
        let number = |value: Option<Value<'static>>| value.ok_or_else(|| field.clone());
        match (self, &field) {
            (_, Json::Null) => Ok(Value::Null),
            (Self::Json, json) => Ok(Value::Text(format!("{json}").into())),
            (Self::Integer | Self::Wide, Json::Bool(is)) => Ok(Value::Integer((*is).into())),
            (Self::Integer | Self::Wide, json) => number(json.as_i64().map(Value::Integer)),
            (Self::Hex, json) => number(json.as_u64().map(|bits| Value::Text(format!("{bits:016X}").into()))),
            (Self::Real, json) => number(json.as_f64().map(Value::Real)),
            (Self::Text, _) => match field {
                Json::String(text) => Ok(Value::Text(text.into())),
                other => Err(other),
            },
        }
    }
}

pub(super) fn fault(text: String) -> RowError {
    RowError::Schema(text)
}
