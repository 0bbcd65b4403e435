use std::borrow::Cow;

use mmcos_core::wire::xml::{Limits, from_bytes};
use serde::{Deserialize, de::IgnoredAny};

/// An element with one of each kind of field.
#[derive(Deserialize)]
struct Element<'a> {
    #[serde(rename = "t", borrow)]
    _text: Option<Cow<'a, str>>,
    #[serde(rename = "n")]
    _number: Option<i32>,
    #[serde(rename = "a", borrow, default)]
    _elements: Vec<Element<'a>>,
}

/// Checks that any bytes as an XML document are rejected, or are one element within the limits, whatever is read of
/// it.
///
/// # Panics
/// If one of these promises is broken.
pub fn xml_document(bytes: &[u8]) {
    let (root, limits) = (root(bytes), Limits::default());
    let accepted = from_bytes::<IgnoredAny>(bytes, &root, &limits).is_ok();
    let as_element = from_bytes::<Element<'_>>(bytes, &root, &limits).is_ok();
    let as_text = from_bytes::<Cow<'_, str>>(bytes, &root, &limits).is_ok();
    assert!(accepted || !as_element && !as_text, "a type accepts what the guard refuses");
    if !accepted {
        return;
    }
    let two = [bytes, format!("<{root}/>").as_bytes()].concat();
    assert!(from_bytes::<IgnoredAny>(&two, &root, &limits).is_err(), "two roots");
    if let Some((elements, depth)) = size(bytes) {
        assert!((1..=limits.elements).contains(&elements), "{elements} elements");
        assert!((1..=limits.depth).contains(&depth), "{depth} levels");
    }
}

/// Returns the name of the first element, without its prefix. A guess: a comment can hold the same.
pub(super) fn root(bytes: &[u8]) -> String {
    let document = String::from_utf8_lossy(bytes);
    let mut tags = document.split('<').skip(1);
    let tag = tags.find(|tag| !tag.starts_with(['!', '?'])).unwrap_or_default();
    let name = tag.split([' ', '\t', '\r', '\n', '/', '>']).next().unwrap_or_default();
    name.split_once(':').map_or(name, |(_, local)| local).to_owned()
}

/// Counts the elements, and those inside each other, of a document in which every `<` starts a tag.
fn size(document: &[u8]) -> Option<(usize, usize)> {
    let document = std::str::from_utf8(document).ok()?;
    if document.contains(['"', '\'', '!', '?']) {
        return None;
    }
    let (mut elements, mut open, mut depth) = (0, 0_usize, 0);
    for tag in document.split('<').skip(1) {
        if tag.starts_with('/') {
            open = open.checked_sub(1).expect("what ends was open");
        } else {
            (elements, open) = (elements + 1, open + 1);
            depth = depth.max(open);
            if tag.split('>').next().is_some_and(|tag| tag.ends_with('/')) {
                open -= 1;
            }
        }
    }
    assert_eq!(open, 0, "an element has no end");
    Some((elements, depth))
}
