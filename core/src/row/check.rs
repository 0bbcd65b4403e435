//! Checks that tables describe their records.

use alloc::{format, vec::Vec};

use serde::{Deserializer, de::Visitor, forward_to_deserialize_any};

use super::{
    Column, History, Owned, Removal, Restore, Row, RowError, Schema, Table,
    write::{fault, no_table},
};

/// Name of a table that every store uses itself.
const RESERVED: &str = "commits";

/// Checks that every record has its table, and that the tables make sense. A store does so before it opens. A field
/// without a column shows only in a record: [`write`](fn@super::write) refuses a record that would lose a field.
pub fn check<R: Row>() -> Result<(), RowError> {
    let schema = R::SCHEMA;
    let mut records = Vec::new();
    for table in schema.tables {
        check_table(table, schema)?;
        records.push(table.record);
        if let Removal::By(record) = table.removal {
            records.push(record);
        }
    }
    if schema.table(schema.counted).is_none() {
        return Err(fault(format!("no table has the name {}", schema.counted)));
    }
    let mut variants = Vec::from(variants::<R>());
    variants.sort_unstable();
    records.sort_unstable();
    let lonely = |one: &[&'static str], other: &[&'static str]| {
        one.iter().copied().find(|name| other.binary_search(name).is_err())
    };
    if let Some(variant) = lonely(&variants, &records) {
        return Err(no_table(variant));
    }
    if let Some(record) = lonely(&records, &variants) {
        return Err(fault(format!("there is no record {record}")));
    }
    if records.len() > variants.len() {
        return Err(fault("two tables are for the same record".into()));
    }
    Ok(())
}

fn check_table(table: &Table, schema: &Schema) -> Result<(), RowError> {
    let wrong = |what: &str| Err(fault(format!("the table {}: {what}", table.name)));
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    if !is_name(table.name) || table.columns.iter().any(|column| !is_name(column.name)) {
        return wrong("a name is not made of letters, digits and _");
    }
    if table.name == RESERVED {
        return wrong("the name is the store's own");
    }
    if schema.tables.iter().filter(|other| other.name == table.name).count() > 1 {
        return wrong("another has the same name");
    }
    if table.columns.iter().enumerate().any(|(index, column)| table.position(column.name) != Some(index)) {
        return wrong("two columns have the same name");
    }
    let is_inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let shares_field = |(index, column): (usize, &Column)| {
        let others = table.columns.iter().enumerate().filter(|(other, _)| *other != index);
        others.into_iter().any(|(_, other)| is_inside(column.field, other.field))
    };
    if table.columns.iter().enumerate().any(shares_field) {
        return wrong("a field is in two columns, or in one that is inside of another");
    }
    if table.key == 0 || table.key > table.columns.len() {
        return wrong("the key is not its first columns");
    }
    let is_column = |name: &str| table.position(name).is_some();
    let named = match table.removal {
        Removal::WithoutValue(column) => is_column(column),
        Removal::Never | Removal::By(_) => true,
    };
    let restored = match table.restore {
        Restore::Recent(recent) => is_column(recent.time) && recent.unused_without.is_none_or(is_column),
        Restore::With(other) => schema.table(other).is_some_and(|other| {
            let is_chosen = matches!(other.restore, Restore::All | Restore::Latest | Restore::Recent(_));
            is_chosen && other.key <= table.key
        }),
        Restore::All | Restore::Latest | Restore::Nothing => true,
    };
    let archived = table.history.is_none_or(|history| {
        let is_new = is_name(history.table) && schema.table(history.table).is_none();
        is_new && is_column(history.by) && history.columns.iter().copied().all(is_column)
    });
    let is_there = |owned: &Owned| {
        schema.tables.iter().any(|other| {
            let has_copies = |history: History| {
                history.table == owned.table
                    && (history.by == owned.column
                        || history.columns.contains(&owned.column)
                        || other.key_columns().iter().any(|column| column.name == owned.column))
            };
            (other.name == owned.table && other.position(owned.column).is_some())
                || other.history.is_some_and(has_copies)
        })
    };
    let erased = table.erases.is_empty() || (table.key == 1 && table.erases.iter().all(is_there));
    if named && restored && archived && erased { Ok(()) } else { wrong("a rule names what is not there") }
}

/// Returns the names of an enum's variants.
fn variants<R: Row>() -> &'static [&'static str] {
    let mut found: &[&str] = &[];
    // Deserialising fails by design: there is no data to read.
    let _ = R::deserialize(Probe(&mut found));
    found
}

struct Probe<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("nothing to read"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = variants;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
