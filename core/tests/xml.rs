//! Tests of the XML codec from outside: accepted documents, rejected documents, and the errors.

use std::borrow::Cow;
use std::fmt::Write as _;

use mmcos_core::wire::xml::{Error, Limits, Writer, from_bytes};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Reads the text of a root element `a`.
fn text(content: &str) -> Result<String, Error> {
    from_bytes(format!("<a>{content}</a>").as_bytes(), "a", &Limits::default())
}

fn check(document: &[u8], limits: &Limits) -> Result<(), Error> {
    from_bytes::<IgnoredAny>(document, "a", limits).map(drop)
}

#[test]
fn accepts() {
    for document in [
        "<a/>",
        "<a />",
        "<a></a >",
        "<a>x</a>",
        "\r\n<a>\r\n  <b>1</b>\r\n</a>\r\n",
        "\u{feff}<a/>",
        "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='UTF-8'?>\n<a/>",
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<a>\u{e9}</a>",
        "<?xml version='1.0' encoding='windows-1252'?><a/>",
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><a/>",
        "<i:a xmlns:i='u'><i:b/></i:a>",
        "<a b=\"&lt;>&quot;&#65;\" c='\"'>x</a>",
        "<!-- b --><a><!-- c --><b/><!-- d --></a><!-- e -->",
        "<a><räder_1.x-y>ä\u{fffd}\u{ffee}</räder_1.x-y></a>",
        // Mistakes that cannot change a value.
        "<a><1/><b=c/></a>",
        "<a b='&c;'/>",
    ] {
        assert_eq!(check(document.as_bytes(), &Limits::default()), Ok(()), "{document}");
    }
}

#[test]
fn texts_are_resolved() {
    for (content, expected) in [
        (" x ", " x "),
        (" ", " "),
        ("x<!-- y -->z", "xz"),
        ("<!-- b -->", ""),
        ("1<![CDATA[<&]]>2", "1<&2"),
        ("<![CDATA[]]>", ""),
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        ("&#65;&#x42;&#x1F600;", "AB\u{1f600}"),
        ("1\r\n2\r3&#13;\n", "1\n2\n3\r\n"),
        (">", ">"),
        ("]]>", "]]>"),
    ] {
        assert_eq!(text(content).as_deref(), Ok(expected), "{content}");
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
        ("<a/><b/>", "expected the end of the document, got a second root element at byte 4"),
        ("<a>", "expected the end of an element, got the end of the document at byte 3"),
        ("<a>b", "expected the end of an element"),
        ("<a></b>", "well-formed"),
        ("<i:a></a>", "well-formed"),
        ("<a", "well-formed"),
        ("<a b='></a>", "well-formed"),
        ("<a b='1' b='2'/>", "well-formed"),
        ("<a b='<'/>", "expected the end of a tag, got another tag at byte 0"),
        ("<a><<a/></a>", "another tag"),
        ("<></>", "expected the root element a, got "),
        ("< a/>", "expected the root element a, got "),
        ("<A/>", "expected the root element a, got A"),
        ("<a:b:a/>", "expected the root element a, got b:a"),
        ("<a><b>&#1;</b></a>", "allows, got U+0001 at byte 6"),
        ("<a>&b;</a>", "expected one of the predefined entities, got another"),
        ("<a>&nbsp;</a>", "predefined"),
        ("<a>&amp</a>", "well-formed"),
        ("<a>&#x;</a>", "well-formed"),
        ("<a>&#x110000;</a>", "well-formed"),
        ("<a>&#0;</a>", "well-formed"),
        ("<a>&#1;</a>", "allows, got U+0001 at byte 3"),
        ("<a>&#xFFFE;</a>", "allows, got U+FFFE"),
        ("<a>\u{1}</a>", "allows, got U+0001 at byte 3"),
        ("<a b='\u{b}'/>", "allows, got U+000B"),
        ("<a>\u{ffff}</a>", "allows, got U+FFFF"),
        ("<a>\0</a>", "allows, got U+0000"),
        ("<!DOCTYPE a><a/>", "got a document type"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "got a document type"),
        ("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;</a>", "got a document type"),
        ("<a><!DOCTYPE a></a>", "got a document type"),
        ("<?php a?><a/>", "got a processing instruction"),
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
        let error = check(document.as_bytes(), &Limits::default()).expect_err(document).to_string();
        assert!(error.contains(reason), "{document:?}: {error}");
    }
}

#[test]
fn refuses_other_encodings() {
    for (document, reason) in [
        (&b"\xff\xfe<\0a\0/\0>\0"[..], "expected UTF-8, got other bytes at byte 0"),
        (b"\xfe\xff\0<\0a\0/\0>", "UTF-8"),
        (b"<a>\xe4</a>", "at byte 3"),
        (b"<a>\xed\xa0\x80</a>", "UTF-8"),
        (b"<\0a\0/\0>\0", "got U+0000"),
    ] {
        let error = check(document, &Limits::default()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn stops_at_its_limits() {
    let limits = Limits { depth: 5, elements: 7 };
    let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let listed = |elements: usize| format!("<a>{}</a>", "<b/>".repeat(elements - 1));
    let with_attributes =
        |count| format!("<a {}/>", (0..count).fold(String::new(), |all, n| format!("{all} b{n}=''")));
    assert!(check(nested(5).as_bytes(), &limits).is_ok());
    assert!(check(listed(7).as_bytes(), &limits).is_ok());
    assert!(check(with_attributes(16).as_bytes(), &limits).is_ok());
    let limit_of = |document: String| match check(document.as_bytes(), &limits) {
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

/// Returns a document of [`Everything`] with these elements replaced, by name.
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
    for nil in ["i:nil=\"true\"/>", "i:nil='1'>3</Points>"] {
        let points = format!("<Points xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" {nil}");
        assert_eq!(read(&everything(&[("Points", &points)])).unwrap().points, None, "{points}");
    }
    assert_eq!(read(&everything(&[("Points", "")])).unwrap().points, None);
    assert_eq!(read(&everything(&[("Tag", "")])).unwrap().tag, [""; 0]);
    for empty in ["<Nested/>", "<Nested></Nested>", "<Nested>\r\n</Nested>"] {
        let nested = read(&everything(&[("Nested", empty)])).unwrap().nested;
        assert_eq!(nested, Some(Nested { items: vec![] }), "{empty}");
    }
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
        ("Small", "", "missing field `Small`"),
        ("Small", "<Small>1</Small><Small>1</Small>", "duplicate field `Small`"),
        ("Small", "<Small>128</Small>", "invalid type: string \"128\", expected i8 before byte 68"),
        ("Small", "<Small/>", "string \"\", expected i8"),
        ("Small", "<Small>1 2</Small>", "string \"1 2\", expected i8"),
        ("Small", "<Small><Value>1</Value></Small>", "found unexpected tag <Value>"),
        ("Large", "<Large>-1</Large>", "string \"-1\", expected u64"),
        ("Ratio", "<Ratio>one</Ratio>", "string \"one\", expected f64"),
        ("Wanted", "<Wanted>True</Wanted>", "string \"True\", expected a boolean"),
        ("Kind", "<Kind>Elimination</Kind>", "unknown variant `Elimination`, expected `Race` or `Battle`"),
        ("Text", "<Text>a&amp;b</Text>", "string \"a&b\", expected a borrowed string"),
        ("Nested", "<Nested>x<Item/></Nested>", "expected elements or text alone"),
        ("Nested", "<Nested><Item><Value>x</Value></Item></Nested>", "string \"x\", expected u8"),
        ("Points", "<Points/>", "string \"\", expected i32"),
        ("Tag", "<Tag/><Other/><Tag/>", "duplicate field `Tag`"),
        ("Tag", "<Tag>1</Tagg>", "well-formed"),
    ] {
        let error = read(&everything(&[(name, element)])).expect_err(element).to_string();
        assert!(error.contains(reason), "{element}: {error}");
    }
    let wrong_root = from_bytes::<Item>(b"<Logout/>", "Login", &Limits::default()).unwrap_err();
    assert_eq!(wrong_root.to_string(), "expected the root element Login, got Logout at byte 0");
    let after =
        from_bytes::<Item>(b"<Item><Value>1</Value></Item><Item/>", "Item", &Limits::default()).unwrap_err();
    assert!(after.to_string().contains("second root"), "{after}");
}

#[test]
fn shows_only_the_start_of_long_values() {
    let error =
        read(&everything(&[("Small", &format!("<Small>{}</Small>", "ä".repeat(9_999)))])).unwrap_err();
    let error = error.to_string();
    assert!(error.chars().count() < 160, "{error}");
    assert!(error.contains("expected i8"), "{error}");
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

/// Returns `value` as a reader gets it: with replacements for characters that XML cannot represent.
fn as_written(value: &str) -> String {
    let is_lost = |c: char| matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') && !"\t\r\n".contains(c);
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
            for root in ["Item", "a"] {
                let limits = Limits::default();
                let skipped = from_bytes::<IgnoredAny>(&document, root, &limits);
                prop_assert!(from_bytes::<Item>(&document, root, &limits).is_err() || skipped.is_ok());
                let _ = from_bytes::<Nested>(&document, root, &limits);
                let _ = from_bytes::<Cow<'_, str>>(&document, root, &limits);
            }
        }
    }

    #[test]
    fn what_the_writer_writes_the_reader_reads_back(
        value in r"(\PC|[\x00-\x20<>&\u{fffe}\u{ffff}ï])*", number: Option<i64>,
    ) {
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
                (2, ']' | '\r') | (3.., '<' | '&' | '\r') => {
                    write!(document, "&#{:05};", u32::from(character)).unwrap();
                }
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
