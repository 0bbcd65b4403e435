//! From elements to values, by way of serde.

use alloc::borrow::Cow;

use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, CowStrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    error::Error,
    reader::{Event, Limits, Reader, Tag},
};

/// Reads a document whose root element is `root` into a `T`.
///
/// - A struct is an element with elements in it, in any order. Unknown ones are passed over, missing ones are an
///   error (or `None`, or the default, where the type says so), repeated ones too.
/// - An `Option` is `None` where the element carries `i:nil="true"` or is empty.
/// - A sequence is a run of elements of one name, next to each other: in `DataContract` lists, the only content of an
///   element around them, which makes a struct of its own.
/// - Numbers, booleans (`true`, `false`, `1`, `0`), texts and enums without data are the text of an element.
///
/// ```
/// use mmcos_core::wire::xml::{Error, Limits, from_bytes};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct AddPoints<'a> {
///     #[serde(borrow)]
///     race_key: std::borrow::Cow<'a, str>,
///     points: i32,
///     level: Option<u16>,
/// }
///
/// let body = b"<AddPoints>\r\n  <RaceKey>FBAA</RaceKey>\r\n  <Points>-40</Points>\r\n</AddPoints>";
/// let request: AddPoints = from_bytes(body, "AddPoints", &Limits::default())?;
/// assert_eq!((&*request.race_key, request.points, request.level), ("FBAA", -40, None));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// See [`Error`]; those of a value name its element.
pub fn from_bytes<'a, T: Deserialize<'a>>(
    document: &'a [u8],
    root: &str,
    limits: &Limits,
) -> Result<T, Error> {
    let mut reader = Reader::new(document, limits)?;
    let Some(Event::Start(tag)) = reader.read()? else {
        return Err(reader.unexpected("a root element", "none"));
    };
    if tag.name != root {
        return Err(Error::root(root, tag.name));
    }
    let value = T::deserialize(Element { reader: &mut reader, tag }).map_err(|error| error.within(root))?;
    match reader.read()? {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("the end of the document", "more")),
    }
}

/// An element whose start was read. Deserializing it reads up to and including its end.
struct Element<'r, 'a> {
    reader: &'r mut Reader<'a>,
    tag: Tag<'a>,
}

impl<'a> Element<'_, 'a> {
    /// The text that is all there is in the element.
    fn text(self) -> Result<Cow<'a, str>, Error> {
        let text = match self.reader.read()? {
            Some(Event::Text(text)) => text,
            Some(Event::End) => return Ok(Cow::Borrowed("")),
            _ => return Err(self.reader.unexpected("text", "an element")),
        };
        match self.reader.read()? {
            Some(Event::End) => Ok(text),
            _ => Err(self.reader.unexpected("the end of an element", "an element")),
        }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:literal)*) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
            let text = self.text()?;
            match text.trim().parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Error::value(concat!("a number of type ", $type), &text)),
            }
        })*
    };
}

impl<'a> Deserializer<'a> for Element<'_, 'a> {
    type Error = Error;

    parsed! {
        deserialize_i8 visit_i8 "i8"
        deserialize_i16 visit_i16 "i16"
        deserialize_i32 visit_i32 "i32"
        deserialize_i64 visit_i64 "i64"
        deserialize_u8 visit_u8 "u8"
        deserialize_u16 visit_u16 "u16"
        deserialize_u32 visit_u32 "u32"
        deserialize_u64 visit_u64 "u64"
        deserialize_f32 visit_f32 "f32"
        deserialize_f64 visit_f64 "f64"
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.text()?;
        match text.trim() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(Error::value("true or false", &text)),
        }
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.tag.nil || matches!(self.reader.peek()?, Some(Event::End)) {
            self.reader.skip()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let name = self.tag.name;
        visitor.visit_seq(Run { reader: self.reader, name, first: Some(self.tag) })
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Children { reader: self.reader, child: None })
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let variant: CowStrDeserializer<'_, Error> = self.text()?.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        char str string bytes byte_buf unit_struct tuple tuple_struct identifier
    }
}

/// The elements within an element.
struct Children<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// The one whose name was given and whose value is to come.
    child: Option<Tag<'a>>,
}

impl<'a> MapAccess<'a> for Children<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.reader.read()? {
            Some(Event::Start(tag)) => {
                self.child = Some(tag);
                seed.deserialize(BorrowedStrDeserializer::new(tag.name)).map(Some)
            }
            Some(Event::Text(_)) => Err(self.reader.unexpected("elements", "text")),
            Some(Event::End) | None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let tag = self.child.take().unwrap_or_default();
        seed.deserialize(Element { reader: self.reader, tag }).map_err(|error| error.within(tag.name))
    }
}

/// Elements of one name, next to each other.
struct Run<'r, 'a> {
    reader: &'r mut Reader<'a>,
    name: &'a str,
    /// The one whose start was read already.
    first: Option<Tag<'a>>,
}

impl<'a> SeqAccess<'a> for Run<'_, 'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let tag = match self.first.take() {
            Some(tag) => tag,
            None => match self.reader.peek()? {
                Some(Event::Start(tag)) if tag.name == self.name => {
                    let tag = *tag;
                    self.reader.read()?;
                    tag
                }
                _ => return Ok(None),
            },
        };
        let element = Element { reader: self.reader, tag };
        seed.deserialize(element).map_err(|error| error.within(tag.name)).map(Some)
    }
}
