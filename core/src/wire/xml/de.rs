use quick_xml::de::Deserializer;
use serde::Deserialize;

use super::error::Error;
use super::guard::{self, Limits};

/// Reads the request whose root element is `root`.
///
/// First checks the document for everything that no message may hold, whatever `T` is; quick-xml's deserializer does
/// the rest:
///
/// - A struct is an element of elements, in any order. Elements without a field are skipped.
/// - Numbers, `bool` (`true`, `false`, `1`, `0`), strings and enums without data are the text of an element; numbers
///   and `bool` without the white space around it. `&str` and, with `#[serde(borrow)]`, `Cow<str>` borrow from
///   `document`; `&str` rejects text that had to be resolved, such as `A&amp;B`.
/// - `Option` is `None` where the element is absent or has `i:nil="true"`, `i` being bound to the namespace that
///   [`Writer::root`](super::Writer::root) binds it to. An empty element is an empty text.
/// - `Vec` is elements of one name right after one another; with `#[serde(default)]` there may be none. A wrapped
///   `DataContract` list, `<Ids><Id>1</Id><Id>2</Id></Ids>`, is a struct with a field `Id` that is a `Vec`.
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
    // The deserializer alone accepts more than a message may hold (decision 96).
    let mut deserializer = Deserializer::from_str(guard::check(document, root, limits)?);
    T::deserialize(&mut deserializer)
        .map_err(|error| Error::value(&error, deserializer.get_ref().get_ref().buffer_position()))
}
