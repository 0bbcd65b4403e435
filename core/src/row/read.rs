//! Converts rows to records.

use alloc::vec::Vec;

use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapAccessDeserializer, MapDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Error;

use super::{Kind, Row, RowError, Table, Value};

/// Reads rows of a table.
#[derive(Debug)]
pub struct Reader {
    table: &'static Table,
    fields: Fields,
}

/// Fields of a struct, and their places.
type Fields = Vec<(&'static str, Place)>;

#[derive(Debug)]
enum Place {
    Column(usize, Kind),
    Inside(Fields),
}

impl Reader {
    /// Returns a reader of this table.
    pub fn new(table: &'static Table) -> Self {
        let mut fields = Fields::new();
        for (index, column) in table.columns.iter().enumerate() {
            insert(&mut fields, column.field, Place::Column(index, column.kind));
        }
        Self { table, fields }
    }

    /// Converts a row, with its values in the order of the table's columns.
    pub fn read<R: Row>(&self, values: &[Value<'_>]) -> Result<R, RowError> {
        let struct_of_fields = Field { place: At::Inside(&self.fields), values };
        let variant = MapDeserializer::new(core::iter::once((self.table.record, struct_of_fields)));
        R::deserialize(MapAccessDeserializer::new(variant))
            .map_err(|source| RowError::Row { table: self.table.name, source })
    }
}

fn insert(fields: &mut Fields, path: &'static str, place: Place) {
    let Some((outer, inner)) = path.split_once('.') else { return fields.push((path, place)) };
    if let Some((_, Place::Inside(fields))) = fields.iter_mut().find(|(name, _)| *name == outer) {
        insert(fields, inner, place);
    } else {
        let mut within = Fields::new();
        insert(&mut within, inner, place);
        fields.push((outer, Place::Inside(within)));
    }
}

/// A field of a row. Serde reads its value.
#[derive(Clone, Copy)]
struct Field<'a> {
    place: At<'a>,
    values: &'a [Value<'a>],
}

#[derive(Clone, Copy)]
enum At<'a> {
    Column(&'a Value<'a>, Kind),
    Inside(&'a Fields),
}

impl<'a> Field<'a> {
    fn of(place: &'a Place, values: &'a [Value<'a>]) -> Self {
        let place = match place {
            Place::Column(index, kind) => At::Column(values.get(*index).unwrap_or(&Value::Null), *kind),
            Place::Inside(fields) => At::Inside(fields),
        };
        Self { place, values }
    }

    /// Returns true if the columns are empty. Serde then treats the field as missing: `None`, or the value of
    /// `#[serde(default)]`.
    fn is_missing(&self) -> bool {
        match self.place {
            At::Column(value, _) => value.is_null(),
            At::Inside(fields) => fields.iter().all(|(_, place)| Self::of(place, self.values).is_missing()),
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Field<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Field<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let wrong =
            |text: &str| serde::de::Error::custom(format_args!("{text:?} is no number of 16 hex digits"));
        match self.place {
            At::Inside(fields) => {
                let fields = fields.iter().map(|(name, place)| (*name, Self::of(place, self.values)));
                MapDeserializer::new(fields.filter(|(_, field)| !field.is_missing())).deserialize_any(visitor)
            }
            At::Column(Value::Text(text), Kind::Json) => json(text).deserialize_any(visitor),
            At::Column(Value::Text(text), Kind::Hex) => {
                visitor.visit_u64(u64::from_str_radix(text, 16).map_err(|_| wrong(text))?)
            }
            At::Column(Value::Text(text), _) => visitor.visit_borrowed_str(text),
            At::Column(Value::Integer(number), _) => visitor.visit_i64(*number),
            At::Column(Value::Real(number), _) => visitor.visit_f64(*number),
            At::Column(Value::Null, _) => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.place {
            At::Column(Value::Integer(number), _) => visitor.visit_bool(*number != 0),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.place {
            At::Column(Value::Text(text), Kind::Json) => json(text).deserialize_enum(name, variants, visitor),
            At::Column(Value::Text(text), _) => visitor.visit_enum((&**text).into_deserializer()),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// Returns a deserializer of the contents of a [`Kind::Json`] column.
fn json(text: &str) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(text)
}
