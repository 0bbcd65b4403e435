//! Converts records to rows.

use alloc::{borrow::ToOwned as _, format, string::String, vec};
use core::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible, SerializeStruct, SerializeStructVariant, SerializeTupleVariant},
};

use super::{Change, Column, Kind, Removal, Row, RowError, Schema, Table, Value, Values};

/// Converts a record into the change that it makes to its table.
pub fn write<R: Row>(record: &R) -> Result<Change, RowError> {
    let (schema, values) = (R::SCHEMA, Values::new());
    let mut row = Target { schema, table: None, removes: false, columns: &[], values, likely: 0 };
    record.serialize(Field { row: &mut row, at: At::Record })?;
    let Target { table: Some(table), mut values, removes, .. } = row else { return Err(no_enum()) };
    let is_removal = removes
        || matches!(table.removal, Removal::WithoutValue(column) if
            table.position(column).and_then(|at| values.get(at)).is_some_and(Value::is_null));
    if values.len() < table.key || values.iter().take(table.key).any(Value::is_null) {
        return Err(fault(format!("a record of {} has no value in its key", table.name)));
    }
    if is_removal {
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

impl ser::Error for RowError {
    fn custom<T: Display>(message: T) -> Self {
        fault(format!("{message}"))
    }
}

/// The row that a record becomes.
struct Target {
    schema: &'static Schema,
    /// Table of the record's variant, once that is known.
    table: Option<&'static Table>,
    /// True if the record removes its row.
    removes: bool,
    /// Columns that need a value: all, or those of the key.
    columns: &'static [Column],
    values: Values,
    /// Likely position of the next field's column: fields and columns mostly have the same order.
    likely: usize,
}

/// A part of a record, to be written to the row.
struct Field<'a> {
    row: &'a mut Target,
    at: At,
}

/// Place of a part of a record.
#[derive(Clone, Copy)]
enum At {
    /// The record itself.
    Record,
    /// The content of its variant.
    Content,
    /// A field with columns for its own fields; the prefix of their names, up to the dot.
    Inside(&'static str),
    /// A field with this column.
    Column(usize, &'static Column),
}

impl Target {
    fn choose(&mut self, variant: &str) -> Result<(), RowError> {
        let is_removed = |table: &Table| matches!(table.removal, Removal::By(record) if record == variant);
        let mut tables = self.schema.tables.iter();
        let table = tables.find(|table| table.record == variant || is_removed(table));
        let table = table.ok_or_else(|| no_table(variant))?;
        self.removes = table.record != variant;
        self.columns = if self.removes { table.key_columns() } else { table.columns };
        self.values = vec![Value::Null; self.columns.len()];
        self.table = Some(table);
        Ok(())
    }

    fn find(&mut self, prefix: &str, name: &str) -> Option<At> {
        let (before, after) = self.columns.split_at_checked(self.likely)?;
        let columns = (self.likely..).zip(after).chain((0..).zip(before));
        let found = columns.into_iter().find_map(|(index, column)| {
            let rest = column.field.strip_prefix(prefix)?.strip_prefix(name)?;
            match rest.strip_prefix('.') {
                _ if rest.is_empty() => Some((index, At::Column(index, column))),
                Some(inner) => Some((index, At::Inside(column.field.strip_suffix(inner)?))),
                None => None,
            }
        });
        let (index, at) = found?;
        self.likely = index;
        Some(at)
    }

    fn put<T: Serialize + ?Sized>(&mut self, at: At, value: &T) -> Result<(), RowError> {
        match at {
            At::Column(index, Column { kind: Kind::Json, .. }) => {
                let text = serde_json::to_string(value).map_err(ser::Error::custom)?;
                self.set(index, if text == "null" { Value::Null } else { Value::Text(text.into()) });
                Ok(())
            }
            _ => value.serialize(Field { row: self, at }),
        }
    }

    fn set(&mut self, index: usize, value: Value<'static>) {
        if let Some(place) = self.values.get_mut(index) {
            *place = value;
        }
    }

    fn name(&self) -> &'static str {
        self.table.map_or("", |table| table.name)
    }

    fn no_column(&self, prefix: &str, field: &str) -> RowError {
        fault(format!("the table {} has no column for the field {prefix}{field}", self.name()))
    }
}

impl<'a> Field<'a> {
    /// Writes a single value.
    fn set(
        self,
        shown: impl Display,
        convert: impl FnOnce(Kind) -> Option<Value<'static>>,
    ) -> Result<(), RowError> {
        let (index, column) = match (self.at, self.row.columns) {
            (At::Column(index, column), _) => (index, column),
            // `Unban(subject)` has the key without a name.
            (At::Content, [column, ..]) if self.row.removes => (0, column),
            (At::Record, _) => return Err(no_enum()),
            (At::Content, _) => return Err(self.row.no_column("", "")),
            (At::Inside(prefix), _) => return Err(self.row.no_column("", prefix.trim_end_matches('.'))),
        };
        let Column { name, kind, .. } = column;
        let Some(value) = convert(*kind) else {
            let table = self.row.name();
            return Err(fault(format!(
                "the column {name} of {table} cannot hold {shown}: its kind is {kind:?}"
            )));
        };
        self.row.set(index, value);
        Ok(())
    }

    fn integer(self, number: i128) -> Result<(), RowError> {
        self.set(number, |kind| match kind {
            Kind::Integer | Kind::Wide => i64::try_from(number).ok().map(Value::Integer),
            Kind::Hex => u64::try_from(number).ok().map(|bits| Value::Text(format!("{bits:016X}").into())),
            Kind::Real | Kind::Text | Kind::Json => None,
        })
    }

    /// Begins the record's variant. Fails for a field: a variant with content is not a single value.
    fn variant(self, variant: &str) -> Result<&'a mut Target, RowError> {
        match self.at {
            At::Record => {
                self.row.choose(variant)?;
                Ok(self.row)
            }
            At::Content | At::Inside(_) | At::Column(..) => Err(self.refused(variant)),
        }
    }

    /// Returns the error for a value that cannot be in a column.
    fn refused(self, what: &str) -> RowError {
        self.set(what, |_| None).err().unwrap_or_else(no_enum)
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, number: $type) -> Result<(), RowError> {
            self.integer(number.into())
        })+
    };
}

impl<'a> Serializer for Field<'a> {
    type Ok = ();
    type Error = RowError;
    type SerializeSeq = Impossible<(), RowError>;
    type SerializeTuple = Impossible<(), RowError>;
    type SerializeTupleStruct = Impossible<(), RowError>;
    type SerializeTupleVariant = Fields<'a>;
    type SerializeMap = Impossible<(), RowError>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    fn serialize_bool(self, is: bool) -> Result<(), RowError> {
        let fits = |kind| matches!(kind, Kind::Integer | Kind::Wide);
        self.set(is, |kind| fits(kind).then(|| Value::Integer(is.into())))
    }

    fn serialize_f32(self, number: f32) -> Result<(), RowError> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), RowError> {
        self.set(number, |kind| (kind == Kind::Real).then_some(Value::Real(number)))
    }

    fn serialize_char(self, char: char) -> Result<(), RowError> {
        self.serialize_str(char.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), RowError> {
        self.set(text, |kind| (kind == Kind::Text).then(|| Value::Text(text.to_owned().into())))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), RowError> {
        self.set(value, |kind| (kind == Kind::Text).then(|| Value::Text(format!("{value}").into())))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), RowError> {
        Err(self.refused("bytes"))
    }

    fn serialize_none(self) -> Result<(), RowError> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), RowError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), RowError> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), RowError> {
        match self.at {
            At::Record => self.row.choose(variant),
            At::Content | At::Inside(_) | At::Column(..) => self.serialize_str(variant),
        }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), RowError> {
        self.variant(variant)?.put(At::Content, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, RowError> {
        Err(self.refused("a list"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, RowError> {
        Err(self.refused("a list"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, RowError> {
        Err(self.refused("a list"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, RowError> {
        Ok(Fields::within(self.variant(variant)?, ""))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RowError> {
        Err(self.refused("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, RowError> {
        match self.at {
            At::Content => Ok(Fields::within(self.row, "")),
            At::Inside(prefix) => Ok(Fields::within(self.row, prefix)),
            At::Record | At::Column(..) => Err(self.refused("a struct")),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, RowError> {
        Ok(Fields::within(self.variant(variant)?, ""))
    }
}

/// Fields of a struct, each in its column; of a variant without names, the columns of the key in their order.
struct Fields<'a> {
    row: &'a mut Target,
    prefix: &'static str,
    next: usize,
}

impl<'a> Fields<'a> {
    const fn within(row: &'a mut Target, prefix: &'static str) -> Self {
        Self { row, prefix, next: 0 }
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), RowError> {
        match self.row.find(self.prefix, name) {
            Some(at) => self.row.put(at, value),
            // A record that removes a row may have fields besides its key.
            None if self.row.removes => Ok(()),
            None => Err(self.row.no_column(self.prefix, name)),
        }
    }
}

macro_rules! by_name {
    ($($of:ident),+) => {
        $(impl $of for Fields<'_> {
            type Ok = ();
            type Error = RowError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), RowError> {
                self.put(name, value)
            }

            fn end(self) -> Result<(), RowError> {
                Ok(())
            }
        })+
    };
}

by_name!(SerializeStruct, SerializeStructVariant);

impl SerializeTupleVariant for Fields<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        let column = self.row.columns.get(self.next).filter(|_| self.row.removes);
        let column = column.ok_or_else(|| self.row.no_column("", ""))?;
        let at = At::Column(self.next, column);
        self.next = self.next.saturating_add(1);
        self.row.put(at, value)
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}
