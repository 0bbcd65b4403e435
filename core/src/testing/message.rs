use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use super::scenario::Step;

/// A message of a fixture, in pieces with the numbers of their lines.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Start line, fields and empty line.
    pub head: Vec<(usize, Piece)>,
    /// The body.
    pub body: Vec<(usize, Piece)>,
}

/// A piece of a message.
#[derive(Clone, Debug)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// `{{length}}`
    Length,
    /// `{{…}}`, `{{… number}}`
    Anything(Option<Rule>),
    /// `{{name}}`, `{{name: number}}`
    Value(String, Option<Rule>),
    /// `{{6 more}}`, `{{more}}`
    More(Option<usize>),
    /// As many bytes.
    Skip(usize),
}

/// The form of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `number`: decimal digits.
    Number,
    /// `integer`: the same, perhaps with a minus sign.
    Integer,
    /// `decimal`: digits, perhaps with a fraction.
    Decimal,
    /// `boolean`: `true` or `false`.
    Boolean,
    /// `date`: such as `2026-11-01T00:00:00Z`.
    Date,
    /// `text`: not empty, and without `<` and line ends.
    Text,
    /// `16 of 0-9A-F`: as many characters of these ranges.
    Of(usize, Vec<(char, char)>),
}

impl Rule {
    /// Parses a rule. Panics at any other text.
    fn parse(text: &str) -> Self {
        match text {
            "number" => Self::Number,
            "integer" => Self::Integer,
            "decimal" => Self::Decimal,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "text" => Self::Text,
            _ => {
                let (count, ranges) = text.split_once(" of ").expect(text);
                let ranges: Vec<char> = ranges.chars().collect();
                let ranges = ranges.chunks(3).map(|range| (range[0], range[2])).collect();
                Self::Of(count.parse().expect(text), ranges)
            }
        }
    }

    /// Returns whether a value has this form.
    pub fn accepts(&self, value: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Number => digits(value),
            Self::Integer => digits(value.strip_prefix('-').unwrap_or(value)),
            Self::Decimal => {
                value.split_once('.').map_or(digits(value), |(whole, part)| digits(whole) && digits(part))
            }
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Date => {
                value.len() == "0000-00-00T00:00:00Z".len()
                    && value.chars().zip("0000-00-00T00:00:00Z".chars()).all(|(found, form)| match form {
                        '0' => found.is_ascii_digit(),
                        mark => found == mark,
                    })
            }
            Self::Text => !value.is_empty() && !value.contains(['<', '\r', '\n']),
            Self::Of(count, ranges) => {
                let fits = |c: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
                value.chars().count() == *count && value.chars().all(fits)
            }
        }
    }
}

/// The first difference between a message and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Number of the line in the fixture; 0 without one.
    pub line: usize,
    /// The text, value or form that the fixture expects.
    pub expected: String,
    /// The bytes that were read in its place.
    pub read: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, expected, read } = self;
        write!(f, "line {line}: expected {expected:?}\nread {read:?}")
    }
}

impl core::error::Error for Mismatch {}

/// A value that a message names, with its name.
type Found = (String, Vec<u8>);

impl Message {
    /// Returns the bytes to send. `known` returns the value of a name.
    ///
    /// # Errors
    /// [`Mismatch`] if a value is not known, or could be anything.
    pub fn bytes(&self, known: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, Mismatch> {
        let fill = |pieces: &[(usize, Piece)], length: usize| {
            let bytes = pieces.iter().map(|(line, piece)| match piece {
                Piece::Bytes(bytes) => Ok(bytes.clone()),
                Piece::Length => Ok(length.to_string().into_bytes()),
                Piece::Value(name, None) => {
                    known(name).ok_or_else(|| mismatch(*line, &format!("a value of {name}"), b""))
                }
                Piece::Value(..) | Piece::Anything(_) | Piece::More(_) | Piece::Skip(_) => {
                    Err(mismatch(*line, "a value: a request cannot be anything", b""))
                }
            });
            bytes.collect::<Result<Vec<_>, _>>().map(|bytes| bytes.concat())
        };
        let body = fill(&self.body, 0)?;
        Ok([fill(&self.head, body.len())?, body].concat())
    }

    /// Compares the message with the start of `read`. Returns the values that it finds there, and the message's length.
    ///
    /// # Errors
    /// The first [`Mismatch`].
    pub fn compare(
        &self,
        read: &[u8],
        known: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<(Vec<Found>, usize), Mismatch> {
        let pieces: Vec<_> = self.head.iter().chain(&self.body).collect();
        let (mut found, mut at, mut length) = (Vec::<Found>::new(), 0, None);
        for (index, (line, piece)) in pieces.iter().enumerate() {
            let rest = &read[at..];
            let differs = |expected: &str| Err(mismatch(*line, expected, rest));
            let value = |name: &str| {
                let earlier = found.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                earlier.or_else(|| known(name))
            };
            let opposite = |name: &str| match value(name)?.as_slice() {
                b"true" => Some(b"false".to_vec()),
                b"false" => Some(b"true".to_vec()),
                _ => None,
            };
            let value = |name: &str| name.strip_prefix("not ").map_or_else(|| value(name), opposite);
            let until = |after: &[u8]| {
                assert!(!after.is_empty(), "line {line}: text must follow");
                find(rest, after).ok_or_else(|| mismatch(*line, &String::from_utf8_lossy(after), rest))
            };
            let after = &pieces[index + 1..];
            at += match piece {
                Piece::Bytes(bytes) if rest.starts_with(bytes) => bytes.len(),
                Piece::Bytes(bytes) => return differs(&String::from_utf8_lossy(bytes)),
                Piece::Skip(count) if rest.len() >= *count => *count,
                Piece::Skip(count) => return differs(&format!("{count} bytes")),
                Piece::More(count) => {
                    let (more, len) = like_the_last(&read[..at], rest);
                    if count.is_some_and(|count| count != more) {
                        return differs(&format!("{} more, not {more}", count.unwrap_or_default()));
                    }
                    len
                }
                Piece::Length => {
                    let end = until(next_text(after))?;
                    length = Some((*line, &rest[..end]));
                    end
                }
                Piece::Anything(rule) => {
                    // The next text alone could be found too early. All texts alone would blame this line for a mistake
                    // in any of them.
                    let end = find(rest, &all_text(after)).map_or_else(|| until(next_text(after)), Ok)?;
                    if !rule.as_ref().is_none_or(|rule| accepts(rule, &rest[..end])) {
                        return differs(&format!("{rule:?}"));
                    }
                    end
                }
                Piece::Value(name, rule) => {
                    if let Some(value) = value(name) {
                        if !rest.starts_with(&value) {
                            return differs(&format!("{name}: {}", String::from_utf8_lossy(&value)));
                        }
                        value.len()
                    } else {
                        let end = until(next_text(after))?;
                        let rule = rule.as_ref().unwrap_or(&Rule::Text);
                        if !accepts(rule, &rest[..end]) {
                            return differs(&format!("{name}: {rule:?}"));
                        }
                        found.push((name.clone(), rest[..end].to_vec()));
                        end
                    }
                }
            };
        }
        if let Some((line, length)) = length {
            let body = find(read, b"\r\n\r\n").map_or(0, |end| at - end - 4);
            if length != body.to_string().as_bytes() {
                return Err(mismatch(line, &format!("Content-Length {body}"), length));
            }
        }
        Ok((found, at))
    }
}

fn accepts(rule: &Rule, value: &[u8]) -> bool {
    str::from_utf8(value).is_ok_and(|value| rule.accepts(value))
}

fn mismatch(line: usize, expected: &str, read: &[u8]) -> Mismatch {
    let read = String::from_utf8_lossy(&read[..read.len().min(2_000)]).into_owned();
    Mismatch { line, expected: expected.to_owned(), read }
}

fn next_text<'p>(pieces: &[&'p (usize, Piece)]) -> &'p [u8] {
    match pieces {
        [(_, Piece::Bytes(bytes)), ..] => bytes,
        _ => &[],
    }
}

/// Returns the text that these pieces begin with.
fn all_text(pieces: &[&(usize, Piece)]) -> Vec<u8> {
    let texts = pieces.iter().map_while(|(_, piece)| match piece {
        Piece::Bytes(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    texts.collect::<Vec<_>>().concat()
}

/// Returns the number of elements at the start of `rest` that are like the last one of `before`, and their length: they
/// have its name, and children with the same names in the same order.
fn like_the_last(before: &[u8], rest: &[u8]) -> (usize, usize) {
    let (before, rest) = (String::from_utf8_lossy(before), String::from_utf8_lossy(rest));
    let name = before.rsplit_once("</").map_or("", |(_, name)| name.trim_end_matches('>'));
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let first = before.rfind(&start).map_or("", |at| &before[at..]);
    let (mut count, mut len) = (0, 0);
    while rest[len..].starts_with(&start)
        && let Some(to) = rest[len..].find(&end)
        && children(&rest[len..len + to]) == children(first.trim_end_matches(&end))
    {
        count += 1;
        len += to + end.len();
    }
    (count, len)
}

/// Returns the names of the elements one level below that of the first tag.
fn children(xml: &str) -> Vec<&str> {
    let (mut depth, mut names) = (0, Vec::new());
    for tag in xml.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
        if tag.starts_with('/') {
            depth -= 1;
            continue;
        }
        names.extend(tag.split([' ', '/']).next().filter(|_| depth == 1));
        depth += i32::from(!tag.ends_with('/'));
    }
    names
}

pub(super) fn message(marker: char, block: &[(usize, &str)]) -> Step {
    let mut message = Message::default();
    let mut lines = block.iter().map(|(number, line)| (*number, &line[1..]));
    for (number, line) in lines.by_ref() {
        message.head.extend(pieces(line.trim_start()).map(|piece| (number, piece)));
        message.head.push((number, Piece::Bytes(b"\r\n".into())));
        if line.is_empty() {
            break;
        }
    }
    let sent = marker == '>';
    for (at, (number, line)) in lines.enumerate() {
        if let Some(bytes) = line.strip_prefix("x ") {
            message.body.extend(unquote(bytes).map(|piece| (number, piece)));
            continue;
        }
        let line = line.strip_prefix(' ').unwrap_or(line);
        if sent && at > 0 {
            message.body.push((number, Piece::Bytes(b"\r\n".into())));
        }
        let line = if sent { line } else { line.trim_start() };
        message.body.extend(pieces(line).map(|piece| (number, piece)));
    }
    if sent { Step::Send(message) } else { Step::Read(message) }
}

fn pieces(line: &str) -> impl Iterator<Item = Piece> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        pieces.extend(literal(before));
        pieces.push(match name {
            "length" => Piece::Length,
            "…" => Piece::Anything(None),
            "more" => Piece::More(None),
            _ => match (name.strip_suffix(" more"), name.strip_prefix("… "), name.split_once(": ")) {
                (Some(count), ..) => Piece::More(Some(count.parse().expect(name))),
                (_, Some(rule), _) => Piece::Anything(Some(Rule::parse(rule))),
                (.., Some((name, rule))) => Piece::Value(name.into(), Some(Rule::parse(rule))),
                _ => Piece::Value(name.into(), None),
            },
        });
        rest = after;
    }
    pieces.extend(literal(rest));
    pieces.into_iter()
}

fn literal(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Bytes(text.replace("\\n", "\n").into_bytes()))
}

/// Returns the bytes of a text such as `"vdic" 02000000 ????`.
fn unquote(text: &str) -> impl Iterator<Item = Piece> {
    text.split('"').enumerate().flat_map(|(at, part)| match at % 2 {
        1 => Vec::from([Piece::Bytes(part.as_bytes().to_vec())]),
        _ => part.split_whitespace().map(hex).collect(),
    })
}

fn hex(digits: &str) -> Piece {
    if digits.starts_with('?') {
        return Piece::Skip(digits.len() / 2);
    }
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    Piece::Bytes(pairs.map(|pair| u8::from_str_radix(pair, 16).expect("pairs of hex digits")).collect())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    (0..=text.len().checked_sub(part.len())?).find(|at| text[*at..].starts_with(part))
}

pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scenario;

    /// Returns the line of the first mismatch.
    fn mismatch_in(body: &str, read: &str) -> Option<usize> {
        let scenario = Scenario::parse(&format!("# a comment\n< HTTP/1.1 200 {{{{…}}}}\n<\n{body}"));
        let Some((2, Step::Read(message))) = scenario.steps().next() else { panic!("{scenario:?}") };
        let compared = message.compare(format!("HTTP/1.1 200 OK\r\n\r\n{read}").as_bytes(), |_| None);
        compared.err().map(|mismatch| mismatch.line)
    }

    #[test]
    fn a_mismatch_is_in_its_line() {
        let body = "< <A>{{x: boolean}}</A>\n< <B>{{not x}}</B>\n< {{1 more}}\n< <C><D/><E>{{… 2 of 0-9A-F}}</E></C>\n\
                    < {{more}}\n<x 3000 ????\n";
        let line = |read| mismatch_in(body, read);
        assert_eq!(mismatch_in("< <A>{{x}}</A>\n< {{1 more}}", "<A>1</A><A>2</A>"), None);
        assert_eq!(mismatch_in("< <A>{{x}}</A>\n< {{1 more}}", "<A>1</A><A><B/></A>"), Some(5));
        assert_eq!(mismatch_in("< <A>{{x: date}}</A>", "<A>2026-11-01T00:00:00Z</A>"), None);
        assert_eq!(line("<A>yes</A>"), Some(4));
        assert_eq!(line("<A>true</A><B>true</B>"), Some(5));
        assert_eq!(line("<A>true</A><B>false</B><C>"), Some(6));
        assert_eq!(line("<A>true</A><B>false</B><B>0</B><C><D/><E>0G</E></C>"), Some(7));
        assert_eq!(line("<A>true</A><B>false</B><B>0</B><C><D/><E>0F</E></C><C><E/></C>"), Some(9));
        let whole = "<A>true</A><B>false</B><B>0</B><C><D/><E>0F</E></C><C><D/><E/></C>0\0ab";
        assert_eq!(line(whole), None);
        assert_eq!(line(&whole[..whole.len() - 1]), Some(9));
    }

    #[test]
    fn rules_accept_their_form_alone() {
        for (rule, accepted, rejected) in [
            ("number", "07", "-7"),
            ("integer", "-7", "--7"),
            ("decimal", "82.8", "82."),
            ("boolean", "false", "False"),
            ("date", "2026-11-01T00:00:00Z", "2026-11-01 00:00:00Z"),
            ("text", "a b", "a<b"),
            ("3 of A-Z0-9", "A1Z", "A1z"),
            ("3 of A-Z0-9", "A1Z", "A1"),
        ] {
            let rule = Rule::parse(rule);
            assert!(rule.accepts(accepted) && !rule.accepts(rejected) && !rule.accepts(""), "{rule:?}");
        }
    }
}
