use alloc::borrow::Cow;
use core::str::FromStr;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::error::Error;
use super::reader::{Event, Limits, Reader, Tag};
use super::text;

/// Reads the request whose root element is `root`.
///
/// - A struct is an element of elements, in any order. Elements that no field asks for are passed over.
/// - Numbers, `bool` (`true`, `false`, `1`, `0`), strings and enums without data are the text of an element, all but
///   strings without the whitespace around it. Floats are finite. `&str` and, with `#[serde(borrow)]`, `Cow<str>`
///   borrow from `document`; `&str` refuses text that had to be resolved, such as `A&amp;B`.
/// - `Option` is `None` where the element is absent, is empty or has `i:nil="true"`. Elsewhere nil is as good as empty.
/// - `Vec` is elements of one name right after one another; with `#[serde(default)]` there may be none. What
///   `DataContract` wraps, `<Ids><Id>1</Id><Id>2</Id></Ids>`, is a struct with a field `Id` that is a `Vec`.
///
/// Errors: every one of [`Error`].
///
/// ```
/// use mmcos_core::wire::xml::{self, Error, Limits};
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct GetFriends<'a> {
///     session_token: &'a str,
///     platform_ids: PlatformIds,
///     max_entries: Option<u32>,
/// }
/// #[derive(serde::Deserialize)]
/// struct PlatformIds {
///     #[serde(rename = "PlatformIdEntry", default)]
///     entries: Vec<Entry>,
/// }
/// #[derive(serde::Deserialize)]
/// struct Entry {
///     #[serde(rename = "PlatformId")]
///     id: u64,
/// }
/// let document = b"<GetFriends><SessionToken>abc=</SessionToken><PlatformIds>\
///     <PlatformIdEntry><PlatformId>76561202255230101</PlatformId></PlatformIdEntry>\
///     </PlatformIds></GetFriends>";
/// let request: GetFriends = xml::from_bytes(document, "GetFriends", &Limits::default())?;
/// assert_eq!(request.session_token, "abc=");
/// assert_eq!(request.platform_ids.entries[0].id, 76_561_202_255_230_101);
/// assert_eq!(request.max_entries, None);
/// # Ok::<(), Error>(())
/// ```
pub fn from_bytes<'de, T>(document: &'de [u8], root: &str, limits: &Limits) -> Result<T, Error>
where
    T: Deserialize<'de>,
{
    let mut reader = Reader::new(document, limits)?;
    let Some(Event::Start(tag)) = reader.read()? else {
        return Err(reader.unexpected("a root element", "something else"));
    };
    if tag.name != root {
        return Err(Error::root(root, tag.name));
    }
    let value =
        T::deserialize(Element { reader: &mut reader, tag }).map_err(|error| error.within(tag.name))?;
    match reader.read()? {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("the end of the root element", "more")),
    }
}

/// An element whose start was read. Every way of reading it reads its end.
struct Element<'r, 'de> {
    reader: &'r mut Reader<'de>,
    tag: Tag<'de>,
}

impl<'de> Element<'_, 'de> {
    fn text(&mut self) -> Result<Cow<'de, str>, Error> {
        match self.reader.read()? {
            Some(Event::Text(text)) => {
                // Nothing but its end can follow the text of an element.
                self.reader.read()?;
                Ok(text)
            }
            Some(Event::Start(_)) => Err(self.reader.unexpected("text", "an element")),
            Some(Event::End) | None => Ok(Cow::Borrowed("")),
        }
    }

    fn parsed<T>(&mut self, expected: &str, parse: fn(&str) -> Option<T>) -> Result<T, Error> {
        let text = self.text()?;
        parse(text.trim_ascii()).ok_or_else(|| Error::value(expected, &text))
    }

    fn is_absent(&mut self) -> Result<bool, Error> {
        Ok(self.tag.nil || self.reader.peek()? == Some(&Event::End))
    }
}

macro_rules! deserialize_parsed {
    ($($method:ident $visit:ident $type:ident $parse:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.parsed::<$type>(stringify!($type), $parse)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Element<'_, 'de> {
    type Error = Error;

    deserialize_parsed! {
        deserialize_bool visit_bool bool boolean;
        deserialize_i8 visit_i8 i8 number;
        deserialize_i16 visit_i16 i16 number;
        deserialize_i32 visit_i32 i32 number;
        deserialize_i64 visit_i64 i64 number;
        deserialize_i128 visit_i128 i128 number;
        deserialize_u8 visit_u8 u8 number;
        deserialize_u16 visit_u16 u16 number;
        deserialize_u32 visit_u32 u32 number;
        deserialize_u64 visit_u64 u64 number;
        deserialize_u128 visit_u128 u128 number;
        deserialize_f32 visit_f32 f32 finite;
        deserialize_f64 visit_f64 f64 finite;
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(StrDeserializer::new(self.text()?.trim_ascii()))
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        if self.is_absent()? {
            self.reader.skip()?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Alike { reader: self.reader, name: self.tag.name, started: Some(self.tag) })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Children { reader: self.reader, child: Tag::default() })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    forward_to_deserialize_any! { char str string bytes byte_buf tuple tuple_struct identifier }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn finite<T: FromStr + Copy + Into<f64>>(text: &str) -> Option<T> {
    number(text).filter(|&value: &T| value.into().is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The elements within an element whose start was read; reads its end.
struct Children<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// The one whose name was asked for last.
    child: Tag<'de>,
}

impl<'de> MapAccess<'de> for Children<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.reader.read()? {
            Some(Event::Start(tag)) => {
                self.child = tag;
                seed.deserialize(BorrowedStrDeserializer::new(tag.name)).map(Some)
            }
            Some(Event::Text(text)) if !text::is_blank(&text) => {
                Err(self.reader.unexpected("elements", "text"))
            }
            Some(Event::Text(_)) => {
                self.reader.read()?;
                Ok(None)
            }
            Some(Event::End) | None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let tag = self.child;
        seed.deserialize(Element { reader: self.reader, tag }).map_err(|error| error.within(tag.name))
    }
}

/// Elements of one name, right after one another.
struct Alike<'r, 'de> {
    reader: &'r mut Reader<'de>,
    name: &'de str,
    /// The first of them, whose start was read.
    started: Option<Tag<'de>>,
}

impl<'de> Alike<'_, 'de> {
    fn start(&mut self) -> Result<Option<Tag<'de>>, Error> {
        if let Some(tag) = self.started.take() {
            return Ok(Some(tag));
        }
        match self.reader.peek()? {
            Some(&Event::Start(tag)) if tag.name == self.name => {
                self.reader.read()?;
                Ok(Some(tag))
            }
            _ => Ok(None),
        }
    }
}

impl<'de> SeqAccess<'de> for Alike<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        match self.start()? {
            Some(tag) => seed.deserialize(Element { reader: self.reader, tag }).map(Some),
            None => Ok(None),
        }
    }
}
