//! The XML codec from outside: which documents are read, which are refused, and why.

use std::borrow::Cow;
use std::fmt::Write as _;

use mmcos_core::wire::xml::{Error, Event, Limits, Reader, Writer, from_bytes};
use proptest::prelude::*;
use serde::Deserialize;

/// All events of a document in short: `<name`, `<name nil`, the text in quotes, `>`.
fn events(document: &[u8]) -> Result<String, Error> {
    events_within(document, &Limits::default())
}

fn events_within(document: &[u8], limits: &Limits) -> Result<String, Error> {
    let mut reader = Reader::new(document, limits)?;
    let mut seen = String::new();
    while let Some(event) = reader.read()? {
        let event = match event {
            Event::Start(tag) => format!("<{}{}", tag.name, if tag.nil { " nil" } else { "" }),
            Event::Text(text) => format!("{text:?}"),
            Event::End => ">".to_owned(),
        };
        seen.push_str(&event);
    }
    Ok(seen)
}

#[test]
fn accepts() {
    for (document, expected) in [
        ("<a/>", "<a>"),
        ("<a />", "<a>"),
        ("<a></a >", "<a>"),
        ("<a>x</a>", r#"<a"x">"#),
        ("\r\n<a>\r\n  <b>1</b>\r\n</a>\r\n", r#"<a<b"1">>"#),
        ("\u{feff}<a/>", "<a>"),
        ("<?xml version=\"1.0\"?><a/>", "<a>"),
        ("<?xml version='1.0' encoding='UTF-8'?>\n<a/>", "<a>"),
        ("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<a>\u{e9}</a>", "<a\"\u{e9}\">"),
        ("<?xml version='1.0' encoding='windows-1252'?><a/>", "<a>"),
        ("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><a/>", "<a>"),
        ("<i:a xmlns:i='u'><i:b/></i:a>", "<a<b>>"),
        (
            "<a><b i:nil=\"true\"/><c i:nil='false'/><d j:nil=\"1\"></d><e nil=\"true\"/></a>",
            "<a<b nil><c><d nil><e>>",
        ),
        ("<a b=\"&lt;>&quot;&#65;\" c='\"'>x</a>", r#"<a"x">"#),
        ("<a> x </a>", r#"<a" x ">"#),
        ("<a> </a>", r#"<a" ">"#),
        ("<a>x<!-- y -->z</a>", r#"<a"xz">"#),
        ("<!-- b --><a><!-- c --><b/><!-- d --></a><!-- e -->", "<a<b>>"),
        ("<a><!-- b --></a>", "<a>"),
        ("<a>1<![CDATA[<&]]>2</a>", r#"<a"1<&2">"#),
        ("<a><![CDATA[]]></a>", "<a>"),
        ("<a>&lt;&gt;&amp;&apos;&quot;</a>", r#"<a"<>&'\"">"#),
        ("<a>&#65;&#x42;&#x1F600;</a>", "<a\"AB\u{1f600}\">"),
        ("<a>1\r\n2\r3&#13;\n</a>", r#"<a"1\n2\n3\r\n">"#),
        ("<a>></a>", r#"<a">">"#),
        ("<räder_1.x-y>ä\u{fffd}\u{ffee}</räder_1.x-y>", "<räder_1.x-y\"ä\u{fffd}\u{ffee}\">"),
    ] {
        assert_eq!(events(document.as_bytes()).as_deref(), Ok(expected), "{document}");
    }
}

#[test]
fn refuses() {
    for (document, reason) in [
        ("", "expected a root element, got the end of the document at byte 0"),
        ("<!-- a -->", "expected a root element, got the end of the document"),
        ("a", "expected elements or text alone within an element, got text beside an element"),
        ("a<b/>", "text beside an element"),
        ("<a/>b", "text beside an element"),
        ("<a/><![CDATA[b]]>", "text beside an element"),
        ("<a/>&amp;", "text beside an element"),
        ("<a>b<c/></a>", "text beside an element"),
        ("<a><b/>c</a>", "text beside an element"),
        ("<a>&amp;<c/></a>", "text beside an element"),
        ("<a><![CDATA[b]]> <c/></a>", "text beside an element"),
        ("\u{feff}\u{feff}<a/>", "text beside an element"),
        ("<a/><b/>", "expected the end of the document, got a second root element at byte 8"),
        ("<a></a><a>", "second root"),
        ("<a>", "expected the end of an element, got the end of the document at byte 3"),
        ("<a><b></b>", "expected the end of an element"),
        ("<a>b", "expected the end of an element"),
        ("<a></b>", "well-formed"),
        ("<a><b></a></b>", "well-formed"),
        ("<i:a></a>", "well-formed"),
        ("<a></a b='c'>", "well-formed"),
        ("</a>", "well-formed"),
        ("<a/></a>", "well-formed"),
        ("<a", "well-formed"),
        ("<a></a", "well-formed"),
        ("<a b='></a>", "well-formed"),
        ("<", "well-formed"),
        ("<a><", "well-formed"),
        ("<a b></a>", "well-formed"),
        ("<a b=c></a>", "well-formed"),
        ("<a b='1' b='2'/>", "well-formed"),
        ("<a b='&c;'/>", "well-formed"),
        ("<a b='&#0;'/>", "well-formed"),
        ("<a b='<'/>", "expected an attribute, got characters"),
        ("<a 1='c'/>", "expected an attribute, got characters"),
        ("<a b&c='1'/>", "expected an attribute, got characters"),
        ("<></>", "name of an element"),
        ("< a/>", "name of an element"),
        ("<1/>", "name of an element"),
        ("<a=b/>", "name of an element"),
        ("<a<b/>", "name of an element"),
        ("<:a/>", "name of an element"),
        ("<a:/>", "name of an element"),
        ("<a:b:c/>", "name of an element"),
        ("<a>&b;</a>", "expected one of the predefined entities, got another"),
        ("<a>&nbsp;</a>", "predefined"),
        ("<a>&AMP;</a>", "predefined"),
        ("<a>&;</a>", "predefined"),
        ("<a>&amp</a>", "well-formed"),
        ("<a>& </a>", "well-formed"),
        ("<a>&", "well-formed"),
        ("<a>&#;</a>", "well-formed"),
        ("<a>&#x;</a>", "well-formed"),
        ("<a>&#+65;</a>", "well-formed"),
        ("<a>&#xD800;</a>", "well-formed"),
        ("<a>&#x110000;</a>", "well-formed"),
        ("<a>&#99999999999;</a>", "well-formed"),
        ("<a>&#0;</a>", "well-formed"),
        ("<a>&#1;</a>", "allows, got U+0001 at byte 7"),
        ("<a>&#xFFFE;</a>", "allows, got U+FFFE"),
        ("<a>\u{1}</a>", "allows, got U+0001 at byte 3"),
        ("<a b='\u{b}'/>", "allows, got U+000B"),
        ("<a>\u{ffff}</a>", "allows, got U+FFFF"),
        ("<a>\0</a>", "allows, got U+0000"),
        ("<!DOCTYPE a><a/>", "got a document type"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "got a document type"),
        ("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;</a>", "got a document type"),
        ("<a><!DOCTYPE a></a>", "got a document type"),
        ("<!doctype a><a/>", "got a document type"),
        ("<!ELEMENT a ANY><a/>", "got a document type"),
        ("<?php a?><a/>", "got a processing instruction"),
        ("<a><?b?></a>", "got a processing instruction"),
        (" <?xml version='1.0'?><a/>", "got a processing instruction"),
        ("<a><?xml version='1.0'?></a>", "got a processing instruction"),
        ("<?xml version='1.0'?><?xml version='1.0'?><a/>", "got a processing instruction"),
        ("<?xml version='1.1'?><a/>", "expected XML 1.0"),
        ("<?xml encoding='utf-8'?><a/>", "well-formed"),
        ("<!-- a", "well-formed"),
        ("<a><!-- b -- c --></a>", "well-formed"),
        ("<a><![CDATA[b</a>", "well-formed"),
        ("<a><![cdata[b]]></a>", "well-formed"),
    ] {
        let error = events(document.as_bytes()).expect_err(document).to_string();
        assert!(error.contains(reason), "{document:?}: {error}");
    }
}

#[test]
fn refuses_other_encodings() {
    for (document, offset) in [
        (&b"\xff\xfe<\0a\0/\0>\0"[..], 0),
        (b"\xfe\xff\0<\0a\0/\0>", 0),
        (b"<a>\xe4</a>", 3),
        (b"<a>\xed\xa0\x80</a>", 3),
    ] {
        let error = events(document).unwrap_err();
        assert!(matches!(error, Error::Encoding { offset: at, .. } if at == offset), "{error}");
    }
    assert!(matches!(events(b"<\0a\0/\0>\0"), Err(Error::Character { code: 0, .. })));
}

#[test]
fn stops_at_its_limits() {
    let limits = Limits { depth: 5, elements: 7 };
    let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let listed = |elements: usize| format!("<a>{}</a>", "<b/>".repeat(elements - 1));
    let with_attributes =
        |count| format!("<a {}/>", (0..count).fold(String::new(), |all, n| format!("{all} b{n}=''")));
    assert!(events_within(nested(5).as_bytes(), &limits).is_ok());
    assert!(events_within(listed(7).as_bytes(), &limits).is_ok());
    assert!(events(with_attributes(16).as_bytes()).is_ok());
    let limit_of = |document: String| match events_within(document.as_bytes(), &limits) {
        Err(Error::TooMany { limit, .. }) => limit,
        other => panic!("{document}: {other:?}"),
    };
    assert_eq!(limit_of(nested(6)), 5);
    assert_eq!(limit_of(listed(8)), 7);
    assert_eq!(limit_of(with_attributes(17)), 16);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Everything<'a> {
    text: &'a str,
    #[serde(borrow)]
    name: Cow<'a, str>,
    small: i8,
    large: u64,
    ratio: f64,
    wanted: bool,
    kind: Kind,
    marker: (),
    id: Id,
    nested: Option<Nested>,
    points: Option<i32>,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Kind {
    Race,
    Battle,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Id(u64);

#[derive(Debug, PartialEq, Deserialize)]
struct Nested {
    #[serde(rename = "Item", default)]
    items: Vec<Item>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    #[serde(rename = "Value")]
    value: u8,
}

/// A document of [`Everything`] with the elements replaced that are given, by name.
fn everything(changes: &[(&str, &str)]) -> String {
    let mut document = String::from("<Everything>\r\n");
    for (name, element) in [
        ("Text", "<Text>a b</Text>"),
        ("Name", "<Name>x</Name>"),
        ("Small", "<Small>-128</Small>"),
        ("Large", "<Large> 18446744073709551615\r\n</Large>"),
        ("Ratio", "<Ratio>1.5e3</Ratio>"),
        ("Wanted", "<Wanted>true</Wanted>"),
        ("Kind", "<Kind>Race</Kind>"),
        ("Marker", "<Marker><Any>thing</Any></Marker>"),
        ("Id", "<Id>7</Id>"),
        ("Nested", "<Nested><Item><Value>1</Value></Item><Item><Value>2</Value></Item></Nested>"),
        ("Points", "<Points>0</Points>"),
        ("Tag", "<Tag>one</Tag><Tag>two</Tag>"),
    ] {
        let element = changes.iter().find(|(changed, _)| *changed == name).map_or(element, |(_, by)| by);
        document.push_str(element);
        document.push_str("\r\n");
    }
    document + "</Everything>"
}

fn read(document: &str) -> Result<Everything<'_>, Error> {
    from_bytes(document.as_bytes(), "Everything", &Limits::default())
}

#[test]
fn reads_structs() {
    let document = everything(&[]);
    let expected = Everything {
        text: "a b",
        name: "x".into(),
        small: -128,
        large: u64::MAX,
        ratio: 1500.0,
        wanted: true,
        kind: Kind::Race,
        marker: (),
        id: Id(7),
        nested: Some(Nested { items: vec![Item { value: 1 }, Item { value: 2 }] }),
        points: Some(0),
        tag: vec!["one".into(), "two".into()],
    };
    assert_eq!(read(&document), Ok(expected));
}

#[test]
fn borrows_what_needs_no_change() {
    assert!(matches!(read(&everything(&[])).unwrap().name, Cow::Borrowed("x")));
    let document = everything(&[("Name", "<Name>x&amp;y</Name>")]);
    assert!(matches!(read(&document).unwrap().name, Cow::Owned(name) if name == "x&y"));
}

#[test]
fn reads_absent_values() {
    for points in
        ["", "<Points/>", "<Points></Points>", "<Points i:nil=\"true\"/>", "<Points i:nil='1'>3</Points>"]
    {
        assert_eq!(read(&everything(&[("Points", points)])).unwrap().points, None, "{points}");
    }
    assert_eq!(read(&everything(&[("Tag", "")])).unwrap().tag, [""; 0]);
    assert_eq!(read(&everything(&[("Nested", "<Nested/>")])).unwrap().nested, None);
    let blank = everything(&[("Nested", "<Nested>\r\n</Nested>")]);
    assert_eq!(read(&blank).unwrap().nested, Some(Nested { items: vec![] }));
}

#[test]
fn passes_over_unknown_elements() {
    let document =
        everything(&[("Kind", "<New><Text>1</Text><Deep><Er/></Deep></New><Kind>Battle</Kind><Last/>")]);
    assert_eq!(read(&document).unwrap().kind, Kind::Battle);
}

#[test]
fn says_what_is_wrong() {
    for (name, element, reason) in [
        ("Small", "", "expected an element Small, got none"),
        ("Small", "<Small>1</Small><Small>1</Small>", "expected one element Small, got another"),
        ("Small", "<Small>128</Small>", "expected i8 in Small, got 128"),
        ("Small", "<Small/>", "expected i8 in Small, got "),
        ("Small", "<Small>1 2</Small>", "expected i8 in Small, got 1 2"),
        ("Small", "<Small><Value>1</Value></Small>", "expected text, got an element"),
        ("Large", "<Large>-1</Large>", "expected u64 in Large, got -1"),
        ("Ratio", "<Ratio>NaN</Ratio>", "expected f64 in Ratio, got NaN"),
        ("Ratio", "<Ratio>1e999</Ratio>", "expected f64 in Ratio, got 1e999"),
        ("Wanted", "<Wanted>True</Wanted>", "expected bool in Wanted, got True"),
        ("Kind", "<Kind>Elimination</Kind>", "expected Race or Battle in Kind, got Elimination"),
        ("Text", "<Text>a&amp;b</Text>", "expected a borrowed string in Text, got string \"a&b\""),
        ("Nested", "<Nested>x</Nested>", "expected elements, got text"),
        ("Nested", "<Nested><Item><Value>x</Value></Item></Nested>", "expected u8 in Value, got x"),
        ("Tag", "<Tag/><Other/><Tag/>", "expected one element Tag, got another"),
        ("Tag", "<Tag>1</Tagg>", "well-formed"),
    ] {
        let error = read(&everything(&[(name, element)])).expect_err(element).to_string();
        assert!(error.contains(reason), "{element}: {error}");
    }
    let wrong_root = from_bytes::<Item>(b"<Logout/>", "Login", &Limits::default()).unwrap_err();
    assert_eq!(wrong_root.to_string(), "expected the root element Login, got Logout");
    let after =
        from_bytes::<Item>(b"<Item><Value>1</Value></Item><Item/>", "Item", &Limits::default()).unwrap_err();
    assert!(after.to_string().contains("second root"), "{after}");
}

#[test]
fn shows_only_the_start_of_long_values() {
    let error =
        read(&everything(&[("Small", &format!("<Small>{}</Small>", "ä".repeat(9_999)))])).unwrap_err();
    assert!(error.to_string().chars().count() < 150, "{error}");
}

#[derive(Debug, PartialEq, Deserialize)]
struct Friends {
    #[serde(rename = "PlatformIds")]
    ids: FriendIds,
}

#[derive(Debug, PartialEq, Deserialize)]
struct FriendIds {
    #[serde(rename = "PlatformIdEntry", default)]
    entries: Vec<FriendId>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct FriendId {
    #[serde(rename = "PlatformId")]
    id: u64,
}

#[test]
fn the_longest_list_of_friends_fits_the_default_limits() {
    let mut xml = Writer::new(Vec::new());
    xml.root("GetFriends");
    xml.open("PlatformIds");
    for id in 0..2_000_u64 {
        xml.open("PlatformIdEntry");
        xml.number("PlatformId", id);
        xml.close("PlatformIdEntry");
    }
    xml.close("PlatformIds");
    xml.close("GetFriends");
    let friends: Friends = from_bytes(&xml.into_bytes(), "GetFriends", &Limits::default()).unwrap();
    assert_eq!(friends.ids.entries.iter().map(|entry| entry.id).sum::<u64>(), 1_999_000);
}

/// Pieces of markup, so that random documents get past the first byte.
const MARKUP: [&str; 20] = [
    "<a>",
    "</a>",
    "<Item>",
    "</Item>",
    "<Value>1</Value>",
    "<b i:nil='true'/>",
    "<!-- -->",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&#x1;",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a>",
    "<",
    ">",
    "/>",
    "\"",
    "\u{feff}",
    " x ",
    "\r\n",
];

fn markup() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(&MARKUP[..]).prop_map(|piece| piece.as_bytes().to_vec());
    let noise = proptest::collection::vec(any::<u8>(), 0..3);
    proptest::collection::vec(prop_oneof![9 => piece, 1 => noise], 0..12).prop_map(|pieces| pieces.concat())
}

/// Names with their prefix and without.
const NAMES: [(&str, &str); 5] =
    [("a", "a"), ("Value", "Value"), ("i:a", "a"), ("räder", "räder"), ("_x.1-y", "_x.1-y")];
/// What may follow a name, and whether it says that there is no value.
const BEHIND_NAMES: [(&str, &str); 6] =
    [("", ""), ("", ""), (" ", ""), ("\r\n", ""), (" b='>'", ""), (" i:nil=\"true\"", " nil")];
/// Ends of elements behind their names; `None` where one without content ends with its start.
const ENDS: [Option<&str>; 4] = [Some(""), Some(" "), Some("\r\n\t"), None];
/// Pieces of text as they are written and as they are read.
const TEXTS: [(&str, &str); 11] = [
    ("x", "x"),
    (" ", " "),
    ("\r\n", "\n"),
    (">", ">"),
    ("fifteen letters", "fifteen letters"),
    ("more than sixteen, ä", "more than sixteen, ä"),
    ("&amp;", "&"),
    ("&#13;", "\r"),
    ("<![CDATA[</a>&\r\n]]>", "</a>&\n"),
    ("<![CDATA[]]>", ""),
    ("<!-- <a> -->", ""),
];
const BETWEEN_ELEMENTS: [&str; 4] = ["", " ", "\r\n  ", "<!-- </a> -->"];

/// An element as it is written, and its events in short.
fn element() -> impl Strategy<Value = (String, String)> {
    use proptest::{collection::vec, sample::select};
    let text = vec(select(&TEXTS[..]), 0..5).prop_map(|pieces| {
        let (written, read): (String, String) = pieces.into_iter().unzip();
        let event = if read.is_empty() { read } else { format!("{read:?}") };
        (written, event)
    });
    around(text).prop_recursive(4, 30, 4, |inner| {
        let before = || select(&BETWEEN_ELEMENTS[..]);
        let one =
            (before(), inner).prop_map(|(before, (written, events))| (format!("{before}{written}"), events));
        let content = (vec(one, 1..4), before()).prop_map(|(elements, last)| {
            let (written, events): (String, String) = elements.into_iter().unzip();
            (written + last, events)
        });
        around(content)
    })
}

/// An element with this in it.
fn around(content: impl Strategy<Value = (String, String)>) -> impl Strategy<Value = (String, String)> {
    use proptest::sample::select;
    let tag = (select(&NAMES[..]), select(&BEHIND_NAMES[..]), select(&ENDS[..]));
    (tag, content).prop_map(|(((name, local), (behind, nil), end), (content, events))| {
        let written = match end {
            None if content.is_empty() => format!("<{name}{behind}/>"),
            _ => format!("<{name}{behind}>{content}</{name}{}>", end.unwrap_or_default()),
        };
        (written, format!("<{local}{nil}{events}>"))
    })
}

/// The name at each start of an element, nothing at each end.
fn element_names(document: &[u8]) -> Result<Vec<Option<String>>, Error> {
    let mut reader = Reader::new(document, &Limits::default())?;
    let mut names = Vec::new();
    while let Some(event) = reader.read()? {
        match event {
            Event::Start(tag) => names.push(Some(tag.name.to_owned())),
            Event::Text(_) => {}
            Event::End => names.push(None),
        }
    }
    Ok(names)
}

fn element_names_by_quick_xml(document: &[u8]) -> Vec<Option<String>> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut names = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => names.push(Some(tag.local_name().as_ref().to_owned())),
            Ok(Event::Empty(tag)) => names.extend([Some(tag.local_name().as_ref().to_owned()), None]),
            Ok(Event::End(_)) => names.push(None),
            Ok(Event::Eof) | Err(_) => return names,
            Ok(_) => {}
        }
    }
}

/// What a reader gets of `value`: what XML cannot hold is replaced.
fn as_written(value: &str) -> String {
    let is_lost = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    value.chars().map(|c| if is_lost(c) { '\u{fffd}' } else { c }).collect()
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    first: Cow<'a, str>,
    second: Option<i64>,
}

proptest! {
    #[test]
    fn never_panics_on_any_bytes(noise in any::<Vec<u8>>(), markup in markup()) {
        for document in [noise, markup.clone(), [b"<Item>", &markup[..], b"</Item>"].concat()] {
            let _ = events(&document);
            let _ = from_bytes::<Item>(&document, "Item", &Limits::default());
        }
    }

    #[test]
    fn quick_xml_reads_the_same_elements(markup in markup()) {
        let document = [b"<Item>", &markup[..], b"</Item>"].concat();
        if let Ok(names) = element_names(&document) {
            prop_assert_eq!(names, element_names_by_quick_xml(&document));
        }
    }

    #[test]
    fn however_elements_are_written_the_same_is_read((document, expected) in element()) {
        prop_assert_eq!(events(document.as_bytes()), Ok(expected));
        let names = element_names(document.as_bytes());
        prop_assert_eq!(names, Ok(element_names_by_quick_xml(document.as_bytes())));
    }

    #[test]
    fn what_the_writer_writes_the_reader_reads_back(value in r"(\PC|[\x00-\x20<>&\u{fffe}\u{ffff}ï])*", number: Option<i64>) {
        let mut xml = Writer::new(Vec::new());
        xml.root("Pair");
        xml.text("first", &value);
        match number {
            Some(number) => xml.number("second", number),
            None => xml.nil("second"),
        }
        xml.close("Pair");
        let document = xml.into_bytes();
        let read: Pair = from_bytes(&document, "Pair", &Limits::default()).unwrap();
        prop_assert_eq!(read, Pair { first: as_written(&value).into(), second: number });
    }

    #[test]
    fn splitting_entities_makes_no_difference(pieces in proptest::collection::vec((any::<char>(), 0..5_u8), 0..20)) {
        let pieces: Vec<_> = pieces.into_iter().filter(|(c, _)| as_written(&c.to_string()) == c.to_string()).collect();
        let text: String = pieces.iter().map(|(character, _)| character).collect();
        let mut document = String::from("<Pair><first>");
        for (character, form) in pieces {
            match (form, character) {
                (0, _) => write!(document, "&#{};", u32::from(character)).unwrap(),
                (1, _) => write!(document, "&#x{:X};", u32::from(character)).unwrap(),
                (2, ']' | '\r') | (3.., '<' | '&' | '\r') => write!(document, "&#{:05};", u32::from(character)).unwrap(),
                (2, _) => write!(document, "<![CDATA[{character}]]>").unwrap(),
                (3, _) => write!(document, "<!---->{character}").unwrap(),
                _ => document.push(character),
            }
        }
        document.push_str("</first></Pair>");
        let read: Pair = from_bytes(document.as_bytes(), "Pair", &Limits::default()).unwrap();
        prop_assert_eq!(read.first, text);
    }
}
