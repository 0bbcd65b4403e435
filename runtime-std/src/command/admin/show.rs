//! JSON as text for people: tables for lists, lines for values.

use std::fmt::{self, Write as _};

use mmcos_core::calendar::UtcText;
use mmcos_core::seam::Wall;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use textwrap::core::display_width;

/// Numbers in this range are shown as times, in seconds since 1970: 2001 to 5138. Nothing that an API for operators
/// counts is as large.
const TIMES: std::ops::Range<i64> = 1_000_000_000..100_000_000_000;

/// JSON whose members keep their order, which is that of a table's columns.
#[derive(Debug)]
enum Json {
    Null,
    Plain(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Ordered)
    }
}

struct Ordered;

impl<'de> Visitor<'de> for Ordered {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Plain(if value { "yes" } else { "no" }.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        let is_time = TIMES.contains(&value);
        Ok(Json::Plain(if is_time {
            UtcText::from(Wall::from_secs(value)).to_string()
        } else {
            value.to_string()
        }))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value)
            .map_or_else(|_| Ok(Json::Plain(value.to_string())), |value| self.visit_i64(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        // A player's name must not move the cursor of a terminal.
        let shown = value.chars().map(|character| if character.is_control() { ' ' } else { character });
        Ok(Json::Plain(shown.collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

impl Json {
    /// Returns the value in a cell of a table: an object by its name, if it has one.
    fn cell(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Plain(text) => text.clone(),
            Self::List(items) => items.iter().map(Self::cell).collect::<Vec<_>>().join(", "),
            Self::Object(members) => {
                if let Some((_, name)) = members.iter().find(|(name, _)| name == "name") {
                    return name.cell();
                }
                let pairs = members.iter().map(|(name, value)| format!("{name}={}", value.cell()));
                pairs.collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// Returns the body of a response as text for people; a body that is no JSON as it is.
pub(super) fn text(body: &str) -> String {
    let mut text = String::new();
    match serde_json::from_str(body) {
        Ok(Json::Object(members)) if members.is_empty() => "Done.\n".clone_into(&mut text),
        Ok(Json::Object(members)) => write_object(&mut text, "", &members),
        Ok(Json::List(items)) => write_list(&mut text, &items),
        Ok(value) => text = value.cell() + "\n",
        Err(_) => text = body.to_owned() + "\n",
    }
    text
}

fn write_list(text: &mut String, items: &[Json]) {
    let rows: Vec<&[(String, Json)]> = items
        .iter()
        .filter_map(|item| match item {
            Json::Object(members) => Some(members.as_slice()),
            Json::Null | Json::Plain(_) | Json::List(_) => None,
        })
        .collect();
    if items.is_empty() {
        text.push_str("(none)\n");
    } else if rows.len() == items.len() {
        write_table(text, &rows);
    } else {
        text.extend(items.iter().map(|item| item.cell() + "\n"));
    }
}

fn write_table(text: &mut String, rows: &[&[(String, Json)]]) {
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, _) in rows.iter().copied().flatten() {
        if !columns.iter().any(|(known, _)| known == name) {
            let value = |row: &&[(String, Json)]| {
                row.iter().find(|(other, _)| other == name).map(|(_, value)| value.cell())
            };
            columns.push((name, rows.iter().map(|row| value(row).unwrap_or_default()).collect()));
        }
    }
    columns.retain(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    let heads = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let widths: Vec<usize> = columns
        .iter()
        .map(|(name, cells)| cells.iter().map(|cell| display_width(cell)).chain([display_width(name)]).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            let padding = width.saturating_sub(display_width(cell)).saturating_add(2);
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell}{:padding$}", "");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(&mut heads.into_iter());
    for row in 0..rows.len() {
        line(&mut columns.iter().filter_map(|(_, cells)| cells.get(row).map(String::as_str)));
    }
}

/// Writes values as lines, then lists as tables.
fn write_object(text: &mut String, prefix: &str, members: &[(String, Json)]) {
    let label = |name: &str| format!("{prefix}{name}").replace('_', " ");
    for (name, value) in members {
        if matches!(value, Json::Null | Json::Plain(_)) && !is_page(members) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:24} {}", label(name), value.cell());
        }
    }
    for (name, value) in members {
        match value {
            Json::Null | Json::Plain(_) => {}
            Json::Object(members) => write_object(text, &format!("{prefix}{name} "), members),
            Json::List(items) if is_page(members) => {
                write_list(text, items);
                write_place(text, members, items.len());
            }
            Json::List(items) => {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "\n{}", label(name));
                write_list(text, items);
            }
        }
    }
}

/// Returns true for a page of a list.
fn is_page(members: &[(String, Json)]) -> bool {
    ["total", "start", "rows"].iter().all(|name| members.iter().any(|(known, _)| known == name))
}

/// Writes the place of a page in its list.
fn write_place(text: &mut String, members: &[(String, Json)], rows: usize) {
    let number = |name: &str| {
        let member = members.iter().find(|(known, _)| known == name);
        member.and_then(|(_, value)| value.cell().parse::<usize>().ok()).unwrap_or_default()
    };
    let (start, total) = (number("start"), number("total"));
    let end = start.saturating_add(rows);
    if rows < total {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{} to {end} of {total}", start.saturating_add(1));
        let _ = if end < total { writeln!(text, "; --start {end} shows more") } else { writeln!(text) };
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn lists_are_tables_in_the_order_of_the_json() {
        let page = r#"{"total":60,"start":0,"rows":[
            {"user_id":7,"name":"Zoë","seen":1790000000,"note":null,"in":[{"id":1,"name":"a"},{"id":2,"name":"b"}]},
            {"user_id":12,"name":"B\u001b[2Jn","seen":0,"banned":true,"note":null,"in":[]}]}"#;
        let expected = "user_id  name    seen                  in    banned\n\
                        7        Zoë     2026-09-21T14:13:20Z  a, b\n\
                        12       B [2Jn  0                           yes\n\
                        \n1 to 2 of 60; --start 2 shows more\n";
        assert_eq!(text(page), expected);
        assert_eq!(text(r#"{"total":0,"start":0,"rows":[]}"#), "(none)\n");
        assert_eq!(text(r#"["one","two"]"#), "one\ntwo\n");
    }

    #[test]
    fn objects_are_lines_and_then_tables() {
        let shown = text(r#"{"list":[{"a":1}],"server":{"message_of":"hi","none":null},"online":3}"#);
        assert_eq!(
            shown,
            format!(
                "{:24} 3\n\nlist\na\n1\n{:24} hi\n{:24} \n",
                "online", "server message of", "server none"
            )
        );
        assert_eq!(text("{}"), "Done.\n");
        assert_eq!(text("not JSON"), "not JSON\n");
    }
}
